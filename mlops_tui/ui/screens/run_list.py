"""The list of runs: which ones, in which order, with which columns; loads only what is in sight."""

from __future__ import annotations

import sqlite3
import time
from array import array
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace

from textual.app import ComposeResult

from mlops_store import runs
from mlops_store.errors import MlopsError
from mlops_store.records import Run
from mlops_store.run_columns import Order, column
from mlops_store.run_conditions import Condition, every, plain
from mlops_tui.compare.columns import ranked
from mlops_tui.compare.condition import condition
from mlops_tui.ui import foreign, shown, views
from mlops_tui.ui.screens import run_cells
from mlops_tui.ui.session import Session, session_of
from mlops_tui.ui.text import Cell
from mlops_tui.ui.views import RunsView
from mlops_tui.ui.widgets.pane import Pane
from mlops_tui.ui.widgets.window_table import Key, Row, WindowTable

#: Runs that decide which columns are shown when nobody has chosen.
SAMPLE = 100
#: Records kept after they went out of sight.
KEPT_RUNS = 2000

_KINDS = {
    "all": Condition(),
    "scripts": plain("r.kind = 'run'"),
    # a stage that logged nothing is a step of its pipeline run, not an experiment
    "useful": plain(
        "r.id NOT IN (SELECT s.id FROM runs s WHERE s.kind = 'stage' AND s.status IN ('FINISHED', 'SCHEDULED') "
        "AND NOT EXISTS (SELECT 1 FROM metrics m JOIN keys k ON k.id = m.key_id WHERE m.run_id = s.id "
        "AND k.name NOT LIKE 'system/%'))",
        needs_row=False,
    ),
}


@dataclass(frozen=True, slots=True)
class RunList:
    """What a list shows.

    Attributes:
        numbers: The store's numbers of all runs of the list, in order.
        loaded: The runs near the window, by number.
        total: How many runs the store has.
        columns: The metrics and params shown.
        has_experiments: Whether there is more than one experiment.
        view: The order and kinds that were asked for.
        filter_text: The filter that was.
        foreign: What other tools have left here, where the store has no runs.
    """

    numbers: array[int] = field(default_factory=lambda: array("q"))
    loaded: tuple[tuple[int, Run], ...] = ()
    total: int = 0
    columns: tuple[str, ...] = ()
    has_experiments: bool = False
    view: RunsView = field(default_factory=RunsView)
    filter_text: str = ""
    foreign: tuple[str, ...] = ()


class RunsPane(Pane[RunList]):
    """Runs that a filter lets through.

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
        self._sight = (0, 50)
        self._known: dict[int, Run] = {}
        self._shown_columns: tuple[object, ...] = ()
        self._name_width = 14

    def compose(self) -> ComposeResult:
        """A list."""
        columns = run_cells.table_columns((), self.view.sort, self.view.is_descending)
        yield WindowTable(columns, load=self._rows, can_mark=True)

    def on_mount(self, _: object) -> None:
        """Takes up the view of the last session."""
        self.view = views.load(session_of(self).project)
        self.reload()

    @property
    def table(self) -> WindowTable:
        """The list."""
        return self.query_one(WindowTable)

    def change(self, **changes: object) -> None:
        """Sorts or shows otherwise, and remembers it."""
        self.view = replace(self.view, **changes)  # type: ignore[arg-type]
        views.save(session_of(self).project, self.view)
        self.reload(restart=True)

    def narrow(self, filter_text: str) -> None:
        """Shows the runs of another filter, which must be understood."""
        if filter_text != self.filter_text:
            self.filter_text = filter_text
            self.reload(restart=True)

    def chosen(self) -> list[Run]:
        """The runs that an act applies to: the marked ones, or the one under the cursor."""
        return self.records_of(self.table.selection)

    def records_of(self, numbers: Sequence[Key]) -> list[Run]:
        """The runs of these rows."""
        wanted = [int(number) for number in numbers if isinstance(number, int)]
        found = {number: self._known[number] for number in wanted if number in self._known}
        missing = [number for number in wanted if number not in found]
        store = session_of(self).store
        if missing and store is not None:
            found.update(numbered(store.read(), missing))
            self._keep(found)
        return [found[number] for number in wanted if number in found]

    def _keep(self, found: Mapping[int, Run]) -> None:
        """Remembers records for the acts on them; only so many, however far one scrolls."""
        known = {} if len(self._known) > KEPT_RUNS else self._known
        self._known = {**known, **found}

    # loading

    def reload(self, *, restart: bool = False) -> None:
        """Loads again, with the rows in sight first."""
        if self.is_mounted:
            top = self.table.scroll_offset.y
            self._sight = (top, top + max(20, self.table.size.height))
        super().reload(restart=restart)

    def load(self, session: Session) -> RunList:
        """Reads the order of all runs and the records of those in sight."""
        view, filter_text = self.view, self.filter_text
        if session.store is None:
            return RunList(view=view, filter_text=filter_text, foreign=foreign.found(session.project.root))
        wanted = every([_KINDS[view.kinds], condition(filter_text, goal=session.config.goal)])
        with session.store.snapshot() as db:
            order = Order(column(view.sort), view.is_descending)
            numbers = runs.ids(db, condition=wanted, order=(order,))
            first, last = self._sight
            near = numbered(db, numbers[first:last])
            columns = view.columns
            if not columns:
                sample = numbered(db, [number for number in numbers[:SAMPLE] if number not in near])
                columns = tuple(ranked([*near.values(), *sample.values()]))
            several = db.execute("SELECT count(*) FROM (SELECT 1 FROM experiments LIMIT 2)").fetchone()[0] > 1
            total = runs.count(db)
            others = () if total else foreign.found(session.project.root)
            return RunList(numbers, tuple(near.items()), total, columns, several, view, filter_text, others)

    def _rows(self, keys: Sequence[Key]) -> Sequence[Row]:
        """Brings rows that came in sight (in a thread)."""
        store = session_of(self).store
        if store is None:
            return []
        found = numbered(store.read(), [key for key in keys if isinstance(key, int)])
        self._keep(found)
        now = time.time()
        return [run_cells.row(number, run, self.table.columns, now) for number, run in found.items()]

    # showing

    def show(self, records: RunList) -> None:
        """Draws the list, or says why there is nothing in it."""
        self._tell(records)
        if not records.numbers:
            self._say_nothing(records)
            self.table.show_window(records.numbers, [])
            return
        self.uncover()
        view = records.view
        width = max(self._name_width, run_cells.name_width(run for _, run in records.loaded))
        columns = (records.columns, view.sort, view.is_descending, records.has_experiments, width)
        if columns != self._shown_columns:
            self._shown_columns, self._name_width = columns, width
            self.table.set_columns(
                run_cells.table_columns(
                    records.columns,
                    view.sort,
                    view.is_descending,
                    has_experiment=records.has_experiments,
                    name_width=width,
                )
            )
        self._keep(dict(records.loaded))
        self.table.show_window(records.numbers, self._made(records))

    def _made(self, records: RunList) -> list[Row]:
        now = time.time()
        return [run_cells.row(number, run, self.table.columns, now) for number, run in records.loaded]

    def is_live(self, records: RunList) -> bool:
        """Durations of running runs in sight grow."""
        return any(run.status.is_live for _, run in records.loaded)

    def tick(self, records: RunList) -> None:
        """Draws the growing durations."""
        self.table.show_window(records.numbers, self._made(records))

    def _say_nothing(self, records: RunList) -> None:
        if records.total:
            self.say(
                [f"None of {shown.count(records.total, 'run')} is shown.", "", *self._why_nothing(records.filter_text)]
            )
            return
        self.say(
            [
                *foreign.offer(records.foreign),
                "No runs yet.",
                "",
                "In a script:",
                Cell("  import mlops_tui as mlops", "accent"),
                Cell("  with mlops.start_run():", "accent"),
                Cell("      mlops.log_params({'depth': 3})", "accent"),
                Cell("      mlops.log_metric('auc', 0.93)", "accent"),
                "",
                Cell("or ':pipeline' runs the stages of dvc.yaml.", "dim"),
            ]
        )

    def _why_nothing(self, filter_text: str) -> list[Cell]:
        if filter_text:
            return [Cell(f"The filter is: {filter_text}", "dim"), Cell("esc shows all, / changes it.", "dim")]
        return [Cell("K shows the other kinds of runs.", "dim")]

    def _tell(self, records: RunList) -> None:
        shown_count, total = len(records.numbers), records.total
        notes = [f"{shown_count:,}" if shown_count == total else f"{shown_count:,} of {total:,}"]
        if records.view.kinds != "useful":
            notes.append({"all": "with every stage", "scripts": "scripts only"}[records.view.kinds])
        if marked := len(self.table.marks):
            notes.append(f"{marked} marked")
        if records.filter_text:
            notes.append(f"/{records.filter_text}")
        self.entitle(self._title, " · ".join(notes))

    def on_window_table_marks_changed(self, _: WindowTable.MarksChanged) -> None:
        """Counts the marks in the frame."""
        if self.records is not None:
            self._tell(self.records)

    def show_problem(self, error: MlopsError) -> None:
        """Says what is wrong."""
        self.entitle(self._title)
        super().show_problem(error)


def numbered(db: sqlite3.Connection, numbers: Sequence[int]) -> dict[int, Run]:
    """The runs by their numbers; numbers of no run are left out."""
    found = runs.by_ids(db, numbers)
    if len(found) == len(numbers):
        return dict(zip(numbers, found, strict=True))
    pairs = ((number, runs.by_ids(db, [number])) for number in numbers)
    return {number: run for number, one in pairs for run in one}


__all__ = ["RunList", "RunsPane", "numbered"]
