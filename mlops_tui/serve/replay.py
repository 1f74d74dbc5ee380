"""Asking a server again what was asked before, at a given rate, and how it bore that.

At a given rate requests are due at fixed moments whether earlier ones were answered or not, and their time counts from
then: a server that stands still for a second is seen to have kept all of that second's requests waiting.
"""

from __future__ import annotations

import asyncio
import itertools
import json
import math
import os
import time
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

from mlops_store.errors import UsageError
from mlops_tui.drift import batches
from mlops_tui.drift.watches import LOG_CLOSED, LOG_OPEN
from mlops_tui.serve.router.pool import Pool, Unavailable

if TYPE_CHECKING:
    import pandas as pd

_INPUTS = "inputs."
#: More are not needed to vary what is asked.
_MOST_ROWS = 100_000
#: Shares of requests that were answered sooner than what is told.
PERCENTILES = (50, 90, 95, 99)


@dataclass(frozen=True, slots=True)
class Plan:
    """How a server is asked.

    Attributes:
        rate: Requests a second; 0 for as many as are answered.
        concurrency: Requests that are under way at most.
        duration_s: How long.
        timeout_s: How long an answer may take.
    """

    rate: float = 0.0
    concurrency: int = 8
    duration_s: float = 10.0
    timeout_s: float = 60.0


@dataclass(frozen=True, slots=True)
class Outcome:
    """How a server bore it.

    Attributes:
        requests: How many were sent.
        errors: What went wrong, a status other than 200 or why there was no answer -> how often.
        versions: The version that answered -> how often.
        duration_s: From the first request to the last answer.
        latencies_s: Of each answer, from when it was due; sorted.
    """

    requests: int
    errors: Mapping[str, int]
    versions: Mapping[str, int]
    duration_s: float
    latencies_s: Sequence[float]

    @property
    def rate(self) -> float:
        """Requests a second."""
        return self.requests / self.duration_s if self.duration_s else 0.0

    def percentile_s(self, share: float) -> float | None:
        """The time within which so many of 100 answers came; None without answers."""
        if not self.latencies_s:
            return None
        return self.latencies_s[max(0, math.ceil(share / 100 * len(self.latencies_s)) - 1)]


def of_log(directory: str) -> list[bytes]:
    """The requests that a log holds, one a row, the newest files first.

    Raises:
        UsageError: There is no log, or none of its rows has inputs.
    """
    try:
        names = sorted(os.listdir(directory), reverse=True)
    except OSError as error:
        raise UsageError(f"the log {directory} cannot be read ({error.strerror})", "check the path") from error
    files = {os.path.splitext(name)[0]: name for name in names if name.endswith((LOG_OPEN, LOG_CLOSED))}
    found: list[bytes] = []
    for name in files.values():  # a file that is being closed is there twice
        frame = _inputs(os.path.join(directory, name))
        if frame is not None:
            found += of_frame(frame)
        if len(found) >= _MOST_ROWS:
            break
    if not found:
        raise UsageError(f"{directory} holds no requests with inputs", "mlops-tui serve --log writes them")
    return found[:_MOST_ROWS]


def _inputs(path: str) -> pd.DataFrame | None:
    try:
        with open(path, "rb") as file:
            content = file.read()
        if path.endswith(LOG_OPEN):
            content = content[: content.rfind(b"\n") + 1]  # the server may be writing the next line
        frame = batches.parse(content).frame
    except (OSError, batches.Unreadable):  # closed or deleted meanwhile, or empty yet
        return None
    names = [str(name) for name in frame.columns if str(name).startswith(_INPUTS)]
    return frame[names].rename(columns=lambda name: name.removeprefix(_INPUTS)) if names else None


def of_frame(frame: pd.DataFrame) -> list[bytes]:
    """A request for each row of a table."""
    columns = [str(name) for name in frame.columns]
    rows = frame.astype(object).where(frame.notna(), None).to_numpy().tolist()
    if columns == [str(place) for place in range(len(columns))]:  # an array has no names
        return [json.dumps({"instances": [row]}, default=str).encode() for row in rows]
    return [json.dumps({"dataframe_split": {"columns": columns, "data": [row]}}, default=str).encode() for row in rows]


def run(url: str, bodies: Sequence[bytes], plan: Plan, token: str = "") -> Outcome:
    """Asks a server.

    Args:
        url: Its address; ``/invocations`` where it names no path.
        bodies: What is asked, in turns.
        plan: How.
        token: What it wants to see.

    Raises:
        UsageError: The address is none.
    """
    return asyncio.run(_run(*_address(url), bodies, plan, token))


def _address(url: str) -> tuple[str, int, str]:
    try:
        parts = urlsplit(url if "://" in url else f"http://{url}")
        host, port = parts.hostname, parts.port or 80
    except ValueError as error:
        raise UsageError(f"{url!r} is no address ({error})", "for example http://127.0.0.1:5000") from error
    path = parts.path if parts.path not in ("", "/") else "/invocations"
    if parts.scheme != "http" or not host or not (path + host).isprintable() or " " in path + host:
        raise UsageError(f"{url!r} is no address of a server", "for example http://127.0.0.1:5000")
    return host, port, path


async def _run(host: str, port: int, path: str, bodies: Sequence[bytes], plan: Plan, token: str) -> Outcome:
    pool = Pool(port, host)
    lines = [f"POST {path} HTTP/1.1", f"host: {host}:{port}", "content-type: application/json"]
    lines += [f"authorization: Bearer {token}"] if token else []
    head = ("\r\n".join(lines) + "\r\ncontent-length: ").encode("latin-1", "replace")
    errors: Counter[str] = Counter()
    versions: Counter[str] = Counter()
    latencies: list[float] = []
    numbers = itertools.count()
    began = time.perf_counter()

    async def ask_on() -> None:
        while True:
            number = next(numbers)
            now = time.perf_counter() - began
            due = number / plan.rate if plan.rate else now
            if max(due, now) >= plan.duration_s:
                return
            if due > now:
                await asyncio.sleep(due - now)
            body = bodies[number % len(bodies)]
            try:
                response = await pool.ask(b"%b%d\r\n\r\n" % (head, len(body)), body, plan.timeout_s)
            except Unavailable as error:
                errors[f"no answer: {error}"] += 1
                continue
            latencies.append(time.perf_counter() - began - due)
            if response.status != 200:
                errors[f"status {response.status}"] += 1
            versions.update(value.decode("latin-1") for name, value in response.headers if name == b"x-model-version")

    try:
        await asyncio.gather(*(ask_on() for _ in range(plan.concurrency)))
    finally:
        pool.close()
    unanswered = sum(count for what, count in errors.items() if what.startswith("no answer"))
    duration_s = time.perf_counter() - began
    return Outcome(len(latencies) + unanswered, dict(errors), dict(versions), duration_s, sorted(latencies))
