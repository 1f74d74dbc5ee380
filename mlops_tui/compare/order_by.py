"""MLflow's ``order_by``: ``metrics.auc DESC``, one key a text; besides what is kept of metrics, as in ``best(auc)``.

Source:
    MLflow 3.17, ``SearchUtils.parse_order_by_for_search_runs`` and ``SqlAlchemyStore._get_orderby_clauses``.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence

from mlops_store.run_columns import Column, Order
from mlops_tui.compare.comparison import AGGREGATES, identifier, metric_key
from mlops_tui.compare.grammars import RUNS
from mlops_tui.compare.terms import TABLES, Entity
from mlops_tui.compare.tokens import FilterError, Tokens, shown

_ATTRIBUTES = {
    "run_name": "name",
    "user_id": "user",
    "start_time": "started_at",
    "end_time": "ended_at",
    "duration_s": "duration",
}
_NEWEST = Order(Column("", "started_at"), True)


def orders(clauses: Sequence[str], goal: Callable[[str], str], *, strict: bool = False) -> tuple[Order, ...]:
    """The order that some clauses ask for; then the newest first, then by id, as MLflow has it.

    Args:
        clauses: Each names what to order by, followed by ``ASC`` or ``DESC`` if need be.
        goal: Whether 'max' or 'min' of a metric is its best; ``best(KEY)`` begins with it.
        strict: Exactly MLflow's grammar of runs, and params as text rather than as numbers first.

    Raises:
        FilterError: A clause is not understood, or two order by the same.
    """
    found: list[Order] = []
    for clause in clauses:
        one = _order(Tokens(clause), goal, strict)
        if any(one.column == other.column for other in found):
            raise FilterError(f"{shown(clause)} is ordered by already", 0, len(clause))
        found.append(one)
    if not any(one.column == _NEWEST.column for one in found):
        found.append(_NEWEST)
    return (*found, Order(Column("", "run_id")))


def _order(tokens: Tokens, goal: Callable[[str], str], strict: bool) -> Order:
    left, is_best = tokens.take(), False
    if left.kind != "name":
        raise left.error("what to order by is missing here", "write metrics.auc DESC")
    if not strict and left.text.lower() in AGGREGATES and tokens.current.kind == "open":
        tokens.take()
        key = metric_key(tokens.take())
        if (closing := tokens.take()).kind != "close":
            raise closing.error("a parenthesis is missing here", "add )")
        is_best = left.text.lower() == "best"
        column = Column("metrics", key, goal(key) if is_best else left.text.lower())
    else:
        column = _column(left.text, *identifier(left, RUNS if strict else None), strict)
    way = direction(tokens)
    is_descending = is_best and column.part == "max" if way is None else way == "DESC"
    return Order(column, is_descending, is_text=strict)


def direction(tokens: Tokens) -> str | None:
    """What follows what to order by: 'ASC', 'DESC', or None where nothing does.

    Raises:
        FilterError: It is another word, or more than one.
    """
    way = tokens.take()
    if way.kind == "end":
        return None
    if not way.is_keyword("ASC", "DESC"):
        raise way.error(f"{shown(way.text)} is no order", "ASC or DESC")
    if tokens.current.kind != "end":
        raise tokens.current.error("one key a clause", "give another clause")
    return way.text.upper()


def _column(written: str, entity: Entity, key: str, strict: bool) -> Column:
    if entity in TABLES:
        return Column(TABLES[entity], key)
    # "run name" can be compared, not ordered by
    is_alias = strict and key == "run_name" and " " in written
    if entity is Entity.DATASET or is_alias:
        raise FilterError(f"runs are not ordered by {shown(written)}", 0, len(written))
    return Column("", _ATTRIBUTES.get(key, key))


__all__ = ["direction", "orders"]
