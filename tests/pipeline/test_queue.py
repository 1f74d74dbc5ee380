"""Runs that wait for their turn, and who starts them."""

import os
import signal
import threading
from itertools import pairwise
from pathlib import Path

import pytest
from pipeline_builders import latest, make, stage, states, until
from slow_pipeline import begun, kill_supervisor

from mlops_store import ids, pipelines, queue, runs
from mlops_store.errors import Busy, Refused
from mlops_store.records import PipelineRun
from mlops_store.store import Store
from mlops_tui import pipeline
from mlops_tui.pipeline import hold, launch, turns
from mlops_tui.pipeline.request import Request
from mlops_tui.project import Project

#: Says in ``order`` which run it is, and waits for a file of that name.
WAITING = """
stages:
  a:
    cmd: echo $NAME >> order; until [ -e go ]; do sleep 0.02; done
    always_changed: true
"""


def add(project: Project, *names: str, priority: int = 0) -> list[str]:
    made = []
    with Store(project.store_path) as store, store.write() as db:
        for name in names:
            made.append(ids.new_id())
            request = Request().as_json()
            queue.add(db, made[-1], name=name, priority=priority, request=request, by="ann", at=1.0)
    return made


def advance(project: Project) -> list[str]:
    with Store(project.store_path) as store:
        return turns.advance(project, store)


def ended(project: Project, count: int) -> list[PipelineRun]:
    """The runs, oldest first, when so many have ended and none waits."""

    def look() -> list[PipelineRun] | None:
        with Store(project.store_path) as store:
            found = pipelines.newest(store.read(), 100)
            is_over = queue.is_empty(store.read()) and not any(run.state.is_live for run in found)
        return found[::-1] if is_over and len(found) == count else None

    found: list[PipelineRun] = until(look, f"the end of {count} runs")
    until(lambda: not hold.is_held(project), "the last supervisor")
    return found


def test_a_supervisor_that_has_ended_starts_the_next_by_priority_then_age(project: Project) -> None:
    pipeline.start(project, name="first")
    begun(project)
    add(project, "b", "c")
    add(project, "urgent", priority=1)
    assert advance(project) == []  # one is under way
    Path(project.path("go")).touch()
    found = sorted(ended(project, 4), key=lambda run: run.started_at)
    assert [run.name for run in found] == ["first", "urgent", "b", "c"]
    assert all(one.state == "finished" for one in found)
    spans = [(run.started_at, run.ended_at or 0) for run in found]
    assert all(end <= start for (_, end), (start, _) in pairwise(spans))


def test_whoever_looks_next_starts_what_waits(tmp_path: Path) -> None:
    project = make(tmp_path, "stages: {a: {cmd: echo a > a, outs: [a]}}")
    [run_id] = add(project, "late")
    with Store(project.store_path) as store:
        pipeline.recover(project, store)
    [run] = ended(project, 1)
    assert (run.run_id, run.name, run.state) == (run_id, "late", "finished")
    assert states(run) == {"a": "done"}


def test_a_waiting_run_with_nothing_to_do_is_recorded_and_the_next_one_starts(tmp_path: Path) -> None:
    project = make(tmp_path, "stages: {a: {cmd: echo a >> a, outs: [a]}}")
    add(project, "x", "y")
    advance(project)
    first, second = ended(project, 2)
    assert (states(first), states(second)) == ({"a": "done"}, {"a": "cached"})


def test_what_cannot_be_started_is_recorded_with_the_reason_and_the_next_one_starts(tmp_path: Path) -> None:
    project = make(tmp_path, "stages: {a: {cmd: echo a > a, outs: [a]}}")
    [broken] = add(project, "broken")
    with Store(project.store_path) as store, store.write() as db:
        db.execute("UPDATE pipeline_queue SET request = json_set(request, '$.targets', json_array('nobody'))")
    add(project, "well")
    advance(project)
    found = {run.name: run for run in ended(project, 2)}
    assert (found["broken"].state, found["well"].state) == ("failed", "finished")
    with Store(project.store_path) as store:
        assert "could not be started: no stage 'nobody'" in runs.detail(store.read(), broken).error


def test_a_supervisor_killed_before_it_has_begun_leaves_its_run_waiting(
    project: Project, monkeypatch: pytest.MonkeyPatch
) -> None:
    add(project, "x")
    with monkeypatch.context() as patch:
        patch.setattr(launch, "supervise", lambda *_, **__: None)
        advance(project)
    Path(project.path("go")).touch()
    advance(project)
    assert ended(project, 1)[0].state == "finished"


def test_a_run_that_is_taken_out_as_it_begins_does_not_run(tmp_path: Path) -> None:
    project = make(tmp_path, "stages: {a: {cmd: echo a > a, outs: [a]}}")
    [run_id] = add(project, "x")
    with Store(project.store_path) as store:
        entry = queue.find(store.read(), run_id)
        assert entry is not None
        with store.write() as db:
            queue.remove(db, run_id)
        with pytest.raises(Refused, match="taken out of the queue"):
            launch.record(store, project, Request(), "x", run_id, was_waiting=True)
        assert pipelines.newest(store.read()) == []
    lock = hold.take(project)
    assert lock is not None
    launch.supervise(project, run_id, lock)  # it finds nothing to begin
    os.close(lock)
    until(lambda: not hold.is_held(project), "its end")
    assert not (tmp_path / "a").exists()


def test_of_many_who_look_at_once_one_starts_the_next(tmp_path: Path) -> None:
    project = make(tmp_path, WAITING)
    add(project, "x", "y")
    threads = [threading.Thread(target=advance, args=(project,)) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    until(lambda: (tmp_path / "order").exists(), "the first")
    assert advance(project) == []
    (tmp_path / "go").touch()
    ended(project, 2)
    assert len((tmp_path / "order").read_text().splitlines()) == 2


def test_a_dead_supervisors_run_goes_on_before_the_next_one_starts(project: Project) -> None:
    first = pipeline.start(project, name="first")
    begun(project)
    add(project, "next")
    kill_supervisor(project)
    assert advance(project) == []  # the first has not ended
    with Store(project.store_path) as store:
        assert pipeline.recover(project, store) == [first]
    Path(project.path("go")).touch()
    found = ended(project, 2)
    assert {run.name: run.state for run in found} == {"first": "finished", "next": "finished"}


def test_a_start_while_one_is_under_way_is_refused_as_busy(project: Project) -> None:
    pipeline.start(project)
    begun(project)
    with pytest.raises(Busy, match="is going on") as caught:
        pipeline.start(project)
    assert "--queue" in caught.value.hint
    Path(project.path("go")).touch()
    ended(project, 1)


def test_a_stop_ends_the_run_and_the_next_one_starts(project: Project) -> None:
    run_id = pipeline.start(project, name="first")
    begun(project)
    add(project, "next")
    os.unlink(project.path("begun"))
    pipeline.stop(project, run_id)
    begun(project)
    assert latest(project).name == "next"
    Path(project.path("go")).touch()
    first, following = ended(project, 2)
    assert (first.state, following.state) == ("stopped", "finished")


@pytest.mark.slow
@pytest.mark.parametrize("seed", range(10))
def test_killed_at_any_moment_every_waiting_run_is_run_once(tmp_path: Path, seed: int) -> None:
    import random
    import time

    from mlops_store import processes

    dice = random.Random(seed)
    command = "echo x >> count; sleep 0.05"
    project = make(tmp_path, f"stages: {{a: {{cmd: '{command}', always_changed: true}}}}")
    add(project, *"abcd")
    advance(project)
    for _ in range(6):
        time.sleep(dice.random() * 0.2)
        with Store(project.store_path) as store:
            for run in pipelines.live(store.read()):
                if run.supervisor_pid and processes.start_ticks(run.supervisor_pid) == run.supervisor_ticks:
                    os.kill(run.supervisor_pid, signal.SIGKILL)
            time.sleep(0.05)
            pipeline.recover(project, store)

    def look() -> bool:
        with Store(project.store_path) as store:
            pipeline.recover(project, store)
            return queue.is_empty(store.read()) and not pipelines.live(store.read())

    until(look, "the end")
    found = ended(project, 4)
    assert [stage(run, "a").state for run in found] == ["done"] * 4
    assert (tmp_path / "count").read_text().split() == ["x"] * 4
