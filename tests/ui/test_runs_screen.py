import json
import threading

import pytest
import tracked
from rich.cells import cell_len
from run_screens import HOSTILE, add_run, dashboard, make_store, misses, sees, until
from screens import rendered
from textual.color import Color

from mlops_store import metrics, models, notes, run_views, runs
from mlops_tui.compare.run_query import RunQuery
from mlops_tui.compare.views import ViewColumn
from mlops_tui.ui import threads
from mlops_tui.ui.screens import run_list
from mlops_tui.ui.screens.column_choice import ChooseColumns
from mlops_tui.ui.screens.run_choices import ChooseOrder
from mlops_tui.ui.screens.run_filter import filter_problem, is_unfinished
from mlops_tui.ui.screens.run_list import RunsPane
from mlops_tui.ui.screens.run_pace import Pace
from mlops_tui.ui.screens.run_preview import RunPreview
from mlops_tui.ui.screens.runs import RunsScreen
from mlops_tui.ui.widgets.dialog import Ask, Confirm
from mlops_tui.ui.widgets.prompt import Prompt
from mlops_tui.ui.widgets.window_table import WindowTable


@pytest.fixture
def store(tmp_path):
    with make_store(tmp_path) as opened:
        yield opened


def names(app) -> list[str]:
    pane = app.screen.query_one(RunsPane)
    return [run.name for run in pane.records_of(list(pane.table.keys))]


def commands(app) -> list[str]:
    return [command.line for command in app.session.commands]


async def test_runs_are_listed_newest_first_with_what_tells_them_apart(store, tmp_path):
    add_run(store, "older", started_at=1.6e9, values={"auc": 0.8123}, params={"depth": 3, "same": 1})
    add_run(store, "newer", started_at=1.7e9, values={"auc": 0.9}, params={"depth": 5, "same": 1}, status="FAILED")
    app = dashboard(tmp_path, "runs")
    async with app.run_test(size=(100, 20)) as pilot:
        text = await sees(pilot, "older", "0.8123")
        assert names(app) == ["newer", "older"]
        header = next(line for line in text.splitlines() if "name" in line)
        assert header.index("auc") < header.index("depth") < header.index("same")
        assert "✗" in next(line for line in text.splitlines() if "newer" in line)


async def test_an_empty_project_says_how_to_begin_and_stays_empty(tmp_path):
    app = dashboard(tmp_path, "runs")
    async with app.run_test(size=(80, 24)) as pilot:
        await sees(pilot, "No runs yet", "mlops.start_run()")
    assert list(tmp_path.iterdir()) == []


async def test_a_run_that_another_thread_starts_appears_by_itself_and_leaves_the_cursor_alone(store, tmp_path):
    add_run(store, "zero", started_at=1.5e9)
    add_run(store, "first", started_at=1.6e9)
    app = dashboard(tmp_path, "runs")
    async with app.run_test(size=(100, 20)) as pilot:
        await sees(pilot, "first")
        await pilot.press("j")
        thread = threading.Thread(target=add_run, args=(store, "second"))
        thread.start()
        await sees(pilot, "second")
        thread.join()
        pane = app.screen.query_one(RunsPane)
        await until(pilot, lambda: names(app) == ["second", "first", "zero"])
        assert pane.records_of([pane.table.cursor_key])[0].name == "zero"


async def test_a_value_that_changes_is_drawn_in_place(store, tmp_path):
    run_id = add_run(store, "live", status="RUNNING", values={"auc": 0.5})
    app = dashboard(tmp_path, "runs")
    async with app.run_test(size=(100, 20)) as pilot:
        await sees(pilot, "0.5000")
        with store.write() as db:
            metrics.write(db, run_id, [("auc", 1, 1.0, 0.75)])
        await sees(pilot, "0.7500")


async def test_stages_that_logged_nothing_are_hidden_until_asked_for(store, tmp_path):
    add_run(store, "whole", kind="pipeline")
    add_run(store, "prepare", kind="stage")
    add_run(store, "train", kind="stage", values={"auc": 0.9})
    add_run(store, "broken", kind="stage", status="FAILED")
    add_run(store, "script")
    app = dashboard(tmp_path, "runs")
    async with app.run_test(size=(100, 20)) as pilot:
        await sees(pilot, "4 of 5", "train stage", "whole pipeline")
        assert "prepare" not in rendered(app)
        await pilot.press("K")
        await sees(pilot, "prepare", "with every stage")
        await pilot.press("K")
        await sees(pilot, "scripts only", "1 of 5")
        assert names(app) == ["script"]


async def test_a_filter_narrows_as_one_types_and_escape_brings_all_back(store, tmp_path):
    add_run(store, "good", values={"auc": 0.9})
    add_run(store, "poor", values={"auc": 0.4})
    app = dashboard(tmp_path, "runs")
    async with app.run_test(size=(100, 20)) as pilot:
        await sees(pilot, "good", "poor")
        await pilot.press("slash")
        await until(pilot, lambda: app.screen.query("Prompt Input"))
        app.screen.query_one("Prompt Input").value = "metrics.auc > 0.8"
        await misses(pilot, "poor ")
        assert names(app) == ["good"]
        await pilot.press("enter")
        await until(pilot, lambda: not app.screen.query(Prompt))
        assert app.screen.argument == "metrics.auc > 0.8"
        assert isinstance(app.focused, WindowTable)
        await pilot.press("escape")
        await sees(pilot, "poor ")
        assert app.screen.argument == ""


async def test_a_wrong_filter_is_told_under_the_line_and_the_list_stays(store, tmp_path):
    add_run(store, "good", values={"auc": 0.9})
    app = dashboard(tmp_path, "runs")
    async with app.run_test(size=(100, 20)) as pilot:
        await sees(pilot, "good")
        await pilot.press("slash", *"auc")
        await sees(pilot, "None of 1 run")
        await pilot.press("space", "greater_than_sign")
        text = await sees(pilot, "'auc' is no attribute of a run", "metrics.auc")
        remark = next(line for line in text.splitlines() if "no attribute" in line)
        typed = next(line for line in text.splitlines() if "/auc >" in line)
        assert remark.index("╭") == typed.index("auc")
        await pilot.press("enter")
        assert app.screen.query(Prompt), "a wrong filter is not accepted"
        await pilot.press("escape")
        await sees(pilot, "good")
        assert app.screen.argument == ""


async def test_a_wrong_filter_that_came_with_a_jump_is_begun_in_the_prompt(store, tmp_path):
    add_run(store, "good")
    app = dashboard(tmp_path, "runs /auc >")
    async with app.run_test(size=(100, 20)) as pilot:
        await sees(pilot, "/auc >", "no attribute", "good")


@pytest.mark.parametrize(
    ("text", "unfinished"),
    [
        ("met", True),
        ("x AND par", True),
        ("auc > 0.5 an", True),
        ("auc > 0.5 AND n", True),
        ("forest", False),
        ("an", False),
        ("x any", False),
        ("x ", False),
        ("", False),
    ],
)
def test_the_beginning_of_a_comparison_is_not_looked_for_as_a_word(text, unfinished):
    assert is_unfinished(text) is unfinished


@pytest.mark.parametrize("before", ["metrics.größe > 1 AND ", "name ~ '東京' AND ", "metrics.auc > 0.5 OR " * 3])
def test_a_remark_points_at_the_cell_below_which_it_stands(before):
    problem = filter_problem(before + "acc > 1", room=100)
    sign = "╮" if problem.endswith("╮") else "╭"
    assert cell_len(problem[: problem.index(sign)]) == cell_len(before) + 1
    assert "'acc' is no attribute of a run" in problem
    assert cell_len(problem) < 100


def test_a_remark_on_a_long_filter_is_cut_and_not_pushed_out_of_sight():
    problem = filter_problem("x " * 80 + "metrics.a > b")
    assert problem.startswith("metrics.a is compared")


async def test_sorting_asks_for_the_key_and_turns_round_when_asked_again(store, tmp_path):
    for name, auc in (("a", 0.5), ("b", 0.9), ("c", 0.7)):
        add_run(store, name, values={"auc": auc}, started_at=1.7e9 + ord(name))
    add_run(store, "without", started_at=1.6e9)
    app = dashboard(tmp_path, "runs")
    async with app.run_test(size=(100, 24)) as pilot:
        await sees(pilot, "without")
        await pilot.press("s")
        await until(pilot, lambda: isinstance(app.screen, ChooseOrder))
        app.screen.query_one(WindowTable).move_to("metrics.auc")
        await pilot.press("enter")
        await until(pilot, lambda: names(app) == ["b", "c", "a", "without"])
        await sees(pilot, "auc ▾")
        await pilot.press("s", "enter")
        await until(pilot, lambda: names(app) == ["a", "c", "b", "without"])


@pytest.fixture
def asked(monkeypatch):
    """The orders that the store was asked for; while the gate is shut nobody gets an answer."""
    gate, orders, ids = threading.Event(), [], RunQuery.ids

    def gated(query, db, limit=None):
        gate.wait(60)  # an application that is to end waits for its threads
        found = ids(query, db, limit)
        orders.append(query.view.sort[0])
        return found

    monkeypatch.setattr(RunQuery, "ids", gated)
    gate.set()
    yield gate, orders
    gate.set()


async def test_an_order_under_the_cursor_is_there_before_it_is_asked_for(store, tmp_path, asked):
    gate, orders = asked
    for name, auc in (("a", 0.5), ("b", 0.9), ("c", 0.7)):
        add_run(store, name, values={"auc": auc}, started_at=1.7e9 + ord(name))
    app = dashboard(tmp_path, "runs")
    async with app.run_test(size=(100, 24)) as pilot:
        await sees(pilot, "0.5000")
        await pilot.press("s")
        await until(pilot, lambda: isinstance(app.screen, ChooseOrder))
        app.screen.table.move_to("metrics.auc")
        pane = app.screen_stack[-2].query_one(RunsPane)
        # what was read before the store's last change is forgotten
        await until(pilot, lambda: pane._ahead._found is not None and not threads.working())
        assert "-metrics.auc" in orders
        gate.clear()
        await pilot.press("enter")
        await until(pilot, lambda: isinstance(app.screen, RunsScreen) and names(app) == ["b", "c", "a"])
        await sees(pilot, "auc ▾", "0.9000")
        assert not pane.records.is_whole
        gate.set()
        await until(pilot, lambda: pane.records.is_whole)
        assert names(app) == ["b", "c", "a"]


async def test_the_order_of_all_runs_is_read_when_nobody_types_or_at_once_for_who_moves(store, tmp_path, monkeypatch):
    monkeypatch.setattr(run_list, "_STILL_S", 600.0)
    monkeypatch.setattr(Pace, "is_quick", False)
    for number in range(120):
        add_run(store, f"run {number}", values={"auc": number / 7}, started_at=1.7e9 + number)
    app = dashboard(tmp_path, "runs")
    async with app.run_test(size=(100, 24)) as pilot:
        await sees(pilot, "run 119")
        pane = app.screen.query_one(RunsPane)
        await until(pilot, lambda: pane.records.is_whole)  # no key has come yet
        for order in ("metrics.auc", "name"):
            await pilot.press("s")
            await until(pilot, lambda: isinstance(app.screen, ChooseOrder))
            app.screen.table.move_to(order)
            await pilot.press("enter")
            await until(pilot, lambda order=order: pane.records.query.view.first_sort == order)
            await sees(pilot, "1 Runs …")
            assert not pane.records.is_whole
            if order == "name":
                monkeypatch.setattr(run_list, "_STILL_S", 0.0)
            else:
                await pilot.press("G")
                await until(pilot, lambda: pane.table.cursor == 119)
            await until(pilot, lambda: pane.records.is_whole)
            await sees(pilot, "1 Runs 120")


async def test_an_order_that_was_read_ahead_is_read_again_when_the_store_has_changed(store, tmp_path, asked):
    _, orders = asked
    add_run(store, "a", values={"auc": 0.5})
    app = dashboard(tmp_path, "runs")
    async with app.run_test(size=(100, 24)) as pilot:
        await sees(pilot, "0.5000")
        pane = app.screen.query_one(RunsPane)
        await pilot.press("s")
        await until(pilot, lambda: isinstance(app.screen, ChooseOrder))
        app.screen.table.move_to("metrics.auc")
        await until(pilot, lambda: "-metrics.auc" in orders and not threads.working())
        await pilot.pause()
        add_run(store, "b", values={"auc": 0.9})
        await until(pilot, lambda: pane.table.row_count == 2)
        shown = []
        show = pane.show
        pane.show = lambda records: (shown.append(records), show(records))
        await pilot.press("enter")
        await until(pilot, lambda: pane.view.sort == ("-metrics.auc",) and bool(shown))
        await until(pilot, lambda: names(app) == ["b", "a"])
        assert {len(records.numbers) for records in shown} == {2}


async def test_the_dialog_of_orders_opens_each_time_as_if_it_were_new(store, tmp_path):
    add_run(store, "a", values={"auc": 0.5, "loss": 0.1})
    app = dashboard(tmp_path, "runs")
    async with app.run_test(size=(100, 24)) as pilot:
        await sees(pilot, "0.5000")
        await pilot.press("s")
        await sees(pilot, "Sort by", "started")
        first = app.screen
        rows = first.table.row_count
        for _ in range(2):
            await pilot.press("slash", *"loss")
            await until(pilot, lambda: first.table.row_count == 7)
            assert first.query_one("#find").region
            await pilot.press("escape")
            await until(pilot, lambda: first.table.row_count == rows and not first.query_one("#find").region)
            assert first.focused is first.table
        await pilot.press("slash", *"loss", "enter")
        await until(pilot, lambda: first.table.row_count == 7)
        await pilot.press("enter")
        await until(pilot, lambda: app.screen is not first)
        await sees(pilot, "loss ▴")
        add_run(store, "b", values={"cost": 1.0})
        await sees(pilot, "cost")
        app.theme = "textual-light"
        await pilot.press("s")
        await until(pilot, lambda: app.screen is first)
        await until(pilot, lambda: first.table.row_count == rows + 7)
        await sees(pilot, "▴ now; again turns it round")
        assert not app.screen.query_one("#find").region
        assert first.table.cursor_key == "metrics.loss"
        assert first.focused is first.table
        assert first.query_one("#dialog").styles.background == Color.parse(app.theme_variables["surface"])
        await pilot.press("escape")
        await until(pilot, lambda: app.screen is not first)


async def test_the_cursor_goes_to_the_first_row_that_is_found_unless_its_own_is(store, tmp_path):
    add_run(store, "a", values={"auc": 0.5, "loss": 0.1})
    app = dashboard(tmp_path, "runs")
    async with app.run_test(size=(100, 24)) as pilot:
        await sees(pilot, "0.5000")
        await pilot.press("s")
        await until(pilot, lambda: isinstance(app.screen, ChooseOrder))
        app.screen.table.move_to("max(auc)")
        await pilot.press("slash", *"max")
        await until(pilot, lambda: app.screen.table.row_count == 2)
        assert app.screen.table.cursor_key == "max(auc)"
        await pilot.press(*" loss")
        await until(pilot, lambda: app.screen.table.cursor_key == "max(loss)")
        await pilot.press(*["backspace"] * 8, *"loss")
        await until(pilot, lambda: app.screen.table.row_count == 7)
        assert app.screen.table.cursor_key == "max(loss)"
        await pilot.press(*["backspace"] * 4, *"mean(loss)")  # as filters say it
        await until(pilot, lambda: app.screen.table.cursor_key == "mean(loss)")


async def test_a_list_is_sorted_by_the_best_value_that_a_metric_ever_had(store, tmp_path):
    add_run(store, "early", curves={"auc": [0.9, 0.5]})
    add_run(store, "late", curves={"auc": [0.1, 0.7]}, started_at=1.6e9)
    app = dashboard(tmp_path, "runs")
    async with app.run_test(size=(120, 24)) as pilot:
        await sees(pilot, "early")
        await pilot.press("s", "slash", *"best", "enter", "enter")
        await until(pilot, lambda: app.screen.query_one(RunsPane).view.sort == ("best(auc)",))
        await sees(pilot, "best auc ▾", "0.9000")
        assert names(app) == ["early", "late"]


async def test_columns_are_chosen_put_in_order_pinned_and_resized(store, tmp_path):
    add_run(store, "a", values={"auc": 0.5}, params={"depth": 3, "rate": "0.01"}, user="ann")
    app = dashboard(tmp_path, "runs")
    async with app.run_test(size=(120, 30)) as pilot:
        await sees(pilot, "0.01")
        await pilot.press("C", "V")
        await until(pilot, lambda: isinstance(app.screen, ChooseColumns))
        for name in ("params.rate", "metrics.auc", "user"):
            app.screen.table.move_to(name)
            await pilot.press("space")
            await pilot.pause()
        app.screen.table.move_to("metrics.auc")
        await pilot.press("K", "p", "plus", "plus")
        await sees(pilot, "pinned · 16 wide")
        await pilot.press("enter")
        await misses(pilot, "depth")
        header = next(line for line in rendered(app).splitlines() if "name" in line)
        assert header.index("auc") < header.index("rate") < header.index("user")
        assert app.screen.query_one(RunsPane).view.columns == (
            ViewColumn("metrics.auc", 16, True),
            ViewColumn("params.rate"),
            ViewColumn("user"),
        )


async def test_runs_are_grouped_and_a_group_is_opened_compared_and_left(store, tmp_path):
    for number, auc in enumerate((0.8, 0.9, 0.85)):
        add_run(store, f"forest-{number}", values={"auc": auc}, params={"model": "forest"})
    add_run(store, "alone", values={"auc": 0.6}, params={"model": "svm"}, status="FAILED")
    add_run(store, "bare", started_at=1.6e9)
    app = dashboard(tmp_path, "runs")
    async with app.run_test(size=(120, 30)) as pilot:
        await sees(pilot, "forest-2", "1 failed")
        await pilot.press("b", "slash", *"model", "enter", "space", "enter")
        await sees(pilot, "3 groups by model", "0.8500 ± 0.0500", "0.9000", "none")
        app.screen.query_one(RunsPane).table.move_to(("forest",))
        await pilot.press("enter")
        await sees(pilot, "model=forest", "forest-0")
        assert set(names(app)) == {"forest-0", "forest-1", "forest-2"}
        await pilot.press("escape")
        await sees(pilot, "3 groups by model")
        assert app.screen.query_one(RunsPane).table.cursor_key == ("forest",)
        await pilot.press("c")
        await until(pilot, lambda: app.screen.NAME == "compare")
        assert len(app.screen.argument.split()) == 3
        await pilot.press("escape")
        await until(pilot, lambda: app.screen.NAME == "runs")
        await pilot.press("escape")
        await sees(pilot, "forest-2", "alone", "bare")


async def test_archived_runs_leave_the_list_are_shown_on_their_own_and_come_back(store, tmp_path):
    add_run(store, "old")
    add_run(store, "other", started_at=1.6e9)
    app = dashboard(tmp_path, "runs")
    async with app.run_test(size=(120, 30)) as pilot:
        await sees(pilot, "old")
        await pilot.press("a")
        await until(pilot, lambda: names(app) == ["other"])
        await pilot.press("u")
        await until(pilot, lambda: names(app) == ["old", "other"])
        await pilot.press("a")
        await until(pilot, lambda: names(app) == ["other"])
        await pilot.press("K", "K", "K")
        await sees(pilot, "archived only")
        await until(pilot, lambda: names(app) == ["old"])
        await pilot.press("a")
        await until(pilot, lambda: names(app) == [])
        await pilot.press("K")
        await until(pilot, lambda: names(app) == ["old", "other"])


async def test_a_thousand_marked_runs_are_deleted_and_brought_back_as_one_act(store, tmp_path):
    with store.write() as db:
        for number in range(1200):
            runs.create(
                db, run_id=f"{number:032x}", name=f"run-{number}", experiment="e", status="FINISHED", started_at=number
            )
    app = dashboard(tmp_path, "runs")
    async with app.run_test(size=(100, 24)) as pilot:
        await sees(pilot, "run-1199", "1,200")
        await pilot.press("v", "G", "v", "d")
        await until(pilot, lambda: isinstance(app.screen, Confirm))
        await sees(pilot, "Delete 1,200 runs?", "and 1,192 more")
        await pilot.press("enter")
        await until(pilot, lambda: names(app) == [])
        assert commands(app)[0].endswith("# and 1,000 more")
        await pilot.press("u")
        await sees(pilot, "run-1199", "1,200")


async def test_the_course_of_a_metric_is_drawn_in_its_row_and_goes_on_while_the_run_does(store, tmp_path):
    run_id = add_run(store, "live", status="RUNNING", curves={"loss": [4.0, 3.0, 2.0, 1.0]})
    app = dashboard(tmp_path, "runs")
    async with app.run_test(size=(120, 24)) as pilot:
        await sees(pilot, "█▆▃▁", "1 running")
        with store.write() as db:
            metrics.write(db, run_id, [("loss", 4, 1.0, 9.0)])
        await sees(pilot, "▄▃▂▁█")


async def test_order_and_columns_are_remembered(store, tmp_path):
    add_run(store, "a", values={"auc": 0.5, "f1": 0.25}, params={"depth": 3})
    app = dashboard(tmp_path, "runs")
    async with app.run_test(size=(120, 24)) as pilot:
        await sees(pilot, "0.2500")
        await pilot.press("C", "V")
        app.screen.query_one(WindowTable).move_to("metrics.auc")
        await pilot.press("space", "enter")
        await misses(pilot, "0.2500")
        app.screen.query_one(RunsPane).change(sort=("name",))
        await sees(pilot, "name ▴")
    again = dashboard(tmp_path, "runs")
    async with again.run_test(size=(120, 24)) as pilot:
        text = await sees(pilot, "0.5000", "name ▴")
        assert "f1" not in text.splitlines()[2]


async def test_marked_runs_are_compared(store, tmp_path):
    first = add_run(store, "first", started_at=1.6e9)
    second = add_run(store, "second")
    app = dashboard(tmp_path, "runs")
    async with app.run_test(size=(100, 24)) as pilot:
        await sees(pilot, "second")
        await pilot.press("c")
        await sees(pilot, "mark two or more runs")
        await pilot.press("space", "space", "c")
        await until(pilot, lambda: app.screen.NAME == "compare")
        assert app.screen.argument == f"{second} {first}"


async def test_enter_opens_the_run_and_y_copies_its_id(store, tmp_path):
    run_id = add_run(store, "only")
    app = dashboard(tmp_path, "runs")
    async with app.run_test(size=(100, 24)) as pilot:
        await sees(pilot, "only")
        await pilot.press("y")
        await until(pilot, lambda: app.clipboard == run_id)
        await pilot.press("enter")
        await until(pilot, lambda: app.screen.NAME == "run")
        assert app.screen.argument == run_id


async def test_one_run_is_deleted_at_once_and_undone_with_a_key(store, tmp_path):
    run_id = add_run(store, "doomed")
    add_run(store, "other", started_at=1.6e9)
    app = dashboard(tmp_path, "runs")
    async with app.run_test(size=(100, 24)) as pilot:
        await sees(pilot, "doomed")
        await pilot.press("d")
        await until(pilot, lambda: names(app) == ["other"])
        assert runs.get(store.read(), run_id).deleted_at is not None
        assert commands(app) == [f"mlops-tui runs delete {run_id}"]
        await pilot.press("u")
        await until(pilot, lambda: names(app) == ["doomed", "other"])


async def test_several_runs_are_deleted_only_after_a_yes(store, tmp_path):
    add_run(store, "one")
    add_run(store, "two")
    app = dashboard(tmp_path, "runs")
    async with app.run_test(size=(100, 24)) as pilot:
        await sees(pilot, "two")
        await pilot.press("space", "space", "d")
        await until(pilot, lambda: isinstance(app.screen, Confirm))
        await sees(pilot, "Delete 2 runs?", "hidden, not lost")
        await pilot.press("escape")
        await until(pilot, lambda: isinstance(app.screen, RunsScreen))
        assert len(names(app)) == 2
        await pilot.press("d", "enter")
        await until(pilot, lambda: names(app) == [])


async def test_a_tag_is_set_on_all_marked_runs_and_undone_to_what_was_there(store, tmp_path):
    first = add_run(store, "one", tags={"team": "old"})
    second = add_run(store, "two")
    app = dashboard(tmp_path, "runs")
    async with app.run_test(size=(100, 24)) as pilot:
        await sees(pilot, "two")
        await pilot.press("space", "space", "t")
        await until(pilot, lambda: isinstance(app.screen, Ask))
        await pilot.press(*"team")
        await pilot.press("enter")
        await sees(pilot, "a value are missing")
        await pilot.press("equals_sign", *"new", "enter")
        await until(pilot, lambda: runs.get(store.read(), second).tags == {"team": "new"})
        await until(pilot, lambda: commands(app))
        await pilot.press("u")
        await until(pilot, lambda: runs.get(store.read(), second).tags == {})
        assert runs.get(store.read(), first).tags == {"team": "old"}


async def test_a_tag_that_was_changed_since_is_not_set_back(store, tmp_path):
    run_id = add_run(store, "one", tags={"team": "old"})
    app = dashboard(tmp_path, "runs")
    async with app.run_test(size=(100, 24)) as pilot:
        await sees(pilot, "one")
        await pilot.press("t")
        await until(pilot, lambda: isinstance(app.screen, Ask))
        await pilot.press(*"team", "equals_sign", *"new", "enter")
        await until(pilot, lambda: commands(app))
        with store.write() as db:
            runs.set_tags(db, run_id, {"team": "theirs"})
        await pilot.press("u")
        await sees(pilot, "tag team has been changed since")
        assert runs.get(store.read(), run_id).tags == {"team": "theirs"}


async def test_a_tag_is_removed_from_the_runs_that_have_it_and_else_it_is_said(store, tmp_path):
    tagged = add_run(store, "one", tags={"team": "old"})
    add_run(store, "two")
    app = dashboard(tmp_path, "runs")
    async with app.run_test(size=(100, 24)) as pilot:
        await sees(pilot, "two")
        await pilot.press("space", "space", "t")
        await until(pilot, lambda: isinstance(app.screen, Ask))
        await pilot.press(*"team", "equals_sign", "enter")
        await sees(pilot, "removed the tag from 1 of 2 runs")
        assert runs.get(store.read(), tagged).tags == {}
        await pilot.press("t")
        await until(pilot, lambda: isinstance(app.screen, Ask))
        await pilot.press(*"team", "equals_sign", "enter")
        await sees(pilot, "2 runs: no tag team")
        assert len(commands(app)) == 1


async def test_a_note_is_kept_with_its_author(store, tmp_path):
    run_id = add_run(store, "one")
    app = dashboard(tmp_path, "runs")
    async with app.run_test(size=(100, 24)) as pilot:
        await sees(pilot, "one")
        await pilot.press("n")
        await until(pilot, lambda: isinstance(app.screen, Ask))
        await pilot.press(*"lucky", "enter")
        await until(pilot, lambda: [note.body for note in notes.of(store.read(), f"run:{run_id}")] == ["lucky"])


async def test_registering_a_run_without_a_model_is_refused_with_a_reason(store, tmp_path):
    add_run(store, "bare")
    app = dashboard(tmp_path, "runs")
    async with app.run_test(size=(100, 24)) as pilot:
        await sees(pilot, "bare")
        await pilot.press("M")
        await sees(pilot, "has logged no model")


@pytest.mark.slow
async def test_a_runs_model_is_registered_by_the_command_itself(tmp_path):
    code = """
        from sklearn.linear_model import LogisticRegression
        with mlops.start_run(run_name="fit"):
            mlops.log_model(LogisticRegression().fit([[0.0], [1.0]], [0, 1]), name="model")
    """
    tracked.script(tmp_path, code)
    app = dashboard(tmp_path, "runs")
    async with app.run_test(size=(100, 24)) as pilot:
        await sees(pilot, "fit")
        await pilot.press("M")
        await until(pilot, lambda: isinstance(app.screen, Ask))
        app.screen.query_one("Input").value = "churn"
        await pilot.press("enter")
        await until(pilot, lambda: commands(app))
    run_id = runs.resolve(app.session.store.read(), "fit")
    assert commands(app) == [f"mlops-tui models register churn {run_id}"]
    assert models.version(app.session.store.read(), "churn", 1).run_id == run_id


async def test_a_hostile_name_is_shown_as_text_and_breaks_nothing(store, tmp_path):
    add_run(store, HOSTILE, experiment=HOSTILE, params={HOSTILE: HOSTILE}, values={"[red]m[/]": 1.0, "x" * 5000: 2.0})
    add_run(store, "plain", started_at=1.6e9)
    app = dashboard(tmp_path, "runs")
    async with app.run_test(size=(160, 40)) as pilot:
        text = await sees(pilot, "[bold]x[/]", "plain")
        assert "\x1b" not in text
        assert all(len(line) <= 160 for line in text.splitlines())
        await pilot.press("t")
        await until(pilot, lambda: isinstance(app.screen, Ask))
        await sees(pilot, "[bold]x[/]")
        await pilot.press("escape", "s")
        await until(pilot, lambda: isinstance(app.screen, ChooseOrder))
        await sees(pilot, "[red]m[/]")


@pytest.mark.parametrize("size", [(36, 9), (80, 24), (120, 40), (200, 60)])
async def test_the_list_fits_every_size(store, tmp_path, size):
    for number in range(80):
        add_run(store, f"run-{number}", values={"auc": number / 100}, params={f"p{number % 12}": "value"})
    app = dashboard(tmp_path, "runs")
    async with app.run_test(size=size) as pilot:
        text = await sees(pilot, "run-79")
        assert all(len(line) <= size[0] for line in text.splitlines())
        await pilot.press("G")
        await sees(pilot, "run-0 ")


async def test_far_away_rows_are_loaded_when_they_come_in_sight(store, tmp_path):
    with store.write() as db:
        for number in range(1500):
            runs.create(
                db,
                run_id=f"{number:032x}",
                name=f"run-{number}",
                experiment="e",
                status="FINISHED",
                started_at=1e9 + number,
            )
    app = dashboard(tmp_path, "runs")
    async with app.run_test(size=(80, 24)) as pilot:
        await sees(pilot, "run-1499")
        pane = app.screen.query_one(RunsPane)
        assert len(pane.records.loaded) < 200
        await pilot.press("G")
        await sees(pilot, "run-0 ", "run-10 ")


async def test_the_curves_of_the_run_under_the_cursor_are_shown_where_there_is_room(store, tmp_path):
    add_run(store, "flat", curves={"val/loss": [3.0, 3.0]}, started_at=1.6e9)
    add_run(store, "steep", curves={"train/loss": [5.0, 1.0]})
    app = dashboard(tmp_path, "runs")
    async with app.run_test(size=(120, 40)) as pilot:
        await sees(pilot, "train/loss", "steep")
        await pilot.press("j")
        preview = app.screen.query_one(RunPreview)
        await until(pilot, lambda: preview.records.run.name == "flat")
        text = await sees(pilot, "val/loss")
        assert any("\u2801" <= character <= "\u28ff" for character in text)


async def test_what_is_written_about_a_run_stands_beside_the_list_at_once(store, tmp_path):
    long = {"system/system_memory_usage_megabytes": 229.125}
    add_run(
        store,
        "one",
        values={"auc": 0.9, **long},
        curves={"loss": [2.0, 1.0]},
        tags={"team": "growth", "mlflow.user": "hidden"},
    )
    app = dashboard(tmp_path, "runs")
    async with app.run_test(size=(120, 40)) as pilot:
        text = await sees(pilot, "team=growth", "auc", "system/sys…e_megabytes  229.1")
        assert "hidden" not in text
        for key, word in (("n", "lucky"), ("n", "really"), ("t", "kept=yes")):
            await pilot.press(key)
            await until(pilot, lambda: isinstance(app.screen, Ask))
            app.screen.query_one("Input").value = word
            await pilot.press("enter")
            await sees(pilot, word)
        await sees(pilot, "kept=yes · team=growth", "really")
        await pilot.resize_terminal(200, 60)
        await sees(pilot, "system/system_memory_usage_megabytes  229.1")


async def test_keys_operators_and_values_are_offered_while_a_filter_is_typed(store, tmp_path):
    add_run(store, "good", values={"auc": 0.9}, params={"family": "forest"})
    add_run(store, "poor", values={"auc": 0.4}, params={"family": "linear"})
    app = dashboard(tmp_path, "runs")
    async with app.run_test(size=(100, 20)) as pilot:
        await sees(pilot, "good", "poor")
        await pilot.press("slash", *"fam")
        await sees(pilot, "params.family ", " param")
        await pilot.press("tab")
        await sees(pilot, "params.family ~")
        await pilot.press("equals_sign", "apostrophe", "l")
        await sees(pilot, "params.family ='linear'")
        await pilot.press("down", "enter")
        await misses(pilot, "good ")
        assert app.screen.argument == "params.family ='linear'"
        assert names(app) == ["poor"]


async def test_what_is_wrong_in_the_middle_is_told_rather_than_what_may_follow(store, tmp_path):
    add_run(store, "good", values={"auc": 0.9})
    app = dashboard(tmp_path, "runs")
    async with app.run_test(size=(100, 20)) as pilot:
        await sees(pilot, "good")
        await pilot.press("slash")
        await until(pilot, lambda: app.screen.query("Prompt Input"))
        app.screen.query_one("Prompt Input").value = "metrics.auc > high AND sta"
        await sees(pilot, "is compared with a number, not high")
        app.screen.query_one("Prompt Input").value = "metrics.auc > "
        await sees(pilot, "a number is missing after >")


async def test_a_view_is_saved_shown_again_deleted_and_brought_back(store, tmp_path):
    add_run(store, "good", values={"auc": 0.9})
    add_run(store, "poor", values={"auc": 0.4})
    app = dashboard(tmp_path, "runs /metrics.auc > 0.8")
    async with app.run_test(size=(120, 24)) as pilot:
        await sees(pilot, "good", "1 of 2")
        app.screen.query_one(RunsPane).change(sort=("name",), columns=(ViewColumn("metrics.auc", 9, True),))
        await pilot.press("W", *"best", "enter")
        await until(pilot, lambda: commands(app))
        assert commands(app)[-1] == (
            "mlops-tui runs views save best --filter 'metrics.auc > 0.8' --sort name --column metrics.auc:9:pinned"
        )
        await pilot.press("escape")
        await sees(pilot, "poor")
        app.screen.query_one(RunsPane).change(sort=("-started_at",), columns=())
        await pilot.press("w")
        await sees(pilot, "/metrics.auc > 0.8 · sorted by name · 1 column")
        await pilot.press("enter")
        await sees(pilot, "name ▴", "1 of 2")
        assert app.screen.argument == "metrics.auc > 0.8"
        await pilot.press("w", "d")
        await until(pilot, lambda: not run_views.every(store.read()))
        await until(pilot, lambda: isinstance(app.screen, RunsScreen))
        await pilot.press("u")
        await until(pilot, lambda: [view.name for view in run_views.every(store.read())] == ["best"])


async def test_marked_runs_or_all_that_are_shown_are_written_to_a_file(store, tmp_path):
    add_run(store, "good", values={"auc": 0.9}, params={"depth": 3})
    other = add_run(store, "poor", values={"auc": 0.4}, started_at=1.6e9)
    app = dashboard(tmp_path, "runs")
    async with app.run_test(size=(120, 24)) as pilot:
        await sees(pilot, "good", "poor")
        await pilot.press("e")
        await sees(pilot, "Export 2 runs to", "runs.csv")
        await pilot.press("enter")
        await sees(pilot, "2 runs written to runs.csv")
        assert (tmp_path / "runs.csv").read_text().count("\n") == 3
        await pilot.press("e", "enter")
        await sees(pilot, "there is such a file")
        await pilot.press("escape", "j", "space", "e")
        await sees(pilot, "Export 1 run to")
        app.screen.query_one("Input").value = "one.xls"
        await pilot.press("enter")
        await sees(pilot, "ends in no known format")
        app.screen.query_one("Input").value = "one.json"
        await pilot.press("enter")
        await sees(pilot, "1 run written to one.json")
        assert [row["run_id"] for row in json.loads((tmp_path / "one.json").read_text())] == [other]
        assert commands(app)[-1] == f"mlops-tui runs export one.json {other}"


async def test_a_metric_without_a_name_does_not_keep_the_runs_from_being_listed(store, tmp_path):
    add_run(store, "odd", started_at=1.6e9, values={"": 0.25, "auc": 0.5}, params={"": "nameless"})
    app = dashboard(tmp_path, "runs")
    async with app.run_test(size=(100, 20)) as pilot:
        await sees(pilot, "odd", "0.2500", "0.5000")


async def test_only_columns_in_sight_are_read_and_others_when_they_come_in_sight(store, tmp_path):
    add_run(store, "one", params={f"a_param_with_a_long_name_{number:02}": number for number in range(20)})
    add_run(store, "two", params={f"a_param_with_a_long_name_{number:02}": -number for number in range(20)})
    app = dashboard(tmp_path, "runs")
    async with app.run_test(size=(80, 12)) as pilot:
        await sees(pilot, "one", "two")
        pane = app.screen.query_one(RunsPane)
        await until(pilot, lambda: pane.records and pane.records.is_whole and pane.table.row_count)
        assert all(len(row.run.params) < 10 for row in pane.records.loaded)
        await pilot.press(*["right"] * 15)
        await sees(pilot, "-15")


async def test_long_names_are_shortened_within_so_that_two_metrics_stay_in_sight(store, tmp_path):
    values = {"validation/accuracy": 0.91, "validation/f1_macro": 0.87}
    for number in range(2):
        name = f"resnet50-imagenet-pretrained-augmented-{number:04}"
        add_run(store, name, values=values, started_at=1.6e9 + number)
    app = dashboard(tmp_path, "runs")
    async with app.run_test(size=(80, 12)) as pilot:
        text = await sees(pilot, "0.9100", "0.8700")
        shown = [line.split()[2] for line in text.splitlines() if "resnet" in line]
        assert len(shown) == 2
        assert all("…" in one for one in shown)
        assert [one[-4:] for one in shown] == ["0001", "0000"]


async def test_columns_stay_where_they_are_when_other_runs_come_first_and_others_join_them_with_new_keys(
    store, tmp_path
):
    for number in range(120):
        told = {"loss": number / 200} | ({"auc": 1 - number / 200} if number >= 20 else {})
        add_run(store, f"run{number}", started_at=1.6e9 + number, values=told, params={"depth": number % 7})
    app = dashboard(tmp_path, "runs")
    async with app.run_test(size=(120, 20)) as pilot:
        await sees(pilot, "run119", "run118")
        pane = app.screen.query_one(RunsPane)
        await until(pilot, lambda: pane.records.is_whole)
        before = [one.name for one in pane.records.columns]
        for sort in ("metrics.loss", "-params.depth", "-started_at"):
            pane.change(sort=(sort,))
            await until(pilot, lambda sort=sort: pane.records.query.view.sort == (sort,) and pane.records.is_whole)
            assert [one.name for one in pane.records.columns] == before
        add_run(store, "other", values={"f1": 0.5})
        await until(pilot, lambda: "metrics.f1" in [one.name for one in pane.records.columns])


async def test_what_the_model_reached_stands_before_what_the_machine_did_beside_the_list(store, tmp_path):
    of_machine = {f"system/gpu_{number}_utilization_percentage": 99.0 for number in range(20)}
    add_run(store, "a", values=of_machine | {"lr": 0.1, "auc": 0.75})
    app = dashboard(tmp_path, "runs")
    async with app.run_test(size=(160, 40)) as pilot:
        await sees(pilot, "system/gpu_0_util", "auc")
        facts = rendered(app).splitlines()
        auc, rate, gpu = (next(i for i, x in enumerate(facts) if name in x[96:]) for name in ("auc ", "lr ", "system/"))
        assert auc < rate < gpu
