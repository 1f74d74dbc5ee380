"""What models take and give, in MLflow's words."""

from __future__ import annotations

import json
import math
from typing import Any

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy import sparse

from mlops_store.errors import UsageError
from mlops_tui.registry import signatures

FRAME = pd.DataFrame(
    {
        "whole": [1, 2],
        "small": np.array([1, 2], "int32"),
        "real": [0.5, math.nan],
        "single": np.array([0.5, 1.5], "float32"),
        "fact": [True, False],
        "text": ["a", None],
        "when": pd.to_datetime(["2024-01-01", "2024-01-02"]),
        "kind": pd.Categorical(["a", "b"]),
        "bytes": [b"a", b"b"],
        "odd": [1, "a"],
    }
)


def test_columns_are_typed_as_mlflow_types_them() -> None:
    found = {column["name"]: (column["type"], column["required"]) for column in signatures.schema(FRAME)}
    assert found == {
        "whole": ("long", True),
        "small": ("integer", True),
        "real": ("double", False),
        "single": ("float", True),
        "fact": ("boolean", True),
        "text": ("string", False),
        "when": ("datetime", True),
        "kind": ("string", True),
        "bytes": ("binary", True),
        "odd": ("any", True),
    }


@pytest.mark.filterwarnings("ignore:Hint")
def test_the_schema_is_that_of_mlflow_where_it_has_one() -> None:
    models = pytest.importorskip("mlflow.models")
    plain = FRAME[["whole", "small", "real", "single", "fact", "when", "bytes"]]
    theirs = models.infer_signature(plain).inputs.to_dict()
    assert signatures.schema(plain) == [{key: column[key] for key in ("name", "type", "required")} for column in theirs]


def test_an_array_is_a_tensor() -> None:
    models = pytest.importorskip("mlflow.models")
    array = np.zeros((3, 4), "float32")
    assert signatures.schema(array) == json.loads(json.dumps(models.infer_signature(array).inputs.to_dict()))


def test_rows_that_are_no_frame_become_one() -> None:
    assert signatures.columns({"inputs": signatures.schema(signatures.frame({"a": [1], "b": ["x"]}))}) == {
        "a": "long",
        "b": "string",
    }
    with pytest.raises(UsageError):
        signatures.frame(7)


def test_an_example_is_the_body_of_a_scoring_request() -> None:
    found = signatures.example(pd.concat([FRAME[["whole", "real", "text"]]] * 10))
    assert found["dataframe_split"]["columns"] == ["whole", "real", "text"]
    assert found["dataframe_split"]["data"][:2] == [[1, 0.5, "a"], [2, None, None]]
    assert len(found["dataframe_split"]["data"]) == signatures.EXAMPLE_ROWS


def test_values_that_json_lacks_become_text_or_null() -> None:
    frame = pd.DataFrame(
        {
            "when": pd.to_datetime(["2024-01-02T03:04:05", None]),
            "bytes": [b"a", None],
            "maybe": pd.array([1, None], dtype="Int64"),
            "big": [1.7976931348623157e308, -math.inf],
            "odd": [1 + 2j, {"a": 1}],
        }
    )
    assert signatures.example(frame)["dataframe_split"]["data"] == [
        ["2024-01-02T03:04:05", "a", 1, 1.7976931348623157e308, "(1+2j)"],
        [None, None, None, None, "{'a': 1}"],
    ]


def test_an_example_of_an_array_has_no_values_that_json_lacks() -> None:
    found = signatures.example(np.array([[1.0, math.nan], [math.inf, 2.0]]))
    assert found == {"inputs": [[1.0, None], [None, 2.0]]}


def test_an_example_of_a_sparse_matrix_is_written_out() -> None:
    assert signatures.example(sparse.csr_matrix([[0.0, 1.0]])) == {"inputs": [[0.0, 1.0]]}


cells = st.none() | st.floats() | st.text(max_size=10) | st.booleans() | st.integers(-(2**53), 2**53)


@settings(max_examples=60, deadline=None)
@given(st.dictionaries(st.text(max_size=10), st.lists(cells, min_size=3, max_size=3), min_size=1, max_size=4))
def test_any_frame_has_a_schema_and_an_example_that_are_json(columns: dict[str, list[Any]]) -> None:
    frame = pd.DataFrame(columns)
    text = json.dumps([signatures.schema(frame), signatures.example(frame)], allow_nan=False)
    assert [column.get("name", "") for column in json.loads(text)[0]] == list(columns)


@pytest.mark.filterwarnings("ignore:Hint")
def test_the_signature_of_mlflow_is_understood() -> None:
    models = pytest.importorskip("mlflow.models")
    found = signatures.given(models.infer_signature(FRAME[["whole"]], np.array([1])))
    assert signatures.columns(found) == {"whole": "long"}
    assert found["outputs"][0]["type"] == "tensor"


@pytest.mark.parametrize("signature", ["text", 7, {"inputs": "no json"}])
def test_a_signature_of_another_kind_is_refused(signature: Any) -> None:
    with pytest.raises(UsageError):
        signatures.given(signature)
