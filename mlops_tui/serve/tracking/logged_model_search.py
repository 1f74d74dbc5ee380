"""``logged-models/search``: filter, data sets, order and pages of logged models, as SQL with every value bound."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, NamedTuple

from mlops_store import logged_models
from mlops_tui.serve.tracking import comparisons, names, pages
from mlops_tui.serve.tracking import logged_models as answers
from mlops_tui.serve.tracking.comparisons import LISTS, NUMERIC, TEXT, Comparison
from mlops_tui.serve.tracking.problems import invalid, missing
from mlops_tui.serve.tracking.routes import Call, Context

_DEFAULT_RESULTS, _MOST_RESULTS = 100, 50_000
_CREATED, _UPDATED = "round(l.created_at * 1000)", "round(l.updated_at * 1000)"
_TEXTS = {
    "name": "l.name",
    "model_id": "l.model_id",
    "model_type": "l.model_type",
    "status": "l.status",
    "source_run_id": "r.run_id",
}
_NUMBERS = {
    "creation_time": _CREATED,
    "creation_timestamp": _CREATED,
    "creation_timestamp_ms": _CREATED,
    "last_updated_timestamp": _UPDATED,
    "last_updated_timestamp_ms": _UPDATED,
}
_ENTITIES = ("attributes", "metrics", "params", "tags")
_TABLES = {"params": "logged_model_params", "tags": "logged_model_tags"}


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


_Piece = tuple[str, list[object]]


def search(context: Context, asked: Search) -> Mapping[str, Any]:
    """A page of the logged models that a filter lets through."""
    if not asked.experiment_ids:
        raise missing("experiment_ids")
    if not all(one.dataset_name for one in asked.datasets):
        raise invalid("`dataset_name` in the `datasets` clause must be specified.")
    count = asked.max_results or _DEFAULT_RESULTS
    if not 0 < count <= _MOST_RESULTS:
        raise invalid(f"Invalid value for max_results. It must be from 1 to {_MOST_RESULTS}, but got {count}")
    question = {
        "experiment_ids": list(asked.experiment_ids),
        "filter_string": asked.filter or None,
        "order_by": [list(one) for one in asked.order_by],
    }
    start = pages.offset(asked.page_token, question)
    where, bound = comparisons.every(
        [
            ("l.deleted_at IS NULL", []),
            _experiments(asked.experiment_ids),
            *_conditions(comparisons.read(asked.filter), asked.datasets),
        ]
    )
    order, ordered = _order(asked.order_by)
    with context.store.snapshot() as db:
        found = logged_models.listed(
            db, where, [*bound, *ordered], order=order, limit=f"LIMIT {count + 1} OFFSET {start}"
        )
    answer: dict[str, Any] = {}
    if found:
        answer["models"] = [answers.shown(one) for one in found[:count]]
    if len(found) > count:
        answer["next_page_token"] = pages.token(start + count, question)
    return answer


def _experiments(ids: Sequence[str]) -> _Piece:
    numbers = sorted({names.experiment_number(one) for one in ids})
    return f"l.experiment_id IN ({', '.join(map(str, numbers))})", []


def _conditions(found: Sequence[Comparison], datasets: Sequence[Data]) -> list[_Piece]:
    pieces = [_condition(one, datasets) for one in found]
    if datasets and not any(one.entity == "metrics" for one in found):
        on, bound = _on(datasets)
        pieces.append((f"EXISTS (SELECT 1 FROM model_metrics m WHERE m.model_id = l.model_id AND {on})", bound))
    return pieces


def _condition(one: Comparison, datasets: Sequence[Data]) -> _Piece:
    if one.entity and one.entity not in _ENTITIES:
        raise invalid(f"Invalid entity type: {one.entity!r}. Expected one of {list(_ENTITIES)}.")
    if one.entity == "metrics":
        comparisons.require(one, f"metrics.{one.key}", NUMERIC)
        text, bound = comparisons.sql("m.value", one, one.number)
        on, data = _on(datasets)
        inside = f"m.model_id = l.model_id AND m.key = ? AND {text} AND {on}"
        return f"EXISTS (SELECT 1 FROM model_metrics m WHERE {inside})", [one.key, *bound, *data]
    if one.entity in _TABLES:
        comparisons.require(one, f"{one.entity}.{one.key}", (*TEXT, *LISTS))
        text, bound = comparisons.sql("v.value", one, one.texts if one.operator in LISTS else one.texts[0])
        table = _TABLES[one.entity]
        return (
            f"EXISTS (SELECT 1 FROM {table} v WHERE v.logged_model_id = l.id AND v.key = ? AND {text})",
            [one.key, *bound],
        )
    if one.key in _NUMBERS:
        comparisons.require(one, one.key, NUMERIC)
        return comparisons.sql(_NUMBERS[one.key], one, one.number)
    if one.key not in _TEXTS:
        raise invalid(f"Invalid attribute key '{one.key}' specified. Valid keys are {sorted({*_TEXTS, *_NUMBERS})}")
    comparisons.require(one, one.key, (*TEXT, *LISTS))
    return comparisons.sql(_TEXTS[one.key], one, one.texts if one.operator in LISTS else one.texts[0])


def _on(datasets: Sequence[Data]) -> _Piece:
    """That a metric ``m`` was measured on one of some data sets."""
    texts, bound = list[str](), list[object]()
    for one in datasets:
        texts.append("m.dataset_name = ?" + (" AND m.dataset_digest = ?" if one.dataset_digest else ""))
        bound += [one.dataset_name, *([one.dataset_digest] if one.dataset_digest else [])]
    return (f"({' OR '.join(texts)})" if texts else "TRUE"), bound


def _order(asked: Sequence[OrderBy]) -> tuple[str, list[object]]:
    """What to order by; what has no value comes last either way."""
    texts, bound, plain = list[str](), list[object](), set[str]()
    for one in asked:
        direction = "ASC" if one.ascending else "DESC"
        name = one.field_name.strip()
        entity, dot, key = name.partition(".")
        if one.dataset_digest and not one.dataset_name:
            raise invalid("`dataset_digest` can only be specified if `dataset_name` is also specified.")
        if dot:
            if entity != "metrics":
                raise invalid(f"Invalid order by field name: {name}. Only metrics are supported.")
            on, data = _on([Data(one.dataset_name, one.dataset_digest)] if one.dataset_name else [])
            column = (
                "(SELECT m.value FROM model_metrics m WHERE m.model_id = l.model_id AND m.key = ? "
                f"AND {on} ORDER BY m.ms DESC, m.step DESC LIMIT 1)"
            )
            bound += [key, *data]
        else:
            found = _TEXTS.get(name) or _NUMBERS.get(name)
            if found is None:
                raise invalid(f"Invalid order by field name: {name}")
            column = found
            plain.add(found)
        texts.append(f"{column} {direction} NULLS LAST")
    if _CREATED not in plain:
        texts.append("l.created_at DESC")
    if "l.model_id" not in plain:
        texts.append("l.model_id")
    return ", ".join(texts), bound


ENDPOINTS = (Call("POST", "logged-models/search", Search, search),)
