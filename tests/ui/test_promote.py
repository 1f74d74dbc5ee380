"""The dialog before a change of stage: what it shows, what it does, and what happens when somebody was faster."""

from __future__ import annotations

from pathlib import Path

import pytest
from registry_builders import CONFIG, make_store, make_version, stages_of
from screens import rendered, settled
from textual.pilot import Pilot
from textual.widgets import Input

from mlops_store import audit, audit_chain, models
from mlops_store.errors import Refused
from mlops_store.store import Store
from mlops_tui.config import Config, RegistryConfig, parse
from mlops_tui.project import Project
from mlops_tui.registry import aliases, stages
from mlops_tui.ui.app import MlopsApp
from mlops_tui.ui.screens import promotion_lines
from mlops_tui.ui.screens.moves import Promote, RollBack
from mlops_tui.ui.screens.promote import StageDialog
from mlops_tui.ui.session import Session
from mlops_tui.ui.text import plain

SIZES = [(80, 24), (120, 40), (200, 60)]


@pytest.fixture
def store(tmp_path: Path) -> Store:
    """A model with version 1 in production and version 2 in staging."""
    store = make_store(tmp_path)
    make_version(store, values={"auc": 0.9, "loss": 0.4}, params={"depth": 3})
    make_version(store, values={"auc": 0.95, "loss": 0.5}, git_dirty=1)
    stages.promote(store, CONFIG, "churn", 1, "production")
    stages.promote(store, CONFIG, "churn", 2, "staging")
    return store


def opened(store: Store, argument: str = "churn/2", config: Config = CONFIG) -> MlopsApp:
    return MlopsApp(Project(str(Path(store.path).parent.parent)), config, start=f"models {argument}")


async def press(pilot: Pilot[object], *keys: str) -> None:
    for key in keys:
        await pilot.press(key)
        await settled(pilot)


def lines_of(store: Store, name: str, version: int, stage: str) -> list[str]:
    preview = stages.preview(store.read(), CONFIG, name, version, stage)
    return [plain(line) for line in promotion_lines.lines(preview)]


# what is shown


def test_the_preview_names_every_version_that_moves(store: Store) -> None:
    lines = lines_of(store, "churn", 2, "production")
    assert lines[0].split() == ["v2", "staging", "→", "production"]
    assert lines[1].split() == ["v1", "production", "→", "archived", "makes", "room"]


def test_the_preview_compares_metrics_in_the_direction_of_each(store: Store) -> None:
    lines = lines_of(store, "churn", 2, "production")
    auc = next(line for line in lines if line.startswith("auc"))
    loss = next(line for line in lines if line.startswith("loss"))
    assert auc.split() == ["auc", "0.9500", "0.9000", "+0.05", "✓", "better"]
    assert loss.split() == ["loss", "0.5000", "0.4000", "+0.1", "✗", "worse"]


def test_the_preview_warns_of_uncommitted_code_and_of_a_missing_profile(store: Store) -> None:
    text = "\n".join(lines_of(store, "churn", 2, "production"))
    assert "▲ version 2 was trained from uncommitted changes" in text
    assert "no reference profile" in text


def test_the_preview_says_what_becomes_of_aliases(store: Store) -> None:
    aliases.set(store, "churn", "champion", 1)
    assert "the alias champion stays on version 1" in lines_of(store, "churn", 2, "production")


def test_metrics_that_are_not_finite_are_shown_as_they_are(store: Store) -> None:
    make_version(store, values={"auc": float("nan"), "loss": float("inf")})
    auc = next(line for line in lines_of(store, "churn", 3, "production") if line.startswith("auc"))
    assert auc.split()[:3] == ["auc", "NaN", "0.9000"]


def test_a_version_without_metrics_says_so(tmp_path: Path) -> None:
    store = make_store(tmp_path)
    make_version(store)
    assert "no metrics are known of it" in lines_of(store, "churn", 1, "staging")


def test_the_next_stage_is_proposed_and_from_the_highest_none(store: Store) -> None:
    session = Session(Project("/nowhere"), CONFIG, store)
    assert Promote(session, "churn", 2, "staging").start == "production"
    assert Promote(session, "churn", 1, "production").start == ""
    assert Promote(session, "churn", 1, "archived").start == "staging"
    assert "staging" not in Promote(session, "churn", 2, "staging").targets


@pytest.mark.parametrize(("key", "stage", "word"), [("left", "staging", "demote"), ("right", "archived", "archive")])
async def test_from_the_highest_stage_nothing_is_chosen_until_a_key_does(
    store: Store, key: str, stage: str, word: str
) -> None:
    app = opened(store, "churn/1")
    async with app.run_test(size=(80, 24)) as pilot:
        await settled(pilot)
        await press(pilot, "p", "enter")
        assert isinstance(app.screen, StageDialog)
        assert "the highest stage" in rendered(app)
        assert stages_of(store)[1] == "production"
        await press(pilot, key)
        assert f"{word.capitalize()} churn v1" in rendered(app)
        await press(pilot, "enter")
    assert stages_of(store)[1] == stage


def test_a_stage_that_the_configuration_lacks_can_still_be_left(store: Store) -> None:
    config = Config(registry=RegistryConfig(("lab", "live", "old"), ("live",)))
    act = Promote(Session(Project("/nowhere"), config, store), "churn", 2, "staging")
    assert act.start == "live"
    assert act.targets == ("lab", "live", "old")


# by keys


@pytest.mark.parametrize("size", SIZES)
async def test_enter_promotes_what_was_shown(store: Store, size: tuple[int, int]) -> None:
    app = opened(store)
    async with app.run_test(size=size) as pilot:
        await settled(pilot)
        await press(pilot, "p")
        shown = rendered(app)
        assert "Promote churn v2" in shown
        assert "‹ production ›" in shown
        assert "makes room" in shown
        assert "better" in shown
        await press(pilot, "enter")
        assert not isinstance(app.screen, StageDialog)
        assert stages_of(store) == {1: "archived", 2: "production"}
        assert app.session.commands[-1].line == "mlops-tui models promote churn 2 --to production"
        assert "v2 is in production" in rendered(app)


async def test_the_lists_show_the_new_stages_at_once(store: Store) -> None:
    app = opened(store)
    async with app.run_test(size=(120, 40)) as pilot:
        await settled(pilot)
        await press(pilot, "p", "enter")
        row = next(line for line in rendered(app).splitlines() if "v2" in line and "0.95" in line)
        assert "production" in row


async def test_the_stage_is_chosen_with_the_arrows(store: Store) -> None:
    app = opened(store)
    async with app.run_test(size=(80, 24)) as pilot:
        await settled(pilot)
        await press(pilot, "p", "right")
        assert "‹ archived ›" in rendered(app)
        assert "Archive churn v2" in rendered(app)
        await press(pilot, "left", "left", "left")
        assert "‹ dev ›" in rendered(app)
        await press(pilot, "y")
        assert stages_of(store)[2] == "dev"


async def test_escape_changes_nothing(store: Store) -> None:
    before = audit.newest(store.read())
    app = opened(store)
    async with app.run_test(size=(80, 24)) as pilot:
        await settled(pilot)
        await press(pilot, "p", "escape")
        assert not isinstance(app.screen, StageDialog)
    assert audit.newest(store.read()) == before


async def test_a_reason_is_kept_in_the_audit_log(store: Store) -> None:
    app = opened(store)
    async with app.run_test(size=(80, 24)) as pilot:
        await settled(pilot)
        await press(pilot, "p", "r", *"yes, it's better", "enter")
    entry = audit.newest(store.read(), 1)[0]
    assert (entry.action, entry.reason) == ("model.promote", "yes, it's better")
    assert app.session.commands[-1].line == (
        """mlops-tui models promote churn 2 --to production --reason 'yes, it'"'"'s better'"""
    )


async def test_escape_leaves_the_reason_before_the_dialog(store: Store) -> None:
    app = opened(store)
    async with app.run_test(size=(80, 24)) as pilot:
        await settled(pilot)
        await press(pilot, "p", "r", "a", "escape")
        assert isinstance(app.screen, StageDialog)
        assert app.screen.query_one(Input).value == "a"
        assert not app.screen.query_one(Input).has_focus
        await press(pilot, "enter")
    assert audit.newest(store.read(), 1)[0].reason == "a"


async def test_a_lost_race_is_told_in_the_dialog_and_the_new_state_is_shown(store: Store) -> None:
    make_version(store, values={"auc": 0.99})
    app = opened(store)
    async with app.run_test(size=(120, 40)) as pilot:
        await settled(pilot)
        await press(pilot, "p")
        assert "v1" in rendered(app)
        stages.promote(store, CONFIG, "churn", 3, "production")  # somebody else was faster
        await press(pilot, "enter")
        assert isinstance(app.screen, StageDialog)
        assert "moved churn/" in rendered(app)
        assert "nothing was changed" in rendered(app)
        assert stages_of(store) == {1: "archived", 2: "staging", 3: "production"}
        dialog = "\n".join(plain(line) for line in app.screen.query_one("#stage-preview").lines)  # type: ignore[attr-defined]
        assert "v3    production → archived" in dialog
        await press(pilot, "enter")
    assert stages_of(store) == {1: "archived", 2: "production", 3: "archived"}


async def test_a_version_moved_by_somebody_else_is_not_moved_again(store: Store) -> None:
    app = opened(store)
    async with app.run_test(size=(120, 40)) as pilot:
        await settled(pilot)
        await press(pilot, "p")
        stages.promote(store, CONFIG, "churn", 2, "archived")
        await press(pilot, "enter")
        assert stages_of(store) == {1: "production", 2: "archived"}
        assert isinstance(app.screen, StageDialog)


async def test_undo_brings_back_what_stood_there_before(store: Store) -> None:
    app = opened(store)
    async with app.run_test(size=(120, 40)) as pilot:
        await settled(pilot)
        await press(pilot, "p", "enter", "u")
        assert stages_of(store) == {1: "production", 2: "staging"}
    assert audit.newest(store.read(), 1)[0].action == "model.rollback"
    assert audit_chain.verify(store.read()).broken is None


async def test_undo_is_refused_when_the_versions_have_moved_on(store: Store) -> None:
    make_version(store)
    app = opened(store)
    async with app.run_test(size=(120, 40)) as pilot:
        await settled(pilot)
        await press(pilot, "p", "enter")
        stages.promote(store, CONFIG, "churn", 3, "production")
        await press(pilot, "u")
        assert stages_of(store) == {1: "archived", 2: "archived", 3: "production"}
        assert "moved churn/" in rendered(app)


async def test_a_rollback_shows_who_comes_back_and_can_be_undone(store: Store) -> None:
    stages.promote(store, CONFIG, "churn", 2, "production")
    app = opened(store)
    async with app.run_test(size=(80, 24)) as pilot:
        await settled(pilot)
        await press(pilot, "b")
        shown = rendered(app)
        assert "Roll back churn" in shown
        assert "comes back" in shown
        await press(pilot, "enter")
        assert stages_of(store) == {1: "production", 2: "staging"}
        assert app.session.commands[-1].line == "mlops-tui models rollback churn --stage production"
        await press(pilot, "u")
        assert stages_of(store)[2] == "production"


async def test_a_rollback_with_nothing_to_go_back_to_says_why(store: Store) -> None:
    app = opened(store)
    async with app.run_test(size=(80, 24)) as pilot:
        await settled(pilot)
        await press(pilot, "b")
        assert "no version of 'churn' held 'production' before version 1" in rendered(app)
        await press(pilot, "enter", "escape")
    assert stages_of(store) == {1: "production", 2: "staging"}


async def test_a_version_whose_run_still_runs_is_not_promoted(tmp_path: Path) -> None:
    store = make_store(tmp_path)
    make_version(store)
    with store.write() as db:
        db.execute("UPDATE runs SET status = 'RUNNING'")
    app = opened(store, "churn/1")
    async with app.run_test(size=(80, 24)) as pilot:
        await settled(pilot)
        await press(pilot, "p")
        assert "still running" in rendered(app)
        await press(pilot, "enter", "escape")
    assert stages_of(store) == {1: "dev"}


@pytest.mark.parametrize("key", ["[/]", "\x1b]0;title\x07", "a\nb", "表" * 60, "k" * 400])
async def test_hostile_metric_names_stay_in_their_row(tmp_path: Path, key: str) -> None:
    store = make_store(tmp_path)
    make_version(store, values={key: 0.5})
    app = opened(store, "churn/1")
    async with app.run_test(size=(80, 24)) as pilot:
        await settled(pilot)
        await press(pilot, "p")
        shown = rendered(app)
        assert "0.5000" in shown
        assert "\x1b" not in shown
        assert "\x07" not in shown


def test_undoing_a_move_that_replaced_nobody_puts_the_version_back(store: Store) -> None:
    session = Session(Project("/nowhere"), CONFIG, store)
    act = Promote(session, "churn", 1, "production")
    done = act.perform(act.preview("archived"), "archived", "")
    assert stages_of(store)[1] == "archived"
    assert done.undo is not None
    done.undo()
    assert stages_of(store)[1] == "production"


def test_undoing_takes_no_place_that_somebody_else_has_taken(store: Store) -> None:
    session = Session(Project("/nowhere"), CONFIG, store)
    act = Promote(session, "churn", 1, "production")
    done = act.perform(act.preview("archived"), "archived", "")
    stages.promote(store, CONFIG, "churn", 2, "production")
    assert done.undo is not None
    with pytest.raises(Refused):
        done.undo()
    assert stages_of(store) == {1: "archived", 2: "production"}


def test_a_rollback_done_after_somebody_else_moved_a_version_is_refused(store: Store) -> None:
    stages.promote(store, CONFIG, "churn", 2, "production")
    act = RollBack(Session(Project("/nowhere"), CONFIG, store), "churn")
    preview = act.preview("production")
    stages.promote(store, CONFIG, "churn", 1, "staging")
    with pytest.raises(Refused, match="meanwhile"):
        act.perform(preview, "production", "")
    assert models.version(store.read(), "churn", 2).stage == "production"


# gates

GATED = parse(
    """
[gates.auc]
kind = "metric"
metric = "auc"
min = 0.96
[gates.small]
kind = "size"
max = "1GB"
"""
)


@pytest.mark.parametrize("size", SIZES)
async def test_the_dialog_shows_what_each_gate_finds(store: Store, size: tuple[int, int]) -> None:
    app = opened(store, config=GATED)
    async with app.run_test(size=size) as pilot:
        await settled(pilot)
        await press(pilot, "p")
        text = rendered(app)
        assert "✗ auc" in text
        assert "auc 0.95 is under 0.96" in text
        assert "✓ small" in text
        assert "o override" in text
        assert "why?" in text


async def test_what_a_gate_says_at_length_stays_beside_its_name(store: Store) -> None:
    said = "; ".join(f"test_{number} failed" for number in range(8))
    gated = parse(f'[gates.tests]\nkind = "command"\ncommand = ["sh", "-c", "echo \'{said}\'; exit 1"]\n')
    app = opened(store, config=gated)
    async with app.run_test(size=(80, 24)) as pilot:
        await settled(pilot)
        await press(pilot, "p")
        lines = rendered(app).splitlines()
        first = next(number for number, line in enumerate(lines) if "✗ tests" in line)
        beginning = lines[first].index("exit code 1")
        assert lines[first + 1][beginning] != " "
        assert lines[first + 1][:beginning].strip(" │╭╰─") == ""


async def test_enter_does_not_pass_a_gate_that_refuses(store: Store) -> None:
    app = opened(store, config=GATED)
    async with app.run_test(size=(80, 24)) as pilot:
        await settled(pilot)
        await press(pilot, "p", "enter")
        assert "a gate refuses: auc" in rendered(app)
        assert stages_of(store) == {1: "production", 2: "staging"}


async def test_an_override_asks_for_a_reason_and_can_be_undone(store: Store) -> None:
    app = opened(store, config=GATED)
    async with app.run_test(size=(80, 24)) as pilot:
        await settled(pilot)
        await press(pilot, "p", "o")
        assert "to override gates, say why" in rendered(app)
        assert stages_of(store)[2] == "staging"
        await press(pilot, "r", *"fire", "escape", "o")
        assert stages_of(store) == {1: "archived", 2: "production"}
        assert app.session.commands[-1].line == (
            "mlops-tui models promote churn 2 --to production --override fire --reason fire"
        )
        assert audit.newest(store.read(), 1)[0].after["override"] == "fire"
        await press(pilot, "u")
        assert stages_of(store) == {1: "production", 2: "staging"}


async def test_a_stage_without_gates_shows_none(store: Store) -> None:
    app = opened(store, "churn/1", config=GATED)
    async with app.run_test(size=(80, 24)) as pilot:
        await settled(pilot)
        await press(pilot, "p", "left")
        assert "✗ auc" not in rendered(app)


def test_the_first_version_in_charge_brings_a_monitor_that_undo_takes_back(tmp_path: Path) -> None:
    (tmp_path / "mlops.toml").write_text("# ours\n")
    with make_store(tmp_path) as store:
        make_version(store, "fresh")
        session = Session(Project(str(tmp_path)), Config(), store)
        act = Promote(session, "fresh", 1, "dev", "production")
        done = act.perform(act.preview("production"), "production", "")
        assert done.notice.endswith("[monitors.fresh] added to mlops.toml")
        assert '[monitors.fresh]\nmodel = "fresh"' in (tmp_path / "mlops.toml").read_text()
        assert done.undo is not None
        done.undo()
        assert (tmp_path / "mlops.toml").read_text() == "# ours\n"
        assert models.version(store.read(), "fresh", 1).stage == "dev"
