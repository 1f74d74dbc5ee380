"""The pipeline: its stages with state, time and why; what the stage under the cursor wrote; run and stop."""

from __future__ import annotations

import shlex
import time

from textual import work
from textual.app import ComposeResult

from mlops_store.errors import Refused
from mlops_store.records import PipelineRun
from mlops_tui.ui import keymap, messages, shown, stage_why
from mlops_tui.ui.answers import hand
from mlops_tui.ui.screens.acts import perform
from mlops_tui.ui.screens.base import ProjectScreen
from mlops_tui.ui.screens.pipeline_panes import LogPane, StagesPane
from mlops_tui.ui.text import Cell, CellValue
from mlops_tui.ui.theme import state_cell, state_sign
from mlops_tui.ui.widgets.dag_view import DagView
from mlops_tui.ui.widgets.dialog import Ask, Choose, Confirm, Option, Tell
from mlops_tui.ui.widgets.window_table import WindowTable

#: More stages at a time than anybody runs.
MOST_JOBS = 1000


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

    #: Whether the cursor has been put where it is worth looking first.
    _is_placed = False

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
        folded = f"{shown.count(len(message.names), 'stage')} folded here; enter unfolds them."
        self.query_one(LogPane).show_stage(self.stages.current, folded if len(message.names) > 1 else "")

    def on_dag_view_selected(self, message: DagView.Selected) -> None:
        """Opens the run of the stage."""
        message.stop()
        self._open_run()

    def heading(self) -> str:
        """The screen's name, whether the pipeline runs by itself, and how runs are started."""
        session = self.session
        parts = [f"{session.jobs} at a time" if session.jobs else "", "keeps going" if session.keeps_going else ""]
        parts.append("runs after each change" if session.auto_run else "")
        told = ", ".join(part for part in parts if part)
        return f"pipeline ({told})" if told else "pipeline"

    def on_window_table_row_highlighted(self, message: WindowTable.RowHighlighted) -> None:
        """Shows the log of the stage under the cursor."""
        message.stop()
        self.query_one(LogPane).show_stage(self.stages.current)

    def on_stages_pane_shown(self, message: StagesPane.Shown) -> None:
        """Goes to the stage that the screen was opened for, and shows its log."""
        message.stop()
        self.retitle()
        if self.argument:
            self.stages.move_to(self.argument)
            self.argument = ""
        elif not self._is_placed:
            self.stages.move_to_running()
        self._is_placed = True
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
        """Leaves a neighbourhood, a range, marks, or the earlier pipeline run that is shown."""
        if self.stages.is_graph and self.stages.query_one(DagView).show_whole():
            return True
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
        project, records, keeps_going = self.session.project, self.stages.records, self.session.keeps_going
        jobs = self.session.jobs_after(records.run if records is not None else None)

        def act() -> messages.Did:
            from mlops_tui import pipeline

            pipeline.start(project, targets=names, force=force, jobs=jobs, keep_going=keeps_going)
            words = ["mlops-tui", "run", "--detach"]
            words += ["--force"] if force else []
            words += ["--keep-going"] if keeps_going else []
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

    def action_watch(self) -> None:
        """Has what is stale run by itself from now on, after each change, or no more."""
        session = self.session
        session.auto_run = not session.auto_run
        session.wake()
        self.retitle()
        if session.auto_run:
            self.did("mlops-tui run --watch", notice="what is stale runs after each change, until w or the end")
        else:
            self.remark("nothing runs by itself any more", "dim")

    def action_jobs(self) -> None:
        """Asks how many stages runs from here have at a time."""
        records = self.stages.records

        def problem(text: str) -> str:
            is_number = text.strip().isdecimal() and 1 <= int(text) <= MOST_JOBS
            return "" if is_number else f"a number from 1 to {MOST_JOBS}"

        def answered(text: str | None) -> None:
            if text is not None:
                self.session.jobs = int(text)
                self.retitle()
                self.stages.reload()
                self.remark(f"runs from here have {shown.count(int(text), 'stage')} at a time", "dim")

        jobs = self.session.jobs_after(records.run if records is not None else None)
        self.app.push_screen(Ask("How many stages at a time?", str(jobs), check=problem), answered)

    def action_keep_going(self) -> None:
        """Has runs from here go on after a failed stage, or no more."""
        session = self.session
        session.keeps_going = not session.keeps_going
        self.retitle()
        goes = "go on with what does not need it" if session.keeps_going else "start nothing more"
        self.remark(f"when a stage fails, runs from here {goes}", "dim")

    def action_why(self) -> None:
        """Says in full why the stage is in its state, old value to new, and what will run because of it."""
        stage, records = self.stages.current, self.stages.records
        if stage is not None and records is not None:
            self.app.push_screen(Tell(stage.name, stage_why.lines(stage, records)))

    def action_past_runs(self) -> None:
        """Chooses an earlier pipeline run to look at."""
        self._choose_run()

    @work(thread=True, group="history", exclusive=True)
    def _choose_run(self) -> None:
        from mlops_store import pipelines

        store = self.session.store
        found = pipelines.newest(store.read(), 100) if store is not None else []
        hand(self, self._ask_run, found)

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
