"""Small multiples: the curves of a run's metrics in a grid that fits the screen, page by page."""

from __future__ import annotations

import math
import time
from dataclasses import dataclass, replace

from textual import events
from textual.message import Message
from textual.timer import Timer
from textual.widget import Widget

from mlops_store import metrics, runs
from mlops_store.errors import MlopsError
from mlops_tui.compare.columns import is_of_machine
from mlops_tui.ui import keymap
from mlops_tui.ui.chart_view import DEFAULT, ChartView
from mlops_tui.ui.loading import Loader
from mlops_tui.ui.screens import curves
from mlops_tui.ui.screens.chart_keys import ChartKeys
from mlops_tui.ui.screens.name_filter import matcher
from mlops_tui.ui.session import Session
from mlops_tui.ui.widgets.chart import Chart, Drawing

#: Cells below which a chart is not worth its place.
LEAST_WIDTH, LEAST_HEIGHT = 34, 8
#: Seconds between two readings of curves that grow: many charts are much to draw.
PACE_S = 0.35
#: Columns for each row of a chart that looks good; a cell is about twice as high as wide.
_SHAPE = 3.6


@dataclass(frozen=True, slots=True)
class Wanted:
    """What a grid shows: a run, which of its metrics, how, and from which on; ``alone`` is one of them only."""

    run_id: str = ""
    words: str = ""
    view: ChartView = DEFAULT
    window: curves.Window | None = None
    first: int = 0
    alone: str = ""


@dataclass(frozen=True, slots=True)
class ChartPage:
    """The charts of one page, and the metrics on all pages."""

    drawings: tuple[Drawing, ...] = ()
    keys: tuple[str, ...] = ()
    first: int = 0
    single_count: int = 0

    @property
    def count(self) -> int:
        """How many charts there are on all pages."""
        return len(self.keys)


class ChartGrid(ChartKeys, Loader[ChartPage], can_focus=True):
    """Charts of the metrics that have more than one value.

    Args:
        most_columns: At most so many charts side by side.
        can_page: Whether keys show further charts.
        is_system: Only what the machine was doing (``system/...``), or only everything else.
    """

    DEFAULT_CSS = """
    ChartGrid { layout: grid; grid-size: 1; grid-gutter: 1 2; width: 1fr; height: 1fr; padding: 0 1; }
    """
    BINDINGS = keymap.bindings("chart", "charts")

    @dataclass
    class Paged(Message):
        """Another page, or another number of charts, is shown."""

        page: ChartPage

    def __init__(
        self, *, most_columns: int = 5, can_page: bool = True, is_system: bool = False, id: str | None = None
    ) -> None:
        super().__init__(id=id)
        self.can_focus = can_page
        self._most_columns = most_columns
        self._is_system = is_system
        self._wanted = Wanted()
        self._shape = (1, 1)
        self._chart_width = LEAST_WIDTH
        self._current = 0
        self._is_behind = False
        self._read_at = -PACE_S
        self._later: Timer | None = None

    @property
    def wanted(self) -> Wanted:
        """What is shown."""
        return self._wanted

    def want(self, **changes: object) -> None:
        """Shows another run, other metrics, or the same otherwise."""
        wanted = replace(self._wanted, **changes)  # type: ignore[arg-type]
        if wanted == self._wanted:
            return
        if (wanted.run_id, wanted.view.x, wanted.view.is_log_x) != self._place:
            wanted = replace(wanted, window=None)
            self.forget_inspection()
        self._wanted = wanted
        if self.is_mounted and self._is_room:
            self.reload(restart=True)

    @property
    def _place(self) -> tuple[str, str, bool]:
        """What the window and the crosshair are places in."""
        return self._wanted.run_id, self._wanted.view.x, self._wanted.view.is_log_x

    @property
    def _is_room(self) -> bool:
        return self.size.width > 0 and self.size.height > 0

    @property
    def _is_seen(self) -> bool:
        """Whether it is not on a part of the screen that is hidden."""
        return all(node.display for node in self.ancestors_with_self if isinstance(node, Widget))

    def on_show(self, _: events.Show) -> None:
        """Reads what changed while it was hidden."""
        if self._is_behind:
            self.reload()

    @property
    def _places(self) -> int:
        return 1 if self._wanted.alone else self._shape[0] * self._shape[1]

    def on_resize(self) -> None:
        """Finds how many charts fit, and reads those."""
        width, height = self.size
        if not self._is_room:
            return
        columns = max(1, min(self._most_columns, (width + 2) // (LEAST_WIDTH + 2)))
        rows = max(1, (height + 1) // (LEAST_HEIGHT + 4))
        if (columns, rows) != self._shape or self.records is None:
            self._shape = (columns, rows)
            self.reload(restart=True)

    def reload(self, *, restart: bool = False) -> None:
        """Reads the charts, unless there is nobody to see them; what only grew, not more often than ``PACE_S``."""
        now = time.monotonic()
        if not restart and now < self._read_at + PACE_S:
            if self._later is None:
                self._later = self.set_timer(self._read_at + PACE_S - now, self._reload_later)
            return
        self._read_at = now
        self._is_behind = not self._is_seen
        if self._wanted.run_id and self._is_room and self._is_seen:
            self._chart_width = self.size.width // (1 if self._wanted.alone else self._shape[0])
            super().reload(restart=restart)

    def _reload_later(self) -> None:
        self._later = None
        self.reload()

    def load(self, session: Session) -> ChartPage:
        """Reads the curves of one page."""
        wanted, places = self._wanted, self._places
        if session.store is None or not wanted.run_id:
            return ChartPage()
        with session.store.snapshot() as db:
            run = runs.get(db, wanted.run_id)
            wants = matcher(wanted.words)
            summaries = [
                one
                for one in metrics.summaries(db, run.run_id)
                if is_of_machine(one.key) == self._is_system and wants(one.key)
            ]
            found = curves.with_history(summaries)
            first = max(0, min(wanted.first, (len(found) - 1) // places * places))
            if wanted.alone:
                first = next((place for place, one in enumerate(found) if one.key == wanted.alone), 0)
            drawings = tuple(
                curves.drawing(
                    db,
                    run,
                    summary,
                    session.config.goal(summary.key),
                    columns=self._chart_width,
                    view=wanted.view,
                    window=wanted.window,
                )
                for summary in found[first : first + places]
            )
            return ChartPage(drawings, tuple(one.key for one in found), first, len(summaries) - len(found))

    def show(self, records: ChartPage) -> None:
        """Draws the charts in as few cells as they need."""
        count = len(records.drawings)
        self._current = min(self._current, max(0, count - 1))
        charts = list(self.query(Chart))
        if max(1, count) > len(charts):
            added = [Chart() for _ in range(max(1, count) - len(charts))]
            self.mount(*added)
            charts += added
        drawings = records.drawings or (Drawing(empty=_nothing(records, self._wanted.words, self._is_system)),)
        self.styles.grid_size_columns = self._columns_for(len(drawings))
        for place, chart in enumerate(charts):
            chart.display = place < len(drawings)
            if chart.display:
                chart.show(self._dressed(drawings[place], place))
        self.post_message(self.Paged(records))

    def _dressed(self, drawing: Drawing, place: int) -> Drawing:
        """A drawing with the crosshair, and with the mark of the chart that keys act on."""
        is_current = place == self._current and self.has_focus and self.records is not None
        is_current = is_current and len(self.records.drawings) > 1  # type: ignore[union-attr]
        return replace(drawing, crosshair=self.inspection.crosshair, is_current=is_current)

    def _dress(self) -> None:
        if self.records is not None and self.records.drawings:
            charts = self.query(Chart)
            for place, (chart, drawing) in enumerate(zip(charts, self.records.drawings, strict=False)):
                chart.show(self._dressed(drawing, place))

    def on_focus(self, _: events.Focus) -> None:
        """Marks the chart that keys act on."""
        self._dress()

    def on_blur(self, _: events.Blur) -> None:
        """Takes the mark away."""
        self._dress()

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

    # looking

    def inspected(self) -> Chart | None:
        """The chart that keys act on."""
        charts = [chart for chart in self.query(Chart) if chart.display]
        return charts[min(self._current, len(charts) - 1)] if charts else None

    def show_inspection(self, *, is_reread: bool) -> None:
        """Shows the present window and crosshair in all charts."""
        if is_reread:
            self.want(window=self.inspection.window)
        self._dress()

    def on_chart_pointed(self, message: Chart.Pointed) -> None:
        """Reads all charts where one was clicked, which keys then act on."""
        charts = list(self.query(Chart))
        self._current = charts.index(message.chart)
        self._dress()

    def retreat(self) -> bool:
        """Takes away the crosshair, then the window, then shows all charts again; False when there is nothing."""
        if self.unlook():
            return True
        if self._wanted.alone:
            self.action_alone()
            return True
        return False

    def action_alone(self) -> None:
        """Shows the current chart alone, or all of them again."""
        if self.records is None or not self.records.drawings:
            return
        if self._wanted.alone:
            places = self._shape[0] * self._shape[1]
            place = self.records.first
            self._current = place % places
            self.want(alone="", first=place // places * places)
        elif self.records.count > 1:
            self.want(alone=self.records.drawings[self._current].title)

    def action_chart(self, by: int) -> None:
        """Acts on the next or former chart, on the page where it is."""
        if self.records is None or not self.records.drawings:
            return
        place = self.records.first + self._current + by
        if not 0 <= place < self.records.count:
            return
        if self._wanted.alone:
            self.action_page(by)
            return
        self._current = place % self._places
        if place // self._places * self._places != self.records.first:
            self.want(first=place // self._places * self._places)
        else:
            self._dress()

    def action_page(self, by: int) -> None:
        """Shows the next or former page."""
        if self.records is None:
            return
        first = self.records.first + by * self._places
        if not 0 <= first < self.records.count:
            return
        if self._wanted.alone:
            self.want(alone=self.records.keys[first])
        else:
            self._current = 0
            self.want(first=first)

    def action_first(self) -> None:
        """Shows the first page."""
        self._current = 0
        self.want(first=0, alone=self.records.keys[0] if self.records and self._wanted.alone else "")


def _nothing(page: ChartPage, words: str, is_system: bool) -> str:
    if words:
        return "no curve of that name"
    if is_system and not page.single_count:
        return "nothing is known of the machine: log_system_metrics=True samples it"
    if page.single_count:
        return "every metric has one value: 3 shows them"
    return "no metrics yet"


__all__ = ["ChartGrid", "ChartPage", "Wanted"]
