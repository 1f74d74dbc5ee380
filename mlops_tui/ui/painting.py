"""When a screen is painted: once for all that a key sets off, and then at once.

Textual paints at the ticks of a clock of its own: what comes just after a tick waits for the next one, and a key that
closes a dialog and asks the store for something is painted twice; a screen that is opened is painted empty while its
contents are being read, and both take longer. Here a screen does not paint while an answer that the key has asked for
is about to come, and paints as soon as it is there. A dialog is painted over what is seen already, and only what it has
covered is painted when it goes. The one place that knows how Textual goes about it.
"""

from __future__ import annotations

import asyncio
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from itertools import pairwise
from typing import Any, Self

from rich.segment import Segment
from textual import events
from textual.app import App
from textual.geometry import Region, Size
from textual.message import Message
from textual.messages import Layout, Update
from textual.reactive import Reactive
from textual.screen import Screen, ScreenResultType
from textual.strip import Strip
from textual.timer import Timer
from textual.widget import Widget

from mlops_tui.ui.composing import SeenCompositor

#: Longest time for which nothing is painted because an answer is about to come: shorter than anybody notices.
HOLD_S = 0.02
#: Longest time for which a screen that is opened waits for its contents: the one before is seen until then.
OPEN_S = 0.05


class PaintingScreen(Screen[ScreenResultType]):
    """A screen that paints answers at once."""

    #: As in Textual, which has all of the screen painted when another widget has the focus.
    focused: Reactive[Widget | None] = Reactive(None, repaint=False)

    _hold: Timer | None = None
    _paints_at_once = False
    _is_new = True
    _is_again = False
    _is_moving = False
    _styled_at = -1
    _was_covered = False
    _is_being_covered = False

    def __init__(self, *args: Any, **options: Any) -> None:
        super().__init__(*args, **options)
        self._compositor = SeenCompositor()
        self._awaited: set[object] = set()
        self._late: set[object] = set()
        self._asked: set[Region] = set()
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
        self._late.discard(asker)
        if self._hold is None:
            self._hold = self.set_timer(HOLD_S if longest_s is None else longest_s, self._paint)

    def release(self, asker: object) -> None:
        """Paints what has changed by now, at once, if it is this asker's answer, the last one, that was waited for."""
        is_late = asker in self._late
        self._late.discard(asker)
        self._awaited.discard(asker)
        if asker is self._first:
            self._opening.set()
        if not self._awaited if self._hold is not None else is_late:
            self._paint()

    def _paint(self) -> None:
        if self._hold is not None:
            self._hold.stop()
        self._hold = None
        self._late |= self._awaited
        self._awaited.clear()
        if self.is_current and self._is_told() and self._is_due:
            self._on_timer_update()
        else:
            self._paints_at_once = True
            self.check_idle()

    # what has changed

    def post_message(self, message: Message) -> bool:
        """As for any widget; that something is to be painted need not wait for its turn among the messages."""
        if isinstance(message, Layout):
            self._is_moving = True
        elif isinstance(message, Update) and self in self._compositor:
            self._dirty_widgets.add(message.widget)
            self.check_idle()
            return True
        return super().post_message(message)

    def _is_told(self) -> bool:
        """Asks the widgets in sight what has changed; whether they can be painted where they stand."""
        if self._is_moving or self._layout_required or self._recompose_required:
            return False
        for widget in self._compositor.visible_widgets:
            if widget._layout_required or widget._scroll_required or widget._refresh_styles_required:
                return False
            if widget._repaint_required and widget is not self:
                widget._check_refresh()
        return True

    # what it looks like

    def _post_register(self, app: App[object]) -> None:
        super()._post_register(app)
        # Textual would give it the classes of its size when it has one, and style all of it again
        for length, breakpoints in (
            (app.size.width, self.HORIZONTAL_BREAKPOINTS or app.HORIZONTAL_BREAKPOINTS),
            (app.size.height, self.VERTICAL_BREAKPOINTS or app.VERTICAL_BREAKPOINTS),
        ):
            self.add_class(*self._get_breakpoint_classes(length, breakpoints or []), update=False)

    # screens in front of each other

    @contextmanager
    def covering(self) -> Iterator[None]:
        """While another screen is put in front of it: it stays as it is, although Textual has all of it painted."""
        self._is_being_covered = self._was_covered = True
        try:
            yield
        finally:
            self._is_being_covered = False

    def refresh(self, *regions: Region, repaint: bool = True, layout: bool = False, recompose: bool = False) -> Self:
        """As for any widget."""
        if self._is_being_covered:
            return self
        self._asked.update(regions)  # Textual forgets them when all of it is asked for, or before it is mounted
        return super().refresh(*regions, repaint=repaint, layout=layout, recompose=recompose)

    def paint_all(self, *, layout: bool = False) -> None:
        """Paints all of it again: the terminal may show anything where one sees through it, too."""
        self._paints_all = True
        self.refresh(layout=layout)

    def put_in_front(self) -> None:
        """To be called when it is pushed; one that was there before is neither styled nor laid out again."""
        self._is_again = self.is_mounted and not self.styles.background.a

    @property
    def is_current(self) -> bool:
        """Whether it can be seen. For Textual it can behind one screen, whatever that is, which is painted for it."""
        if not super().is_current:
            return False
        stack = self.app.screen_stack
        return all(screen.styles.background.a < 1 for screen in stack[stack.index(self) + 1 :])

    def uncover(self, screen: Screen[Any]) -> None:
        """Paints it where a screen was seen that stood in front of it."""
        if isinstance(screen, PaintingScreen) and screen._boxes and not screen._was_covered:
            self.refresh(*screen._boxes)
        else:
            self.paint_all()

    _paints_all = False
    _painted_size: Size | None = None
    #: Where it was seen when it was painted last; nothing where it has a background, and is seen everywhere.
    _boxes: frozenset[Region] = frozenset()

    def _leave_what_is_seen(self) -> None:
        """Has it painted where it is or was seen, not where one sees through to what the terminal shows already."""
        before, self._boxes = self._boxes, self._seen_boxes()
        compositor, whole = self._compositor, self.size.region
        if whole not in compositor._dirty_regions:
            return
        is_known = not self._paints_all and self._painted_size in (None, self.size)
        behind = self.app._background_screens
        if (
            self._boxes
            and is_known
            and all(isinstance(screen, PaintingScreen) and screen._is_painted for screen in behind)
        ):
            wanted = (compositor._dirty_regions - {whole}) | self._boxes | before | self._asked
            compositor._dirty_regions = {part for region in wanted if (part := region.intersection(whole))}
        self._asked.clear()
        self._paints_all, self._painted_size = False, self.size

    def _seen_boxes(self) -> frozenset[Region]:
        if self.styles.background.a:
            return frozenset()
        seen = self._compositor.visible_widgets.items()
        parts = (region.intersection(clip) for widget, (region, clip) in seen if widget is not self)
        return frozenset(filter(None, parts))

    def _on_screen_resume(self, event: events.ScreenResume) -> None:
        # as Textual does it, which also has all of it painted: a new one again, and an old one around a dialog, too
        event.prevent_default()
        self.stack_updates += 1
        self.app._refresh_notifications()
        self._update_auto_focus()
        is_again, self._is_again = self._is_again and self._styled_at == self.app._css_update_count, False
        # unset where a dialog goes
        is_back = not self._is_new and event.refresh_styles and not is_again
        self._is_new, self._styled_at = False, self.app._css_update_count
        if self.is_attached:
            if is_back:
                self.update_node_styles(animate=False)
            if self._size != self.app.size:
                self._refresh_layout(self.app.size)
            elif is_again:
                self._boxes = frozenset()
                self.refresh()
                self._paint()
            if is_back:
                self.paint_all()

    def _screen_resized(self, size: Size) -> None:
        if size != self._size:  # a new one has its size already, and so have those behind it
            super()._screen_resized(size)

    def render_lines(self, crop: Region) -> list[Strip]:
        """Its lines: of one without a background those of the screen behind it."""
        below = self._below()
        if below is None:
            return super().render_lines(crop)
        # Textual has all of that screen written as if for a file, and cuts that into lines again
        seen = crop.intersection(below._compositor.size.region)  # which may not have taken the terminal's size yet
        chops, cuts = below._compositor._render_chops(seen, lambda y: seen.y <= y < seen.bottom), below._compositor.cuts
        lines = {y: _without_meta(_joined(chops[y], cuts[y], seen)) for y in seen.line_range}
        return [lines.get(y, Strip.blank(0)).adjust_cell_length(crop.width) for y in crop.line_range]

    def _below(self) -> Screen[object] | None:
        """The screen that one sees through this one."""
        stack = self.app.screen_stack
        place = stack.index(self) if self in stack and not self.styles.background.a else 0
        return stack[place - 1] if place else None

    @property
    def _is_painted(self) -> bool:
        """Whether what one sees through the screens in front of it is how it looks, or they are to paint that."""
        return not (self._is_changed or self._dirty_widgets - {self} or self.size.region in self._repaint_regions)

    @property
    def _is_due(self) -> bool:
        return bool(self._is_changed or self._repaint_required or self._dirty_widgets)

    @property
    def _is_changed(self) -> bool:
        return bool(
            self._layout_required
            or self._scroll_required
            or self._recompose_required
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
        if self._repaint_required and self.size.region not in self._repaint_regions:
            # Textual takes it for all of the screen, and forgets what else has changed
            self._repaint_required = False
            self._dirty_widgets.add(self)
        self._is_moving = False
        super()._on_timer_update()
        if self._compositor._dirty_regions and self.is_current:
            self._compositor_refresh()

    def _compositor_refresh(self) -> None:
        if self.app._batch_count:
            return  # Textual would render the frame and then throw it away
        if self._hold is None or not self.is_current:
            if self.is_active:
                self._leave_what_is_seen()
            super()._compositor_refresh()  # otherwise what is due is painted when it ends


def _joined(pieces: Mapping[int, Strip | None], cuts: Sequence[int], crop: Region) -> Strip:
    """The part of a line that stands in a region; pieces that it does not reach may be missing."""
    line = [pieces.get(x) or Strip.blank(end - x) for x, end in pairwise(cuts)]
    return Strip.join(line).crop(crop.x, crop.right)


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
