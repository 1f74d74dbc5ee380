"""The parts of a run's screen, and the run loaded for all of them."""

from __future__ import annotations

import time
from collections.abc import Mapping
from dataclasses import dataclass, field

from textual.app import ComposeResult
from textual.containers import Horizontal
from textual.message import Message
from textual.widget import Widget
from textual.widgets import ContentSwitcher

from mlops_store import metrics, run_links, runs
from mlops_store.errors import MlopsError, NotFound
from mlops_store.records import Artifact, Run
from mlops_tui.compare.columns import is_of_machine
from mlops_tui.ui import shown
from mlops_tui.ui.chart_view import ChartView
from mlops_tui.ui.loading import Loader
from mlops_tui.ui.screens import run_facts, run_patch, run_tables
from mlops_tui.ui.screens.artifact_preview import ArtifactPreview
from mlops_tui.ui.screens.chart_grid import ChartGrid
from mlops_tui.ui.screens.fact_list import FactList
from mlops_tui.ui.screens.metric_table import TREND, MetricTable
from mlops_tui.ui.screens.name_filter import matcher, problem
from mlops_tui.ui.screens.run_facts import RunView
from mlops_tui.ui.screens.tree_table import TreeTable
from mlops_tui.ui.session import Session, session_of
from mlops_tui.ui.text import CellValue, clean
from mlops_tui.ui.widgets.dialog import Tell
from mlops_tui.ui.widgets.log_view import LogView
from mlops_tui.ui.widgets.part_bar import PartBar
from mlops_tui.ui.widgets.text_view import TextView
from mlops_tui.ui.widgets.window_table import WindowTable

PARTS = ("overview", "charts", "metrics", "params", "artifacts", "log", "code", "env", "system")
OVERVIEW, CHARTS, METRICS, PARAMS, ARTIFACTS, LOG, CODE, ENVIRONMENT, SYSTEM = range(1, 10)
#: Metrics whose curves are read for the column of trends.
_TRENDS = 200
#: Characters of a param's value that a filter looks at.
_SEARCHED = 1000


@dataclass(frozen=True, slots=True)
class RunRecords:
    """What the screen shows: the run, and a few values of each metric's curve."""

    view: RunView
    trends: dict[str, tuple[float, ...]] = field(default_factory=dict)


class RunBody(Loader[RunRecords]):
    """A run, part by part.

    Args:
        text: The run's id, digits that begin or end it, or its name.
    """

    DEFAULT_CSS = """
    RunBody { layout: vertical; height: 1fr; width: 1fr; }
    RunBody ContentSwitcher { height: 1fr; width: 1fr; }
    RunBody PartBar { height: 2; }
    RunBody #part-1 { layout: horizontal; height: 1fr; padding: 0 1; }
    RunBody #facts { width: 1fr; }
    RunBody #part-2, RunBody #part-3, RunBody #part-4, RunBody #part-6, RunBody #part-7, RunBody #part-8,
    RunBody #part-9, RunBody #artifacts { padding: 0 1; }
    RunBody #part-5 { layout: vertical; }
    RunBody #part-5.-looking #artifacts { display: none; }
    RunBody #problem { display: none; padding: 1; }
    """

    @dataclass
    class Found(Message):
        """The run was read."""

        run: Run

    @dataclass
    class Leads(Message):
        """A fact leads to another screen."""

        name: str
        argument: str

    def __init__(self, text: str) -> None:
        super().__init__()
        self._text = text
        self._part = OVERVIEW
        self._words = ""

    def compose(self) -> ComposeResult:
        """The parts, one of which is shown."""
        yield PartBar(PARTS)
        yield TextView(id="problem", wrap=True)
        with ContentSwitcher(initial="part-1"):
            with Horizontal(id="part-1"):
                yield FactList(id="facts")
                yield ChartGrid(most_columns=2, can_page=False, id="glance")
            yield ChartGrid(id="part-2")
            yield MetricTable(id="part-3")
            yield TreeTable(run_tables.PARAMS, ".", least=2, empty="no params", id="part-4")
            with Widget(id="part-5"):
                yield TreeTable(run_tables.ARTIFACTS, "/", empty="no artifacts", id="artifacts")
                yield ArtifactPreview()
            with ContentSwitcher(id="part-6", initial="log-text"):
                yield TextView(wrap=True, id="log-text")
                yield LogView(id="log-file")
            yield TextView(wrap=True, id="part-7")
            yield WindowTable(run_tables.PACKAGES, empty="no packages are known", id="part-8")
            yield ChartGrid(is_system=True, id="part-9")

    @property
    def run(self) -> Run | None:
        """The run, None before it was read."""
        return self.records.view.detail.run if self.records else None

    @property
    def part(self) -> int:
        """The number of the part that is shown."""
        return self._part

    @property
    def words(self) -> str:
        """What names must have in them to be shown."""
        return self._words

    def on_mount(self) -> None:
        """Reads the run."""
        self.reload()

    # loading

    def load(self, session: Session) -> RunRecords:
        """Reads the run and what belongs to it."""
        if session.store is None:
            raise NotFound(f"no run {self._text!r}: nothing has been recorded here yet")
        with session.store.snapshot() as db:
            run_id = runs.resolve(db, self._text)
            detail = runs.detail(db, run_id)
            view = RunView(
                detail,
                run_links.family(db, run_id),
                run_links.versions(db, run_id),
                run_links.log_path(db, run_id),
            )
            trends = self.records.trends if self.records is not None else {}
            if self._part == METRICS:  # nobody sees them elsewhere, and there may be many
                trends = {
                    one.key: tuple(last for _, _, _, last in metrics.series(db, run_id, one.key, buckets=TREND))
                    for one in detail.summaries[:_TRENDS]
                    if one.count > 1
                }
            return RunRecords(view, trends)

    def show(self, records: RunRecords) -> None:
        """Hands each part what it shows."""
        run = records.view.detail.run
        is_first = self._text != run.run_id
        self._text = run.run_id  # a name may mean another run later
        self.post_message(self.Found(run))
        self.query_one("#problem").display = False
        self._show_facts(records)
        summaries = records.view.detail.summaries
        has_curves = any(one.count > 1 and not is_of_machine(one.key) for one in summaries)
        self.query_one("#glance").set_class(not has_curves, "-no-curves")
        for grid in self.query(ChartGrid):
            grid.want(run_id=run.run_id, view=session_of(self).chart_view)
        self._show_table(records)
        self._show_log(records.view)
        self._show_patch(records)
        self._show_bar()
        if is_first:
            self.focus_part()

    def _show_facts(self, records: RunRecords) -> None:
        if self._part != OVERVIEW:
            return  # to lay out what nobody sees, the whole screen would be drawn again
        self.query_one(FactList).show_facts(run_facts.facts(records.view, time.time()))

    def _show_patch(self, records: RunRecords) -> None:
        if self._part == CODE:  # it may be long
            self.query_one("#part-7", TextView).show(run_patch.lines(records.view.detail))

    def _show_table(self, records: RunRecords) -> None:
        """Fills the table of the part that is seen: others may be long, and while a run logs this comes often."""
        detail, wants = records.view.detail, matcher(self._words)
        if self._part == METRICS:
            table = self.query_one(MetricTable)
            table.say_if_empty(self._nothing("metric", len(detail.summaries)))
            table.show_metrics([one for one in detail.summaries if wants(one.key)], records.trends)
        elif self._part == PARAMS:
            params = {key: value for key, value in detail.run.params.items() if wants(f"{key} {value[:_SEARCHED]}")}
            self._show_tree("#part-4", run_tables.param_cells(params), {}, "param", len(detail.run.params))
        elif self._part == ARTIFACTS:
            files = [one for one in detail.artifacts if wants(one.path)]
            cells, sizes = run_tables.artifact_cells(files, time.time()), run_tables.folder_sizes(files)
            self._show_tree("#artifacts", cells, sizes, "artifact", len(detail.artifacts))
        elif self._part == ENVIRONMENT:
            packages = [row for row in run_tables.package_rows(detail) if wants(str(row.key))]
            self.query_one("#part-8", WindowTable).show(packages)

    def _show_tree(
        self,
        where: str,
        cells: Mapping[str, tuple[CellValue, ...]],
        notes: Mapping[str, CellValue],
        word: str,
        count: int,
    ) -> None:
        tree = self.query_one(where, TreeTable)
        tree.say_if_empty(self._nothing(word, count))
        tree.show_names(cells, notes=notes, is_narrowed=bool(self._words))

    def _nothing(self, word: str, count: int) -> str:
        """What a list without rows says."""
        return f"none of {shown.count(count, word)} matches {clean(self._words, 60)}" if count else f"no {word}s"

    def _show_log(self, view: RunView) -> None:
        self.query_one("#part-6", ContentSwitcher).current = "log-file" if view.log_path else "log-text"
        if view.log_path:
            self.query_one(LogView).show(view.log_path)
        else:
            self.query_one("#log-text", TextView).show(run_facts.error_lines(view))

    def _show_bar(self) -> None:
        if self.records is None:
            return
        detail = self.records.view.detail
        grid = self.query_one("#part-9" if self._part == SYSTEM else "#part-2", ChartGrid)
        counts = {METRICS: len(detail.summaries), PARAMS: len(detail.run.params), ARTIFACTS: len(detail.artifacts)}
        notes = {number: str(count) for number, count in counts.items() if count}
        remarks = [f"/{self._words}"] if self._words else []
        page = grid.records
        if self._part in (CHARTS, SYSTEM) and page is not None and page.count:
            if page.count > len(page.drawings):
                last = f"–{page.first + len(page.drawings)}" if len(page.drawings) > 1 else ""
                remarks.append(f"{page.first + 1}{last} of {page.count}")
            remarks += grid.wanted.view.notes
            remarks += ["zoomed"] if grid.wanted.window is not None else []
        self.query_one(PartBar).show(self._part, notes, remarks)

    def show_problem(self, error: MlopsError) -> None:
        """Says why there is no such run."""
        problem = self.query_one("#problem", TextView)
        problem.show([error.message, "", error.hint])
        problem.display = True

    def is_live(self, records: RunRecords) -> bool:
        """A running run's duration grows."""
        family = records.view.family
        around = [*family.above, *(run for run, _ in family.below)]
        return any(run.status.is_live for run in (records.view.detail.run, *around))

    def tick(self, records: RunRecords) -> None:
        """Draws the growing duration."""
        self._show_facts(records)

    # parts

    def show_part(self, number: int) -> bool:
        """Shows the part of that number; False when there is none."""
        if not 1 <= number <= len(PARTS):
            return False
        self._part = number
        self.look(False)
        self.query_one(ContentSwitcher).current = f"part-{number}"
        self._show_bar()
        self.focus_part()
        if self.records is not None:
            self._show_facts(self.records)
            self._show_patch(self.records)
            self._show_table(self.records)
        if number == METRICS:
            self.reload()
        self.screen.refresh_bindings()
        return True

    def focus_part(self) -> None:
        """Gives the focus to what can be moved in."""
        part = self.query_one(f"#part-{self._part}")
        for node in (part, *part.walk_children(Widget)):
            if node.focusable and node.display and not node.has_class("pane--cover"):
                node.focus()
                return

    def look(self, is_looking: bool) -> None:
        """Gives the look into an artifact all the room, or less."""
        self.query_one("#part-5").set_class(is_looking, "-looking")

    def step(self, by: int) -> None:
        """Shows the next or former part."""
        self.show_part((self._part - 1 + by) % len(PARTS) + 1)

    def on_part_bar_chosen(self, message: PartBar.Chosen) -> None:
        """Shows the part that was clicked."""
        self.show_part(message.number)

    def on_chart_grid_paged(self, _: ChartGrid.Paged) -> None:
        """Says which charts are shown."""
        self._show_bar()

    def view_charts(self, view: ChartView) -> None:
        """Draws all curves in another way, from now on also those of other runs."""
        session_of(self).chart_view = view
        for grid in self.query(ChartGrid):
            grid.want(view=view)
        self._show_bar()

    def narrow(self, words: str) -> str:
        """Shows only metrics, params and artifacts whose names have all the words, which are regular expressions.

        Returns:
            What is wrong with the words; "" when they are understood.
        """
        if wrong := problem(words):
            return wrong
        self._words = words.strip()
        for number in (CHARTS, SYSTEM):
            self.query_one(f"#part-{number}", ChartGrid).want(words=self._words, first=0, alone="")
        if self.records is not None:
            self._show_table(self.records)
        self._show_bar()
        return ""

    def fold(self) -> None:
        """Closes or opens all folders of params or artifacts."""
        self.query_one("#part-4" if self._part == PARAMS else "#artifacts", TreeTable).fold()

    # rows

    @property
    def artifact(self) -> Artifact | None:
        """The artifact under the cursor."""
        return self.query_one(ArtifactPreview).artifact

    def on_window_table_row_highlighted(self, message: WindowTable.RowHighlighted) -> None:
        """Looks into the artifact under the cursor."""
        if message.table.id == "artifacts" and self.records is not None:
            self._look_at(str(message.key or ""))

    def _look_at(self, path: str) -> None:
        assert self.records is not None
        files, preview = self.records.view.detail.artifacts, self.query_one(ArtifactPreview)
        if path.endswith("/"):
            inside = [one.size_bytes for one in files if one.path.startswith(path)]
            preview.preview_folder(path, len(inside), sum(inside))
        else:
            preview.preview(next((one for one in files if one.path == path), None))
            if not path:  # nothing is left by the filter
                preview.entitle("")

    def on_window_table_row_selected(self, message: WindowTable.RowSelected) -> None:
        """Shows the curve of a metric, all of a param, the look into an artifact, or what a fact leads to."""
        if message.table.id == "part-3":
            part = SYSTEM if is_of_machine(str(message.key)) else CHARTS
            self.query_one(f"#part-{part}", ChartGrid).want(alone=str(message.key))
            self.show_part(part)
        elif message.table.id == "part-4" and self.run is not None:
            name = str(message.key)
            self.app.push_screen(Tell(name, run_tables.param_lines(self.run.params.get(name, ""))))
        elif message.table.id == "artifacts":
            self.look(True)
            self.query_one(ArtifactPreview).focus_inside()
        elif isinstance(message.table, FactList) and (fact := message.table.fact) is not None:
            if fact.place == "part":
                self.show_part(int(fact.argument))
            elif fact.place:
                self.post_message(self.Leads(fact.place, fact.argument))

    def copy_text(self) -> tuple[str, str]:
        """The run's id; in a list what is under the cursor there."""
        run, table = self.run, self.screen.focused
        if run is None:
            return "", ""
        if isinstance(table, FactList) and (fact := table.fact) is not None and fact.copied:
            return fact.copied, fact.key[-1] if len(fact.key) > 1 else "it"
        if self._part == ARTIFACTS and self.artifact is not None:
            return self.artifact.path, "the path"
        if self._part in (METRICS, PARAMS) and isinstance(table, WindowTable) and table.cursor_key is not None:
            key = str(table.cursor_key)
            return (run.params.get(key, key), key) if self._part == PARAMS else (key, "the name")
        return run.run_id, f"the id of {run.name}"
