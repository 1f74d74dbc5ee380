from __future__ import annotations

import json
import math
from dataclasses import dataclass

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mlops_store.records import RunStatus
from mlops_tui.cli.output import write_fields, write_json, write_json_lines
from mlops_tui.strict_json import encoded, plain

JSON_VALUES = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False, allow_infinity=False) | st.text(),
    lambda inner: st.lists(inner) | st.dictionaries(st.text(), inner),
    max_leaves=20,
)


@dataclass(frozen=True)
class Sample:
    name: str
    values: tuple[float, ...]
    status: RunStatus


def printed(capsys: pytest.CaptureFixture[str]) -> str:
    return capsys.readouterr().out


def test_a_record_becomes_an_object_with_its_fields() -> None:
    assert plain(Sample("a", (1.0, math.nan), RunStatus.FAILED)) == {
        "name": "a",
        "values": [1.0, "NaN"],
        "status": "FAILED",
    }


def test_numbers_that_json_lacks_are_mlflows_strings() -> None:
    assert plain([math.nan, math.inf, -math.inf]) == ["NaN", "Infinity", "-Infinity"]


@given(value=JSON_VALUES)
def test_any_value_reads_back_unchanged(value: object) -> None:

    text = encoded(value)
    text.encode("utf-8")
    assert json.loads(text) == value


def test_json_brings_no_control_character_to_the_terminal(capsys: pytest.CaptureFixture[str]) -> None:
    write_json({"name": "\x1b[2J\x9b1m\u202e\ud800"})
    out = printed(capsys)
    assert not any(ord(character) < 32 or 0x7F <= ord(character) < 0xA0 for character in out.replace("\n", ""))
    assert "\u202e" not in out
    assert json.loads(out) == {"name": "\x1b[2J\x9b1m\u202e\ud800"}


def test_an_array_has_one_element_a_line(capsys: pytest.CaptureFixture[str]) -> None:
    write_json_lines(iter([{"a": 1}, {"a": 2}]))
    out = printed(capsys)
    assert json.loads(out) == [{"a": 1}, {"a": 2}]
    assert out.count("\n") == 2


def test_no_element_is_an_empty_array(capsys: pytest.CaptureFixture[str]) -> None:
    write_json_lines([])
    assert printed(capsys) == "[]\n"


def test_empty_fields_are_left_out(capsys: pytest.CaptureFixture[str]) -> None:
    write_fields([("a", "1"), ("long", ""), ("bc", "2")])
    assert printed(capsys) == "a   1\nbc  2\n"
