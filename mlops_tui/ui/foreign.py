"""What other tools keep in the project's directory, offered where there are no runs yet."""

from __future__ import annotations

import os
import shlex

from mlops_tui.ui.text import Cell, CellValue


def found(root: str) -> tuple[str, ...]:
    """The names of other tools' stores in a directory; looks at their files, so it belongs in a thread."""
    from mlops_tui.interop import kinds

    return tuple(os.path.basename(path) for _, path in kinds.within(root))


def offer(names: tuple[str, ...]) -> list[CellValue]:
    """Lines that say how to take their runs over; none where there are none."""
    if not names:
        return []
    lines: list[CellValue] = ["Runs of other tools are here. Take them over:"]
    lines += [Cell(f"  mlops-tui import {shlex.quote(name)}", "accent") for name in names]
    lines += ["or only look at them:", Cell(f"  mlops-tui view {shlex.quote(names[0])}", "accent"), ""]
    return lines
