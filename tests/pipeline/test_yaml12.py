import math
from typing import Any

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from mlops_store.errors import SpecError
from mlops_tui.pipeline import yaml12

scalars = st.text(alphabet="0123456789_+-.eExXobinfaNtrue:TZ yn~ul", max_size=12)


def read_by_ruamel(text: str) -> Any:
    from ruamel.yaml import YAML

    return YAML(typ="safe", pure=True).load(text)


@given(scalars)
@example("yes")
@example("no")
@example("on")
@example("012")
@example("0o12")
@example("1e-4")
@example("1:30")
@example("3.10")
@example("1_000")
@example(".5e+3")
def test_plain_scalars_mean_what_they_mean_to_dvc(scalar: str) -> None:
    import datetime

    from ruamel.yaml.error import YAMLError

    text = f"a: {scalar}\n"
    try:
        expected = read_by_ruamel(text)
    except (YAMLError, ValueError):
        with pytest.raises(SpecError):
            yaml12.load(text, "f.yaml")
        return
    if isinstance(expected, dict) and isinstance(expected.get("a"), datetime.date):
        with pytest.raises(SpecError, match="is a date"):
            yaml12.load(text, "f.yaml")
        return
    assert repr(yaml12.load(text, "f.yaml")) == repr(expected)


def test_nested_values_anchors_and_merges_are_read() -> None:
    text = """
    base: &base {lr: 0.1, layers: [1, 2]}
    cnn:
      <<: *base
      lr: 1e-3
    both: {<<: [{a: 1}, {a: 2, b: 3}]}
    bad: .nan
    """
    found = yaml12.load(text, "f.yaml")
    assert found["cnn"] == {"lr": 0.001, "layers": [1, 2]}
    assert found["both"] == {"a": 1, "b": 3}
    assert math.isnan(found["bad"])


@pytest.mark.parametrize(
    ("text", "line", "column", "message"),
    [
        ("a: 1\nb: 2\na: 3\n", 3, 1, "duplicate key 'a' (first on line 1)"),
        ("a: [1\nb: 2\n", 2, 2, "did not find expected ',' or ']'"),
        ("a: b: c\n", 1, 5, "mapping values are not allowed"),
        ("a:\n\t- 1\n", 2, 1, "cannot start any token"),
        ("when: 2020-01-01\n", 1, 7, "is a date"),
        ("x:\n  y: !!python/object:os.system z\n", 2, 6, "!!python/object:os.system"),
        ("a: *nothing\n", 1, 4, "undefined alias"),
        ("a: &x [*x]\n", 1, 4, "contains itself"),
        ("a: 1\n---\nb: 2\n", 2, 1, "another document"),
        ("a: \x01\n", 1, 4, "control characters are not allowed"),
        ("{[1]: 2}\n", 1, 2, "a key must be"),
        ("a: {<<: 3}\n", 1, 9, "'<<' needs a mapping"),
    ],
)
def test_a_mistake_is_named_with_its_line_and_column(text: str, line: int, column: int, message: str) -> None:
    with pytest.raises(SpecError) as caught:
        yaml12.load(text, "dvc.yaml")
    assert (caught.value.file, caught.value.line, caught.value.column) == ("dvc.yaml", line, column)
    assert message in caught.value.message


def test_bytes_that_are_not_utf8_are_named_with_their_place() -> None:
    with pytest.raises(SpecError) as caught:
        yaml12.decode(b"a: 1\nb: caf\xe9\n", "params.yaml")
    assert (caught.value.line, caught.value.column) == (2, 7)


def test_aliases_of_aliases_do_not_explode() -> None:
    lines = ["a0: &a0 [x, x]"] + [f"a{i}: &a{i} [*a{i - 1}, *a{i - 1}]" for i in range(1, 60)]
    found = yaml12.load("\n".join(lines), "f.yaml")
    assert found["a59"][0] is found["a59"][1]


def test_a_bottomless_nesting_is_an_error_and_not_a_crash() -> None:
    with pytest.raises(SpecError):
        yaml12.load("[" * 100_000, "f.yaml")
    with pytest.raises(SpecError):
        yaml12.load("[" * 3_000 + "]" * 3_000, "f.yaml")


@pytest.mark.parametrize("text", ["", "# only a comment\n", "~", "null"])
def test_an_empty_text_is_nothing(text: str) -> None:
    assert yaml12.load(text, "f.yaml") is None
