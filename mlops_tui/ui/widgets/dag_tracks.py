"""Which row between two layers each edge runs along, so that edges of different boxes do not run over each other."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Tracks:
    """The rows between two layers.

    Attributes:
        count: How many there are; 0 when every edge runs straight down.
        track: Upper node -> its row, from 0; only nodes with an edge that does not run straight.
    """

    count: int
    track: Mapping[int, int]


@dataclass(frozen=True, slots=True)
class _Bus:
    """Upper nodes that go to the same lower ones: they share a row."""

    uppers: tuple[int, ...]
    ports: frozenset[int]
    ends: frozenset[int]

    @property
    def low(self) -> int:
        return min(self.ports | self.ends)

    @property
    def high(self) -> int:
        return max(self.ports | self.ends)


def assign(row: Sequence[int], below: Mapping[int, Sequence[int]], ports: Sequence[int]) -> Tracks:
    """Finds a row for each node of a layer.

    Where a box stands right above another one that it has no edge to, its line has to leave the column before the
    other's comes in; that cannot be kept where it would go round in a circle.

    Args:
        row: The upper layer's nodes.
        below: Node -> nodes of the lower layer that it has an edge to.
        ports: Column of each node.
    """
    groups: dict[frozenset[int], list[int]] = {}
    for node in row:
        if below.get(node):
            groups.setdefault(frozenset(below[node]), []).append(node)
    buses = [
        _Bus(tuple(nodes), frozenset(ports[node] for node in nodes), frozenset(ports[end] for end in ends))
        for ends, nodes in groups.items()
    ]
    bent = sorted((bus for bus in buses if bus.low != bus.high), key=lambda bus: (bus.high - bus.low, bus.low))
    leaving = {port: place for place, bus in enumerate(bent) for port in bus.ports}
    taken: list[list[tuple[int, int]]] = []
    found: dict[int, int] = {}
    pending: set[int] = set()

    def put(place: int) -> int:
        if place in found or place in pending:
            return found.get(place, -1)
        pending.add(place)
        bus = bent[place]
        before = [leaving[end] for end in bus.ends if leaving.get(end, place) != place]
        least = 1 + max((put(other) for other in before), default=-1)
        while len(taken) <= least:
            taken.append([])
        while any(bus.low <= high and low <= bus.high for low, high in taken[least]):
            least += 1
            if least == len(taken):
                taken.append([])
        taken[least].append((bus.low, bus.high))
        found[place] = least
        return least

    for place in range(len(bent)):
        put(place)
    return Tracks(len(taken), {node: found[place] for place, bus in enumerate(bent) for node in bus.uppers})
