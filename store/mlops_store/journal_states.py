"""What is known of a journal file while it is folded."""

from __future__ import annotations

from typing import Any, NamedTuple


class Journal:
    """What has been learnt of a journal file up to a place.

    Args:
        keysets: The run and the names of each key set; None where the run has ended.
        runs: Run id -> whether the run ends with the process that writes; without those that have ended.
        process: Columns of ``runs`` that all runs of the process have in common.
        name: The file's name.

    Attributes:
        is_closed: Whether its writer has said that it is done.
    """

    __slots__ = ("_numbers", "is_closed", "keysets", "name", "process", "runs")

    def __init__(
        self, keysets: list[list[str] | None], runs: dict[str, bool], process: dict[str, Any], name: str = ""
    ) -> None:
        self.keysets: list[list[str] | None] = []
        self.runs = runs
        self.process = process
        self.name = name
        self.is_closed = False
        self._numbers: dict[str, list[int]] = {}
        for keys in keysets:
            self.add(keys)

    def add(self, keys: list[str] | None) -> None:
        """Takes in the next key set: a run and names."""
        if keys is not None:
            self._numbers.setdefault(keys[0], []).append(len(self.keysets))
        self.keysets.append(keys)

    def close(self) -> None:
        """Takes in that nothing more comes: a run that has not ended goes on in another file."""
        self.is_closed = True
        self.runs.clear()

    def end(self, run_id: str) -> None:
        """Forgets a run that has ended."""
        self.runs.pop(run_id, None)
        for number in self._numbers.pop(run_id, ()):
            self.keysets[number] = None


def holding(run_id: str) -> str:
    """What stands in the column ``journals.runs`` of a process that ends the run; see ``Journal.runs``."""
    return f'"{run_id}": true'


class Applied(NamedTuple):
    """What came of one stretch of a journal.

    Attributes:
        consumed: Bytes of whole frames.
        frames: Whole frames.
        journal: What is known of the file now.
        problem: Why nothing after ``consumed`` can be read; "" when it can.
    """

    consumed: int
    frames: int
    journal: Journal
    problem: str
