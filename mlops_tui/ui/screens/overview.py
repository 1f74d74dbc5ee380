"""The first screen: experiments, pipeline, registry and drift alerts at a glance."""

from __future__ import annotations

from textual import events
from textual.app import ComposeResult

from mlops_tui.ui import keymap
from mlops_tui.ui.screens.base import ProjectScreen
from mlops_tui.ui.screens.overview_panes import ExperimentsPane, IncidentsPane, OverviewPane, PipelinePane, RegistryPane


class OverviewScreen(ProjectScreen):
    """Four live panes: side by side where there is room, else stacked with the focused one large."""

    NAME = "overview"
    BINDINGS = keymap.bindings("overview")
    HIDDEN_KEYS = frozenset(("app.back",))

    DEFAULT_CSS = """
    OverviewScreen #body { layout: vertical; }
    OverviewScreen #body Pane { height: 3; }
    OverviewScreen #body Pane:focus-within { height: 1fr; }
    OverviewScreen.-low #body Pane { display: none; height: 1fr; }
    OverviewScreen.-low #body Pane.-chosen { display: block; }
    OverviewScreen.-tall #body Pane { height: 1fr; }
    OverviewScreen.-wide #body { layout: grid; grid-size: 2 2; }
    OverviewScreen.-very-wide #body { layout: grid; grid-size: 2 2; }
    OverviewScreen.-wide #body Pane, OverviewScreen.-very-wide #body Pane { height: 1fr; }
    """

    def heading(self) -> str:
        """The overview is home: it needs no name."""
        return ""

    def compose_body(self) -> ComposeResult:
        """The panes."""
        yield ExperimentsPane()
        yield PipelinePane()
        yield RegistryPane()
        yield IncidentsPane()

    def on_mount(self) -> None:
        """Begins with the first pane."""
        for pane in self.panes[:1]:  # none when the terminal went away meanwhile
            pane.add_class("-chosen")

    def on_descendant_focus(self, event: events.DescendantFocus) -> None:
        """Where only one pane has room, it is the focused one."""
        for pane in self.panes:
            pane.set_class(pane in event.widget.ancestors, "-chosen")

    def focus_pane(self, number: int) -> bool:
        """Focuses the pane of that number; where only one has room, shows it first."""
        for pane in self.panes:
            if pane.number == number and not pane.display:
                for other in self.panes:
                    other.set_class(other is pane, "-chosen")
                self.call_after_refresh(pane.focus_inside)
                return True
        return super().focus_pane(number)

    @property
    def _focused(self) -> OverviewPane[object] | None:
        return next((pane for pane in self.query(OverviewPane) if pane.has_focus_within), None)

    def action_open_pane(self) -> None:
        """Opens the focused pane as a full screen."""
        pane = self._focused
        if pane is not None:
            pane.open()

    def action_next_pane(self) -> None:
        """Focuses the next pane."""
        self._turn(1)

    def action_previous_pane(self) -> None:
        """Focuses the previous pane."""
        self._turn(-1)

    def _turn(self, by: int) -> None:
        panes, focused = self.panes, self._focused
        place = panes.index(focused) if focused in panes else -by
        self.focus_pane(panes[(place + by) % len(panes)].number)
