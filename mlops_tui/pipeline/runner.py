"""Runs one stage at a time per caller: looks whether it is stale, starts its commands, waits, and records what it made.

Called by the supervisor's worker threads. Every stage is a process group of its own; ``stop`` ends those that run.
"""

from __future__ import annotations

import os
import signal
import threading
import time
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass, field

from mlops_store import ids
from mlops_store.errors import MlopsError
from mlops_store.records import StageRun, StageState
from mlops_tui import quantities
from mlops_tui.pipeline import groups, logs, metric_files, plan, results, shell, snapshots, state
from mlops_tui.pipeline.ahead import Ahead, Leader
from mlops_tui.pipeline.endings import DELAY_S, Ending, Endings
from mlops_tui.pipeline.lock import Entry
from mlops_tui.pipeline.loopback import Loopback
from mlops_tui.pipeline.options import DEFAULT, LOCAL, Options
from mlops_tui.pipeline.recording import Recorder
from mlops_tui.pipeline.sampling import Group
from mlops_tui.pipeline.snapshots import Snapshot, StageFailed
from mlops_tui.pipeline.spec import Stage
from mlops_tui.pipeline.tokens import Holding
from mlops_tui.project import Project

#: Seconds between TERM and KILL.
GRACE_S = 5.0
_TAIL_LINES = 20
_TAIL_CHARACTERS = 4_000


@dataclass(frozen=True, slots=True)
class Turn:
    """A stage's turn to run.

    Attributes:
        attempt: Its number; the first is 1.
        holding: What the stage has for itself.
        is_forced: Whether it is to run even if it is up to date.
        following: The stage that will probably have the next turn.
    """

    attempt: int = 1
    holding: Holding = field(default_factory=Holding)
    is_forced: bool = False
    following: Stage | None = None


class Runner:
    """Runs stages of one pipeline run.

    Args:
        project: The project.
        the_plan: What is run.
        recorder: Where it is recorded.
        inputs: The judge of what is stale; shared by all threads.
        fold: Stores what scripts have logged so far.
        loopback: Where scripts log that use MLflow.

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
        loopback: Loopback,
    ) -> None:
        self._project = project
        self._plan = the_plan
        self._recorder = recorder
        self._inputs = inputs
        self._fold = fold
        self._loopback = loopback
        self.endings = Endings(recorder, inputs.locks)
        self._ahead = Ahead(lambda stage: self._leader(stage, Turn()))
        self._is_quick = False
        self._mutex = threading.Lock()
        self._running: dict[str, tuple[int, int, str]] = {}
        self._stopped: set[str] = set()
        self._timed_out: set[str] = set()
        self._is_stopping = False

    def run(self, stage: Stage, turn: Turn) -> StageState:
        """Brings a stage up to date and returns how that ended; never raises for what the stage does.

        Returns:
            The final state, or 'waiting' when it has failed and is to be tried again after its wait.
        """
        try:
            how = self._run(stage, turn)
        finally:
            self._ahead.drop(stage)  # it may not have been needed
        if not how.is_good and turn.following is not None:
            self._ahead.drop(turn.following)
        return how

    def _run(self, stage: Stage, turn: Turn) -> StageState:
        try:
            if not turn.is_forced and not state.changes(self._inputs, stage):
                self._recorder.settle([stage.name], StageState.CACHED)
                return StageState.CACHED
            if stage.is_frozen:
                return self._keep(stage)
            snapshot = snapshots.take(self._inputs, stage)
            if not turn.is_forced and results.restore(self._inputs, stage, snapshot, use_runs=self._plan.run_cache):
                outs = self._save(stage, snapshot)
                self._recorder.restore(stage, deps=snapshot.deps, outs=outs)
                return StageState.RESTORED
            results.clear(self._project.root, stage)
            leader = self._start(stage, snapshot, turn)
        except (StageFailed, MlopsError, OSError) as error:
            self._recorder.settle([stage.name], StageState.FAILED, _sentence(error))
            return StageState.FAILED
        started, run_id = leader.started, leader.run_id
        self._watch(stage, started.pid, started.ticks, run_id)
        started.go()
        self._use_the_time(started, turn.following)
        timeout_s = self._options(stage).timeout_s
        if timeout_s is not None and not started.ends_within(timeout_s):
            self._time_out(stage, started.pid, started.ticks, run_id)
        code = started.wait()
        if code > 128 and not self._is_stopping:
            # the leader was killed: what it had started must not go on writing outputs
            groups.end(started.pid, started.ticks, run_id, GRACE_S)
        return self._conclude(stage, run_id, snapshot, code, turn.attempt)

    def _use_the_time(self, started: shell.Started, following: Stage | None) -> None:
        """Prepares the following stage if these commands may end at once too; writes what has ended if they do not."""
        if following is not None and self._is_quick:
            self._ahead.prepare(following)
        self._is_quick = started.ends_within(DELAY_S)
        if not self._is_quick:
            if following is not None:
                self._ahead.drop(following)
            self.endings.flush()

    def resume(self, stage: Stage, turn: Turn, recorded: StageRun, ticks: int, *, is_same_boot: bool) -> StageState:
        """Follows a stage that an earlier supervisor had started, to its end, and records that; see ``run``."""
        assert recorded.run_id is not None
        run_id, pid, attempt = recorded.run_id, recorded.pid or 0, turn.attempt
        exit_path = self._file(stage, f"{run_id}.exit")
        if is_same_boot and pid and groups.is_alive(pid, ticks, run_id):
            self._watch(stage, pid, ticks, run_id)
            timeout_s = self._options(stage).timeout_s
            left_s = None if timeout_s is None else max(0.0, timeout_s - groups.age_s(ticks))
            if not groups.follow(pid, ticks, left_s):
                self._time_out(stage, pid, ticks, run_id)
            elif shell.exit_code(exit_path) is None:
                groups.end(pid, ticks, run_id, GRACE_S)  # the leader was killed; see ``run``
        if self._is_stopping:
            self._stopped.add(stage.name)  # by the supervisor before this one
        if shell.never_began(exit_path) and is_same_boot:
            return self._begin_again(stage, turn, run_id)
        code = shell.exit_code(exit_path)
        if code is None:
            return self._lost(stage, run_id, attempt, is_same_boot=is_same_boot)
        try:
            snapshot = snapshots.load(self._file(stage, "start"))
        except (OSError, ValueError):
            return self._lost(stage, run_id, attempt, is_same_boot=is_same_boot)
        return self._conclude(stage, run_id, snapshot, code, attempt)

    def retry_wait_s(self, stage: Stage, attempt: int) -> float:
        """Seconds between a failed attempt of a stage and the next one."""
        return self._options(stage).retries.wait_s(attempt)

    def _begin_again(self, stage: Stage, turn: Turn, run_id: str) -> StageState:
        """Runs a stage whose supervisor was killed before its commands had begun."""
        with self._mutex:
            self._running.pop(stage.name, None)
            is_stopping = self._is_stopping
        self._recorder.drop(run_id, "the supervisor was killed before this began")
        if is_stopping:
            self._recorder.settle([stage.name], StageState.STOPPED, "stopped")
            return StageState.STOPPED
        return self.run(stage, turn)

    def _time_out(self, stage: Stage, pid: int, ticks: int, run_id: str) -> None:
        """Ends a stage that takes too long, and leaves a mark for the supervisor that may have to conclude it."""
        self._timed_out.add(run_id)
        with suppress(OSError), open(self._file(stage, f"{run_id}.timeout"), "w", encoding="ascii"):
            pass  # on a full disk only this supervisor knows
        groups.end(pid, ticks, run_id, GRACE_S)

    def stop_as_before(self) -> None:
        """Takes over a stop that was requested, and perhaps begun, before this process."""
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
        self._save(stage, snapshots.take(self._inputs, stage))
        self._recorder.settle([stage.name], StageState.CACHED)
        return StageState.CACHED

    def _save(self, stage: Stage, snapshot: Snapshot) -> dict[str, Entry]:
        """Records what is there as what the stage makes of its inputs; returns the lock's words for it."""
        entry, outs = results.commit(self._inputs, stage, snapshot, lambda: self._is_stopping)
        self.endings.put([(stage, entry)])
        return outs

    def _start(self, stage: Stage, snapshot: Snapshot, turn: Turn) -> Leader:
        """A leader that is recorded as the stage's, and waits for ``go``."""
        snapshots.save(self._file(stage, "start"), snapshot)
        if turn.attempt > 1:
            times = self._options(stage).retries.times
            logs.separate(self._file(stage, "log"), f"--- attempt {turn.attempt} of {times + 1} ---")
        leader = self._ahead.take(stage) or self._leader(stage, turn)
        try:
            self._recorder.start(
                stage,
                leader.run_id,
                pid=leader.started.pid,
                ticks=leader.started.ticks,
                attempt=turn.attempt,
                holding=turn.holding,
                deps=snapshot.deps,
                params=snapshot.params,
            )
        except BaseException:
            leader.started.cancel()
            raise
        return leader

    def _leader(self, stage: Stage, turn: Turn) -> Leader:
        run_id = ids.new_id()
        options = self._options(stage)
        started = shell.start(
            stage.commands,
            directory=os.path.join(self._project.root, stage.wdir),
            log_path=self._file(stage, "log"),
            # a name of its own: the shell of a supervisor that was killed may still be about to write its file
            exit_path=self._file(stage, f"{run_id}.exit"),
            environment=self._environment(stage, run_id, options, turn),
            executor=self._plan.executors.get(options.executor),
        )
        return Leader(started, run_id)

    def _conclude(self, stage: Stage, run_id: str, snapshot: Snapshot, code: int, attempt: int) -> StageState:
        """Records the end of a stage's commands; a success becomes an entry of the lock."""
        self._fold()
        with self._mutex:
            self._running.pop(stage.name, None)
            # one that was asked to stop never leaves 0: see ``shell``
            is_stopped = code != 0 and stage.name in self._stopped
        if is_stopped:
            return self._ended_badly(stage, run_id, StageState.STOPPED, code, "stopped")
        if self._is_timed_out(stage, run_id):
            return self._failed(stage, run_id, attempt, code, self._limit(stage))
        if code != 0:
            return self._failed(stage, run_id, attempt, code, _exit(code))
        try:
            entry, outs = results.commit(self._inputs, stage, snapshot, lambda: self._is_stopping)
        except (StageFailed, MlopsError, OSError) as error:
            return self._failed(stage, run_id, attempt, code, _sentence(error))
        values, problems = metric_files.read(self._project.root, stage)
        for problem in problems:
            self._recorder.remark("stage.metrics", problem)
        self.endings.add(Ending(stage, run_id, StageState.DONE, code, time.time(), outs, values, entry=entry))
        return StageState.DONE

    def _failed(self, stage: Stage, run_id: str, attempt: int, code: int | None, message: str) -> StageState:
        """Records that an attempt has failed; 'waiting' when there will be another."""
        with self._mutex:
            is_stopping = self._is_stopping
        if is_stopping or attempt > self._options(stage).retries.times:
            return self._ended_badly(stage, run_id, StageState.FAILED, code, message)
        ending = self._bad_ending(stage, run_id, StageState.FAILED, code, message)
        self._recorder.retry(ending, ending.at + self.retry_wait_s(stage, attempt))
        return StageState.WAITING

    def _ended_badly(self, stage: Stage, run_id: str, how: StageState, code: int | None, message: str) -> StageState:
        self.endings.add(self._bad_ending(stage, run_id, how, code, message))
        return how

    def _bad_ending(self, stage: Stage, run_id: str, how: StageState, code: int | None, message: str) -> Ending:
        last = "\n".join(logs.tail(self._file(stage, "log"), _TAIL_LINES, limit_bytes=1 << 16))
        error = f"{message}\n{last[-_TAIL_CHARACTERS:]}".rstrip()
        return Ending(stage, run_id, how, code, time.time(), error=error)

    def _lost(self, stage: Stage, run_id: str, attempt: int, *, is_same_boot: bool) -> StageState:
        with self._mutex:
            self._running.pop(stage.name, None)
            is_stopping = self._is_stopping
        if is_stopping:
            return self._ended_badly(stage, run_id, StageState.STOPPED, None, "stopped")
        if self._is_timed_out(stage, run_id):
            return self._failed(stage, run_id, attempt, None, self._limit(stage))
        if is_same_boot:
            return self._failed(stage, run_id, attempt, None, "was killed together with its supervisor")
        how = "was cut off when the machine restarted"
        return self._ended_badly(stage, run_id, StageState.FAILED, None, how)

    def _is_timed_out(self, stage: Stage, run_id: str) -> bool:
        return run_id in self._timed_out or os.path.exists(self._file(stage, f"{run_id}.timeout"))

    def _limit(self, stage: Stage) -> str:
        return f"timed out after {quantities.time_text(self._options(stage).timeout_s or 0.0)}"

    def _options(self, stage: Stage) -> Options:
        return self._plan.options.get(stage.name, DEFAULT)

    def _environment(self, stage: Stage, run_id: str, options: Options, turn: Turn) -> dict[str, str]:
        environment = dict(os.environ)
        environment.setdefault("PYTHONUNBUFFERED", "1")  # else a log shows nothing until the script's end
        environment.update(options.environment)
        if turn.holding.gpus:
            environment["CUDA_VISIBLE_DEVICES"] = ",".join(turn.holding.gpus)
        environment.update(
            MLOPS_PROJECT=self._project.main_root,  # scripts log to the store
            MLOPS_RUN_ID=run_id,
            MLOPS_EXPERIMENT=self._plan.experiment,
            MLOPS_STAGE=stage.name,
            DVC_ROOT=self._project.root,
            DVC_STAGE=stage.name,
            MLOPS_ATTEMPT=str(turn.attempt),
        )
        # other machines cannot reach this one's loopback
        return self._loopback.environment(run_id, environment) if options.executor == LOCAL else environment

    def _file(self, stage: Stage, ending: str) -> str:
        return plan.stage_file(self._project, self._plan.run_id, stage.name, ending)


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
