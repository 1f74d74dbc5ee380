"""Scatter plots and parallel coordinates as characters."""

import pytest
from hypothesis import given
from hypothesis import strategies as st
from rich.cells import cell_len

from mlops_tui.ui.widgets import parallel_plot, scatter_plot
from mlops_tui.ui.widgets.canvas import ASCII, BRAILLE
from mlops_tui.ui.widgets.parallel_plot import Scale
from mlops_tui.ui.widgets.plot import Options
from mlops_tui.ui.widgets.scatter_plot import Names, Point

numbers = st.floats(-1e12, 1e12) | st.sampled_from([0.0, 1e-300, 1e300, -1e300])
texts = st.text(max_size=30)
options = st.sampled_from(
    [Options(), Options(cells=ASCII, has_symbols=False), Options(is_patterned=True, is_marked=True)]
)
sizes = st.tuples(st.integers(0, 130), st.integers(0, 40))


def lines(rows):
    return ["".join(piece[0] for piece in row) for row in rows]


@given(st.lists(st.tuples(numbers, numbers, texts), max_size=15), sizes, options, texts)
def test_a_scatter_plot_fills_exactly_its_room(points, size, chosen, name):
    made = [Point(x, y, slot, label, slot % 3 == 0, slot == 1) for slot, (x, y, label) in enumerate(points)]
    drawn = lines(scatter_plot.draw(made, Names(name, name), *size, chosen, focused=0))
    assert [cell_len(line) for line in drawn] == [size[0]] * size[1]


@given(
    st.lists(st.tuples(texts, st.lists(st.none() | numbers, min_size=3, max_size=3)), max_size=9),
    sizes,
    options,
    st.sampled_from([1, 5]),
)
def test_parallel_coordinates_fill_exactly_their_room(axes, size, chosen, repeats):
    scales = [Scale(name, tuple(values * repeats)) for name, values in axes]
    drawn = lines(parallel_plot.draw(scales, *size, chosen, focused=1))
    assert [cell_len(line) for line in drawn] == [size[0]] * size[1]


def test_points_stand_where_their_values_are():
    points = [Point(0, 0, 0, "low"), Point(10, 1, 1, "high")]
    drawn = lines(scatter_plot.draw(points, Names("x", "y"), 60, 16, Options()))
    low, high = (next(line for line in drawn[:-2] if sign in line) for sign in ("●", "■"))
    assert drawn.index(low) > drawn.index(high)
    assert low.index("●") < high.index("■")
    assert "● low" in drawn[-1]


def test_points_in_one_cell_are_counted_and_the_one_pointed_at_shows():
    points = [Point(1, 1, slot, f"p{slot}") for slot in range(3)] + [Point(2, 2, 3, "far")]
    assert any("3" in line for line in lines(scatter_plot.draw(points, Names("x", "y"), 60, 16, Options()))[1:-3])
    focused = lines(scatter_plot.draw(points, Names("x", "y"), 60, 16, Options(), focused=0))
    assert any("[●]" in line for line in focused)


def test_many_points_have_one_marker_and_those_on_the_front_another():
    points = [Point(n, n % 7, n, f"p{n}", is_on_front=n == 20) for n in range(30)]
    drawn = "".join(lines(scatter_plot.draw(points, Names("x", "y"), 100, 20, Options())))
    assert drawn.count("◆") == 1
    assert "p20" not in drawn


def test_axes_of_texts_are_named_by_them():
    points = [Point(0, 0, 0, "a"), Point(1, 1, 1, "b")]
    drawn = "\n".join(lines(scatter_plot.draw(points, Names("kind", "auc", ("tree", "forest")), 60, 14, Options())))
    assert "tree" in drawn
    assert "forest" in drawn


@pytest.mark.parametrize("cells", [BRAILLE, ASCII])
def test_names_and_ends_of_axes_stand_above_and_below(cells):
    scales = [Scale("depth", (2.0, 8.0)), Scale("kind", (0.0, 1.0), ("tree", "forest")), Scale("auc", (0.5, None))]
    drawn = lines(parallel_plot.draw(scales, 60, 14, Options(cells=cells)))
    assert all(name in drawn[0] for name in ("depth", "kind", "auc"))
    assert "8" in drawn[1]
    assert "forest" in drawn[1]
    assert "2" in drawn[-1]
    assert "tree" in drawn[-1]


def test_axes_without_room_are_left_out_from_the_left():
    scales = [Scale(f"axis {number}", (0.0, 1.0)) for number in range(20)]
    drawn = lines(parallel_plot.draw(scales, 40, 12, Options()))
    assert "axis 19" in drawn[0]
    assert "axis 0" not in drawn[0]
