"""What gates look at: the version that is to move, and who holds the stage now."""

from __future__ import annotations

import json
import os
import tempfile
import threading
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from mlops_store.errors import Refused
from mlops_store.records import ModelVersion
from mlops_store.store import Store
from mlops_tui.config import Config
from mlops_tui.registry import formats
from mlops_tui.registry.files import materialize


@dataclass(frozen=True, slots=True)
class Finding:
    """What a gate found: whether the version may pass, one sentence with the numbers, and the numbers themselves."""

    has_passed: bool
    message: str
    facts: Mapping[str, Any] = field(default_factory=dict)


@dataclass(slots=True)
class Candidate:
    """The version in question.

    Attributes:
        store: The store; gates run in threads, each with a connection of its own.
        config: The configuration.
        root: The project's directory.
        version: The version.
        stage: Where it is to go.
        metrics: Its metrics as they were when it was registered.
        holder: The version that holds the stage, None when there is none.
        holder_metrics: The metrics of that.
    """

    store: Store
    config: Config
    root: str
    version: ModelVersion
    stage: str
    metrics: Mapping[str, float]
    holder: ModelVersion | None
    holder_metrics: Mapping[str, float]
    _lock: threading.Lock = field(default_factory=threading.Lock)
    _opened: tuple[Any, Any] | None = None

    def model(self) -> tuple[Any, Any]:
        """The model itself, and the rows of its input example; loaded once for all gates.

        Raises:
            Refused: It cannot be loaded, or no input example was logged with it.
        """
        with self._lock:
            if self._opened is None:
                with tempfile.TemporaryDirectory(prefix="mlops-gate-") as directory:
                    materialize(self.store, self.version, directory)
                    rows = self._example(directory)
                    self._opened = formats.load(directory), rows
            return self._opened

    def _example(self, directory: str) -> Any:
        try:
            with open(os.path.join(directory, formats.DESCRIPTION_FILE), encoding="utf-8") as file:
                example = json.load(file).get("input_example")
        except (OSError, ValueError, AttributeError):
            example = None
        if not isinstance(example, dict):
            raise Refused(
                f"{self.version.model}/{self.version.version} was logged without an input example",
                "log it with one: mlops.log_model(model, input_example=features.head(3))",
            )
        return _rows(example)


def _rows(example: Mapping[str, Any]) -> Any:
    """The rows of an input example, as ``signatures.example`` wrote them."""
    if "dataframe_split" in example:
        import pandas as pd

        split = example["dataframe_split"]
        return pd.DataFrame(split["data"], columns=split["columns"])
    import numpy as np

    return np.asarray(example["inputs"])
