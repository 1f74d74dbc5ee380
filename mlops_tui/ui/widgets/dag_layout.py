"""Where the boxes of a graph stand and how its edges run. Pure arithmetic on cells: knows no widget and no text.

Boxes stand in layers from top to bottom, each below everything that it needs (Sugiyama's scheme: layers by longest
path, fewer crossings by barycentres, places by isotonic regression). An edge runs down from its box, along one of the
tracks between two layers, and down to the next box; an edge that passes a layer keeps a column free in it.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from itertools import pairwise

from mlops_tui.ui.widgets import dag_order, dag_tracks

Needs = Mapping[str, Sequence[str]]
Point = tuple[int, int]
#: Columns of a layer, and layers.
Room = tuple[int, int]

#: Blank columns between two boxes.
GAP = 2
#: Places that edges may take up in layers that they only pass; beyond that, edges that others imply are left out.
MOST_PASSED = 1_500


@dataclass(frozen=True, slots=True)
class Box:
    """A box in cells; ``x`` and ``y`` are its upper left corner, from 0."""

    x: int
    y: int
    width: int
    height: int

    @property
    def port(self) -> int:
        """The column in which edges come and go."""
        return self.x + self.width // 2

    @property
    def bottom(self) -> int:
        """Its lowest row."""
        return self.y + self.height - 1


@dataclass(frozen=True, slots=True)
class Edge:
    """A line from the lowest row of ``source`` to the highest of ``target``; its points are its ends and corners."""

    source: str
    target: str
    points: tuple[Point, ...]


@dataclass(frozen=True, slots=True)
class Layout:
    """A drawing.

    Attributes:
        width: Columns, 0 without boxes.
        height: Rows.
        boxes: By name.
        edges: From what is needed to what needs it.
        layers: The names of each layer from left to right.
    """

    width: int = 0
    height: int = 0
    boxes: Mapping[str, Box] = field(default_factory=dict)
    edges: tuple[Edge, ...] = ()
    layers: tuple[tuple[str, ...], ...] = ()


def layers(needs: Needs) -> dict[str, int]:
    """The layer of each name, from 0: one more than the deepest that it needs.

    What needs nothing stands right above the first that needs it, so that its edge is short.

    Args:
        needs: Name -> what it needs; without cycles. Names that are not keys are left out.
    """
    found: dict[str, int] = {}
    for start in needs:
        pending = [start]
        while pending:
            name = pending[-1]
            missing = [need for need in needs[name] if need in needs and need not in found]
            if name in found or not missing:
                pending.pop()
                if name not in found:
                    found[name] = 1 + max((found[need] for need in needs[name] if need in needs), default=-1)
            else:
                pending += missing
    first: dict[str, int] = {}
    for name, needed in needs.items():
        for need in needed:
            first[need] = min(first.get(need, found[name]), found[name])
    return {
        name: layer if any(need in needs for need in needs[name]) or name not in first else first[name] - 1
        for name, layer in found.items()
    }


def spread(needs: Needs, widths: Mapping[str, int], room: Room | None) -> dict[str, int]:
    """The layer of each name, where names without an edge fill layers of their own below the others.

    Args:
        needs: Name -> what it needs; without cycles.
        widths: Columns of each box.
        room: Columns of a layer, and layers: what does not fit stays in the first. None where nothing is to move.
    """
    place = layers(needs)
    joined = {need for needed in needs.values() for need in needed if need in needs}
    joined |= {name for name in needs if any(need in needs for need in needs[name])}
    if room is None or len(joined) == len(needs):
        return place
    columns, most = room
    layer, used = max((place[name] for name in joined), default=-1) + 1, -GAP
    for name in needs:
        if name in joined:
            continue
        if used > 0 and used + GAP + widths[name] > columns:
            layer, used = layer + 1, -GAP
        if layer >= most:
            break
        place[name] = layer
        used += GAP + widths[name]
    return place


def reduced(needs: Needs) -> dict[str, tuple[str, ...]]:
    """The same order with the fewest edges: what is needed by way of others is left out."""
    place = layers(needs)
    order = sorted(needs, key=place.__getitem__)
    number = {name: index for index, name in enumerate(order)}
    above: dict[str, int] = {}  # what lies above a name, as bits
    fewest: dict[str, tuple[str, ...]] = {}
    for name in order:
        seen, kept = 0, []
        for need in sorted((need for need in needs[name] if need in needs), key=lambda one: -number[one]):
            if not seen >> number[need] & 1:
                kept.append(need)
                seen |= above[need] | 1 << number[need]
        above[name] = seen
        fewest[name] = tuple(need for need in needs[name] if need in kept)
    return {name: fewest[name] for name in needs}


def arrange(needs: Needs, widths: Mapping[str, int], *, height: int, room: Room | None = None) -> Layout:
    """The drawing of a graph.

    Args:
        needs: Name -> what it needs; without cycles.
        widths: Columns of each box, at least 1.
        height: Rows of every box, at least 1.
        room: What boxes without an edge are spread over; None to leave them in the first layer.
    """
    if not needs:
        return Layout()
    place = spread(needs, widths, room)
    passed = sum(place[name] - place[need] - 1 for name in needs for need in needs[name] if need in place)
    graph = _Layered(reduced(needs) if passed > MOST_PASSED else needs, place)
    order = dag_order.fewer_crossings(graph.rows, graph.below)
    sizes = [widths[name] if name else 1 for name in graph.names]
    ports = dag_order.places(order, graph.below, sizes, GAP)
    tracks = [dag_tracks.assign(row, graph.below, ports) for row in order[:-1]]
    tops, y = [], 0
    for channel in (*tracks, None):
        tops.append(y)
        y += height + (max(1, channel.count) if channel is not None else 0)
    boxes = {
        name: Box(ports[index] - widths[name] // 2, tops[graph.layer[index]], widths[name], height)
        for name, index in graph.index.items()
    }

    def edge(source: str, target: str) -> Edge:
        path = graph.path(source, target)
        points = [(ports[path[0]], boxes[source].bottom)]
        for upper, lower in pairwise(path):
            if ports[upper] != ports[lower]:
                layer = graph.layer[upper]
                row = tops[layer] + height + tracks[layer].track[upper]
                points += [(ports[upper], row), (ports[lower], row)]
        return Edge(source, target, (*points, (ports[path[-1]], boxes[target].y)))

    return Layout(
        width=max(port - size // 2 + size for port, size in zip(ports, sizes, strict=True)),
        height=y,
        boxes=boxes,
        edges=tuple(edge(source, target) for source, target in graph.edges),
        layers=tuple(tuple(graph.names[one] for one in row if graph.names[one]) for row in order),
    )


class _Layered:
    """A graph in which every edge goes from one layer to the next: long edges pass through nodes without a name.

    All edges that come from one box pass a layer in one place.
    """

    def __init__(self, needs: Needs, place: Mapping[str, int]) -> None:
        self.names = list(needs)
        self.layer = [place[name] for name in needs]
        self.index = {name: index for index, name in enumerate(needs)}
        self.below: dict[int, list[int]] = {}
        self.edges = [(need, name) for name in needs for need in dict.fromkeys(needs[name]) if need in place]
        self._passing: dict[tuple[int, int], int] = {}
        for source, target in self.edges:
            path = self.path(source, target)
            for upper, lower in pairwise(path):
                below = self.below.setdefault(upper, [])
                if lower not in below:
                    below.append(lower)
        self.rows: list[list[int]] = [[] for _ in range(max(self.layer) + 1)]
        for index, layer in enumerate(self.layer):
            self.rows[layer].append(index)

    def path(self, source: str, target: str) -> list[int]:
        """The nodes that an edge goes through, both ends included."""
        start, end = self.index[source], self.index[target]
        between = range(self.layer[start] + 1, self.layer[end])
        return [start, *(self._pass(start, layer) for layer in between), end]

    def _pass(self, source: int, layer: int) -> int:
        found = self._passing.setdefault((source, layer), len(self.names))
        if found == len(self.names):
            self.names.append("")
            self.layer.append(layer)
        return found


def neighbour(layout: Layout, name: str, right: int, down: int) -> str:
    """The box next to one in a direction; the same where there is none.

    Up and down follow an edge where there is one, the shortest and straightest; else they lead to the nearest box of
    the next layer. Through the longest chain, which has a box in each layer, every box is reached.

    Args:
        layout: The drawing.
        name: A box of it.
        right: 1 to go right, -1 to go left, 0 otherwise.
        down: 1 to go down, -1 to go up, 0 otherwise.
    """
    layer = next(number for number, names in enumerate(layout.layers) if name in names)
    row = layout.layers[layer]
    if right:
        return row[min(max(0, row.index(name) + right), len(row) - 1)]
    if not 0 <= layer + down < len(layout.layers):
        return name
    ends = [(edge.source, edge.target)[::down] for edge in layout.edges]
    joined = [far for near, far in ends if near == name]
    here = layout.boxes[name]

    def distance(other: str) -> tuple[int, int]:
        box = layout.boxes[other]
        return abs(box.y - here.y), abs(box.port - here.port)

    return min(joined or layout.layers[layer + down], key=distance)
