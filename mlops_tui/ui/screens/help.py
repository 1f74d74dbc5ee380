"""The keys of what is focused, from the binding table."""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from textual.app import ComposeResult
from textual.content import Content
from textual.screen import ModalScreen
from textual.widget import Widget

from mlops_tui.ui import keymap
from mlops_tui.ui.text import Cell, CellValue
from mlops_tui.ui.widgets.text_view import TextView


class HelpScreen(ModalScreen[None]):
    """A box with the keys that work here.

    Args:
        ids: Ids of the bindings that are active.
        chosen: The user's own keys.
    """

    DEFAULT_CSS = """
    HelpScreen { align: center middle; background: transparent; }
    HelpScreen > #help {
        width: 78; max-width: 100%; height: auto; max-height: 100%; border: round $line-focus; background: $surface;
        border-title-color: $accent; border-title-style: bold; border-subtitle-color: $foreground 60%; padding: 0 1;
    }
    HelpScreen TextView { height: auto; max-height: 100%; background: $surface; }
    """
    BINDINGS = keymap.bindings("help")

    def __init__(self, ids: Iterable[str], chosen: Mapping[str, str]) -> None:
        super().__init__()
        self._help_lines = lines(ids, chosen)

    def compose(self) -> ComposeResult:
        """A frame with lines that scroll."""
        with Widget(id="help") as box:
            box.border_title = Content("Keys")
            box.border_subtitle = Content("esc close")
            yield TextView(self._help_lines, wrap=True)

    def action_close(self) -> None:
        """Closes."""
        self.dismiss(None)


def lines(ids: Iterable[str], chosen: Mapping[str, str]) -> list[CellValue]:
    """One line a key, under the heading of where it works.

    Args:
        ids: Of bindings; unknown ones are left out.
        chosen: The user's own keys, by id.
    """
    active = set(ids)
    sections: dict[str, list[CellValue]] = {}
    for entry in keymap.KEYS:
        if entry.id in active and entry.id not in _LATER_PANES:
            keys = "1 … 9" if entry.id == _FIRST_PANE else keymap.shown_keys(entry, chosen)
            what = "Go to the pane of that number" if entry.id == _FIRST_PANE else entry.help
            line = (Cell(f"  {keys:<14} ", "key"), Cell(what))
            sections.setdefault(entry.where, []).append(line)
    result: list[CellValue] = []
    for where in sorted(sections, key=_place):
        result += [Cell(keymap.SECTIONS[where], "strong"), *sections[where], ""]
    return result[:-1]


_FIRST_PANE = "app.pane_1"
_LATER_PANES = frozenset(f"app.pane_{number}" for number in range(2, 10))


def _place(where: str) -> int:
    """The screen's own keys first, then those of the widget, then those of everywhere."""
    return {"app": 2, "table": 1, "scroll": 1, "log": 1}.get(where, 0)
