"""Labels that clients posted for answers of versions that are compared: read as they come, and joined by id.

The files are those of ``/labels`` of the versions' servers; each line is read once.
"""

from __future__ import annotations

import json
import os
import time
from typing import Any

from mlops_store import traffic_counts
from mlops_store.store import Store
from mlops_tui.traffic import truth

#: Bytes that are read at a time.
_CHUNK = 4 << 20
#: How long a label waits for its answer to be written down, in seconds, and how many do that were looked for in vain.
_PATIENCE_S = 30.0
_MOST_WAITING = 10_000


class Labels:
    """The labels of a model.

    Args:
        model: The model.
        directory: Where its labels are.
    """

    def __init__(self, model: str, directory: str) -> None:
        self._model = model
        self._directory = directory
        self._read: dict[str, int] = {}
        self._waiting: list[tuple[float, str, Any]] = []

    def join(self, store: Store) -> bool:
        """Counts what has come since the last time; in a thread. False where that was nothing.

        Raises:
            StoreError: The store cannot be written now; labels wait.
        """
        now = time.monotonic()
        if len(self._waiting) < _MOST_WAITING:  # else the store could not be written, and the files keep the others
            self._waiting += [(now, name, label) for name, label in self._fresh()]
        if not self._waiting:
            return False
        is_counted = False
        left: list[tuple[float, str, Any]] = []
        with store.write() as db:
            for since, name, label in self._waiting:
                answers = traffic_counts.take_answers(db, self._model, name)
                for answer in answers:
                    tally = truth.compared(json.loads(answer.prediction), label)
                    traffic_counts.add_tally(db, answer.period_id, is_candidate=answer.is_candidate, tally=tally)
                    is_counted = True
                if not answers and now - since < _PATIENCE_S:
                    left.append((since, name, label))
        self._waiting = left[-_MOST_WAITING + 1 :]
        return is_counted

    def _fresh(self) -> list[tuple[str, Any]]:
        """(Id, label) of each line that was written since the last time."""
        found: list[tuple[str, Any]] = []
        try:
            with os.scandir(self._directory) as listing:
                files = sorted((entry.name, entry.path, entry.stat().st_size) for entry in listing if entry.is_file())
        except OSError:
            return found
        self._read = {name: self._read.get(name, 0) for name, _, _ in files}
        for name, path, size in files:
            if size > self._read[name]:
                with open(path, "rb") as file:
                    file.seek(self._read[name])
                    content = file.read(_CHUNK)
                whole = content[: content.rfind(b"\n") + 1]
                self._read[name] += len(whole)
                found += [pair for line in whole.splitlines() if (pair := _pair(line)) is not None]
        return found


def _pair(line: bytes) -> tuple[str, Any] | None:
    try:
        found = json.loads(line)
        return str(found["id"]), found["label"]
    except (ValueError, KeyError, TypeError, RecursionError):
        return None
