"""A look at one run beside a list: its state, its values, and the curves of its first metrics."""

from __future__ import annotations

from dataclasses import dataclass

from textual.app import ComposeResult
from textual.timer import Timer
from textual.widget import Widget

from mlops_store import metrics, notes, runs
from mlops_store.records import Run, RunStatus
from mlops_tui.compare.columns import is_of_machine, is_scheduled
from mlops_tui.ui import shown
from mlops_tui.ui.screens import curves, run_cells, run_facts
from mlops_tui.ui.session import Session
from mlops_tui.ui.text import Cell, CellValue
from mlops_tui.ui.theme import state_cell
from mlops_tui.ui.widgets.chart import Chart, Drawing
from mlops_tui.ui.widgets.pane import Pane
from mlops_tui.ui.widgets.text_view import TextView

#: Seconds that the cursor must rest on a run before its curves are read.
REST_S = 0.08
_MOST = 3
#: Metrics and params listed.
_VALUES = 12
#: Cells of the facts beside curves, and those that are kept for values at least.
_FACTS_WIDTH = 38
_VALUE_WIDTH = 14


@dataclass(frozen=True, slots=True)
class Preview:
    """A run, the newest note on it, and its first curves."""

    run: Run | None = None
    note: str = ""
    drawings: tuple[Drawing, ...] = ()


class RunPreview(Pane[Preview]):
    """The run under the cursor of a list; its screen lays it out."""

    DEFAULT_CSS = f"""
    RunPreview > #preview {{ layout: horizontal; height: 1fr; width: 1fr; }}
    RunPreview #preview-facts {{ width: {_FACTS_WIDTH}; padding: 0 1; scrollbar-size-vertical: 0; }}
    RunPreview.-no-curves #preview-facts {{ width: 1fr; }}
    RunPreview.-no-curves #preview-charts {{ display: none; }}
    RunPreview #preview-charts {{ layout: horizontal; width: 1fr; height: 1fr; }}
    RunPreview #preview-charts Chart {{ margin: 0 0 0 2; }}
    """

    def __init__(self) -> None:
        super().__init__()
        self._run_id = ""
        self._first: tuple[str, ...] = ()
        self._rest: Timer | None = None

    def compose(self) -> ComposeResult:
        """Facts and charts."""
        with Widget(id="preview"):
            yield TextView(can_focus=False, id="preview-facts")
            with Widget(id="preview-charts"):
                for _ in range(_MOST):
                    yield Chart()

    def preview(self, run: Run | None, first: tuple[str, ...] = ()) -> None:
        """Shows a run once the cursor has rested on it; the curves of ``first`` before others."""
        self._first = first
        run_id = run.run_id if run is not None else ""
        if run_id == self._run_id:
            return
        self._run_id = run_id
        if self._rest is not None:
            self._rest.stop()
        self._rest = self.set_timer(REST_S, lambda: self.reload(restart=True))

    def load(self, session: Session) -> Preview:
        """Reads the run and its first curves."""
        if session.store is None or not self._run_id or not self.display:
            return Preview()
        with session.store.snapshot() as db:
            run = runs.get(db, self._run_id)
            found = curves.with_history(metrics.summaries(db, self._run_id), self._first)[:_MOST]
            written = notes.of(db, f"run:{self._run_id}")
            return Preview(
                run,
                written[-1].body if written else "",
                tuple(
                    curves.drawing(
                        db, run, summary, session.config.goal(summary.key), columns=120, view=session.chart_view
                    )
                    for summary in found
                ),
            )

    def show(self, records: Preview) -> None:
        """Draws them."""
        if records.run is None:
            self.entitle("")
            self.say([])
            return
        self.uncover()
        self.entitle(records.run.name)
        self.set_class(not records.drawings, "-no-curves")
        self._show_facts(records, records.run)
        for place, chart in enumerate(self.query(Chart)):
            chart.display = place < len(records.drawings)
            if chart.display:
                chart.show(records.drawings[place])

    def _show_facts(self, records: Preview, run: Run) -> None:
        layout = self.query_one("#preview").styles.layout  # its screen may have the curves below the facts
        is_beside = bool(records.drawings) and layout is not None and layout.name == "horizontal"
        width = _FACTS_WIDTH if is_beside else self.size.width
        self.query_one("#preview-facts", TextView).show(_facts(run, records.note, width - 2))

    def on_resize(self) -> None:
        """Reads the curves when there is room for them again; gives the facts the room that there is."""
        if self.records is None:
            return
        if self.records.run is not None:
            self._show_facts(self.records, self.records.run)
        elif self._run_id:
            self.reload(restart=True)


def _facts(run: Run, note: str, room: int) -> list[CellValue]:
    started = Cell(f"  {shown.moment(run.started_at)}", "dim")
    took = Cell(f"  {shown.duration(run.duration_s(0.0))}" if run.status is not RunStatus.RUNNING else "", "dim")
    lines: list[CellValue] = [(state_cell(run.status), started, took if run.ended_at else Cell(""))]
    # what somebody has written about it says more than any value
    own = " · ".join(f"{key}={value}" for key, value in sorted(run.tags.items()) if not key.startswith("mlflow."))
    lines += [(Cell(f"{name}  ", "dim"), Cell(text)) for name, text in (("tags", own), ("note", note)) if text]
    values: list[tuple[str, CellValue]] = []
    told = sorted(run.metrics.items(), key=lambda pair: (is_of_machine(pair[0]), is_scheduled(pair[0])))
    values += [(key, run_cells.metric(value)) for key, value in told[:_VALUES]]
    values += list(run.params.items())[:_VALUES]
    return lines + run_facts.section(values, max(_VALUE_WIDTH, room - _VALUE_WIDTH))
