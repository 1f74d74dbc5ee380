"""``mlops-tui drift profile``: what files hold, column by column; kept, and put together."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING, Any

import click

from mlops_store.errors import UsageError
from mlops_tui.cli import output, text
from mlops_tui.cli.parameters import json_option
from mlops_tui.cli.table import write_table

if TYPE_CHECKING:
    from mlops_tui.drift.sketches.column import ColumnSketch
    from mlops_tui.drift.sketches.table import TableSketch

#: Levels of the quantiles that are shown.
LEVELS = (0.01, 0.05, 0.25, 0.5, 0.75, 0.95, 0.99)
_LISTED = 20


@click.command()
@click.argument("files", nargs=-1, required=True, type=click.Path())
@click.option("--save", metavar="FILE", type=click.Path(), help="Keep the profile in a file, a few KB a column.")
@click.option("--force", is_flag=True, help="Replace the file if it is there.")
@json_option
def profile(files: tuple[str, ...], save: str | None, force: bool, as_json: bool) -> None:
    """Show what the rows of FILES hold together, column by column.

    FILES are CSV, Parquet or JSON lines of any size, compressed or not, read once in bounded memory, and profiles that
    were kept: these are put together without the rows. A kept profile stands for its rows in drift compare.
    """
    from mlops_tui.drift.sketches import tables

    if save is not None and os.path.exists(save) and not force:
        raise UsageError(f"{save} is there already", "name another file, or replace it with --force")
    found = tables.load(files)
    if save is not None:
        _keep(found, save)
    if as_json:
        output.write_json(_shape(found))
    else:
        _write(found)


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
