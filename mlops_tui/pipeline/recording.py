"""What a supervisor writes into the store: one short transaction when a stage starts, one when it ends.

The only module of the supervisor that writes there. Its methods may be called from several threads.
"""

from __future__ import annotations

import os
import threading
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any, TypeVar

from mlops_store import datasets, events, metrics, pipelines, processes, runs
from mlops_store.errors import StoreBusy, StoreFull
from mlops_store.records import Dataset, PipelineState, StageState
from mlops_store.texts import storable
from mlops_tui.pipeline import tokens
from mlops_tui.pipeline.lock import Entry
from mlops_tui.pipeline.params import DEFAULT_FILE, flatten
from mlops_tui.pipeline.plan import Plan
from mlops_tui.pipeline.spec import Stage
from mlops_tui.pipeline.tokens import Holding

if TYPE_CHECKING:
    import sqlite3

    from mlops_store.store import Store
    from mlops_tui.pipeline.endings import Ending

_PATIENCE_S = 600.0
_RETRY_S = 1.0
_RUN_STATUS = {
    StageState.DONE: "FINISHED",
    StageState.FAILED: "FAILED",
    StageState.STOPPED: "KILLED",
    PipelineState.FINISHED: "FINISHED",
    PipelineState.FAILED: "FAILED",
    PipelineState.STOPPED: "KILLED",
}
_Result = TypeVar("_Result")


class Recorder:
    """Writes the progress of one pipeline run.

    A full disk or a lock that is held is waited out for ten minutes: stages that run already are worth it.

    Args:
        store: The project's store.
        plan: What is run.
    """

    def __init__(self, store: Store, plan: Plan) -> None:
        self._store = store
        self._plan = plan
        self._mutex = threading.Lock()
        self._owner = {"user": processes.user(), "host": os.uname().nodename}

    def claim(self, *, pid: int, ticks: int, boot_id: str) -> None:
        """Records this process as the run's supervisor."""

        def write(db: sqlite3.Connection) -> None:
            pipelines.claim(db, self._plan.run_id, host=self._owner["host"], pid=pid, ticks=ticks, boot_id=boot_id)

        self._write(write)

    def start(
        self,
        stage: Stage,
        run_id: str,
        *,
        pid: int,
        ticks: int,
        attempt: int,
        holding: Holding,
        deps: Mapping[str, Entry],
        params: Mapping[str, Mapping[str, Any]],
    ) -> None:
        """Records that a stage's process group is there: its own run, params, inputs, process and share."""
        now = time.time()

        def write(db: sqlite3.Connection) -> None:
            runs.create(
                db,
                run_id=run_id,
                name=storable(stage.name),
                experiment=self._plan.experiment,
                kind="stage",
                parent_run_id=self._plan.run_id,
                started_at=now,
                pid=pid,
                source=storable(stage.command.splitlines()[0]),
                cwd=storable(stage.wdir),
                **self._owner,
                **self._plan.code,
            )
            if params:
                runs.set_params(db, run_id, shown_params(params))
            for path, item in deps.items():
                datasets.use(db, run_id, _dataset(stage.path(path), item), "input")
            pipelines.update_stage(
                db,
                self._plan.run_id,
                stage.name,
                run_id=run_id,
                state=StageState.RUNNING,
                attempt=attempt,
                pid=pid,
                process_ticks=ticks,
                started_at=now,
                ended_at=None,
                retry_at=None,
                exit_code=None,
                error="",
                holding=None if holding.is_empty else holding.as_json(),
                inputs=[_file(stage.path(path), item) for path, item in deps.items()],
            )

        self._write(write)

    def finish(self, endings: Sequence[Ending]) -> None:
        """Records how stages that had started ended, in one transaction."""

        def write(db: sqlite3.Connection) -> None:
            for ending in endings:
                self._finish(db, ending)

        self._write(write)

    def _finish(self, db: sqlite3.Connection, ending: Ending) -> None:
        stage, run_id = ending.stage, ending.run_id
        if ending.values:
            logged = {key for (key,) in db.execute(_LOGGED_KEYS, (run_id,))}
            fresh = [(key, 0, ending.at, value) for key, value in ending.values.items() if key not in logged]
            metrics.write(db, run_id, fresh)
        for path, item in ending.outs.items():
            datasets.use(db, run_id, _dataset(stage.path(path), item), "output")
        error = storable(ending.error)
        # a traceback that the script has logged itself says more than the tail of its output
        has_error = error and db.execute("SELECT error FROM runs WHERE run_id = ?", (run_id,)).fetchone()[0]
        runs.finish(db, run_id, _RUN_STATUS[ending.state], ending.at, ending.exit_code, "" if has_error else error)
        pipelines.update_stage(
            db,
            self._plan.run_id,
            stage.name,
            state=ending.state,
            exit_code=ending.exit_code,
            ended_at=ending.at,
            outputs=[_file(stage.path(path), item) for path, item in ending.outs.items()],
            error=error,
        )
        if ending.state is StageState.FAILED:
            self._event(db, "stage.failed", f"stage {stage.name} failed: {error.partition(chr(10))[0]}")

    def sample(self, run_id: str, figures: Sequence[tuple[str, float]]) -> None:
        """Adds what a stage uses to its own run, as its next step; left out while the store cannot be written."""
        now = time.time()
        try:
            with self._transaction() as db:
                (step,) = db.execute(_NEXT_SAMPLE, (run_id,)).fetchone()
                metrics.write(db, run_id, [(key, step, now, value) for key, value in figures])
        except (StoreFull, StoreBusy):
            return  # a gap in a curve is nothing to hold up a run for

    def retry(self, ending: Ending, retry_at: float) -> None:
        """Records that an attempt of a stage has failed, and when the next one may begin."""
        error = storable(ending.error)

        def write(db: sqlite3.Connection) -> None:
            runs.finish(db, ending.run_id, "FAILED", ending.at, ending.exit_code, error)
            pipelines.retry_stage(
                db,
                self._plan.run_id,
                ending.stage.name,
                retry_at=retry_at,
                exit_code=ending.exit_code,
                ended_at=ending.at,
                error=error,
            )
            reason = error.partition(chr(10))[0]
            self._event(db, "stage.retry", f"stage {ending.stage.name} failed and will be tried again: {reason}")

        self._write(write)

    def share(self, choose: Callable[[list[Holding]], tuple[str, Holding] | None]) -> None:
        """Lets a stage be chosen while no other run can choose one, and records its share of the machine.

        Args:
            choose: Gets what stages of other runs have; returns the stage and what it takes, None for none.
        """

        def write(db: sqlite3.Connection) -> None:
            others = [tokens.from_json(one) for one in pipelines.holdings(db, self._owner["host"], self._plan.run_id)]
            chosen = choose(others)
            if chosen is not None:
                name, holding = chosen
                pipelines.update_stage(db, self._plan.run_id, name, holding=holding.as_json())

        self._write(write)

    def drop(self, run_id: str, reason: str) -> None:
        """Ends a stage's run that came to nothing; the stage itself goes on."""
        self._write(lambda db: runs.finish(db, run_id, "KILLED", time.time(), error=reason))

    def restore(self, stage: Stage, *, deps: Mapping[str, Entry], outs: Mapping[str, Entry]) -> None:
        """Records that a stage's outputs came from the cache."""

        def write(db: sqlite3.Connection) -> None:
            pipelines.update_stage(
                db,
                self._plan.run_id,
                stage.name,
                state=StageState.RESTORED,
                inputs=[_file(stage.path(path), item) for path, item in deps.items()],
                outputs=[_file(stage.path(path), item) for path, item in outs.items()],
            )

        self._write(write)

    def settle(self, stages: Sequence[str], state: StageState, error: str = "") -> None:
        """Records the end of stages that did not start."""

        def write(db: sqlite3.Connection) -> None:
            for stage in stages:
                pipelines.update_stage(db, self._plan.run_id, stage, state=state, error=storable(error))
                if state is StageState.FAILED:
                    self._event(db, "stage.failed", f"stage {stage} failed: {error}")

        self._write(write)

    def end(
        self,
        state: PipelineState,
        *,
        params: Mapping[str, Mapping[str, Any]],
        values: Mapping[str, float],
        inputs: Mapping[str, Entry],
        outputs: Mapping[str, Entry],
        error: str = "",
    ) -> None:
        """Records the end of the pipeline run, with the params, metrics and files of all its stages."""
        now = time.time()
        run_id = self._plan.run_id

        def write(db: sqlite3.Connection) -> None:
            runs.set_params(db, run_id, shown_params(params))
            metrics.write(db, run_id, [(key, 0, now, value) for key, value in values.items()])
            for context, files in (("input", inputs), ("output", outputs)):
                for path, item in files.items():
                    datasets.use(db, run_id, _dataset(path, item), context)
            runs.finish(db, run_id, _RUN_STATUS[state], now, error=storable(error))
            pipelines.set_state(db, run_id, state)
            self._event(db, f"pipeline.{state}", f"the pipeline run has {_PAST[state]}")

        self._write(write)

    def give_up(self, reason: str) -> None:
        """Records that the supervisor itself has failed, so that nobody waits for it."""
        now = time.time()
        run_id = self._plan.run_id

        def write(db: sqlite3.Connection) -> None:
            for stage in pipelines.get(db, run_id).stages:
                if stage.state is StageState.RUNNING and stage.run_id is not None:
                    runs.finish(db, stage.run_id, "KILLED", now, error=storable(reason))
            for state in (StageState.RUNNING, StageState.WAITING):
                ended = StageState.FAILED if state is StageState.RUNNING else StageState.SKIPPED
                pipelines.end_stages(db, run_id, state, ended, storable(reason))
            runs.finish(db, run_id, "FAILED", now, error=storable(reason))
            pipelines.set_state(db, run_id, PipelineState.FAILED)
            self._event(db, "pipeline.failed", reason)

        self._write(write)

    def describe(self, **attributes: Any) -> None:
        """Adds attributes to the pipeline run's row in ``runs``."""
        self._write(lambda db: runs.update(db, self._plan.run_id, **attributes))

    def remark(self, kind: str, message: str) -> None:
        """Adds an event about the pipeline run."""
        self._write(lambda db: self._event(db, kind, message))

    def _event(self, db: sqlite3.Connection, kind: str, message: str) -> None:
        events.add(db, kind, f"run:{self._plan.run_id}", storable(message))

    def _write(self, act: Callable[[sqlite3.Connection], _Result]) -> _Result:
        deadline = time.monotonic() + _PATIENCE_S
        while True:
            try:
                with self._transaction() as db:
                    return act(db)
            except (StoreFull, StoreBusy):
                if time.monotonic() > deadline:
                    raise
            time.sleep(_RETRY_S)

    @contextmanager
    def _transaction(self) -> Iterator[sqlite3.Connection]:
        # SQLite lets waiting writers sleep; threads of one process hand the lock on without that
        with self._mutex, self._store.write() as db:
            yield db


_NEXT_SAMPLE = (
    "SELECT coalesce(max(m.last_step) + 1, 0) FROM metrics m JOIN keys k ON k.id = m.key_id "
    "WHERE m.run_id = (SELECT id FROM runs WHERE run_id = ?) AND k.name LIKE 'system/%'"
)
_LOGGED_KEYS = (
    "SELECT k.name FROM metrics m JOIN keys k ON k.id = m.key_id "
    "WHERE m.run_id = (SELECT id FROM runs WHERE run_id = ?)"
)
_PAST = {PipelineState.FINISHED: "finished", PipelineState.FAILED: "failed", PipelineState.STOPPED: "been stopped"}


def shown_params(params: Mapping[str, Mapping[str, Any]]) -> dict[str, str]:
    """Params of several files as a run keeps them: flat keys, those of other files than params.yaml where free."""
    shown: dict[str, str] = {}
    for file in sorted(params, key=lambda name: (name != DEFAULT_FILE, name)):
        for key, value in params[file].items():
            for leaf, content in flatten(value, key).items():
                name = leaf if leaf not in shown else f"{file}/{leaf}"
                shown[storable(name)] = storable(_text(content))
    return shown


def _text(value: Any) -> str:
    if value is None or isinstance(value, bool):
        return {None: "null", True: "true", False: "false"}[value]
    if isinstance(value, list | tuple | dict):
        import json

        return json.dumps(value, default=str)
    return str(value)


def _dataset(path: str, item: Entry) -> Dataset:
    return Dataset(storable(path), item["md5"], storable(path), item.get("size"), item.get("nfiles"))


def _file(path: str, item: Entry) -> dict[str, Any]:
    return {"path": path, "md5": item["md5"], "size_bytes": item.get("size")}
