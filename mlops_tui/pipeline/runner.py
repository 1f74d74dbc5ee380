"""Runs one stage at a time per caller: looks whether it is stale, starts its commands, waits, and records what it made.

Called by the supervisor's worker threads. Every stage is a process group of its own; ``stop`` ends those that run.
"""

from __future__ import annotations

import math
import os
import shutil
import signal
import threading
import time
from collections.abc import Callable

from mlops_store import ids
from mlops_store.errors import MlopsError
from mlops_store.records import StageRun, StageState
from mlops_tui.pipeline import groups, logs, metric_files, plan, shell, snapshots, state
from mlops_tui.pipeline.endings import DELAY_S, Ending, Endings
from mlops_tui.pipeline.recording import Recorder
from mlops_tui.pipeline.sampling import Group
from mlops_tui.pipeline.snapshots import Snapshot, StageFailed
from mlops_tui.pipeline.spec import Out, Stage
from mlops_tui.project import Project

#: Seconds between TERM and KILL.
GRACE_S = 5.0
_TAIL_LINES = 20
_TAIL_CHARACTERS = 4_000


class Runner:
    """Runs stages of one pipeline run.

    Args:
        project: The project.
        the_plan: What is run.
        recorder: Where it is recorded.
        inputs: The judge of what is stale; shared by all threads.
        fold: Stores what scripts have logged so far.

    Attributes:
        endings: How stages ended, as far as that is not written down yet.
    """

    def __init__(
        self,
        project: Project,
        the_plan: plan.Plan,
        recorder: Recorder,
        inputs: state.Inputs,
        fold: Callable[[], None],
    ) -> None:
        self._project = project
        self._plan = the_plan
        self._recorder = recorder
        self._inputs = inputs
        self._fold = fold
        self.endings = Endings(recorder, inputs.locks)
        self._mutex = threading.Lock()
        self._running: dict[str, tuple[int, int, str]] = {}
        self._stopped: set[str] = set()
        self._stop_requested_at = math.inf
        self._is_stopping = False

    def run(self, stage: Stage) -> StageState:
        """Brings a stage up to date and returns how that ended; never raises for what the stage does."""
        try:
            if not self._plan.force and not state.changes(self._inputs, stage):
                self._recorder.settle([stage.name], StageState.CACHED)
                return StageState.CACHED
            if stage.is_frozen:
                return self._keep(stage)
            snapshot = snapshots.take(self._inputs, stage)
            self._prepare(stage)
            started, run_id = self._start(stage, snapshot)
        except (StageFailed, MlopsError, OSError) as error:
            self._recorder.settle([stage.name], StageState.FAILED, _sentence(error))
            return StageState.FAILED
        self._watch(stage, started.pid, started.ticks, run_id)
        started.go()
        if not self.endings.is_empty and not started.ends_within(DELAY_S):
            self.endings.flush()
        code = started.wait()
        if code > 128 and not self._is_stopping:
            # the leader was killed: what it had started must not go on writing outputs
            groups.end(started.pid, started.ticks, run_id, GRACE_S)
        return self._conclude(stage, run_id, snapshot, code)

    def resume(self, stage: Stage, recorded: StageRun, ticks: int, *, is_same_boot: bool) -> StageState:
        """Follows a stage that an earlier supervisor had started, to its end, and records that."""
        assert recorded.run_id is not None
        run_id, pid = recorded.run_id, recorded.pid or 0
        if is_same_boot and pid and groups.is_alive(pid, ticks, run_id):
            self._watch(stage, pid, ticks, run_id)
            groups.follow(pid, ticks, run_id)
        if shell.ended_at(self._file(stage, "exit")) > self._stop_requested_at:
            self._stopped.add(stage.name)  # by the supervisor before this one
        if shell.never_began(self._file(stage, "exit")):
            return self._begin_again(stage, run_id)
        code = shell.exit_code(self._file(stage, "exit"))
        if code is None:
            return self._lost(stage, run_id, is_same_boot=is_same_boot)
        try:
            snapshot = snapshots.load(self._file(stage, "start"))
        except (OSError, ValueError):
            return self._lost(stage, run_id, is_same_boot=is_same_boot)
        return self._conclude(stage, run_id, snapshot, code)

    def _begin_again(self, stage: Stage, run_id: str) -> StageState:
        """Runs a stage whose supervisor was killed before its commands had begun."""
        with self._mutex:
            self._running.pop(stage.name, None)
            is_stopping = self._is_stopping
        self._recorder.drop(run_id, "the supervisor was killed before this began")
        if is_stopping:
            self._recorder.settle([stage.name], StageState.STOPPED, "stopped")
            return StageState.STOPPED
        return self.run(stage)

    def stop_as_before(self, requested_at: float) -> None:
        """Takes over a stop that was requested, and perhaps begun, before this process."""
        self._stop_requested_at = requested_at
        self._is_stopping = True

    def stop(self, grace_s: float = GRACE_S) -> None:
        """Ends the stages that run, TERM first, and keeps new ones from beginning; waits ``grace_s`` at most."""
        with self._mutex:
            self._is_stopping = True
            running = list(self._running.values())
            self._stopped.update(name for name, group in self._running.items() if groups.is_alive(*group))
        for pid, ticks, run_id in running:
            groups.send(pid, ticks, run_id, signal.SIGTERM)
        deadline = time.monotonic() + grace_s
        while time.monotonic() < deadline and any(groups.is_alive(*one) for one in running):
            time.sleep(0.02)
        for pid, ticks, run_id in running:
            groups.send(pid, ticks, run_id, signal.SIGKILL)

    @property
    def running(self) -> list[Group]:
        """The process groups of the stages that run now."""
        with self._mutex:
            return [Group(pid, run_id) for pid, _, run_id in self._running.values()]

    def _watch(self, stage: Stage, pid: int, ticks: int, run_id: str) -> None:
        """Lets ``stop`` reach a stage from now on; a stop that came before reaches it at once."""
        with self._mutex:
            self._running[stage.name] = (pid, ticks, run_id)
            if self._is_stopping:
                self._stopped.add(stage.name)
                groups.send(pid, ticks, run_id, signal.SIGTERM)

    def _keep(self, stage: Stage) -> StageState:
        """A frozen stage is never run: what is there is recorded as its state, as DVC does."""
        snapshot = snapshots.take(self._inputs, stage)
        made = snapshots.outputs(self._inputs, stage)
        self._inputs.locks.put([(stage, snapshots.lock_entry(stage, snapshot, made))])
        self._recorder.settle([stage.name], StageState.CACHED)
        return StageState.CACHED

    def _start(self, stage: Stage, snapshot: Snapshot) -> tuple[shell.Started, str]:
        run_id = ids.new_id()
        exit_path = self._file(stage, "exit")
        snapshots.save(self._file(stage, "start"), snapshot)
        if os.path.exists(exit_path):
            os.unlink(exit_path)
        started = shell.start(
            stage.commands,
            directory=os.path.join(self._project.root, stage.wdir),
            log_path=self._file(stage, "log"),
            exit_path=exit_path,
            environment=self._environment(stage, run_id),
        )
        try:
            self._recorder.start(
                stage, run_id, pid=started.pid, ticks=started.ticks, deps=snapshot.deps, params=snapshot.params
            )
        except BaseException:
            started.cancel()
            raise
        return started, run_id

    def _conclude(self, stage: Stage, run_id: str, snapshot: Snapshot, code: int) -> StageState:
        """Records the end of a stage's commands; a success becomes an entry of the lock."""
        self._fold()
        with self._mutex:
            self._running.pop(stage.name, None)
            # one that took the request well and exited with 0 is not complete all the same
            is_stopped = stage.name in self._stopped
        if is_stopped:
            return self._failed(stage, run_id, StageState.STOPPED, code, "stopped")
        if code != 0:
            return self._failed(stage, run_id, StageState.FAILED, code, _exit(code))
        try:
            made = snapshots.outputs(self._inputs, stage)
            if self._inputs.cache is not None:
                for out in stage.outs:
                    if out.cache:
                        path = stage.path(out.path)
                        self._inputs.cache.add(self._project.root, path, made[out.path][1], self._inputs.fingerprints)
            entry = snapshots.lock_entry(stage, snapshots.refreshed(self._inputs, stage, snapshot), made)
        except (StageFailed, MlopsError, OSError) as error:
            return self._failed(stage, run_id, StageState.FAILED, code, _sentence(error))
        values, problems = metric_files.read(self._project.root, stage)
        for problem in problems:
            self._recorder.remark("stage.metrics", problem)
        outs = {path: item for path, (item, _) in made.items()}
        self.endings.add(Ending(stage, run_id, StageState.DONE, code, time.time(), outs, values, entry=entry))
        return StageState.DONE

    def _failed(self, stage: Stage, run_id: str, how: StageState, code: int | None, message: str) -> StageState:
        last = "\n".join(logs.tail(self._file(stage, "log"), _TAIL_LINES, limit_bytes=1 << 16))
        error = f"{message}\n{last[-_TAIL_CHARACTERS:]}".rstrip()
        self.endings.add(Ending(stage, run_id, how, code, time.time(), error=error))
        return how

    def _lost(self, stage: Stage, run_id: str, *, is_same_boot: bool) -> StageState:
        with self._mutex:
            self._running.pop(stage.name, None)
            is_stopping = self._is_stopping
        if is_stopping:
            return self._failed(stage, run_id, StageState.STOPPED, None, "stopped")
        how = "was killed together with its supervisor" if is_same_boot else "was cut off when the machine restarted"
        return self._failed(stage, run_id, StageState.FAILED, None, how)

    def _prepare(self, stage: Stage) -> None:
        """Removes what the stage will make anew; what persists is unlinked from the cache so that it can be written."""
        for out in stage.outs:
            path = os.path.join(self._project.root, stage.path(out.path))
            if out.persist:
                _unlink_from_cache(path, out)
            elif os.path.isdir(path) and not os.path.islink(path):
                shutil.rmtree(path)
            elif os.path.lexists(path):
                os.unlink(path)

    def _environment(self, stage: Stage, run_id: str) -> dict[str, str]:
        environment = dict(os.environ)
        environment.setdefault("PYTHONUNBUFFERED", "1")  # else a log shows nothing until the script's end
        environment.update(
            MLOPS_PROJECT=self._project.root,
            MLOPS_RUN_ID=run_id,
            MLOPS_EXPERIMENT=self._plan.experiment,
            MLOPS_STAGE=stage.name,
            DVC_ROOT=self._project.root,
            DVC_STAGE=stage.name,
        )
        return environment

    def _file(self, stage: Stage, ending: str) -> str:
        return plan.stage_file(self._project, self._plan.run_id, stage.name, ending)


def _unlink_from_cache(path: str, out: Out) -> None:
    """Makes a file that shares its bytes with the cache (a hard or symbolic link) one of its own."""
    if not out.cache or not os.path.lexists(path):
        return
    files = [path]
    if os.path.isdir(path):
        files = [os.path.join(directory, name) for directory, _, names in os.walk(path) for name in names]
    for file in files:
        status = os.lstat(file)
        if os.path.islink(file) or status.st_nlink > 1 or not status.st_mode & 0o200:
            temporary = f"{file}.{os.getpid()}.tmp"
            shutil.copyfile(file, temporary)
            os.chmod(temporary, os.stat(file).st_mode | 0o200)
            os.replace(temporary, file)


def _exit(code: int) -> str:
    if code <= 128:
        return f"exit code {code}"
    try:
        return f"killed by {signal.Signals(code - 128).name} (exit code {code})"
    except ValueError:
        return f"exit code {code}"


def _sentence(error: BaseException) -> str:
    if isinstance(error, MlopsError):
        return error.message
    if isinstance(error, OSError) and error.strerror:
        return f"{error.filename}: {error.strerror}" if error.filename else error.strerror
    return str(error)
