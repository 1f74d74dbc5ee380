"""``logged-models/search``: filter, data sets, order and pages of logged models, as SQL with every value bound."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, NamedTuple

from mlops_store import logged_models
from mlops_store.errors import UsageError
from mlops_tui.compare.condition import compared
from mlops_tui.compare.filter import parse
from mlops_tui.compare.grammars import LOGGED_MODELS
from mlops_tui.compare.terms import NULLS, AllOf, Comparison, Entity
from mlops_tui.compare.tokens import NoEntity, NoOperator
from mlops_tui.serve.tracking import logged_models as answers
from mlops_tui.serve.tracking import names, paging
from mlops_tui.serve.tracking.problems import invalid, missing
from mlops_tui.serve.tracking.routes import Call, Context

_DEFAULT_RESULTS, _MOST_RESULTS = 100, 50_000
_CREATED = "round(l.created_at * 1000)"
_COLUMNS = {
    "name": "l.name",
    "model_id": "l.model_id",
    "model_type": "l.model_type",
    "status": "l.status",
    "source_run_id": "coalesce(r.run_id, l.source_run_id)",
    "creation_timestamp": _CREATED,
    "last_updated_timestamp": "round(l.updated_at * 1000)",
}
_TABLES = {Entity.PARAM: "logged_model_params", Entity.TAG: "logged_model_tags"}
#: MLflow's words for what can be wrong in a filter.
_WRONG = {NoEntity: "entity type", NoOperator: "comparison operator"}
_Piece = tuple[str, list[object]]


class Data(NamedTuple):
    """A data set on which metrics were measured."""

    dataset_name: str = ""
    dataset_digest: str = ""


class OrderBy(NamedTuple):
    """What to order by."""

    field_name: str
    ascending: bool = True
    dataset_name: str = ""
    dataset_digest: str = ""


class Search(NamedTuple):
    """SearchLoggedModels."""

    experiment_ids: tuple[str, ...] = ()
    filter: str = ""
    datasets: tuple[Data, ...] = ()
    max_results: int = 0
    order_by: tuple[OrderBy, ...] = ()
    page_token: str = ""


def search(context: Context, asked: Search) -> Mapping[str, Any]:
    """A page of the logged models that a filter lets through."""
    if not asked.experiment_ids:
        raise missing("experiment_ids")
    if not all(one.dataset_name for one in asked.datasets):
        raise invalid("`dataset_name` in the `datasets` clause must be specified.")
    count = asked.max_results or _DEFAULT_RESULTS
    paging.require_size(count, _MOST_RESULTS)
    question = {
        "experiment_ids": list(asked.experiment_ids),
        "filter_string": asked.filter or None,
        "order_by": [list(one) for one in asked.order_by],
    }
    offset = paging.start(asked.page_token, question)
    numbers = sorted({names.experiment_number(one) for one in asked.experiment_ids})
    pieces: list[_Piece] = [
        (f"l.deleted_at IS NULL AND l.experiment_id IN ({', '.join(map(str, numbers))})", []),
        *_conditions(asked.filter, asked.datasets),
    ]
    order, ordered = _order(asked.order_by)
    with context.store.snapshot() as db:
        found = logged_models.listed(
            db,
            " AND ".join(text for text, _ in pieces),
            [*(value for _, bound in pieces for value in bound), *ordered],
            order=order,
            limit=f"LIMIT {count + 1} OFFSET {offset}",
        )
    chosen, rest = paging.page(found, offset, count, question)
    return {**({"models": [answers.shown(one) for one in chosen]} if chosen else {}), **rest}


def _conditions(text: str, datasets: Sequence[Data]) -> list[_Piece]:
    try:
        found = parse(text, strict=LOGGED_MODELS)
    except UsageError as error:
        what = next((word for kind, word in _WRONG.items() if isinstance(error, kind)), "filter string")
        raise invalid(f"Invalid {what}: {error}") from error
    assert isinstance(found, AllOf)
    terms = [term for term in found.terms if isinstance(term, Comparison)]
    pieces = [_condition(one, datasets) for one in terms]
    if datasets and not any(one.entity is Entity.METRIC for one in terms):
        on, bound = _on(datasets)
        pieces.append((f"EXISTS (SELECT 1 FROM model_metrics m WHERE m.model_id = l.model_id AND {on})", bound))
    return pieces


def _condition(one: Comparison, datasets: Sequence[Data]) -> _Piece:
    if one.entity is Entity.ATTRIBUTE:
        text, bound = compared(_COLUMNS[one.key], one)
        return text, [*bound]
    if one.entity is Entity.METRIC:
        text, bound = compared("m.value", one)
        on, data = _on(datasets)
        inside = f"m.model_id = l.model_id AND m.key = ? AND {text} AND {on}"
        return f"EXISTS (SELECT 1 FROM model_metrics m WHERE {inside})", [one.key, *bound, *data]
    source = f"SELECT value FROM {_TABLES[one.entity]} WHERE logged_model_id = l.id AND key = ?"
    if one.operator in NULLS:
        return f"{'NOT ' if one.operator == 'IS NULL' else ''}EXISTS ({source})", [one.key]
    text, bound = compared("v.value", one)
    return f"EXISTS (SELECT 1 FROM ({source}) v WHERE {text})", [one.key, *bound]


def _on(datasets: Sequence[Data]) -> _Piece:
    """That a metric ``m`` was measured on one of some data sets; what is "" of one may be anything."""
    texts, bound = list[str](), list[object]()
    for one in datasets:
        said = {"m.dataset_name": one.dataset_name, "m.dataset_digest": one.dataset_digest}
        texts.append(" AND ".join(f"{column} = ?" for column, value in said.items() if value) or "TRUE")
        bound += [value for value in said.values() if value]
    return (f"({' OR '.join(texts)})" if texts else "TRUE"), bound


def _order(asked: Sequence[OrderBy]) -> tuple[str, list[object]]:
    """What to order by; what has no value comes last either way."""
    texts, bound, plain = list[str](), list[object](), set[str]()
    for one in asked:
        direction = "ASC" if one.ascending else "DESC"
        name = one.field_name.strip()
        entity, dot, key = name.partition(".")
        if dot:
            if entity != "metrics":
                raise invalid(f"Invalid order by field name: {name}. Only metrics are supported.")
            on, data = _on([Data(one.dataset_name, one.dataset_digest)])
            column = (
                "(SELECT m.value FROM model_metrics m WHERE m.model_id = l.model_id AND m.key = ? "
                f"AND {on} ORDER BY m.ms DESC, m.step DESC LIMIT 1)"
            )
            bound += [key, *data]
        else:
            attribute = LOGGED_MODELS.attributes.get(name.removesuffix("_ms"))
            if attribute is None:
                raise invalid(f"Invalid order by field name: {name}")
            column = _COLUMNS[attribute]
            plain.add(column)
        texts.append(f"{column} {direction} NULLS LAST")
    if _CREATED not in plain:
        texts.append("l.created_at DESC")
    if "l.model_id" not in plain:
        texts.append("l.model_id")
    return ", ".join(texts), bound


ENDPOINTS = (Call("POST", "logged-models/search", Search, search),)
