"""The threads in which models predict: requests wait in a line, and those of one row that wait together go together.

Nobody waits for others to come unless that is asked for: what came while the threads were busy is what is joined. What
is wrong with one request is its own; where a model fails for several, each is tried alone.
"""

from __future__ import annotations

import asyncio
import queue
import threading
import time
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from typing import Any

from mlops_tui.serve import answers, inputs, joining
from mlops_tui.serve.failures import Failures
from mlops_tui.serve.faults import BAD_REQUEST, Fault, because
from mlops_tui.serve.metrics import Metrics
from mlops_tui.serve.served import Served


@dataclass(frozen=True, slots=True)
class Joining:
    """How requests of one row are joined.

    Attributes:
        rows: So many at most; 1 or less for never.
        wait_s: How long the first one waits for others.
        is_forced: Also where the model was not seen to answer the same for rows alone and together.
    """

    rows: int = 32
    wait_s: float = 0.0
    is_forced: bool = False


@dataclass(frozen=True, slots=True)
class Answer:
    """The body of an answer, who gave it, when it was asked, what it got and gave, of how many rows and bytes."""

    content: bytes
    served: Served
    at: float
    data: Any
    predictions: Any
    rows: int
    size: int


class Work:
    """A request that waits for its prediction; what it asks about, or what is wrong with it, once that was read."""

    __slots__ = ("at", "content", "content_type", "data", "error", "fault", "future", "served")

    def __init__(self, served: Served, content: bytes, content_type: str | None) -> None:
        self.served = served
        self.content = content
        self.content_type = content_type
        self.at = time.time()
        self.data: Any = None
        self.fault: Fault | None = None
        self.error: Exception | None = None
        self.future: asyncio.Future[Answer] = asyncio.get_running_loop().create_future()

    def is_read(self) -> bool:
        """Whether it asks about something; what it says is read when this is called first."""
        if self.data is None and self.fault is None:
            try:
                self.data, _ = inputs.take(self.content, self.content_type, self.served.schema)
            except Fault as fault:
                self.fault = fault
            except Exception as error:  # libraries raise what they like, and the thread has to go on
                self.error = error
                self.fault = Fault(f"Invalid input. Error: {because(error)}")
        return self.fault is None

    def is_single(self) -> bool:
        """Whether it asks about one row, in a form that can be joined with others."""
        return self.is_read() and joining.is_one_row(self.data)


@dataclass(slots=True)
class _Done:
    """What became of some requests, how long the model took, and how many rows it got."""

    outcomes: list[tuple[Work, Answer | Fault]]
    length_s: float = 0.0
    rows: int = 0


class Predictor:
    """Predicts in threads of its own.

    Args:
        metrics: Where the model's time and the rows that it got at a time are counted.
        joining: How requests are joined.
        threads: How many predict at a time.
    """

    def __init__(self, metrics: Metrics, joining: Joining, threads: int) -> None:
        self._metrics = metrics
        self._joining = joining
        self._waiting: queue.SimpleQueue[Work | None] = queue.SimpleQueue()
        self._busy = 0
        self._counting = threading.Lock()
        self._failures = Failures()
        self._threads = [threading.Thread(target=self._run, name="predict", daemon=True) for _ in range(threads)]
        for thread in self._threads:
            thread.start()

    async def predict(self, work: Work, longest_s: float) -> Answer:
        """The answer to a request.

        Args:
            work: The request.
            longest_s: How long it may take.

        Raises:
            Fault: It is wrong, the model failed, or it took too long.
        """
        self._waiting.put(work)
        timer = work.future.get_loop().call_later(longest_s, _give_up, work.future)
        try:
            return await work.future
        finally:
            timer.cancel()

    def close(self) -> bool:
        """Starts no further prediction; False when one is still under way, which nothing can end."""
        for _ in self._threads:
            self._waiting.put(None)
        self._failures.close()
        return not self._busy

    def _run(self) -> None:
        while (first := self._waiting.get()) is not None:
            with self._counting:
                self._busy += 1
            try:
                works = self._with_others(first)
                loop = first.future.get_loop()
                for group in _alike(works):
                    for done in self._answered(group):
                        loop.call_soon_threadsafe(self._deliver, done)
            except RuntimeError:  # the loop has ended, and nobody waits any longer
                return
            finally:
                with self._counting:
                    self._busy -= 1

    def _with_others(self, first: Work) -> list[Work]:
        """A request, and those that can go with it."""
        works, most = [first], self._joining.rows
        if most <= 1 or not (first.served.is_row_by_row or self._joining.is_forced) or not first.is_single():
            return works
        until = time.monotonic() + self._joining.wait_s
        while len(works) < most:
            left_s = until - time.monotonic()
            try:
                found = self._waiting.get(timeout=left_s) if left_s > 0 else self._waiting.get_nowait()
            except queue.Empty:
                break
            if found is None or found.served is not first.served or not found.is_single():
                self._waiting.put(found)  # for another thread, or for this one's next turn
                break
            works.append(found)
        return works

    def _answered(self, works: Sequence[Work]) -> Iterator[_Done]:
        """Requests of one kind; together where that goes well, else each alone."""
        if len(works) > 1:
            try:
                data, started = joining.joined([work.data for work in works]), time.perf_counter()
                parts = joining.parted(works[0].served.predict(data), len(works))
                length_s = time.perf_counter() - started
            except BaseException:  # a model raises what it likes, even what ends programs: each is told of its own
                parts, length_s = None, 0.0
            if parts is not None:
                outcomes = [(work, self._answer(work, part)) for work, part in zip(works, parts, strict=True)]
                yield _Done(outcomes, length_s, len(works))
                return
        for work in works:
            yield self._alone(work)

    def _alone(self, work: Work) -> _Done:
        if work.future.done():  # it was given up before its turn came
            return _Done([])
        if not work.is_read():
            assert work.fault is not None
            if work.error is not None:
                self._failures.tell("a request cannot be read", work.error)
            return _Done([(work, work.fault)])
        started = time.perf_counter()
        try:
            predictions = work.served.predict(work.data)
        except BaseException as error:  # a model raises what it likes, even what ends programs; here it ends nothing
            self._failures.tell("the model failed", error)
            fault = Fault(
                "Encountered an unexpected error while evaluating the model. Verify that the input is compatible with "
                f"the model for inference. Error: {because(error)}",
                BAD_REQUEST,
                is_of_model=True,
            )
            return _Done([(work, fault)])
        length_s = time.perf_counter() - started
        outcome = self._answer(work, predictions)
        return _Done([(work, outcome)], length_s, outcome.rows if isinstance(outcome, Answer) else 1)

    def _answer(self, work: Work, predictions: Any) -> Answer | Fault:
        try:
            content = answers.encoded(predictions)
        except Exception as error:  # also: nested too deeply
            self._failures.tell("the predictions cannot be sent", error)
            return Fault(f"The predictions cannot be sent: {because(error)}", "INTERNAL_ERROR", 500)
        size = len(work.content) + len(content)
        return Answer(content, work.served, work.at, work.data, predictions, _rows(predictions), size)

    def _deliver(self, done: _Done) -> None:
        """Hands out what became of requests, and counts it; runs in the event loop."""
        if done.rows:
            self._metrics.predictions.add(done.length_s)
            self._metrics.batches.add(done.rows)
        for work, outcome in done.outcomes:
            if work.future.done():  # nobody waits any longer
                continue
            if isinstance(outcome, Fault):
                work.future.set_exception(outcome)
            else:
                self._metrics.rows += outcome.rows
                work.future.set_result(outcome)


def _alike(works: Sequence[Work]) -> Iterable[list[Work]]:
    """Requests by what they have to have in common to be joined."""
    if len(works) == 1:
        return [list(works)]
    groups: dict[Any, list[Work]] = {}
    for work in works:
        groups.setdefault(joining.kind(work.data), []).append(work)
    return groups.values()


def _rows(predictions: Any) -> int:
    if isinstance(predictions, str | bytes):
        return 1
    if isinstance(predictions, dict):  # columns, where all of them are of one length
        lengths = {_length(values) for values in predictions.values()}
        return max(1, lengths.pop()) if len(lengths) == 1 else 1
    return len(predictions) if hasattr(predictions, "__len__") and getattr(predictions, "shape", True) else 1


def _length(values: Any) -> int:
    """How many values a column has; 1 for what is none."""
    dimensions: int = getattr(values, "ndim", 0)
    return len(values) if isinstance(values, list) or dimensions else 1


def _give_up(future: asyncio.Future[Answer]) -> None:
    if not future.done():
        future.set_exception(Fault("Request processing time exceeded limit", "DEADLINE_EXCEEDED", 504))
