"""Which alerts of one window have one cause, and which cause of a later window is the same one. Pure.

Alerts that speak of a common column have one cause. What follows from moved or broken columns (predictions drift,
performance falls, the model cannot predict) has the cause of the alert of its window that speaks of most columns;
without any it stands for itself. Nothing follows from what is worth no warning, such as a column too many.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass, replace

from mlops_store.kept_windows import KeptAlert
from mlops_store.records import Alert, Severity
from mlops_tui.config.alerting import MuteRule

_SCHEMA, _DRIFT = "schema", frozenset({"data_drift"})


@dataclass(frozen=True, slots=True)
class Sign:
    """What grouping has to know of an alert.

    Attributes:
        kind: The alert's kind.
        severity: How urgent it is.
        title: For people.
        columns: The columns that it speaks of.
        alert_id: The alert, where it is kept.
    """

    kind: str
    severity: Severity
    title: str
    columns: frozenset[str] = frozenset()
    alert_id: int = 0


@dataclass(frozen=True, slots=True)
class Cause:
    """Signs of one window that have one cause.

    Attributes:
        signs: The alerts, the most severe first.
        muted_by: The rule that mutes all of them; '' where people are to be told.
    """

    signs: tuple[Sign, ...]
    muted_by: str = ""

    @property
    def severity(self) -> Severity:
        """Of the most severe."""
        return self.signs[0].severity

    @property
    def title(self) -> str:
        """Of the most severe."""
        return self.signs[0].title

    @property
    def kinds(self) -> frozenset[str]:
        """Of all of them."""
        return frozenset(sign.kind for sign in self.signs)

    @property
    def columns(self) -> frozenset[str]:
        """Of all of them."""
        return frozenset().union(*(sign.columns for sign in self.signs))


def sign(alert: Alert, columns: Collection[str]) -> Sign:
    """What grouping has to know of a kept alert.

    Args:
        alert: The alert.
        columns: Those of its report.
    """
    return Sign(alert.kind, alert.severity, alert.title, frozenset(named(alert, columns)), alert.id)


def named(alert: Alert | KeptAlert, columns: Collection[str]) -> tuple[str, ...]:
    """The columns that an alert speaks of: those that it names, or its subject where that is one of its report's."""
    return alert.columns or ((alert.subject,) if alert.subject in columns else ())


def of_window(signs: Iterable[Sign], mutes: Sequence[MuteRule] = ()) -> list[Cause]:
    """The causes of a window's alerts; muted ones apart from the others, so that they hide nothing.

    Args:
        signs: The alerts.
        mutes: The monitor's rules.
    """
    heard: list[Sign] = []
    silent: dict[str, list[Sign]] = {}
    for one in signs:
        left, rule = _muted(one, mutes)
        if left is None:
            silent.setdefault(rule, []).append(one)
        else:
            heard.append(left)
    causes = [_cause(group) for group in _grouped(heard)]
    return causes + [_cause(group, rule) for rule, muted in silent.items() for group in _grouped(muted)]


def likeness(columns: frozenset[str], kinds: frozenset[str], cause: Cause) -> float:
    """How surely a cause is the one that had these columns and kinds before: 0 to 1, 0 for another one.

    A batch that lacks columns is no more of what these columns did when they were there, and the other way round.
    """
    if _SCHEMA in kinds ^ cause.kinds and not _DRIFT & kinds & cause.kinds:
        return 0.0
    if columns and cause.columns:
        return len(columns & cause.columns) / len(columns | cause.columns)
    return 0.1 * len(kinds & cause.kinds) / len(kinds | cause.kinds)


def _muted(one: Sign, mutes: Sequence[MuteRule]) -> tuple[Sign | None, str]:
    """The alert without the columns that do not count; None with the rule where nothing of it is left."""
    for rule in mutes:
        if not rule.column and rule.covers(one.kind):
            return None, str(rule)
    hidden = {column: rule for column in one.columns for rule in mutes if rule.column and rule.covers(one.kind, column)}
    if hidden and len(hidden) == len(one.columns):
        return None, str(next(iter(hidden.values())))
    return replace(one, columns=one.columns - hidden.keys()), ""


def _grouped(signs: Sequence[Sign]) -> list[list[Sign]]:
    groups: list[list[Sign]] = []
    for one in (each for each in signs if each.columns):
        joined = [group for group in groups if any(one.columns & other.columns for other in group)]
        groups = [group for group in groups if not any(group is other for other in joined)]
        groups.append([*(other for group in joined for other in group), one])
    loose = [each for each in signs if not each.columns]
    if loose:
        telling = [group for group in groups if any(other.severity is not Severity.INFO for other in group)]
        if not telling:
            return [*groups, loose]
        max(telling, key=lambda group: len(frozenset().union(*(other.columns for other in group)))).extend(loose)
    return groups


def _cause(group: Sequence[Sign], rule: str = "") -> Cause:
    ranked = sorted(group, key=lambda one: (-one.severity.rank, not one.columns))
    return Cause(tuple(ranked), rule)
