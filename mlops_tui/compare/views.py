"""Views of runs: which ones a list shows, in which order, with which columns, grouped by what.

Owns what a view means and how it is written down. Knows no screen: the dashboard, ``runs list --view`` and exports
show the same view.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from typing import Any

from mlops_store.errors import UsageError, nearest
from mlops_store.run_columns import Column, Order
from mlops_store.run_conditions import Condition, every, plain
from mlops_tui.compare import columns

#: Which kinds of runs a list shows: all but stages that logged nothing, really all, no parts of pipelines, or only
#: what was taken out of the lists.
KINDS = ("useful", "all", "scripts", "archived")
#: Columns of a view at most, and cells of a column.
MOST_COLUMNS, WIDEST = 200, 200

#: A stage that logged nothing is a step of its pipeline run, not an experiment.
_EMPTY_STAGE = (
    "s.kind = 'stage' AND s.status IN ('FINISHED', 'SCHEDULED') AND NOT EXISTS (SELECT 1 FROM metrics m "
    "JOIN keys k ON k.id = m.key_id WHERE m.run_id = s.id AND k.name NOT LIKE 'system/%')"
)
_SHOWN = {
    "useful": Condition(
        f"r.id NOT IN (SELECT s.id FROM runs s WHERE {_EMPTY_STAGE})",
        f"NOT EXISTS (SELECT 1 FROM runs s WHERE s.id = r.id AND {_EMPTY_STAGE})",
    ),
    "all": Condition(),
    "scripts": plain("r.kind = 'run'"),
    "archived": plain("r.archived_at IS NOT NULL"),
}

Goal = Callable[[str], str]


@dataclass(frozen=True, slots=True)
class ViewColumn:
    """A column of a view.

    Attributes:
        name: As ``compare.columns.column`` takes it, or ``curve(KEY)``.
        width: In cells; 0 for as wide as its values.
        is_pinned: It stays where it is while the others scroll, and is never left out.
    """

    name: str
    width: int = 0
    is_pinned: bool = False


@dataclass(frozen=True, slots=True)
class RunsView:
    """What a list of runs shows.

    Attributes:
        filter: As typed.
        sort: As ``compare.columns.order`` takes them, the first one first.
        columns: In order; empty for what ``compare.columns.ranked`` finds most telling.
        group_by: The columns that the runs of a group have in common; empty for single runs.
        kinds: One of ``KINDS``.
    """

    filter: str = ""
    sort: tuple[str, ...] = ("-started_at",)
    columns: tuple[ViewColumn, ...] = ()
    group_by: tuple[str, ...] = ()
    kinds: str = "useful"

    @property
    def first_sort(self) -> str:
        """The column that is sorted by before all others, without its direction."""
        return self.sort[0].removeprefix("-")

    def with_columns(self, names: tuple[str, ...]) -> RunsView:
        """The view with these columns, those that it had before as wide as they were."""
        known = {one.name: one for one in self.columns}
        return replace(self, columns=tuple(known.get(name, ViewColumn(name)) for name in names))

    def orders(self, goal: Goal) -> tuple[Order, ...]:
        """What its runs are ordered by; ``goal`` as in ``compare.columns``."""
        return tuple(columns.order(name, goal) for name in self.sort)

    def condition(self, goal: Goal) -> Condition:
        """Which runs it shows; those of ``archived`` need ``include_archived``.

        Raises:
            FilterError: The filter is not understood.
        """
        if not self.filter.strip():
            return _SHOWN[self.kinds]
        from mlops_tui.compare.condition import condition  # what filters nothing need not wait for it

        return every([_SHOWN[self.kinds], condition(self.filter, goal=goal)])

    @property
    def shows_archived(self) -> bool:
        """Whether archived runs are among its runs."""
        return self.kinds == "archived"


def curve_key(name: str) -> str:
    """The metric whose course a column ``curve(KEY)`` shows; "" for other columns."""
    return name[len("curve(") : -1] if name.startswith("curve(") and name.endswith(")") else ""


def stored_column(name: str, goal: Goal) -> Column:
    """The column of the store that a column of a view is about.

    Raises:
        UsageError: There is no such column.
    """
    key = curve_key(name)
    return Column("metrics", key, "count") if key else columns.column(name, goal)


def shape(view: RunsView) -> dict[str, Any]:
    """The view as it is written down, and as ``--json`` shows it."""
    return {
        "filter": view.filter,
        "sort": list(view.sort),
        "columns": [{"name": one.name, "width": one.width, "pinned": one.is_pinned} for one in view.columns],
        "group_by": list(view.group_by),
        "kinds": view.kinds,
    }


def read(written: object, goal: Goal) -> RunsView:
    """The view that was written down.

    Raises:
        UsageError: It is none, or one of its parts is not understood.
    """
    if not isinstance(written, Mapping):
        raise UsageError("this is no view of runs", "a view is a JSON object with filter, sort, columns and group_by")
    view = RunsView(
        filter=_text(written.get("filter", "")),
        sort=tuple(map(_text, _list(written.get("sort")))) or RunsView().sort,
        columns=tuple(_column(one) for one in _list(written.get("columns"))[:MOST_COLUMNS]),
        group_by=tuple(map(_text, _list(written.get("group_by")))),
        kinds=_text(written.get("kinds", "useful")),
    )
    check(view, goal)
    return view


def check(view: RunsView, goal: Goal) -> None:
    """Refuses a view of which a part is not understood.

    Raises:
        UsageError: The filter, a column or the kinds.
    """
    if view.kinds not in KINDS:
        raise UsageError(f"no kinds of runs are called {view.kinds!r}", nearest(view.kinds, KINDS))
    from mlops_tui.compare.tokens import FilterError

    try:
        view.condition(goal)
    except FilterError as error:
        raise UsageError(f"the filter is not understood: {error.message}", error.hint) from error
    view.orders(goal)
    for name in (*(one.name for one in view.columns), *view.group_by):
        stored_column(name, goal)


def _column(written: object) -> ViewColumn:
    if isinstance(written, str):
        return ViewColumn(written)
    if not isinstance(written, Mapping):
        raise UsageError("a column of the view is neither a name nor an object", "write {'name': 'metrics.auc'}")
    width = written.get("width", 0)
    if not isinstance(width, int) or not 0 <= width <= WIDEST:
        raise UsageError(f"the width of a column is {width!r}", f"a width is 0 (as its values) to {WIDEST} cells")
    return ViewColumn(_text(written.get("name")), width, bool(written.get("pinned", False)))


def _list(value: object) -> list[object]:
    if value is None:
        return []
    if not isinstance(value, list):
        raise UsageError(f"a list is missing in the view where {type(value).__name__} stands")
    return value


def _text(value: object) -> str:
    if not isinstance(value, str):
        raise UsageError(f"a text is missing in the view where {type(value).__name__} stands")
    return value


__all__ = ["KINDS", "RunsView", "ViewColumn", "check", "curve_key", "read", "shape", "stored_column"]
