"""One run: what it is, its curves, metrics, params, artifacts and output."""

from __future__ import annotations

from textual.app import ComposeResult

from mlops_tui.ui import keymap
from mlops_tui.ui.chart_view import ChartView
from mlops_tui.ui.places import Place
from mlops_tui.ui.screens import artifact_acts, run_acts, run_body, run_chosen
from mlops_tui.ui.screens.artifact_preview import ArtifactPreview
from mlops_tui.ui.screens.chart_acts import ChartScreen
from mlops_tui.ui.screens.chart_grid import ChartGrid
from mlops_tui.ui.screens.run_body import RunBody
from mlops_tui.ui.screens.run_chosen import Chosen
from mlops_tui.ui.widgets.prompt import Prompt


class RunScreen(ChartScreen):
    """A run.

    Args:
        argument: The run's id, digits that begin or end it, or its name.
    """

    NAME = "run"
    BINDINGS = keymap.bindings("run")
    HAS_FILTER = True

    DEFAULT_CSS = """
    RunScreen #glance { display: none; width: 1fr; }
    RunScreen.-wide #glance, RunScreen.-very-wide #glance { display: block; }
    RunScreen.-very-wide #glance { width: 2fr; }
    RunScreen #glance.-no-curves { display: none; }
    RunScreen.-wide #part-5, RunScreen.-very-wide #part-5 { layout: horizontal; }
    RunScreen.-wide ArtifactPreview, RunScreen.-very-wide ArtifactPreview { width: 3fr; }
    RunScreen.-wide #artifacts, RunScreen.-very-wide #artifacts { width: 2fr; }
    """

    def __init__(self, argument: str = "") -> None:
        super().__init__(argument)
        self._name = ""

    def heading(self) -> str:
        """The run's name instead of its id."""
        return f"run {self._name}" if self._name else str(Place(self.NAME, self.argument))

    def compose_body(self) -> ComposeResult:
        """The run."""
        yield RunBody(self.argument)

    @property
    def body(self) -> RunBody:
        """The run's parts."""
        return self.query_one(RunBody)

    def on_run_body_found(self, message: RunBody.Found) -> None:
        """Says which run this is."""
        self.argument, self._name = message.run.run_id, message.run.name
        self.retitle()

    def focus_pane(self, number: int) -> bool:
        """Shows the part of that number."""
        return self.body.show_part(number)

    def action_step(self, by: int) -> None:
        """Shows the next or former part."""
        self.body.step(by)

    def view_charts(self, view: ChartView) -> None:
        """Draws the run's charts so."""
        self.body.view_charts(view)

    def on_run_body_leads(self, message: RunBody.Leads) -> None:
        """Opens a related run, a data set, a registered model."""
        self.go(message.name, message.argument)

    def copy_text(self) -> tuple[str, str]:
        """The run's id; in a list what is under the cursor there."""
        return self.body.copy_text()

    # the filter

    def filter(self) -> None:
        """Begins to narrow charts, metrics, params and artifacts by words in their names."""
        if not self.query(Prompt):
            self.mount(
                Prompt("/", self.body.words, "words or patterns in names of metrics, params, artifacts, packages")
            )

    def on_prompt_changed(self, message: Prompt.Changed) -> None:
        """Narrows as one types, or says what is wrong."""
        message.prompt.say(self.body.narrow(message.value))

    def on_prompt_submitted(self, message: Prompt.Submitted) -> None:
        """Keeps the words; those that are not understood stay in the prompt."""
        if not self.body.narrow(message.value):
            message.prompt.remove()
            self.body.focus_part()

    def on_prompt_cancelled(self, message: Prompt.Cancelled) -> None:
        """Shows everything again."""
        self.body.narrow("")
        message.prompt.remove()
        self.body.focus_part()

    def retreat(self) -> bool:
        """Leaves the look into an artifact, the look at a part of the charts, then the filter."""
        if self.query_one(ArtifactPreview).has_focus_within:
            self.body.look(False)
            self.body.focus_part()
            return True
        part = self.body.part
        if part in (run_body.CHARTS, run_body.SYSTEM) and self.query_one(f"#part-{part}", ChartGrid).retreat():
            return True
        if self.body.words:
            self.body.narrow("")
            return True
        return False

    # acts

    def check_action(self, action: str, parameters: tuple[object, ...]) -> bool | None:
        """Acts on a part are offered where that is shown."""
        curves = (run_body.OVERVIEW, run_body.CHARTS, run_body.SYSTEM)
        places = {
            **dict.fromkeys(("axis", "log", "log_x", "smooth"), curves),
            "fold": (run_body.PARAMS, run_body.ARTIFACTS),
            "write_out": (run_body.ARTIFACTS,),
        }
        return not self.query(RunBody) or action not in places or self.body.part in places[action]

    def action_fold(self) -> None:
        """Closes all folders, or opens them."""
        self.body.fold()

    def action_write_out(self) -> None:
        """Writes the artifact under the cursor to a file."""
        if self.body.run is not None and self.body.artifact is not None:
            artifact_acts.write_out(self, self.body.run.run_id, self.body.artifact)

    def _chosen(self) -> Chosen:
        return Chosen() if self.body.run is None else run_chosen.only(self.body.run)

    def action_tag(self) -> None:
        """Asks for a tag."""
        run_acts.tag(self, self._chosen())

    def action_note(self) -> None:
        """Asks for a note."""
        run_acts.note(self, self._chosen())

    def action_delete(self) -> None:
        """Deletes the run."""
        run_acts.delete(self, self._chosen())

    def action_register(self) -> None:
        """Registers the run's model, or the artifact under the cursor."""
        if self.body.run is not None and self.body.part == run_body.ARTIFACTS and self.body.artifact is not None:
            artifact_acts.register(self, self.body.run, self.body.artifact)
            return
        run_acts.register(self, self._chosen())
