"""The body of a request: which of MLflow's forms it has, and what it holds.

Pure: bytes and a content type in, plain data out. Knows no model and loads no pandas.
"""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import Any

from mlops_tui.serve.faults import Fault, because

CSV = "text/csv"
JSON = "application/json"
PARQUET = "application/vnd.apache.parquet"
SPLIT = "dataframe_split"
RECORDS = "dataframe_records"
INSTANCES = "instances"
INPUTS = "inputs"
_FORMS = (SPLIT, RECORDS, INSTANCES, INPUTS)
_WANTED = "The input must be a JSON dictionary with exactly one of the input fields " + ", ".join(_FORMS)


@dataclass(frozen=True, slots=True)
class Body:
    """What a request asks the model about.

    ``form`` is a key of the JSON object, or the content type of a body that is no JSON. ``data`` is what stands under
    that key, a text for CSV, bytes for Parquet. ``params`` is what the request gives as such, unchecked.
    """

    form: str
    data: Any
    params: Any = None


def read(content: bytes, content_type: str | None) -> Body:
    """The body in the form that its content type names.

    Raises:
        Fault: 415 for another type, charset or parameter; 400 for what is not of that type, or has no or two forms.

    Source:
        MLflow's scoring protocol, ``mlflow.pyfunc.scoring_server``.
    """
    kind = _kind(content_type)
    if kind == PARQUET:
        return Body(PARQUET, content)
    if kind == CSV:
        try:
            return Body(CSV, content.decode("utf-8"))
        except UnicodeDecodeError as error:
            raise Fault(f"Invalid input. Ensure that input is a valid UTF-8 encoded string. Error: {error}") from error
    found = _object(content)
    forms = [form for form in _FORMS if form in found]
    if len(forms) != 1:
        received = ", ".join(forms) if forms else ", ".join(list(found)[:8]) or "an empty object"
        raise Fault(f"{_WANTED}. Received: {received}")
    return Body(forms[0], found[forms[0]], found.get("params"))


def _kind(content_type: str | None) -> str:
    kind, *parameters = (part.strip() for part in (content_type or "").split(";"))
    values = {key.strip(): value.strip() for key, _, value in (part.partition("=") for part in parameters)}
    if values.get("charset", "utf-8").lower() != "utf-8":
        raise Fault("The scoring server only supports UTF-8", "", 415)
    unknown = sorted(set(values) - {"charset"})
    if unknown:
        raise Fault(f"Unrecognized content type parameters: {', '.join(unknown)}", "", 415)
    if kind not in (CSV, JSON, PARQUET):
        got = repr(content_type) if content_type else "none"
        raise Fault(f"This predictor only supports the content types {CSV}, {JSON} and {PARQUET}. Got {got}.", "", 415)
    return kind


def _object(content: bytes) -> dict[str, Any]:
    try:
        found = json.loads(content)
    except (ValueError, RecursionError) as error:  # also: no UTF-8, a number of thousands of digits
        raise Fault(
            f"Invalid input. Ensure that input is a valid JSON formatted string. Error: {because(error)}"
        ) from error
    if not isinstance(found, dict):
        kind = "a list" if isinstance(found, list) else f"unexpected input type {type(found).__name__}"
        raise Fault(f"Invalid input. {_WANTED}. Received {kind}.")
    return found
