"""How two versions of a model differ, part by part."""

from __future__ import annotations

from typing import ClassVar

from textual.app import ComposeResult

from mlops_store.errors import UsageError
from mlops_tui.ui import keymap
from mlops_tui.ui.screens.base import ProjectScreen
from mlops_tui.ui.screens.folded_pages import VersionDifferencePane


class VersionDifferenceScreen(ProjectScreen):
    """Two versions.

    Args:
        argument: The model and two versions: ``churn 2 3``.
    """

    NAME: ClassVar[str] = "diff"
    BINDINGS = keymap.bindings("diff")

    def compose_body(self) -> ComposeResult:
        """The page."""
        yield VersionDifferencePane(1)

    @property
    def _pane(self) -> VersionDifferencePane:
        return self.query_one(VersionDifferencePane)

    def on_mount(self) -> None:
        """Compares what is named."""
        name, *numbers = self.argument.rsplit(maxsplit=2)
        digits = [number.lower().removeprefix("v") for number in numbers]
        if len(digits) == 2 and all(digit.isdecimal() for digit in digits):
            self._pane.choose((name, int(digits[0]), int(digits[1])))
        else:
            self._pane.refuse(UsageError("a model and the numbers of two versions are needed", ":diff churn 2 3"))

    def action_equal(self) -> None:
        """Shows what is equal too, or only what differs."""
        self._pane.turn_equal()

    def action_swap(self) -> None:
        """Measures from the other version."""
        found = self._pane.records
        if found is not None:
            model, first, second = found.first.version.model, found.first.version.version, found.second.version.version
            self.argument = f"{model} {second} {first}"
            self._pane.choose((model, second, first))

    def action_card(self) -> None:
        """Shows the card of the second version."""
        found = self._pane.records
        if found is not None:
            self.go("card", f"{found.second.version.model}/{found.second.version.version}")
