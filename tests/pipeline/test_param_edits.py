"""A value changes, everything else of the file stays."""

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mlops_store.errors import NotFound, SpecError
from mlops_tui.pipeline import params
from mlops_tui.pipeline.param_edits import edited

YAML = """\
# how to train
train:
  lr: 0.1   # the rate
  layers: [64, 32]   # widths
  names:
    # the first is the best
    - ann
    - bob

  empty:
  text: 'it''s'
"1": one
deep: {a: {b: 1}, c: x}
last: &anchor 7
same: *anchor
"""


@pytest.mark.parametrize(
    ("key", "value", "before", "after"),
    [
        ("train.lr", 0.05, "lr: 0.1   # the rate", "lr: 0.05   # the rate"),
        ("train.lr", "fast", "lr: 0.1   # the rate", "lr: fast   # the rate"),
        ("train.lr", "yes: no", "lr: 0.1   #", "lr: 'yes: no'   #"),
        ("train.lr", "0.5", "lr: 0.1   #", "lr: '0.5'   #"),
        ("train.lr", None, "lr: 0.1   #", "lr: null   #"),
        ("train.lr", float("nan"), "lr: 0.1   #", "lr: .nan   #"),
        ("train.lr", [1, {"a": True}], "lr: 0.1   #", 'lr: [1, {"a": true}]   #'),
        ("train.layers", [128], "layers: [64, 32]   # widths", "layers: [128]   # widths"),
        ("train.layers.1", 16, "[64, 32]", "[64, 16]"),
        ("train.names.0", "eve", "- ann", "- eve"),
        ("train.empty", 3, "empty:\n", "empty: 3\n"),
        ("train.text", "a\nb", "text: 'it''s'", 'text: "a\\nb"'),
        ("1", 2, '"1": one', '"1": 2'),
        ("deep.a.b", "x, y", "{b: 1}", '{b: "x, y"}'),
        ("deep.c", 1e-05, "c: x", "c: 1e-05"),
    ],
)
def test_a_yaml_value_is_replaced_where_it_stands(key: str, value: Any, before: str, after: str) -> None:
    assert YAML.count(before) == 1
    assert edited(YAML, "params.yaml", {key: value}) == YAML.replace(before, after)


def test_a_block_becomes_a_value_on_the_line_of_its_key() -> None:
    assert edited("a:\n- 1\n- 2\n# end\nb: 2\n", "p.yaml", {"a": [3]}) == "a: [3]\n# end\nb: 2\n"
    assert edited("a:\n  x: 1\n  y:\n    z: 2\nb: 2\n", "p.yaml", {"a": 5}) == "a: 5\nb: 2\n"


def test_several_values_are_replaced() -> None:
    assert edited("a: 1\nb: 2\n", "p.yaml", {"a": 3, "b": 4}) == "a: 3\nb: 4\n"


def test_what_is_shared_is_not_changed_for_others() -> None:
    for key in ("last", "same"):
        with pytest.raises(SpecError, match=f"{key} cannot be set to 8 by itself"):
            edited(YAML, "params.yaml", {key: 8})


def test_an_unknown_key_names_the_nearest() -> None:
    with pytest.raises(NotFound) as caught:
        edited(YAML, "params.yaml", {"train.lt": 1})
    assert caught.value.message == "params.yaml has no 'train.lt'"
    assert caught.value.hint == "did you mean 'train.lr'?"


def test_json_is_edited_in_place() -> None:
    text = '{\n    "lr": 0.1, "layers": [1, 2],\n    "name": "é"\n}\n'
    changed = edited(text, "params.json", {"lr": 0.2, "layers.0": None, "name": "x"})
    assert changed == '{\n    "lr": 0.2, "layers": [null, 2],\n    "name": "x"\n}\n'


TOML = """\
# top
lr = 0.1 # rate
[train]
names = [
  "a", # first
  "b",
] # all
"quoted key" = 'x#y' # odd
[train.deep]
n = 1
"""


@pytest.mark.parametrize(
    ("key", "value", "before", "after"),
    [
        ("lr", 1e-05, "lr = 0.1 # rate", "lr = 1e-05 # rate"),
        ("lr", True, "lr = 0.1 # rate", "lr = true # rate"),
        ("train.names", ["c"], '[\n  "a", # first\n  "b",\n] # all', '["c"] # all'),
        ("train.quoted key", 'a"b', "'x#y' # odd", '"a\\"b" # odd'),
        ("train.deep.n", 2, "n = 1", "n = 2"),
    ],
)
def test_a_toml_value_is_replaced_where_it_stands(key: str, value: Any, before: str, after: str) -> None:
    assert edited(TOML, "params.toml", {key: value}) == TOML.replace(before, after)


def test_toml_has_no_null_and_inline_tables_are_left_alone() -> None:
    with pytest.raises(SpecError, match="cannot be set to None"):
        edited(TOML, "params.toml", {"lr": None})
    with pytest.raises(SpecError, match="change the file by hand"):
        edited("a = {b = 1}\n", "params.toml", {"a.b": 2})


PYTHON = '''\
"""Settings: é."""
LR = 0.1  # rate
NAMES = ["é", "b"]
class Train:
    epochs: int = 5
    def __init__(self):
        self.deep = {"n": 1, "m": (1, 2)}
'''


@pytest.mark.parametrize(
    ("key", "value", "before", "after"),
    [
        ("LR", 0.2, "0.1  # rate", "0.2  # rate"),
        ("NAMES.1", "x", '"b"', "'x'"),
        ("Train.epochs", 7, "= 5", "= 7"),
        ("Train.deep.n", None, '"n": 1', '"n": None'),
    ],
)
def test_a_python_constant_is_replaced_where_it_stands(key: str, value: Any, before: str, after: str) -> None:
    assert edited(PYTHON, "params.py", {key: value}) == PYTHON.replace(before, after)


scalars = st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=12)
values = st.recursive(
    scalars, lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=5), inner, max_size=3)
)


@given(
    st.sampled_from(["train.lr", "train.layers", "train.names", "train.empty", "deep.a.b", "deep.a", "train"]), values
)
def test_any_value_reads_back_and_every_comment_before_it_stays(key: str, value: Any) -> None:
    try:
        changed = edited(YAML, "params.yaml", {key: value})
    except SpecError as error:
        assert "by itself" in error.message
        return
    content = params.parse(changed.encode(), "params.yaml")
    assert repr(params.select(content, [key])[0][key]) == repr(value)
    assert changed.startswith("# how to train\n")
