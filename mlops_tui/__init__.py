"""The whole MLOps loop in one terminal: this is the tracking API that training scripts import.

::

    import mlops_tui as mlops

    with mlops.start_run(name="forest", params={"trees": 200}):
        mlops.log_metric("auc", 0.93, step=1)

Names, arguments and meanings are those of MLflow's fluent API. Everything is loaded when it is first used (PEP 562).
"""

from __future__ import annotations

TYPE_CHECKING = False
if TYPE_CHECKING:
    from mlops_tui.tracking.datasets import log_dataset, log_input
    from mlops_tui.tracking.files import (
        get_artifact_uri,
        log_artifact,
        log_artifacts,
        log_dict,
        log_figure,
        log_text,
    )
    from mlops_tui.tracking.fluent import (
        active_run,
        delete_tag,
        end_run,
        get_run,
        last_active_run,
        log_metric,
        log_metrics,
        log_param,
        log_params,
        set_experiment,
        set_tag,
        set_tags,
        start_run,
    )
    from mlops_tui.tracking.images import log_image
    from mlops_tui.tracking.models import log_model, register_model
    from mlops_tui.tracking.predictions import log_predictions
    from mlops_tui.tracking.run import ActiveRun, Run
    from mlops_tui.tracking.search import runs_frame, search_runs
    from mlops_tui.tracking.system_metrics import (
        disable_system_metrics_logging,
        enable_system_metrics_logging,
        set_system_metrics_node_id,
        set_system_metrics_samples_before_logging,
        set_system_metrics_sampling_interval,
    )
    from mlops_tui.tracking.tables import load_table, log_table

__all__ = [
    "ActiveRun",
    "Run",
    "active_run",
    "delete_tag",
    "disable_system_metrics_logging",
    "enable_system_metrics_logging",
    "end_run",
    "get_artifact_uri",
    "get_run",
    "last_active_run",
    "load_table",
    "log_artifact",
    "log_artifacts",
    "log_dataset",
    "log_dict",
    "log_figure",
    "log_image",
    "log_input",
    "log_metric",
    "log_metrics",
    "log_model",
    "log_param",
    "log_params",
    "log_predictions",
    "log_table",
    "log_text",
    "register_model",
    "runs_frame",
    "search_runs",
    "set_experiment",
    "set_system_metrics_node_id",
    "set_system_metrics_samples_before_logging",
    "set_system_metrics_sampling_interval",
    "set_tag",
    "set_tags",
    "start_run",
]

_HOMES = {
    "datasets": ("log_dataset", "log_input"),
    "files": ("get_artifact_uri", "log_artifact", "log_artifacts", "log_dict", "log_figure", "log_text"),
    "images": ("log_image",),
    "models": ("log_model", "register_model"),
    "predictions": ("log_predictions",),
    "run": ("ActiveRun", "Run"),
    "search": ("runs_frame", "search_runs"),
    "system_metrics": (
        "disable_system_metrics_logging",
        "enable_system_metrics_logging",
        "set_system_metrics_node_id",
        "set_system_metrics_samples_before_logging",
        "set_system_metrics_sampling_interval",
    ),
    "tables": ("load_table", "log_table"),
}


#: Modules for libraries, which they load.
_LIBRARIES = ("keras", "lightning", "sklearn", "transformers")


def __getattr__(name: str) -> object:
    if name not in __all__ and name not in _LIBRARIES:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    import sys

    if name in _LIBRARIES:
        try:
            __import__(f"{__name__}.{name}")
        except ModuleNotFoundError as error:
            raise AttributeError(f"mlops_tui.{name} needs {error.name}: pip install {error.name}") from error
        return sys.modules[f"{__name__}.{name}"]
    home = next((module for module, names in _HOMES.items() if name in names), "fluent")
    path = f"{__name__}.tracking.{home}"
    __import__(path)
    value = globals()[name] = getattr(sys.modules[path], name)
    return value


def __dir__() -> list[str]:
    return sorted({*globals(), *__all__, *_LIBRARIES})
