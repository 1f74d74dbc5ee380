"""What runs are ordered, grouped and filtered by: attributes, params, tags and what is kept of metrics, as SQL.

A column is named ``started_at`` (an attribute), ``params.KEY``, ``tags.KEY``, ``metrics.KEY`` (the last value), or by
one of ``last(KEY)``, ``min(KEY)``, ``max(KEY)``, ``mean(KEY)``, ``step(KEY)`` (the last step) and ``count(KEY)``;
``column`` reads such a name. Nothing of it becomes part of a statement but text from this module: keys are bound.
"""

from __future__ import annotations

import re
from dataclasses import dataclass

from mlops_store.errors import UsageError, nearest

#: Unix seconds, as SQL.
NOW = "(julianday('now') - 2440587.5) * 86400.0"
# it comes before the question of a URI, as in s3://bucket/path?region=…
_OF_RUN = "'/' || r.run_id || '/artifacts'"
#: Where the artifacts of a run are for clients, as SQL over ``runs r``.
ARTIFACT_URI = (
    "(SELECT CASE WHEN e.artifact_location IS NULL THEN 'mlflow-artifacts:/' || e.id || "
    f"{_OF_RUN} WHEN instr(e.artifact_location, '://') AND instr(e.artifact_location, '?') "
    "THEN rtrim(substr(e.artifact_location, 1, instr(e.artifact_location, '?') - 1), '/') || "
    f"{_OF_RUN} || substr(e.artifact_location, instr(e.artifact_location, '?')) "
    f"ELSE e.artifact_location || {_OF_RUN} END FROM experiments e WHERE e.id = r.experiment_id)"
)
_ATTRIBUTES = {
    "started_at": "r.started_at",
    "ended_at": "r.ended_at",
    "run_id": "r.run_id",
    "name": "r.name",
    "status": "r.status",
    "kind": "r.kind",
    "user": "r.user",
    "host": "r.host",
    "source": "r.source",
    "git_commit": "r.git_commit",
    "artifact_uri": ARTIFACT_URI,
    "duration": f"coalesce(r.ended_at, {NOW}) - r.started_at",
    "experiment_id": "CAST(r.experiment_id AS TEXT)",
    "experiment": "(SELECT name FROM experiments WHERE id = r.experiment_id)",
}
#: What is kept of a metric, as SQL over ``metrics`` with ``{0}`` for its alias. NULL stands for NaN.
PARTS = {
    "last": "{0}.last_value",
    "min": "coalesce({0}.min_value, {0}.last_value)",
    "max": "coalesce({0}.max_value, {0}.last_value)",
    "mean": "CASE {0}.count WHEN 1 THEN {0}.last_value ELSE {0}.total / ({0}.count - {0}.nan_count) END",
    "step": "{0}.last_step",
    "count": "{0}.count",
}
TABLES = ("params", "metrics", "tags")
_PART = re.compile(rf"({'|'.join(PARTS)})\((?:metrics?\.)?(.+)\)", re.DOTALL)


@dataclass(frozen=True, slots=True)
class Column:
    """One value of each run.

    Attributes:
        table: 'params', 'metrics' or 'tags'; '' for an attribute.
        key: The param, metric, tag or attribute.
        part: Of a metric: what is kept of it, one of ``PARTS``.
    """

    table: str
    key: str
    part: str = "last"

    @property
    def name(self) -> str:
        """What ``column`` reads as this one."""
        if not self.table:
            return self.key
        return f"{self.table}.{self.key}" if self.part == "last" else f"{self.part}({self.key})"

    @property
    def is_number(self) -> bool:
        """Whether its values are numbers."""
        return self.table == "metrics" or (not self.table and self.key in ("started_at", "ended_at", "duration"))

    def join(self, alias: str) -> str:
        """The join that brings the value to a statement over ``runs r``; one argument, the key. '' for attributes."""
        if not self.table:
            return ""
        return (
            f" LEFT JOIN {self.table} {alias} ON {alias}.run_id = r.id "
            f"AND {alias}.key_id = (SELECT id FROM keys WHERE name = ?)"
        )

    def value(self, alias: str) -> str:
        """The value in a statement with that join."""
        if not self.table:
            return _ATTRIBUTES[self.key]
        return PARTS[self.part].format(alias) if self.table == "metrics" else f"{alias}.value"

    @property
    def arguments(self) -> tuple[str, ...]:
        """The values of the question marks of ``join``."""
        return (self.key,) if self.table else ()


@dataclass(frozen=True, slots=True)
class Order:
    """One of the keys of an order. Runs without a value come last either way, those whose value is NaN before them.

    Attributes:
        column: What to order by.
        is_descending: Greatest first.
        is_text: Params as text; otherwise as numbers first, then as text.
    """

    column: Column
    is_descending: bool = False
    is_text: bool = False

    def terms(self, alias: str) -> str:
        """The terms of ORDER BY in a statement with the column's join."""
        way = "DESC" if self.is_descending else "ASC"
        value = self.column.value(alias)
        if self.column.table == "metrics":
            return f"{alias}.run_id IS NULL, {value} {way} NULLS LAST"
        if self.column.table == "params" and not self.is_text:
            return f"{alias}.number {way} NULLS LAST, {value} {way} NULLS LAST"
        return f"{value} {way} NULLS LAST"

    def tie(self, alias: str) -> str:
        """The term that follows when it is the only order: equal values as an index on the value has them."""
        return (
            f"CASE WHEN {self.column.value(alias)} IS NOT NULL THEN r.id END {'DESC' if self.is_descending else 'ASC'}"
        )


#: The order of a list when nobody has chosen one.
NEWEST = (Order(Column("", "started_at"), True),)


def column(name: str) -> Column:
    """The column of a name; see the module.

    Raises:
        UsageError: There is no such column.
    """
    table, dot, key = name.partition(".")
    if dot and table in TABLES:  # a key may be empty: whatever a script says is one
        return Column(table, key)
    if match := _PART.fullmatch(name):
        return Column("metrics", match[2], match[1])
    if name in _ATTRIBUTES:
        return Column("", name)
    raise UsageError(
        f"runs have no column {name!r}",
        nearest(name, _ATTRIBUTES) + ", or metrics.NAME, params.NAME, tags.NAME, max(NAME), mean(NAME)",
    )


def order(name: str) -> Order:
    """One key of an order: the name of a column, with ``-`` before it for the greatest first."""
    return Order(column(name.removeprefix("-")), name.startswith("-"))


__all__ = ["ARTIFACT_URI", "NEWEST", "NOW", "PARTS", "TABLES", "Column", "Order", "column", "order"]
