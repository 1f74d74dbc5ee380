"""The parts of the compare screen beside its table."""

import threading

import numpy as np
import pytest
from run_screens import HOSTILE, add_run, dashboard, make_store, misses, sees, until
from screens import rendered, settled

from mlops_tui.prediction_files import encode, path_of
from mlops_tui.ui.screens.column_choice import ChooseColumns
from mlops_tui.ui.screens.compare import PARTS, CompareScreen
from mlops_tui.ui.screens.compare_views import PagePane, PicturePane
from mlops_tui.ui.screens.overlay import OverlayPane
from mlops_tui.ui.widgets.dialog import Ask, Choose
from mlops_tui.ui.widgets.window_table import WindowTable

SIZES = [(36, 9), (80, 24), (120, 40), (200, 60)]


@pytest.fixture
def store(tmp_path):
    with make_store(tmp_path) as opened:
        yield opened


@pytest.fixture
def several(store):
    """Two configurations, three seeds each, with all that there are views of."""
    chance = np.random.default_rng(0)
    truth, site = chance.integers(0, 2, 400), chance.choice(["north", "south"], 400)

    def predicted(depth: int) -> np.ndarray:
        right = chance.random(400) < 0.7 + depth / 50
        if depth == 9:
            right &= site == "north"
        return np.where(right, truth, 1 - truth)

    return [
        add_run(
            store,
            f"d{depth}s{seed}",
            params={"depth": depth, "seed": seed},
            values={"auc": 0.5 + depth / 20 + seed / 1000, "latency": depth + seed / 10},
            curves={"loss": [1.0, 0.5, 0.1 * seed + 0.1], "epoch": [0.0, 1.0, 2.0]},
            files={path_of("predictions"): encode(truth, predicted(depth), slices={"site": site})},
            git_commit="c0ffee" * 6 + "1234",
            git_diff=f"diff --git a/train.py b/train.py\n@@ -1 +1 @@\n-lr = 0\n+lr = {depth}\n",
        )
        for depth in (2, 9)
        for seed in range(3)
    ]


def compared(tmp_path, several):
    return dashboard(tmp_path, "compare " + " ".join(several))


async def test_every_part_is_reached_by_its_number_and_by_tab(several, tmp_path):
    app = compared(tmp_path, several)
    async with app.run_test(size=(120, 40)) as pilot:
        await sees(pilot, "1 table", "8 importance")
        said = {
            "2": "loss by step",
            "3": ">+lr = 9",
            "4": "depth=9",
            "5": "d9s0 is worse than d2s0",
            "6": "auc by depth",
            "7": "Parallel coordinates",
            "8": "random forest of",
        }
        await pilot.press("}")
        for key, text in said.items():
            await pilot.press(key)
            await sees(pilot, text)
        await pilot.press("tab")
        await sees(pilot, "1 Compare")
        await pilot.press("shift+tab")
        await sees(pilot, "random forest of")


async def test_parts_load_only_when_they_are_looked_at(several, tmp_path):
    app = compared(tmp_path, several)
    async with app.run_test(size=(120, 40)) as pilot:
        await settled(pilot)
        views = list(app.screen.query("ViewPane"))
        assert [view.records for view in views] == [None] * 6
        await pilot.press("6")
        await until(pilot, lambda: sum(view.records is not None for view in views) == 1)


async def test_the_verdict_on_repeated_runs_is_said_with_its_numbers(several, tmp_path):
    app = compared(tmp_path, several)
    async with app.run_test(size=(160, 40)) as pilot:
        await sees(pilot, "1 Compare")
        await pilot.press("4")
        await sees(pilot, "better: +0.35", "95 % interval", "Welch t", "n = 3 and 3", "within noise")


async def test_a_page_that_takes_long_says_that_it_is_computed(several, tmp_path, monkeypatch):
    may_go_on, load = threading.Event(), PagePane.load

    def load_later(pane, session):
        may_go_on.wait(60)
        return load(pane, session)

    monkeypatch.setattr(PagePane, "load", load_later)
    app = compared(tmp_path, several)
    async with app.run_test(size=(120, 40)) as pilot:
        try:
            await sees(pilot, "1 table")
            await pilot.press("4")
            await sees(pilot, "computing …")
        finally:
            may_go_on.set()
        await misses(pilot, "computing …")
        await sees(pilot, "seed")


async def test_predictions_of_one_run_can_be_looked_at_alone(several, tmp_path):
    app = compared(tmp_path, several)
    async with app.run_test(size=(120, 50)) as pilot:
        await sees(pilot, "1 Compare")
        await pilot.press("5")
        await sees(pilot, "3 of 5 in full")
        await pilot.press("r")
        await until(pilot, lambda: isinstance(app.screen, Choose))
        app.screen.query_one(WindowTable).move_to(several[4])
        await pilot.press("enter")
        await sees(pilot, "d9s1 is worse than d2s0", "McNemar, exact", "site = south", "95 % interval")
        await misses(pilot, "in full")


async def test_intervals_are_not_cut_on_a_screen_of_80_columns(store, tmp_path):
    chance = np.random.default_rng(1)
    truth = np.arange(400) % 2
    chosen = [
        add_run(
            store,
            f"seed3-{n}",
            files={path_of("predictions"): encode(truth, np.where(chance.random(400) < share, truth, 1 - truth))},
        )
        for n, share in enumerate((0.9, 0.8, 0.82, 0.83, 0.84, 0.85, 0.89))
    ]
    app = compared(tmp_path, chosen)
    async with app.run_test(size=(80, 40)) as pilot:
        await sees(pilot, "1 Compare")
        await pilot.press("5")
        text = await sees(pilot, "% interval", "seed3-6", "within noise")
        told = [line for line in text.splitlines() if " p " in line and line.strip("│ ").startswith("seed3")]
        assert len(told) == 6
        assert not [line for line in told if "…" in line]


async def test_another_baseline_is_that_of_every_part(several, tmp_path):
    app = compared(tmp_path, several)
    async with app.run_test(size=(120, 40)) as pilot:
        await sees(pilot, "measured from d2s0")
        await pilot.press("5", "B")
        await until(pilot, lambda: isinstance(app.screen, Choose))
        app.screen.query_one(WindowTable).move_to(several[3])
        await pilot.press("enter")
        await sees(pilot, "d2s0 is better than d9s0")
        await pilot.press("1")
        await sees(pilot, "measured from d9s0")


async def test_runs_are_pointed_at_in_pictures_and_opened_from_there(several, tmp_path):
    app = compared(tmp_path, several)
    async with app.run_test(size=(120, 40)) as pilot:
        await sees(pilot, "1 Compare")
        for part in ("6", "7"):
            await pilot.press(part)
            await sees(pilot, "j and k point at runs")
            await pilot.press("j", "j")
            await sees(pilot, "d2s1: ")
            await pilot.press("k", "k")
            await sees(pilot, "d9s2: ")
            await pilot.press("0")
            await sees(pilot, "j and k point at runs")
        await pilot.press("j", "o")
        await until(pilot, lambda: app.screen.NAME == "run" and app.screen.argument == several[0])


async def test_both_axes_of_the_scatter_plot_can_be_chosen(several, tmp_path):
    app = compared(tmp_path, several)
    async with app.run_test(size=(120, 40)) as pilot:
        await sees(pilot, "1 Compare")
        await pilot.press("6")
        await sees(pilot, "auc by depth")
        await pilot.press("a")
        await until(pilot, lambda: isinstance(app.screen, Choose))
        app.screen.query_one(WindowTable).move_to("metrics.latency")
        await pilot.press("enter")
        await until(pilot, lambda: isinstance(app.screen, Choose) and app.screen.query_one(WindowTable).has_focus)
        app.screen.query_one(WindowTable).move_to("metrics.auc")
        await pilot.press("enter")
        await sees(pilot, "auc by latency", "on the Pareto front")


async def test_axes_of_parallel_coordinates_can_be_chosen(several, tmp_path):
    app = compared(tmp_path, several)
    async with app.run_test(size=(120, 40)) as pilot:
        await sees(pilot, "1 Compare")
        await pilot.press("7")
        await sees(pilot, "latency")
        await pilot.press("a")
        await until(pilot, lambda: isinstance(app.screen, ChooseColumns))
        app.screen.query_one(WindowTable).set_marks(["params.depth", "metrics.auc"])
        await pilot.press("enter")
        await misses(pilot, "latency")
        pane = app.screen.query_one("#view-parallel", PicturePane)
        assert [axis.key for axis in pane.records.subject] == ["params.depth", "metrics.auc"]


async def test_curves_are_laid_over_each_other_by_epoch(several, tmp_path):
    app = compared(tmp_path, several)
    async with app.run_test(size=(120, 40)) as pilot:
        await sees(pilot, "1 Compare")
        overlay = app.screen.query_one(OverlayPane)
        await pilot.press("}", "2", "x", "x")
        await sees(pilot, "loss by epoch")
        await until(pilot, lambda: [point[0] for point in overlay.records.series[0].points] == [0.0, 1.0, 2.0])


async def test_one_section_after_the_other_stands_alone(several, tmp_path):
    app = compared(tmp_path, several)
    async with app.run_test(size=(120, 40)) as pilot:
        await sees(pilot, "Metrics", "Params")
        await pilot.press("z")
        await sees(pilot, "only metrics")
        await misses(pilot, "Params")
        await pilot.press("z")
        await sees(pilot, "only params", "depth")


@pytest.mark.parametrize(
    ("name", "start"), [("c.html", "<!DOCTYPE"), ("c.md", "# Compar"), ("c.csv", "part,key"), ("c.json", "{")]
)
async def test_what_is_looked_at_is_written_to_a_file(several, tmp_path, name, start):
    app = compared(tmp_path, several)
    async with app.run_test(size=(120, 40)) as pilot:
        await sees(pilot, "1 Compare")
        await pilot.press("e")
        await until(pilot, lambda: isinstance(app.screen, Ask))
        await pilot.press(*["backspace"] * 15, *name, "enter")
        await sees(pilot, f"wrote {name}")
        assert (tmp_path / name).read_text().startswith(start)
        assert app.session.commands[-1].line.endswith(f"-o {name}")


async def test_a_file_that_is_there_is_not_written_over(several, tmp_path):
    (tmp_path / "comparison.html").write_text("mine")
    app = compared(tmp_path, several)
    async with app.run_test(size=(120, 40)) as pilot:
        await sees(pilot, "1 Compare")
        await pilot.press("e")
        await sees(pilot, "comparison-2.html")
        await pilot.press(*["backspace"] * 7, *".html", "enter")
        await sees(pilot, "there is such a file")
        assert (tmp_path / "comparison.html").read_text() == "mine"


async def test_parts_that_have_nothing_to_say_say_why(store, tmp_path):
    add_run(store, "a", params={"x": 1})
    add_run(store, "b", params={"x": 1, "y": 2})
    app = dashboard(tmp_path, "compare a b")
    said = {
        "3": "are the same",
        "4": "no two runs have the same params",
        "5": "none of the runs logged predictions",
        "6": "nothing that could be an axis",
        "8": "no metric differs",
    }
    async with app.run_test(size=(100, 30)) as pilot:
        await sees(pilot, "1 Compare")
        for key, text in said.items():
            await pilot.press(key)
            await sees(pilot, text)


@pytest.mark.parametrize("size", SIZES)
async def test_hostile_names_fit_every_part_at_every_size(store, tmp_path, size):
    chosen = [
        add_run(
            store,
            f"{HOSTILE}{number % 2}",
            params={HOSTILE: number, "seed": number, f"t{HOSTILE}": f"{HOSTILE}{number % 2}"},
            values={f"m{HOSTILE}": number, "auc": number / 7, "nan": float("nan")},
            curves={f"c{HOSTILE}": [number, 1.0]},
            files={path_of("predictions"): encode([HOSTILE, "b"] * 40, [HOSTILE, f"{number}"] * 40)},
            git_diff=f"diff --git a/{HOSTILE} b/{HOSTILE}\n@@\n+{HOSTILE}{number}\n",
        )
        for number in range(14)
    ]
    app = dashboard(tmp_path, "compare " + " ".join(chosen))
    async with app.run_test(size=size) as pilot:
        await until(pilot, lambda: isinstance(app.screen, CompareScreen))
        for number in range(1, len(PARTS) + 1):
            await pilot.press(str(number))
            await settled(pilot)
            await pilot.press("j", "j")
            text = rendered(app)
            assert "\x1b" not in text
            assert all(len(line) <= size[0] for line in text.splitlines())


async def test_runs_that_change_are_drawn_anew_only_where_they_are_seen(several, store, tmp_path):
    app = compared(tmp_path, several)
    async with app.run_test(size=(120, 40)) as pilot:
        await sees(pilot, "1 Compare")
        await pilot.press("6")
        await sees(pilot, "auc by depth")
        add_run(store, "unrelated")
        await settled(pilot)
        assert app.screen.query_one("#view-parallel", PicturePane).records is None
