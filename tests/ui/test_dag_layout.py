"""Where boxes and edges of a graph stand: nothing overlaps, every edge ends at its boxes, every box is reached."""

from __future__ import annotations

from dag_graphs import Needs, graphs
from hypothesis import given, settings
from hypothesis import strategies as st

from mlops_tui.ui.widgets import dag_canvas, dag_order
from mlops_tui.ui.widgets.dag_layout import Layout, arrange, layers, neighbour, reduced

DIAMOND: Needs = {"a": (), "b": ("a",), "c": ("a",), "d": ("b", "c")}


def arranged(needs: Needs, height: int = 4) -> Layout:
    return arrange(needs, {name: 4 + len(name) for name in needs}, height=height)


def drawn(layout: Layout, *, is_unicode: bool = True) -> str:
    canvas = dag_canvas.draw(layout)
    return "\n".join(canvas.line(y, layout.width, is_unicode=is_unicode).rstrip() for y in range(layout.height))


@settings(max_examples=200, deadline=None)
@given(needs=graphs(), height=st.sampled_from([1, 4]))
def test_no_two_boxes_overlap_and_all_lie_in_the_drawing(needs: Needs, height: int) -> None:
    layout = arranged(needs, height)
    taken: set[tuple[int, int]] = set()
    for box in layout.boxes.values():
        cells = {(x, y) for x in range(box.x, box.x + box.width) for y in range(box.y, box.bottom + 1)}
        assert not cells & taken
        assert all(0 <= x < layout.width and 0 <= y < layout.height for x, y in cells)
        taken |= cells
    assert set(layout.boxes) == set(needs)


@settings(max_examples=200, deadline=None)
@given(needs=graphs(), height=st.sampled_from([1, 4]))
def test_every_edge_begins_and_ends_at_its_boxes_and_passes_no_other(needs: Needs, height: int) -> None:
    layout = arranged(needs, height)
    assert {(edge.source, edge.target) for edge in layout.edges} == {
        (need, name) for name in needs for need in needs[name]
    }
    for edge in layout.edges:
        source, target = layout.boxes[edge.source], layout.boxes[edge.target]
        assert edge.points[0] == (source.port, source.bottom)
        assert edge.points[-1] == (target.port, target.y)
        assert all(
            one[0] == other[0] or one[1] == other[1] for one, other in zip(edge.points, edge.points[1:], strict=False)
        )
        for x, y in dag_canvas.cells([edge]):
            inside = [
                name
                for name, box in layout.boxes.items()
                if box.x <= x < box.x + box.width and box.y <= y <= box.bottom
            ]
            assert set(inside) <= {edge.source, edge.target}


@settings(max_examples=100, deadline=None)
@given(needs=graphs())
def test_every_box_is_reached_from_every_other_by_arrow_keys(needs: Needs) -> None:
    layout = arranged(needs)
    steps = ((1, 0), (-1, 0), (0, 1), (0, -1))
    for start in needs:
        reached, border = {start}, [start]
        while border:
            name = border.pop()
            for right, down in steps:
                other = neighbour(layout, name, right, down)
                if other not in reached:
                    reached.add(other)
                    border.append(other)
        assert reached == set(needs)


@given(needs=graphs())
def test_a_box_stands_below_everything_that_it_needs(needs: Needs) -> None:
    place = layers(needs)
    assert all(place[need] < place[name] for name in needs for need in needs[name])
    assert min(place.values()) == 0


def reachable(needs: Needs) -> set[tuple[str, str]]:
    found: set[tuple[str, str]] = set()
    for name in needs:
        pending = list(needs[name])
        while pending:
            need = pending.pop()
            if (need, name) not in found:
                found.add((need, name))
                pending += needs[need]
    return found


@given(needs=graphs())
def test_leaving_out_implied_edges_keeps_what_comes_before_what(needs: Needs) -> None:
    fewer = reduced(needs)
    assert reachable(fewer) == reachable(needs)
    assert all(set(fewer[name]) <= set(needs[name]) for name in needs)


def test_sweeping_removes_crossings_that_need_not_be() -> None:
    rows = [[0, 1, 2], [3, 4, 5]]
    below = {0: [5], 1: [4], 2: [3]}
    assert dag_order.crossings(rows, below) == 3
    assert dag_order.crossings(dag_order.fewer_crossings(rows, below), below) == 0


def test_a_chain_runs_straight_down() -> None:
    layout = arranged({"a": (), "bbbb": ("a",), "c": ("bbbb",)})
    assert all(len(edge.points) == 2 for edge in layout.edges)


def test_a_small_graph_is_drawn_in_box_drawing() -> None:
    layout = arrange(DIAMOND, dict.fromkeys(DIAMOND, 5), height=3)
    assert drawn(layout) == (
        "    ╭───╮\n    │   │\n    ╰─┬─╯\n  ╭───┴──╮\n╭─┴─╮  ╭─┴─╮\n│   │  │   │\n╰─┬─╯  ╰─┬─╯\n"
        "  ╰───┬──╯\n    ╭─┴─╮\n    │   │\n    ╰───╯"
    )


def test_without_unicode_it_is_drawn_in_ascii() -> None:
    text = drawn(arrange(DIAMOND, dict.fromkeys(DIAMOND, 5), height=3), is_unicode=False)
    assert text.isascii()
    assert "+-+-+" in text


def test_a_line_that_passes_over_another_does_not_join_it() -> None:
    needs: Needs = {"a": (), "b": (), "c": ("b",), "d": ("a", "c"), "e": ("b", "c", "a"), "f": ("a",)}
    canvas = dag_canvas.draw(arranged(needs, 1))
    for x, y in canvas.crossed:
        assert canvas.rows[y][x] == 15


def test_hundreds_of_stages_that_need_all_before_them_can_be_arranged() -> None:
    names = [f"s{number}" for number in range(300)]
    layout = arranged({name: tuple(names[:place]) for place, name in enumerate(names)}, 1)
    assert len(layout.layers) == 300
    assert len(layout.edges) == 299


def test_nothing_is_drawn_for_nothing() -> None:
    assert arrange({}, {}, height=4) == Layout()
