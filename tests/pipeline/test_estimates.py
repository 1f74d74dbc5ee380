"""Estimates from history: medians, and the schedule of what would run, played."""

from __future__ import annotations

import statistics
from pathlib import Path

import pytest
from dag_graphs import Needs, graphs
from hypothesis import given
from hypothesis import strategies as st
from pipeline_builders import make, run

from mlops_store.store import Store
from mlops_tui.config import ResourcesConfig
from mlops_tui.pipeline import estimates, spec, state
from mlops_tui.pipeline.capacity import Capacity
from mlops_tui.pipeline.estimates import Sharing
from mlops_tui.pipeline.options import Demand
from mlops_tui.pipeline.state import StageStatus

SECONDS = st.floats(0, 1e6)


def status(name: str, *needs: str, stale: bool = True) -> StageStatus:
    return StageStatus(name, stale, (), False, "", needs, ())


def test_one_at_a_time_they_add_up_and_two_at_a_time_overlap() -> None:
    statuses = [status("a"), status("b", "a"), status("c", "a"), status("d", "b", "c")]
    usual = {"a": 1.0, "b": 2.0, "c": 3.0, "d": 4.0}
    one, two = estimates.of(statuses, usual), estimates.of(statuses, usual, jobs=2)
    assert (one.total_s, two.total_s) == (10.0, 8.0)
    assert one.would_run == ("a", "b", "c", "d")
    assert two.starts_s == {"a": 0.0, "b": 1.0, "c": 1.0, "d": 4.0}


def test_what_stages_share_makes_them_take_turns() -> None:
    statuses = [status(name) for name in "abcd"]
    usual = dict.fromkeys("abcd", 2.0)
    shared = Sharing({"a": Demand(cpus=2), "b": Demand(cpus=2), "c": Demand(mutexes=("db",))}, Capacity(cpus=3))
    estimate = estimates.of(statuses, usual, jobs=4, shared=shared)
    assert (estimate.total_s, estimate.starts_s) == (4.0, {"a": 0.0, "c": 0.0, "d": 0.0, "b": 2.0})


def test_an_estimate_looks_for_no_gpus_and_never_hangs_on_what_is_not_there(tmp_path: Path) -> None:
    text = "stages:\n" + "".join(
        f"  {name}: {{cmd: echo, outs: [{name}], meta: {{mlops: {{gpus: 2, cpus: 99999, memory: 4000TB}}}}}}\n"
        for name in "ab"
    )
    pipeline = spec.load(make(tmp_path, text))
    shared = estimates.sharing(pipeline.stages.values(), ResourcesConfig())
    starts, end_s = estimates.played({"a": (), "b": ()}, {"a": 1.0, "b": 1.0}, 2, shared)
    assert (starts, end_s) == ({"a": 0.0, "b": 1.0}, 2.0)
    assert estimates.sharing(pipeline.stages.values(), ResourcesConfig(gpus=4)) is not None


def test_failed_attempts_and_the_waits_after_them_count(tmp_path: Path) -> None:
    command = "test $MLOPS_ATTEMPT = 2 && echo > o.txt"
    options = "{mlops: {retries: {times: 1, backoff: 300ms}}}"
    project = make(tmp_path, f"stages: {{a: {{cmd: '{command}', outs: [o.txt], meta: {options}}}}}\n")
    run(project)
    with Store(project.store_path) as store:
        last = estimates.usual_s(store.read(), ["a"])["a"]
        whole = estimates.usual_s(store.read(), ["a"], with_retries=True)["a"]
    assert whole >= last + 0.3


def test_only_what_is_stale_would_run() -> None:
    estimate = estimates.of([status("a", stale=False), status("b", "a")], {"a": 5.0, "b": 2.0})
    assert (estimate.would_run, estimate.total_s) == (("b",), 2.0)


def test_what_never_ran_is_named_and_counts_as_nothing() -> None:
    estimate = estimates.of([status("a"), status("b", "a")], {"a": 5.0})
    assert (estimate.total_s, estimate.unknown) == (5.0, ("b",))
    assert estimates.of([status("a")], {}).total_s is None
    assert estimates.of([status("a", stale=False)], {}).total_s == 0.0


@given(needs=graphs(), jobs=st.integers(1, 5), data=st.data())
def test_a_played_run_is_no_shorter_than_its_longest_chain_and_no_longer_than_all_of_it(
    needs: Needs, jobs: int, data: st.DataObject
) -> None:
    usual = {name: data.draw(st.integers(0, 100)) * 1.0 for name in needs}
    starts, end_s = estimates.played(needs, usual, jobs)
    assert set(starts) == set(needs)
    assert list(starts.values()) == sorted(starts.values())
    for name in needs:
        assert all(starts[name] >= starts[need] + usual[need] for need in needs[name])
        busy = sum(1 for other in needs if starts[other] <= starts[name] < starts[other] + usual[other])
        assert busy <= jobs
    assert max(usual.values()) <= end_s <= sum(usual.values())
    assert end_s >= sum(usual.values()) / jobs - 1e-6


@given(values=st.lists(SECONDS, min_size=1))
def test_the_median_is_that_of_the_standard_library(values: list[float]) -> None:
    assert estimates.median(values) == pytest.approx(statistics.median(values))


def test_the_history_of_a_project_gives_estimates(tmp_path: Path) -> None:
    project = make(
        tmp_path, "stages: {a: {cmd: cp x y, deps: [x], outs: [y]}, b: {cmd: cp y z, deps: [y], outs: [z]}}", x="1"
    )
    run(project)
    Path(project.path("x")).write_text("2")
    with Store(project.store_path) as store:
        usual = estimates.usual_s(store.read(), ["a", "b", "c"])
    assert set(usual) == {"a", "b"}
    estimate = estimates.of(state.status(project, spec.load(project)), usual)
    assert estimate.would_run == ("a", "b")
    assert estimate.total_s == pytest.approx(usual["a"] + usual["b"])


def test_a_change_of_a_file_tells_both_fingerprints_and_sizes(tmp_path: Path) -> None:
    project = make(tmp_path, "stages: {a: {cmd: cp x y, deps: [x], outs: [y]}}", x="1")
    run(project)
    Path(project.path("x")).write_text("22")
    (change,) = state.status(project, spec.load(project))[0].changes
    assert (change.old_size, change.new_size) == (1, 2)
    assert change.old == "c4ca4238a0b923820dcc509a6f75849b"
