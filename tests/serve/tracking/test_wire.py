from __future__ import annotations

import json
import math
from typing import Any, Literal, NamedTuple

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mlops_tui.serve.faults import Fault
from mlops_tui.serve.tracking import wire


class Inner(NamedTuple):
    key: str
    value: float = 0.0


class Asked(NamedTuple):
    name: str
    run_id: str = ""
    step: int = 0
    at: int | None = None
    state: Literal["RUNNING", "FINISHED"] | None = None
    is_last: bool = False
    words: tuple[str, ...] = ()
    inner: tuple[Inner, ...] = ()


READ = wire.reader(Asked)


def refused(**given: Any) -> str:
    with pytest.raises(Fault) as caught:
        READ(given)
    assert (caught.value.code, caught.value.status) == ("INVALID_PARAMETER_VALUE", 400)
    return caught.value.message


def test_what_is_absent_has_its_default() -> None:
    assert READ({"name": "a", "other": [1], "at": None}) == Asked("a")


def test_whole_numbers_may_be_digits_and_enumerations_numbers() -> None:
    found = READ({"name": "a", "step": "-3", "at": 2.0, "state": 2, "inner": [{"key": "k", "value": "NaN"}]})
    assert (found.step, found.at, found.state) == (-3, 2, "FINISHED")
    assert math.isnan(found.inner[0].value)


def test_the_older_name_of_a_run_is_known() -> None:
    assert READ({"name": "a", "run_uuid": "r"}).run_id == "r"


def test_the_words_for_what_is_wrong_are_mlflows() -> None:
    docs = " See the API docs for more information about request parameters."
    assert refused() == "Missing value for required parameter 'name'." + docs
    assert refused(name="") == "Missing value for required parameter 'name'." + docs
    assert refused(name=123) == (
        "Invalid value 123 for parameter 'name' supplied:  Hint: Value was of type 'int'." + docs
    )
    assert refused(name="a", inner=[{"key": "k"}, {}]) == "Missing value for required parameter 'inner[1].key'." + docs


@pytest.mark.parametrize(
    "wrong",
    [
        {"step": True},
        {"step": 1.5},
        {"step": "1_0"},
        {"step": " 1"},
        {"step": 1 << 63},
        {"at": []},
        {"state": "PAUSED"},
        {"state": 3},
        {"is_last": "true"},
        {"words": "one"},
        {"words": [1]},
        {"inner": [[]]},
        {"inner": [{"key": "k", "value": "x"}]},
        {"inner": [{"key": "k", "value": 10**400}]},
        {"name": "\ud800"},
    ],
)
def test_a_value_of_another_type_is_refused(wrong: dict[str, Any]) -> None:
    assert f"for parameter '{next(iter(wrong))}" in refused(**{"name": "a", **wrong})


json_values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=5), inner, max_size=3),
    max_leaves=8,
)


@given(st.dictionaries(st.sampled_from(Asked._fields), json_values))
def test_any_json_is_taken_or_refused(found: dict[str, Any]) -> None:
    try:
        taken = READ(found)
    except Fault as fault:
        assert fault.status == 400
        fault.content.decode()
    else:
        assert taken.name


@given(st.floats())
def test_a_number_reads_back_as_it_was_sent(value: float) -> None:
    sent = json.loads(wire.encoded({"value": wire.number(value)}))["value"]
    back = wire.reader(Inner)({"key": "k", "value": sent}).value
    assert back == value or (math.isnan(back) and math.isnan(value))
