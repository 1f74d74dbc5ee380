"""A drawing of runs in which one after the other can be pointed at."""

from __future__ import annotations

from textual.message import Message

from mlops_tui.ui import keymap
from mlops_tui.ui.widgets.drawn import Drawn


class Picture(Drawn, can_focus=True):
    """A drawing in which one thing after the other can be pointed at."""

    DEFAULT_CSS = "Picture { width: 1fr; height: 1fr; background: $background; color: $foreground; }"
    BINDINGS = keymap.bindings("picture")

    class Resized(Message):
        """It has another size, and should be drawn anew."""

    class Stepped(Message):
        """The next thing (or one before) is to be pointed at; ``by`` is 0 for none."""

        def __init__(self, by: int) -> None:
            super().__init__()
            self.by = by

    def on_resize(self) -> None:
        """Has it drawn for the new size."""
        self.post_message(self.Resized())

    def action_step(self, by: int) -> None:
        """Points at the next thing, or one before."""
        self.post_message(self.Stepped(by))


__all__ = ["Picture"]
