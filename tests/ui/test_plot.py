import math

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from mlops_tui.ui.chart_view import ChartView
from mlops_tui.ui.widgets import ticks
from mlops_tui.ui.widgets.canvas import ASCII, BLOCKS, MARK
from mlops_tui.ui.widgets.plot import Options, Series, draw

STYLES = [
    Options(),
    Options(cells=BLOCKS),
    Options(is_marked=True, is_patterned=True),
    Options(view=ChartView("time", is_log_y=True)),
    Options(view=ChartView(is_log_x=True, smoothing=0.9), is_patterned=True),
    Options(cells=ASCII, window=(1.5, 3.0)),
]


def points(*values: float) -> list[tuple[float, float, float, float]]:
    return [(float(x), value, value, value) for x, value in enumerate(values)]


def text(plot) -> list[str]:
    return ["".join(piece[0] for piece in row) for row in plot.rows]


def curve_rows(plot, slot=0) -> set[int]:
    return {
        number
        for number, row in enumerate(plot.rows)
        for characters, role, _ in row
        if role == slot and characters.strip("● ")
    }


def test_a_rising_curve_goes_from_the_lower_left_to_the_upper_right():
    plot = draw([Series("a", points(*range(10)))], 40, 12)
    drawn = [line[plot.left :] for line in text(plot)]
    assert drawn[0].rstrip().endswith("●")
    first_dots = [min((line.find(c) for c in line if "\u2801" <= c <= "\u28ff"), default=99) for line in drawn[:10]]
    assert first_dots == sorted(first_dots, reverse=True)


def test_a_spike_of_a_single_bucket_reaches_the_top():
    quiet = [(float(x), 0.0, 0.0, 0.0) for x in range(200)]
    quiet[100] = (100.0, 0.0, 5.0, 0.0)
    assert 0 in curve_rows(draw([Series("a", quiet)], 60, 16))


def test_nan_breaks_the_curve_and_is_marked_at_the_bottom():
    plot = draw([Series("a", points(1, 1, math.nan, 3, 3))], 40, 10)
    marks = [(row, piece[0]) for row, pieces in enumerate(plot.rows) for piece in pieces if piece[1] == MARK]
    assert marks == [(7, "×")]
    assert curve_rows(plot) == {0, 7}  # nothing is drawn across the gap


@pytest.mark.parametrize(("value", "row", "mark"), [(math.inf, 0, "↑"), (-math.inf, 7, "↓"), (1.797e308, 0, "↑")])
def test_infinite_values_are_marked_at_their_edge(value, row, mark):
    plot = draw([Series("a", points(1, 2, value, 2))], 40, 10)
    assert any(piece == (mark, MARK, -1) for piece in plot.rows[row])
    assert "2.0" in "".join(text(plot))  # the scale is that of the finite values


def test_a_lonely_point_is_seen():
    assert any("●" in line for line in text(draw([Series("a", points(3.0))], 30, 8)))
    lines = text(draw([Series("a", points(1, math.nan, 2, math.nan, 1))], 30, 8))
    assert sum(line.count("●") for line in lines) == 3


def test_a_later_series_lies_above_an_earlier_one():
    same = points(1, 2, 3)
    plot = draw([Series("below", same, 0), Series("above", same, 1)], 40, 10)
    assert curve_rows(plot, 0) == set()
    assert curve_rows(plot, 1)


def test_series_differ_without_colours():
    rows = [
        text(draw([Series("a", points(*range(30)), slot)], 60, 12, Options(is_marked=True, is_patterned=True)))
        for slot in range(10)
    ]
    assert len({"\n".join(lines) for lines in rows}) == 10


def test_half_blocks_show_two_series_in_one_cell():
    plot = draw([Series("a", points(0, 0), 0), Series("b", points(1, 1), 1)], 20, 4, Options(cells=BLOCKS))
    one_row = draw([Series("a", points(0, 0), 0), Series("b", points(1, 1), 1)], 12, 1, Options(cells=BLOCKS))
    assert ("▀" * 11, 1, 0) in one_row.rows[0]
    assert plot.rows


def test_a_logarithmic_axis_leaves_out_what_has_no_logarithm_and_says_so():
    def drawn(*values):
        return draw([Series("a", points(*values))], 40, 14, Options(view=ChartView(is_log_y=True)))

    assert [drawn(0, -1).lacking, drawn(math.nan, 3).lacking] == ["all", ""]
    plot = drawn(0, -1, 1, 10, 100)
    assert plot.lacking == "some"
    assert [line[: plot.left].strip(" ┤│└") for line in text(plot) if "┤" in line] == ["100", "10", "1"]


@pytest.mark.parametrize(("low", "high"), [(0.5472, 0.9563), (0.81, 0.97), (-3.3, 41.7), (1234.5, 1235.1)])
@pytest.mark.parametrize("height", [8, 10, 14, 30])
def test_there_are_always_two_values_to_read_the_scale_by(low, high, height):
    lines = text(draw([Series("a", points(low, high))], 40, height))
    assert sum("┤" in line for line in lines) >= 2


def test_values_near_the_largest_number_have_a_scale():
    plot = draw([Series("a", points(-9e307, 9e307, math.inf, 1.7976931348623157e308))], 40, 12)
    assert curve_rows(plot) == set(range(10))
    assert "5e307" in "".join(text(plot))
    assert sum(piece[1] == MARK for row in plot.rows for piece in row) == 2  # MLflow's infinity is one, too


def test_a_line_that_leaves_the_window_goes_on_to_its_edge():
    plot = draw([Series("a", points(0, 100))], 40, 12, Options(window=(0.4, 0.6)))
    drawn = [line[plot.left :] for line in text(plot)[:10]]
    assert drawn[0].rstrip()
    assert len({column for line in drawn for column, sign in enumerate(line) if sign not in " ·"}) == plot.columns
    assert plot.axis.at(0) == 0.4


def test_a_rising_line_is_one_dot_thick():
    plot = draw([Series("a", points(*range(30)))], 30, 12)
    dots = sum(bin(ord(sign) - 0x2800).count("1") for line in text(plot)[:10] for sign in line if sign >= "\u2800")
    assert dots <= 2 * plot.columns


def test_x_can_be_logarithmic():
    values = [(10.0**power, power, power, power) for power in range(5)]
    plot = draw([Series("a", values)], 60, 12, Options(view=ChartView(is_log_x=True)))
    assert text(plot)[-1].split() == ["1", "10", "100", "1000", "10000"]
    assert [plot.x_at(plot.column_of(x)) for x in (1.0, 100.0, 10_000.0)] == pytest.approx([1, 100, 10_000], rel=0.1)
    assert plot.column_of(0.0) is None


def test_part_of_the_x_axis_can_be_shown():
    plot = draw([Series("a", points(*range(100)))], 60, 12, Options(window=(20, 30)))
    assert (plot.axis.low, plot.axis.high) == (20, 30)
    assert "29" not in text(plot)[0]
    assert text(plot)[0].startswith("30")


def test_a_column_is_read_back_as_its_x():
    plot = draw([Series("a", points(*range(101)))], 60, 12)
    assert plot.x_at(plot.left) == 0
    assert plot.x_at(plot.left + plot.columns - 1) == 100
    assert plot.x_at(0) == 0


numbers = st.floats() | st.sampled_from([0.0, 1e-320, -1e308, 1.797e308, math.nan, math.inf, -math.inf, 5e15, 1 / 3])


@given(
    st.lists(st.lists(st.tuples(numbers, numbers, numbers), max_size=12), max_size=4),
    st.integers(1, 70),
    st.integers(1, 20),
    st.sampled_from(STYLES),
)
@example([[(1e300, 1e300, 1e300)]], 40, 9, STYLES[3])
def test_every_drawing_fills_its_area_exactly_whatever_the_values(curves, width, height, options):
    series = [
        Series("s", [(float(x), *sorted(values)[:2], values[2]) for x, values in enumerate(curve)], slot)
        for slot, curve in enumerate(curves)
    ]
    lines = text(draw(series, width, height, options))
    assert [len(line) for line in lines] == [width] * height


@given(st.floats(-1e290, 1e290), st.floats(1e-9, 1e290), st.integers(1, 12))
def test_ticks_lie_within_their_range_and_are_not_too_many(low, length, count):
    high = low + length
    if not low < high:
        return
    found = ticks.linear(low, high, count)
    slack = (high - low) * 1e-6 + abs(low) * 1e-12
    assert all(low - slack <= tick <= high + slack for tick in found)
    assert len(found) <= 4 * count + 1
    assert len(ticks.labels(found)) == len(found)


@pytest.mark.parametrize(
    ("values", "expected"),
    [
        ([0.0, 0.5, 1.0], ["0.0", "0.5", "1.0"]),
        ([0.98, 0.985, 0.99], ["0.980", "0.985", "0.990"]),
        ([0, 20_000, 40_000], ["0", "20k", "40k"]),
        ([0.0, 2e-7], ["0", "2e-7"]),
        ([1e9, 2e9], ["1e9", "2e9"]),
        ([0, 500, 1000], ["0", "500", "1000"]),
    ],
)
def test_labels_of_an_axis_are_short_and_alike(values, expected):
    assert ticks.labels(values) == expected


@pytest.mark.parametrize(
    ("seconds", "expected"),
    [
        *((0, "0s"), (0.85, "850ms"), (3.25, "3.2s"), (12, "12s"), (59.7, "1m"), (185, "3m05s"), (7800, "2h10m")),
        *((86400 * 4 + 7300, "4d02h"), (-5, "-5s"), (math.inf, "inf")),
    ],
)
def test_durations_read_as_a_person_says_them(seconds, expected):
    assert ticks.duration(seconds) == expected


@pytest.mark.parametrize(
    ("values", "expected"),
    [
        ([0, 60, 120], ["0s", "1m", "2m"]),
        ([0.0015, 0.002, 0.0025], ["1.5ms", "2.0ms", "2.5ms"]),
        ([99.8, 100, 100.2], ["1m39.8s", "1m40.0s", "1m40.2s"]),
        ([3590, 3600, 3610], ["59m50s", "1h00m00s", "1h00m10s"]),
        ([86400 * 2, 86400 * 2 + 60], ["48h00m00s", "48h01m00s"]),
        ([5.02, 5.04, 5.06], ["5.02s", "5.04s", "5.06s"]),
    ],
)
def test_the_labels_of_a_time_axis_are_told_apart(values, expected):
    assert ticks.duration_labels(values) == expected


@pytest.mark.parametrize(
    ("value", "expected"),
    [
        *((0.93124, "0.9312"), (12.0, "12"), (1.2e-5, "1.2e-05"), (3.4e9, "3.4e+09")),
        *((math.nan, "nan"), (-math.inf, "-inf"), (123456.0, "123456"), (0.0, "0")),
    ],
)
def test_numbers_are_short(value, expected):
    assert ticks.number(value) == expected
