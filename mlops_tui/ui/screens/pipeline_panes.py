"""The panes of the pipeline screen: the stages as a list or a graph, and the log of the one under the cursor."""

from __future__ import annotations

import time

from textual.app import ComposeResult
from textual.message import Message

from mlops_tui.ui import shown, stage_graph, stage_rows, stage_why
from mlops_tui.ui.session import Session
from mlops_tui.ui.stage_rows import PipelineShown, StageShown
from mlops_tui.ui.text import Cell, CellValue
from mlops_tui.ui.widgets.columns import Column
from mlops_tui.ui.widgets.dag_view import DagView
from mlops_tui.ui.widgets.log_view import LogView
from mlops_tui.ui.widgets.pane import Pane
from mlops_tui.ui.widgets.window_table import Key, Row, WindowTable

COLUMNS = (
    Column("sign", "", min_width=1, max_width=2),
    Column("stage", "stage", min_width=8, max_width=32),
    Column("state", "state", min_width=7, max_width=10),
    Column("time", "time", min_width=5, max_width=14, right=True),
    Column("note", "", min_width=10, max_width=300, priority=1, grows=True),
)

NO_PIPELINE: tuple[CellValue, ...] = (
    "No pipeline here yet.",
    "",
    Cell("Describe stages in dvc.yaml, for example:", "dim"),
    "",
    Cell("stages:", "accent"),
    Cell("  train:", "accent"),
    Cell("    cmd: python train.py", "accent"),
    Cell("    deps: [train.py, data.csv]", "accent"),
    Cell("    outs: [model.skops]", "accent"),
)


class StagesPane(Pane[PipelineShown]):
    """The stages: a list in the order in which they run, or a graph."""

    FOLLOWS_PROJECT = True

    class Shown(Message):
        """Other stages, or other states of them, are shown."""

    def __init__(self) -> None:
        super().__init__("Stages", 1, id="stages")
        #: The earlier pipeline run shown; "" for the newest.
        self.run_id = ""

    def compose(self) -> ComposeResult:
        """A list and a graph, one of which is shown."""
        yield WindowTable(COLUMNS, can_mark=True)
        graph = DagView()
        graph.display = False  # until it is turned to: what loads before that must not be drawn as a graph
        yield graph

    def turn(self, *, to_graph: bool) -> None:
        """Shows the graph or the list; the cursor stays on its stage."""
        stage = self.current
        had_focus = self.has_focus_within
        table, graph = self.query_one(WindowTable), self.query_one(DagView)
        table.display, graph.display = not to_graph, to_graph
        if self.records is not None:
            self._draw(self.records)
        self.remark()
        if stage is not None:
            self.move_to(stage.name)
        if had_focus:
            self.focus_inside()

    @property
    def is_graph(self) -> bool:
        """Whether the graph is shown."""
        return self.query_one(DagView).display

    def move_to(self, name: str) -> None:
        """Puts the cursor on a stage."""
        if self.is_graph:
            self.query_one(DagView).move_to(name)
        else:
            self.query_one(WindowTable).move_to(name)

    def move_to_running(self) -> None:
        """Puts the cursor on the stage that began last of those that run, if any does."""
        stages = self.records.stages if self.records else ()
        running = {
            stage.name: stage.run.started_at or 0.0 for stage in stages if stage.run and stage.state == "running"
        }
        if running:
            self.move_to(max(running, key=lambda name: running[name]))

    def load(self, session: Session) -> PipelineShown:
        """The stages with what they did in the run shown, and whether they are stale."""
        return stage_rows.load(session, self.run_id)

    def show(self, records: PipelineShown) -> None:
        """Draws them."""
        self.entitle("Stages", stage_rows.headline(records, time.time()))
        self.remark()
        if not records.stages:
            if records.problem is not None:
                self.show_problem(records.problem)
            else:
                self.say(NO_PIPELINE)
            return
        self.uncover()
        self._draw(records)
        self.post_message(self.Shown())

    def is_live(self, records: PipelineShown) -> bool:
        """Durations grow while a run is under way."""
        return records.is_live

    def tick(self, records: PipelineShown) -> None:
        """Draws the durations anew."""
        self._draw(records)

    def _draw(self, records: PipelineShown) -> None:
        now = time.time()
        if self.is_graph:
            self.query_one(DagView).show(stage_graph.nodes(records, now), stage_graph.needs(records))
            self.remark()
        else:
            rows = [Row(stage.name, stage_rows.cells(stage, now)) for stage in records.stages]
            self.query_one(WindowTable).show(rows)

    def remark(self) -> None:
        """Says in the lower frame what is wrong, what is under the cursor of the graph, or how changes are found."""
        records = self.records
        if records is None:
            return
        if records.problem is not None and records.stages:
            self.subtitle(records.problem.message)
        elif self.is_graph and records.stages:
            parts = (stage_graph.remark(self._under_cursor, time.time()), self.query_one(DagView).caption)
            self.subtitle("  |  ".join(part for part in parts if part))
        else:
            self.subtitle(records.remark)

    @property
    def chosen(self) -> tuple[str, ...]:
        """The marked stages, or those under the cursor."""
        if self.is_graph:
            return self.query_one(DagView).names
        return tuple(str(key) for key in self.query_one(WindowTable).selection)

    @property
    def marks(self) -> frozenset[Key]:
        """The marked stages; there are none in the graph."""
        return frozenset() if self.is_graph else self.query_one(WindowTable).marks

    @property
    def current(self) -> StageShown | None:
        """The stage under the cursor; None on a fold of several."""
        found = self._under_cursor
        return found[0] if len(found) == 1 else None

    @property
    def _under_cursor(self) -> tuple[StageShown, ...]:
        names = self.query_one(DagView).names if self.is_graph else (self.query_one(WindowTable).cursor_key,)
        return tuple(stage for stage in self.records.stages if stage.name in names) if self.records else ()


class LogPane(Pane[None]):
    """What a stage wrote, as it is being written."""

    def __init__(self) -> None:
        super().__init__("Log", 2, id="log")
        self._path = ""

    def compose(self) -> ComposeResult:
        """A log."""
        yield LogView()

    def show_stage(self, stage: StageShown | None, folded: str = "") -> None:
        """Shows the log of a stage, or says why there is none.

        Args:
            stage: The stage.
            folded: What is chosen where it is not one stage.
        """
        if stage is None:
            self.entitle("Log")
            self.say([folded or "No stage is chosen."])
            return
        run = stage.run
        path = run.log_path if run is not None and run.started_at is not None else ""
        note = stage.name
        if not path and stage.earlier_log is not None and stage.state != "failed":
            path, started_at = stage.earlier_log
            note = f"{stage.name}, of {shown.moment(started_at, time.time())}"
        self.entitle("Log", note)
        if not path:
            self._path = ""
            self.say(_no_log(stage))
        else:
            self.uncover()
            self._path = path
            is_ended = run is None or run.state.is_final
            self.query_one(LogView).show(path, "it wrote nothing" if is_ended else "nothing written yet")


def _no_log(stage: StageShown) -> list[CellValue]:
    if stage.state == "waiting":
        return [f"{stage.name} waits for its turn."]
    return [
        f"{stage.name} has not run here." if stage.usual_s is None else "It did not run in this pipeline run.",
        "",
        *stage_why.lines(stage),
    ]
