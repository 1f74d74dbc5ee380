"""The line at the bottom of every screen: what the keys do here, or a remark about what was just done."""

from __future__ import annotations

from rich.cells import cell_len
from rich.segment import Segment
from textual import events
from textual.screen import Screen
from textual.strip import Strip
from textual.widget import Widget

from mlops_tui.ui import keymap
from mlops_tui.ui.session import session_of
from mlops_tui.ui.text import Cell, clean, cut
from mlops_tui.ui.theme import style_of


class KeyBar(Widget):
    """One line with the most important keys of what is focused, fewer where the terminal is narrow."""

    DEFAULT_CSS = "KeyBar { height: 1; width: 1fr; background: $panel; color: $foreground; }"

    def __init__(self) -> None:
        super().__init__()
        self._entries: tuple[tuple[str, str], ...] = ()
        self._notice: Cell | None = None

    def on_mount(self, _: events.Mount) -> None:
        """Follows the bindings of what is focused."""
        self.screen.bindings_updated_signal.subscribe(self, self._update)
        self._update(self.screen)

    def say(self, text: str, tone: str = "info") -> None:
        """Shows a remark until ``hush``."""
        self._notice = Cell(clean(text, 300), tone)
        self.refresh()

    def hush(self) -> None:
        """Shows the keys again."""
        if self._notice is not None:
            self._notice = None
            self.refresh()

    @property
    def notice(self) -> str:
        """The remark shown, "" when the keys are."""
        return self._notice.text if self._notice else ""

    def _update(self, screen: Screen[object]) -> None:
        found: dict[str, tuple[int, str, str]] = {}
        hidden = getattr(screen, "HIDDEN_KEYS", ())
        for active in screen.active_bindings.values():
            binding = active.binding
            entry = keymap.BY_ID.get(binding.id or "")
            if entry is not None and entry.rank and active.enabled and entry.id not in (*found, *hidden):
                found[entry.id] = (entry.rank, self._first_key(entry), binding.description)
        entries = tuple((key, label) for _, key, label in sorted(found.values()))
        if entries != self._entries:
            self._entries = entries
            self.refresh()

    def _first_key(self, entry: keymap.Key) -> str:
        return keymap.shown_keys(entry, session_of(self).config.ui.keys).split(" ")[0]

    def render_line(self, y: int) -> Strip:
        """The line."""
        width, base = self.size.width, self.rich_style
        if self._notice is not None:
            text = cut(" " + self._notice.text, width)
            style = base + style_of(self.app, self._notice.tone)
            return Strip([Segment(text, style), Segment(" " * (width - cell_len(text)), base)], width)
        key_style, label_style = base + style_of(self.app, "key"), base + style_of(self.app, "dim")
        segments, used = [], 0
        for key, label in self._chosen(width):
            segments += [Segment(f" {key}", key_style), Segment(f" {label} ", label_style)]
            used += cell_len(key) + cell_len(label) + 3
        segments.append(Segment(" " * max(0, width - used), base))
        return Strip(segments, width)

    def _chosen(self, width: int) -> list[tuple[str, str]]:
        """As many entries as fit; the last ones (help, quit) are kept, those before them go first."""
        entries = list(self._entries)
        while entries and sum(cell_len(key) + cell_len(label) + 3 for key, label in entries) > width:
            entries.pop(-3 if len(entries) > 3 else 0)
        return entries
