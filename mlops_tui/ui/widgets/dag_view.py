"""A graph of stages that one moves in: drawn in lines, folded until it fits, repainted only where it changed."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from rich.segment import Segment
from textual import events
from textual.geometry import Region, Size
from textual.message import Message
from textual.scroll_view import ScrollView
from textual.strip import Strip

from mlops_tui.ui import keymap
from mlops_tui.ui.text import fit
from mlops_tui.ui.theme import cursor_style, style_of
from mlops_tui.ui.widgets import dag_drawing, dag_folding, dag_layout
from mlops_tui.ui.widgets.dag_boxes import Node
from mlops_tui.ui.widgets.dag_drawing import Drawn, Line
from mlops_tui.ui.widgets.dag_folding import Folded

#: Levels around a stage that the neighbourhood begins with, and from which on the whole graph is shown.
FIRST_LEVELS = 3
MOST_LEVELS = 6


class DagView(ScrollView, can_focus=True):
    """The graph. The cursor belongs to a stage, or to a fold of several.

    Args:
        empty: What to say without stages.
    """

    DEFAULT_CSS = """
    DagView {
        height: 1fr; width: 1fr; background: $background; color: $foreground;
        overflow-x: hidden; overflow-y: auto; scrollbar-size-vertical: 1;
    }
    """
    BINDINGS = keymap.bindings("dag")

    @dataclass(repr=False, eq=False)
    class Highlighted(Message):
        """The cursor is on other stages: one, or those of a fold. ``view`` says what is drawn."""

        view: DagView
        names: tuple[str, ...]

    @dataclass(repr=False, eq=False)
    class Selected(Message):
        """Enter, or a second click, on a stage."""

        view: DagView
        name: str

    def __init__(self, empty: str = "no stages", *, id: str | None = None) -> None:
        super().__init__(id=id)
        self._empty = empty
        self._stages: dict[str, Node] = {}
        self._needs: Mapping[str, Sequence[str]] = {}
        self._graph = Folded({})
        self._drawn = Drawn()
        self._lines: list[Line] = []
        self._cursor = ""
        self._root = ""
        self._levels = 0
        self._opened: set[str] = set()
        self._is_unfolded = False
        self._told: tuple[tuple[str, ...], str] = ((), "")

    # what is shown

    @property
    def names(self) -> tuple[str, ...]:
        """The stages under the cursor: one, those of a fold, or none in an empty graph."""
        return self._graph.folds.get(self._cursor, (self._cursor,)) if self._cursor else ()

    @property
    def caption(self) -> str:
        """What is drawn, where that is not the whole graph: ``2 levels around train``."""
        parts = []
        if self._levels:
            parts.append(f"{self._levels} level{'s' if self._levels > 1 else ''} around {self._root}")
        if folded := sum(len(names) for names in self._graph.folds.values()):
            parts.append(f"{folded} of {len(self._stages)} folded")
        return ", ".join(parts)

    def show(self, nodes: Sequence[Node], needs: Mapping[str, Sequence[str]]) -> None:
        """Shows stages; what is equal repaints nothing."""
        before = self._shape()
        self._stages = {node.name: node for node in nodes}
        self._needs = {
            name: tuple(need for need in needs.get(name, ()) if need in self._stages) for name in self._stages
        }
        if self._shape() != before:
            self._arrange()
        else:
            self._draw()

    def _shape(self) -> object:
        """What the places of boxes depend on."""
        return self._needs, {name: (node.rank, node.attempt > 1) for name, node in self._stages.items()}

    def move_to(self, name: str) -> bool:
        """Puts the cursor on a stage, which then is shown by itself; False when there is none of that name."""
        if name not in self._stages:
            return False
        self._root = name
        if name != self._cursor:
            self._cursor = name
            self._arrange()
        return True

    def on_resize(self, _: events.Resize) -> None:
        """Folds for the new size."""
        self._arrange()

    def _arrange(self) -> None:
        """Finds what is drawn and where, and draws it."""
        names = self.names
        if not self._stages or not self.size.width:
            self._graph, self._drawn, self._lines = Folded({}), Drawn(), []
            self.refresh()
            return
        if self._root not in self._stages:
            self._root = next(iter(self._stages))
        needs = dag_folding.neighbourhood(self._needs, self._root, self._levels) if self._levels else self._needs
        region = self.scrollable_content_region
        before = self._drawn
        self._graph, self._drawn = dag_drawing.fitted(
            self._stages,
            needs,
            Size(region.width, region.height),
            alone=self._root,
            opened=None if self._is_unfolded else self._opened,
        )
        first = names[0] if names else self._root
        self._cursor = self._graph.holder(first) or self._graph.holder(self._root)
        self.virtual_size = Size(self._drawn.layout.width, self._drawn.layout.height)
        self._draw(is_new=self._drawn.layout.width != before.layout.width)
        self.call_later(self._bring_in_sight)
        self.call_later(self._tell)

    # drawing

    def _draw(self, *, is_new: bool = False) -> None:
        before, self._lines = self._lines, self._drawn.lines(self._stages, self._graph, self._cursor)
        if is_new or len(before) != len(self._lines):
            self.refresh()
            return
        top, width = self.scroll_offset.y, self.size.width
        for y, (old, new) in enumerate(zip(before, self._lines, strict=True)):
            if old != new and 0 <= y - top < self.size.height:
                self.refresh(Region(0, y - top, width, 1))

    def render_line(self, y: int) -> Strip:
        """One line of the window."""
        width, base = self.scrollable_content_region.width, self.rich_style
        if not self._lines:
            text = f" {self._empty}" if y == 0 else ""
            return Strip([Segment(fit(text, width), base + style_of(self.app, "dim"))], width)
        left, top = self._margin(width), y + self.scroll_offset.y
        if top >= len(self._lines):
            return Strip.blank(width, base)
        segments = [Segment(" " * left, base)] if left else []
        for text, tone, is_cursor in self._lines[top]:
            style = base + style_of(self.app, tone) if tone else base
            segments.append(
                Segment(
                    text,
                    style + cursor_style(self.app, has_focus=self.has_focus, is_line=False) if is_cursor else style,
                )
            )
        strip = Strip(segments, left + self._drawn.layout.width)
        return strip.crop_extend(self.scroll_offset.x, self.scroll_offset.x + width, base)

    def _margin(self, width: int) -> int:
        """Blank columns to the left, so that a narrow graph stands in the middle."""
        return max(0, (width - self._drawn.layout.width) // 2)

    def watch_has_focus(self, has_focus: bool) -> None:
        """Draws the cursor bright or dim."""
        super().watch_has_focus(has_focus)
        self.refresh()

    # moving

    def _put_cursor(self, box: str) -> None:
        if box == self._cursor:
            return
        self._cursor = box
        if self._levels and box in self._stages:
            self._root = box
            self._arrange()
            return
        self._draw()
        self._bring_in_sight()
        self._tell()

    def _tell(self) -> None:
        if (self.names, self.caption) != self._told:
            self._told = (self.names, self.caption)
            self.post_message(self.Highlighted(self, self.names))

    def _bring_in_sight(self) -> None:
        box = self._drawn.layout.boxes.get(self._cursor)
        if box is None:
            return
        region, at = self.scrollable_content_region, self.scroll_offset
        x = min(box.x, max(at.x, box.x + box.width - region.width))
        y = min(box.y, max(at.y, box.bottom + 1 - region.height))
        if (x, y) != (at.x, at.y):
            self.scroll_to(x=x, y=y, animate=False, force=True)

    def action_step(self, right: int, down: int) -> None:
        """Moves to the next box in a direction."""
        if self._cursor:
            self._put_cursor(dag_layout.neighbour(self._drawn.layout, self._cursor, right, down))

    def action_first(self) -> None:
        """Moves to the first box."""
        if self._cursor:
            self._put_cursor(self._drawn.layout.layers[0][0])

    def action_last(self) -> None:
        """Moves to the last box."""
        if self._cursor:
            self._put_cursor(self._drawn.layout.layers[-1][-1])

    # what is drawn

    def action_levels(self, by: int) -> None:
        """Shows more or less around the stage under the cursor; beyond some levels the whole graph."""
        levels = self._levels or FIRST_LEVELS + 1
        levels = min(max(1, levels + by), MOST_LEVELS)
        self._levels = 0 if levels == MOST_LEVELS or (not self._levels and by > 0) else levels
        if self.names:
            self._root = self.names[0]
        self._arrange()

    def show_whole(self) -> bool:
        """Shows the whole graph again; False when it is shown already."""
        if not self._levels:
            return False
        self._levels = 0
        self._arrange()
        return True

    def action_fold(self) -> None:
        """Opens all folds, or folds again what does not fit."""
        self._is_unfolded = not self._is_unfolded
        self._opened.clear()
        self._arrange()

    def action_open(self) -> None:
        """Opens the stage under the cursor, or unfolds the fold."""
        if self._cursor in self._graph.folds:
            self._opened.update(self.names)
            self._arrange()
        elif self._cursor:
            self.post_message(self.Selected(self, self._cursor))

    def on_click(self, event: events.Click) -> None:
        """Moves the cursor; a second click opens."""
        x = event.x + self.scroll_offset.x - self._margin(self.scrollable_content_region.width)
        box = self._drawn.at(x, event.y + self.scroll_offset.y)
        if box:
            event.stop()
            self._put_cursor(box)
            if event.chain == 2:
                self.action_open()
