"""The order of nodes within layers, so that few edges cross, and their columns, so that most edges run straight."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from itertools import pairwise

#: Sweeps down and up over the layers; a graph of many edges gets fewer.
SWEEPS = 8
MANY_EDGES = 4_000

Below = Mapping[int, Sequence[int]]


def fewer_crossings(rows: Sequence[Sequence[int]], below: Below) -> list[list[int]]:
    """The rows in an order in which fewer edges cross.

    Args:
        rows: Nodes of each layer.
        below: Node -> nodes of the next layer that it has an edge to.
    """
    above = _turned(below)
    count = sum(len(nodes) for nodes in below.values())
    present = [list(row) for row in rows]
    best, fewest = [list(row) for row in rows], crossings(rows, below)
    for sweep in range(SWEEPS if count < MANY_EDGES else 2):
        if not fewest:
            break
        is_down = sweep % 2 == 0
        neighbours = above if is_down else below
        order = range(1, len(present)) if is_down else range(len(present) - 2, -1, -1)
        for layer in order:
            fixed = {node: place for place, node in enumerate(present[layer - 1 if is_down else layer + 1])}
            present[layer] = _sorted(present[layer], neighbours, fixed)
        if (found := crossings(present, below)) < fewest:
            best, fewest = [list(row) for row in present], found
    return best


def _sorted(row: Sequence[int], neighbours: Below, fixed: Mapping[int, int]) -> list[int]:
    """A row by the mean place of each node's neighbours; one without neighbours keeps about its place."""
    keys = {}
    for place, node in enumerate(row):
        places = [fixed[other] for other in neighbours.get(node, ())]
        keys[node] = sum(places) / len(places) if places else float(place)
    return sorted(row, key=keys.__getitem__)


def _turned(below: Below) -> dict[int, list[int]]:
    above: dict[int, list[int]] = {}
    for node, nodes in below.items():
        for other in nodes:
            above.setdefault(other, []).append(node)
    return above


def crossings(rows: Sequence[Sequence[int]], below: Below) -> int:
    """How many pairs of edges cross."""
    total = 0
    for upper, lower in pairwise(rows):
        place = {node: index for index, node in enumerate(lower)}
        ends = [end for node in upper for end in sorted(place[other] for other in below.get(node, ()))]
        total += _inversions(ends, len(lower))
    return total


def _inversions(values: Sequence[int], size: int) -> int:
    """How many pairs stand in the wrong order; a Fenwick tree counts what came before."""
    tree = [0] * (size + 1)
    found = 0
    for seen, value in enumerate(values):
        smaller, index = 0, value + 1
        while index:
            smaller += tree[index]
            index &= index - 1
        found += seen - smaller
        index = value + 1
        while index <= size:
            tree[index] += 1
            index += index & -index
    return found


def places(rows: Sequence[Sequence[int]], below: Below, sizes: Sequence[int], gap: int) -> list[int]:
    """The column of the middle of each node; nodes of a row never touch.

    Args:
        rows: Nodes of each layer, from left to right.
        below: Node -> nodes of the next layer that it has an edge to.
        sizes: Columns of each node.
        gap: Blank columns between two nodes of a row.
    """
    above = _turned(below)
    middle = [0.0] * len(sizes)
    for row in rows:
        x = 0.0
        for node in row:
            middle[node] = x + sizes[node] / 2
            x += sizes[node] + gap
    widest = max(sum(sizes[node] + gap for node in row) for row in rows)
    for row in rows:  # begin in the middle
        spare = (widest - sum(sizes[node] + gap for node in row)) / 2
        for node in row:
            middle[node] += spare
    both = {node: [*above.get(node, ()), *below.get(node, ())] for node in range(len(sizes))}
    for neighbours, order in ((above, rows), (below, rows[::-1])) * 2 + ((both, rows), (above, rows)):
        for row in order:
            _settle(row, neighbours, middle, sizes, gap)
    return _whole(rows, middle, sizes, gap)


def _settle(row: Sequence[int], neighbours: Below, middle: list[float], sizes: Sequence[int], gap: int) -> None:
    """Moves the nodes of a row as near to their neighbours' columns as their order and sizes allow.

    Least squares by pooling adjacent violators: without the room that nodes need, their places must not decrease.
    """
    pools: list[tuple[float, int]] = []  # mean, count
    offsets, offset, before = [], 0.0, None
    for node in row:
        if before is not None:
            offset += (sizes[before] + sizes[node]) / 2 + gap
        before = node
        offsets.append(offset)
        near = neighbours.get(node, ())
        wish = sum(middle[other] for other in near) / len(near) if near else middle[node]
        mean, count = wish - offset, 1
        while pools and pools[-1][0] > mean:
            last, number = pools.pop()
            mean, count = (mean * count + last * number) / (count + number), count + number
        pools.append((mean, count))
    settled = [mean for mean, count in pools for _ in range(count)]
    for node, mean, offset in zip(row, settled, offsets, strict=True):
        middle[node] = mean + offset


def _whole(rows: Sequence[Sequence[int]], middle: Sequence[float], sizes: Sequence[int], gap: int) -> list[int]:
    """The middles as columns; the leftmost node begins in column 0."""
    left = [0] * len(sizes)
    for row in rows:
        free: int | None = None
        for node in row:
            wish = math.floor(middle[node] - sizes[node] / 2 + 0.5)  # round() would move equal halves apart
            left[node] = wish if free is None else max(wish, free)
            free = left[node] + sizes[node] + gap
    first = min(left)
    return [place - first + size // 2 for place, size in zip(left, sizes, strict=True)]
