"""When a screen is painted: once for all that a key sets off, and then at once.

Textual paints at the ticks of a clock of its own: what comes just after a tick waits for the next one, and a key that
closes a dialog and asks the store for something is painted twice. Here a screen does not paint while an answer that
the key has asked for is about to come, and paints as soon as it is there. The one place that knows how Textual goes
about it.
"""

from __future__ import annotations

from textual import events
from textual.screen import Screen, ScreenResultType
from textual.timer import Timer

#: Longest time for which nothing is painted because an answer is about to come: shorter than anybody notices.
HOLD_S = 0.02


class PaintingScreen(Screen[ScreenResultType]):
    """A screen that paints answers at once."""

    _hold: Timer | None = None
    _is_answered = False

    def hold(self) -> None:
        """Paints nothing until ``release``, or for ``HOLD_S``: what was asked for is about to come."""
        if self._hold is None:
            self._hold = self.set_timer(HOLD_S, self.release)

    def release(self) -> None:
        """Paints what has changed by now, at once."""
        if self._hold is not None:
            self._hold.stop()
            self._hold, self._is_answered = None, True
            self.check_idle()

    @property
    def _is_due(self) -> bool:
        return bool(
            self._layout_required
            or self._scroll_required
            or self._repaint_required
            or self._recompose_required
            or self._dirty_widgets
        )

    async def _on_idle(self, event: events.Idle) -> None:
        event.prevent_default()
        if self.app._batch_count or not self.is_current or not self._is_due:
            await self._invoke_and_clear_callbacks()
        elif self._hold is not None:
            return
        elif self._is_answered:
            self._is_answered = False
            self.call_later(self._on_timer_update)
        else:
            self._update_timer.resume()  # what goes on changing is painted sixty times a second at most

    def _on_timer_update(self) -> None:
        if self._hold is None:
            super()._on_timer_update()
        else:
            self._update_timer.pause()

    def _compositor_refresh(self) -> None:
        # Textual would render the frame and then throw it away
        if not self.app._batch_count:
            super()._compositor_refresh()


__all__ = ["HOLD_S", "PaintingScreen"]
