"""Who gets which version."""

from __future__ import annotations

import json
from collections import Counter

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mlops_tui.traffic import assignment, lengths
from mlops_tui.traffic.agreement import compared

WEIGHTS = st.dictionaries(st.sampled_from("abcd"), st.floats(0.5, 100), min_size=2)


@given(WEIGHTS, st.floats(1.01, 20), st.data())
def test_a_weight_that_rises_takes_keys_to_itself_and_moves_no_other(
    weights: dict[str, float], factor: float, data: st.DataObject
) -> None:
    raised = data.draw(st.sampled_from(sorted(weights)))
    after = {**weights, raised: weights[raised] * factor}
    for key in range(200):
        one, other = assignment.by_key(weights, key), assignment.by_key(after, key)
        assert other in (one, raised)


def test_keys_are_shared_out_by_the_weights() -> None:
    weights = {"1": 70.0, "2": 25.0, "3": 5.0, "4": 0.0}
    numbers = [assignment.hashed(f"user {number}", "churn") for number in range(20_000)]
    by_key = Counter(assignment.by_key(weights, number) for number in numbers)
    by_chance = Counter(assignment.by_chance(weights, (place + 0.5) / 20_000) for place in range(20_000))
    for name, weight in weights.items():
        assert by_key[name] / 20_000 == pytest.approx(weight / 100, abs=0.012)
        assert by_chance[name] / 20_000 == pytest.approx(weight / 100, abs=1e-3)
    # models are independent of each other
    others = [assignment.hashed(f"user {number}", "price") for number in range(2_000)]
    both = sum(
        assignment.by_key(weights, one) == assignment.by_key(weights, other) == "2"
        for one, other in zip(numbers, others, strict=False)
    )
    assert both / 2_000 == pytest.approx(0.25**2, abs=0.02)


@pytest.mark.parametrize(
    "content",
    [
        {"user": "u1", "inputs": [[1]]},
        {"dataframe_split": {"columns": ["a", "user"], "data": [[1, "u1"], [2, "u2"]]}},
        {"dataframe_records": [{"user": "u1"}, {"user": "u2"}]},
        {"instances": [{"user": "u1"}]},
        {"inputs": {"user": ["u1", "u2"]}},
        {"inputs": {"user": "u1"}},
    ],
)
def test_a_field_is_found_in_every_form_of_body(content: object) -> None:
    assert assignment.field(json.dumps(content).encode(), "user") == "u1"


@given(
    st.recursive(
        st.none() | st.booleans() | st.floats() | st.text(),
        lambda x: (
            st.lists(x)
            | st.dictionaries(
                st.sampled_from(
                    ["user", "inputs", "instances", "dataframe_split", "dataframe_records", "columns", "data"]
                ),
                x,
            )
        ),
    )
)
def test_no_body_is_too_strange_to_look_for_a_key(content: object) -> None:
    found = assignment.field(json.dumps(content).encode(), "user")
    assert found is None or assignment.hashed(found, "churn") >= 0


def test_what_is_no_json_has_no_key() -> None:
    for body in (b"", b"a,b\n1,2\n", b"\xff", b"[" * 100_000, b"{" + b" " * (5 << 20)):
        assert assignment.field(body, "user") is None


@given(st.lists(st.floats(1e-4, 100), min_size=1), st.floats(0.01, 0.99))
def test_a_percentile_is_off_by_no_more_than_a_seventh(seconds: list[float], share: float) -> None:
    counts = lengths.merged([{lengths.bucket(one): 1} for one in seconds])
    found = lengths.percentile(counts, share)
    ranked = sorted(seconds)
    place = min(len(ranked) - 1, int(share * len(ranked)))
    low, high = ranked[max(0, place - 1)], ranked[place]
    assert found is not None
    assert found >= min(low / 1.16, 0.0)
    assert found <= max(high * 1.16, 0.0005)


def test_answers_agree_where_they_say_the_same() -> None:
    one = b'{"predictions": [{"p": 0.25, "label": "a"}, {"p": 1.0, "label": "b"}]}'
    same = b'{"predictions":[{"label":"a","p":0.2500000000001},{"label":"b","p":1}]}'
    assert compared(one, same).is_equal
    other = compared(one, b'{"predictions": [{"p": 0.5, "label": "a"}, {"p": 1.5, "label": "c"}]}')
    assert (other.is_equal, other.numbers, other.distance_sum) == (False, 2, 0.75)
    assert compared(b'{"predictions": [NaN]}', b'{"predictions": [NaN]}').is_equal
    assert not compared(b'{"predictions": [1, 2]}', b'{"predictions": [1]}').is_equal
    assert not compared(b"no json", b"other").is_equal
