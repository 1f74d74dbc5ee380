"""Promoting, demoting, archiving and rolling back, with the record of each act."""

from __future__ import annotations

import os
from pathlib import Path

import pytest
from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, rule
from registry_builders import CONFIG, make_store, make_version, stages_of

from mlops_store import artifacts, audit, audit_chain, events, models, processes, runs
from mlops_store.errors import MlopsError, NotFound, Refused
from mlops_store.store import Store
from mlops_tui import config as configuration
from mlops_tui.registry import aliases, stages


@pytest.fixture
def store(tmp_path: Path) -> Store:
    store = make_store(tmp_path)
    for _ in range(3):
        make_version(store)
    return store


def promote(store: Store, version: int, to_stage: str | None = None, **arguments: object) -> None:
    stages.promote(store, CONFIG, "churn", version, to_stage, **arguments)  # type: ignore[arg-type]


def test_a_new_version_is_in_the_first_stage(store: Store) -> None:
    assert stages_of(store) == {1: "dev", 2: "dev", 3: "dev"}


def test_a_promotion_goes_to_the_next_stage_by_itself(store: Store) -> None:
    promote(store, 1)
    assert stages_of(store)[1] == "staging"
    promote(store, 1)
    assert stages_of(store)[1] == "production"


def test_a_promotion_sends_the_former_holder_to_the_archive(store: Store) -> None:
    promote(store, 1, "production")
    promote(store, 2, "production")
    assert stages_of(store) == {1: "archived", 2: "production", 3: "dev"}


def test_an_act_is_one_audit_entry_with_what_it_changed_and_why(store: Store) -> None:
    promote(store, 1, "production")
    change = stages.promote(store, CONFIG, "churn", 2, "production", reason="better")
    entry = audit.newest(store.read(), 1)[0]
    assert (entry.id, entry.action, entry.subject) == (change.audit_id, "model.promote", "model:churn/2")
    assert entry.before == {"stage": "dev", "others": {"1": "production"}}
    assert entry.after == {"stage": "production", "others": {"1": "archived"}}
    assert (entry.reason, change.reason, change.actor) == ("better", "better", entry.actor)
    assert audit_chain.verify(store.read()).broken is None


def test_the_displaced_version_is_tied_to_the_act(store: Store) -> None:
    promote(store, 1, "production")
    change = stages.promote(store, CONFIG, "churn", 2, "production")
    newest = models.changes(store.read(), "churn")
    assert newest[1] == change
    assert (newest[0].version, newest[0].kind, newest[0].cause_id) == (1, "replace", change.id)
    assert newest[0].audit_id == change.audit_id


def test_an_act_is_told_in_the_events(store: Store) -> None:
    promote(store, 1, "production")
    event = events.newest(store.read(), 1)[0]
    assert (event.kind, event.subject) == ("model.promote", "model:churn/1")
    assert "version 1: dev → production" in event.message


def test_a_promotion_to_the_present_stage_changes_nothing(store: Store) -> None:
    entries = len(audit.newest(store.read()))
    with pytest.raises(Refused, match="in 'dev' already"):
        promote(store, 1, "dev")
    assert len(audit.newest(store.read())) == entries


@pytest.mark.parametrize(
    ("name", "version", "stage", "hint"),
    [
        ("chrun", 1, "staging", "did you mean 'churn'?"),
        ("churn", 9, "staging", "its newest version is 3"),
        ("churn", 1, "stagin", "did you mean 'staging'?"),
    ],
)
def test_an_unknown_word_names_the_nearest(store: Store, name: str, version: int, stage: str, hint: str) -> None:
    for act in (
        lambda: stages.promote(store, CONFIG, name, version, stage),
        lambda: stages.preview(store.read(), CONFIG, name, version, stage),
    ):
        with pytest.raises(NotFound) as raised:
            act()
        assert raised.value.hint == hint


def test_who_saw_the_version_in_another_stage_is_told_who_moved_it(store: Store) -> None:
    promote(store, 1, "staging")
    with pytest.raises(Refused) as raised:
        promote(store, 1, "production", expected_stage="dev")
    assert f"{processes.user()} moved churn/1 to 'staging' meanwhile" in raised.value.message
    assert stages_of(store)[1] == "staging"


def test_who_saw_another_holder_is_told_who_moved_it(store: Store) -> None:
    promote(store, 1, "production")
    promote(store, 2, "production")
    with pytest.raises(Refused, match="meanwhile"):
        promote(store, 3, "production", expected_holders=(1,))
    assert stages_of(store)[2] == "production"
    promote(store, 3, "production", expected_holders=(2,))


def test_demotion_goes_one_stage_down(store: Store) -> None:
    promote(store, 1, "production")
    assert stages.demote(store, CONFIG, "churn", 1).kind == "demote"
    assert stages_of(store)[1] == "staging"
    with pytest.raises(Refused):
        stages.demote(store, CONFIG, "churn", 2)


def test_an_archived_version_can_be_restored(store: Store) -> None:
    stages.archive(store, CONFIG, "churn", 1)
    assert stages_of(store)[1] == "archived"
    with pytest.raises(Refused, match="no stage follows"):
        promote(store, 1)
    assert stages.promote(store, CONFIG, "churn", 1, "staging").kind == "restore"


def test_a_version_whose_run_is_still_running_is_not_promoted(store: Store) -> None:
    version = models.version(store.read(), "churn", 1)
    with store.write() as db:
        runs.update(db, version.run_id or "", status="RUNNING")
    for act in (lambda: promote(store, 1), lambda: stages.preview(store.read(), CONFIG, "churn", 1)):
        with pytest.raises(Refused, match="still running"):
            act()
    stages.archive(store, CONFIG, "churn", 1)


@pytest.mark.parametrize("damage", ["remove", "cut", "change"])
def test_a_version_whose_files_changed_on_disk_is_not_promoted(store: Store, damage: str) -> None:
    version = models.version(store.read(), "churn", 1)
    path = artifacts.object_path(store.objects_dir, version.lineage["files"]["model.skops"]["digest"])
    content = Path(path).read_bytes()
    os.unlink(path)
    if damage != "remove":
        Path(path).write_bytes(b"short" if damage == "cut" else bytes(255 - byte for byte in content))
    with pytest.raises(Refused, match=r"'model\.skops' of churn/1 (is gone|was changed)"):
        promote(store, 1)
    stages.archive(store, CONFIG, "churn", 1)


def test_a_stage_that_is_no_longer_configured_can_be_left(store: Store) -> None:
    promote(store, 1, "staging")
    config = configuration.parse('[registry]\nstages = ["new", "live", "old"]\nsingle = ["live"]\n')
    with pytest.raises(Refused) as raised:
        stages.promote(store, config, "churn", 1)
    assert "--to new|live|old" in raised.value.hint
    assert stages.promote(store, config, "churn", 1, "live").kind == "promote"


def test_stages_come_from_the_configuration(tmp_path: Path) -> None:
    config = configuration.parse('[registry]\nstages = ["new", "live", "old"]\nsingle = ["live"]\n')
    store = make_store(tmp_path)
    make_version(store, config=config), make_version(store, config=config)
    stages.promote(store, config, "churn", 1)
    stages.promote(store, config, "churn", 2)
    assert stages_of(store) == {1: "old", 2: "live"}


def test_a_rollback_undoes_the_promotion(store: Store) -> None:
    for version in (1, 2):
        promote(store, version, "staging")
        promote(store, version, "production")
    change = stages.rollback(store, CONFIG, "churn", reason="errors")
    assert (change.version, change.kind, change.to_stage, change.reason) == (1, "rollback", "production", "errors")
    assert stages_of(store) == {1: "production", 2: "staging", 3: "dev"}
    assert audit.newest(store.read(), 1)[0].action == "model.rollback"


def test_repeated_rollbacks_walk_back_and_end_at_the_first_holder(store: Store) -> None:
    for version in (1, 2, 3):
        promote(store, version, "production")
    stages.rollback(store, CONFIG, "churn")
    assert stages_of(store) == {1: "archived", 2: "production", 3: "dev"}
    stages.rollback(store, CONFIG, "churn")
    assert stages_of(store) == {1: "production", 2: "dev", 3: "dev"}
    with pytest.raises(Refused, match="no version of 'churn' held 'production' before version 1"):
        stages.rollback(store, CONFIG, "churn")


def test_a_promotion_after_a_rollback_can_be_rolled_back_again(store: Store) -> None:
    for version in (1, 2):
        promote(store, version, "production")
    stages.rollback(store, CONFIG, "churn")
    promote(store, 3, "production")
    stages.rollback(store, CONFIG, "churn")
    assert stages_of(store) == {1: "production", 2: "dev", 3: "dev"}


def test_a_stage_that_was_emptied_by_hand_gets_its_last_holder_back(store: Store) -> None:
    promote(store, 1, "production")
    promote(store, 2, "production")
    stages.archive(store, CONFIG, "churn", 2)
    stages.rollback(store, CONFIG, "churn")
    assert stages_of(store) == {1: "archived", 2: "production", 3: "dev"}
    stages.rollback(store, CONFIG, "churn")
    assert stages_of(store) == {1: "production", 2: "dev", 3: "dev"}


def test_the_holder_before_comes_back_even_when_it_was_demoted_by_hand(store: Store) -> None:
    promote(store, 1, "production")
    stages.demote(store, CONFIG, "churn", 1)
    promote(store, 2, "production")
    stages.rollback(store, CONFIG, "churn")
    assert stages_of(store) == {1: "production", 2: "dev", 3: "dev"}


def test_a_rollback_of_a_stage_for_many_only_sends_the_newest_back(store: Store) -> None:
    promote(store, 1, "staging")
    promote(store, 2, "staging")
    change = stages.rollback(store, CONFIG, "churn", "staging")
    assert (change.version, change.to_stage) == (2, "dev")
    assert stages_of(store) == {1: "staging", 2: "dev", 3: "dev"}


def test_a_rollback_never_takes_a_version_out_of_a_higher_stage(store: Store) -> None:
    promote(store, 1, "staging")
    promote(store, 1, "production")
    with pytest.raises(Refused, match="which held 'staging' before, is in 'production' now"):
        stages.rollback(store, CONFIG, "churn", "staging")


def test_a_rollback_never_promotes(store: Store) -> None:
    promote(store, 1, "staging")
    promote(store, 2, "production")
    stages.demote(store, CONFIG, "churn", 2)
    with pytest.raises(Refused, match="promotes nothing"):
        stages.rollback(store, CONFIG, "churn", "staging")


def test_a_version_whose_origin_is_taken_goes_to_the_archive(tmp_path: Path) -> None:
    config = configuration.parse('[registry]\nsingle = ["staging", "production"]\n')
    store = make_store(tmp_path)
    for version in (1, 2, 3):
        make_version(store)
        stages.promote(store, config, "churn", version)
        if version < 3:
            stages.promote(store, config, "churn", version)
    assert stages_of(store) == {1: "archived", 2: "production", 3: "staging"}
    stages.rollback(store, config, "churn")
    assert stages_of(store) == {1: "production", 2: "archived", 3: "staging"}


@pytest.mark.parametrize("stage", ["production", "dev", "archived"])
def test_a_rollback_with_nothing_to_go_back_to_is_refused_and_changes_nothing(store: Store, stage: str) -> None:
    before = stages_of(store)
    for act in (
        lambda: stages.rollback(store, CONFIG, "churn", stage),
        lambda: stages.preview_rollback(store.read(), CONFIG, "churn", stage),
    ):
        with pytest.raises(Refused):
            act()
    assert stages_of(store) == before


def test_a_rollback_of_something_unknown_names_the_nearest(store: Store) -> None:
    with pytest.raises(NotFound, match="no registered model is called 'chrun'"):
        stages.rollback(store, CONFIG, "chrun")
    with pytest.raises(NotFound) as raised:
        stages.rollback(store, CONFIG, "churn", "prodution")
    assert raised.value.hint == "did you mean 'production'?"


def test_a_rollback_that_was_decided_on_another_picture_is_refused(store: Store) -> None:
    for version in (1, 2):
        promote(store, version, "production")
    shown = stages.preview_rollback(store.read(), CONFIG, "churn").moves
    promote(store, 3, "production")
    with pytest.raises(Refused, match="meanwhile"):
        stages.rollback(store, CONFIG, "churn", expected_moves=shown)
    assert stages_of(store)[3] == "production"


def test_a_version_whose_files_are_gone_does_not_come_back(store: Store) -> None:
    for version in (1, 2):
        promote(store, version, "production")
    first = models.version(store.read(), "churn", 1)
    os.unlink(artifacts.object_path(store.objects_dir, first.lineage["files"]["model.skops"]["digest"]))
    with pytest.raises(Refused, match="gone"):
        stages.rollback(store, CONFIG, "churn")
    assert stages_of(store)[2] == "production"


def test_an_alias_does_not_move_with_its_stage(store: Store) -> None:
    promote(store, 1, "production")
    aliases.set(store, "churn", "champion", 1)
    promote(store, 2, "production")
    assert models.get(store.read(), "churn").aliases == {"champion": 1}


class Registry(RuleBasedStateMachine):
    """Any sequence of acts: the rules hold, refusals change nothing, and previews tell the truth."""

    def __init__(self) -> None:
        super().__init__()
        import tempfile

        self.directory = tempfile.TemporaryDirectory()
        self.store = make_store(Path(self.directory.name))
        for _ in range(4):
            make_version(self.store)

    def teardown(self) -> None:
        self.store.close()
        self.directory.cleanup()

    @rule(version=st.integers(1, 4), stage=st.sampled_from(CONFIG.registry.stages))
    def promote(self, version: int, stage: str) -> None:
        before = stages_of(self.store)
        try:
            shown = stages.preview(self.store.read(), CONFIG, "churn", version, stage)
        except MlopsError:
            with pytest.raises(MlopsError):
                promote(self.store, version, stage)
            assert stages_of(self.store) == before
            return
        promote(self.store, version, stage, expected_stage=before[version])
        assert stages_of(self.store) == {**before, **{move.version: move.to_stage for move in shown.moves}}

    @rule(stage=st.sampled_from(CONFIG.registry.stages))
    def roll_back(self, stage: str) -> None:
        before = stages_of(self.store)
        try:
            shown = stages.preview_rollback(self.store.read(), CONFIG, "churn", stage)
        except Refused:
            with pytest.raises(Refused):
                stages.rollback(self.store, CONFIG, "churn", stage)
            assert stages_of(self.store) == before
            return
        stages.rollback(self.store, CONFIG, "churn", stage, expected_moves=shown.moves)
        after = stages_of(self.store)
        assert after == {**before, **{move.version: move.to_stage for move in shown.moves}}
        assert stage in after.values()
        ranks = {name: -1 if name == "archived" else place for place, name in enumerate(CONFIG.registry.stages)}
        for version, there in before.items():
            if ranks[there] > ranks[stage]:
                assert after[version] == there

    @invariant()
    def one_version_at_most_is_in_production(self) -> None:
        assert list(stages_of(self.store).values()).count("production") <= 1

    @invariant()
    def the_chain_is_intact(self) -> None:
        assert audit_chain.verify(self.store.read()).broken is None

    @invariant()
    def the_history_leads_to_the_present(self) -> None:
        standing: dict[int, str] = {}
        for change in reversed(models.changes(self.store.read(), "churn")):
            assert change.from_stage == standing.get(change.version, "")
            standing[change.version] = change.to_stage
        assert standing == stages_of(self.store)


TestRegistry = Registry.TestCase
TestRegistry.settings = settings(max_examples=25, stateful_step_count=20, deadline=None)
