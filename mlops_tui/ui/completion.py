"""What the jump line offers: screens, and the names of runs, models, data and stages with what was typed in them."""

from __future__ import annotations

import sqlite3

from mlops_store import heat
from mlops_store.patterns import like_escaped
from mlops_tui.ui import places, shown
from mlops_tui.ui.session import Session
from mlops_tui.ui.text import clean
from mlops_tui.ui.theme import state_word
from mlops_tui.ui.widgets.prompt import Completion

#: Names offered at most.
LIMIT = 50

_RUNS = """SELECT run_id, name, status, started_at FROM runs WHERE deleted_at IS NULL
    AND (name LIKE :within ESCAPE '\\' OR run_id LIKE :start ESCAPE '\\')
    ORDER BY name LIKE :start ESCAPE '\\' DESC, started_at DESC LIMIT :limit"""
_MODELS = """SELECT m.name, max(v.version) FROM registered_models m LEFT JOIN model_versions v ON v.model_id = m.id
    WHERE m.deleted_at IS NULL AND m.name LIKE :within ESCAPE '\\' GROUP BY m.id ORDER BY m.name LIMIT :limit"""
_STAGES = """SELECT stage, max(position) FROM stage_runs WHERE stage LIKE :within ESCAPE '\\'
    GROUP BY stage ORDER BY 2 LIMIT :limit"""
_DATA = """SELECT DISTINCT place FROM datasets WHERE place LIKE :within ESCAPE '\\' ORDER BY place LIMIT :limit"""


def complete(session: Session, text: str) -> list[Completion]:
    """Completions of a jump, the most useful first; runs in a thread.

    Args:
        session: Whose store knows the names.
        text: What was typed after the colon.
    """
    word, space, argument = text.lstrip().partition(" ")
    if not space:
        return _screens(word)
    destination = places.DESTINATIONS.get(places.ALIASES.get(word, word))
    if destination is None or session.store is None:
        return []
    return _arguments(session.store.read(), word, destination.takes, argument.strip())


def _screens(word: str) -> list[Completion]:
    found = [
        Completion(name + (" " if entry.needs_argument else ""), entry.help)
        for name, entry in places.DESTINATIONS.items()
        if name.startswith(word)
    ]
    if word:
        found += [
            Completion(alias, places.DESTINATIONS[name].help)
            for alias, name in places.ALIASES.items()
            if alias.startswith(word)
        ]
    return found


def _arguments(db: sqlite3.Connection, word: str, takes: str, argument: str) -> list[Completion]:
    start = like_escaped(argument) + "%"
    values = {"start": start, "within": "%" + start, "limit": LIMIT}
    if takes in ("run", "runs"):
        return [
            Completion(f"{word} {run_id}", f"{clean(name, 60)}  {state_word(status)}  {shown.moment(at)}")
            for run_id, name, status, at in db.execute(_RUNS, values)
        ]
    if takes == "model":
        return [
            Completion(f"{word} {name}", f"version {version}" if version else "no version yet")
            for name, version in db.execute(_MODELS, values)
        ]
    if takes == "path":
        return [Completion(f"{word} {path}") for (path,) in db.execute(_DATA, values)]
    if takes == "monitor":
        return [Completion(f"{word} {name}") for name in heat.monitors(db) if argument in name]
    if takes == "column":
        return [Completion(f"{word} {name}") for name in heat.columns(db) if argument in name][:LIMIT]
    if takes == "stage":
        return [Completion(f"{word} {name}") for name, _ in db.execute(_STAGES, values)]
    return []
