"""What of a graph is folded, and what a neighbourhood holds."""

from __future__ import annotations

from collections.abc import Sequence

from dag_graphs import Needs, graphs
from hypothesis import given, settings
from hypothesis import strategies as st

from mlops_tui.ui.widgets.dag_boxes import Node
from mlops_tui.ui.widgets.dag_drawing import fitted
from mlops_tui.ui.widgets.dag_folding import Folded, fold, neighbourhood
from mlops_tui.ui.widgets.dag_layout import layers


def folded(needs: Needs, width: int = 10_000, alone: Sequence[str] = ()) -> Folded:
    return fold(needs, room=(width, 1), size=lambda _: 10, rank=lambda name: -1 if name in alone else 5)


def chain(count: int) -> Needs:
    return {f"s{number}": (f"s{number - 1}",) if number else () for number in range(count)}


def test_a_chain_becomes_one_box() -> None:
    graph = folded({**chain(6), "other": ("s5",), "another": ("s5",)})
    (names,) = graph.folds.values()
    assert names == ("s0", "s1", "s2", "s3", "s4", "s5")
    assert len(graph.needs) == 3


def test_a_stage_that_is_to_be_seen_splits_a_chain() -> None:
    graph = folded(chain(9), alone=["s4"])
    assert sorted(graph.folds.values()) == [("s0", "s1", "s2", "s3"), ("s5", "s6", "s7", "s8")]
    assert "s4" in graph.needs


def test_of_a_wide_layer_the_rest_becomes_one_box() -> None:
    needs: Needs = {"a": (), **{f"b{number}": ("a",) for number in range(20)}, "c": tuple(f"b{n}" for n in range(20))}
    graph = folded(needs, width=46, alone=["b13"])
    (names,) = graph.folds.values()
    assert "b13" not in names
    assert 20 - len(names) == 3
    assert graph.holder(names[0]) in graph.needs["c"]


@settings(max_examples=200, deadline=None)
@given(needs=graphs(), width=st.integers(10, 60), alone=st.integers(0, 23))
def test_a_folded_graph_has_every_stage_once_and_no_cycle(needs: Needs, width: int, alone: int) -> None:
    graph = folded(needs, width, [f"stage{alone}"])
    held = [name for box in graph.needs for name in graph.folds.get(box, (box,))]
    assert sorted(held) == sorted(needs)
    place = layers(graph.needs)  # would not end on a cycle
    assert all(place[need] < place[box] for box in graph.needs for need in graph.needs[box])
    for name in needs:
        for need in needs[name]:
            box, needed = graph.holder(name), graph.holder(need)
            assert box == needed or needed in graph.needs[box]


def test_stages_without_an_edge_use_the_rows_that_there_are() -> None:
    needs: Needs = {**chain(3), **{f"alone{number}": () for number in range(14)}}
    nodes = {name: Node(name, "fresh") for name in needs}

    tall, drawn = fitted(nodes, needs, (80, 24))
    low, folded_drawn = fitted(nodes, needs, (80, 5))

    assert (not tall.folds, drawn.layout.width <= 80, drawn.layout.height <= 24) == (True, True, True)
    assert drawn.layout.boxes["s0"].y < drawn.layout.boxes["s1"].y < drawn.layout.boxes["s2"].y
    assert (len(low.folds) > 0, folded_drawn.layout.width <= 80, folded_drawn.layout.height <= 5) == (True, True, True)


def test_a_neighbourhood_is_what_is_needed_and_what_needs_it() -> None:
    needs: Needs = {"a": (), "b": ("a",), "c": ("b",), "d": ("c",), "beside": ("a",)}
    assert set(neighbourhood(needs, "c", 1)) == {"b", "c", "d"}
    assert set(neighbourhood(needs, "c", 2)) == {"a", "b", "c", "d"}


def test_what_fits_is_drawn_with_frames_and_what_does_not_is_folded() -> None:
    nodes = {f"s{number}": Node(f"s{number}", "stale") for number in range(200)}
    few = {name: nodes[name] for name in ("s0", "s1", "s2")}
    graph, drawn = fitted(few, {name: chain(3)[name] for name in few}, (80, 24))
    assert not graph.folds
    assert all(box.height == 4 for box in drawn.layout.boxes.values())
    graph, drawn = fitted(nodes, chain(200), (80, 24))
    assert drawn.layout.height <= 24
    wide: Needs = {name: () if name == "s0" else ("s0",) for name in nodes}
    graph, drawn = fitted(nodes, wide, (80, 24))
    assert drawn.layout.width <= 80
    assert "+" in "".join(piece.text for line in drawn.lines(nodes, graph) for piece in line)
