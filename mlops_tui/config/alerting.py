"""``alert`` and ``mute`` of ``[monitors.NAME]``: when alerts become an incident, and of which nobody is to be told."""

from __future__ import annotations

import fnmatch
import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from mlops_tui.config.reader import Reader

#: Windows that are remembered to judge whether an incident comes and goes; no rule can ask for more.
REMEMBERED = 21
_RULE = re.compile(r"\s*(\d+)\s+of\s+(\d+)\s*")
_FORM = 'write "2 of 3": alert when two of three windows have it'


@dataclass(frozen=True, slots=True)
class AlertRule:
    """An incident opens when ``needed`` of the last ``windows`` windows have its cause."""

    needed: int = 1
    windows: int = 1

    def __str__(self) -> str:
        return f"{self.needed} of {self.windows}"


@dataclass(frozen=True, slots=True)
class MuteRule:
    """Alerts of which nobody is to be told.

    Attributes:
        kind: The kind of alert; '' for every kind.
        column: A pattern with ``*`` and ``?`` for columns that do not count; '' for whole alerts.
    """

    kind: str = ""
    column: str = ""

    def __str__(self) -> str:
        return " ".join(part for part in (self.kind, f"column {self.column}" if self.column else "") if part)

    def covers(self, kind: str, column: str = "") -> bool:
        """Whether it speaks of a column of such an alert, or of the alert as a whole where no column is given."""
        if self.kind not in ("", kind):
            return False
        return fnmatch.fnmatchcase(column, self.column) if self.column else True


def rule_of(text: str) -> AlertRule:
    """The rule that ``2 of 3`` means.

    Raises:
        ValueError: It means none.
    """
    match = _RULE.fullmatch(text)
    if match is None:
        raise ValueError(_FORM)
    rule = AlertRule(int(match[1]), int(match[2]))
    if not 1 <= rule.needed <= rule.windows <= REMEMBERED:
        raise ValueError(
            f"{text!r} must be from 1 of 1 to {REMEMBERED} of {REMEMBERED}, the first number not the larger"
        )
    return rule


def read_rule(reader: Reader, value: object, place: str) -> AlertRule:
    """``alert = "2 of 3"``.

    Raises:
        SpecError: It is not of that form.
    """
    text = reader.text(value, place)
    try:
        return rule_of(text)
    except ValueError as error:
        raise reader.error(place, f"cannot be {text!r}", str(error)) from error


def read_mutes(reader: Reader, value: object, place: str) -> tuple[MuteRule, ...]:
    """``mute = [{ kind = "data_drift", column = "session_*" }]``.

    Raises:
        SpecError: It is no list of such tables.
    """
    example = 'for example [{ kind = "data_drift", column = "session_*" }]'
    if not isinstance(value, list):
        raise reader.error(place, "must be a list of tables", example)
    rules = []
    for body in value:
        table: Mapping[str, Any] = reader.table(body, place, ("kind", "column"))
        rule = MuteRule(**{key: reader.text(text, f"{place}.{key}") for key, text in table.items()})
        if rule == MuteRule():
            raise reader.error(place, "has a rule without kind and column", example)
        rules.append(rule)
    return tuple(rules)
