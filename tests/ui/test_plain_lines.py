"""Lines of plain widgets are those that Textual would make."""

from __future__ import annotations

import pytest
from rich.segment import Segment
from textual._styles_cache import StylesCache
from textual.app import App, ComposeResult
from textual.geometry import Region
from textual.strip import Strip
from textual.widget import Widget

from mlops_tui.ui.plain_lines import PlainLines, bands


class Lines(Widget):
    """Lines of different lengths."""

    def render_line(self, y: int) -> Strip:
        return Strip([Segment("ab" * y, self.rich_style)])


class LinesApp(App[None]):
    def compose(self) -> ComposeResult:
        yield Lines()


@pytest.mark.parametrize(
    "styles",
    [
        "",
        "padding: 0 1;",
        "padding: 0 0 0 3;",
        "padding: 1 2;",
        "padding: 2 0 0 0;",
        "border: round red;",
        "border-left: thick red; padding: 0 1;",
        "outline: solid green;",
        "tint: red 20%;",
        "text-opacity: 50%;",
        "opacity: 50%;",
        "hatch: cross green;",
        "height: 3; padding: 2 1;",
    ],
)
async def test_lines_are_those_of_textual(styles: str) -> None:
    class Styled(LinesApp):
        CSS = f"Lines {{ background: #203040; color: #ffeedd; {styles} }}"

    app = Styled()
    async with app.run_test(size=(12, 6)):
        widget = app.query_one(Lines)
        widget.refresh()
        crop = widget.size.region if not widget.styles.gutter else widget.outer_size.region
        ours, theirs = PlainLines(lambda: None).render_widget(widget, crop), StylesCache().render_widget(widget, crop)
        assert [_cells(line) for line in ours] == [_cells(line) for line in theirs]


def _cells(strip: Strip) -> list[tuple[str, object]]:
    return [(character, style) for text, style, _ in strip for character in text]


def test_lines_next_to_each_other_are_one_region() -> None:
    assert bands([5, 3, 4, 9, 9, 20, -1], 7, range(12)) == [Region(0, 3, 7, 3), Region(0, 9, 7, 1)]
    assert bands([], 7, range(3)) == []
