"""The list of runs, or of groups of them: which ones, in which order, with which columns; loads what is in sight."""

from __future__ import annotations

import sqlite3
import time
from array import array
from collections.abc import Sequence
from dataclasses import replace

from textual.app import ComposeResult
from textual.timer import Timer

from mlops_store import runs
from mlops_store.errors import MlopsError
from mlops_store.records import Run
from mlops_tui.compare import run_rows
from mlops_tui.compare.run_query import GroupKeys, RunQuery, measured, usual_columns
from mlops_tui.compare.run_rows import RunRow
from mlops_tui.compare.views import RunsView, ViewColumn
from mlops_tui.ui import foreign, views
from mlops_tui.ui.painting import PaintingScreen
from mlops_tui.ui.screens import run_cells, run_chosen, run_group_rows, run_list_words
from mlops_tui.ui.screens.run_ahead import Ahead
from mlops_tui.ui.screens.run_chosen import Chosen
from mlops_tui.ui.screens.run_courses import Courses
from mlops_tui.ui.screens.run_listing import RunList
from mlops_tui.ui.screens.run_pace import Pace
from mlops_tui.ui.session import Session, session_of
from mlops_tui.ui.theme import sign
from mlops_tui.ui.type_ahead import TypeAheadApp
from mlops_tui.ui.widgets.columns import Column
from mlops_tui.ui.widgets.pane import Pane
from mlops_tui.ui.widgets.window_table import Key, Row, WindowTable

#: Records kept after they went out of sight.
KEPT_RUNS = 2000
#: Runs that are shown before the order of all of them is known.
_FIRST = 100
#: Seconds that a window must stay in sight before its curves are read.
_CALM_S = 0.04
#: Seconds without a key after which the order of all runs is read, where that takes long: it slows down what is done
#: meanwhile. Who moves the cursor has it at once.
_STILL_S = 0.15


class RunsPane(Pane[RunList]):
    """Runs that a filter lets through, or their groups.

    Args:
        title: Stands in the frame.
        number: The key that focuses the pane.
        filter_text: The filter to begin with; must be understood.
    """

    def __init__(self, title: str, number: int, filter_text: str = "") -> None:
        super().__init__(title, number)
        self._title = title
        self.filter_text = filter_text
        self.view = RunsView()
        self.within: GroupKeys | None = None
        self._sight = (0, 50)
        self._known: dict[int, RunRow] = {}
        self._courses = Courses()
        self._usual: tuple[ViewColumn, ...] = ()
        self._read: frozenset[str] = frozenset()
        self._name_width = 14
        self._pace = Pace()
        self._ahead = Ahead(
            self,
            lambda query: self._beginning(query, self._window(0)),
            lambda found: self.table.expect(found.made, found.drawn),
        )
        self._later: Timer | None = None
        self._calm: Timer | None = None

    def compose(self) -> ComposeResult:
        """A list."""
        columns = run_cells.table_columns((), self.view.sort, session_of(self).config.goal)
        self._table = WindowTable(columns, load=self._rows, can_mark=True)
        yield self._table

    def on_mount(self, _: object) -> None:
        """Takes up the view of the last session; the base loads what it shows."""
        session = session_of(self)
        self.view = views.load(session.project, session.config.goal)

    @property
    def table(self) -> WindowTable:
        """The list."""
        return self._table  # threads ask for it, too, which must not search the screen

    @property
    def usual(self) -> tuple[ViewColumn, ...]:
        """The columns of these runs while nobody has chosen any, the most telling first."""
        return self._usual

    @property
    def query_now(self) -> RunQuery:
        """What is asked for now."""
        return self._query(self.view)

    def _query(self, view: RunsView) -> RunQuery:
        return RunQuery(replace(view, filter=self.filter_text), session_of(self).config.goal, self.within)

    # what is asked for

    def change(self, **changes: object) -> None:
        """Sorts, groups or shows otherwise, and remembers it."""
        self.take(replace(self.view, **changes))  # type: ignore[arg-type]

    def expect(self, **changes: object) -> None:
        """Reads the beginning of what ``change`` would show: it may be asked for next, and is there at once then."""
        self._ahead.expect(self._query(replace(self.view, **changes)))  # type: ignore[arg-type]

    def expect_nothing(self) -> None:
        """Nothing else may be asked for next."""
        self._ahead.forget()

    def take(self, view: RunsView, filter_text: str | None = None) -> None:
        """Shows another view, and remembers it.

        Args:
            view: The view; its filter is not looked at.
            filter_text: The filter from now on, which must be understood; None for the present one.
        """
        if filter_text is not None:
            self.filter_text = filter_text
        if view.group_by != self.view.group_by:
            self.within = None
        self.view = replace(view, filter="")
        self.reload(restart=True)
        self.call_after_refresh(views.save, session_of(self).project, self.view)

    def narrow(self, filter_text: str) -> None:
        """Shows the runs of another filter, which must be understood."""
        if filter_text != self.filter_text:
            self.filter_text = filter_text
            self.reload(restart=True)

    def look_into(self, group: GroupKeys | None) -> None:
        """Shows the runs of a group, or all groups again."""
        left, self.within = self.within, group
        self.reload(restart=True)
        if group is None and left is not None:
            self._returning = left

    _returning: GroupKeys | None = None

    def renew(self) -> None:
        """Reads the whole list again, because something was done to it."""
        self._pace = Pace()
        self.reload()

    # what acts apply to

    def chosen(self) -> Chosen:
        """The marked runs, those of the marked groups, or what is under the cursor."""
        store = session_of(self).store
        return Chosen() if store is None else run_chosen.chosen(store.read(), self.numbers(store.read()))

    def numbers(self, db: sqlite3.Connection) -> array[int]:
        """The numbers of the chosen runs."""
        selection, query = self.table.selection, self.query_now
        found = array("q")
        for key in selection:
            if isinstance(key, int):
                found.append(key)
            elif isinstance(key, tuple) and query.is_grouped:
                found.extend(query.members(db, key))
        return found

    def records_of(self, numbers: Sequence[Key]) -> list[Run]:
        """The runs of these rows."""
        wanted = [int(number) for number in numbers if isinstance(number, int)]
        found = {number: self._known[number].run for number in wanted if number in self._known}
        missing = [number for number in wanted if number not in found]
        store = session_of(self).store
        if missing and store is not None:
            found.update(run_rows.numbered(store.read(), missing, ()))
        return [found[number] for number in wanted if number in found]

    def shown_by(self, key: Key | None) -> list[Run]:
        """The run that stands for a row: itself, or the best one of a group."""
        if isinstance(key, tuple) and self.records is not None:
            best = [group.statistics[0].best for group in self.records.groups if group.keys == key and group.statistics]
            return self.records_of([number for number in best if number is not None])
        return self.records_of([key])

    def _keep(self, rows: Sequence[RunRow]) -> None:
        """Remembers rows for the acts on them; only so many, however far one scrolls."""
        known = {} if len(self._known) > KEPT_RUNS else self._known
        self._known = {**known, **{row.number: row for row in rows}}

    # loading

    def reload(self, *, restart: bool = False) -> None:
        """Loads again, with the rows in sight first."""
        if restart and isinstance(self.screen, PaintingScreen):
            self.screen.hold(self)
        if self.is_mounted:
            top = 0 if restart else self.table.scroll_offset.y
            self._sight = self._window(top)
        if not restart:
            self._ahead.renew()
        elif (known := self._ahead.take(self.query_now)) is not None:
            self.show_early(known)
            return
        super().reload(restart=restart)

    def _window(self, top: int) -> tuple[int, int]:
        return top, top + max(20, self.table.size.height)

    def early(self, session: Session) -> RunList | None:
        """Reads the first runs of another list."""
        query, known = self.query_now, self.records
        if known is not None and known.query == query:
            return None
        return self._beginning(query, self._sight)

    def rest_s(self) -> float:
        """Nobody waits for the order of all runs while keys come that ask for something else."""
        app = self.app
        if self._pace.is_quick or self.table.is_moved or not isinstance(app, TypeAheadApp):
            return 0.0
        return app.typed_at + _STILL_S - time.monotonic()

    def _beginning(self, query: RunQuery, sight: tuple[int, int]) -> RunList | None:
        """The first runs of a list, where that is not of groups."""
        store = session_of(self).store
        if store is None or query.is_grouped:
            return None
        with store.snapshot() as db:
            numbers = query.ids(db, max(sight[1], 0 if self._usual else _FIRST))
            if not numbers:
                return None  # that there are none is said when it is sure what there is
            self._usual = self._usual or usual_columns(db, numbers)
            return self._list(db, query, numbers, RunList(query, is_whole=False), sight)

    def load(self, session: Session) -> RunList:
        """Reads the order of all runs and what is shown of those in sight."""
        query, known = self.query_now, self.records
        if session.store is None:
            return RunList(query, foreign=foreign.found(session.project.root))
        with session.store.snapshot() as db:
            if query.is_grouped:
                return self._groups(db, query)
            if known is not None and known.query == query and known.is_whole and self._is_resting(session):
                return self._list(db, query, known.numbers, known, self._sight)
            begun = time.monotonic()
            numbers = query.ids(db)
            total = runs.count(db)
            others = () if total else foreign.found(session.project.root)
            found = RunList(query, total=total, states=query.counts(db), foreign=others)
            ended = time.monotonic()
            self._pace = Pace(ended, ended - begun, len(session.commands))
            if set(usual := usual_columns(db, numbers)) != set(self._usual):
                self._usual = usual  # the same ones stay where they stand, whatever runs come first
            return self._list(db, query, numbers, found, self._sight)

    def _list(
        self, db: sqlite3.Connection, query: RunQuery, numbers: array[int], found: RunList, sight: tuple[int, int]
    ) -> RunList:
        columns = query.view.columns or self._usual
        first, last = sight
        made = self._table_columns(query, columns)
        read = self.table.reachable(made)
        wanted = [name for name in (*(one.name for one in columns), query.view.first_sort) if name in read]
        loaded = run_rows.read(db, numbers[first:last], dict.fromkeys(wanted), query.goal)
        if (width := run_cells.name_width(row.run for row in loaded)) > self._name_width:
            self._name_width = width
            made = self._table_columns(query, columns)
        readings, drawn = self._courses.readings, run_cells.rows(loaded, made, read, self._courses, time.time())
        return replace(
            found,
            numbers=numbers,
            loaded=tuple(loaded),
            columns=columns,
            made=made,
            read=read,
            drawn=tuple(drawn),
            readings=readings,
        )

    def _groups(self, db: sqlite3.Connection, query: RunQuery) -> RunList:
        columns = query.view.columns
        if not columns:
            self._usual = self._usual or usual_columns(db, query.ids(db, _FIRST))
            columns = self._usual
        view, goal = query.view, query.goal
        names = measured(view, [one.name for one in columns], goal)
        arrow = sign("down" if view.orders(goal)[0].is_descending else "up")
        made = tuple(run_group_rows.table_columns(view.group_by, names, view.first_sort, arrow))
        total, states, groups = runs.count(db), query.counts(db), tuple(query.groups(db, names))
        return RunList(query, columns=columns, made=made, total=total, states=states, groups=groups)

    def _is_resting(self, session: Session) -> bool:
        """Whether the list was read just now and takes long: then only what is in sight is read again."""
        due_s = self._pace.due_s(len(session.commands))
        if due_s > 0:
            self.call_later(self._read_later, due_s)
        return due_s > 0

    def _read_later(self, due_s: float) -> None:
        if self._later is None:
            self._later = self.set_timer(due_s, self._read_again)

    def _read_again(self) -> None:
        self._later = None
        self.renew()

    def _rows(self, keys: Sequence[Key]) -> Sequence[Row]:
        """Brings rows that came in sight (in a thread)."""
        store, records = session_of(self).store, self.records
        if store is None or records is None:
            return []
        numbers = [key for key in keys if isinstance(key, int)]
        names = dict.fromkeys(name for name in (*records.names, records.query.view.first_sort) if name in self._read)
        found = run_rows.read(store.read(), numbers, names, records.query.goal)
        self._keep(found)
        self.call_later(self._want_curves)
        return self._made(found)

    # curves

    def _want_curves(self) -> None:
        """Reads the curves of the rows in sight when nothing has moved for a moment."""
        if self._calm is not None:
            self._calm.stop()
        self._calm = self.set_timer(_CALM_S, self._read_curves)

    def _read_curves(self) -> None:
        store = session_of(self).store
        in_sight = [self._known[key] for key in self.table.window_keys if isinstance(key, int) and key in self._known]
        wanted = self._courses.missing(in_sight)
        if not wanted or store is None:
            return

        def work() -> None:
            with store.snapshot() as db:  # where a run ends meanwhile its points come to stand elsewhere
                self._courses.read(db, wanted)
            self.call_later(self._draw_curves, [row for row, _, _ in wanted])

        self.run_worker(work, thread=True, exclusive=True, group="curves")

    def _draw_curves(self, rows: Sequence[RunRow]) -> None:
        self.table.update(self._made(rows))

    # showing

    def show(self, records: RunList) -> None:
        """Draws the list, or says why there is nothing in it."""
        self._tell(records)
        is_other = records.query != self._query_shown
        if is_other:
            self._query_shown = records.query
            self.table.start_over()
        if not records.numbers and not records.groups:
            self.say(run_list_words.nothing(records))
            self.table.show_window(records.numbers, [])
            return
        self.uncover()
        if records.made != self.table.columns:
            self.table.set_columns(records.made)
        if records.query.is_grouped:
            self._show_groups(records)
            return
        self._read = records.read
        self._keep(records.loaded)
        # curves that were read meanwhile would be lost
        drawn = records.drawn if records.readings == self._courses.readings else self._made(records.loaded)
        self.table.show_window(records.numbers, drawn, is_whole=records.is_whole)
        self._want_curves()

    _query_shown: RunQuery | None = None

    def _table_columns(self, query: RunQuery, columns: Sequence[ViewColumn]) -> tuple[Column, ...]:
        """The columns; names give way, as far as they can, to the first two metrics."""
        view = query.view

        def made(width: int) -> list[Column]:
            usual = not view.columns
            return run_cells.table_columns(columns, view.sort, query.goal, are_usual=usual, name_width=width)

        metrics = sum(one.name.startswith("metrics.") for one in columns)
        for width in sorted({self._name_width, *run_cells.NAME_WIDTHS}, reverse=True):
            if width > self._name_width:
                continue
            found = made(width)
            shown = self.table.reachable(found, near=0)
            if sum(name.startswith("metrics.") for name in shown) >= min(metrics, run_cells.LEAST_METRICS):
                return tuple(found)
        return tuple(made(run_cells.NAME_WIDTHS[0]))

    def on_window_table_columns_placed(self, message: WindowTable.ColumnsPlaced) -> None:
        """Reads values of columns that were out of sight."""
        known = self.records
        if known is not None and not known.query.is_grouped and not message.keys <= self._read:
            self._read = self._read | self.table.reachable(self.table.columns)
            self.table.forget_rows()

    def _show_groups(self, records: RunList) -> None:
        query, now = records.query, time.time()
        goals = [one.goal for one in query.measures(measured(query.view, records.names, query.goal))]
        self.table.show([run_group_rows.row(group, goals, now) for group in records.groups])
        if self._returning is not None:
            self.table.move_to(self._returning)
            self._returning = None

    def _made(self, rows: Sequence[RunRow]) -> list[Row]:
        return run_cells.rows(rows, self.table.columns, self._read, self._courses, time.time())

    def is_live(self, records: RunList) -> bool:
        """Durations of running runs in sight grow."""
        return any(row.run.status.is_live for row in records.loaded)

    def tick(self, records: RunList) -> None:
        """Draws the growing durations."""
        self.table.update(self._made([row for row in records.loaded if row.run.status.is_live]))

    def _tell(self, records: RunList) -> None:
        self.entitle(self._title, " · ".join(run_list_words.notes(records, len(self.table.marks))))

    def on_window_table_marks_changed(self, _: WindowTable.MarksChanged) -> None:
        """Counts the marks in the frame."""
        if self.records is not None:
            self._tell(self.records)

    def show_problem(self, error: MlopsError) -> None:
        """Says what is wrong."""
        self.entitle(self._title)
        super().show_problem(error)


__all__ = ["RunsPane"]
