"""Bodies of every form, right and wrong, read by MLflow's own scoring server and by ours: the same input or error."""

from __future__ import annotations

import io
import json
from collections.abc import Mapping
from typing import Any

import numpy as np
import pandas as pd
import pytest

from mlops_tui.serve import inputs, schemas
from mlops_tui.serve.faults import Fault

pytestmark = pytest.mark.slow  # importing mlflow takes seconds

COLUMNS = [("a", "double"), ("b", "double")]
MIXED = [
    *(("d", "double"), ("f", "float"), ("l", "long"), ("i", "integer")),
    *(("s", "string"), ("t", "boolean"), ("w", "datetime")),
]
SIGNATURES: dict[str, dict[str, Any]] = {
    "doubles": {"inputs": [{"name": name, "type": kind, "required": True} for name, kind in COLUMNS]},
    "optional": {
        "inputs": [
            {"name": "a", "type": "double", "required": True},
            {"name": "b", "type": "double", "required": False},
        ]
    },
    "mixed": {"inputs": [{"name": name, "type": kind, "required": True} for name, kind in MIXED]},
    "long": {"inputs": [{"name": "a", "type": "long", "required": True}]},
    "text": {"inputs": [{"name": "a", "type": "string", "required": True}]},
    "binary": {"inputs": [{"name": "a", "type": "binary", "required": True}]},
    "unnamed": {"inputs": [{"type": "double", "required": True}, {"type": "double", "required": True}]},
    "tensor": {"inputs": [{"type": "tensor", "tensor-spec": {"dtype": "float64", "shape": [-1, 2]}}]},
    "tensors": {
        "inputs": [
            {"name": "a", "type": "tensor", "tensor-spec": {"dtype": "float32", "shape": [-1, 2]}},
            {"name": "b", "type": "tensor", "tensor-spec": {"dtype": "int64", "shape": [-1]}},
        ]
    },
    "params": {
        "inputs": [{"name": "a", "type": "double", "required": True}],
        "params": [
            {"name": "k", "type": "long", "default": 3, "shape": None},
            {"name": "names", "type": "string", "default": ["x"], "shape": [-1]},
        ],
    },
    "none": {},
}
MIXED_ROW = [1.5, 2.5, 3, 4, "x", True, "2026-11-03T10:00:00"]
BODIES: list[Any] = [
    {"dataframe_split": {"columns": ["a", "b"], "data": [[1, 2.5], [3, 4]]}},
    {"dataframe_split": {"columns": ["b", "x", "a"], "data": [[1, 2, 3]]}},
    {"dataframe_split": {"columns": ["a", "b"], "index": [7, 8], "data": [[1, 2.5], [3, 4]]}},
    {"dataframe_split": {"columns": ["a"], "data": [[1.5], [None]]}},
    {"dataframe_split": {"columns": ["a", "b"], "data": [[1, "2"], [3, "4.5"]]}},
    {"dataframe_split": {"columns": ["a", "b"], "data": [["x", "y"]]}},
    {"dataframe_split": {"columns": ["a", "b"], "data": [[True, False]]}},
    {"dataframe_split": {"columns": ["a", "b"], "data": [[1, 2, 3]]}},
    {"dataframe_split": {"columns": ["a", "b"], "data": []}},
    {"dataframe_split": {"data": [[1.0, 2.0]]}},
    {"dataframe_split": {"columns": ["a", "b"]}},
    {"dataframe_split": {"columns": ["a", "b"], "data": [[1, 2]], "more": 1}},
    {"dataframe_split": [[1, 2]]},
    {"dataframe_split": 3},
    {"dataframe_split": {"columns": [name for name, _ in MIXED], "data": [MIXED_ROW, MIXED_ROW]}},
    {"dataframe_split": {"columns": [name for name, _ in MIXED], "data": [[*MIXED_ROW[:2], 1.5, *MIXED_ROW[3:]]]}},
    {"dataframe_split": {"columns": [name for name, _ in MIXED], "data": [[*MIXED_ROW[:-1], "no date"]]}},
    {"dataframe_split": {"columns": [name for name, _ in MIXED], "data": [[*MIXED_ROW[:2], None, *MIXED_ROW[3:]]]}},
    {"dataframe_split": {"columns": ["a"], "data": [["aGVsbG8="]]}},
    {"dataframe_split": {"columns": ["a", "b"], "data": [[[1.0, 2.0], 3]]}},
    {"dataframe_records": [{"a": 1, "b": 2.5}, {"b": 4, "a": 3}]},
    {"dataframe_records": [{"a": 1}, {"b": 4, "a": 3}]},
    {"dataframe_records": [{"a": 1}]},
    {"dataframe_records": [{"b": 1}]},
    {"dataframe_records": [{"a": 1, "b": 2, "c": "more"}]},
    {"dataframe_records": [dict(zip([name for name, _ in MIXED], MIXED_ROW, strict=True))]},
    {"dataframe_records": []},
    {"dataframe_records": {"a": 1}},
    {"dataframe_records": "text"},
    {"dataframe_records": [1, 2]},
    {"dataframe_records": [{"a": float("nan"), "b": float("inf")}]},
    {"dataframe_records": [{"a": {"deep": 1}, "b": 2}]},
    {"instances": [{"a": 1, "b": 2.5}, {"a": 3, "b": 4}]},
    {"instances": [{"a": 1}, {"a": 3, "b": 4}]},
    {"instances": [{"a": "x", "b": 4}]},
    {"instances": [{"a": 1, "b": 4}, [1, 2]]},
    {"instances": [[1, 2.5], [3, 4]]},
    {"instances": [[1, 2.5], [3]]},
    {"instances": [1, 2, 3]},
    {"instances": ["x", "y"]},
    {"instances": []},
    {"instances": 3},
    {"instances": {"a": 3}},
    {"instances": [{"a": [1, 2], "b": 3}, {"a": [3, 4], "b": 5}]},
    {"inputs": {"a": [1, 2], "b": [3.5, 4]}},
    {"inputs": {"a": [1, 2], "b": [3.5]}},
    {"inputs": {"a": 1, "b": 2}},
    {"inputs": {"a": [1.5]}},
    {"inputs": {"b": [1]}},
    {"inputs": {"a": ["x"], "b": ["y"]}},
    {"inputs": {"a": [[1, 2], [3, 4]], "b": [1, 2]}},
    {"inputs": {"a": [[1, 2, 3]], "b": [1]}},
    {"inputs": [[1.0, 2.5], [3, 4]]},
    {"inputs": [[1.0, 2.5, 3.0]]},
    {"inputs": [{"a": 1, "b": 2}, {"a": 3, "b": 4}]},
    {"inputs": [[1, 2], [3]]},
    {"inputs": [1, 2]},
    {"inputs": "x"},
    {"inputs": 3.5},
    {"inputs": None},
    {"inputs": []},
    {"inputs": {}},
    {"inputs": {name: [value] for (name, _), value in zip(MIXED, MIXED_ROW, strict=True)}},
    {"inputs": {"a": [1.0]}, "params": {"k": 4, "names": ["y", "z"], "unknown": 1}},
    {"inputs": {"a": [1.0]}, "params": {"k": "four"}},
    {"inputs": {"a": [1.0]}, "params": {"names": "y"}},
    {"inputs": {"a": [1.0]}, "params": [1]},
    {"inputs": {"a": [1.0]}, "params": {"k": True}},
    {"inputs": {"a": [1.0]}, "instances": [1]},
    {"data": [1]},
    {},
    [1, 2],
    3,
    None,
    "text",
]
TABLE = pd.DataFrame({"a": [1.5, 2.5], "b": [3.0, 4.0]})
RAW = [
    (b"", "application/json"),
    (b"{", "application/json"),
    (b'{"inputs": \xff\xfe}', "application/json"),
    (b'{"inputs": [1]}', "application/json; charset=UTF-8"),
    (b'{"inputs": [1]}', "application/json;charset=latin-1"),
    (b'{"inputs": [1]}', "application/json; format=pandas-split"),
    (b'{"inputs": [1]}', "text/plain"),
    (b'{"inputs": [1]}', "Application/JSON"),
    (b"a,b\n1,2\n3,4.5\n", "text/csv"),
    (b"a,b\n1,2\n3,4.5\n", "text/csv; charset=utf-8"),
    (b"b,c,a\n1,x,2\n", "text/csv"),
    (b"a,b\n1,x\n", "text/csv"),
    (b"a,b\n,2\n", "text/csv"),
    (b"a\n1\n", "text/csv"),
    (b"a,b\n", "text/csv"),
    (b"", "text/csv"),
    (b"\xff\xfe", "text/csv"),
    (b'a\n"unclosed', "text/csv"),
    (b"no parquet", "application/vnd.apache.parquet"),
    (b"", "application/vnd.apache.parquet"),
]


def is_known(signature: Mapping[str, Any], content: bytes, content_type: str) -> bool:
    """Whether ours is kinder: MLflow reads no CSV for tensors, and stumbles over a single value that nobody wants."""
    is_tensor = any(item["type"] == "tensor" for item in signature.get("inputs", ()))
    if is_tensor and content_type.startswith("text/csv") and content[:2] != b"\xff\xfe":
        return True
    return len(signature.get("inputs", ())) == 1 and not is_tensor and content == b'{"inputs": {"a": 1, "b": 2}}'


def parquet(table: pd.DataFrame) -> bytes:
    buffer = io.BytesIO()
    table.to_parquet(buffer)
    return buffer.getvalue()


REQUESTS = [
    *((json.dumps(body).encode(), "application/json") for body in BODIES),
    *RAW,
    *(
        (parquet(table), "application/vnd.apache.parquet")
        for table in (
            TABLE,
            TABLE.astype("float32"),
            TABLE.astype({"a": "int64"}),
            TABLE[["b"]],
            TABLE.astype({"a": "str"}),
        )
    ),
]


def theirs(signature: dict[str, Any], content: bytes, content_type: str) -> tuple[Any, ...]:
    from mlflow.exceptions import MlflowException
    from mlflow.models import Model, ModelSignature
    from mlflow.pyfunc import PyFuncModel
    from mlflow.pyfunc.scoring_server import invocations

    taken: list[Any] = []

    class Echo:
        def predict(self, data: Any, params: Any = None) -> list[int]:
            taken.extend((data, params))
            return [0]

    packed = {key: json.dumps(part) for key, part in signature.items()}
    meta = Model(
        signature=ModelSignature.from_dict(packed) if packed else None,
        flavors={"python_function": {"loader_module": "x"}},
    )
    model = PyFuncModel(meta, Echo())
    try:
        answer = invocations(content, content_type, model, meta.get_input_schema())
    except MlflowException as error:
        return error.get_http_status_code(), error.error_code, error.message
    except Exception as error:
        return 500, type(error).__name__, str(error)
    return (200, taken[0], taken[1]) if answer.status == 200 else (answer.status, "", answer.response)


def ours(signature: dict[str, Any], content: bytes, content_type: str) -> tuple[Any, ...]:
    try:
        data, parameters = inputs.take(content, content_type, schemas.read(signature))
    except Fault as fault:
        return fault.status, fault.code, fault.message
    return 200, data, parameters


def same(one: Any, other: Any) -> bool:
    if type(one) is not type(other):
        return False
    if isinstance(one, pd.DataFrame):
        pd.testing.assert_frame_equal(one, other)
        return True
    if isinstance(one, dict):
        return list(one) == list(other) and all(same(one[key], other[key]) for key in one)
    if isinstance(one, np.ndarray):
        np.testing.assert_array_equal(one, other, strict=True)
        return True
    return bool(one == other)


@pytest.mark.parametrize("name", SIGNATURES)
def test_bodies_are_taken_as_mlflow_takes_them(name: str) -> None:
    signature, differing = SIGNATURES[name], []
    for content, content_type in REQUESTS:
        expected, found = theirs(signature, content, content_type), ours(signature, content, content_type)
        try:
            agrees = expected[:2] == found[:2] if expected[0] != 200 or found[0] != 200 else same(expected[1], found[1])
            if name == "params" and agrees and expected[0] == 200:
                agrees = same(expected[2], found[2])
        except (AssertionError, ValueError) as error:
            agrees = False
            expected = (*expected, str(error))
        if not agrees and not is_known(signature, content, content_type):
            differing.append(f"{content[:90]!r} {content_type}\n   theirs {expected}\n   ours   {found}")
    assert not differing, f"{len(differing)} of {len(REQUESTS)}\n" + "\n".join(differing)
