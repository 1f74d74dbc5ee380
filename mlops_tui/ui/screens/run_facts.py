"""What is known of a run beside its numbers, as lines of text."""

from __future__ import annotations

import shlex
from collections.abc import Sequence
from dataclasses import dataclass

from mlops_store.records import DatasetUse, Run, RunDetail, RunKind
from mlops_tui.compare.columns import is_scheduled
from mlops_tui.ui import shown
from mlops_tui.ui.screens.run_cells import duration, metric
from mlops_tui.ui.text import Cell, CellValue, clean, fit, pieces
from mlops_tui.ui.theme import state_cell

_NAME_WIDTH = 14
_LONGEST_NAME = 32
#: Metrics and params shown beside everything else.
_VALUES = 10
#: Lines of a traceback: its last ones say what happened.
_ERROR_LINES = 200


@dataclass(frozen=True, slots=True)
class RunView:
    """A run with what belongs to it.

    Attributes:
        detail: Everything about the run itself.
        related: Its parent first, then its children.
        log_path: The output of a stage; "" for other runs.
    """

    detail: RunDetail
    related: tuple[Run, ...] = ()
    log_path: str = ""


def facts(view: RunView, now: float) -> list[CellValue]:
    """State, times, origin, data, models, tags and notes of a run; a failed one's error first."""
    detail = view.detail
    run = detail.run
    lines: list[CellValue] = [_state(run), _times(run, now)]
    if run.deleted_at is not None:
        lines.append(Cell("deleted: 'runs restore' brings it back", "warning"))
    if detail.error:
        lines += ["", *(Cell(line, "error") for line in detail.error.rstrip().splitlines()[-_ERROR_LINES:])]
    if run.metrics:
        values = sorted(run.metrics.items(), key=lambda pair: (pair[0].startswith("system/"), is_scheduled(pair[0])))
        lines += ["", Cell("metrics", "strong"), *_some([(key, metric(value)) for key, value in values], 3)]
    if run.params:
        lines += ["", Cell("params", "strong"), *_some(list(run.params.items()), 4)]
    lines += ["", *_origin(detail)]
    if run.tags:
        lines += ["", Cell("tags", "strong")]
        lines += section(sorted(run.tags.items()))
    if detail.datasets:
        lines += ["", Cell("data", "strong"), *(_dataset(use) for use in detail.datasets)]
    if detail.models:
        lines += ["", Cell("models", "strong")]
        for model in detail.models:
            rest = f"  {model.flavor}  {shown.size(model.size_bytes)}  {model.digest[:12]}"
            lines.append((Cell(model.name), Cell(rest, "dim")))
    if detail.notes:
        lines += ["", Cell("notes", "strong")]
        for note in detail.notes:
            lines.append((Cell(f"{shown.moment(note.created_at, now)} {note.author}  ", "dim"), Cell(note.body)))
    return lines


def error_lines(view: RunView) -> list[CellValue]:
    """What stands where a run has no log: its error, or why there is nothing."""
    error = view.detail.error
    if error:
        return [Cell(line, "error") for line in error.rstrip().splitlines()[-_ERROR_LINES:]]
    if view.detail.run.kind is RunKind.PIPELINE:
        return ["A pipeline's output is that of its stages.", "", Cell(":pipeline shows them.", "dim")]
    return [
        "No output is kept of a script that was started by hand.",
        "",
        Cell("Stages of a pipeline keep theirs.", "dim"),
    ]


def _state(run: Run) -> CellValue:
    parts = [state_cell(run.status)]
    if run.exit_code:
        parts.append(Cell(f"  exit code {run.exit_code}", "failed"))
    if run.kind is not RunKind.RUN:
        parts.append(Cell(f"  {run.kind}", "dim"))
    return tuple(parts)


def _times(run: Run, now: float) -> CellValue:
    times = f"{shown.moment(run.started_at, now)} – {shown.moment(run.ended_at, now) or 'now'}"
    return Cell(times, "dim"), Cell(f"  {duration(run, now)}")


def _some(pairs: Sequence[tuple[str, CellValue]], part: int) -> list[CellValue]:
    """The first values, and where the others are."""
    lines = section(pairs[:_VALUES])
    if len(pairs) > _VALUES:
        lines.append(Cell(f"and {len(pairs) - _VALUES} more: {part} shows them", "dim"))
    return lines


def _origin(detail: RunDetail) -> list[CellValue]:
    run = detail.run
    found = [
        ("experiment", run.experiment),
        ("command", shlex.join(detail.command)),
        ("directory", shown.short_path(detail.cwd)),
        ("commit", " ".join(part for part in (run.git_commit[:12], detail.git_branch) if part)),
        ("uncommitted", _changes(detail)),
        ("by", " on ".join(part for part in (run.user, run.host) if part)),
        ("python", detail.python_version),
        ("packages", shown.count(len(detail.packages), "package") if detail.packages else ""),
        ("machine", ", ".join(detail.hardware.values())),
        ("id", run.run_id),
    ]
    return section([(name, value) for name, value in found if value])


def _changes(detail: RunDetail) -> str:
    if not detail.git_diff:
        return "yes" if detail.run.git_dirty else ""
    lines = detail.git_diff.splitlines()
    files = sum(line.startswith("+++ ") for line in lines)
    added = sum(line.startswith("+") for line in lines) - files
    removed = sum(line.startswith("-") and not line.startswith("--- ") for line in lines)
    return f"+{added} -{removed} in {shown.count(files, 'file')}"


def _dataset(use: DatasetUse) -> CellValue:
    data = use.dataset
    parts = [data.digest[:12]]
    if data.row_count is not None:
        parts.append(shown.count(data.row_count, "row"))
    if data.size_bytes is not None:
        parts.append(shown.size(data.size_bytes))
    return (
        Cell(fit(clean(use.context), _NAME_WIDTH) + "  ", "dim"),
        Cell(data.name),
        Cell("  " + "  ".join(parts), "dim"),
    )


def section(pairs: Sequence[tuple[str, CellValue]]) -> list[CellValue]:
    """Names with their values, the values below each other."""
    width = max([_NAME_WIDTH, *(min(_LONGEST_NAME, len(name)) for name, _ in pairs)])
    return [(Cell(fit(clean(name), width) + "  ", "dim"), *pieces(value)) for name, value in pairs]
