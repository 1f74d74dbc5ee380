"""Views that are saved by name in the store."""

from __future__ import annotations

import json
import sqlite3

from mlops_store import run_views
from mlops_store.errors import UsageError
from mlops_store.run_views import SavedView
from mlops_tui.compare.views import Goal, RunsView, check, read, shape

#: Characters of a name.
LONGEST = 100


def problem(name: str) -> str:
    """What is wrong with the name of a view; "" when it will do."""
    if not name.strip():
        return "a view has a name"
    if len(name) > LONGEST or not name.isprintable():
        return f"the name of a view is at most {LONGEST} characters that can be printed"
    return "" if name == name.strip() else "the name begins or ends with a space"


def save(db: sqlite3.Connection, name: str, view: RunsView, author: str, goal: Goal) -> SavedView | None:
    """Saves a view in the place of the one of that name, which is returned. Needs a write transaction.

    Raises:
        UsageError: The name will not do, or the view is not understood.
    """
    if wrong := problem(name):
        raise UsageError(wrong)
    check(view, goal)
    return run_views.save(db, name, json.dumps(shape(view)), author)


def get(db: sqlite3.Connection, name: str, goal: Goal) -> RunsView:
    """The view of a name.

    Raises:
        NotFound: There is none.
        UsageError: It is not understood, because a newer program wrote it.
    """
    return content(run_views.get(db, name), goal)


def content(saved: SavedView, goal: Goal) -> RunsView:
    """What a saved view shows.

    Raises:
        UsageError: It is not understood, because a newer program wrote it.
    """
    try:
        return read(json.loads(saved.body), goal)
    except (ValueError, RecursionError) as error:
        raise UsageError(f"the view {saved.name!r} cannot be read", "save it again") from error


__all__ = ["LONGEST", "content", "get", "problem", "save"]
