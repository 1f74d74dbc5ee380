"""Which inputs a log of requests does not hold as they were asked: a note beside its files, for who asks them again."""

from __future__ import annotations

import json
import os
import re
import uuid
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from mlops_tui.serve import log_folder

if TYPE_CHECKING:
    import pandas as pd

#: After the names of all files of rows, which begin with a date: the oldest files are deleted, and this one never is.
_FILE = "redacted.json"
#: Of a hash so many hexadecimal digits are kept: 64 bits tell a billion values apart.
HASH_DIGITS = 16
_HASH = rf"[0-9a-f]{{{HASH_DIGITS}}}"


@dataclass(frozen=True, slots=True)
class Redacted:
    """Inputs that were left out of a log, and inputs of which it has hashes."""

    dropped: frozenset[str] = frozenset()
    hashed: frozenset[str] = frozenset()

    def lacking(self, frame: pd.DataFrame) -> list[str]:
        """Which of them a table of inputs has not as they were asked; a file from before or after a rule has them."""
        gone = [name for name in self.dropped if name not in frame.columns or bool(frame[name].isna().all())]
        return sorted([*gone, *(name for name in self.hashed if name in frame.columns and _is_hashed(frame[name]))])

    def is_beyond(self, other: Redacted) -> bool:
        """Whether it has inputs that the other one has not."""
        return not (self.dropped <= other.dropped and self.hashed <= other.hashed)


def note(directory: str, found: Redacted) -> None:
    """Adds to what is known of a log.

    Raises:
        OSError: That cannot be written.
    """
    known = read(directory)
    if not found.is_beyond(known):
        return
    said = {
        "dropped": sorted(known.dropped | found.dropped),
        "hashed": sorted(known.hashed | found.hashed),
    }
    name = f"{_FILE}.{uuid.uuid4().hex}"
    with os.fdopen(log_folder.opened(directory, name), "w", encoding="utf-8") as file:
        json.dump(said, file)
    os.replace(os.path.join(directory, name), os.path.join(directory, _FILE))


def read(directory: str) -> Redacted:
    """What is known of a log; nothing where nobody noted anything, or the note is none."""
    try:
        with open(os.path.join(directory, _FILE), encoding="utf-8") as file:
            said = json.load(file)
        return Redacted(frozenset(map(str, said["dropped"])), frozenset(map(str, said["hashed"])))
    except (OSError, ValueError, KeyError, TypeError):
        return Redacted()


def _is_hashed(values: pd.Series[Any]) -> bool:
    return all(isinstance(value, str) and re.fullmatch(_HASH, value) for value in values.dropna())
