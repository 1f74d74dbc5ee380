"""The profile of a table against a reference: what ``check`` finds of rows, found of profiles. Knows no files."""

from __future__ import annotations

import math
from dataclasses import replace

from mlops_store.records import ColumnReport
from mlops_tui.drift import check, kinds, severity
from mlops_tui.drift.check import Prepared
from mlops_tui.drift.columns import Known, Settings, judge, unchecked, unscored
from mlops_tui.drift.pairs import NotKept
from mlops_tui.drift.profiles import SMALLEST_REFERENCE
from mlops_tui.drift.samples import Numbers, Sample
from mlops_tui.drift.schemas import Schema, examine
from mlops_tui.drift.severity import Findings
from mlops_tui.drift.sketches import column, errors, pairs
from mlops_tui.drift.sketches.column import ColumnSketch
from mlops_tui.drift.sketches.pairs import SketchedNumbers, SketchedPair
from mlops_tui.drift.sketches.table import TableSketch

_UNPREDICTED = "a profile holds no rows to predict on"


def known(sketch: ColumnSketch, kind: str = "", role: str = "feature") -> Known:
    """A column of a reference that is known by its profile.

    Args:
        sketch: The profile.
        kind: What it is compared as; by default what it holds.
        role: 'feature' or 'prediction'.
    """
    kind = kind or sketch.kind
    sample: Sample | None = None
    if kind == "numerical" and sketch.family == "number":
        sample = pairs.numbers(sketch)
    elif kind in kinds.COMPARABLE:
        sample = _labels(sketch)
    return Known(sketch.name, kind, sketch.family, sample, role)


def compare(reference: Known, current: ColumnSketch, settings: Settings) -> ColumnReport:
    """The report on one column: as ``columns.compare`` gives it, ``detail`` with the bounds of what may be wrong.

    ``score_error`` is how far the score may be from that of all the rows (0 where nothing was put together, None where
    it is not known), ``effect_error`` the same of the effect.

    Raises:
        UsageError: The configured method does not suit the column.
    """
    known_sample = reference.sample
    if known_sample is None or known_sample.count < SMALLEST_REFERENCE:
        return unchecked(reference, current.rows)
    if not current.count:
        return unscored(reference, 0, "empty", f"none of its {current.rows} rows has a value")
    if not isinstance(known_sample, Numbers):
        now = _labels(current)
        if now is None:
            return unscored(reference, current.count, "incomparable", "it holds too many different values to count")
        report = judge(reference, known_sample, now, settings, lambda: current.family)
        error = 0.0 if current.tally is None or not current.tally.error else None
        return _with_errors(report, error, error)
    if current.family != "number":
        return unscored(reference, current.count, "retyped", f"holds {current.family} values, no numbers")
    made: list[SketchedPair] = []

    def pair(before: Numbers, after: Numbers) -> SketchedPair:
        made.append(SketchedPair(before, after))
        return made[0]

    before = _sketched(reference.name, known_sample)
    report = judge(reference, before, pairs.numbers(current), settings, lambda: current.family, pair)
    return _with_errors(report, _score_error(report, made[0]), made[0].rank_error, _surely(made[0])) if made else report


def _surely(pair: SketchedPair) -> float:
    """The p-value of the smallest difference that the rows may have: no error of profiles is to look like drift."""
    from scipy.special import kolmogorov

    n, m = pair.reference.count, pair.current.count
    return float(kolmogorov(max(0.0, pair.walk.apart - pair.rank_error) * math.sqrt(n * m / (n + m))))


def counts_up(column: ColumnSketch) -> bool:
    """Whether the values may be row numbers: whole, and spread as if each stood in one row."""
    return column.is_integer and column.rows > 2 and column.moments.high - column.moments.low == column.rows - 1


def findings(reference: Prepared, table: TableSketch, rows: Findings | None = None) -> Findings:
    """All findings about a table, as ``check`` gives them of rows.

    Args:
        reference: What to compare with.
        table: The profile of the table.
        rows: What was found of some of its rows: what the model predicts on them is taken from there.

    Raises:
        UsageError: A configured method is unknown or does not suit its column.
    """
    schema = examine(
        reference.features,
        list(table.columns),
        lambda lost, name: compare(lost, table.columns[name], Settings()),
        repeated=table.repeated,
        ignored=reference.ignored,
    )
    reports = [_feature(reference, feature, table, schema) for feature in reference.features]
    if (prediction := reference.prediction) is not None:
        found = table.columns.get(reference.prediction_column)
        if found is not None:
            reports.append(compare(prediction, found, reference.settings))
        elif rows is not None:
            reports += [column for column in rows.columns if column.role == "prediction"]
        else:
            reports.append(unscored(prediction, 0, "unpredicted", _UNPREDICTED))
    for name in schema.extra:
        extra = Known(name, table.columns[name].kind, table.columns[name].family, None)
        reports.append(unscored(extra, table.columns[name].count, "extra", check.EXTRA))
    columns = severity.mark_notable(reports)
    if rows is not None:
        return replace(rows, columns=columns, schema=schema)
    return Findings(columns, schema, reference.drift_share)


def _feature(reference: Prepared, feature: Known, table: TableSketch, schema: Schema) -> ColumnReport:
    found = table.columns.get(feature.name)
    if found is None:
        return check.missing(feature, schema)
    if feature.name in reference.counters and counts_up(found):
        return unscored(feature, found.rows, "unchecked", check.COUNTER)
    return compare(feature, found, reference.settings)


def _labels(sketch: ColumnSketch) -> Sample | None:
    try:
        return None if sketch.is_text else pairs.labels(sketch)
    except NotKept:
        return None


def _sketched(name: str, sample: Numbers) -> SketchedNumbers:
    """The sample as a profile, which it may be already."""
    if isinstance(sample, SketchedNumbers):
        return sample
    counts = {"missing": sample.missing, "infinite": sample.infinite, "unparsable": sample.unparsable}
    return pairs.numbers(column.of_numbers(name, sample.values, is_integer=sample.is_integer, **counts))


def _score_error(report: ColumnReport, pair: SketchedPair) -> float | None:
    if report.method is None or report.score is None:
        return None
    return errors.of_score(report.method, report.score, pair)


def _with_errors(
    report: ColumnReport, score: float | None, effect: float | None, p_value: float | None = None
) -> ColumnReport:
    if report.score is None:
        return report
    detail = {**report.detail, "score_error": score, "effect_error": effect}
    return replace(report, detail=detail if p_value is None else {**detail, "p_value": p_value})
