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
from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

from mlops_store.errors import Refused, UsageError
from mlops_tui.drift import batches
from mlops_tui.drift.watches import LOG_CLOSED, LOG_OPEN
from mlops_tui.serve import redacted
from mlops_tui.serve.router.pool import Pool, Unavailable
from mlops_tui.serve.router.wire import Response

if TYPE_CHECKING:
    import pandas as pd

_INPUTS = "inputs."
#: More are not needed to vary what is asked.
_MOST_ROWS = 100_000
#: How long nobody may answer before no more is asked, and how long a connection that was refused is waited after.
_SILENT_S, _PAUSE_S = 3.0, 0.05
_MESSAGE_CHARACTERS = 300
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
        messages: What the server said with the first answer of a status, a key of ``errors``.
        is_cut_short: The server was gone for so long that it was asked no further.
    """

    requests: int
    errors: Mapping[str, int]
    versions: Mapping[str, int]
    duration_s: float
    latencies_s: Sequence[float]
    messages: Mapping[str, str] = field(default_factory=dict)
    is_cut_short: bool = False

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
        Refused: No row has them as they were asked: rules of ``[serve.MODEL]`` have left some out.
    """
    try:
        names = sorted(os.listdir(directory), reverse=True)
    except OSError as error:
        raise UsageError(f"the log {directory} cannot be read ({error.strerror})", "check the path") from error
    files = {os.path.splitext(name)[0]: name for name in names if name.endswith((LOG_OPEN, LOG_CLOSED))}
    known = redacted.read(directory)
    found: list[bytes] = []
    lacking: set[str] = set()
    for name in files.values():  # a file that is being closed is there twice
        frame = _inputs(os.path.join(directory, name))
        if frame is None:
            continue
        if gone := known.lacking(frame):
            lacking.update(gone)
        else:
            found += of_frame(frame)
        if len(found) >= _MOST_ROWS:
            break
    if not found and lacking:
        raise Refused(
            f"{', '.join(sorted(lacking))} cannot be asked again: a rule of [serve.MODEL] leaves that out or hashes it "
            f"in {directory}",
            "--rows FILE asks with rows of your own",
        )
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
        Refused: Nothing listens there.
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
    asking = _Asking(plan, bodies, lambda body: pool.ask(b"%b%d\r\n\r\n" % (head, len(body)), body, plan.timeout_s))
    try:
        await asyncio.gather(*(asking.ask_on() for _ in range(plan.concurrency)))
    except Unavailable as error:
        hint = "mlops-tui serve MODEL starts a server, and says its address"
        raise Refused(f"nothing answers at http://{host}:{port} ({error})", hint) from error
    finally:
        pool.close()
    return asking.outcome()


class _Asking:
    """A test under way: what is asked next, and what became of the others."""

    def __init__(self, plan: Plan, bodies: Sequence[bytes], ask: Callable[[bytes], Awaitable[Response]]) -> None:
        self._plan = plan
        self._bodies = bodies
        self._ask = ask
        self._errors: Counter[str] = Counter()
        self._messages: dict[str, str] = {}
        self._versions: Counter[str] = Counter()
        self._latencies: list[float] = []
        self._numbers = itertools.count()
        self._began = time.perf_counter()
        self._heard_at: float | None = None
        self._is_cut_short = False

    async def ask_on(self) -> None:
        """Asks until the time is over.

        Raises:
            Unavailable: Nobody has ever listened.
        """
        plan = self._plan
        while not self._is_cut_short:
            number, now = next(self._numbers), self._elapsed_s
            due = number / plan.rate if plan.rate else now
            if max(due, now) >= plan.duration_s:
                return
            if due > now:
                await asyncio.sleep(due - now)
            try:
                response = await self._ask(self._bodies[number % len(self._bodies)])
            except Unavailable as error:
                await self._miss(error)
            else:
                self._take(response, self._elapsed_s - due)

    def outcome(self) -> Outcome:
        """What became of all."""
        unanswered = sum(count for what, count in self._errors.items() if what.startswith("no answer"))
        return Outcome(
            len(self._latencies) + unanswered,
            dict(self._errors),
            dict(self._versions),
            self._elapsed_s,
            sorted(self._latencies),
            self._messages,
            self._is_cut_short,
        )

    @property
    def _elapsed_s(self) -> float:
        return time.perf_counter() - self._began

    async def _miss(self, error: Unavailable) -> None:
        if error.was_sent:  # somebody listens
            self._heard_at = self._heard_at or self._elapsed_s
        if self._heard_at is None:
            raise error
        self._errors[f"no answer: {error}"] += 1
        if not error.was_sent:
            self._is_cut_short = self._elapsed_s - self._heard_at > _SILENT_S
            await asyncio.sleep(_PAUSE_S)

    def _take(self, response: Response, length_s: float) -> None:
        self._heard_at = self._elapsed_s
        self._latencies.append(length_s)
        if response.status != 200:
            what = f"status {response.status}"
            self._errors[what] += 1
            self._messages.setdefault(what, _message(response.body))
        self._versions.update(value.decode("latin-1") for name, value in response.headers if name == b"x-model-version")


def _message(body: bytes) -> str:
    """What a server says in an answer of MLflow's form, or in one of text."""
    try:
        said = json.loads(body)
        text = str(said["message"]) if isinstance(said, dict) and "message" in said else ""
    except (ValueError, RecursionError):
        text = body[: 4 * _MESSAGE_CHARACTERS].decode("utf-8", "replace")
    text = " ".join(text.split())
    return text if len(text) <= _MESSAGE_CHARACTERS else text[: _MESSAGE_CHARACTERS - 1] + "…"
