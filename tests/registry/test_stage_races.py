"""Many processes that change the same model at once: exactly one wins, and the record stays whole."""

from __future__ import annotations

import multiprocessing
from collections import Counter
from collections.abc import Sequence
from multiprocessing.synchronize import Barrier
from pathlib import Path

import pytest
from registry_builders import CONFIG, log_model, make_run, make_store, make_version, stages_of

from mlops_store import audit_chain, models
from mlops_store.errors import Refused
from mlops_store.store import Store
from mlops_tui.registry import stages, versions

PROCESSES = 8
ROUNDS = 5


def promote_each_round(path: str, version: int, barrier: Barrier, outcomes: object) -> None:
    """Decides on what stands there when the round begins, then acts at the same moment as all others."""
    with Store(path) as store:
        for _ in range(ROUNDS):
            barrier.wait(60)
            shown = stages.preview(store.read(), CONFIG, "churn", version, "production")
            holders = [holder.version for holder in shown.replaces]
            barrier.wait(60)
            try:
                stages.promote(
                    store,
                    CONFIG,
                    "churn",
                    version,
                    "production",
                    expected_stage=shown.from_stage,
                    expected_holders=holders,
                )
                outcomes.put("won")  # type: ignore[attr-defined]
            except Refused as refusal:
                assert "meanwhile" in refusal.message
                outcomes.put("told")  # type: ignore[attr-defined]
            barrier.wait(60)
            if stages_of(store)[version] == "production":
                stages.demote(store, CONFIG, "churn", version, "dev")


def test_of_processes_that_promote_at_once_exactly_one_wins_each_round(tmp_path: Path) -> None:
    store = make_store(tmp_path)
    for _ in range(PROCESSES):
        make_version(store)
    context = multiprocessing.get_context("spawn")
    barrier, outcomes = context.Barrier(PROCESSES), context.Queue()
    processes = [
        context.Process(target=promote_each_round, args=(store.path, version, barrier, outcomes))
        for version in range(1, PROCESSES + 1)
    ]
    for process in processes:
        process.start()
    told = Counter(outcomes.get(timeout=120) for _ in range(PROCESSES * ROUNDS))
    for process in processes:
        process.join(60)
        assert process.exitcode == 0
    assert told == {"won": ROUNDS, "told": ROUNDS * (PROCESSES - 1)}
    assert audit_chain.verify(store.read()).broken is None


def promote_without_looking(path: str, version: int, barrier: Barrier) -> None:
    with Store(path) as store:
        for _ in range(ROUNDS):
            barrier.wait(60)
            for act in (
                lambda: stages.promote(store, CONFIG, "churn", version, "production"),
                lambda: stages.rollback(store, CONFIG, "churn"),
            ):
                try:
                    act()
                except Refused:
                    continue


def test_any_promotions_and_rollbacks_at_once_leave_one_holder_and_an_intact_chain(tmp_path: Path) -> None:
    store = make_store(tmp_path)
    for _ in range(PROCESSES):
        make_version(store)
    context = multiprocessing.get_context("spawn")
    barrier = context.Barrier(PROCESSES)
    processes = [
        context.Process(target=promote_without_looking, args=(store.path, version, barrier))
        for version in range(1, PROCESSES + 1)
    ]
    for process in processes:
        process.start()
    for process in processes:
        process.join(120)
        assert process.exitcode == 0
    assert list(stages_of(store).values()).count("production") == 1
    assert audit_chain.verify(store.read()).broken is None
    standing: dict[int, str] = {}
    for change in reversed(models.changes(store.read(), "churn")):
        assert change.from_stage == standing.get(change.version, "")
        standing[change.version] = change.to_stage
    assert standing == stages_of(store)


def register_many(path: str, run_id: str) -> None:
    with Store(path) as store:
        for _ in range(ROUNDS):
            versions.register(store, CONFIG, "churn", run_id=run_id)


def test_versions_registered_at_once_are_numbered_without_a_gap(tmp_path: Path) -> None:
    store = make_store(tmp_path)
    run_id = make_run(store)
    log_model(store, run_id)
    context = multiprocessing.get_context("spawn")
    processes = [context.Process(target=register_many, args=(store.path, run_id)) for _ in range(6)]
    for process in processes:
        process.start()
    for process in processes:
        process.join(120)
        assert process.exitcode == 0
    assert sorted(stages_of(store)) == list(range(1, 6 * ROUNDS + 1))
    assert audit_chain.verify(store.read()).broken is None


def test_a_promotion_that_waited_behind_another_is_refused(tmp_path: Path) -> None:
    store = make_store(tmp_path)
    make_version(store), make_version(store)
    shown = stages.preview(store.read(), CONFIG, "churn", 2, "production")
    stages.promote(store, CONFIG, "churn", 1, "production")
    with pytest.raises(Refused, match="meanwhile"):
        stages.promote(store, CONFIG, "churn", 2, "production", expected_holders=[v.version for v in shown.replaces])


ATTEMPTS, REPEATS = 50, 100


def promote_some(path: str, mine: Sequence[int], barrier: Barrier, outcomes: object) -> None:
    """Decides on some versions in each round, then promotes them all at the same moment as the other processes."""
    won = 0
    with Store(path) as store:
        for _ in range(REPEATS):
            barrier.wait(120)
            (holder,) = [number for number, stage in stages_of(store).items() if stage == "production"]
            shown = {number: stages_of(store)[number] for number in mine if number != holder}
            barrier.wait(120)
            for number, stage in shown.items():
                try:
                    stages.promote(
                        store, CONFIG, "churn", number, "production", expected_stage=stage, expected_holders=[holder]
                    )
                    won += 1
                except Refused as refusal:
                    assert "meanwhile" in refusal.message, refusal
            barrier.wait(120)
    outcomes.put(won)  # type: ignore[attr-defined]


@pytest.mark.slow
def test_of_fifty_promotions_at_once_one_wins_a_hundred_times_over(tmp_path: Path) -> None:
    store = make_store(tmp_path)
    for _ in range(ATTEMPTS + 1):
        make_version(store)
    stages.promote(store, CONFIG, "churn", ATTEMPTS + 1, "production")
    context = multiprocessing.get_context("spawn")
    barrier, outcomes = context.Barrier(PROCESSES + 1), context.Queue()
    shares = [range(1 + place, ATTEMPTS + 2, PROCESSES) for place in range(PROCESSES)]
    processes = [
        context.Process(target=promote_some, args=(store.path, list(mine), barrier, outcomes)) for mine in shares
    ]
    for process in processes:
        process.start()
    holders = [ATTEMPTS + 1]
    for _ in range(REPEATS):
        for _ in range(3):  # they look, they act, they are done
            barrier.wait(120)
        standing = stages_of(store)
        (holder,) = [number for number, stage in standing.items() if stage == "production"]
        assert holder != holders[-1]
        assert standing[holders[-1]] == "archived"
        holders.append(holder)
        assert audit_chain.verify(store.read()).broken is None
    assert sum(outcomes.get(timeout=120) for _ in processes) == REPEATS
    for process in processes:
        process.join(60)
        assert process.exitcode == 0
    promoted = [change.version for change in models.changes(store.read(), "churn") if change.to_stage == "production"]
    assert promoted == holders[::-1]
