"""What of a graph is drawn: the neighbourhood of one stage, with chains and wide layers folded into one box each."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field

from mlops_tui.ui.widgets.dag_layout import GAP, Room, spread

Needs = Mapping[str, Sequence[str]]

#: The least number of names that are worth a fold.
LEAST_CHAIN = 3
LEAST_WIDE = 2


@dataclass(frozen=True, slots=True)
class Folded:
    """A graph in which some boxes stand for several names.

    Attributes:
        needs: Box -> boxes that it needs. A box is called as what it holds, or as ``fold_name`` says.
        folds: Box -> the names that it holds, in order; only boxes that hold several.
    """

    needs: Mapping[str, tuple[str, ...]]
    folds: Mapping[str, tuple[str, ...]] = field(default_factory=dict)

    def holder(self, name: str) -> str:
        """The box that holds a name; "" when none does."""
        if name in self.needs:
            return name
        return next((box for box, names in self.folds.items() if name in names), "")


def fold_name(names: Sequence[str]) -> str:
    """What a box of several names is called: no stage's name has a line break at its beginning."""
    return f"\n{names[0]}"


def neighbourhood(needs: Needs, name: str, levels: int) -> dict[str, tuple[str, ...]]:
    """What a name needs and what needs it, up to ``levels`` edges away, with the edges among these."""
    users: dict[str, list[str]] = {}
    for user, needed in needs.items():
        for need in needed:
            users.setdefault(need, []).append(user)
    found = {name}
    for near in (needs, users):
        border = {name}
        for _ in range(levels):
            border = {other for one in border for other in near.get(one, ()) if other in needs}
            found |= border
    return {one: tuple(need for need in needs[one] if need in found) for one in needs if one in found}


def fold(needs: Needs, *, room: Room, size: Callable[[Sequence[str]], int], rank: Callable[[str], int]) -> Folded:
    """Folds chains, then what of each layer does not fit in its width.

    Args:
        needs: Name -> what it needs; without cycles.
        room: Columns of a layer, and layers that what has no edge is spread over.
        size: Columns of a box that holds these names.
        rank: The lower, the sooner a name is shown by itself; below 0 it always is.
    """
    first = _merged(needs, _chains(needs, rank))
    return _join(first, _wide(first, room, size, rank))


def _chains(needs: Needs, rank: Callable[[str], int]) -> list[tuple[str, ...]]:
    """Names that follow each other and nothing else, none of which is to be shown by itself."""
    users: dict[str, list[str]] = {}
    for name, needed in needs.items():
        for need in needed:
            users.setdefault(need, []).append(name)

    def follower(name: str) -> str:
        below = users.get(name, ())
        return below[0] if len(below) == 1 and len(needs[below[0]]) == 1 and rank(below[0]) >= 0 else ""

    followers = {name: after for name in needs if rank(name) >= 0 and (after := follower(name))}
    found = []
    for name in followers.keys() - set(followers.values()):
        chain = [name]
        while chain[-1] in followers:
            chain.append(followers[chain[-1]])
        if len(chain) >= LEAST_CHAIN:
            found.append(tuple(chain))
    return sorted(found)


def _merged(needs: Needs, groups: Sequence[tuple[str, ...]]) -> Folded:
    """The graph with one box for each group."""
    holder = {name: fold_name(names) for names in groups for name in names}
    merged: dict[str, dict[str, None]] = {}
    for name, needed in needs.items():
        box = holder.get(name, name)
        found = merged.setdefault(box, {})
        found.update((holder.get(need, need), None) for need in needed if holder.get(need, need) != box)
    return Folded(
        {box: tuple(found) for box, found in merged.items()}, {fold_name(names): tuple(names) for names in groups}
    )


def _wide(
    graph: Folded, room: Room, size: Callable[[Sequence[str]], int], rank: Callable[[str], int]
) -> list[tuple[str, ...]]:
    """For each layer that is too wide the boxes that are to become one: those that matter least."""

    def names(box: str) -> Sequence[str]:
        return graph.folds.get(box, (box,))

    width, _ = room
    rows: dict[int, list[str]] = {}
    for box, layer in spread(graph.needs, {box: size(names(box)) for box in graph.needs}, room).items():
        rows.setdefault(layer, []).append(box)

    found = []
    for row in rows.values():
        if sum(size(names(box)) + GAP for box in row) - GAP <= width:
            continue
        by_rank = sorted(row, key=lambda box: min(rank(name) for name in names(box)))
        left = width - size([name for box in row for name in names(box)])
        rest = []
        for box in by_rank:
            left -= size(names(box)) + GAP
            if left < 0 and min(rank(name) for name in names(box)) >= 0:
                rest.append(box)
        if len(rest) >= LEAST_WIDE:
            found.append(tuple(box for box in row if box in rest))
    return found


def _join(graph: Folded, groups: Sequence[tuple[str, ...]]) -> Folded:
    """A folded graph with further boxes folded; a fold within a fold gives its names to it."""
    joined = _merged(graph.needs, groups)
    folds = {box: names for box, names in graph.folds.items() if box in joined.needs}
    for box, boxes in joined.folds.items():
        folds[box] = tuple(name for one in boxes for name in graph.folds.get(one, (one,)))
    return Folded(joined.needs, folds)
