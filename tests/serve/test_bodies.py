from __future__ import annotations

import json
from typing import Any

import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from mlops_tui.serve import bodies, inputs, schemas, tables
from mlops_tui.serve.faults import Fault

KINDS = st.sampled_from(
    ["application/json", "text/csv", "application/vnd.apache.parquet", "text/plain", None, "; ;=", ""]
)
VALUES = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=5),
    lambda inner: (
        st.lists(inner, max_size=3) | st.dictionaries(st.sampled_from("ab") | st.text(max_size=3), inner, max_size=3)
    ),
    max_leaves=8,
)
FORMS = st.sampled_from(["dataframe_split", "dataframe_records", "instances", "inputs", "params"])
SPLIT = st.fixed_dictionaries({"columns": st.lists(st.sampled_from("abc"), max_size=3), "data": VALUES})
DOUBLES = schemas.read({"inputs": [{"name": name, "type": "double"} for name in "ab"]})
SCHEMAS = [
    DOUBLES,
    schemas.read({}),
    schemas.read({"inputs": [{"name": "a", "type": "string"}, {"name": "b", "type": "datetime", "required": False}]}),
    schemas.read({"inputs": [{"type": "tensor", "tensor-spec": {"dtype": "float32", "shape": [-1, 2]}}]}),
]


@settings(max_examples=50)
@given(st.binary(max_size=60), KINDS | st.text(max_size=20))
def test_any_bytes_are_read_or_refused(content: bytes, content_type: str | None) -> None:
    try:
        assert bodies.read(content, content_type).form
    except Fault as fault:
        assert fault.status in (400, 415)
        assert fault.content


@given(st.dictionaries(FORMS, VALUES | SPLIT, max_size=2), st.sampled_from(SCHEMAS))
def test_any_json_is_taken_or_refused(found: dict[str, Any], schema: schemas.Schema) -> None:
    try:
        inputs.take(json.dumps(found).encode(), "application/json", schema)
    except Fault as fault:
        assert fault.status == 400


@settings(max_examples=40)
@given(st.lists(st.lists(st.floats() | st.integers(-9, 9) | st.none(), min_size=3, max_size=3), min_size=1, max_size=4))
def test_the_quick_way_through_plain_numbers_is_the_same_as_the_other(rows: list[list[Any]]) -> None:
    columns = ["b", "x", "a"]
    quick = tables.take(bodies.Body("dataframe_split", {"columns": columns, "data": rows}), DOUBLES)
    slow = tables.take(
        bodies.Body("dataframe_split", {"columns": columns, "data": rows, "index": list(range(len(rows)))}), DOUBLES
    )
    records = [dict(zip(columns, row, strict=True)) for row in rows]
    pd.testing.assert_frame_equal(quick, slow, check_index_type=False)
    pd.testing.assert_frame_equal(tables.take(bodies.Body("dataframe_records", records), DOUBLES), quick)


def test_deep_json_and_long_numbers_are_refused() -> None:
    for content in (b"[" * 200_000, b'{"inputs": ' + b"9" * 10_000 + b"}"):
        with pytest.raises(Fault, match="valid JSON"):
            bodies.read(content, "application/json")


def test_a_row_that_is_too_short_is_refused_rather_than_filled_up() -> None:
    body = {"dataframe_split": {"columns": ["a", "b"], "data": [[1, 2], [3]]}}
    with pytest.raises(Fault, match="not equally long"):
        inputs.take(json.dumps(body).encode(), "application/json", DOUBLES)


def test_a_whole_number_that_does_not_fit_is_told_of() -> None:
    schema = schemas.read({"inputs": [{"name": "a", "type": "long"}]})
    with pytest.raises(Fault) as caught:
        inputs.take(b'{"dataframe_records": [{"a": 99999999999999999999}]}', "application/json", schema)
    assert "column a" in caught.value.message
