"""Small multiples: the curves of a run's metrics in a grid that fits the screen, page by page."""

from __future__ import annotations

import math
from dataclasses import dataclass, replace

from textual.message import Message

from mlops_store import metrics, runs
from mlops_store.errors import MlopsError
from mlops_tui.ui import keymap
from mlops_tui.ui.loading import Loader
from mlops_tui.ui.screens import curves
from mlops_tui.ui.session import Session
from mlops_tui.ui.widgets.chart import Chart, Drawing

#: Cells below which a chart is not worth its place.
LEAST_WIDTH, LEAST_HEIGHT = 34, 8
#: Columns for each row of a chart that looks good; a cell is about twice as high as wide.
_SHAPE = 3.6


@dataclass(frozen=True, slots=True)
class Wanted:
    """What a grid shows: a run, which of its metrics, and how."""

    run_id: str = ""
    words: str = ""
    x: str = "step"
    is_log: bool = False
    first: int = 0


@dataclass(frozen=True, slots=True)
class ChartPage:
    """The charts of one page, and how many there are in all."""

    drawings: tuple[Drawing, ...] = ()
    count: int = 0
    first: int = 0
    single_count: int = 0


class ChartGrid(Loader[ChartPage], can_focus=True):
    """Charts of the metrics that have more than one value.

    Args:
        most_columns: At most so many charts side by side.
        can_page: Whether keys show further charts.
    """

    DEFAULT_CSS = """
    ChartGrid { layout: grid; grid-size: 1; grid-gutter: 1 2; width: 1fr; height: 1fr; padding: 0 1; }
    """
    BINDINGS = keymap.bindings("charts")

    @dataclass
    class Paged(Message):
        """Another page, or another number of charts, is shown."""

        page: ChartPage

    def __init__(self, *, most_columns: int = 5, can_page: bool = True, id: str | None = None) -> None:
        super().__init__(id=id)
        self.can_focus = can_page
        self._most_columns = most_columns
        self._wanted = Wanted()
        self._shape = (1, 1)
        self._chart_width = LEAST_WIDTH

    @property
    def wanted(self) -> Wanted:
        """What is shown."""
        return self._wanted

    def want(self, **changes: object) -> None:
        """Shows another run, other metrics, or the same otherwise."""
        wanted = replace(self._wanted, **changes)  # type: ignore[arg-type]
        if wanted != self._wanted:
            self._wanted = wanted
            if self.is_mounted and self._is_room:
                self.reload(restart=True)

    @property
    def _is_room(self) -> bool:
        return self.size.width > 0 and self.size.height > 0

    def on_resize(self) -> None:
        """Finds how many charts fit, and reads those."""
        width, height = self.size
        if not self._is_room:
            return
        columns = max(1, min(self._most_columns, (width + 2) // (LEAST_WIDTH + 2)))
        rows = max(1, (height + 1) // (LEAST_HEIGHT + 4))
        self._chart_width = width // columns
        if (columns, rows) != self._shape or self.records is None:
            self._shape = (columns, rows)
            self.reload(restart=True)

    def reload(self, *, restart: bool = False) -> None:
        """Reads the charts, unless there is nobody to see them."""
        if self._wanted.run_id and self._is_room:
            super().reload(restart=restart)

    def load(self, session: Session) -> ChartPage:
        """Reads the curves of one page."""
        wanted, places = self._wanted, self._shape[0] * self._shape[1]
        if session.store is None or not wanted.run_id:
            return ChartPage()
        with session.store.snapshot() as db:
            run = runs.get(db, wanted.run_id)
            summaries = [one for one in metrics.summaries(db, run.run_id) if matches(one.key, wanted.words)]
            found = curves.with_history(summaries)
            first = max(0, min(wanted.first, (len(found) - 1) // places * places))
            drawings = tuple(
                curves.drawing(
                    db,
                    run,
                    summary,
                    session.config.goal(summary.key),
                    columns=self._chart_width,
                    x=wanted.x,
                    log=wanted.is_log,
                )
                for summary in found[first : first + places]
            )
            return ChartPage(drawings, len(found), first, len(summaries) - len(found))

    def show(self, records: ChartPage) -> None:
        """Draws the charts in as few cells as they need."""
        count = len(records.drawings)
        charts = list(self.query(Chart))
        if max(1, count) > len(charts):
            added = [Chart() for _ in range(max(1, count) - len(charts))]
            self.mount(*added)
            charts += added
        drawings = records.drawings or (Drawing(empty=_nothing(records, self._wanted.words)),)
        self.styles.grid_size_columns = self._columns_for(len(drawings))
        for place, chart in enumerate(charts):
            chart.display = place < len(drawings)
            if chart.display:
                chart.show(drawings[place])
        self.post_message(self.Paged(records))

    def _columns_for(self, count: int) -> int:
        """How many charts stand side by side, so that each is about as wide as it looks good."""
        width, height = self.size

        def ugliness(columns: int) -> float:
            shape = (width / columns) / (height / -(-count // columns))
            return abs(math.log(shape / _SHAPE))

        most = min(self._shape[0], max(1, count))
        return min(range(1, most + 1), key=ugliness) if self._is_room else most

    def show_problem(self, error: MlopsError) -> None:
        """Says why there are no charts."""
        self.show(ChartPage((Drawing(empty=error.message),)))

    def action_page(self, by: int) -> None:
        """Shows the next or former page."""
        if self.records is None:
            return
        places = self._shape[0] * self._shape[1]
        first = self.records.first + by * places
        if 0 <= first < self.records.count:
            self.want(first=first)

    def action_first(self) -> None:
        """Shows the first page."""
        self.want(first=0)


def matches(key: str, words: str) -> bool:
    """Whether a name has all the words in it, in any case."""
    lower = key.lower()
    return all(word in lower for word in words.lower().split())


def _nothing(page: ChartPage, words: str) -> str:
    if words:
        return "no curve of that name"
    if page.single_count:
        return "every metric has one value: 3 shows them"
    return "no metrics yet"


__all__ = ["ChartGrid", "ChartPage", "Wanted", "matches"]
