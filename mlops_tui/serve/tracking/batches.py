"""``runs/log-metric``, ``log-parameter``, ``set-tag``, ``delete-tag`` and ``log-batch``.

A request is stored in one transaction or not at all. When it is answered, the next one reads it, and it survives the
death of the server.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Mapping, Sequence
from typing import Any, NamedTuple

from mlops_store import keys, metrics, model_metrics, runs
from mlops_store.curves import Point
from mlops_store.model_metrics import ModelMetric
from mlops_tui.serve.tracking import names, run_tags
from mlops_tui.serve.tracking.experiments import Tag
from mlops_tui.serve.tracking.problems import absent, invalid, missing
from mlops_tui.serve.tracking.routes import Call, Context
from mlops_tui.serve.tracking.runs import active

#: How many there may be in one request.
METRICS, PARAMS, TAGS, ALL = 1_000, 100, 100, 1_000

_NOTHING: Mapping[str, Any] = {}


class Metric(NamedTuple):
    """A value of a metric, and of which model on which data it was measured; LogMetric where it says of which run."""

    key: str
    value: float
    timestamp: int
    step: int = 0
    model_id: str = ""
    dataset_name: str = ""
    dataset_digest: str = ""
    run_id: str = ""


class Param(NamedTuple):
    """A param."""

    key: str
    value: str = ""


class LogParam(NamedTuple):
    """LogParam and SetTag."""

    run_id: str
    key: str
    value: str = ""


class DeleteTag(NamedTuple):
    """DeleteTag."""

    run_id: str
    key: str


class LogBatch(NamedTuple):
    """LogBatch."""

    run_id: str
    metrics: tuple[Metric, ...] = ()
    params: tuple[Param, ...] = ()
    tags: tuple[Tag, ...] = ()


def log_metric(context: Context, asked: Metric) -> Mapping[str, Any]:
    """Adds a value to a metric."""
    if not asked.run_id:
        raise missing("run_id")
    _check(asked, "")
    with context.store.write() as db:
        _add_metrics(db, active(db, asked.run_id)[0], (asked,))
    return _NOTHING


def log_param(context: Context, asked: LogParam) -> Mapping[str, Any]:
    """Stores a param, which may be there with the same value."""
    key, value = _param(Param(asked.key, asked.value), "")
    with context.store.write() as db:
        active(db, asked.run_id)
        old = runs.set_params(db, asked.run_id, {key: value})
        if old:
            raise invalid(
                f"Changing param values is not allowed. Param with key='{key}' was already logged with "
                f"value='{old[key]}' for run ID='{asked.run_id}'. Attempted logging new value '{value}'."
            )
    return _NOTHING


def set_tag(context: Context, asked: LogParam) -> Mapping[str, Any]:
    """Sets a tag of a run."""
    key, value = run_tags.checked(Tag(asked.key, asked.value))
    with context.store.write() as db:
        active(db, asked.run_id)
        run_tags.put(db, asked.run_id, {key: value})
    return _NOTHING


def delete_tag(context: Context, asked: DeleteTag) -> Mapping[str, Any]:
    """Removes a tag of a run."""
    with context.store.write() as db:
        active(db, asked.run_id)
        if asked.run_id not in runs.tag_values(db, [asked.run_id], asked.key):
            raise absent(f"No tag with name: {asked.key} in run with id {asked.run_id}")
        runs.set_tags(db, asked.run_id, {asked.key: None})
    return _NOTHING


def log_batch(context: Context, asked: LogBatch) -> Mapping[str, Any]:
    """Stores metrics, params and tags of a run, all of them or none."""
    names.require_run_id(asked.run_id)
    for place, metric in enumerate(asked.metrics):
        _check(metric, f"metrics[{place}]")
    params = [_param(param, f"params[{place}]") for place, param in enumerate(asked.params)]
    tags = dict([run_tags.checked(tag, f"tags[{place}]") for place, tag in enumerate(asked.tags)])
    _require_few(asked)
    _require_different([key for key, _ in params])
    with context.store.write() as db:
        number, _ = active(db, asked.run_id)
        if params:
            _put_params(db, asked.run_id, dict(params))
        if asked.metrics:
            _add_metrics(db, number, asked.metrics)
        if tags:
            run_tags.put(db, asked.run_id, tags)
    return _NOTHING


def _check(metric: Metric, path: str) -> None:
    names.require_name(metric.key, f"{path}.name" if path else "name")
    names.require_length("Metric name", metric.key, names.KEY_CHARACTERS)
    if metric.timestamp < 0:
        raise invalid(
            f"Invalid value {metric.timestamp} for parameter '{f'{path}.timestamp' if path else 'timestamp'}' "
            f"supplied: metric '{metric.key}' (value={metric.value}). Timestamp must be a nonnegative long "
            "(64-bit integer) "
        )


def _param(param: Param, path: str) -> tuple[str, str]:
    if not param.key:
        raise missing(f"{path}.key")
    names.require_name(param.key, f"{path}.key" if path else "key")
    names.require_length("Param key", param.key, names.KEY_CHARACTERS)
    return param.key, param.value[: names.PARAM_CHARACTERS]


def _require_few(asked: LogBatch) -> None:
    counted = (
        ("metrics", METRICS, len(asked.metrics)),
        ("params", PARAMS, len(asked.params)),
        ("tags", TAGS, len(asked.tags)),
        ("metrics, params, and tags", ALL, len(asked.metrics) + len(asked.params) + len(asked.tags)),
    )
    for what, limit, count in counted:
        if count > limit:
            raise invalid(
                f"A batch logging request can contain at most {limit} {what}. Got {count} {what}. "
                f"Please split up {what} across multiple requests and try again."
            )


def _require_different(params: Sequence[str]) -> None:
    if len(set(params)) < len(params):
        twice = [key for place, key in enumerate(params) if key in params[:place]]
        raise invalid(
            f"Duplicate parameter keys have been submitted: {twice}. Please ensure the request contains only one "
            "param value per param key."
        )


def _put_params(db: sqlite3.Connection, run_id: str, params: Mapping[str, str]) -> None:
    old = runs.set_params(db, run_id, params)
    if old:
        changed = [{"key": key, "old_value": value, "new_value": params[key]} for key, value in old.items()]
        raise invalid(
            f"Changing param values is not allowed. Params were already logged='{changed}' for run ID='{run_id}'."
        )


def _add_metrics(db: sqlite3.Connection, run: int, logged: Sequence[Metric]) -> None:
    series: dict[str, list[Point]] = {}
    for metric in logged:
        series.setdefault(metric.key, []).append((metric.step, metric.timestamp, metric.value))
    metrics.append_new(db, run, {keys.intern(db, key): points for key, points in series.items()})
    of_models = [
        ModelMetric(one.model_id, one.key, one.step, one.timestamp, one.value, one.dataset_name, one.dataset_digest)
        for one in logged
        if one.model_id
    ]
    if of_models:
        model_metrics.add(db, run, of_models)


ENDPOINTS = (
    Call("POST", "runs/log-metric", Metric, log_metric, is_quick=True),
    Call("POST", "runs/log-parameter", LogParam, log_param, is_quick=True),
    Call("POST", "runs/set-tag", LogParam, set_tag, is_quick=True),
    Call("POST", "runs/delete-tag", DeleteTag, delete_tag, is_quick=True),
    Call("POST", "runs/log-batch", LogBatch, log_batch, is_quick=True),
)
