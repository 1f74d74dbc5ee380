import io
from typing import Any

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from mlops_tui.pipeline import yaml12, yaml_text

words = st.lists(
    st.text(alphabet="abc'\" \n:#-?,[]{}\\\té中\U0001f600\x85\u2028\x07\xa0\ufeff!&*|>%@`=~", max_size=12), max_size=25
).map(" ".join)
texts = words | st.text(max_size=10)
scalars = texts | st.integers() | st.floats() | st.booleans() | st.none()
keys = texts | st.integers() | st.booleans() | st.none() | st.floats(allow_nan=False)
values = st.recursive(
    scalars, lambda some: st.lists(some, max_size=4) | st.dictionaries(keys, some, max_size=4), max_leaves=12
)


def written_by_ruamel(value: Any) -> str:
    from ruamel.yaml import YAML

    yaml = YAML()
    yaml.default_flow_style = False
    stream = io.StringIO()
    yaml.dump(value, stream)
    return stream.getvalue()


@settings(max_examples=400, deadline=None)
@given(st.dictionaries(keys, values, min_size=1, max_size=4))
@example({"cmd": "python train.py --learning-rate 0.001 --epochs 100 --batch-size 32 --model resnet50 --out m.pt"})
@example({"cmd": "python -c \"print(1)\" 'quoted' " + "x" * 100})
@example({"a": [[1, [2]], {"k": [1]}, [], {}, None]})
@example({"k" * 130: [1, 2]})
@example({"s": "yes", "t": "012", "u": "1e-4", "v": "...", "w": "", "x": "2020-01-01"})
def test_text_is_what_dvcs_writer_gives(value: dict[Any, Any]) -> None:
    try:
        expected = written_by_ruamel(value)
    except Exception:  # ruamel.yaml itself cannot write some characters
        return
    assert yaml_text.dump(value) == expected


@settings(deadline=None)
@given(st.dictionaries(st.text(alphabet="abc é:#-'\"\n", min_size=1), values, min_size=1, max_size=4))
def test_what_dvc_can_read_back_reads_back(value: dict[Any, Any]) -> None:
    from ruamel.yaml import YAML

    text = yaml_text.dump(value)
    try:
        expected = YAML(typ="safe", pure=True).load(text)
    except Exception:  # ruamel.yaml writes some characters that no parser reads
        return
    if repr(expected) == repr(value):
        assert repr(yaml12.load(text, "f")) == repr(value)


def test_indented_text_is_the_same_text_further_right() -> None:
    value = {"cmd": "x", "deps": [{"path": "a", "size": 1}], "params": {"params.yaml": {"n": None}}}
    inner = yaml_text.dump({"train": value}, 2)
    assert "stages:\n" + inner == written_by_ruamel({"stages": {"train": value}})


def test_what_a_lock_cannot_hold_is_refused() -> None:
    with pytest.raises(TypeError):
        yaml_text.dump({"a": object()})
