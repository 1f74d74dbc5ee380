"""Labels that clients post later, by the ids of their requests: ``/labels``.

They are appended to a file an hour, one for all servers of a model, where its monitors look for them. Knows no model:
whether anybody asked about an id is found out where labels are joined with rows.
"""

from __future__ import annotations

import asyncio
import fcntl
import json
import math
import os
import time
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from typing import Any

from starlette.requests import Request
from starlette.responses import Response

from mlops_tui.serve import log_folder, requests
from mlops_tui.serve.faults import Fault, because
from mlops_tui.serve.metrics import Metrics
from mlops_tui.serve.requests import Limits

JSON = "application/json"
LINES = ("application/jsonl", "application/x-ndjson", "application/x-jsonlines")
_LONGEST_ID = 200
_LONGEST_LABEL = 1_000
#: Of those that were refused so many are named.
_NAMED = 100
_FORMS = 'an object of labels by id, {"id": …, "label": …}, a list of these, or one a line'


@dataclass(frozen=True, slots=True)
class Posted:
    """What a body brought: (id, label) of each that is right, (id, reason) of each that is not."""

    labels: tuple[tuple[str, Any], ...]
    refused: tuple[tuple[str, str], ...]


def read(content: bytes, content_type: str | None) -> Posted:
    """The labels in a body.

    Args:
        content: JSON: ``{"ID": label, …}``, ``{"id": …, "label": …}`` or a list of these; or JSON lines of these.
        content_type: Says which of the two.

    Raises:
        Fault: 415 for another type; 400 for what is not of that type.
    """
    kind = (content_type or "").partition(";")[0].strip().lower()
    labels: list[tuple[str, Any]] = []
    refused: list[tuple[str, str]] = []
    if kind == JSON:
        pairs = _of_document(_parsed(content, "the body"))
    elif kind in LINES:
        pairs = _of_lines(content, refused)
    else:
        raise Fault(f"Labels are sent as {JSON} or {LINES[0]}: {_FORMS}", "", 415)
    for name, label in pairs:
        reason = _wrong(name, label)
        if reason:
            refused.append((str(name)[:_LONGEST_ID], reason))
        else:
            labels.append((str(name), label))
    return Posted(tuple(labels), tuple(refused))


def _parsed(text: bytes, place: str) -> Any:
    try:
        return json.loads(text)
    except (ValueError, RecursionError) as error:  # also: no UTF-8, a number of thousands of digits
        raise Fault(f"Invalid input: {place} is no JSON. Error: {because(error)}") from error


def _of_lines(content: bytes, refused: list[tuple[str, str]]) -> Iterator[tuple[Any, Any]]:
    """The labels of lines; of one that is none it is noted why, and the others hold."""
    for number, line in enumerate(content.split(b"\n"), 1):
        if line.strip():
            try:
                yield _pair(_parsed(line, "the line"))
            except Fault as fault:
                refused.append((f"line {number}", fault.message))


def _of_document(found: Any) -> Iterable[tuple[Any, Any]]:
    if isinstance(found, dict) and found.keys() != {"id", "label"}:
        return found.items()
    return [_pair(item) for item in (found if isinstance(found, list) else [found])]


def _pair(item: Any) -> tuple[Any, Any]:
    if not isinstance(item, dict) or not {"id", "label"} <= item.keys():
        raise Fault(f"Invalid input: labels are {_FORMS}")
    return item["id"], item["label"]


def _wrong(name: Any, label: Any) -> str:
    """What is wrong with a label or its id; "" where nothing is."""
    if isinstance(name, bool) or not isinstance(name, str | int) or not str(name).isprintable():
        return "the id is no plain text"
    if not 0 < len(str(name)) <= _LONGEST_ID:
        return f"the id has not 1 to {_LONGEST_ID} characters"
    if not isinstance(label, str | int | float):
        return "the label is no text, number or truth value"
    if isinstance(label, float) and not math.isfinite(label):
        return "the label is no finite number"
    return f"the label is longer than {_LONGEST_LABEL} characters" if len(str(label)) > _LONGEST_LABEL else ""


class LabelLog:
    """Appends labels to the files of a folder.

    Args:
        directory: Where; all servers of a model share it.
        kept_bytes: The oldest files are deleted beyond this.
    """

    def __init__(self, directory: str, kept_bytes: int) -> None:
        self._directory = directory
        self._kept_bytes = kept_bytes

    def add(self, labels: Sequence[tuple[str, Any]]) -> None:
        """Writes labels down, all of them or none.

        Raises:
            OSError: They cannot be written.
        """
        now = time.time()
        name = time.strftime("%Y%m%dT%H.jsonl", time.gmtime(now))
        lines = [json.dumps({"id": identity, "label": label, "time": now}) for identity, label in labels]
        content = "".join(f"{line}\n" for line in lines).encode()
        descriptor = log_folder.opened(self._directory, name)
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX)
            before = os.fstat(descriptor).st_size
            try:
                _write(descriptor, content)
            except OSError:
                os.ftruncate(descriptor, before)
                raise
        finally:
            os.close(descriptor)
        if not before:
            log_folder.make_room(self._directory, self._kept_bytes - len(content), keep=name)


def _write(descriptor: int, content: bytes) -> None:
    left = memoryview(content)
    while left:
        left = left[os.write(descriptor, left) :]


async def answer(request: Request, limits: Limits, metrics: Metrics, log: LabelLog | None) -> Response:
    """What ``POST /labels`` is answered: how many were taken, and what is wrong with the others.

    Raises:
        Fault: No requests are logged, the body is wrong or holds nothing that is right, or the disk takes no more.
    """
    if log is None:
        raise Fault("Requests are not logged here, so labels belong to nothing: serve --log", "INVALID_STATE", 409)
    async with requests.body(request, limits, metrics) as content:
        found = await asyncio.to_thread(read, content, request.headers.get("content-type"))
    if found.labels:
        try:
            await asyncio.to_thread(log.add, found.labels)
        except OSError as error:
            message = f"The labels cannot be written: {error.strerror}"
            raise Fault(message, "TEMPORARILY_UNAVAILABLE", 503) from error
    elif found.refused:
        identity, reason = found.refused[0]
        raise Fault(f"None of the {len(found.refused)} labels can be taken; of {identity!r} {reason}")
    metrics.labels += len(found.labels)
    return Response(b"".join(_told(found)), media_type=JSON)


def _told(found: Posted) -> Iterator[bytes]:
    named = [{"id": identity, "reason": reason} for identity, reason in found.refused[:_NAMED]]
    told = {"accepted": len(found.labels), "refused": len(found.refused), "problems": named}
    yield json.dumps(told).encode()
