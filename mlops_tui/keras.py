"""Keras: ``model.fit(…, callbacks=[mlops_tui.keras.MlopsCallback()])`` logs params, the model's summary and metrics.

Importing this module loads Keras, whatever its backend; nothing else of mlops-tui does.
"""

from __future__ import annotations

from typing import Any

import keras

import mlops_tui as mlops
from mlops_store.errors import UsageError
from mlops_tui.tracking.run import ActiveRun


class MlopsCallback(keras.callbacks.Callback):  # type: ignore[misc,unused-ignore]
    """Logs into the active run, else into one of its own, which it ends. As ``mlflow.keras.MlflowCallback``.

    Args:
        log_every_epoch: Logs the metrics at the end of each epoch, by epoch.
        log_every_n_steps: Instead of that, logs them after so many batches, by batch.

    Raises:
        UsageError: Both are asked for, or neither.
    """

    def __init__(self, log_every_epoch: bool = True, log_every_n_steps: int | None = None) -> None:
        super().__init__()
        if log_every_epoch == (log_every_n_steps is not None):
            raise UsageError(
                "metrics are logged either every epoch or every n steps",
                "give log_every_epoch=False together with log_every_n_steps",
            )
        self._every_steps = log_every_n_steps
        self._run: ActiveRun | None = None
        self._is_own = False
        self._is_training = False
        self._steps = 0

    def on_train_begin(self, logs: dict[str, Any] | None = None) -> None:
        """Logs how the model is trained and what it looks like."""
        self._begin()
        self._is_training, self._steps = True, 0
        optimizer = getattr(self.model, "optimizer", None)
        found = {f"optimizer_{name}": value for name, value in optimizer.get_config().items()} if optimizer else {}
        trained = {name: value for name, value in (self.params or {}).items() if name in ("epochs", "steps")}
        lines: list[str] = []
        self.model.summary(print_fn=lambda line, **_: lines.append(line))
        mlops.log_params({**found, **trained})
        mlops.log_text("\n".join(lines), "model_summary.txt")

    def on_train_batch_end(self, batch: int, logs: dict[str, Any] | None = None) -> None:
        """Logs the metrics of every n-th batch."""
        self._steps += 1
        if self._every_steps and self._steps % self._every_steps == 0:
            self._log(logs, self._steps)

    def on_epoch_end(self, epoch: int, logs: dict[str, Any] | None = None) -> None:
        """Logs the metrics of an epoch."""
        if self._every_steps is None:
            self._log(logs, epoch)

    def on_train_end(self, logs: dict[str, Any] | None = None) -> None:
        """Ends a run of its own."""
        self._is_training = False
        self._end()

    def on_test_end(self, logs: dict[str, Any] | None = None) -> None:
        """Logs what ``model.evaluate`` found as ``validation_…``; in training, epochs have it as ``val_…``."""
        if self._is_training:
            return
        self._begin()
        self._log({f"validation_{name}": value for name, value in (logs or {}).items()}, None)
        self._end()

    def _begin(self) -> None:
        self._is_own = mlops.active_run() is None
        self._run = mlops.active_run() or mlops.start_run()

    def _log(self, logs: dict[str, Any] | None, step: int | None) -> None:
        if logs and self._run is not None:
            self._run.log_metrics(logs, step)

    def _end(self) -> None:
        if self._is_own and self._run is not None:
            self._run.end()
        self._run, self._is_own = None, False


__all__ = ["MlopsCallback"]
