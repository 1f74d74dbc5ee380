"""The process that a pipeline run belongs to: ``python -m mlops_tui.pipeline.supervisor ROOT RUN_ID LOCK``.

It has a session of its own and holds the project's pipeline lock for as long as it lives. Worker threads run the
stages; the main thread stores what scripts log and listens for a stop. When it is killed, its stages go on, and the
next supervisor of the run (``control.recover`` starts one) follows them to their end and continues.
"""

from __future__ import annotations

import os
import signal
import sys
import threading
import time
from collections import deque
from contextlib import suppress
from types import FrameType

from mlops_store import pipelines, processes, queue
from mlops_store.errors import MlopsError
from mlops_store.records import PipelineRun, PipelineState, StageRun, StageState
from mlops_store.store import Store
from mlops_tui.pipeline import launch, plan, request, summary, tokens, turns
from mlops_tui.pipeline.loopback import Loopback
from mlops_tui.pipeline.recording import Recorder
from mlops_tui.pipeline.runner import Runner, Turn
from mlops_tui.pipeline.sampling import Sampler
from mlops_tui.pipeline.schedule import Schedule
from mlops_tui.pipeline.spec import Stage
from mlops_tui.pipeline.state import Inputs
from mlops_tui.pipeline.tokens import Holding
from mlops_tui.project import Project

_LOOK_EVERY_S = 0.25
_SETTLED_S = 0.06
_STOP_REQUESTED = "SELECT stop_requested_at FROM pipeline_runs WHERE run_id = (SELECT id FROM runs WHERE run_id = ?)"


class Supervisor:
    """Runs a plan to its end, or takes up where a supervisor before it was killed.

    Args:
        project: The project.
        the_plan: What is to be run.
        store: The project's store.
        recorder: Writes to it.
    """

    def __init__(self, project: Project, the_plan: plan.Plan, store: Store, recorder: Recorder) -> None:
        self._project = project
        self._plan = the_plan
        self._store = store
        self._recorder = recorder
        self._inputs = Inputs(project)
        self._loopback = Loopback(project, the_plan)
        self._runner = Runner(project, the_plan, recorder, self._inputs, self._fold, self._loopback)
        self._sampler = Sampler(recorder.sample)
        mutex = threading.RLock()  # guards the schedule, what is left and the problem
        self._changed = threading.Condition(mutex)
        # what the main thread waits for: it would only be in the way if it woke at each stage's end
        self._over = threading.Condition(mutex)
        run = pipelines.get(store.read(), the_plan.run_id)
        self._schedule = Schedule(
            the_plan,
            {stage.stage: stage.state for stage in run.stages},
            {stage.stage: tokens.from_json(stage.holding) for stage in run.stages if stage.holding is not None},
            {stage.stage: stage.attempt for stage in run.stages},
            {stage.stage: self._ready_at(stage, stage.retry_at) for stage in run.stages if stage.retry_at is not None},
        )
        self._left = deque(stage for stage in run.stages if stage.state is StageState.RUNNING)
        self._ticks = {one.stage: one.ticks for one in pipelines.processes(store.read(), the_plan.run_id)}
        self._problem: BaseException | None = None
        self._data_version = -1
        self._is_stopping = run.stop_requested_at is not None
        self._is_same_boot = self._take_over(run)

    def supervise(self) -> PipelineState:
        """Runs or resumes every stage that is not final yet; returns how the pipeline run ended."""
        self._save_data()
        count = max(self._plan.jobs, len(self._left))
        threads = [threading.Thread(target=self._work, daemon=True) for _ in range(count)]
        for thread in threads:
            thread.start()
        self._describe_code()
        try:
            self._look_after()
        except Exception as error:
            with self._changed:
                self._problem = error
                self._changed.notify_all()
            self._runner.stop()  # nobody would follow the stages that run
        for thread in threads:
            while thread.is_alive():
                thread.join(_LOOK_EVERY_S)
                if self._problem is not None and self._wants_stop():
                    self._runner.stop()  # what still runs after a problem is let end unless somebody minds
        self._loopback.close()
        if self._problem is not None:
            raise self._problem
        return self._conclude()

    def _look_after(self) -> None:
        while not self._is_done():
            self._fold()
            self._runner.endings.flush_due()
            self._sampler.look(self._runner.running)
            if problem := self._loopback.look():
                self._recorder.remark("stage.mlflow", problem)
            if self._wants_stop():
                self._stop()
            with self._over:
                self._over.wait_for(lambda: self._is_done() or self._is_stopping, timeout=_LOOK_EVERY_S)

    def request_stop(self, *_: object) -> None:
        """Asks for a stop; safe to call from a signal handler."""
        self._is_stopping = True

    def _ready_at(self, stage: StageRun, retry_at: float) -> float:
        """When a stage that an earlier supervisor let wait may start again, on this process's clock."""
        # the wall clock may have been set meanwhile: it is never longer than the wait was to be
        longest_s = self._plan.options[stage.stage].retries.wait_s(stage.attempt)
        return time.monotonic() + min(max(0.0, retry_at - time.time()), longest_s)

    def _take_over(self, run: PipelineRun) -> bool:
        """Records this process as the supervisor; returns whether the machine is still up since the last one."""
        me = processes.identity()
        is_same_boot = run.boot_id in ("", me["boot_id"])
        # all of this comes before the claim, after which nobody would know about the supervisor before this one
        if run.supervisor_pid is not None:
            from mlops_tui.pipeline import leftovers

            leftovers.sweep(self._project, self._plan.stages, self._inputs.cache.directory, run.supervisor_pid)
        self._settle(self._schedule.skip_unreachable(), StageState.SKIPPED, "a stage failed")
        if not is_same_boot:
            self._settle(self._schedule.stop(), StageState.SKIPPED, "the machine restarted")
        self._recorder.claim(pid=os.getpid(), ticks=int(str(me["ticks"])), boot_id=str(me["boot_id"]))
        if run.stop_requested_at is not None:
            # before any thread can find the stage that runs stopped, and take what waits for skipped because of that
            self._settle(self._schedule.stop(), StageState.STOPPED, "stopped")
            self._runner.stop_as_before()
        return is_same_boot

    # Worker threads

    def _work(self) -> None:
        try:
            while (left := self._next_left()) is not None:
                stage = next(stage for stage in self._plan.stages if stage.name == left.stage)
                ticks, turn = self._ticks.get(left.stage, 0), self._turn(stage)
                self._ended(stage, self._runner.resume(stage, turn, left, ticks, is_same_boot=self._is_same_boot))
            while (stage_ := self._next(wait=False) or self._next_after_writing()) is not None:
                self._ended(stage_, self._runner.run(stage_, self._turn(stage_)))
        except BaseException as error:
            with self._changed:
                self._problem = error
                self._changed.notify_all()
                self._over.notify_all()
        finally:
            self._store.close_thread()

    def _next_left(self) -> StageRun | None:
        with self._changed:
            return self._left.popleft() if self._left else None

    def _next_after_writing(self) -> Stage | None:
        """The next stage, where there is none at once: what has ended is written before waiting for it."""
        self._runner.endings.flush()
        return self._next(wait=True)

    def _next(self, *, wait: bool) -> Stage | None:
        """The next stage whose needs are met; None when there will be none, or without ``wait`` none now."""
        with self._changed:
            while self._problem is None and self._schedule.has_waiting:
                if not self._is_stopping and (stage := self._take()) is not None:
                    return stage
                if not wait:
                    return None
                self._changed.wait(self._schedule.wait_s(time.monotonic()))
            return None

    def _take(self) -> Stage | None:
        """The next stage, chosen while no other run can choose one where they share the machine."""
        if not self._schedule.is_sharing:
            return self._schedule.take(time.monotonic())
        taken: list[Stage] = []

        def choose(others: list[Holding]) -> tuple[str, Holding] | None:
            # called again where the record had no room: what was taken then stays taken
            if not taken and (stage := self._schedule.take(time.monotonic(), others)) is not None:
                taken.append(stage)
            return (taken[0].name, self._schedule.holding(taken[0].name)) if taken else None

        self._recorder.share(choose)
        return taken[0] if taken else None

    def _turn(self, stage: Stage) -> Turn:
        with self._changed:
            schedule = self._schedule
            name = stage.name
            return Turn(
                max(1, schedule.attempt(name)),
                schedule.holding(name),
                schedule.is_forced(name),
                schedule.following(name),
            )

    def _ended(self, stage: Stage, state: StageState) -> None:
        with self._changed:
            if state is StageState.WAITING:
                wait_s = self._runner.retry_wait_s(stage, self._schedule.attempt(stage.name))
                skipped = self._schedule.retry(stage.name, time.monotonic() + wait_s)
                state = self._schedule.states[stage.name]
                if state.is_final:  # the run has come to its end meanwhile
                    self._settle([stage.name], state, "failed, and was not tried again")
            else:
                skipped = self._schedule.end(stage.name, state)
            self._changed.notify_all()
            if self._is_done():
                self._over.notify_all()
        reason = "stopped" if state is StageState.STOPPED else f"stage {stage.name} failed"
        self._settle(skipped, StageState.SKIPPED, reason)

    def _settle(self, names: list[str], state: StageState, reason: str) -> None:
        if names:
            self._recorder.settle(names, state, reason)

    # Main thread

    def _save_data(self) -> None:
        """Saves the changed data that the plan names; what cannot be saved is a remark, and stays as it is."""
        if not self._plan.sources:
            return
        from mlops_tui.pipeline import sources

        for name in self._plan.sources:
            if self._is_stopping:
                return
            try:
                sources.save(self._inputs, name)
            except (MlopsError, OSError) as error:
                reason = error.message if isinstance(error, MlopsError) else str(error)
                self._recorder.remark("data.unsaved", f"the data of {name} is not saved: {reason}")

    def _is_done(self) -> bool:
        return self._problem is not None or self._schedule.is_done

    def _wants_stop(self) -> bool:
        version = self._store.data_version()
        if version != self._data_version:
            self._data_version = version
            if self._schedule.is_sharing:
                with self._changed:  # another run may have let go of what a stage waits for
                    self._changed.notify_all()
            row = self._store.read().execute(_STOP_REQUESTED, (self._plan.run_id,)).fetchone()
            self._is_stopping = self._is_stopping or row[0] is not None
        return self._is_stopping

    def _stop(self) -> None:
        with self._changed:
            stopped = self._schedule.stop()
            self._changed.notify_all()
        self._runner.stop()  # first: a full disk may keep the rest waiting
        self._settle(stopped, StageState.STOPPED, "stopped")
        with self._over:
            self._over.wait_for(self._is_done)

    def _conclude(self) -> PipelineState:
        self._runner.endings.flush()
        state = self._schedule.outcome
        totals = summary.of(self._inputs, self._plan, self._schedule.states)
        failed = self._schedule.failed
        self._recorder.end(
            state,
            params=totals.params,
            values=totals.metrics,
            inputs=totals.inputs,
            outputs=totals.outputs,
            error=f"failed: {', '.join(failed)}" if failed else "",
        )
        self._inputs.fingerprints.flush()
        return state

    def _fold(self) -> None:
        """Stores what scripts have logged. Its import is left to runs whose scripts log."""
        if not self._project.has_journals:
            return
        from mlops_store import fold

        try:
            fold.fold(self._store, self._project.journals_dir)
        except (MlopsError, OSError) as error:
            with suppress(OSError):  # it may be the disk of the log that is full
                print(error, file=sys.stderr)  # noqa: T201 the supervisor's own log

    def _describe_code(self) -> None:
        """Adds the working tree's difference from its commit to the pipeline run, as soon as git tells it."""
        if not self._plan.code.get("git_commit"):
            return

        def look() -> None:
            from mlops_tui.tracking import git

            difference = git.diff(self._project.main_root)
            if difference is not None:
                self._recorder.describe(git_dirty=int(bool(difference)), git_diff=difference)
            self._store.close_thread()

        threading.Thread(target=look, daemon=True).start()


def main(arguments: list[str]) -> int:
    """Supervises the run that the arguments name, until it has ended; one that was waiting is begun first.

    Args:
        arguments: The project's root, the run's id, and the descriptor of the locked lock file.
    """
    root, run_id, lock = arguments
    os.set_inheritable(int(lock), False)
    project = Project(root)
    signal.signal(signal.SIGHUP, _ignore)  # not SIG_IGN, which the stages would inherit
    with Store(project.store_path) as store:
        has_work = _begin(store, project, run_id)
        state = _supervise(store, project, run_id) if has_work else PipelineState.FINISHED
        os.close(int(lock))  # whoever waits for the run need not wait for this
        turns.advance(project, store)
    if has_work and state is PipelineState.FINISHED and not os.path.isdir(project.workspace(run_id).state_dir):
        _look_again(project)
    _fire_triggers(project)
    return 0 if state is PipelineState.FINISHED else 1


def _begin(store: Store, project: Project, run_id: str) -> bool:
    """Begins the run if it was waiting; returns whether there is anything to supervise."""
    entry = queue.find(store.read(), run_id)
    if entry is None:
        return pipelines.is_live(store.read(), run_id)
    asked = request.from_json(entry.request)
    place = project.workspace(run_id) if asked.in_workspace else project
    try:
        if asked.in_workspace:
            from mlops_tui.pipeline import filling, spec

            filling.fill(project, place, spec.load(place), Inputs(place))
        return launch.record(store, place, asked, entry.name, run_id, was_waiting=True)
    except (MlopsError, OSError) as error:
        if queue.find(store.read(), run_id) is None:
            return False  # somebody has taken it out meanwhile, its copy with it
        print(error, file=sys.stderr)  # noqa: T201 the supervisor's own log
        launch.record_failure(store, place, asked, entry.name, run_id, f"could not be started: {error}")
        return False


def _supervise(store: Store, project: Project, run_id: str) -> PipelineState:
    recorder = Recorder(store, plan.empty(run_id))
    try:
        the_plan = plan.load(project, run_id)
        recorder = Recorder(store, the_plan)
        place = project.workspace(run_id) if the_plan.in_workspace else project
        supervisor = Supervisor(place, the_plan, store, recorder)
        signal.signal(signal.SIGTERM, supervisor.request_stop)
        signal.signal(signal.SIGINT, supervisor.request_stop)
        return supervisor.supervise()
    except Exception as error:
        recorder.give_up(f"the supervisor failed: {error}")
        raise


def _look_again(project: Project) -> None:
    """Judges the finished pipeline once more, when the times of what was just written can be trusted.

    The verdict is kept, so that the next one who asks reads no file again.
    """
    from mlops_tui.pipeline import spec, state

    time.sleep(_SETTLED_S)
    try:
        state.status(project, spec.load(project))
    except (MlopsError, OSError):
        return  # edited meanwhile: that is for whoever asks next


def _fire_triggers(project: Project) -> None:
    """Fires what became due while the run kept the pipeline busy."""
    if not os.path.exists(project.config_path):
        return
    from mlops_tui import config

    try:
        found = config.load(project)
        if found.triggers:
            from mlops_tui.pipeline import firing

            with Store(project.store_path) as store:
                firing.tick(project, store, found)
    except (MlopsError, OSError) as error:
        print(error, file=sys.stderr)  # noqa: T201 the supervisor's own log


def _ignore(number: int, frame: FrameType | None) -> None:
    """Goes on when the terminal is closed."""


if __name__ == "__main__":
    import gc

    gc.set_threshold(50_000)
    code = main(sys.argv[1:])
    sys.stdout.flush()
    sys.stderr.flush()
    os._exit(code)  # nothing is left to do, and taking the interpreter down takes longer than a small stage
