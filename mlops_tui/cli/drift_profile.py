"""``mlops-tui drift profile``: what files hold, column by column; kept, and put together."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING, Any

import click

from mlops_store.errors import NotFound, UsageError
from mlops_tui.cli import output, text
from mlops_tui.cli.parameters import NUMBER, json_option
from mlops_tui.cli.table import write_table
from mlops_tui.cli.workspace import Workspace

if TYPE_CHECKING:
    from mlops_store.store import Store
    from mlops_tui.drift.sketches.column import ColumnSketch
    from mlops_tui.drift.sketches.table import TableSketch

#: Levels of the quantiles that are shown.
LEVELS = (0.01, 0.05, 0.25, 0.5, 0.75, 0.95, 0.99)
_LISTED = 20


@click.command()
@click.argument("files", nargs=-1, type=click.Path())
@click.option(
    "-r", "--report", "reports", metavar="N", type=NUMBER, multiple=True, help="What was checked by a report."
)
@click.option("--version", "versions", metavar="MODEL@VERSION", multiple=True, help="What a version was trained on.")
@click.option("--save", metavar="FILE", type=click.Path(), help="Keep the profile in a file, a few KB a column.")
@click.option("--force", is_flag=True, help="Replace the file if it is there.")
@json_option
@click.pass_obj
def profile(
    workspace: Workspace,
    files: tuple[str, ...],
    reports: tuple[int, ...],
    versions: tuple[str, ...],
    save: str | None,
    force: bool,
    as_json: bool,
) -> None:
    """Show what the rows of FILES hold together, column by column.

    FILES are CSV, Parquet or JSON lines of any size, compressed or not, read once in bounded memory, and profiles that
    were kept. Every check keeps that of its window, and every version that of its reference: -r 7 -r 8 puts two windows
    together without their rows. A kept profile stands for its rows in drift compare.
    """
    from mlops_tui.drift.sketches import tables
    from mlops_tui.drift.sketches.table import joined

    if not files and not reports and not versions:
        raise UsageError("name files, reports (-r N) or versions (--version MODEL@VERSION)")
    if save is not None and os.path.exists(save) and not force:
        raise UsageError(f"{save} is there already", "name another file, or replace it with --force")
    kept = [_of_report(workspace.store(), number) for number in reports]
    kept += [_of_version(workspace.store(), version) for version in versions]
    found = joined([*kept, tables.load(files)] if files else kept)
    if save is not None:
        _keep(found, save)
    if as_json:
        output.write_json(_shape(found))
    else:
        _write(found)


def _of_report(store: Store, number: int) -> TableSketch:
    from mlops_store import report_profiles
    from mlops_store.artifacts import object_path
    from mlops_tui.drift.sketches import tables

    return tables.load([object_path(store.objects_dir, report_profiles.of_report(store.read(), number))])


def _of_version(store: Store, name: str) -> TableSketch:
    from mlops_store import drift, models
    from mlops_tui.drift import profiles

    version = models.resolve(store.read(), name)
    if version.profile_id is None:
        raise NotFound(f"{name} was registered without reference data", "log the model with reference=<training data>")
    return profiles.merging(store, drift.profile(store.read(), version.profile_id))


def _keep(found: TableSketch, path: str) -> None:
    from mlops_tui.drift.sketches import packing

    beside = f"{path}.part"
    try:
        with open(beside, "wb") as file:
            file.write(packing.packed(found))
        os.replace(beside, path)
    except OSError as error:
        raise UsageError(f"{path} cannot be written ({error.strerror})", "check the path") from error


def _shape(found: TableSketch) -> dict[str, Any]:
    return {
        "rows": found.rows,
        "columns": {name: _column(sketch) for name, sketch in found.columns.items()},
        "repeated": found.repeated,
        "notes": found.notes,
    }


def _column(sketch: ColumnSketch) -> dict[str, Any]:
    shape: dict[str, Any] = {
        "kind": sketch.kind,
        "family": sketch.family,
        "count": sketch.count,
        "missing": sketch.missing,
        "infinite": sketch.infinite,
        "unparsable": sketch.unparsable,
    }
    if sketch.moments.count:
        from mlops_tui.drift.sketches import pairs

        numbers = pairs.numbers(sketch)
        known = sketch.numbers
        shape |= {"mean": numbers.mean, "std": numbers.std, "min": numbers.low, "max": numbers.high}
        shape |= {
            "quantiles": {str(level): numbers.quantile(level) for level in LEVELS},
            "distinct": len(known.values) if known.is_exact else None,
            "rank_error": known.rank_error,
        }
    if sketch.tally is not None and not sketch.is_text:
        counts = sorted(sketch.tally.counts().items(), key=lambda item: (-item[1], item[0]))
        shape |= {
            "labels": dict(counts[:_LISTED]),
            "distinct": sketch.tally.distinct,
            "count_error": sketch.tally.error,
        }
    return shape


def _write(found: TableSketch) -> None:
    output.write_fields([("rows", f"{found.rows:,}"), ("columns", f"{len(found.columns):,}")])
    output.say()
    rows = []
    for name, sketch in found.columns.items():
        shape = _column(sketch)
        quantiles = shape.get("quantiles", {})
        labels = ", ".join(
            f"{label} {rows / max(1, sketch.count):.0%}" for label, rows in shape.get("labels", {}).items()
        )
        rows.append(
            (
                name,
                sketch.kind,
                f"{sketch.count:,}",
                f"{(sketch.rows - sketch.count) / max(1, sketch.rows):.1%}",
                _distinct(shape),
                text.number(shape.get("mean")),
                text.number(shape.get("std")),
                " ".join(text.number(value) for value in quantiles.values()) or text.clean(labels, 60),
            )
        )
    write_table(
        ("column", "kind", "values", "lost", "distinct", "mean", "std", "quantiles 1 5 25 50 75 95 99 %, or labels"),
        rows,
        right=("values", "lost", "distinct", "mean", "std"),
    )
    error = max((sketch.numbers.rank_error for sketch in found.columns.values()), default=0.0)
    if error:
        output.remark(f"quantiles are of ranks that are wrong by at most {error:.2%} of the rows")
    for note in found.notes:
        output.remark(text.clean(note))


def _distinct(shape: dict[str, Any]) -> str:
    if shape.get("distinct") is not None:
        return f"{shape['distinct']:,}" if not shape.get("count_error") else f"~{shape['distinct']:,}"
    return "> 256" if "quantiles" in shape else ""
