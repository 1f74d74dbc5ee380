"""The error tree of mlops-tui.

::

    MlopsError
    ├── UsageError            what was typed cannot be understood (exit code 2)
    │   ├── SpecError         a file that describes the project is wrong: file, line, column
    │   └── NotFound          no run, model, alert … of that name
    ├── Refused               understood, but the rules or the state forbid it (exit code 1)
    │   └── Busy              something else is going on, which will end by itself
    └── StoreError            the store cannot be used
        ├── StoreBusy         another process held the write lock for too long
        ├── StoreNewer        written by a newer mlops-tui
        ├── StoreReadOnly     the file or its directory cannot be written
        ├── StoreFull         the disk is full
        └── StoreDamaged      not a database, or cut short

Every error says in one sentence what happened to which thing; the hint names the edit or command that helps.
"""

from __future__ import annotations

from mlops_store.texts import printable

TYPE_CHECKING = False
if TYPE_CHECKING:  # a training script imports this module: typing and collections.abc would cost it milliseconds
    from collections.abc import Iterable


class MlopsError(Exception):
    """An error that a person can act on.

    Args:
        message: What happened to which thing, one sentence without a full stop at its end.
        hint: The edit or command that helps; empty when there is none.
    """

    exit_code = 1

    def __init__(self, message: str, hint: str = "") -> None:
        super().__init__(message)
        self.message = message
        self.hint = hint

    def __str__(self) -> str:
        """For people, and for the traceback of a script: control characters of names are written out."""
        text = f"{self.message}\n{self.hint}" if self.hint else self.message
        return printable(text, "\n\t")


class UsageError(MlopsError):
    """What was typed cannot be understood."""

    exit_code = 2


class SpecError(UsageError):
    """A file that describes the project is wrong.

    Args:
        message: What is wrong.
        file: The file as a person would name it, relative to the project where possible.
        line: One-based; 0 when unknown.
        column: One-based; 0 when unknown.
        hint: The edit that helps.
    """

    def __init__(self, message: str, *, file: str, line: int = 0, column: int = 0, hint: str = "") -> None:
        place = file + (f":{line}:{column}" if line else "")
        super().__init__(f"{place}: {message}", hint)
        self.reason = message
        self.file = file
        self.line = line
        self.column = column


class NotFound(UsageError):
    """Nothing of that name exists."""


class Refused(MlopsError):
    """The act is understood, but the rules or the present state forbid it."""


class Busy(Refused):
    """Something else is going on, and once it has ended the act can be done."""


class StoreError(MlopsError):
    """The store cannot be used."""


class StoreBusy(StoreError):
    """Another process held the write lock for longer than the busy timeout."""


class StoreNewer(StoreError):
    """The store was written by a newer program."""


class StoreReadOnly(StoreError):
    """The store's file or directory cannot be written."""


class StoreFull(StoreError):
    """The disk that holds the store is full."""


class StoreDamaged(StoreError):
    """The file is not a database or was cut short."""


def nearest(name: str, known: Iterable[str]) -> str:
    """A sentence that names the known word nearest to ``name``, or lists the known ones.

    Args:
        name: What was typed.
        known: The words that would have been accepted.

    Returns:
        ``"did you mean 'auc'?"``, a list of at most eight known words, or "" when none is known.
    """
    import difflib

    words = sorted(set(known))
    close = difflib.get_close_matches(name, words, n=1, cutoff=0.6)
    if close:
        return f"did you mean {close[0]!r}?"
    if not words:
        return ""
    return "known: " + ", ".join(words[:8]) + (" …" if len(words) > 8 else "")
