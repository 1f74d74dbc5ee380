"""What a person sees before a version changes its stage."""

from __future__ import annotations

import dataclasses
import math
import time
from pathlib import Path

import pytest
from registry_builders import CONFIG, log_model, make_run, make_store, make_version

from mlops_store import drift, metrics, pipelines, runs
from mlops_store.ids import new_id
from mlops_store.records import ModelVersion, MonitorReport, StageRun, StageState
from mlops_store.store import Store
from mlops_tui import config as configuration
from mlops_tui.registry import aliases, stages, versions
from mlops_tui.registry.previews import Promotion


@pytest.fixture
def store(tmp_path: Path) -> Store:
    return make_store(tmp_path)


def preview(store: Store, version: ModelVersion, stage: str = "production", **arguments: object) -> Promotion:
    config = arguments.get("config", CONFIG)
    return stages.preview(store.read(), config, "churn", version.version, stage)  # type: ignore[arg-type]


def promoted(store: Store, **run: object) -> ModelVersion:
    version = make_version(store, **run)  # type: ignore[arg-type]
    stages.promote(store, CONFIG, "churn", version.version, "production")
    return version


def test_a_preview_names_every_move_and_what_stays(store: Store) -> None:
    holder = promoted(store)
    for alias in ("champion", "blue"):
        aliases.set(store, "churn", alias, holder.version)
    candidate = make_version(store)
    shown = preview(store, candidate)
    assert (shown.version.version, shown.from_stage, shown.to_stage, shown.kind) == (2, "dev", "production", "promote")
    assert [replaced.version for replaced in shown.replaces] == [1]
    assert [(move.version, move.to_stage) for move in shown.moves] == [(2, "production"), (1, "archived")]
    assert shown.consequences == (
        "version 2 goes from dev to production",
        "version 1 goes from production to archived",
        "the aliases blue, champion stay on version 1",
    )


def test_a_preview_changes_nothing_and_cannot_be_changed(store: Store) -> None:
    version = make_version(store)
    shown = preview(store, version)
    assert preview(store, version) == shown
    with pytest.raises(dataclasses.FrozenInstanceError):
        shown.kind = "demote"  # type: ignore[misc]


def test_metrics_stand_side_by_side_with_the_better_one_named(store: Store) -> None:
    promoted(store, values={"auc": 0.9, "loss": 0.3, "old": 1.0, "same": 2.0, "odd": math.nan})
    candidate = make_version(store, values={"auc": 0.95, "loss": 0.4, "new": 1.0, "same": 2.0, "odd": 1.0})
    shown = preview(store, candidate)
    rows = {key: (ours, theirs) for key, ours, theirs in shown.metrics}
    assert rows["auc"] == (0.95, 0.9)
    assert rows["new"] == (1.0, None)
    assert rows["old"] == (None, 1.0)
    assert shown.verdicts == {"auc": "better", "loss": "worse", "same": "equal"}


def test_the_direction_and_the_order_of_metrics_come_from_the_configuration(store: Store) -> None:
    promoted(store, values={"a": 1.0, "cost": 5.0})
    candidate = make_version(store, values={"a": 2.0, "cost": 4.0})
    shown = preview(store, candidate, config=configuration.parse('[metrics]\ncost = "min"\n'))
    assert [row[0] for row in shown.metrics] == ["cost", "a"]
    assert shown.verdicts["cost"] == "better"


def test_measurements_of_the_machine_are_no_metrics_of_a_model(store: Store) -> None:
    candidate = make_version(store, values={"auc": 0.9, "system/cpu_utilization_percentage": 50.0})
    assert [row[0] for row in preview(store, candidate).metrics] == ["auc"]


def test_a_stage_for_many_compares_with_the_newest_in_it_and_else_with_production(store: Store) -> None:
    holder = promoted(store, values={"auc": 0.9})
    candidate = make_version(store, values={"auc": 0.8})
    shown = preview(store, candidate, "staging")
    assert shown.holder is not None
    assert shown.holder.version == holder.version
    assert shown.replaces == ()
    other = make_version(store)
    stages.promote(store, CONFIG, "churn", other.version, "staging")
    shown = preview(store, candidate, "staging")
    assert shown.holder is not None
    assert shown.holder.version == other.version


def test_metrics_logged_after_a_registration_within_the_run_are_seen(store: Store) -> None:
    run_id = make_run(store, status="RUNNING")
    log_model(store, run_id)
    version = versions.register(store, CONFIG, "churn", run_id=run_id, is_own_run=True)
    with store.write() as db:
        metrics.write(db, run_id, [("auc", 0, 1.0, 0.9)])
        runs.finish(db, run_id, "FINISHED", 2.0)
    assert preview(store, version).metrics == (("auc", 0.9, None),)


@pytest.mark.parametrize(
    ("run", "warning"),
    [
        ({"git_dirty": 1}, "version 1 was trained from uncommitted changes"),
        ({"git_commit": ""}, "version 1 was trained outside of a Git commit: its code is not known"),
        ({"status": "FAILED"}, "its run ended as FAILED"),
        ({"status": "KILLED"}, "its run ended as KILLED"),
        ({}, "version 1 has no reference profile: drift cannot be watched"),
        ({}, "it skips staging"),
    ],
)
def test_what_speaks_against_a_promotion_is_said(store: Store, run: dict[str, object], warning: str) -> None:
    version = make_version(store, **run)  # type: ignore[arg-type]
    assert warning in preview(store, version).warnings


def test_a_clean_version_with_a_profile_has_no_warnings(store: Store) -> None:
    with store.write() as db:
        db.execute("INSERT INTO profiles (digest, name, row_count, summary, created_at) VALUES ('a', 'a', 1, '{}', 0)")
    run_id = make_run(store)
    log_model(store, run_id)
    version = versions.register(store, CONFIG, "churn", run_id=run_id, profile_id=1)
    stages.promote(store, CONFIG, "churn", version.version)
    assert preview(store, version).warnings == ()


def test_a_worse_version_is_said_to_be_worse(store: Store) -> None:
    promoted(store, values={"auc": 0.9, "loss": 0.1})
    candidate = make_version(store, values={"auc": 0.8, "loss": 0.2})
    assert "worse than version 1 in auc, loss" in preview(store, candidate).warnings


def test_other_columns_than_the_holder_takes_are_named(store: Store) -> None:
    def columns(**types: str) -> dict[str, object]:
        return {"inputs": [{"name": name, "type": kind} for name, kind in types.items()]}

    promoted(store, signature=columns(age="long", income="double"))
    candidate = make_version(store, signature=columns(age="double", region="string"))
    assert "takes other columns than version 1: age, income, region" in preview(store, candidate).warnings


def test_the_same_files_as_the_holder_are_said_to_be_the_same(store: Store) -> None:
    run_id = make_run(store)
    log_model(store, run_id)
    first, second = (versions.register(store, CONFIG, "churn", run_id=run_id) for _ in range(2))
    stages.promote(store, CONFIG, "churn", first.version, "production")
    assert "its files are the same as those of version 1" in preview(store, second).warnings


def test_leaving_a_stage_empty_is_said(store: Store) -> None:
    version = promoted(store)
    assert "no version will be left in production" in preview(store, version, "archived").warnings
    assert preview(store, version, "archived").kind == "archive"


def test_a_rollback_shows_who_comes_back_and_who_leaves(store: Store) -> None:
    promoted(store, values={"auc": 0.9})
    promoted(store, values={"auc": 0.7})
    shown = stages.preview_rollback(store.read(), CONFIG, "churn")
    assert (shown.kind, shown.version.version, shown.from_stage, shown.to_stage) == (
        "rollback",
        1,
        "archived",
        "production",
    )
    assert [leaving.version for leaving in shown.replaces] == [2]
    assert shown.consequences == ("version 1 goes from archived to production", "version 2 goes from production to dev")
    assert shown.verdicts == {"auc": "better"}


def test_a_preview_names_who_uses_what_moves(store: Store) -> None:
    text = '[monitors.live]\nwatch = "*.csv"\nmodel = "churn"\n[monitors.other]\nwatch = "*.csv"\nmodel = "price"\n'
    config = configuration.parse(text)
    promoted(store)
    promoted(store)
    report = MonitorReport(
        0, "live", "monday.csv", "monday.csv", "0" * 64, "ok", time.time(), row_count=9, model="churn", version=2
    )
    plan = [
        StageRun(
            stage="score", position=0, state=StageState.WAITING, command="python score.py models:/churn/production"
        ),
        StageRun(stage="train", position=1, state=StageState.WAITING, command="train.py my-churn@production"),
    ]
    with store.write() as db:
        drift.add_report(db, report)
        run_id = new_id()
        runs.create(db, run_id=run_id, name="repro", experiment="default", kind="pipeline", started_at=time.time())
        pipelines.create(db, run_id, stages=plan, jobs=1, request={})
    shown = stages.preview_rollback(store.read(), config, "churn")
    assert shown.consequences[2:] == (
        "the monitor live checks batches against version 1 from then on; version 2 judged monday.csv last",
        "the pipeline's stage score reads models:/churn/production when it runs next",
    )
    emptied = stages.preview(store.read(), config, "churn", 2, "archived").consequences
    assert any("has no version to check batches against" in line for line in emptied)
    assert len(stages.preview(store.read(), config, "churn", 1, "staging").consequences) == 1
