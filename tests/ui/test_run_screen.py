import io
import math
import os

import pytest
import tracked
from PIL import Image
from run_screens import HOSTILE, add_run, dashboard, make_store, misses, sees, until
from screens import rendered

from mlops_store import datasets, metrics, models, notes, runs
from mlops_store.records import Dataset
from mlops_tui.ui import placeholders
from mlops_tui.ui.places import Place
from mlops_tui.ui.screens.chart_grid import ChartGrid
from mlops_tui.ui.screens.fact_list import FactList
from mlops_tui.ui.screens.name_filter import matcher, problem
from mlops_tui.ui.screens.run_body import PARTS, RunBody
from mlops_tui.ui.widgets.chart import Chart
from mlops_tui.ui.widgets.log_text import LogText
from mlops_tui.ui.widgets.picture_view import PictureView
from mlops_tui.ui.widgets.window_table import WindowTable


@pytest.fixture
def store(tmp_path):
    with make_store(tmp_path) as opened:
        yield opened


def part(app) -> str:
    return PARTS[app.screen.query_one(RunBody).part - 1]


def titles(app) -> list[str]:
    """Of the charts that are drawn: those that are not yet laid out take no keys."""
    charts = app.screen.query("#part-2 Chart").results(Chart)
    return [chart.drawing.title for chart in charts if chart.display and chart.plot is not None]


async def test_a_repository_without_a_commit_says_so(store, tmp_path):
    add_run(store, "early", git_branch="main")
    app = dashboard(tmp_path, "run early")
    async with app.run_test(size=(100, 50)) as pilot:
        text = await sees(pilot, "finished", "none yet on main")
        assert "uncommitted" not in text


def place_cursor(app, key) -> None:
    assert app.screen.query_one(FactList).move_to(key)


async def test_the_overview_says_where_a_run_came_from(store, tmp_path):
    run_id = add_run(
        store,
        "forest",
        command=["python", "train.py", "--depth", "3"],
        git_commit="4f2c91ab77e0d1c2b3a4958677889900aabbccdd",
        git_branch="main",
        git_dirty=1,
        git_diff="--- a/t.py\n+++ b/t.py\n-lr = 1\n+lr = 2\n+x = 3\n",
        user="ada",
        host="gpu-1",
        python_version="3.11.9",
        params={"depth": 3},
        values={"auc": 0.93},
        tags={"team": "growth"},
    )
    with store.write() as db:
        datasets.use(db, run_id, Dataset("train.csv", "ab" * 32, row_count=569), "training")
        notes.add(db, f"run:{run_id}", "looks lucky", "ada")
    app = dashboard(tmp_path, "run forest")
    async with app.run_test(size=(100, 50)) as pilot:
        text = await sees(pilot, "finished", "python train.py --depth 3", "4f2c91ab77e0 main", "+2 -1 in 1 file")
        for fact in ("ada on gpu-1", "3.11.9", "growth", "train.csv", "569 rows", "looks lucky", "0.9300", run_id):
            assert fact in text
        assert "run forest" in text.splitlines()[0]
        await until(pilot, lambda: app.screen.argument == run_id)


async def test_a_param_without_a_name_stands_below_the_heading_of_all_params(store, tmp_path):
    add_run(store, "one", params={"": "unnamed", "depth": 3})
    app = dashboard(tmp_path, "run one")
    async with app.run_test(size=(80, 30)) as pilot:
        lines = [line.strip(" ┃") for line in (await sees(pilot, "params", "unnamed")).splitlines()]
        assert {"unnamed", "depth         3"} <= set(lines[lines.index("params") + 1 : lines.index("params") + 3])


async def test_a_failed_run_shows_its_traceback_first(store, tmp_path):
    error = "Traceback (most recent call last):\n  File 't.py'\nValueError: [bold]bad[/] \x1b[31m"
    add_run(store, "broken", status="FAILED", error=error)
    app = dashboard(tmp_path, "run broken")
    async with app.run_test(size=(80, 24)) as pilot:
        text = await sees(pilot, "failed", "exit code 1", "ValueError: [bold]bad[/]")
        assert "\x1b" not in text
        await pilot.press("6")
        await sees(pilot, "Traceback")


async def test_numbers_and_tab_go_from_part_to_part(store, tmp_path):
    add_run(store, "one", values={"auc": 0.5}, params={"depth": 3}, files={"a.txt": b"hello"})
    app = dashboard(tmp_path, "run one")
    async with app.run_test(size=(80, 24)) as pilot:
        await sees(pilot, "finished")
        for number, name in enumerate(PARTS, 1):
            await pilot.press(str(number))
            await until(pilot, lambda name=name: part(app) == name)
        await pilot.press("tab")
        await until(pilot, lambda: part(app) == "overview")
        await pilot.press("shift+tab")
        await until(pilot, lambda: part(app) == "system")


async def test_charts_show_every_metric_with_a_curve_and_grow_while_the_run_goes_on(store, tmp_path):
    run_id = add_run(store, "live", status="RUNNING", curves={"loss": [3.0, 2.0], "auc": [0.1, 0.2]}, values={"f1": 1})
    app = dashboard(tmp_path, "run live")
    async with app.run_test(size=(100, 40)) as pilot:
        await sees(pilot, "running")
        await pilot.press("2")
        await until(pilot, lambda: titles(app) == ["auc", "loss"])
        with store.write() as db:
            metrics.write(db, run_id, [("loss", 2, 5.0, 0.0625)])
        await sees(pilot, "0.0625")
        (loss,) = app.screen.query_one("#part-2").query(Chart)[1].drawing.series
        assert [last for _, _, _, last in loss.points] == [3.0, 2.0, 0.0625]


async def test_what_a_script_logs_is_drawn_while_it_runs(tmp_path):
    code = """
        with mlops.start_run(run_name="training"):
            mlops.log_metric("loss", 4.0, step=0)
            mlops.log_metric("loss", 3.0, step=1)
            print("logged", flush=True)
            input()
            mlops.log_metric("loss", 0.03125, step=2)
            print("logged", flush=True)
            input()
    """
    process = tracked.start(tmp_path, code)
    try:
        assert process.stdout.readline() == "logged\n"
        app = dashboard(tmp_path, "runs")
        async with app.run_test(size=(100, 30)) as pilot:
            await sees(pilot, "▶  training")
            await pilot.press("enter", "2")
            await until(pilot, lambda: titles(app) == ["loss"])
            process.stdin.write("\n")
            process.stdin.flush()
            await sees(pilot, "0.0312")
            process.stdin.write("\n")
            process.stdin.flush()
            await pilot.press("1")
            await sees(pilot, "finished")
            await until(pilot, lambda: process.poll() == 0)
    finally:
        process.kill()
        process.wait()


async def test_many_charts_are_paged(store, tmp_path):
    add_run(store, "many", curves={f"m{number:02d}": [1.0, 2.0] for number in range(30)})
    app = dashboard(tmp_path, "run many")
    async with app.run_test(size=(80, 24)) as pilot:
        await sees(pilot, "finished")
        await pilot.press("2")
        await until(pilot, lambda: titles(app) == ["m00", "m01"])
        await sees(pilot, "1–2 of 30")
        await pilot.press("j", "j")
        await until(pilot, lambda: titles(app) == ["m02", "m03"])
        await pilot.press("pagedown")
        await until(pilot, lambda: titles(app) == ["m04", "m05"])
        await pilot.press("g")
        await until(pilot, lambda: titles(app) == ["m00", "m01"])


async def test_a_filter_narrows_charts_metrics_params_and_artifacts_by_name(store, tmp_path):
    add_run(store, "one", curves={"val/loss": [1, 2], "val/auc": [1, 2]}, params={"depth": 3, "loss_kind": "log"})
    app = dashboard(tmp_path, "run one")
    async with app.run_test(size=(100, 30)) as pilot:
        await sees(pilot, "finished")
        await pilot.press("2", "slash")
        await until(pilot, lambda: app.screen.query("Prompt Input"))
        await pilot.press(*"LOSS", "enter")
        await until(pilot, lambda: titles(app) == ["val/loss"])
        await pilot.press("4")
        await sees(pilot, "loss_kind")
        assert "depth" not in rendered(app)
        await pilot.press("escape")
        await sees(pilot, "depth")


async def test_a_filter_that_leaves_nothing_says_so_and_what_it_left_out(store, tmp_path):
    add_run(store, "one", values={"auc": 0.9}, params={"depth": 3}, files={"notes.txt": b"remember the milk"})
    app = dashboard(tmp_path, "run one")
    async with app.run_test(size=(100, 30)) as pilot:
        await sees(pilot, "finished")
        await pilot.press("5")
        await sees(pilot, "remember the milk")
        await pilot.press("slash")
        await until(pilot, lambda: app.screen.query("Prompt Input"))
        await pilot.press(*"^loss", "enter")
        await sees(pilot, "none of 1 artifact matches ^loss")
        await until(pilot, lambda: "notes.txt" not in rendered(app) and "milk" not in rendered(app))
        await pilot.press("4")
        await sees(pilot, "none of 1 param matches ^loss")
        await pilot.press("3")
        await sees(pilot, "none of 1 metric matches ^loss")


async def test_the_axes_can_be_time_and_logarithmic(store, tmp_path):
    add_run(store, "one", curves={"loss": [100.0, 10.0, 1.0, -1.0]})
    app = dashboard(tmp_path, "run one")
    async with app.run_test(size=(80, 24)) as pilot:
        await sees(pilot, "finished")
        await pilot.press("2", "x", "L")
        text = await sees(pilot, "by time", "some have no logarithm")
        assert "0s" in text
        assert app.screen.query_one("#part-2", ChartGrid).wanted.view.is_log_y


async def test_metrics_show_last_best_and_mean_and_open_as_a_curve(store, tmp_path):
    add_run(store, "one", curves={"loss": [4.0, 1.0, 2.5], "auc": [0.5, math.nan, 0.75]})
    app = dashboard(tmp_path, "run one")
    async with app.run_test(size=(100, 24)) as pilot:
        await sees(pilot, "finished")
        await pilot.press("3")
        text = await sees(pilot, "1 NaN")
        loss = next(line for line in text.splitlines() if line.strip().startswith("loss"))
        assert loss.split()[1:3] == ["2.500", "1"]
        assert "2.500" in loss.split()[3:]
        await pilot.press("j", "enter")
        await until(pilot, lambda: part(app) == "charts" and titles(app) == ["loss"])


async def test_a_param_is_copied_by_its_value(store, tmp_path):
    add_run(store, "one", params={"depth": 3})
    app = dashboard(tmp_path, "run one")
    async with app.run_test(size=(80, 24)) as pilot:
        await sees(pilot, "finished")
        await pilot.press("4", "y")
        await until(pilot, lambda: app.clipboard == "3")


async def test_an_artifact_is_looked_into(store, tmp_path):
    add_run(store, "one", files={"a.json": b'{"auc": [1, 2]}', "b.txt": b"evil \x1b]0;title\x07 text"})
    app = dashboard(tmp_path, "run one")
    async with app.run_test(size=(120, 30)) as pilot:
        await sees(pilot, "finished")
        await pilot.press("5")
        await sees(pilot, '"auc": [')
        await pilot.press("j")
        text = await sees(pilot, "evil")
        assert "\x1b" not in text
        assert "\x07" not in text
        await pilot.press("enter")
        await pilot.press("escape")
        assert app.screen.NAME == "run"
        assert isinstance(app.focused, WindowTable)


async def test_an_artifact_whose_bytes_are_gone_says_so(store, tmp_path):
    run_id = add_run(store, "one", files={"a.txt": b"hello"})
    (artifact,) = runs.detail(store.read(), run_id).artifacts
    os.remove(os.path.join(store.objects_dir, artifact.digest[:2], artifact.digest[2:]))
    app = dashboard(tmp_path, "run one")
    async with app.run_test(size=(120, 30)) as pilot:
        await sees(pilot, "finished")
        await pilot.press("5")
        await sees(pilot, "its bytes are gone")


async def test_a_stages_log_is_shown_with_it(store, tmp_path):
    parent = add_run(store, "all", kind="pipeline")
    child = add_run(store, "train", kind="stage", parent_run_id=parent)
    log = tmp_path / "train.log"
    log.write_text("epoch 1\nepoch 2 done\n")
    with store.write() as db:
        db.execute(
            "INSERT INTO pipeline_runs(run_id, request, jobs, state) VALUES (?, '{}', 1, 'finished')",
            (runs.number(db, parent),),
        )
        db.execute(
            "INSERT INTO stage_runs(pipeline_run_id, stage, position, run_id, state, attempt, log_path) "
            "VALUES (?, 'train', 0, ?, 'done', 1, ?)",
            (runs.number(db, parent), runs.number(db, child), str(log)),
        )
    app = dashboard(tmp_path, "run train")
    async with app.run_test(size=(80, 24)) as pilot:
        await sees(pilot, "related runs", "all pipeline")
        await pilot.press("6")
        await sees(pilot, "epoch 2 done")
        assert isinstance(app.focused, LogText)


async def test_related_runs_open(store, tmp_path):
    parent = add_run(store, "outer")
    add_run(store, "inner", parent_run_id=parent)
    app = dashboard(tmp_path, "run inner")
    async with app.run_test(size=(80, 24)) as pilot:
        await sees(pilot, "related runs", "outer")
        place_cursor(app, ("above", parent, 0))
        await pilot.press("enter")
        await until(pilot, lambda: app.screen.argument == parent)
        await sees(pilot, "run outer", "inner")


async def test_a_run_that_does_not_exist_says_so(store, tmp_path):
    add_run(store, "forest")
    app = dashboard(tmp_path, "run forrest")
    async with app.run_test(size=(80, 24)) as pilot:
        await sees(pilot, "no run 'forrest'", "did you mean 'forest'?")


async def test_before_anything_was_recorded_a_run_cannot_be_shown(tmp_path):
    app = dashboard(tmp_path, "run forest")
    async with app.run_test(size=(80, 24)) as pilot:
        await sees(pilot, "nothing has been recorded here yet")


@pytest.mark.parametrize("size", [(36, 9), (80, 24), (120, 40), (200, 60)])
async def test_every_part_fits_every_size_whatever_the_names(store, tmp_path, size):
    add_run(
        store,
        HOSTILE,
        experiment=HOSTILE,
        params={HOSTILE: HOSTILE},
        curves={"[red]m[/]": [1.0, math.nan, math.inf, -math.inf, 2.0], "n" * 3000: [1e308, -1e308]},
        tags={HOSTILE: HOSTILE},
        files={HOSTILE[:200]: b"\xff\xfe\x00", "t.csv": b"a,b\n" + b"\xc3(,[red]\n" * 10},
        error=HOSTILE,
        command=[HOSTILE],
        status="FAILED",
    )
    app = dashboard(tmp_path, "runs")
    async with app.run_test(size=size) as pilot:
        await sees(pilot, "[bold]x")
        await pilot.press("enter")
        for number in range(1, len(PARTS) + 1):
            await pilot.press(str(number))
            await until(pilot, lambda number=number: part(app) == PARTS[number - 1])
            await pilot.pause(0.1)
            text = rendered(app)
            assert "\x1b" not in text
            assert all(len(line) <= size[0] for line in text.splitlines())


async def test_deleting_from_the_runs_own_screen_can_be_undone(store, tmp_path):
    run_id = add_run(store, "one")
    app = dashboard(tmp_path, "run one")
    async with app.run_test(size=(80, 24)) as pilot:
        await sees(pilot, "finished")
        await pilot.press("d")
        await sees(pilot, "deleted: 'runs restore'")
        await pilot.press("u")
        await misses(pilot, "deleted: 'runs restore'")
        assert runs.get(store.read(), run_id).deleted_at is None


def test_words_are_looked_for_in_any_case_and_order():
    assert matcher("loss val")("Val/Loss")
    assert matcher("^val .*ss$")("Val/Loss")
    assert not matcher("loss train")("Val/Loss")
    assert matcher("")("anything")
    assert problem("loss (val") == "missing ), unterminated subpattern in '(val'"


async def test_the_crosshair_reads_all_charts_of_a_run_at_the_same_step(store, tmp_path):
    add_run(store, "one", curves={"auc": [step / 40 for step in range(41)], "loss": range(200, 159, -1)})
    app = dashboard(tmp_path, "run one")
    async with app.run_test(size=(120, 30)) as pilot:
        await sees(pilot, "finished")
        await pilot.press("2")
        await until(pilot, lambda: titles(app) == ["auc", "loss"])
        await pilot.press("left")
        await sees(pilot, "1 · step 40", "160 · step 40")
        await pilot.press("shift+left", "shift+left")
        text = await misses(pilot, "step 40")
        step = int(text.split("step ")[1].split()[0])
        assert f"{200 - step} · step {step}" in text
        await pilot.press("escape")
        await misses(pilot, "· step")


async def test_zoom_and_pan_read_another_part_of_every_curve(store, tmp_path):
    add_run(store, "one", curves={"auc": range(10_001), "loss": range(10_001)})
    app = dashboard(tmp_path, "run one")
    async with app.run_test(size=(120, 30)) as pilot:
        await sees(pilot, "finished")
        await pilot.press("2")
        await until(pilot, lambda: titles(app) == ["auc", "loss"])
        grid = app.screen.query_one("#part-2", ChartGrid)
        await pilot.press("+", "+")
        await until(pilot, lambda: grid.records.drawings[1].window == (3750.0, 6250.0))
        await sees(pilot, "zoomed")
        await pilot.press(">")
        await until(pilot, lambda: grid.records.drawings[0].window == (4375.0, 6875.0))
        assert all(4000 < x < 7000 for x, *_ in grid.records.drawings[0].series[0].points)
        await pilot.press("0")
        await until(pilot, lambda: grid.records.drawings[0].window is None)


async def test_one_chart_can_have_the_screen_for_itself(store, tmp_path):
    add_run(store, "many", curves={f"m{number:02d}": [1.0, 2.0] for number in range(30)})
    app = dashboard(tmp_path, "run many")
    async with app.run_test(size=(80, 24)) as pilot:
        await sees(pilot, "finished")
        await pilot.press("2")
        await until(pilot, lambda: titles(app) == ["m00", "m01"])
        await pilot.press("j", "enter")
        await until(pilot, lambda: titles(app) == ["m01"])
        await pilot.press("j")
        await until(pilot, lambda: titles(app) == ["m02"])
        await sees(pilot, "3 of 30")
        await pilot.press("escape")
        await until(pilot, lambda: titles(app) == ["m02", "m03"])
        await pilot.press("k")
        await until(pilot, lambda: titles(app) == ["m00", "m01"])


async def test_how_charts_are_drawn_is_kept_from_run_to_run(store, tmp_path):
    ids = [add_run(store, name, curves={"loss": range(1, 50)}) for name in ("one", "two")]
    app = dashboard(tmp_path, "run one")
    async with app.run_test(size=(120, 30)) as pilot:
        await sees(pilot, "finished")
        await pilot.press("2", "x", "L", "s", "s")
        await sees(pilot, "by time · log y · smoothed 0.75")
        await pilot.press(":", *"run two", "enter")
        await until(pilot, lambda: app.screen.argument == ids[1])
        await pilot.press("2")
        await sees(pilot, "by time · log y · smoothed 0.75")


async def test_a_broken_pattern_is_said_while_it_is_typed_and_changes_nothing(store, tmp_path):
    add_run(store, "one", curves={"val/loss": [1, 2], "train/loss": [1, 2], "lr": [1, 2]})
    app = dashboard(tmp_path, "run one")
    async with app.run_test(size=(120, 30)) as pilot:
        await sees(pilot, "finished")
        await pilot.press("2")
        await until(pilot, lambda: len(titles(app)) == 3)
        await pilot.press("/", *"^(val|lr")
        await sees(pilot, "missing ), unterminated subpattern")
        await pilot.press("enter")
        assert len(titles(app)) == 3
        await pilot.press(")", "enter")
        await until(pilot, lambda: titles(app) == ["val/loss", "lr"])


async def test_the_uncommitted_lines_are_shown_file_by_file(store, tmp_path):
    patch = "diff --git a/t.py b/t.py\n--- a/t.py\n+++ b/t.py\n@@ -1 +1 @@\n-lr = 1\n+lr = [red]2\x1b[0m\n"
    add_run(store, "one", git_commit="ab" * 20, git_dirty=1, git_diff=patch)
    app = dashboard(tmp_path, "run one")
    async with app.run_test(size=(80, 24)) as pilot:
        await sees(pilot, "+1 -1 in 1 file")
        place_cursor(app, ("code", "uncommitted", 0))
        await pilot.press("enter")
        text = await sees(pilot, "t.py", "-lr = 1", "+lr = [red]2", "ab" * 20)
        assert "\x1b" not in text


async def test_metrics_are_sorted_by_any_column(store, tmp_path):
    add_run(store, "one", curves={"a": [1.0, 5.0], "b": [9.0, 2.0], "c": [math.nan, math.nan]})
    app = dashboard(tmp_path, "run one")

    def order() -> list[str]:
        return [str(key) for key in app.screen.query_one("#part-3", WindowTable).keys]

    async with app.run_test(size=(120, 24)) as pilot:
        await sees(pilot, "finished")
        await pilot.press("3", "s")
        await sees(pilot, "Sort by")
        await pilot.press("j", "enter")
        await until(pilot, lambda: order() == ["a", "b", "c"])
        await pilot.press("s")
        await sees(pilot, "Sort by")
        await pilot.press("enter")
        await until(pilot, lambda: order() == ["b", "a", "c"])


async def test_dotted_params_and_folders_of_artifacts_fold(store, tmp_path):
    add_run(store, "one", params={"m.a": 1, "m.b": 2, "lr": 3}, files={"p/x.txt": b"1", "p/y.txt": b"22"})
    app = dashboard(tmp_path, "run one")
    async with app.run_test(size=(80, 24)) as pilot:
        await sees(pilot, "finished")
        await pilot.press("4")
        await sees(pilot, "m.", "  a")
        await pilot.press("z")
        await sees(pilot, "2 names")
        await pilot.press("5")
        await sees(pilot, "p/", "3 B", "2 files")
        await pilot.press("enter")
        await misses(pilot, "x.txt")


async def test_all_of_a_param_is_shown_when_it_is_opened(store, tmp_path):
    long = " ".join(f"word{n}" for n in range(300))
    add_run(store, "one", params={"long": f"{long}\nlast", "a.": 4, "a.b": 5, "a.b.c": 6})
    app = dashboard(tmp_path, "run one")
    async with app.run_test(size=(100, 40)) as pilot:
        await sees(pilot, "finished")
        await pilot.press("4")
        lines = (await sees(pilot, "word0")).splitlines()
        assert [line.split()[:3] for line in lines if " a." in line] == [["▾", "a.", "4"]]
        assert "word299" not in rendered(app)
        await pilot.press("G", "enter")
        await sees(pilot, "word0 ", "word150 ", "word299", "last", "esc close")
        await pilot.press("escape")
        await misses(pilot, "word299")


async def test_a_picture_and_a_table_are_drawn(store, tmp_path):
    buffer = io.BytesIO()
    Image.new("RGB", (60, 40), "white").save(buffer, "PNG")
    add_run(
        store, "one", files={"a.png": buffer.getvalue(), "b.csv": b"id,city\n1,Paris\n2,Rome\n", "c.png": b"\x89PNG"}
    )
    app = dashboard(tmp_path, "run one")
    async with app.run_test(size=(120, 30)) as pilot:
        await sees(pilot, "finished")
        await pilot.press("5")
        await sees(pilot, "PNG 60 × 40")
        await pilot.press("enter")
        await until(pilot, lambda: isinstance(app.focused, PictureView))
        await misses(pilot, "artifact  ")
        await pilot.press("escape", "j")
        await sees(pilot, "2 × 2", "int", "Paris")
        await pilot.press("j")
        await sees(pilot, "not a picture that can be read")


async def test_a_picture_that_is_ready_while_another_screen_is_shown_is_there_when_one_comes_back(store, tmp_path):
    buffer = io.BytesIO()
    Image.new("RGB", (60, 40), "white").save(buffer, "PNG")
    add_run(store, "one", files={"a.png": buffer.getvalue()})
    app = dashboard(tmp_path, "run one")
    async with app.run_test(size=(120, 30)) as pilot:
        await sees(pilot, "finished")
        await pilot.press("5")
        await sees(pilot, "PNG 60 × 40")
        app.go(Place("overview"))
        await sees(pilot, "Experiments")
        app.picture_kind = "kitty"  # as when the terminal is late to reply
        await pilot.pause()
        await app.workers.wait_for_complete([worker for worker in app.workers if worker.group == "picture"])
        await pilot.press("[")
        await until(pilot, lambda: placeholders.FIRST in rendered(app))


async def test_an_artifact_is_written_to_a_file_and_never_over_one(store, tmp_path):
    add_run(store, "one", files={"p/a.txt": b"hello"})
    (tmp_path / "a.txt").write_text("mine")
    app = dashboard(tmp_path, "run one")
    async with app.run_test(size=(100, 30)) as pilot:
        await sees(pilot, "finished")
        await pilot.press("5", "j")
        await sees(pilot, "hello")
        await pilot.press("e")
        await sees(pilot, "Write the artifact to")
        await pilot.press("enter")
        await sees(pilot, "that file exists already")
        await pilot.press("2", "enter")
        await until(pilot, (tmp_path / "a.txt2").exists)
        assert (tmp_path / "a.txt2").read_bytes() == b"hello"
        assert (tmp_path / "a.txt").read_text() == "mine"


async def test_an_artifact_is_registered_as_a_model_and_one_that_runs_code_only_after_a_yes(store, tmp_path):
    run_id = add_run(store, "one", files={"p/rule.py": b"def predict(frame):\n    return frame['a']\n"})
    app = dashboard(tmp_path, "run one")
    async with app.run_test(size=(100, 30)) as pilot:
        await sees(pilot, "finished")
        await pilot.press("5", "j")
        await sees(pilot, "def predict")
        await pilot.press("M")
        await sees(pilot, "Allow it to run?", "source code", "p/rule.py")
        await pilot.press("enter")
        await sees(pilot, "Register as")
        await pilot.press(*["backspace"] * 20, *"rule", "enter")
        await until(pilot, lambda: bool(models.names(store.read())))
        await sees(pilot, "registered rule version 1 from one")
    version = models.version(store.read(), "rule", 1)
    assert (version.flavor, version.run_id, version.lineage["allowed"]) == ("function", run_id, ["source"])


async def test_ten_thousand_params_and_a_megabyte_of_value_are_shown(store, tmp_path):
    add_run(store, "one", params={f"group{n % 100:02d}.p{n}": n for n in range(10_000)} | {"huge": "x" * 1_000_000})
    app = dashboard(tmp_path, "run one")
    async with app.run_test(size=(80, 24)) as pilot:
        await sees(pilot, "finished", "more")
        await pilot.press("4")
        await sees(pilot, "group00.", "p100")
        await pilot.press("G")
        await sees(pilot, "huge", "xxxx")


async def test_the_cursor_stays_on_its_fact_while_the_run_goes_on(store, tmp_path):
    run_id = add_run(store, "live", status="RUNNING", values={"a": 1.0}, params={"depth": 3})
    app = dashboard(tmp_path, "run live")
    async with app.run_test(size=(80, 24)) as pilot:
        await sees(pilot, "running")
        place_cursor(app, ("params", "depth", 0))
        with store.write() as db:
            metrics.write(db, run_id, [("b", 0, 5.0, 2.0)])
        await sees(pilot, "b      ")
        assert app.screen.query_one(FactList).cursor_key == ("params", "depth", 0)
