"""The pipeline: its stages with state, time and why; what the stage under the cursor wrote; run and stop."""

from __future__ import annotations

import shlex
import time

from textual import work
from textual.app import ComposeResult
from textual.message import Message

from mlops_store.errors import Refused
from mlops_store.records import PipelineRun
from mlops_tui.ui import keymap, messages, shown, stage_graph, stage_rows
from mlops_tui.ui.screens.acts import perform
from mlops_tui.ui.screens.base import ProjectScreen
from mlops_tui.ui.session import Session
from mlops_tui.ui.stage_rows import PipelineShown, StageShown
from mlops_tui.ui.text import Cell, CellValue
from mlops_tui.ui.theme import sign, state_cell, state_sign
from mlops_tui.ui.widgets.columns import Column
from mlops_tui.ui.widgets.dag_view import DagView
from mlops_tui.ui.widgets.dialog import Choose, Confirm, Dialog, Option
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
        yield DagView()

    def turn(self, *, to_graph: bool) -> None:
        """Shows the graph or the list; the cursor stays on its stage."""
        stage = self.current
        had_focus = self.has_focus_within
        table, graph = self.query_one(WindowTable), self.query_one(DagView)
        table.display, graph.display = not to_graph, to_graph
        if self.records is not None:
            self._draw(self.records)
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

    def load(self, session: Session) -> PipelineShown:
        """The stages with what they did in the run shown, and whether they are stale."""
        return stage_rows.load(session, self.run_id)

    def show(self, records: PipelineShown) -> None:
        """Draws them."""
        self.entitle("Stages", stage_rows.headline(records, time.time()))
        problem = records.problem
        self.subtitle(problem.message if problem is not None and records.stages else "")
        if not records.stages:
            if problem is not None:
                self.show_problem(problem)
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
        """Says in the lower frame what is under the cursor of the graph."""
        if self.records is not None and self.records.problem is None:
            now, graph = time.time(), self.query_one(DagView)
            parts = (stage_graph.remark(self._under_cursor, now), graph.caption) if self.is_graph else ()
            self.subtitle("  |  ".join(part for part in parts if part))

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

    def show_stage(self, stage: StageShown | None) -> None:
        """Shows the log of a stage, or says why there is none."""
        if stage is None:
            self.entitle("Log")
            self.say(["No stage is chosen."])
            return
        run = stage.run
        path = run.log_path if run is not None and run.started_at is not None else ""
        self.entitle("Log", stage.name)
        if not path:
            self._path = ""
            self.say(_no_log(stage))
        else:
            self.uncover()
            if path != self._path:
                self._path = path
                self.query_one(LogView).show(path)


def _no_log(stage: StageShown) -> list[CellValue]:
    if stage.state == "waiting":
        return [f"{stage.name} waits for its turn."]
    return [
        f"{stage.name} has not run here." if stage.usual_s is None else "It did not run in this pipeline run.",
        "",
        *explained(stage),
    ]


def explained(stage: StageShown) -> list[CellValue]:
    """Why a stage is in its state, in full: reasons, command, what it needs, what it read and wrote."""
    lines: list[CellValue] = [state_cell(stage.state)]
    lines += [(Cell("  " + sign("dot") + " ", "dim"), Cell(reason)) for reason in stage.reasons]
    if stage.state == "stale":
        lines += ["", Cell("r runs what is stale", "dim")]
    if stage.needs:
        lines += ["", (Cell("after   ", "dim"), Cell(", ".join(stage.needs)))]
    for i, command in enumerate(stage.command.splitlines()):
        lines.append((Cell("runs    " if i == 0 else "        ", "dim"), Cell(command)))
    if stage.usual_s is not None:
        lines.append((Cell("usually ", "dim"), Cell(shown.duration(stage.usual_s))))
    run = stage.run
    if run is not None:
        if run.exit_code is not None:
            lines.append((Cell("exit    ", "dim"), Cell(str(run.exit_code))))
        for word, files in (("read    ", run.inputs), ("wrote   ", run.outputs)):
            for i, file in enumerate(files):
                size = shown.size(file.get("size_bytes"))
                md5 = str(file.get("md5") or "")[:8]
                lines.append(
                    (
                        Cell(word if i == 0 else "        ", "dim"),
                        Cell(str(file["path"])),
                        Cell(f"  {size}  {md5}", "dim"),
                    )
                )
        if run.error:
            lines += ["", *(Cell(line, "failed") for line in run.error.splitlines()[-20:])]
    return lines


class PipelineScreen(ProjectScreen):
    """Stages, logs, run and stop."""

    NAME = "pipeline"
    BINDINGS = keymap.bindings("pipeline")

    DEFAULT_CSS = """
    PipelineScreen > #body { layout: vertical; }
    PipelineScreen #stages { height: auto; min-height: 6; max-height: 50%; }
    PipelineScreen #stages WindowTable { height: auto; }
    PipelineScreen #log { height: 1fr; min-height: 4; }
    PipelineScreen.-graph #stages { height: 2fr; max-height: 100%; }
    PipelineScreen.-very-wide > #body { layout: horizontal; }
    PipelineScreen.-very-wide #stages { height: 1fr; max-height: 100%; width: 9fr; }
    PipelineScreen.-very-wide #stages WindowTable { height: 1fr; }
    PipelineScreen.-very-wide #log { width: 11fr; }
    PipelineScreen.-very-wide.-graph #stages { height: 1fr; width: 11fr; }
    PipelineScreen.-very-wide.-graph #log { width: 9fr; }
    """

    def compose_body(self) -> ComposeResult:
        """Stages above (or left of) the log."""
        yield StagesPane()
        yield LogPane()

    @property
    def stages(self) -> StagesPane:
        """The pane of stages."""
        return self.query_one(StagesPane)

    def on_mount(self) -> None:
        """Begins in the list or the graph, whichever was looked at last."""
        self._turn(to_graph=self.session.is_graph_wanted)
        self.stages.focus_inside()

    def _turn(self, *, to_graph: bool) -> None:
        self.session.is_graph_wanted = to_graph
        self.set_class(to_graph, "-graph")
        self.stages.turn(to_graph=to_graph)

    def action_graph(self) -> None:
        """Shows the stages as a graph, or as a list again."""
        self._turn(to_graph=not self.stages.is_graph)

    def on_dag_view_highlighted(self, message: DagView.Highlighted) -> None:
        """Shows the log of the stage under the cursor of the graph."""
        message.stop()
        self.stages.remark()
        self.query_one(LogPane).show_stage(self.stages.current)

    def on_dag_view_selected(self, message: DagView.Selected) -> None:
        """Opens the run of the stage."""
        message.stop()
        self._open_run()

    def heading(self) -> str:
        """The screen's name."""
        return "pipeline"

    def on_window_table_row_highlighted(self, message: WindowTable.RowHighlighted) -> None:
        """Shows the log of the stage under the cursor."""
        message.stop()
        self.query_one(LogPane).show_stage(self.stages.current)

    def on_stages_pane_shown(self, message: StagesPane.Shown) -> None:
        """Goes to the stage that the screen was opened for, and shows its log."""
        message.stop()
        if self.argument:
            self.stages.move_to(self.argument)
            self.argument = ""
        self.query_one(LogPane).show_stage(self.stages.current)

    def on_window_table_row_selected(self, message: WindowTable.RowSelected) -> None:
        """Opens the run of the stage."""
        message.stop()
        self._open_run()

    def _open_run(self) -> None:
        stage = self.stages.current
        if stage is not None and stage.run is not None and stage.run.run_id:
            self.go("run", stage.run.run_id)
        else:
            self.remark("this stage has no run in this pipeline run", "dim")

    def retreat(self) -> bool:
        """Leaves a range, marks, or the earlier pipeline run that is shown."""
        table = self.stages.query_one(WindowTable)
        if table.end_range():
            return True
        if table.marks:
            table.set_marks(())
            return True
        if self.stages.run_id:
            self._show_run("")
            return True
        return False

    def copy_text(self) -> tuple[str, str]:
        """The command that runs the stage."""
        stage = self.stages.current
        return (stage.command, f"the command of {stage.name}") if stage is not None else ("", "")

    # acts

    def action_run_stale(self) -> None:
        """Runs what is stale: all of it, or the marked stages with what they need."""
        self._start(self.stages.chosen if self.stages.marks else (), force=False)

    def action_run_forced(self) -> None:
        """Asks, then runs the chosen stages even though nothing changed."""
        names = self.stages.chosen
        if not names:
            return
        lines: list[CellValue] = ["Runs even though nothing changed; what comes before runs where it is stale.", ""]
        lines += [(Cell("  "), Cell(name, "strong")) for name in names]

        def answered(yes: bool | None) -> None:
            if yes:
                self._start(names, force=True)

        self.app.push_screen(Confirm(f"Run {shown.count(len(names), 'stage')} again?", lines, yes="run"), answered)

    def _start(self, names: tuple[str, ...], *, force: bool) -> None:
        project, records = self.session.project, self.stages.records
        jobs = records.run.jobs if records is not None and records.run is not None else 1

        def act() -> messages.Did:
            from mlops_tui import pipeline

            pipeline.start(project, targets=names, force=force, jobs=jobs)
            words = ["mlops-tui", "run", "--detach"]
            words += ["--force"] if force else []
            words += ["-j", str(jobs)] if jobs > 1 else []
            return messages.Did(shlex.join([*words, *names]), notice="started")

        if self.stages.run_id:
            self._show_run("")
        perform(self, act)

    def action_stop(self) -> None:
        """Asks, then stops the pipeline run that is under way."""
        records = self.stages.records
        run = records.run if records is not None else None
        if run is None or not run.state.is_live:
            self.failed(Refused("nothing is running here"))
            return
        lines: list[CellValue] = [
            "Its processes are asked to end (TERM), and killed after 5 seconds. What is done stays done.",
            "",
        ]
        lines += [(state_sign("running"), Cell(f" {stage.stage}")) for stage in run.stages if stage.state == "running"]

        def answered(yes: bool | None) -> None:
            if yes:
                self._stop(run)

        self.app.push_screen(Confirm("Stop the running pipeline?", lines, yes="stop"), answered)

    def _stop(self, run: PipelineRun) -> None:
        project = self.session.project

        def act() -> messages.Did:
            from mlops_tui import pipeline

            pipeline.stop(project, run.run_id)
            return messages.Did(f"mlops-tui stop {run.run_id}", notice="stopping")

        perform(self, act)

    def action_why(self) -> None:
        """Says in full why the stage is in its state, and what it reads and writes."""
        stage = self.stages.current
        if stage is not None:
            self.app.push_screen(Dialog(stage.name, explained(stage)))

    def action_past_runs(self) -> None:
        """Chooses an earlier pipeline run to look at."""
        self._choose_run()

    @work(thread=True, group="history", exclusive=True)
    def _choose_run(self) -> None:
        from mlops_store import pipelines

        store = self.session.store
        found = pipelines.newest(store.read(), 100) if store is not None else []
        self.app.call_from_thread(self._ask_run, found)

    def _ask_run(self, found: list[PipelineRun]) -> None:
        if not found:
            self.remark("no pipeline has run here yet", "dim")
            return
        now = time.time()
        options = [
            Option(
                run.run_id,
                (state_cell(run.state), Cell(f"  {shown.moment(run.started_at, now)}")),
                Cell(_outcome(run, now), "dim"),
            )
            for run in found
        ]

        def answered(run_id: str | None) -> None:
            if run_id is not None:
                self._show_run("" if run_id == found[0].run_id else run_id)

        self.app.push_screen(Choose("Earlier pipeline runs", options, chosen=self.stages.run_id), answered)

    def _show_run(self, run_id: str) -> None:
        self.stages.run_id = run_id
        self.stages.reload(restart=True)


def _outcome(run: PipelineRun, now: float) -> str:
    ran = sum(1 for stage in run.stages if stage.started_at is not None)
    length = (run.ended_at or now) - run.started_at
    return f"{shown.count(ran, 'stage')} ran  {shown.duration(length)}"
