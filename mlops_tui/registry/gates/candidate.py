"""What gates look at: the version that is to move, and who holds the stage now."""

from __future__ import annotations

import threading
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from mlops_store.errors import Refused
from mlops_store.records import ModelVersion
from mlops_store.store import Store
from mlops_tui.config import Config
from mlops_tui.registry import formats
from mlops_tui.registry.formats import Loaded


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
    _opened: tuple[Loaded, Any] | None = None

    def model(self) -> tuple[Loaded, Any]:
        """The model itself, and the rows of its input example; loaded once for all gates.

        Raises:
            Refused: It cannot be loaded, or no input example was logged with it.
        """
        with self._lock:
            if self._opened is None:
                self._opened = opened(self.store, self.version)
            return self._opened


def opened(store: Store, version: ModelVersion) -> tuple[Any, Any]:
    """A version's model, and the rows of its input example.

    Raises:
        Refused: It cannot be loaded, or no input example was logged with it.
    """
    loaded = formats.load_version(store, version)
    rows = loaded.example()
    if rows is None:
        raise Refused(
            f"{version.model}/{version.version} was logged without an input example",
            "log it with one: mlops.log_model(model, input_example=features.head(3))",
        )
    return loaded, rows
