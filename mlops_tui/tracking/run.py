"""A run as a script holds it: ``with start_run() as run``, ``run.info``, ``run.data``."""

from __future__ import annotations

import os
import time

from mlops_tui.tracking import session
from mlops_tui.tracking.journal import Channel

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Mapping
    from types import TracebackType
    from typing import Any

    from mlops_tui.project import Project
    from mlops_tui.tracking.stored import RunData, RunInfo

_MOST_PROBLEMS = 100

#: A record is finished at so many characters, of which each may take twelve bytes: see ``journals.MAX_FRAME_BYTES``.
MOST_CHARACTERS = 1 << 22

STATUSES = ("FINISHED", "FAILED", "KILLED")


class Run:
    """A run that the store knows, or will know once its journal is folded.

    Args:
        project: Where it is recorded.
        run_id: Its id.
    """

    def __init__(self, project: Project, run_id: str) -> None:
        self.project = project
        self.run_id = run_id

    @property
    def info(self) -> RunInfo:
        """Id, name, experiment, status, times in ms and user, with MLflow's names; read when it is asked for."""
        from mlops_tui.tracking import stored

        return stored.info(self)

    @property
    def data(self) -> RunData:
        """Params, tags and the newest value of each metric; read from the store when it is asked for."""
        from mlops_tui.tracking import stored

        return stored.data(self)

    def __repr__(self) -> str:
        return f"<{type(self).__name__} {self.run_id}>"

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Run) and other.run_id == self.run_id

    def __hash__(self) -> int:
        return hash(self.run_id)


class ActiveRun(Run):
    """A run of this process; a context manager that ends it with the status that fits how the block was left.

    Args:
        project: Where it is recorded.
        run_id: Its id.
        name: Its name, as far as this process knows.
        experiment: Its experiment, as far as this process knows.
        is_owner: Whether this process ends it; a stage's run is ended by the pipeline.
    """

    def __init__(self, project: Project, run_id: str, *, name: str, experiment: str, is_owner: bool) -> None:
        super().__init__(project, run_id)
        self.name = name
        self.experiment = experiment
        self.is_owner = is_owner
        self.started_at = time.time()
        self.pid = os.getpid()
        self.journal = Channel(project.journals_dir, run_id)
        self.needs_capture = True
        self.is_new = (
            False  # whether this process has made it, so that the store has nothing of it that is not known here
        )
        self.has_ended = False
        self.before_end: Callable[[], None] | None = None  # logs what is still to be said of the run
        self.file_paths: set[str] = set()  # of the artifacts that this process has logged
        self.folder_paths: set[str] = set()  # that those lie in
        self._params: dict[str, str] = {}
        self._problems: dict[str, int] = {}

    @property
    def info(self) -> RunInfo:
        """As of ``Run``, but id, name and start are there without reading the store."""
        return _LiveInfo(self)  # type: ignore[return-value]

    def note_params(self, params: Any) -> None:
        """Remembers params that the run has already, or that went into the first record."""
        self._params.update(params or {})

    def log_metrics(self, metrics: Mapping[str, float], step: Any = None, timestamp: Any = None) -> None:
        """Appends values of metrics; see ``mlops_tui.log_metrics``. Never raises."""
        try:
            at: Any = time.time() if timestamp is None else _seconds(timestamp)
            self.journal.metrics(metrics, 0 if step is None else step, at)
        except Exception:  # something in it is not a number: say what, and log the rest
            self._log_odd_metrics(metrics, step, timestamp)

    def log_params(self, params: Mapping[str, Any]) -> None:
        """Stores params; the first value of a name stays. Never raises."""
        from mlops_tui.tracking import values

        fresh: dict[str, str] = {}
        for key, value in self._pairs(params, "params"):
            text = values.text(value)
            first = self._params.setdefault(key, text)
            if first != text and first != _stored(text):  # a resumed run has them as the store keeps them
                self.problem(
                    f"param {key}", f"param {_shown(key)} stays {_shown(first)}; {_shown(text)} was not logged"
                )
            else:
                fresh[key] = text
        self.record_texts("params", fresh)

    def set_tags(self, tags: Mapping[str, Any]) -> None:
        """Stores tags, replacing those of the same name. Never raises."""
        from mlops_tui.tracking import values

        texts = {key: values.text(value) for key, value in self._pairs(tags, "tags")}
        self.record_texts("tags", texts)

    def record_texts(self, kind: str, texts: Mapping[str, str]) -> None:
        """Appends params or tags, very long ones in several records."""
        part: dict[str, str] = {}
        length = 0
        for key, text in texts.items():
            part[key] = text
            length += len(key) + len(text)
            if length > MOST_CHARACTERS:
                self.journal.record({"t": kind, kind: part, "at": time.time()})
                part, length = {}, 0
        if part:
            self.journal.record({"t": kind, kind: part, "at": time.time()})

    def delete_tag(self, key: Any) -> None:
        """Removes a tag. Never raises."""
        from mlops_tui.tracking import values

        self.journal.record({"t": "tags", "tags": {values.name(key): None}})

    def problem(self, topic: str, message: str) -> None:
        """Says once on stderr that something could not be logged as given, and records it as an event of the run."""
        count = self._problems.get(topic, 0) + 1
        self._problems[topic] = count
        if count == 1 and len(self._problems) <= _MOST_PROBLEMS:
            from mlops_tui.tracking import remarks

            if len(self._problems) == _MOST_PROBLEMS:
                message += "; what else cannot be logged is not told any more"
            remarks.say(message)
            self.journal.record({"t": "problem", "message": message[:2000], "at": time.time()})

    def end(self, status: str = "FINISHED", exit_code: int | None = None, error: str = "") -> None:
        """Ends the run; in a forked child, and where it is another's to end, only stops logging into it."""
        if self.has_ended:
            return
        if self.before_end is not None and os.getpid() == self.pid:
            self.before_end()
        self.has_ended = True
        session.remove(self)
        if os.getpid() != self.pid:
            return
        if self.needs_capture:
            from mlops_tui.tracking import background

            background.finish_capture(self)
        last = {"at": time.time(), "status": status, "exit_code": exit_code, "error": error}
        self.journal.end({"t": "end" if self.is_owner else "leave", **last})

    def __enter__(self) -> ActiveRun:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if error is None:
            self.end()
            return
        from mlops_tui.tracking import exits

        self.end(*exits.outcome(error))

    def _log_odd_metrics(self, metrics: Any, step: Any, timestamp: Any) -> None:
        from mlops_tui.tracking import values

        numbers: dict[str, float] = {}
        for key, value in self._pairs(metrics, "metrics"):
            number = values.number(value)
            if number is None:
                self.problem(f"metric {key}", f"metric {_shown(key)} is not a number: {_shown(values.text(value))}")
            else:
                numbers[key] = number
        whole = values.step(step)
        if whole is None:
            self.problem("step", f"step {_shown(values.text(step))} is not a whole number; 0 is taken instead")
        at = time.time() if timestamp is None else values.seconds(timestamp)
        if at is None:
            self.problem("timestamp", f"{_shown(values.text(timestamp))} is not a time; now is taken instead")
        if numbers:
            self.journal.metrics(numbers, whole or 0, time.time() if at is None else at)

    def _pairs(self, mapping: Any, what: str) -> list[tuple[str, Any]]:
        from mlops_tui.tracking import values

        try:
            pairs = list(mapping.items())
        except Exception:
            self.problem(what, f"{what} must be given as a dict, not {_shown(values.text(mapping))}")
            return []
        return [(values.name(key), value) for key, value in pairs]


class _LiveInfo:
    """``RunInfo`` of a run of this process: scripts ask for the id right after the start, which must cost nothing."""

    def __init__(self, run: ActiveRun) -> None:
        self.run_id = run.run_id
        self.artifact_uri = f"runs:/{run.run_id}"
        self.start_time = round(run.started_at * 1000)
        self._run = run
        if run.name:
            self.run_name = run.name

    def __getattr__(self, name: str) -> Any:
        from mlops_tui.tracking import stored

        return getattr(stored.info(self._run), name)


def _seconds(timestamp: Any) -> float | None:
    from mlops_tui.tracking import values

    return values.seconds(timestamp)


def _shown(text: str) -> str:
    return repr(text if len(text) <= 80 else text[:79] + "…")


def _stored(text: str) -> str:
    from mlops_store.texts import storable

    return storable(text)
