"""The data screen: what is tracked, versions, who used them, differences, and bringing one back."""

from __future__ import annotations

from pathlib import Path

import pytest
from data_builders import DataProject
from run_screens import sees
from screens import rendered, settled
from textual.pilot import Pilot
from textual.widgets import Input

from mlops_store import events
from mlops_store.records import DataVersion
from mlops_tui.config import Config
from mlops_tui.data.versions import Version
from mlops_tui.project import Project
from mlops_tui.ui.app import MlopsApp
from mlops_tui.ui.screens import data_acts, difference_rows
from mlops_tui.ui.screens.data import DataScreen
from mlops_tui.ui.screens.data_panes import DataPane, VersionsPane
from mlops_tui.ui.screens.run import RunScreen
from mlops_tui.ui.text import plain
from mlops_tui.ui.widgets.dialog import Confirm

SIZES = [(80, 24), (120, 40), (200, 60)]


@pytest.fixture
def data(tmp_path: Path) -> DataProject:
    """A table and a directory with two versions each, and runs that used them."""
    data = DataProject(tmp_path)
    for path, contents in {
        "many": ({"a.txt": "1\n", "b": "2"}, {"a.txt": "2\n", "c": "3"}),
        "t.csv": ("x,y\n1,a\n2,b\n", "x,z\n1,a\n5,b\n9,c\n"),
    }.items():
        for place, content in enumerate(contents):
            digest = data.keep(path, content)
            data.use(path, digest, 1e9 + 60 * place, name=("first", "second")[place])
        data.track(path)
    return data


def opened(data: DataProject, argument: str = "") -> MlopsApp:
    return MlopsApp(data.project, Config(), start=f"data {argument}".strip())


async def press(pilot: Pilot[object], *keys: str) -> None:
    for key in keys:
        await pilot.press(key)
        await settled(pilot)


async def test_an_empty_project_says_what_would_be_here(tmp_path: Path) -> None:
    app = MlopsApp(Project(str(tmp_path)), Config(), start="data")
    async with app.run_test(size=(80, 24)) as pilot:
        await sees(pilot, "Nothing is tracked as data yet.")
        await press(pilot, "c", "R", "i", "enter", "equals_sign", "4", "escape", "escape")
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("size", SIZES)
async def test_data_and_the_versions_of_what_is_under_the_cursor_are_listed(
    data: DataProject, size: tuple[int, int]
) -> None:
    app = opened(data)
    async with app.run_test(size=size) as pilot:
        await settled(pilot)
        lines = rendered(app).splitlines()
        row = next(line for line in lines if " t.csv " in line)
        assert "tracked" in row
        assert "16 B" in row
        assert "Versions many" in rendered(app)
        await press(pilot, "j")
        assert "Versions t.csv" in rendered(app)
        assert "current locked" in rendered(app)
        assert "2 versions cached: 28 B kept in 28 B" in rendered(app)


async def test_a_jump_begins_at_its_path(data: DataProject) -> None:
    app = opened(data, "t.csv")
    async with app.run_test(size=(80, 24)) as pilot:
        await settled(pilot)
        assert "Versions t.csv" in rendered(app)


async def test_an_edit_and_a_run_show_at_once(data: DataProject) -> None:
    app = opened(data, "t.csv")
    async with app.run_test(size=(120, 40)) as pilot:
        await settled(pilot)
        data.put("t.csv", "x\n")
        data.use("t.csv", "f" * 32, 1e9 + 600, name="third")
        screen = app.screen
        assert isinstance(screen, DataScreen)
        screen._changed(store=True, project=True)
        await settled(pilot)
        row = next(line for line in rendered(app).splitlines() if " t.csv " in line and "modified" in line)
        assert "third" in row
        assert len(screen.query_one(VersionsPane).table.keys) == 4


@pytest.mark.parametrize("size", SIZES)
async def test_enter_leads_to_the_versions_their_runs_and_a_run(data: DataProject, size: tuple[int, int]) -> None:
    app = opened(data, "t.csv")
    async with app.run_test(size=size) as pilot:
        await settled(pilot)
        await press(pilot, "enter", "j", "enter")
        assert "Used by 1" in rendered(app)
        assert "in the cache" in rendered(app)
        assert "first" in rendered(app)
        await press(pilot, "escape")
        assert app.screen.query_one(VersionsPane).table.has_focus
        await press(pilot, "enter", "enter")
        assert isinstance(app.screen, RunScreen)


@pytest.mark.parametrize("size", SIZES)
async def test_two_marked_versions_are_compared(data: DataProject, size: tuple[int, int]) -> None:
    app = opened(data, "t.csv")
    async with app.run_test(size=size) as pilot:
        await settled(pilot)
        await press(pilot, "enter", "space", "space", "c")
        shown = rendered(app)
        assert "2 rows" in shown
        assert "3 rows" in shown
        assert "~ x" in shown
        assert "+ z" in shown
        assert "- y" in shown
        await press(pilot, "escape")
        assert "Versions t.csv" in rendered(app)
        assert len(app.screen.query_one(VersionsPane).table.marks) == 2
        await press(pilot, "escape", "escape")
        assert app.screen.query_one(DataPane).table.has_focus


async def test_a_changed_file_of_a_directory_is_looked_into(data: DataProject) -> None:
    app = opened(data, "many")
    async with app.run_test(size=(80, 24)) as pilot:
        await settled(pilot)
        await press(pilot, "enter", "c")
        assert "1 added, 1 removed, 1 changed" in rendered(app)
        await press(pilot, "enter")
        assert "Difference many/a.txt" in rendered(app)
        assert "+2" in rendered(app)
        await press(pilot, "escape")
        assert "1 added, 1 removed, 1 changed" in rendered(app)


async def test_a_version_comes_back_after_a_yes_and_u_takes_it_back(data: DataProject) -> None:
    app = opened(data, "t.csv")
    async with app.run_test(size=(80, 24)) as pilot:
        await settled(pilot)
        await press(pilot, "enter", "R")
        assert "lies there already" in rendered(app)
        await press(pilot, "j", "R")
        assert isinstance(app.screen, Confirm)
        assert "12 B from the cache" in rendered(app)
        await press(pilot, "escape")
        assert (data.root / "t.csv").read_text().startswith("x,z")
        await press(pilot, "R", "enter")
        assert (data.root / "t.csv").read_text().startswith("x,y")
        assert "modified" in rendered(app)
        assert app.session.commands[-1].line.startswith("mlops-tui data restore t.csv ")
        await press(pilot, "u")
        assert (data.root / "t.csv").read_text().startswith("x,z")
        assert [event.subject for event in events.newest(data.store().read(), 5)] == ["data:t.csv", "data:t.csv"]


async def test_content_that_would_be_lost_is_named_before(data: DataProject) -> None:
    data.put("many", {"a.txt": "mine", "c": "3"})
    app = opened(data, "many")
    async with app.run_test(size=(80, 24)) as pilot:
        await settled(pilot)
        await press(pilot, "enter", "G", "R")
        assert "1 file has content that is nowhere else" in rendered(app)
        await press(pilot, "enter")
        assert data.listing("many") == {"a.txt": "1\n", "b": "2"}
        assert app.session.commands[-1].line.endswith("--force")
        assert app.session.undos == []


async def test_what_cannot_be_brought_back_is_said(data: DataProject) -> None:
    data.use("t.csv", "f" * 32, 1.0)
    app = opened(data, "t.csv")
    async with app.run_test(size=(80, 24)) as pilot:
        await settled(pilot)
        await press(pilot, "enter", "G", "R")
        assert "is not in the cache" in rendered(app)
        await press(pilot, "c")
        assert "are in neither the cache" in rendered(app)
        await press(pilot, "escape")
        assert "nowhere" in rendered(app)


async def test_the_filter_narrows_by_path_state_and_stage(data: DataProject) -> None:
    app = opened(data)
    async with app.run_test(size=(80, 24)) as pilot:
        await settled(pilot)
        await press(pilot, "slash")
        app.screen.query_one(Input).value = "csv tracked"
        await settled(pilot)
        assert app.screen.query_one(DataPane).table.keys == ["t.csv"]
        await press(pilot, "enter", "escape")
        assert len(app.screen.query_one(DataPane).table.keys) == 2


async def test_a_pipeline_that_is_not_understood_is_told(data: DataProject) -> None:
    (data.root / "dvc.yaml").write_text("stages: [\n")
    app = opened(data)
    async with app.run_test(size=(80, 24)) as pilot:
        for _ in range(200):
            await settled(pilot)
            if "dvc.yaml:" in rendered(app):
                return
        raise AssertionError(rendered(app))


async def test_hostile_names_are_shown_as_text(data: DataProject) -> None:
    data.use("\x1b[31m[bold]x\n", "ab" * 16, 1e9, name="\x1b]0;t\x07")
    app = opened(data)
    async with app.run_test(size=(80, 24)) as pilot:
        await settled(pilot)
        assert "[bold]x" in rendered(app)
        assert "\x1b" not in rendered(app)


def version(digest: str, *, is_current: bool = False) -> Version:
    return Version(DataVersion("t", digest), is_current)


def test_what_is_compared_follows_from_marks_cursor_and_what_lies_there() -> None:
    versions = [version("d"), version("c", is_current=True), version("b"), version("a")]
    assert data_acts.pair(versions, {"a", "d"}) == ("a", "d")
    assert data_acts.pair(versions, {"a"}) == ("a", "c")
    assert data_acts.pair(versions, {"d"}) == ("c", "d")
    assert data_acts.pair(versions, {"c"}) == ("b", "c")
    assert "two can be compared" in data_acts.pair(versions, {"a", "b", "c"})
    assert "no other version" in data_acts.pair(versions[:1], {"d"})


def test_equal_columns_are_left_out_until_asked_for() -> None:
    column = {
        "type": "int64",
        "count": 1,
        "missing": 0,
        "distinct": 1,
        "mean": 1.0,
        "sd": None,
        "min": 1.0,
        "max": 1.0,
        "quantiles": {"0.5": 1.0},
        "top": [],
    }
    found = {
        "kind": "table",
        "columns": [
            {"name": "same", "how": "same", "before": column, "after": column},
            {"name": "new", "how": "added", "before": None, "after": column},
        ],
    }
    for width in (80, 200):
        few, all_ = (difference_rows.rows(found, width, with_equal=equal) for equal in (False, True))
        assert [plain(row.cells[0]) for row in few] == ["+ new"]
        assert [plain(row.cells[0]) for row in all_] == ["  same", "+ new"]
        assert len(few[0].cells) == len(difference_rows.columns("table", width))
    assert "1 column the same" in difference_rows.foot(found, with_equal=False)
