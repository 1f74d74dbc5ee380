import pytest
from hypothesis import example, given
from hypothesis import strategies as st
from rich.cells import cell_len
from textual.app import App, ComposeResult

from mlops_tui.ui import theme
from mlops_tui.ui.widgets.chart import Chart, Drawing, chart_options, series_style
from mlops_tui.ui.widgets.legend import compose
from mlops_tui.ui.widgets.plot import Options, Series


def curve(label: str, *values: float, slot: int = 0, note: str = "") -> Series:
    return Series(label, tuple((float(x), value, value, value) for x, value in enumerate(values)), slot, note)


def text(drawing: Drawing, width: int = 60, height: int = 16, options: Options | None = None) -> list[str]:
    return ["".join(piece[0] for piece in row) for row in compose(drawing, width, height, options or Options())]


def test_the_heading_has_the_title_and_the_note():
    heading = text(Drawing("val/loss", (curve("a", 1, 2),), "0.5 · best 0.4"))[0]
    assert heading.startswith("val/loss  ")
    assert heading.endswith("  0.5 · best 0.4")


def test_a_narrow_heading_drops_what_was_said_last():
    first = text(Drawing("validation/loss", (curve("a", 1, 2),), "0.5 · best 0.4"), width=24)[0]
    assert "0.5" in first
    assert "best" not in first


def test_several_curves_have_a_legend_in_the_order_of_their_slots():
    series = (curve("second", 1, 2, slot=1, note="2"), curve("first", 3, 4, slot=0, note="4"))
    last = text(Drawing("t", series))[-1]
    assert last.split() == ["●", "first", "4", "■", "second", "2"]


def test_a_legend_without_room_counts_the_rest():
    series = tuple(curve(f"a-rather-long-name-{slot}", 1, 2, slot=slot) for slot in range(20))
    assert any("+ 17 more" in line or "more" in line for line in text(Drawing("t", series), 40, 14))


def test_without_points_it_says_so():
    assert any("no points yet" in line for line in text(Drawing("t")))


def test_a_title_from_outside_is_only_text():
    lines = text(Drawing("[bold]x\x1b[31m\n", (curve("\x1b]0;a\x07", 1, 2), curve("b\u202e", 2, 3, slot=1))))
    assert not any(character in "".join(lines) for character in "\x1b\x07\n\u202e")


names = st.text(max_size=30) | st.sampled_from(["😀" * 20, "学" * 30, "e\u0301" * 10, ""])


@example("", "", ["", ""], 1, 10, 2)  # a legend in a single column
@given(names, names, st.lists(names, max_size=5), st.integers(1, 60), st.integers(1, 20), st.integers(0, 3))
def test_a_chart_fills_its_area_exactly_whatever_its_texts(title, note, labels, width, height, count):
    series = tuple(curve(label, *range(count), slot=slot, note="0.5") for slot, label in enumerate(labels))
    rows = compose(Drawing(title, series, note), width, height, Options())
    assert [sum(cell_len(piece[0]) for piece in row) for row in rows] == [width] * height


class ChartApp(App[None]):
    def __init__(self, drawing: Drawing) -> None:
        super().__init__()
        self.drawing = drawing
        for entry in theme.THEMES:
            self.register_theme(entry)

    def compose(self) -> ComposeResult:
        yield Chart(self.drawing)


async def test_only_lines_that_changed_are_painted_again(monkeypatch: pytest.MonkeyPatch) -> None:
    app = ChartApp(Drawing("t", (curve("a", 1, 2, 3, 2, 1),), "1"))
    async with app.run_test(size=(40, 12)) as pilot:
        await pilot.pause()
        chart = app.query_one(Chart)
        painted: list[object] = []
        monkeypatch.setattr(chart, "refresh", lambda *regions, **_: painted.append(regions))
        chart.show(Drawing("t", (curve("a", 1, 2, 3, 2, 1),), "1"))
        assert painted == []
        chart.show(Drawing("t", (curve("a", 1, 2, 3, 2, 1),), "2"))
        (regions,) = painted
        assert [region.y for region in regions] == [0]


async def test_no_two_of_eight_curves_share_a_colour() -> None:
    app = ChartApp(Drawing())
    async with app.run_test(size=(40, 12)):
        for name in ("mlops-dark", "mlops-light"):
            app.theme = name
            assert len({series_style(app, slot).color for slot in range(8)}) == 8


@pytest.mark.parametrize(
    ("environment", "expected"),
    [
        ({"TERM": "xterm-256color"}, Options()),
        ({"TERM": "linux"}, Options(has_braille=False, has_symbols=False)),
        ({"TERM": "xterm", "NO_COLOR": "1"}, Options(is_marked=True, is_patterned=True)),
    ],
)
async def test_what_the_terminal_can_show_decides_how_curves_are_drawn(monkeypatch, environment, expected) -> None:
    for name, value in {"LC_ALL": "C.UTF-8", **environment}.items():
        monkeypatch.setenv(name, value)
    theme.is_unicode.cache_clear()
    app = ChartApp(Drawing())
    assert chart_options(app) == expected
    theme.is_unicode.cache_clear()
