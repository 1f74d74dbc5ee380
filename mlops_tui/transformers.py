"""transformers: ``Trainer(…, callbacks=[mlops_tui.transformers.MlopsCallback()])`` logs params, metrics, checkpoints.

Importing this module loads transformers; nothing else of mlops-tui does.
"""

from __future__ import annotations

import os
from collections.abc import Iterator, Mapping
from typing import Any

from transformers import TrainerCallback

import mlops_tui as mlops
from mlops_tui.tracking.run import ActiveRun


class MlopsCallback(TrainerCallback):  # type: ignore[misc,unused-ignore]
    """Logs into the active run, else into one of its own, which it ends. As transformers' own ``MLflowCallback``.

    Of several processes that train together the first one logs.

    Args:
        log_artifacts: Whether each checkpoint is stored as artifacts.
    """

    def __init__(self, log_artifacts: bool = False) -> None:
        self._log_artifacts = log_artifacts
        self._run: ActiveRun | None = None
        self._is_own = False

    def on_train_begin(self, args: Any, state: Any, control: Any, model: Any = None, **kwargs: Any) -> None:
        """Logs the training's arguments and the model's configuration."""
        self._begin(args, state, model)

    def on_log(
        self,
        args: Any,
        state: Any,
        control: Any,
        logs: Mapping[str, Any] | None = None,
        model: Any = None,
        **kwargs: Any,
    ) -> None:
        """Logs what the trainer logs, by its step."""
        self._begin(args, state, model)
        if self._run is not None and logs:
            figures = {name: value for name, value in logs.items() if not isinstance(value, str)}
            self._run.log_metrics(figures, state.global_step)

    def on_save(self, args: Any, state: Any, control: Any, **kwargs: Any) -> None:
        """Stores a checkpoint."""
        if self._run is not None and self._log_artifacts:
            name = f"checkpoint-{state.global_step}"
            mlops.log_artifacts(os.path.join(args.output_dir, name), name, self._run.run_id)

    def on_train_end(self, args: Any, state: Any, control: Any, **kwargs: Any) -> None:
        """Ends a run of its own."""
        if self._is_own and self._run is not None:
            self._run.end()
            self._run, self._is_own = None, False

    def _begin(self, args: Any, state: Any, model: Any) -> None:
        if (self._run is not None and not self._run.has_ended) or not state.is_world_process_zero:
            return
        self._is_own = mlops.active_run() is None
        self._run = mlops.active_run() or mlops.start_run(run_name=getattr(args, "run_name", None))
        config: Any = getattr(model, "config", None)
        described = config.to_dict() if hasattr(config, "to_dict") else {}
        self._run.log_params(dict(_flat({**described, **args.to_dict()})))


def _flat(values: Mapping[Any, Any], prefix: str = "") -> Iterator[tuple[str, Any]]:
    for name, value in values.items():
        if isinstance(value, Mapping) and value:
            yield from _flat(value, f"{prefix}{name}.")
        else:
            yield f"{prefix}{name}", value


__all__ = ["MlopsCallback"]
