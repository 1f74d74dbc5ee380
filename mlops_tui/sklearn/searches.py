"""Searches over params (``GridSearchCV`` …): the best one in the search's run, the best candidates as its children."""

from __future__ import annotations

from numbers import Number
from typing import Any

import mlops_tui as mlops
from mlops_tui.sklearn import Settings

_NAME_LENGTH = 60


def is_search(estimator: Any) -> bool:
    """Whether it tries params out, as ``GridSearchCV``, ``RandomizedSearchCV`` and the halving ones do."""
    from sklearn.model_selection._search import BaseSearchCV

    return isinstance(estimator, BaseSearchCV)


def log(settings: Settings, search: Any) -> None:
    """Logs into the active run what a fitted search has found."""
    import pandas as pd

    if hasattr(search, "best_score_"):
        mlops.log_metric("best_cv_score", search.best_score_)
    if hasattr(search, "best_params_"):
        mlops.log_params({f"best_{name}": value for name, value in search.best_params_.items()})
    results = pd.DataFrame(search.cv_results_)
    mlops.log_text(results.to_csv(index=False), "cv_results.csv")
    for _, row in _best(results, settings.max_tuning_runs).iterrows():
        _log_candidate(settings, search.estimator, row.to_dict())


def _best(results: Any, count: int | None) -> Any:
    if count is None:
        return results
    ranks = [name for name in results.columns if name.startswith("rank_test_")]
    rank = "rank_test_score" if "rank_test_score" in ranks else ranks[0]  # of several scores the first ranks
    return results.nsmallest(count, rank)


def _log_candidate(settings: Settings, seed: Any, row: dict[str, Any]) -> None:
    from mlops_tui.sklearn import fits

    tried = row["params"]
    name = ", ".join(f"{key.rpartition('__')[2]}={value}" for key, value in tried.items())[:_NAME_LENGTH]
    params = {**seed.get_params(deep=not is_search(seed)), **tried}
    with mlops.start_run(
        run_name=name or None, nested=True, params=params, tags=fits.tags(settings, seed), log_system_metrics=False
    ):
        # the figures of each split are in cv_results.csv
        figures = {
            key: value
            for key, value in row.items()
            if not key.startswith(("param", "split")) and isinstance(value, Number)
        }
        mlops.log_metrics(figures)  # type: ignore[arg-type]
