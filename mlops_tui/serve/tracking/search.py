"""``runs/search`` and ``experiments/search``: MLflow's filters and orders, a page at a time."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Literal, NamedTuple

from mlops_store import experiments, run_facts, runs
from mlops_store.run_conditions import every, plain
from mlops_tui.compare.condition import condition
from mlops_tui.compare.grammars import EXPERIMENTS
from mlops_tui.compare.listing_filter import Listing
from mlops_tui.compare.order_by import orders
from mlops_tui.compare.terms import Entity
from mlops_tui.config import Config
from mlops_tui.serve.tracking import names, paging, run_answers
from mlops_tui.serve.tracking.experiments import shown
from mlops_tui.serve.tracking.routes import Call, Context

#: Most runs, and experiments, on a page.
_LARGEST = 50_000

_GOAL = Config().goal
#: The name that clients know experiments by.
_NAME = "CASE WHEN e.id = 0 AND e.name = 'default' THEN 'Default' ELSE e.name END"
#: Compared as text and ordered as a number, in which 10 follows 9.
_ID, _NUMBER = "CAST(e.id AS TEXT)", "e.id"
_EXPERIMENTS = Listing(
    EXPERIMENTS,
    {
        "name": _NAME,
        "experiment_id": _ID,
        "creation_time": "round(e.created_at * 1000)",
        "last_update_time": "round(coalesce(e.updated_at, e.created_at) * 1000)",
    },
    {
        Entity.TAG: "SELECT value FROM (SELECT key, value FROM experiment_tags WHERE experiment_id = e.id UNION ALL "
        f"SELECT '{experiments.DESCRIPTION_TAG}', e.description WHERE e.description <> '') WHERE key = ?"
    },
)

View = Literal["ACTIVE_ONLY", "DELETED_ONLY", "ALL"]


class SearchRuns(NamedTuple):
    """SearchRuns."""

    experiment_ids: tuple[str, ...] = ()
    filter: str = ""
    run_view_type: View = "ACTIVE_ONLY"
    max_results: int = 1_000
    order_by: tuple[str, ...] = ()
    page_token: str = ""


class SearchExperiments(NamedTuple):
    """SearchExperiments."""

    max_results: int = 1_000
    page_token: str = ""
    filter: str = ""
    order_by: tuple[str, ...] = ()
    view_type: View = "ACTIVE_ONLY"


def search_runs(context: Context, asked: SearchRuns) -> Mapping[str, Any]:
    """Runs of some experiments."""
    paging.require_size(asked.max_results, _LARGEST)
    offset = paging.start(asked.page_token)
    chosen = [names.experiment_number(one) for one in asked.experiment_ids]
    wanted = [
        plain("r.experiment_id IN (SELECT value FROM json_each(?))", str(chosen)),
        condition(asked.filter, strict=True, goal=_GOAL),
    ]
    if asked.run_view_type == "DELETED_ONLY":
        wanted.append(plain("r.deleted_at IS NOT NULL"))
    order = orders(asked.order_by, _GOAL, strict=True)
    with context.store.snapshot() as db:
        found = runs.ids(
            db,
            condition=every(wanted),
            order=order,
            include_deleted=asked.run_view_type != "ACTIVE_ONLY",
            include_archived=True,
            limit=offset + asked.max_results + 1,
        )
        numbers, rest = paging.page(found[offset:], offset, asked.max_results)
        facts = run_facts.of_ids(db, numbers)
    answer: dict[str, Any] = {"runs": [run_answers.run(one) for one in facts]} if facts else {}
    return {**answer, **rest}


def search_experiments(context: Context, asked: SearchExperiments) -> Mapping[str, Any]:
    """Experiments."""
    paging.require_size(asked.max_results, _LARGEST)
    offset = paging.start(asked.page_token)
    where, values = _EXPERIMENTS.where(asked.filter)
    if asked.view_type != "ALL":
        where += f" AND e.deleted_at IS {'NOT ' if asked.view_type == 'DELETED_ONLY' else ''}NULL"
    order = _EXPERIMENTS.order(asked.order_by, ("creation_time DESC",)).replace(_ID, _NUMBER)
    if "experiment_id" not in " ".join(asked.order_by):
        order += f", {_NUMBER} DESC" if asked.order_by else f", {_NUMBER}"
    with context.store.snapshot() as db:
        found = experiments.listed(db, where, values, order, f"LIMIT {asked.max_results + 1} OFFSET {offset}")
    chosen, rest = paging.page(found, offset, asked.max_results)
    answer: dict[str, Any] = {"experiments": [shown(one) for one in chosen]} if chosen else {}
    return {**answer, **rest}


ENDPOINTS = (
    Call("POST", "runs/search", SearchRuns, search_runs),
    Call("POST", "experiments/search", SearchExperiments, search_experiments),
    Call("GET", "experiments/search", SearchExperiments, search_experiments),
)
