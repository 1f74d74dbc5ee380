"""Params, artifacts and packages of a run as rows."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence

from mlops_store.records import Artifact, RunDetail
from mlops_tui.ui import shown
from mlops_tui.ui.text import LIMIT, Cell, CellValue
from mlops_tui.ui.widgets.columns import Column
from mlops_tui.ui.widgets.window_table import Row

PACKAGES = (Column("name", "of the environment", 18, 40), Column("value", "version", 10, 200, grows=True))
PARAMS = (Column("key", "param", 10, 60), Column("value", "value", 10, 400, grows=True))
ARTIFACTS = (
    Column("path", "artifact", 12, 200, grows=True),
    Column("size", "size", 8, 8, right=True),
    Column("at", "logged", 8, 14, 1),
)

#: Characters of a value that are shown when it is opened.
MOST_READ = 50_000


def param_cells(params: Mapping[str, str]) -> dict[str, tuple[CellValue, ...]]:
    """The value of each param."""
    return {key: (value,) for key, value in params.items()}


def param_lines(value: str) -> list[CellValue]:
    """All of a value that anybody reads, in lines that are not cut."""
    lines: list[CellValue] = []
    for line in value[:MOST_READ].splitlines() or [""]:
        lines += [line[start : start + LIMIT] for start in range(0, len(line) or 1, LIMIT)]
    if len(value) > MOST_READ:
        lines.append(Cell(f"… {len(value) - MOST_READ:,} more characters; y on the list copies all of them", "dim"))
    return lines


def artifact_cells(artifacts: Sequence[Artifact], now: float) -> dict[str, tuple[CellValue, ...]]:
    """Size and time of each artifact."""
    return {
        one.path: (Cell(shown.size(one.size_bytes), "dim"), Cell(shown.moment(one.logged_at, now), "dim"))
        for one in artifacts
    }


def folder_sizes(artifacts: Sequence[Artifact]) -> dict[str, CellValue]:
    """The bytes in each folder."""
    sizes: Counter[str] = Counter()
    for one in artifacts:
        place = one.path.find("/")
        while place > 0:
            sizes[one.path[: place + 1]] += one.size_bytes
            place = one.path.find("/", place + 1)
    return {folder: Cell(shown.size(size)) for folder, size in sizes.items()}


def package_rows(detail: RunDetail) -> list[Row]:
    """Python and the machine, then each installed package with its version."""
    about = {"python": detail.python_version, **detail.hardware}
    named = [Row(("", name), (Cell(name, "strong"), value)) for name, value in about.items() if value]
    packages = sorted(detail.packages.items(), key=lambda pair: pair[0].lower())
    return named + [Row(("package", name), (Cell(name, "dim"), version)) for name, version in packages]
