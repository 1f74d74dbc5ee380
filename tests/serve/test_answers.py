from __future__ import annotations

import datetime
import json

import numpy as np
import pandas as pd
import pytest

from mlops_tui.serve import answers


@pytest.mark.parametrize(
    ("predictions", "expected"),
    [
        (np.array([1, 2]), [1, 2]),
        (np.array([0.1], dtype="float32"), [0.10000000149011612]),
        (pd.DataFrame({"a": [1], 0: ["x"]}), [{"a": 1, "0": "x"}]),
        (pd.Series([1.5], name="p"), [{"p": 1.5}]),
        ([np.int64(3), b"hello", datetime.date(2026, 11, 3)], [3, "aGVsbG8=\n", "2026-11-03"]),
        (np.float64(2.5), 2.5),
    ],
)
def test_predictions_are_written_as_mlflow_writes_them(predictions: object, expected: object) -> None:
    assert json.loads(answers.encoded(predictions)) == {"predictions": expected}


def test_what_is_no_number_is_a_bare_word() -> None:
    assert answers.encoded(np.array([np.nan, np.inf, -np.inf])) == b'{"predictions": [NaN, Infinity, -Infinity]}'


def test_what_json_cannot_hold_is_an_error() -> None:
    with pytest.raises(TypeError, match="no JSON form"):
        answers.encoded([object()])
