import math
from dataclasses import replace

import pytest
from hypothesis import example, given
from hypothesis import strategies as st
from rich.cells import cell_len
from textual.app import App, ComposeResult

from mlops_tui.ui import theme
from mlops_tui.ui.chart_view import ChartView
from mlops_tui.ui.widgets.canvas import ASCII, SHADE
from mlops_tui.ui.widgets.chart import Chart, Drawing, chart_options
from mlops_tui.ui.widgets.drawn import series_style
from mlops_tui.ui.widgets.legend import compose
from mlops_tui.ui.widgets.plot import Options, Series


def curve(label: str, *values: float, slot: int = 0, note: str = "") -> Series:
    return Series(label, tuple((float(x), value, value, value) for x, value in enumerate(values)), slot, note)


def text(drawing: Drawing, width: int = 60, height: int = 16, options: Options | None = None) -> list[str]:
    return ["".join(piece[0] for piece in row) for row in compose(drawing, width, height, options or Options()).rows]


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
    rows = compose(Drawing(title, series, note), width, height, Options()).rows
    assert [sum(cell_len(piece[0]) for piece in row) for row in rows] == [width] * height


def test_the_crosshair_reads_every_series_in_the_legend():
    series = (curve("second", 1, 2, 8, slot=1, note="8"), curve("first", 3, 4, 5, slot=0, note="5"))
    lines = text(Drawing("t", series, crosshair=1.0))
    assert lines[0].endswith("  step 1")
    assert lines[-1].split() == ["●", "first", "4", "■", "second", "2"]
    assert sum("│" in line[8:] for line in lines) > 8


def test_the_crosshair_says_where_one_point_stands_for_many_and_where_there_is_none():
    one = Series("a", ((0.0, 1.0, 1.0, 1.0), (10.0, 2.0, 4.0, 3.0), (20.0, math.nan, math.nan, math.nan)))
    assert text(Drawing("t", (one,), "3", crosshair=10.0))[0].endswith("  3 (2 to 4) · step 10")
    assert text(Drawing("t", (one,), "3", crosshair=19.0))[0].endswith("  NaN · step 19")
    two = (one, curve("b", 5, 6, slot=1))
    assert text(Drawing("t", two, crosshair=10.0))[-1].split() == ["●", "a", "3", "■", "b", "–"]


def test_where_the_legend_has_no_room_the_crosshair_reads_the_highest():
    series = tuple(curve(f"run-{slot}", 0, slot, slot=slot) for slot in range(40))
    shown = text(Drawing("t", series, crosshair=1.0), 40, 14)[-3:]
    assert shown[0].split()[1:3] == ["run-39", "39"]
    assert "more" in shown[-1]


def test_moving_the_crosshair_draws_no_curve_again():
    drawing = Drawing("t", (curve("a", 1, 2, 3),))
    before = compose(drawing, 60, 16, Options())
    after = compose(replace(drawing, crosshair=1.0), 60, 16, Options(), before)
    assert after.plot is before.plot
    assert compose(replace(drawing, crosshair=1.0), 60, 16, Options()).rows == after.rows
    assert compose(drawing, 60, 17, Options(), before).plot is not before.plot


def test_what_is_smoothed_stands_before_the_raw_curve_in_its_own_role():
    noisy = curve("a", *([0, 10] * 40))
    rows = compose(Drawing("t", (noisy,), view=ChartView(smoothing=0.99)), 60, 16, Options()).rows
    assert {piece[1] for row in rows for piece in row} >= {0, SHADE}
    plain = compose(Drawing("t", (noisy,)), 60, 16, Options()).rows
    assert SHADE not in {piece[1] for row in plain for piece in row}


def test_in_ascii_a_chart_is_drawn_with_ascii_alone():
    series = (curve("a", 1, 2, math.nan, math.inf, 3), curve("b", 3, 2, 1, slot=1))
    options = Options(cells=ASCII, has_symbols=False, is_marked=True)
    drawing = Drawing("t", series, view=ChartView(smoothing=0.5), crosshair=1.0)
    assert all(line.isascii() for line in text(drawing, options=options))


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
            assert len({series_style(app, slot).color for slot in [*range(8), *range(SHADE, SHADE + 8)]}) == 16


@pytest.mark.parametrize(
    ("environment", "expected"),
    [
        ({"TERM": "xterm-256color"}, Options()),
        ({"TERM": "linux"}, Options(cells=ASCII, has_symbols=False)),
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
