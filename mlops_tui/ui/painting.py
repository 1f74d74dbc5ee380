"""When a screen is painted: once for all that a key sets off, and then at once.

Textual paints at the ticks of a clock of its own: what comes just after a tick waits for the next one, and a key that
closes a dialog and asks the store for something is painted twice; a screen that is opened is painted empty while its
contents are being read, and both take longer. Here a screen does not paint while an answer that the key has asked for
is about to come, and paints as soon as it is there. The one place that knows how Textual goes about it.
"""

from __future__ import annotations

import asyncio
from contextlib import suppress
from typing import Any

from rich.segment import Segment
from textual import events
from textual._context import visible_screen_stack
from textual.app import App
from textual.screen import Screen, ScreenResultType
from textual.strip import Strip
from textual.timer import Timer
from textual.widget import _RenderCache

from mlops_tui.ui.composing import SeenCompositor

#: Longest time for which nothing is painted because an answer is about to come: shorter than anybody notices.
HOLD_S = 0.02
#: Longest time for which a screen that is opened waits for its contents: the one before is seen until then.
OPEN_S = 0.05


class PaintingScreen(Screen[ScreenResultType]):
    """A screen that paints answers at once."""

    _hold: Timer | None = None
    _paints_at_once = False
    _is_new = True

    def __init__(self, *args: Any, **options: Any) -> None:
        super().__init__(*args, **options)
        self._compositor = SeenCompositor()
        self._awaited: set[object] = set()
        self._first: object = None
        self._opening = asyncio.Event()

    # when it is painted

    def open_with(self, first: object) -> None:
        """Begins with what a part of it brings: paints nothing without that, and takes no key, if it comes soon."""
        self._first = first
        self.hold(first, OPEN_S)

    async def opened(self, longest_s: float) -> None:
        """Waits until it has what it begins with; for so long at most, and only once for that long."""
        if self._first is not None and not self._opening.is_set():
            with suppress(TimeoutError):
                await asyncio.wait_for(self._opening.wait(), longest_s)
            self._opening.set()

    def hold(self, asker: object, longest_s: float | None = None) -> None:
        """Paints nothing until all that asked for that ``release``, or for so long (``HOLD_S``)."""
        self._awaited.add(asker)
        if self._hold is None:
            self._hold = self.set_timer(HOLD_S if longest_s is None else longest_s, self._paint)

    def release(self, asker: object) -> None:
        """Paints what has changed by now, at once, if that of this asker was the last that was waited for."""
        self._awaited.discard(asker)
        if asker is self._first:
            self._opening.set()
        if self._hold is not None and not self._awaited:
            self._paint()

    def _paint(self) -> None:
        if self._hold is not None:
            self._hold.stop()
        self._hold, self._paints_at_once = None, True
        self._awaited.clear()
        self.check_idle()

    # what it looks like

    def _post_register(self, app: App[object]) -> None:
        super()._post_register(app)
        # Textual would give it the classes of its size when it has one, and style all of it again
        for length, breakpoints in (
            (app.size.width, self.HORIZONTAL_BREAKPOINTS or app.HORIZONTAL_BREAKPOINTS),
            (app.size.height, self.VERTICAL_BREAKPOINTS or app.VERTICAL_BREAKPOINTS),
        ):
            self.add_class(*self._get_breakpoint_classes(length, breakpoints or []), update=False)

    def _on_screen_resume(self, event: events.ScreenResume) -> None:
        if self._is_new:
            event.refresh_styles = False  # of a new one all is styled just now
        self._is_new = False

    def _render_content(self) -> None:
        below = self._below()
        if below is None:
            super()._render_content()
            return
        if not below.styles.background.a:
            below._set_dirty()  # it remembers what was to be seen through it
        # Textual has the screen below written as if for a file, and cuts that into lines again
        strips = below._compositor.render_strips(self.size)
        self._render_cache = _RenderCache(self.size, [_without_meta(strip) for strip in strips])
        self._dirty_regions.clear()

    def _below(self) -> Screen[object] | None:
        """The screen that one sees through this one, if this is rendered for the terminal."""
        stack = visible_screen_stack.get([])
        return stack.pop() if stack and stack[-1] is not self and not self.styles.background.a else None

    @property
    def _is_due(self) -> bool:
        return bool(
            self._layout_required
            or self._scroll_required
            or self._repaint_required
            or self._recompose_required
            or self._dirty_widgets
            or self._compositor._dirty_regions  # of a layout that was not painted when it was made
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
        if self._compositor._dirty_regions and self.is_current:
            self._compositor_refresh()

    def _compositor_refresh(self) -> None:
        if self.app._batch_count:
            return  # Textual would render the frame and then throw it away
        if self._hold is None or not self.is_current:
            super()._compositor_refresh()  # otherwise what is due is painted when it ends


def _without_meta(strip: Strip) -> Strip:
    """A line without what its parts do when they are clicked; each other part stays what it is, and quick to draw."""
    if all(style is None or style._meta is None for _, style, _ in strip):
        return strip
    return Strip([_inert(segment) for segment in strip], strip.cell_length)


def _inert(segment: Segment) -> Segment:
    style = segment.style
    if style is None or style._meta is None:
        return segment
    style = style.copy()
    style._meta = None
    return Segment(segment.text, style)


__all__ = ["HOLD_S", "OPEN_S", "PaintingScreen"]
