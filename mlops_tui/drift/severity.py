"""Which findings become alerts, how severe they are, and what their titles say.

At most one alert a kind, because a batch is one thing to look at; here those of the columns' comparison:

- ``schema``: critical when a column that is needed is missing or cannot be compared any more, warning when a type
  changed or a name stands twice, info when there are only extra columns;
- ``prediction_drift``: critical from an effect of 0.2 on (a fifth of the predictions is another), else warning;
- ``target_drift``: the same of labels that come with the rows;
- ``data_drift``: when at least one drifted feature matters; critical when the drifted features reach the share from
  which the data set counts as drifted, else warning.

A drifted column matters ("is notable") when its change is both sure and large: significant in a two-sample test at a
false discovery rate of 5 % over all columns of the batch, and an effect of at least 0.1. A score beyond its
threshold alone would raise an alert for every twentieth column of a batch in which nothing has happened.

Source:
    Benjamini and Hochberg, Controlling the false discovery rate (1995).
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

from mlops_store.drift import NewAlert
from mlops_store.records import ColumnReport, Severity
from mlops_tui.drift import titles

if TYPE_CHECKING:
    import pandas as pd

    from mlops_tui.drift.samples import FloatArray
    from mlops_tui.drift.schemas import Schema

FALSE_DISCOVERIES = 0.05
SMALLEST_EFFECT = 0.1
LARGE_EFFECT = 0.2
#: Columns that have an alert of their own, and what it calls them.
ROLES = (("prediction", "predictions"), ("target", "labels"))


@dataclass(frozen=True, slots=True)
class Findings:
    """All that a check found out about one batch.

    Attributes:
        columns: The reports on the reference's columns and on the predictions.
        schema: How the batch's columns differ.
        drift_share: Share of the features from which the data set counts as drifted.
        needed: The columns that the model reads; None when that is not known, then all of the reference's count.
        problem: Why the model could not predict on this batch.
        notes: What could not be done whatever the batch is, one sentence each.
        predictions: The batch's own, or what the model made of it.
    """

    columns: tuple[ColumnReport, ...]
    schema: Schema
    drift_share: float
    needed: frozenset[str] | None = None
    problem: str = ""
    notes: tuple[str, ...] = ()
    predictions: pd.Series[Any] | None = None

    @property
    def features(self) -> list[ColumnReport]:
        """The features that were compared."""
        return [column for column in self.columns if column.role == "feature" and column.score is not None]

    @property
    def drifted(self) -> list[ColumnReport]:
        """The features whose score is beyond its threshold."""
        return [column for column in self.features if column.is_drifted]

    @property
    def share(self) -> float:
        """The share of the compared features that drifted."""
        return len(self.drifted) / len(self.features) if self.features else 0.0

    @property
    def is_dataset_drift(self) -> bool:
        """Whether so many features drifted that the data set counts as drifted, as Evidently defines it."""
        return bool(self.features) and self.share >= self.drift_share


def mark_notable(columns: Sequence[ColumnReport], rate: float = FALSE_DISCOVERIES) -> tuple[ColumnReport, ...]:
    """The columns with ``detail["notable"]``: whether they drifted, significantly and with a large enough effect.

    Args:
        columns: All that are judged together.
        rate: The share of them that may be found by chance.
    """
    most = level([_p_value(column) for column in columns if column.score is not None], rate)
    return tuple(replace(column, detail={**column.detail, "notable": _is_notable(column, most)}) for column in columns)


def level(p_values: Sequence[float] | FloatArray, rate: float = FALSE_DISCOVERIES) -> float:
    """The greatest p-value that Benjamini and Hochberg's rule takes for a discovery; 0 for none.

    Args:
        p_values: Of all that are judged together.
        rate: The share of them that may be found by chance.
    """
    import numpy as np

    ordered = np.sort(np.asarray(p_values, dtype=np.float64))
    is_sure = ordered <= rate * np.arange(1, len(ordered) + 1) / max(1, len(ordered))
    places = np.flatnonzero(is_sure)
    return float(ordered[places[-1]]) if len(places) else 0.0


def alerts(findings: Findings, others: Iterable[NewAlert] = ()) -> tuple[NewAlert, ...]:
    """What a person should see, the most severe first.

    Args:
        findings: Of the columns.
        others: What the checks of the whole window raised.
    """
    own = (_schema(findings), *(_role_drift(findings, role, what) for role, what in ROLES), _data_drift(findings))
    raised = [*(alert for alert in own if alert is not None), *others]
    return tuple(sorted(raised, key=lambda alert: alert.severity.rank, reverse=True))


def status(raised: Iterable[NewAlert]) -> str:
    """'drift' when any alert is a warning or critical, else 'ok'."""
    return "drift" if any(alert.severity is not Severity.INFO for alert in raised) else "ok"


def _p_value(column: ColumnReport) -> float:
    return float(column.detail["p_value"])


def _is_notable(column: ColumnReport, level: float) -> bool:
    if column.score is None or not column.is_drifted or _p_value(column) > level:
        return False
    return (column.effect or 0.0) >= SMALLEST_EFFECT


def _data_drift(findings: Findings) -> NewAlert | None:
    drifted = sorted(findings.drifted, key=lambda column: (not column.detail["notable"], -(column.effect or 0.0)))
    if not drifted or not drifted[0].detail["notable"]:
        return None
    severity = Severity.CRITICAL if findings.is_dataset_drift else Severity.WARNING
    notable = [column for column in drifted if column.detail["notable"]]
    slight = len(drifted) - len(notable)
    if slight and len(notable) <= titles.NAMED:  # what is neither sure nor large is counted, not named
        named = f"{titles.listed(map(titles.change, notable))} and {slight} slightly"
    else:
        named = titles.listed(map(titles.change, drifted))
    title = f"{len(drifted)} of {len(findings.features)} columns drifted: {named}"
    return NewAlert("data_drift", severity, title, columns=_names(notable))


def _role_drift(findings: Findings, role: str, what: str) -> NewAlert | None:
    drifted = [column for column in findings.columns if column.role == role and column.detail.get("notable")]
    if not drifted:
        return None
    (column,) = drifted
    severity = Severity.CRITICAL if (column.effect or 0.0) >= LARGE_EFFECT else Severity.WARNING
    title = f"{what} drifted: {titles.moved_from(column)}"
    return NewAlert(f"{role}_drift", severity, title)


def _names(columns: Iterable[ColumnReport]) -> tuple[str, ...]:
    return tuple(column.column for column in columns)


def _schema(findings: Findings) -> NewAlert | None:
    schema, renamed = findings.schema, findings.schema.renamed or {}
    lost = [name for name in schema.missing if findings.needed is None or name in findings.needed]
    retyped = [column for column in findings.columns if _finding(column) == "retyped"]
    broken = [column for column in retyped if column.score is None]
    parts = []
    if lost:
        guesses = (
            f"{titles.name(old)} (renamed {titles.name(renamed[old])}?)" if old in renamed else titles.name(old)
            for old in lost
        )
        parts.append(f"{titles.columns(len(lost))} missing: {titles.listed(guesses)}")
    if retyped:
        named = (
            f"{titles.name(column.column)} ({column.detail['finding']['message']})" for column in broken or retyped
        )
        parts.append(f"{titles.columns(len(retyped))} of another type: {titles.listed(named)}")
    if schema.repeated:
        parts.append(
            f"{titles.columns(len(schema.repeated))} more than once: {titles.listed(map(titles.name, schema.repeated))}"
        )
    extra = [column for column in schema.extra if column not in renamed.values()]
    if extra:
        parts.append(f"{titles.columns(len(extra))} not in the reference: {titles.listed(map(titles.name, extra))}")
    if not parts:
        return None
    if lost or broken:
        severity = Severity.CRITICAL
    else:
        severity = Severity.WARNING if retyped or schema.repeated else Severity.INFO
    # columns too many, as every batch may have, do not tie what is broken now to what was never a problem
    columns = (*lost, *_names(retyped), *schema.repeated) or tuple(extra)
    return NewAlert("schema", severity, "; ".join(parts), columns=columns)


def _finding(column: ColumnReport) -> str:
    return str(column.detail.get("finding", {}).get("kind", ""))
