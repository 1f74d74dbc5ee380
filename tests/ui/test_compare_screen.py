import math
import threading

import pytest
from run_screens import HOSTILE, add_run, dashboard, make_store, misses, sees, until
from screens import rendered

from mlops_store import metrics, runs
from mlops_tui.compare.runs import compare
from mlops_tui.config import Config
from mlops_tui.ui.screens import compare_rows
from mlops_tui.ui.screens.compare import ComparePane, OverlayPane
from mlops_tui.ui.text import plain
from mlops_tui.ui.widgets.chart import Chart
from mlops_tui.ui.widgets.dialog import Choose
from mlops_tui.ui.widgets.window_table import WindowTable


@pytest.fixture
def store(tmp_path):
    with make_store(tmp_path) as opened:
        yield opened


def row(app, section: str, key: str) -> list[str]:
    table = app.screen.query_one(ComparePane).query_one(WindowTable)
    assert table.move_to((section, key)), f"no row {key}"
    return [plain(cell) for cell in table.cursor_row.cells]


def keys(app) -> list[str]:
    return [key[1] for key in app.screen.query_one(ComparePane).query_one(WindowTable).keys if key[1]]


async def test_the_best_is_starred_and_the_others_are_measured_from_the_baseline(store, tmp_path):
    add_run(store, "a", values={"auc": 0.5, "loss": 0.5})
    add_run(store, "b", values={"auc": 0.75, "loss": 1.0})
    app = dashboard(tmp_path, "compare a b")
    async with app.run_test(size=(100, 30)) as pilot:
        await sees(pilot, "auc", "measured from a")
        assert row(app, "metrics", "auc") == ["auc", "0.5000  ", "0.7500 ★ +0.2500"]
        assert row(app, "metrics", "loss") == ["loss", "0.5000 ★", "1   +0.5000"]


async def test_only_differences_are_shown_until_asked_for_the_rest(store, tmp_path):
    add_run(store, "a", params={"depth": 3, "seed": 1}, tags={"team": "x"})
    add_run(store, "b", params={"depth": 5, "seed": 1}, tags={"team": "x"})
    app = dashboard(tmp_path, "compare a b")
    async with app.run_test(size=(100, 30)) as pilot:
        await sees(pilot, "depth", "1 of 2 differ", "The same", "tags")
        assert keys(app) == ["depth"]
        await pilot.press("equals_sign")
        await until(pilot, lambda: keys(app) == ["depth", "seed", "team"])
        await pilot.press("equals_sign")
        await until(pilot, lambda: keys(app) == ["depth"])


async def test_metrics_of_the_machine_stand_after_those_of_the_model(store, tmp_path):
    add_run(store, "a", values={"system/cpu": 0.5, "auc": 0.5, "zeta": 1.0})
    add_run(store, "b", values={"system/cpu": 0.75, "auc": 0.75, "zeta": 2.0})
    app = dashboard(tmp_path, "compare a b")
    async with app.run_test(size=(100, 30)) as pilot:
        await sees(pilot, "system/cpu")
        assert keys(app) == ["auc", "zeta", "system/cpu"]


async def test_another_baseline_can_be_chosen(store, tmp_path):
    add_run(store, "a", values={"auc": 0.5})
    second = add_run(store, "b", values={"auc": 0.75})
    app = dashboard(tmp_path, "compare a b")
    async with app.run_test(size=(100, 30)) as pilot:
        await sees(pilot, "measured from a")
        await pilot.press("B")
        await until(pilot, lambda: isinstance(app.screen, Choose))
        app.screen.query_one(WindowTable).move_to(second)
        await pilot.press("enter")
        await sees(pilot, "measured from b")
        assert row(app, "metrics", "auc")[1] == "0.5000   −0.2500"


async def test_the_curves_follow_the_metric_under_the_cursor(store, tmp_path):
    add_run(store, "a", curves={"auc": [0.1, 0.2], "loss": [2.0, 1.0]})
    add_run(store, "b", curves={"auc": [0.3, 0.5], "loss": [3.0, 1.5]})
    app = dashboard(tmp_path, "compare a b")
    async with app.run_test(size=(100, 30)) as pilot:
        overlay = app.screen.query_one(OverlayPane)
        await until(pilot, lambda: overlay.wanted.key == "auc" and overlay.query_one(Chart).drawing.series)
        assert [one.label for one in overlay.query_one(Chart).drawing.series] == ["b", "a"]
        await pilot.press("j")
        await until(pilot, lambda: overlay.wanted.key == "loss" and overlay.records.series[0].points[0][3] == 3.0)
        await pilot.press("x", "L")
        await sees(pilot, "by time · log y")


async def test_a_metric_with_a_curve_is_drawn_where_the_cursor_stands_on_none(store, tmp_path):
    for name, start in (("a", 2.0), ("b", 3.0)):
        add_run(store, name, params={"depth": start}, values={"accuracy": 0.5}, curves={"loss": [start, 1.0]})
    app = dashboard(tmp_path, "compare a b")
    async with app.run_test(size=(100, 30)) as pilot:
        overlay, pane = app.screen.query_one(OverlayPane), app.screen.query_one(ComparePane)
        await until(pilot, lambda: pane.query_one(WindowTable).cursor_key is not None)
        assert pane.query_one(WindowTable).cursor_key[0] == "params"
        await until(pilot, lambda: overlay.wanted.key == "loss" and overlay.query_one(Chart).drawing.series)


async def test_curves_grow_while_runs_go_on(store, tmp_path):
    run_id = add_run(store, "a", curves={"auc": [0.1, 0.2]}, status="RUNNING")
    add_run(store, "b", curves={"auc": [0.3, 0.5]})
    app = dashboard(tmp_path, "compare a b")
    async with app.run_test(size=(100, 30)) as pilot:
        overlay = app.screen.query_one(OverlayPane)
        await until(pilot, lambda: overlay.records and overlay.records.series)

        def log() -> None:
            with store.write() as db:
                metrics.write(db, run_id, [("auc", 2, 9.0, 0.875)])

        thread = threading.Thread(target=log)
        thread.start()
        await sees(pilot, "0.8750")
        thread.join()
        await until(pilot, lambda: len(overlay.records.series[-1].points) == 3)


async def test_single_values_are_marks_on_a_line(store, tmp_path):
    add_run(store, "a", values={"auc": 0.25})
    add_run(store, "b", values={"auc": 0.75})
    app = dashboard(tmp_path, "compare a b")
    async with app.run_test(size=(100, 30)) as pilot:
        text = await sees(pilot, "●┈", "┈■")
        first, second = (next(line for line in text.splitlines() if mark in line) for mark in ("●┈", "┈■"))
        assert first.index("●") < second.index("■")


async def test_enter_asks_which_run_to_open(store, tmp_path):
    add_run(store, "a", values={"auc": 0.25})
    second = add_run(store, "b", values={"auc": 0.75})
    app = dashboard(tmp_path, "compare a b")
    async with app.run_test(size=(100, 30)) as pilot:
        await sees(pilot, "auc")
        await pilot.press("enter")
        await until(pilot, lambda: isinstance(app.screen, Choose))
        app.screen.query_one(WindowTable).move_to(second)
        await pilot.press("enter")
        await until(pilot, lambda: app.screen.NAME == "run" and app.screen.argument == second)


@pytest.mark.parametrize(("argument", "message"), [("a", "1 runs cannot be compared"), ("a nobody", "no run 'nobody'")])
async def test_what_cannot_be_compared_says_why(store, tmp_path, argument, message):
    add_run(store, "a")
    app = dashboard(tmp_path, f"compare {argument}")
    async with app.run_test(size=(100, 30)) as pilot:
        await sees(pilot, message)


@pytest.mark.parametrize("size", [(36, 9), (80, 24), (120, 40), (200, 60)])
async def test_hostile_names_and_many_runs_fit_every_size(store, tmp_path, size):
    chosen = [
        add_run(
            store,
            HOSTILE,
            params={HOSTILE: f"{HOSTILE}{number}"},
            values={"[red]m[/]": number, "x": math.nan, "y": math.inf},
            curves={"loss": [number, 1.0, math.nan]},
        )
        for number in range(25)
    ]
    app = dashboard(tmp_path, "compare " + " ".join(chosen))
    async with app.run_test(size=size) as pilot:
        await sees(pilot, "Compare")
        await until(pilot, lambda: app.screen.query_one(ComparePane).records)
        for _ in range(8):
            await pilot.press("j")
            text = rendered(app)
            assert "\x1b" not in text
            assert all(len(line) <= size[0] for line in text.splitlines())
        await pilot.press("right", "right")
        await misses(pilot, "\x1b")


def test_runs_of_one_name_are_told_apart_by_their_ids(store):
    first, second = add_run(store, "same"), add_run(store, "same")
    chosen = [runs.get(store.read(), run_id) for run_id in (first, second)]
    assert compare_rows.label(chosen[0], chosen) == f"same {first[-8:]}"
    assert compare_rows.label(chosen[0], chosen[:1]) == "same"


def test_a_schedule_has_no_best(store):
    first = add_run(store, "a", values={"lr": 0.1, "auc": 0.1})
    second = add_run(store, "b", values={"lr": 0.2, "auc": 0.2})
    found = compare(store.read(), [first, second], Config())
    cells = {row.key: [plain(cell) for cell in row.cells] for row in compare_rows.rows(found, with_equal=False)}
    assert "★" not in "".join(cells["metrics", "lr"])
    assert "★" in "".join(cells["metrics", "auc"])


async def test_the_crosshair_reads_all_runs_and_zooming_reads_a_part(store, tmp_path):
    for name, by in (("a", 1), ("b", 2)):
        add_run(store, name, curves={"loss": [by * step for step in range(101)]})
    app = dashboard(tmp_path, "compare a b")
    async with app.run_test(size=(120, 40)) as pilot:
        overlay = app.screen.query_one(OverlayPane)
        await until(pilot, lambda: overlay.records and overlay.records.series)
        await pilot.press("2", "left")
        await sees(pilot, "step 100", "a     100", "b     200")
        await pilot.press("+", "+")
        await until(pilot, lambda: overlay.records.window == (75.0, 100.0))
        await pilot.press("escape")
        await misses(pilot, "step 100")
        await pilot.press("escape")
        await until(pilot, lambda: overlay.records.window is None)
