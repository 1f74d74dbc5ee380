"""Lists: cursor and marks belong to rows, only what is in sight is loaded, and little is drawn again."""

from __future__ import annotations

import threading
from array import array
from collections.abc import Sequence

import pytest
from screens import rendered, settled
from textual.app import App, ComposeResult
from textual.geometry import Region
from textual.message import Message

from mlops_tui.ui.text import Cell
from mlops_tui.ui.widgets.columns import Column
from mlops_tui.ui.widgets.table_lines import TableLines
from mlops_tui.ui.widgets.window_table import Key, Row, RowLoader, WindowTable

COLUMNS = (Column("name", "name", 6, 20), Column("value", "value", 5, 12, 1, right=True))


def rows(*names: str) -> list[Row]:
    return [Row(name, (name, Cell(str(len(name)), "dim"))) for name in names]


class TableApp(App[None]):
    """A list alone, and what it says."""

    def __init__(self, load: RowLoader | None = None, columns: Sequence[Column] = COLUMNS) -> None:
        super().__init__()
        self.table = WindowTable(columns, load=load, can_mark=True)
        self.said: list[Message] = []
        self.placed: frozenset[str] = frozenset()

    def compose(self) -> ComposeResult:
        yield self.table

    def on_window_table_row_highlighted(self, message: WindowTable.RowHighlighted) -> None:
        self.said.append(message)

    def on_window_table_columns_placed(self, message: WindowTable.ColumnsPlaced) -> None:
        self.placed = message.keys

    def on_window_table_row_selected(self, message: WindowTable.RowSelected) -> None:
        self.said.append(message)

    def on_window_table_marks_changed(self, message: WindowTable.MarksChanged) -> None:
        self.said.append(message)


async def test_rows_and_their_header_are_shown() -> None:
    app = TableApp()
    async with app.run_test(size=(30, 6)) as pilot:
        app.table.show(rows("alpha", "be"))
        await settled(pilot)
        lines = rendered(app).splitlines()
        assert lines[0].split() == ["name", "value"]
        assert lines[1].split() == ["alpha", "5"]
        assert lines[2].split() == ["be", "2"]


async def test_the_cursor_stays_on_its_row_when_rows_come_and_go() -> None:
    app = TableApp()
    async with app.run_test(size=(30, 6)) as pilot:
        app.table.show(rows("a", "b", "c", "d"))
        await pilot.press("j", "j")
        app.table.show(rows("new", "a", "c", "d"))
        await settled(pilot)
        assert app.table.cursor_key == "c"
        app.table.show(rows("new", "a"))
        assert app.table.cursor_key == "a"


async def test_a_cursor_that_nobody_moved_stays_on_the_first_row() -> None:
    app = TableApp()
    async with app.run_test(size=(30, 6)) as pilot:
        app.table.show(rows("a", "b"))
        await settled(pilot)
        app.table.show(rows("new", "a", "b"))
        await settled(pilot)
        assert app.table.cursor_key == "new"


async def test_the_row_under_the_cursor_stays_on_its_line_when_rows_come_above() -> None:
    app = TableApp()
    names = [f"row{number}" for number in range(50)]
    async with app.run_test(size=(30, 11)) as pilot:
        app.table.show(rows(*names))
        await pilot.press("ctrl+d", "ctrl+d", "ctrl+d", "ctrl+d")
        await settled(pilot)
        line = next(y for y, text in enumerate(rendered(app).splitlines()) if f"{app.table.cursor_key} " in text)
        app.table.show(rows("new1", "new2", "new3", *names))
        await settled(pilot)
        assert f"{app.table.cursor_key} " in rendered(app).splitlines()[line]


async def test_keys_move_the_cursor_and_the_window_follows() -> None:
    app = TableApp()
    async with app.run_test(size=(30, 6)) as pilot:
        app.table.show(rows(*[f"row{number}" for number in range(40)]))
        for key, expected in [("j", 1), ("k", 0), ("k", 0), ("G", 39), ("g", 0), ("pagedown", 5), ("pageup", 0)]:
            await pilot.press(key)
            assert app.table.cursor == expected, key
        await pilot.press("end")
        await settled(pilot)
        assert "row39" in rendered(app)


async def test_marks_stay_with_their_rows_and_vanish_with_them() -> None:
    app = TableApp()
    async with app.run_test(size=(30, 8)) as pilot:
        app.table.show(rows("a", "b", "c"))
        await pilot.press("space", "space")
        assert app.table.selection == ("a", "b")
        app.table.show(rows("c", "b", "new"))
        await settled(pilot)
        assert app.table.marks == {"b"}
        last = app.said[-1]
        assert isinstance(last, WindowTable.MarksChanged)
        assert last.marks == {"b"}


async def test_a_range_marks_every_row_that_the_cursor_passes() -> None:
    app = TableApp()
    async with app.run_test(size=(30, 12)) as pilot:
        app.table.show(rows("a", "b", "c", "d", "e"))
        await pilot.press("j", "v", "j", "j")
        assert app.table.marks == {"b", "c", "d"}
        await pilot.press("k")
        assert app.table.marks == {"b", "c"}
        await pilot.press("v", "j", "j")
        assert app.table.marks == {"b", "c"}
        await pilot.press("V")
        assert app.table.marks == set()


async def test_without_marks_an_act_applies_to_the_row_under_the_cursor() -> None:
    app = TableApp()
    async with app.run_test(size=(30, 8)) as pilot:
        assert app.table.selection == ()
        app.table.show(rows("a", "b"))
        await pilot.press("j")
        assert app.table.selection == ("b",)


async def test_enter_and_a_second_click_open_a_row() -> None:
    app = TableApp()
    async with app.run_test(size=(30, 8)) as pilot:
        app.table.show(rows("a", "b", "c"))
        await pilot.press("j", "enter")
        await pilot.click(WindowTable, offset=(3, 3))
        assert app.table.cursor_key == "c"
        await pilot.click(WindowTable, offset=(3, 3), times=2)
        opened = [message.key for message in app.said if isinstance(message, WindowTable.RowSelected)]
        assert opened == ["b", "c"]


async def test_a_cursor_move_draws_two_lines() -> None:
    app = TableApp()
    async with app.run_test(size=(30, 12)) as pilot:
        app.table.show(rows(*[f"row{number}" for number in range(9)]))
        await settled(pilot)
        drawn: list[Region] = []
        refresh = app.table.refresh

        def noted(*regions: Region, **options: bool) -> WindowTable:
            drawn.extend(regions)
            return refresh(*regions, **options)

        app.table.refresh = noted  # type: ignore[method-assign,assignment]
        app.table.action_move(1)
        assert [(region.y, region.height) for region in drawn] == [(1, 2)]


async def test_equal_rows_draw_nothing_and_a_changed_one_only_its_line() -> None:
    app = TableApp()
    async with app.run_test(size=(30, 12)) as pilot:
        app.table.show(rows("a", "b", "c"))
        await settled(pilot)
        drawn: list[object] = []
        app.table.refresh = lambda *regions, **_: drawn.append(regions)  # type: ignore[method-assign,assignment]
        app.table.show(rows("a", "b", "c"))
        assert drawn == []
        app.table.show([*rows("a"), Row("b", ("b", "9")), *rows("c")])
        assert [region.y for (region,) in drawn] == [2]  # type: ignore[misc,has-type]


class Source:
    """A hundred thousand rows, made when asked for; notes what was asked."""

    def __init__(self) -> None:
        self.keys = array("q", range(100_000))
        self.asked: list[int] = []
        self.threads: set[int] = set()
        self.version = 1

    def load(self, keys: Sequence[Key]) -> list[Row]:
        self.asked.extend(keys)  # type: ignore[arg-type]
        self.threads.add(threading.get_ident())
        return [Row(key, (f"run {key}", f"v{self.version}")) for key in keys]


async def test_of_a_long_list_only_what_is_near_the_window_is_loaded_in_a_thread() -> None:
    source = Source()
    app = TableApp(source.load)
    async with app.run_test(size=(40, 21)) as pilot:
        app.table.show_window(source.keys)
        await settled(pilot)
        assert "run 19" in rendered(app)
        await pilot.press("G")
        await settled(pilot)
        assert "run 99999" in rendered(app)
        assert len(source.asked) < 200
        assert threading.get_ident() not in source.threads


async def test_rows_in_sight_are_loaded_again_when_a_list_is_shown_anew() -> None:
    source = Source()
    app = TableApp(source.load)
    async with app.run_test(size=(40, 11)) as pilot:
        app.table.show_window(source.keys)
        await pilot.press("G")
        await settled(pilot)
        source.version = 2
        app.table.show_window(source.keys, source.load(app.table.window_keys))
        await pilot.press("g")
        await settled(pilot)
        text = rendered(app)
        assert "v2" in text
        assert "v1" not in text


async def test_a_cursor_sent_to_the_end_of_a_list_that_is_still_coming_ends_at_its_end() -> None:
    source = Source()
    app = TableApp(source.load)
    async with app.run_test(size=(40, 11)) as pilot:
        app.table.show_window(source.keys[:100], is_whole=False)
        await pilot.press("G")
        assert app.table.cursor_key == 99
        app.table.show_window(source.keys, is_whole=True)
        assert app.table.cursor_key == 99_999
        app.table.show_window(range(200_000), is_whole=True)
        assert app.table.cursor_key == 99_999
        app.table.show_window(source.keys[:100], is_whole=False)
        await pilot.press("G", "k")
        app.table.show_window(source.keys, is_whole=True)
        assert app.table.cursor_key == 98


async def test_rows_that_cannot_be_loaded_any_more_are_asked_for_once() -> None:
    asked: list[Sequence[Key]] = []

    def load(keys: Sequence[Key]) -> list[Row]:
        asked.append(keys)
        return []

    app = TableApp(load)
    async with app.run_test(size=(40, 11)) as pilot:
        app.table.show_window(["gone"])
        await settled(pilot)
        assert len(asked) == 1
        assert "…" in rendered(app)


async def test_columns_that_do_not_fit_are_reached_by_the_arrow_keys() -> None:
    columns = [Column("name", "name", 6, 6), *(Column(f"c{i}", f"c{i}", 8, 8, i + 1) for i in range(6))]
    app = TableApp(columns=columns)
    async with app.run_test(size=(30, 6)) as pilot:
        app.table.show([Row("a", ("a", *(f"value{i}" for i in range(6))))])
        await settled(pilot)
        assert "c0" in rendered(app)
        assert "c5" not in rendered(app)
        await pilot.press("right", "right", "right", "right")
        await settled(pilot)
        assert "c5" in rendered(app)
        assert "name" in rendered(app)
        await pilot.press("left", "left", "left", "left")
        await settled(pilot)
        assert "c0" in rendered(app)


@pytest.mark.parametrize("name", ["[bold]x[/] [/]", "\x1b[31mred", "two\nlines", "x" * 10_000, "漢" * 40])
async def test_hostile_cells_stay_within_their_column(name: str) -> None:
    app = TableApp()
    async with app.run_test(size=(30, 6)) as pilot:
        app.table.show([Row(1, (name, "5")), Row(2, ("plain", "5"))])
        await settled(pilot)
        lines = rendered(app).splitlines()
        assert "\x1b" not in lines[1]
        assert lines[2].split() == ["plain", "5"]
        assert all(len(line) <= 30 for line in lines)


async def test_a_change_of_columns_draws_the_rows_of_the_new_ones() -> None:
    app = TableApp()
    async with app.run_test(size=(40, 6)) as pilot:
        app.table.show(rows("a"))
        await settled(pilot)
        app.table.set_columns([Column("other", "other", 4, 10)])
        app.table.show([Row("a", ("thing",))])
        await settled(pilot)
        assert rendered(app).split()[:2] == ["other", "thing"]


async def test_the_page_after_the_window_is_loaded_before_it_comes_in_sight() -> None:
    asked: list[int] = []

    def load(keys: Sequence[Key]) -> list[Row]:
        asked.extend(int(str(key)) for key in keys)
        return [Row(key, (f"row{key}", "")) for key in keys]

    app = TableApp(load)
    async with app.run_test(size=(30, 11)) as pilot:
        app.table.show_window(array("q", range(10_000)))
        while len(asked) < 20:
            await pilot.pause(0.01)
        assert asked == list(range(20))
        await pilot.press("G")
        while len(asked) < 40:
            await pilot.pause(0.01)
        assert asked[20:] == [*range(9_990, 10_000), *range(9_980, 9_990)]


async def test_columns_stay_as_wide_as_their_values_when_others_are_shown_and_say_which_come_in_sight() -> None:
    app = TableApp()
    async with app.run_test(size=(30, 6)) as pilot:
        app.table.show([Row("a", ("a name", "12345678"))])
        await settled(pilot)
        before = rendered(app).splitlines()[0].index("value")
        app.table.set_columns([*COLUMNS, Column("more", "more", 4, 4, 2)])
        await settled(pilot)
        assert app.placed == {"name", "value", "more"}
        assert rendered(app).splitlines()[0].index("value") == before
        assert app.table.reachable([Column("name", "n", 28, 28), *COLUMNS[1:]]) == {"name"}


async def test_lines_that_were_drawn_ahead_are_taken_where_they_are_what_is_shown(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    drawn: list[Row | None] = []
    draw = TableLines.row
    monkeypatch.setattr(
        TableLines, "row", lambda self, row, *args, **options: (drawn.append(row), draw(self, row, *args, **options))[1]
    )
    app = TableApp()
    async with app.run_test(size=(30, 6)) as pilot:
        app.table.show(rows("alpha", "beta", "gamma"))
        await settled(pilot)
        other = (COLUMNS[0], Column("value", "other value", 5, 12, 1, right=True))
        first, second, third = rows("one", "three", "seventy")
        app.table.expect(other, (first, second, third))
        before = rendered(app)
        drawn.clear()
        app.table.refresh()
        await settled(pilot)
        assert rendered(app) == before
        assert [row for row in drawn if row] == rows("alpha")  # the cursor's line is like no other
        drawn.clear()
        app.table.set_columns(other)
        changed = Row("seventy", ("seventy", Cell("70", "dim")))
        app.table.show((first, second, changed))
        await settled(pilot)
        assert [line.split() for line in rendered(app).splitlines()[:4]] == [
            ["name", "other", "value"],
            ["one", "3"],
            ["three", "5"],
            ["seventy", "70"],
        ]
        assert second not in drawn
        assert changed in drawn
        app.theme = "textual-light"
        await settled(pilot)
        assert second in drawn
