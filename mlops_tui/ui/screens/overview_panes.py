"""The panes of the overview: experiments, pipeline, registry, drift. Each fills itself and opens its screen."""

from __future__ import annotations

import sqlite3
import time
from collections.abc import Sequence
from typing import ClassVar, NamedTuple, TypeVar

from textual import events
from textual.app import ComposeResult

from mlops_store.records import Incident, IncidentState, ModelSummary, Run
from mlops_store.run_conditions import plain
from mlops_tui.ui import foreign, messages, shown
from mlops_tui.ui.screens import incident_rows, run_cells
from mlops_tui.ui.session import Session, session_of
from mlops_tui.ui.stage_rows import PipelineShown
from mlops_tui.ui.text import Cell, CellValue
from mlops_tui.ui.theme import is_unicode, state_sign
from mlops_tui.ui.widgets.columns import Column
from mlops_tui.ui.widgets.pane import Pane
from mlops_tui.ui.widgets.window_table import Row, WindowTable

Records = TypeVar("Records")

#: Runs listed; the runs screen has all.
NEWEST = 100
#: Runs whose curve is drawn.
CURVES = 30
#: Bars of a curve.
CURVE_WIDTH = 10

#: A stage that logged nothing is a step of its pipeline run, not an experiment.
_USEFUL = plain("""r.kind != 'pipeline' AND (r.kind != 'stage' OR EXISTS (
SELECT 1 FROM metrics m JOIN keys k ON k.id = m.key_id WHERE m.run_id = r.id AND k.name NOT LIKE 'system/%'))""")


class OverviewPane(Pane[Records]):
    """A list that opens as a full screen."""

    #: The screen that shows all of it.
    SCREEN: ClassVar[str] = ""
    #: The screen of one row, given its key.
    ROW_SCREEN: ClassVar[str] = ""
    COLUMNS: ClassVar[tuple[Column, ...]] = ()

    def compose(self) -> ComposeResult:
        """A list."""
        yield WindowTable(self.COLUMNS)

    @property
    def table(self) -> WindowTable:
        """The list."""
        return self.query_one(WindowTable)

    def fill(self, rows: Sequence[Row], nothing: Sequence[CellValue]) -> None:
        """Shows rows, or what to do so that there will be some."""
        if rows:
            self.uncover()
        else:
            self.say(nothing)
        self.table.show(rows)

    def open(self) -> None:
        """Asks for the full screen."""
        self.post_message(messages.Go(self.SCREEN))

    def on_window_table_row_selected(self, message: WindowTable.RowSelected) -> None:
        """Asks for the screen of the row."""
        message.stop()
        self.post_message(messages.Go(self.ROW_SCREEN, str(message.key)))


class Experiments(NamedTuple):
    """The newest runs, the metrics shown of them, the curve of the first one by run id, and what other tools left."""

    runs: tuple[Run, ...] = ()
    keys: tuple[str, ...] = ()
    curves: tuple[tuple[str, tuple[float, ...]], ...] = ()
    total: int = 0
    foreign: tuple[str, ...] = ()


class ExperimentsPane(OverviewPane[Experiments]):
    """The newest runs with their most telling metrics."""

    SCREEN = "runs"
    ROW_SCREEN = "run"

    def __init__(self) -> None:
        super().__init__("Experiments", 1, id="experiments")
        self._keys: tuple[str, ...] | None = None
        self._ended: dict[tuple[str, str], tuple[float, ...]] = {}

    def load(self, session: Session) -> Experiments:
        """Reads the newest runs."""
        if session.store is None:
            return Experiments(foreign=foreign.found(session.project.root))
        from mlops_store import runs
        from mlops_tui.compare.columns import ranked

        with session.store.snapshot() as db:
            found = tuple(runs.by_ids(db, runs.ids(db, condition=_USEFUL, limit=NEWEST)))
            names = [key.partition(".")[2] for key in ranked(found) if key.startswith("metrics.")]
            chosen = sorted(names, key=lambda name: name not in session.config.goals)[:2]
            curves = self._curves(db, found[:CURVES], chosen[0]) if chosen else ()
            total = runs.count(db)
            return Experiments(
                found, tuple(chosen), curves, total, () if total else foreign.found(session.project.root)
            )

    def _curves(
        self, db: sqlite3.Connection, found: Sequence[Run], key: str
    ) -> tuple[tuple[str, tuple[float, ...]], ...]:
        """The course of a metric; that of an ended run is read once."""
        from mlops_store import metrics

        curves = []
        for run in found:
            if key not in run.metrics:
                continue
            course = self._ended.get((run.run_id, key))
            if course is None:
                points = metrics.series(db, run.run_id, key, buckets=CURVE_WIDTH)
                course = tuple(point[-1] for point in points)
                if not run.status.is_live:
                    self._ended[run.run_id, key] = course
            if len(course) > 1:
                curves.append((run.run_id, course))
        return tuple(curves)

    def show(self, records: Experiments) -> None:
        """Draws the runs."""
        self.entitle("Experiments", f"{records.total:,}" if records.total else "")
        if records.keys != self._keys:
            self._keys = records.keys
            self.table.set_columns(_run_columns(records.keys))
        self.fill(self._made(records), (*foreign.offer(records.foreign), *_NO_RUNS))

    def is_live(self, records: Experiments) -> bool:
        """Durations of running runs grow."""
        return any(run.status.is_live for run in records.runs)

    def tick(self, records: Experiments) -> None:
        """Draws the growing durations."""
        self.table.show(self._made(records))

    def _made(self, records: Experiments) -> list[Row]:
        from mlops_tui.ui.widgets.sparkline import sparkline

        now, curves, is_ascii = time.time(), dict(records.curves), not is_unicode()
        return [
            Row(
                run.run_id,
                (
                    state_sign(run.status),
                    run_cells.name(run),
                    *(run_cells.metric(run.metrics.get(key)) for key in records.keys),
                    Cell(sparkline(curves.get(run.run_id, ()), CURVE_WIDTH, is_ascii=is_ascii), "curve"),
                    Cell(run_cells.duration(run, now), "dim"),
                    Cell(shown.moment(run.started_at, now), "dim"),
                ),
            )
            for run in records.runs
        ]


def _run_columns(keys: Sequence[str]) -> list[Column]:
    return [
        Column("state", "", 1, 1),
        Column("name", "run", 16, 40, grows=True),
        *(Column(f"metrics.{key}", key, 5, 12, place, right=True) for place, key in enumerate(keys)),
        Column("curve", "", 4, CURVE_WIDTH, 3),
        Column("duration", "time", 5, 8, 2, right=True),
        Column("started_at", "started", 8, 12, 4),
    ]


class Stages(NamedTuple):
    """The pipeline, and whether what is stale was judged yet."""

    pipeline: PipelineShown
    is_judged: bool


class PipelinePane(OverviewPane[Stages]):
    """The stages with their state; what is stale is found out after what the store knows is on the screen."""

    SCREEN = "pipeline"
    ROW_SCREEN = "pipeline"
    FOLLOWS_PROJECT = True
    COLUMNS = (
        Column("sign", "", 1, 2),
        Column("stage", "stage", 8, 30),
        Column("state", "state", 7, 10),
        Column("time", "time", 5, 14, 1, right=True),
        Column("note", "", 8, 200, 2, grows=True),
    )

    def __init__(self) -> None:
        super().__init__("Pipeline", 2, id="pipeline")

    def load(self, session: Session) -> Stages:
        """Reads the newest pipeline run, and from the second load on judges what is stale."""
        from mlops_tui.ui import stage_rows

        if self.records is not None:
            return Stages(stage_rows.load(session), is_judged=True)
        if session.store is None:
            return Stages(PipelineShown(None, ()), is_judged=False)
        from mlops_store import pipelines

        run = pipelines.latest(session.store.read())
        return Stages(PipelineShown(run, stage_rows.merged(run, (), {})), is_judged=False)

    def show(self, records: Stages) -> None:
        """Draws the stages."""
        from mlops_tui.ui import stage_rows

        pipeline, problem = records.pipeline, records.pipeline.problem
        if not records.is_judged:
            self.entitle("Pipeline")
        else:
            self.entitle("Pipeline", stage_rows.headline(pipeline, time.time()))
            self.subtitle(problem.message if problem is not None and pipeline.stages else pipeline.remark)
        if pipeline.stages:
            self.fill(self._made(pipeline), ())
            self._point_out(pipeline)
        elif problem is not None:
            self.table.show(())
            self.show_problem(problem)
        elif records.is_judged:
            self.fill((), _NO_PIPELINE)

    def _point_out(self, pipeline: PipelineShown) -> None:
        """Until somebody chooses a stage, the cursor is on the one that is worth a look."""
        if not self.table.is_moved:
            states = {stage.state: stage.name for stage in reversed(pipeline.stages)}
            found = next((states[state] for state in ("running", "failed", "stopped", "stale") if state in states), "")
            self.table.point_at(found or pipeline.stages[0].name)

    def is_live(self, records: Stages) -> bool:
        """Durations and progress grow while a run is under way."""
        return records.pipeline.is_live

    def tick(self, records: Stages) -> None:
        """Draws them anew."""
        self.table.show(self._made(records.pipeline))

    def _made(self, pipeline: PipelineShown) -> list[Row]:
        from mlops_tui.ui import stage_rows

        now = time.time()
        return [Row(stage.name, stage_rows.cells(stage, now, bar_width=8)) for stage in pipeline.stages]


class RegistryPane(OverviewPane[tuple[ModelSummary, ...]]):
    """The registered models, and which version is in which stage."""

    SCREEN = "models"
    ROW_SCREEN = "models"

    def __init__(self) -> None:
        super().__init__("Registry", 3, id="registry")

    def on_mount(self, _: events.Mount) -> None:
        """Makes a column a stage, highest first; the archive is not worth one."""
        stages = session_of(self).config.registry.stages[:-1]
        self._stages = tuple(reversed(stages))
        self.table.set_columns(
            (
                Column("name", "model", 18, 60, grows=True),
                *(Column(stage, stage, 3, 14, place) for place, stage in enumerate(self._stages)),
                Column("updated_at", "changed", 8, 12, len(stages) + 1),
            )
        )

    def load(self, session: Session) -> tuple[ModelSummary, ...]:
        """Reads the models."""
        if session.store is None:
            return ()
        from mlops_store import models

        return tuple(models.summaries(session.store.read()))

    def show(self, records: tuple[ModelSummary, ...]) -> None:
        """Draws them."""
        self.entitle("Registry", str(len(records)) if records else "")
        self.fill([self._row(model) for model in records], _NO_MODELS)

    def _row(self, model: ModelSummary) -> Row:
        cells: list[CellValue] = []
        for place, stage in enumerate(self._stages):
            holders = model.stages.get(stage)
            if holders is None:
                cells.append(Cell("–" if is_unicode() else "-", "faint"))
                continue
            more = f" +{holders.count - 1}" if holders.count > 1 else ""
            cells.append((Cell(f"v{holders.newest[0][0]}", "good" if place == 0 else ""), Cell(more, "dim")))
        return Row(model.name, (model.name, *cells, Cell(shown.moment(model.updated_at), "dim")))


class IncidentsPane(OverviewPane[tuple[tuple[Incident, ...], str]]):
    """Incidents that are not resolved, those that matter most first."""

    SCREEN = "drift"
    ROW_SCREEN = "drift"
    COLUMNS = (
        Column("severity", "", 1, 1),
        Column("title", "incident", 16, 300, grows=True),
        Column("windows", "in", 9, 11, 2),
        Column("opened_at", "opened", 8, 12, 1),
    )

    def __init__(self) -> None:
        super().__init__("Drift", 4, id="drift")

    def load(self, session: Session) -> tuple[tuple[Incident, ...], str]:
        """Reads the incidents, and how the newest check went."""
        if session.store is None:
            return (), ""
        from mlops_store import drift, incidents
        from mlops_store.incident_records import UNRESOLVED

        db = session.store.read()
        newest = drift.reports(db, limit=1)
        checked = ""
        if newest:
            verdict = {"ok": "no drift", "drift": "drift", "error": "could not be checked"}.get(newest[0].status, "")
            checked = f"newest batch {newest[0].batch}: {verdict}, {shown.moment(newest[0].checked_at)}"
        return tuple(incidents.ranked(db, UNRESOLVED)), checked

    def show(self, records: tuple[tuple[Incident, ...], str]) -> None:
        """Draws them."""
        found, checked = records
        opened = sum(1 for incident in found if incident.state is IncidentState.OPEN)
        self.entitle("Drift", f"{opened} open" if opened else "nothing open" if found or checked else "")
        self.subtitle(checked if found else "")
        nothing: Sequence[CellValue] = ("No open incident.", "", Cell(checked, "dim")) if checked else _NO_MONITORS
        self.fill([incident_rows.overview_row(incident) for incident in found], nothing)


_NO_RUNS: tuple[CellValue, ...] = (
    "No runs yet. See it all work on real data:",
    Cell("  mlops-tui demo churn", "accent"),
    "",
    "or log from a script of yours:",
    Cell("  import mlops_tui as mlops", "accent"),
    Cell("  with mlops.start_run():", "accent"),
    Cell("      mlops.log_metric('auc', 0.93)", "accent"),
    "",
    (Cell("mlops-tui init", "accent"), Cell(" prepares this directory; it is not needed to begin.", "dim")),
)

_NO_PIPELINE: tuple[CellValue, ...] = (
    "No dvc.yaml here.",
    "",
    "Describe stages in it, then run what is stale:",
    Cell("  mlops-tui run", "accent"),
)

_NO_MODELS: tuple[CellValue, ...] = (
    "No registered models.",
    "",
    "A run that called log_model can be registered:",
    Cell("  mlops-tui models register NAME --run RUN", "accent"),
)

_NO_MONITORS: tuple[CellValue, ...] = (
    "No batches checked.",
    "",
    "Watch a folder of batches, in mlops.toml:",
    Cell("  [monitors.production]", "accent"),
    Cell('  watch = ["batches/*.csv"]', "accent"),
)
