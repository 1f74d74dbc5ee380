"""The overview: four live panes, what to do next where there is nothing, and the way into each of them."""

from __future__ import annotations

import time
from pathlib import Path

import pytest
from drift_builders import keep
from projects import add_runs, project_with_runs
from run_screens import sees, until
from screens import rendered, settled

from mlops_store import drift, ids, incidents, model_versions, pipelines, runs
from mlops_store.records import MonitorReport, PipelineState, Severity, StageRun, StageState
from mlops_store.store import Store
from mlops_tui.config import Config, RegistryConfig
from mlops_tui.project import Project
from mlops_tui.ui.app import MlopsApp
from mlops_tui.ui.screens.overview import OverviewScreen
from mlops_tui.ui.screens.overview_panes import ExperimentsPane, IncidentsPane, PipelinePane, RegistryPane
from mlops_tui.ui.widgets.window_table import WindowTable

WIDE = (120, 40)


@pytest.fixture
def store(tmp_path: Path) -> Store:
    return Store(str(tmp_path / ".mlops" / "store.db"))


def dashboard(root: Path, config: Config | None = None) -> MlopsApp:
    return MlopsApp(Project(str(root)), config)


def pane_text(app: MlopsApp, title: str) -> str:
    """The lines of the screen from a pane's title on."""
    text = rendered(app)
    return text[text.index(title) :]


async def test_an_empty_directory_says_what_to_do_next_and_stays_empty(tmp_path: Path) -> None:
    app = dashboard(tmp_path)
    async with app.run_test(size=WIDE) as pilot:
        text = await sees(
            pilot, "mlops-tui demo", "mlops-tui init", "mlops-tui run", "with mlops.start_run():", "dvc.yaml"
        )
        assert "Traceback" not in text
    assert list(tmp_path.iterdir()) == []


async def test_a_directory_with_another_tools_store_offers_to_take_it_over(tmp_path: Path) -> None:
    (tmp_path / "mlruns" / "0").mkdir(parents=True)
    (tmp_path / "mlruns" / "0" / "meta.yaml").write_text("name: Default")
    app = dashboard(tmp_path)
    async with app.run_test(size=WIDE) as pilot:
        await sees(pilot, "mlops-tui import mlruns", "mlops-tui view mlruns", "mlops-tui demo")


async def test_the_newest_runs_are_listed_with_state_metric_and_duration(tmp_path: Path, store: Store) -> None:
    add_runs(store, ["elder", "newer"])
    add_runs(store, ["broken"], status="FAILED", at=1_700_000_600.0)
    app = dashboard(tmp_path)
    async with app.run_test(size=WIDE) as pilot:
        text = await sees(pilot, "broken", "newer", "elder")
        lines = [line for line in text.splitlines() if any(name in line for name in ("broken", "newer", "elder"))]
        assert [line.split()[2] for line in lines] == ["broken", "newer", "elder"]
        assert "✗" in lines[0]
        assert "✓" in lines[1]
        assert "0.5200" in lines[1]
        assert "12.0s" in lines[1]


async def test_metrics_with_a_goal_are_shown_before_others(tmp_path: Path, store: Store) -> None:
    from mlops_store import metrics

    (run_id,) = add_runs(store, ["only"])
    with store.write() as db:
        metrics.write(db, run_id, [(key, 0, 1.0, 0.25) for key in ("aaa", "bbb", "wanted")])
    app = dashboard(tmp_path, Config(goals={"wanted": "max"}))
    async with app.run_test(size=WIDE) as pilot:
        assert "wanted" in (await sees(pilot, "only"))


async def test_a_growing_duration_is_drawn_each_second(tmp_path: Path, store: Store) -> None:
    add_runs(store, ["live"], status="RUNNING", at=time.time() - 100)
    app = dashboard(tmp_path)
    async with app.run_test(size=WIDE) as pilot:
        await sees(pilot, "1m 4")
        await sees(pilot, "▶ live")
        pane = app.screen.query_one(ExperimentsPane)
        await until(pilot, lambda: pane._ticker is not None)


async def test_nothing_ticks_while_nothing_runs(tmp_path: Path) -> None:
    project_with_runs(tmp_path)
    app = dashboard(tmp_path)
    async with app.run_test(size=WIDE) as pilot:
        await sees(pilot, "third")
        await settled(pilot)
        assert all(pane._ticker is None for pane in app.screen.query(ExperimentsPane))


def add_pipeline_run(store: Store, states: dict[str, StageState], state: PipelineState) -> None:
    run_id = ids.new_id()
    plan = [StageRun(name, place, StageState.WAITING, command="x") for place, name in enumerate(states)]
    with store.write() as db:
        runs.create(db, run_id=run_id, name="p", experiment="e", kind="pipeline", started_at=time.time() - 60)
        pipelines.create(db, run_id, stages=plan, jobs=1, request={})
        pipelines.set_state(db, run_id, state)
        for name, stage_state in states.items():
            pipelines.update_stage(db, run_id, name, state=stage_state, started_at=time.time() - 30)
        if not state.is_live:
            runs.finish(db, run_id, "FAILED", time.time())


async def test_the_stages_of_the_newest_pipeline_run_are_shown_and_what_needs_a_look_is_pointed_at(
    tmp_path: Path, store: Store
) -> None:
    states = {"prepare": StageState.DONE, "train": StageState.FAILED, "evaluate": StageState.SKIPPED}
    add_pipeline_run(store, states, PipelineState.FAILED)
    app = dashboard(tmp_path)
    async with app.run_test(size=WIDE) as pilot:
        await sees(pilot, "prepare", "train", "failed", "evaluate", "skipped")
        assert app.screen.query_one(PipelinePane).table.cursor_key == "train"


async def test_a_broken_dvc_yaml_is_told_of_in_its_pane(tmp_path: Path) -> None:
    (tmp_path / "dvc.yaml").write_text("stages:\n  a: [\n")
    app = dashboard(tmp_path)
    async with app.run_test(size=WIDE) as pilot:
        await sees(pilot, "dvc.yaml:")


async def test_models_are_shown_with_the_version_in_each_stage(tmp_path: Path, store: Store) -> None:
    with store.write() as db:
        for stage in ("archived", "production", "dev", "dev"):
            model_versions.add(
                db, "churn", stage=stage, source="s", flavor="f", digest="d", size_bytes=1, created_at=time.time()
            )
    app = dashboard(tmp_path, Config(registry=RegistryConfig()))
    async with app.run_test(size=WIDE) as pilot:
        text = await sees(pilot, "churn", "production", "staging", "v2", "v4 +1")
        assert "archived" not in text


async def test_open_alerts_come_first_and_are_counted(tmp_path: Path, store: Store) -> None:
    report = MonitorReport(0, "m", "b.csv", "b.csv", "0" * 64, "drift", time.time(), row_count=10)
    new = [
        drift.NewAlert("data_drift", Severity.WARNING, "four columns moved", columns=("a", "b")),
        drift.NewAlert("schema", Severity.CRITICAL, "a column is gone", columns=("c",)),
    ]
    with store.write() as db:
        keep(db, report, new)
    app = dashboard(tmp_path)
    async with app.run_test(size=WIDE) as pilot:
        text = await sees(pilot, "2 open", "four columns moved", "a column is gone")
        assert text.index("a column is gone") < text.index("four columns moved")
        with store.write() as db:
            for incident in incidents.ranked(db, ["open"]):
                incidents.acknowledge(db, incident.id, "ana")
        await sees(pilot, "nothing open")


async def test_numbers_and_tab_go_from_pane_to_pane(tmp_path: Path) -> None:
    project_with_runs(tmp_path)
    app = dashboard(tmp_path)
    async with app.run_test(size=WIDE) as pilot:
        await sees(pilot, "third")

        def focused() -> int:
            return next((pane.number for pane in app.screen.panes if pane.has_focus_within), 0)  # type: ignore[attr-defined]

        for key, number in [("3", 3), ("1", 1), ("4", 4), ("tab", 1), ("tab", 2), ("shift+tab", 1), ("shift+tab", 4)]:
            await pilot.press(key)
            await until(pilot, lambda number=number: focused() == number)  # type: ignore[misc]


@pytest.mark.parametrize(("number", "name"), [(1, "runs"), (2, "pipeline"), (3, "models"), (4, "drift")])
async def test_plus_opens_a_pane_as_a_full_screen_and_escape_comes_back(tmp_path: Path, number: int, name: str) -> None:
    project_with_runs(tmp_path)
    app = dashboard(tmp_path)
    async with app.run_test(size=WIDE) as pilot:
        await sees(pilot, "third")
        await pilot.press(str(number), "+")
        await until(pilot, lambda: getattr(app.screen, "NAME", "") == name)
        await pilot.press("escape")
        await until(pilot, lambda: isinstance(app.screen, OverviewScreen))


async def test_enter_opens_the_run_under_the_cursor(tmp_path: Path) -> None:
    project_with_runs(tmp_path)
    app = dashboard(tmp_path)
    async with app.run_test(size=WIDE) as pilot:
        await sees(pilot, "third")
        await pilot.press("j", "enter")
        await until(pilot, lambda: getattr(app.screen, "NAME", "") == "run")
        await sees(pilot, "second")


async def test_a_store_that_appears_meanwhile_is_shown_live(tmp_path: Path) -> None:
    app = dashboard(tmp_path)
    async with app.run_test(size=WIDE) as pilot:
        await sees(pilot, "No runs yet")
        project_with_runs(tmp_path, ["appeared"])
        await sees(pilot, "appeared")


async def test_a_store_of_a_newer_program_is_told_of_in_every_pane(tmp_path: Path, store: Store) -> None:
    store.read().execute("PRAGMA user_version = 999")
    app = dashboard(tmp_path)
    async with app.run_test(size=WIDE) as pilot:
        # the error wraps where the path lets it; its hint stands on lines of its own
        await until(pilot, lambda: rendered(app).count("install a newer mlops-tui") == 4)


async def test_a_file_that_is_no_database_is_told_of(tmp_path: Path) -> None:
    (tmp_path / ".mlops").mkdir()
    (tmp_path / ".mlops" / "store.db").write_text("not a database, and long enough to be read as one " * 100)
    app = dashboard(tmp_path)
    async with app.run_test(size=WIDE) as pilot:
        await sees(pilot, "not a database")


@pytest.mark.parametrize("size", [(80, 24), (120, 40), (200, 60), (36, 9), (60, 50)])
async def test_the_four_panes_stand_at_any_size(tmp_path: Path, size: tuple[int, int]) -> None:
    project_with_runs(tmp_path)
    app = dashboard(tmp_path)
    async with app.run_test(size=size) as pilot:
        await sees(pilot, "1 Experiments", "third")
        for number, pane_type in enumerate((ExperimentsPane, PipelinePane, RegistryPane, IncidentsPane), 1):
            await pilot.press(str(number))
            await until(pilot, lambda pane_type=pane_type: app.screen.query_one(pane_type).has_focus_within)  # type: ignore[misc]
            pane = app.screen.query_one(pane_type)
            await until(pilot, lambda pane=pane: pane.region.height >= 3)  # type: ignore[misc]


async def test_a_terminal_of_20_by_5_shows_that_it_is_too_small(tmp_path: Path) -> None:
    project_with_runs(tmp_path)
    app = dashboard(tmp_path)
    async with app.run_test(size=(20, 5)) as pilot:
        await sees(pilot, "terminal too", "small")


async def test_hostile_names_stay_in_their_rows(tmp_path: Path) -> None:
    project_with_runs(tmp_path, ["\x1b[31mred\x07", "[bold]m[/] [/]", "two\nlines", "x" * 10_000])
    app = dashboard(tmp_path)
    async with app.run_test(size=WIDE) as pilot:
        text = await sees(pilot, "[bold]m[/]", "␛[31mred␇", "two⏎lines")
        assert all(len(line) <= WIDE[0] for line in text.splitlines())
        assert app.screen.query(WindowTable).first().row_count == 4
