"""What is known of a run beside its numbers, as facts that can be walked through."""

from __future__ import annotations

import shlex
from collections.abc import Sequence
from dataclasses import dataclass, field

from rich.cells import cell_len

from mlops_store.records import DatasetUse, Run, RunDetail, RunKind
from mlops_store.run_links import Family, VersionLink
from mlops_tui.compare.columns import is_of_machine, is_scheduled
from mlops_tui.registry.formats import kinds
from mlops_tui.ui import shown
from mlops_tui.ui.screens import run_patch
from mlops_tui.ui.screens.fact_list import Fact
from mlops_tui.ui.screens.run_cells import duration, metric
from mlops_tui.ui.text import Cell, CellValue, clean, cut_middle, fit, pieces, plain
from mlops_tui.ui.theme import state_cell, state_sign

_NAME_WIDTH = 12
_LONGEST_NAME = 32
#: Metrics and params shown beside everything else.
_VALUES = 6
#: Lines of a traceback: its last ones say what happened.
_ERROR_LINES = 200


@dataclass(frozen=True, slots=True)
class RunView:
    """A run with what belongs to it.

    Attributes:
        detail: Everything about the run itself.
        family: The runs around it.
        versions: Of registered models, made of what it logged.
        log_path: The output of a stage; "" for other runs.
    """

    detail: RunDetail
    family: Family = field(default_factory=Family)
    versions: tuple[VersionLink, ...] = ()
    log_path: str = ""


def facts(view: RunView, now: float) -> list[Fact]:
    """State, times, origin, code, family, data, models, tags and notes of a run; a failed one's error first."""
    detail = view.detail
    run = detail.run
    found = [Fact(("state",), _state(run)), Fact(("times",), _times(run, now))]
    if run.deleted_at is not None:
        found.append(Fact(("deleted",), (Cell("deleted: 'runs restore' brings it back", "warning"),)))
    if detail.error:
        errors = detail.error.rstrip().splitlines()[-_ERROR_LINES:]
        found += [Fact(("error", ""))]
        found += [Fact(("error", str(number)), (Cell(line, "error"),)) for number, line in enumerate(errors)]
    values = [pair for pair in run.metrics.items() if not is_of_machine(pair[0])]
    values.sort(key=lambda pair: is_scheduled(pair[0]))
    found += _some("metrics", [(key, metric(value)) for key, value in values], "3")
    found += _some("params", list(run.params.items()), "4")
    found += _origin(detail)
    found += _family(run, view.family, now)
    if detail.datasets:
        found += [*_heading("data"), *(_dataset(number, use) for number, use in enumerate(detail.datasets))]
    found += _models(detail, view.versions)
    if run.tags:
        found += [*_heading("tags"), *_section("tags", sorted(run.tags.items()))]
    if detail.notes:
        found += _heading("notes")
        for note in detail.notes:
            when = Cell(f"{shown.moment(note.created_at, now)} {clean(note.author, 40)}  ", "dim")
            found.append(Fact(("notes", str(note.id)), (when, Cell(note.body)), 2, copied=note.body))
    return found


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


def _state(run: Run) -> tuple[Cell, ...]:
    parts = [state_cell(run.status)]
    if run.exit_code:
        parts.append(Cell(f"  exit code {run.exit_code}", "failed"))
    if run.kind is not RunKind.RUN:
        parts.append(Cell(f"  {run.kind}", "dim"))
    return tuple(parts)


def _times(run: Run, now: float) -> tuple[Cell, ...]:
    times = f"{shown.moment(run.started_at, now)} – {shown.moment(run.ended_at, now) or 'now'}"
    return Cell(times, "dim"), Cell(f"  {duration(run, now)}")


def _heading(name: str) -> list[Fact]:
    return [Fact((name, "", "")), Fact((name, "", "heading"), (Cell(name, "title"),))]


def _some(name: str, pairs: Sequence[tuple[str, CellValue]], part: str) -> list[Fact]:
    """The first values, and where the others are."""
    if not pairs:
        return []
    found = [*_heading(name), *_section(name, pairs[:_VALUES])]
    if len(pairs) > _VALUES:
        more = (Cell(f"and {len(pairs) - _VALUES:,} more", "dim"),)
        found.append(Fact((name, "", "more"), more, place="part", argument=part))
    return found


def _origin(detail: RunDetail) -> list[Fact]:
    """How it was started, its code, and its environment."""
    run = detail.run
    started = [
        ("experiment", run.experiment),
        ("command", shlex.join(detail.command)),
        ("directory", shown.short_path(detail.cwd)),
        ("source", "" if run.source in detail.command else run.source),
        ("by", " on ".join(part for part in (run.user, run.host) if part)),
        ("id", run.run_id),
    ]
    commit: CellValue = " ".join(part for part in (run.git_commit[:12], detail.git_branch) if part)
    if not run.git_commit and detail.git_branch:
        commit = Cell(f"none yet on {detail.git_branch}", "warning")
    code: list[tuple[str, CellValue]] = [("commit", commit), ("remote", detail.git_remote)]
    environment: list[tuple[str, CellValue]] = [("python", detail.python_version), *detail.hardware.items()]
    packages = shown.count(len(detail.packages), "package") if detail.packages else ""
    found = [*_heading("started"), *_section("started", _known(started))]
    if commit or detail.git_diff:
        found += [*_heading("code"), *_section("code", _known(code))]
        changes = run_patch.summary(detail)
        word: CellValue = Cell(changes, "warning") if changes else Cell("nothing", "dim") if run.git_commit else ""
        place = "part" if detail.git_diff else ""
        found += _section("code", _known([("uncommitted", word)]), place=place, argument="7")
    if packages or detail.python_version or detail.hardware:
        found += [*_heading("environment"), *_section("environment", _known(environment))]
        found += _section("environment", _known([("packages", packages)]), place="part", argument="8")
    return found


def _known(pairs: Sequence[tuple[str, CellValue]]) -> list[tuple[str, CellValue]]:
    return [(name, value) for name, value in pairs if value]


def _family(run: Run, family: Family, now: float) -> list[Fact]:
    """The runs above, this one, and those below it, as a tree."""
    if not family.above and not family.below:
        return []
    found = _heading("related runs")
    for depth, one in enumerate(family.above):
        found.append(_relative("above", one, depth, now))
    depth = len(family.above)
    here = (
        Cell("  " * depth),
        *pieces(state_sign(run.status)),
        Cell(f" {run.name}", "strong"),
        Cell("  this run", "dim"),
    )
    found.append(Fact(("related runs", "this"), here))
    found += [_relative("below", one, depth + below, now) for one, below in family.below]
    if family.count > len(family.below):
        rest = family.count - len(family.below)
        found.append(Fact(("related runs", "", "more"), (Cell(f"and {rest:,} more below", "dim"),)))
    return found


def _relative(how: str, run: Run, depth: int, now: float) -> Fact:
    kind = f" {run.kind}" if run.kind is not RunKind.RUN else ""
    line = (
        Cell("  " * depth),
        *pieces(state_sign(run.status)),
        Cell(f" {clean(run.name, 80)}"),
        Cell(kind, "faint"),
        Cell(f"  {duration(run, now)}", "dim"),
    )
    return Fact((how, run.run_id), line, place="run", argument=run.run_id, copied=run.run_id)


def _models(detail: RunDetail, versions: Sequence[VersionLink]) -> list[Fact]:
    """The models that it logged, and the versions that were made of them."""
    if not detail.models and not versions:
        return []
    found = _heading("models")
    for model in detail.models:
        mark = f"{state_sign('warning').text} " if kinds.runs(model.flavor) else ""
        rest = f"  {mark}{model.flavor}  {shown.size(model.size_bytes)}  {model.digest[:12]}"
        line = (Cell(clean(model.name, 80)), Cell(rest, "dim"))
        found.append(Fact(("models", model.model_id), line, copied=model.model_id))
    for one in versions:
        linked = (
            Cell("registered  ", "dim"),
            Cell(f"{clean(one.model, 80)} {one.version}"),
            Cell(f"  {one.stage}", "dim"),
        )
        key = ("versions", one.model, str(one.version))
        found.append(Fact(key, linked, place="models", argument=one.model, copied=f"models:/{one.model}/{one.version}"))
    return found


def _dataset(number: int, use: DatasetUse) -> Fact:
    data = use.dataset
    parts = [data.digest[:12]]
    if data.row_count is not None:
        parts.append(shown.count(data.row_count, "row"))
    if data.size_bytes is not None:
        parts.append(shown.size(data.size_bytes))
    line = (
        Cell(fit(clean(use.context), _NAME_WIDTH) + "  ", "dim"),
        Cell(data.name),
        Cell("  " + "  ".join(parts), "dim"),
    )
    place = "data" if data.path else ""
    return Fact(("data", str(number)), line, _NAME_WIDTH + 2, place, data.path or "", data.digest)


def section(pairs: Sequence[tuple[str, CellValue]], longest: int = _LONGEST_NAME) -> list[tuple[Cell, ...]]:
    """Names with their values, the values below each other.

    Args:
        pairs: Names and values.
        longest: Cells of a name at most; of a longer one the middle is cut.
    """
    width = max([_NAME_WIDTH, *(min(longest, len(name)) for name, _ in pairs)])
    return [(Cell(fit(cut_middle(clean(name), width), width) + "  ", "dim"), *pieces(value)) for name, value in pairs]


def _section(name: str, pairs: Sequence[tuple[str, CellValue]], *, place: str = "", argument: str = "") -> list[Fact]:
    """The same as facts; ``y`` copies the values."""
    return [
        Fact((name, key), line, cell_len(line[0].text), place, argument, plain(value))
        for (key, value), line in zip(pairs, section(pairs), strict=True)
    ]
