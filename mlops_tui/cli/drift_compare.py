"""``mlops-tui drift compare``: two files against each other."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import click

from mlops_store.records import ColumnReport
from mlops_tui.cli import drift_tables, output, pages, text
from mlops_tui.cli.parameters import json_option

if TYPE_CHECKING:
    from mlops_tui.drift.comparisons import Comparison


@click.command()
@click.argument("reference", type=click.Path())
@click.argument("current", type=click.Path())
@click.option(
    "--schema",
    metavar="FILE",
    type=click.Path(),
    help='Compare only the columns of {"numerical": [...], "categorical": [...]}.',
)
@click.option("--method", metavar="ID", help="For all columns that it can compare. [by kind and size]")
@click.option("--fail-on-drift", is_flag=True, help="Exit with 1 when the data set has drifted.")
@pages.format_option
@pages.output_option
@json_option
@click.pass_context
def compare(
    context: click.Context,
    reference: str,
    current: str,
    schema: str | None,
    method: str | None,
    fail_on_drift: bool,
    kind: str | None,
    path: str | None,
    as_json: bool,
) -> None:
    """Compare the columns of CURRENT with those of REFERENCE.

    Both are CSV, Parquet or JSON lines files, compressed or not, or what drift profile --save kept; no project is
    needed. Methods and thresholds are Evidently's; the data set has drifted when half of the compared columns have.
    Where a file is larger than 512 MB both are compared by profiles, in bounded memory.
    """
    kind = pages.kind_of(kind, path, as_json)
    from mlops_tui.drift import comparisons, report_page, wanted

    columns = wanted.read(schema) if schema is not None else None
    found = comparisons.compare(reference, current, schema=columns, method=method)
    if kind is None:
        _write(found)
    else:
        pages.give(report_page.of_comparison(found), _shape(found), kind, path)
    if fail_on_drift and found.findings.is_dataset_drift:
        context.exit(1)


def _shape(found: Comparison) -> dict[str, Any]:
    findings = found.findings
    return {
        "columns": {column.column: _column(column) for column in found.columns},
        "dataset": {
            "drifted": len(findings.drifted),
            "share": findings.share,
            "dataset_drift": findings.is_dataset_drift,
            "compared": len(findings.features),
            "missing": findings.schema.missing,
            "extra": findings.schema.extra,
            "repeated": findings.schema.repeated,
        },
        "reference": {"path": found.reference.path, "rows": found.reference.row_count},
        "current": {"path": found.current.path, "rows": found.current.row_count},
        "by_profile": found.by_profile,
        "notes": found.notes,
    }


def _column(column: ColumnReport) -> dict[str, Any]:
    finding = column.detail.get("finding", {})
    return {
        "method": column.method,
        "threshold": column.threshold,
        "score": column.score,
        "drifted": column.is_drifted,
        "kind": column.kind,
        "score_is": column.detail.get("score_is"),
        "effect": column.effect,
        "p_value": column.detail.get("p_value"),
        "notable": column.detail["notable"],
        "reference_count": column.reference_count,
        "current_count": column.current_count,
        "finding": finding.get("kind"),
        "message": finding.get("message"),
        "score_error": column.detail.get("score_error", 0.0 if column.score is not None else None),
        "effect_error": column.detail.get("effect_error", 0.0 if column.score is not None else None),
    }


def _write(found: Comparison) -> None:
    findings = found.findings
    verdict = "drifted" if findings.is_dataset_drift else "not drifted"
    schema = findings.schema
    output.write_fields(
        [
            ("reference", f"{found.reference.path}: {found.reference.row_count:,} rows"),
            ("current", f"{found.current.path}: {found.current.row_count:,} rows"),
            ("drifted", f"{len(findings.drifted)} of {len(findings.features)} columns ({findings.share:.0%})"),
            ("data set", verdict),
            ("missing", ", ".join(schema.missing)),
            ("extra", ", ".join(schema.extra)),
        ]
    )
    drift_tables.write_columns(found.columns, with_unmoved=True)
    for column in found.columns:
        if finding := column.detail.get("finding"):
            output.remark(f"{text.clean(column.column)}: {text.clean(finding['message'])}")
    for note in found.notes:
        output.remark(text.clean(note))
