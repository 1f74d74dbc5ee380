"""What scikit-learn's estimators learn is logged by itself after one call: ``mlops_tui.sklearn.autolog()``.

Names, arguments and what is logged are those of ``mlflow.sklearn.autolog``, except that models are kept through skops,
never as pickles. scikit-learn is loaded by the call, not by the import.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any


@dataclass(frozen=True, slots=True)
class Settings:
    """What is logged; see ``autolog``."""

    log_input_examples: bool = False
    log_model_signatures: bool = True
    log_models: bool = True
    log_datasets: bool = True
    exclusive: bool = False
    silent: bool = False
    max_tuning_runs: int | None = 5
    log_post_training_metrics: bool = True
    registered_model_name: str | None = None
    pos_label: Any = None
    extra_tags: Mapping[str, Any] = field(default_factory=dict)


def autolog(
    log_input_examples: bool = False,
    log_model_signatures: bool = True,
    log_models: bool = True,
    log_datasets: bool = True,
    disable: bool = False,
    exclusive: bool = False,
    disable_for_unsupported_versions: bool = False,
    silent: bool = False,
    max_tuning_runs: int | None = 5,
    log_post_training_metrics: bool = True,
    serialization_format: str = "skops",
    registered_model_name: str | None = None,
    pos_label: Any = None,
    extra_tags: Mapping[str, Any] | None = None,
) -> None:
    """Logs each ``fit`` of an estimator from now on: into the active run, else into one of its own.

    That is: its params (of all its parts), the tags ``estimator_name`` and ``estimator_class``, the training data by
    name and hash, the scores on the training data (``training_…``), the fitted model, and for a search over params
    (``GridSearchCV`` …) the best params and score, the best estimator, all results as ``cv_results.csv``, and the best
    candidates as child runs. Estimators within others (steps, candidates, trees) and pure transformers of columns are
    not logged for themselves. What cannot be logged is a remark, never an error of the training.

    Args:
        log_input_examples: Whether the first rows of the training data are kept with the model.
        log_model_signatures: Whether what the model takes and gives is kept with it.
        log_models: Whether models are kept.
        log_datasets: Whether the data is recorded.
        disable: Logs no longer.
        exclusive: Leaves alone the runs that the script itself has started.
        disable_for_unsupported_versions: Logs nothing with a version of scikit-learn that mlops-tui does not know.
        silent: Says nothing on stderr.
        max_tuning_runs: Most child runs of a search, the best ones by rank; None for all.
        log_post_training_metrics: Whether ``model.score(…)`` and functions of ``sklearn.metrics`` that are called
            later with a model's predictions are logged as ``<metric>_<name of the data's variable>``.
        serialization_format: 'skops'; MLflow's other ones hold pickles, and skops is taken instead.
        registered_model_name: Registers each model under this name.
        pos_label: The label that counts as positive in scores of two classes.
        extra_tags: Tags of each run.

    Raises:
        UsageError: ``max_tuning_runs`` is negative.
        Refused: scikit-learn is not installed.
    """
    from mlops_store.errors import Refused, UsageError
    from mlops_tui.tracking import remarks

    if max_tuning_runs is not None and max_tuning_runs < 0:
        raise UsageError(f"max_tuning_runs cannot be {max_tuning_runs}", "give a count, or None for all")
    try:
        from mlops_tui.sklearn import patches
    except ImportError as error:
        raise Refused(f"scikit-learn cannot be loaded ({error})", "pip install scikit-learn") from error
    if serialization_format != "skops" and not silent:
        remarks.once(
            f"sklearn {serialization_format}",
            f"models are kept through skops instead of {serialization_format}: no pickle is written",
        )
    if disable or (disable_for_unsupported_versions and not patches.is_known_version()):
        patches.remove()
        return
    patches.install(
        Settings(
            log_input_examples=log_input_examples,
            log_model_signatures=log_model_signatures,
            log_models=log_models,
            log_datasets=log_datasets,
            exclusive=exclusive,
            silent=silent,
            max_tuning_runs=max_tuning_runs,
            log_post_training_metrics=log_post_training_metrics,
            registered_model_name=registered_model_name,
            pos_label=pos_label,
            extra_tags=dict(extra_tags or {}),
        )
    )


__all__ = ["autolog"]
