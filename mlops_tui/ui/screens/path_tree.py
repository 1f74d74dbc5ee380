"""Names with parts (paths of artifacts, dotted params) as the lines of a tree that can be folded. Pure."""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection, Sequence
from dataclasses import dataclass

from mlops_tui.ui.text import Cell
from mlops_tui.ui.theme import sign

#: Levels that are indented; what is deeper stands at the last of them.
_DEEPEST = 12


@dataclass(frozen=True, slots=True)
class Node:
    """A line of a tree.

    Attributes:
        name: The whole name, of a folder with the separator at its end.
        label: What is added to the folder above.
        depth: Folders above.
        is_folder: Whether it has others below.
        is_open: Whether those are shown.
        count: How many names are below a folder, in all levels.
    """

    name: str
    label: str
    depth: int
    is_folder: bool = False
    is_open: bool = True
    count: int = 0


def nodes(names: Sequence[str], separator: str, closed: Collection[str] = (), *, least: int = 1) -> list[Node]:
    """The lines of a tree.

    Args:
        names: Different from each other; in any order.
        separator: One character.
        closed: Folders whose contents are hidden.
        least: Names below which a folder is not worth a line of its own.

    Returns:
        Each folder before what it holds, by name. A name that is a folder of others, too, has one line, the folder's.
    """
    counts: Counter[str] = Counter()
    for name in names:
        counts.update(_folders(name, separator))
    found: list[Node] = []
    seen: set[str] = set()
    for name in sorted(names, key=lambda one: one.split(separator)):
        above, depth, is_hidden = "", 0, False
        for folder in _folders(name, separator):
            if counts[folder] < least or is_hidden:
                continue
            if folder not in seen:
                seen.add(folder)
                if found and found[-1].name == folder:
                    found.pop()  # a name that ends in the separator: one line is both
                label = folder[len(above) :]
                found.append(Node(folder, label, depth, True, folder not in closed, counts[folder]))
            above, depth, is_hidden = folder, depth + 1, folder in closed
        if not is_hidden:
            found.append(Node(name, name[len(above) :], depth))
    return found


def _folders(name: str, separator: str) -> list[str]:
    """The folders above a name, the outermost first, at most ``_DEEPEST``."""
    found: list[str] = []
    place = name.find(separator, 1)
    while 0 < place < len(name) - 1 and len(found) < _DEEPEST:
        found.append(name[: place + 1])
        place = name.find(separator, place + 1)
    return found


def cell(node: Node, tone: str = "") -> tuple[Cell, ...]:
    """A line's label with its place in the tree."""
    indent = Cell("  " * node.depth)
    if not node.is_folder:
        return indent, Cell(node.label, tone)
    return indent, Cell(f"{sign('down') if node.is_open else sign('right')} ", "accent"), Cell(node.label, "strong")


def toggled(closed: frozenset[str], folder: str) -> frozenset[str]:
    """The closed folders after one was opened or closed."""
    return closed ^ {folder}


def all_toggled(names: Sequence[str], separator: str, closed: frozenset[str]) -> frozenset[str]:
    """Every folder closed, or all open when some were closed."""
    if closed:
        return frozenset()
    return frozenset(folder for name in names for folder in _folders(name, separator))
