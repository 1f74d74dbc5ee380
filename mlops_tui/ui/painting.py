"""When a screen is painted: once for all that a key sets off, and then at once; and no more of it than has changed.

Textual paints at the ticks of a clock of its own: what comes just after a tick waits for the next one, and a key that
closes a dialog and asks the store for something is painted twice; a screen that is opened is painted empty while its
contents are being read, and both take longer. Here a screen does not paint while an answer that the key has asked for
is about to come, and paints as soon as it is there. Textual also paints all of a screen when another one is put on it
or taken away; here a dialog paints its own place only, and where it was the screen below it is painted again. The one
place that knows how Textual goes about it.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from typing import Any, Self

from textual import events
from textual.geometry import Region
from textual.screen import Screen, ScreenResultType
from textual.timer import Timer

from mlops_tui.ui.compositing import SeenCompositor

#: Longest time for which nothing is painted because an answer is about to come: shorter than anybody notices.
HOLD_S = 0.02
#: Longest time for which a screen that is opened waits for its contents: the one before is seen until then.
OPEN_S = 0.05


class PaintingScreen(Screen[ScreenResultType]):
    """A screen that paints answers at once, and through which one sees the screen below where it has no background."""

    _hold: Timer | None = None
    _paints_at_once = False
    _is_left_alone = False
    _uncovered: frozenset[Region] = frozenset()

    def __init__(self, *args: Any, **options: Any) -> None:
        super().__init__(*args, **options)
        self._seen = self._compositor = SeenCompositor(self._below)

    async def _compose(self) -> None:
        # Textual finds out with the first layout, and then gives all widgets their styles once more
        app, size = self.app, self.app.size
        wide, tall = app.HORIZONTAL_BREAKPOINTS or [], app.VERTICAL_BREAKPOINTS or []
        self.add_class(
            *self._get_breakpoint_classes(size.width, wide), *self._get_breakpoint_classes(size.height, tall)
        )
        await super()._compose()

    # when

    @property
    def is_answered(self) -> bool:
        """Whether what the screen was opened for has come."""
        return True

    def hold(self, longest_s: float | None = None) -> None:
        """Paints nothing until ``release``, or for so long (``HOLD_S``): what was asked for is about to come."""
        if self._hold is None:
            self._hold = self.set_timer(HOLD_S if longest_s is None else longest_s, self._paint)

    def release(self) -> None:
        """Paints what has changed by now, at once, if that is what was waited for."""
        if self._hold is not None and self.is_answered:
            self._paint()

    def _paint(self) -> None:
        if self._hold is not None:
            self._hold.stop()
        self._hold, self._paints_at_once = None, True
        self.check_idle()

    @property
    def _is_due(self) -> bool:
        return bool(
            self._layout_required
            or self._scroll_required
            or self._repaint_required
            or self._recompose_required
            or self._dirty_widgets
            or self._seen.due
        )

    async def _on_idle(self, event: events.Idle) -> None:
        event.prevent_default()
        if self.app._batch_count or not self.is_current or not self._is_due:
            await self._invoke_and_clear_callbacks()
        elif self._hold is not None:
            return
        elif self._paints_at_once:
            self._paints_at_once = False
            self.call_later(self._on_timer_update)
        else:
            self._update_timer.resume()  # what goes on changing is painted sixty times a second at most

    def _on_timer_update(self) -> None:
        if self._hold is not None:
            self._update_timer.pause()
            return
        super()._on_timer_update()
        if self._seen.due and self.is_current and self._seen.size:
            self._compositor_refresh()

    # what

    @property
    def is_current(self) -> bool:
        """Whether any of it can be seen; Textual also says so of the first screen below one that hides it."""
        stack = self.app._screen_stack
        return self in stack and all(one.styles.background.a < 1 for one in stack[stack.index(self) + 1 :])

    @property
    def is_see_through(self) -> bool:
        """Whether one sees the screen below it where it has no widget."""
        return self._below() is not None

    def _below(self) -> SeenCompositor | None:
        stack = self.app._screen_stack
        if self not in stack or self is stack[0] or self.styles.background.a:
            return None
        below = stack[stack.index(self) - 1]
        return below._seen if isinstance(below, PaintingScreen) else None

    @property
    def covered(self) -> frozenset[Region]:
        """What must be painted of the screen below when this one is gone."""
        if not self.is_see_through or self._seen.size != self.app.size:
            return frozenset((self.app.size.region,))
        return frozenset((*self._seen.places, *self._seen.due, *self._uncovered))

    def uncover(self, regions: Iterable[Region]) -> None:
        """When it is on top again only this is to be painted, besides what changes of itself."""
        self._uncovered = self._uncovered.union(regions)

    def expose(self, regions: Iterable[Region]) -> None:
        """Paints these regions soon, whatever changed there."""
        self._seen.mark(regions)
        self.check_idle()

    @contextmanager
    def left_alone(self) -> Iterator[None]:
        """Textual's wishes to paint all of it are not heard meanwhile."""
        self._is_left_alone = True
        try:
            yield
        finally:
            self._is_left_alone = False

    def refresh(self, *regions: Region, repaint: bool = True, layout: bool = False, recompose: bool = False) -> Self:
        """Paints again, unless it is left alone; of one that is see-through there is nothing but its widgets."""
        if self._is_left_alone and not regions and not layout and not recompose:
            return self
        is_painted = repaint and (bool(regions) or not self._is_mounted or not self.is_see_through)
        return super().refresh(*regions, repaint=is_painted, layout=layout, recompose=recompose)

    def _on_screen_resume(self, event: events.ScreenResume) -> None:
        event.prevent_default()  # what Textual does is done here, but for the painting
        uncovered, self._uncovered = self._uncovered, frozenset()
        is_new = self.is_see_through and not self._seen.size
        if not is_new and (not uncovered or self._seen.size != self.app.size):
            super()._on_screen_resume(event)
            return
        with self.left_alone():
            super()._on_screen_resume(event)
        self.expose(uncovered)

    def _compositor_refresh(self) -> None:
        if self.app._batch_count:
            return  # Textual would render the frame and then throw it away
        if self._hold is not None and self.is_current:
            return  # what is due is painted when it ends
        top = self.app.screen
        if self is top or not isinstance(top, PaintingScreen):
            super()._compositor_refresh()
            return
        changed = self._seen.take()
        self._dirty_widgets.clear()
        if top.is_see_through:
            top.expose(changed)


__all__ = ["HOLD_S", "OPEN_S", "PaintingScreen"]
