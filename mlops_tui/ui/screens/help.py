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
        ids: Ids of the bindings that are active, innermost first.
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
        ids: Of bindings, innermost first; unknown ones are left out.
        chosen: The user's own keys, by id.
    """
    sections: dict[str, list[CellValue]] = {}
    for identifier in dict.fromkeys(ids):
        entry = keymap.BY_ID.get(identifier)
        if entry is None:
            continue
        keys = keymap.shown_keys(entry, chosen)
        line = (Cell(f"  {keys:<14} ", "key"), Cell(entry.help))
        sections.setdefault(entry.where, []).append(line)
    result: list[CellValue] = []
    for where, entries in sections.items():
        result += [Cell(keymap.SECTIONS[where], "strong"), *entries, ""]
    return result[:-1]
