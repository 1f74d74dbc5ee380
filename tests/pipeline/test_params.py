import json
from pathlib import Path

import pytest

from mlops_store.errors import SpecError
from mlops_tui.pipeline import params

PYTHON = """
lr = 0.1
layers = [1, 2]
name: str = "cnn"
computed = lr * 2
class Train:
    epochs = 10
    class Inner:
        deep = True
    def __init__(self):
        self.seed = 7
        local = 3
"""


@pytest.mark.parametrize(
    ("name", "text"),
    [
        ("p.yaml", "a: {b: [1, 2e-3]}\n"),
        ("p.yml", "a: {b: [1, 2e-3]}\n"),
        ("p.json", '{"a": {"b": [1, 0.002]}}'),
        ("p.toml", "[a]\nb = [1, 2e-3]\n"),
        ("p.py", "a = {'b': [1, 2e-3]}\n"),
    ],
)
def test_every_format_gives_the_same_values(tmp_path: Path, name: str, text: str) -> None:
    (tmp_path / name).write_text(text)
    assert params.read_file(str(tmp_path / name), name) == {"a": {"b": [1, 0.002]}}


def test_python_constants_are_read_as_dvc_reads_them() -> None:
    from dvc.utils.serialize import parse_py

    found = params.parse(PYTHON.encode(), "p.py")
    assert found == parse_py(PYTHON, "p.py")
    assert found["Train"] == {"epochs": 10, "Inner": {"deep": True}, "seed": 7}


def test_dotted_keys_reach_into_mappings_and_lists() -> None:
    content = {"train": {"layers": [{"units": 8}, {"units": 4}], "lr": 0.1}, 3: {True: "odd keys"}}
    found, missing = params.select(content, ["train.layers.1.units", "train.lr", "3.True", "train.nope", "train.lr.x"])
    assert found == {"train.layers.1.units": 4, "train.lr": 0.1, "3.True": "odd keys"}
    assert missing == ("train.nope", "train.lr.x")


def test_no_keys_mean_the_whole_file() -> None:
    assert params.select({"a": 1, "b": {"c": 2}}, []) == ({"a": 1, "b": {"c": 2}}, ())


def test_leaves_are_flattened_with_dots() -> None:
    assert params.flatten({"a": {"b": 1, "c": {"d": [2]}}, 5: None, "e": {}}) == {"a.b": 1, "a.c.d": [2], "5": None}


@pytest.mark.parametrize("name", ["p.yaml", "p.json", "p.toml", "p.py"])
def test_an_empty_file_holds_nothing(name: str) -> None:
    assert params.parse(b"", name) == {}


@pytest.mark.parametrize(
    ("name", "text", "line", "column"),
    [
        ("p.yaml", b"a: [1\n", 2, 1),
        ("p.json", b'{"a": }', 1, 7),
        ("p.toml", b"a = = 1\n", 1, 5),
        ("p.py", b"a = = 1\n", 1, 5),
        ("p.json", b'{"a": "\xff"}', 1, 8),
    ],
)
def test_a_broken_file_is_named_with_its_place(name: str, text: bytes, line: int, column: int) -> None:
    with pytest.raises(SpecError) as caught:
        params.parse(text, name)
    assert (caught.value.file, caught.value.line, caught.value.column) == (name, line, column)


def test_a_date_in_toml_is_refused() -> None:
    with pytest.raises(SpecError, match=r"day\.one is a date"):
        params.parse(b"[day]\none = 2020-01-01\n", "p.toml")


def test_values_agree_with_dvc_for_json_with_special_floats(tmp_path: Path) -> None:
    text = json.dumps({"a": float("inf"), "b": -0.0, "c": 10**30})
    assert params.parse(text.encode(), "p.json") == {"a": float("inf"), "b": -0.0, "c": 10**30}
