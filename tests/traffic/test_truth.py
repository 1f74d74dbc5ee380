"""What labels say of predictions."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mlops_tui.traffic import truth


@pytest.mark.parametrize(
    ("body", "found"),
    [
        (b'{"predictions": [1]}', ("r", "1")),
        (b'{"predictions": [0.5, 2]}', ("r:0", "0.5")),
        (b'{"predictions": "a"}', ("r", '"a"')),
        (b'{"predictions": [{"out": "b"}]}', ("r", '"b"')),
        (b'{"predictions": [[3]]}', ("r", "3")),
        (b'{"predictions": [[0.1, 0.9]]}', None),
        (b'{"predictions": []}', None),
        (b'{"predictions": [null]}', None),
        (b"[1]", None),
        (b"no json", None),
    ],
)
def test_the_first_plain_prediction_stands_for_an_answer(body: bytes, found: tuple[str, str] | None) -> None:
    assert truth.first_prediction(body, "r") == found


def test_an_output_that_must_not_be_kept_is_no_prediction() -> None:
    body = b'{"predictions": [{"out": "b"}]}'
    assert truth.first_prediction(body, "r", ("out",)) is None
    assert truth.first_prediction(body, "r", ("other",)) == ("r", '"b"')


@pytest.mark.parametrize(
    ("prediction", "label", "wrong", "distance"),
    [(1, 1, 0, 0.0), (1, "1", 0, 0.0), (1.5, 1, 1, 0.5), ("a", "a", 0, None), ("a", "b", 1, None), (True, 1, 0, 0.0)],
)
def test_a_prediction_is_wrong_where_the_label_says_something_else(
    prediction: object, label: object, wrong: int, distance: float | None
) -> None:
    found = truth.compared(prediction, label)
    assert (found.labelled, found.wrong, found.measured) == (1, wrong, int(distance is not None))
    assert found.distance_sum == (distance or 0.0)


@given(st.text() | st.integers() | st.floats() | st.booleans(), st.text() | st.integers() | st.floats() | st.booleans())
def test_any_two_plain_values_can_be_compared(prediction: object, label: object) -> None:
    assert truth.compared(prediction, label).labelled == 1
