"""PyTorch Lightning: ``Trainer(logger=mlops_tui.lightning.MlopsLogger())`` logs params, metrics and checkpoints.

Importing this module loads Lightning; nothing else of mlops-tui does. Both of its packages will do, ``lightning`` and
``pytorch_lightning``: the one that the script has imported counts.
"""

from __future__ import annotations

import os
import sys
from argparse import Namespace
from collections.abc import Mapping
from importlib import import_module
from typing import Any, Literal

import mlops_tui as mlops
from mlops_tui.tracking.run import ActiveRun

_OLD, _NEW = "pytorch_lightning", "lightning.pytorch"


def _loaded() -> Any:
    """The package whose classes a trainer of this process knows."""
    if _OLD in sys.modules and _NEW not in sys.modules:
        return sys.modules[_OLD]
    try:
        return import_module(_NEW)
    except ModuleNotFoundError:
        return import_module(_OLD)


_lightning = _loaded()
_rank_zero_only = import_module(f"{_lightning.__name__}.utilities.rank_zero").rank_zero_only
_Logger: Any = import_module(f"{_lightning.__name__}.loggers.logger").Logger


class MlopsLogger(_Logger):  # type: ignore[misc,unused-ignore]
    """Logs into the active run, else into one of its own, which it ends. As Lightning's own ``MLFlowLogger``.

    Args:
        experiment_name: The experiment of a run of its own.
        run_name: What people call that.
        tags: Its tags.
        log_model: Whether checkpoints are stored as artifacts: those that are left at the end, or 'all' when they come.
        prefix: Put before the names of metrics, with a dash.
        run_id: Goes on with this run.
    """

    def __init__(
        self,
        experiment_name: str | None = None,
        run_name: str | None = None,
        tags: Mapping[str, Any] | None = None,
        log_model: bool | Literal["all"] = False,
        prefix: str = "",
        run_id: str | None = None,
    ) -> None:
        super().__init__()
        self._experiment_name = experiment_name
        self._run_name = run_name
        self._tags = tags
        self._log_model = log_model
        self._prefix = f"{prefix}-" if prefix else ""
        self._run_id = run_id
        self._run: ActiveRun | None = None
        self._is_own = False
        self._checkpoints: Any = None
        self._stored: dict[str, float] = {}

    @property
    def experiment(self) -> ActiveRun | None:
        """The run; None in all processes but the first of several that train together."""
        if self._run is None and getattr(_rank_zero_only, "rank", 0) in (0, None):
            active = mlops.active_run()
            self._is_own = active is None or self._run_id is not None
            if self._is_own:
                self._run = mlops.start_run(
                    run_id=self._run_id,
                    experiment=self._experiment_name,
                    run_name=self._run_name,
                    nested=active is not None,
                    tags=self._tags,
                )
            else:
                self._run = active
        return self._run

    @property
    def name(self) -> str | None:
        """The experiment's name."""
        run = self.experiment
        return self._experiment_name if run is None else run.experiment or self._experiment_name

    @property
    def version(self) -> str | None:
        """The run's id, which names the folder of checkpoints."""
        run = self.experiment
        return None if run is None else run.run_id

    def log_hyperparams(self, params: Mapping[str, Any] | Namespace, *args: Any, **kwargs: Any) -> None:
        """Logs the hyperparameters of the model and its data, those of groups as ``group/name``."""
        if (run := self.experiment) is not None:
            run.log_params(_flat(vars(params) if isinstance(params, Namespace) else params))

    def log_metrics(self, metrics: Mapping[str, float], step: int | None = None) -> None:
        """Logs metrics at the trainer's step."""
        if (run := self.experiment) is not None:
            run.log_metrics({f"{self._prefix}{name}": value for name, value in metrics.items()}, step)

    def after_save_checkpoint(self, checkpoint_callback: Any) -> None:
        """Stores new checkpoints, or remembers where the last ones will be."""
        self._checkpoints = checkpoint_callback
        if self._log_model == "all":
            self._store_checkpoints()

    def finalize(self, status: str) -> None:
        """Stores what is left of checkpoints and ends a run of its own."""
        if self._run is None:
            return
        if self._log_model:
            self._store_checkpoints()
        if self._is_own:
            self._run.end("FAILED" if status == "failed" else "FINISHED")

    def _store_checkpoints(self) -> None:
        kept = self._checkpoints
        if kept is None or self._run is None:
            return
        paths = {*getattr(kept, "best_k_models", ()), getattr(kept, "best_model_path", ""), kept.last_model_path}
        for path in sorted(path for path in map(str, paths) if os.path.exists(path)):
            at = os.path.getmtime(path)
            if self._stored.get(path) != at:
                self._stored[path] = at
                mlops.log_artifact(path, "checkpoints", self._run.run_id)


def _flat(values: Mapping[Any, Any], prefix: str = "") -> dict[str, Any]:
    found: dict[str, Any] = {}
    for name, value in values.items():
        if isinstance(value, Namespace):
            value = vars(value)
        if isinstance(value, Mapping) and value:
            found.update(_flat(value, f"{prefix}{name}/"))
        else:
            found[f"{prefix}{name}"] = value
    return found


__all__ = ["MlopsLogger"]
