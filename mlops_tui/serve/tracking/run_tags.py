"""Tags of runs, some of which say what a run's columns say too: its name, parent, user, source and commit."""

from __future__ import annotations

import sqlite3
from collections.abc import Mapping
from typing import Any

from mlops_store import run_facts, run_rows, runs
from mlops_store.records import RunKind
from mlops_tui.interop import mlflow_words
from mlops_tui.interop.mlflow_words import NAME_TAG, PARENT_TAG
from mlops_tui.serve.tracking import names
from mlops_tui.serve.tracking.experiments import Tag


def checked(tag: Tag, path: str = "") -> tuple[str, str]:
    """Key and value of a tag, the value cut at its greatest length.

    Raises:
        Fault: It has a key that no tag has.
    """
    place = f"{path}.key" if path else "key"
    names.require_name(tag.key, place)
    names.require_length(place, tag.key, names.KEY_CHARACTERS)
    return tag.key, tag.value[: names.TAG_CHARACTERS]


def put(db: sqlite3.Connection, run_id: str, tags: Mapping[str, str]) -> None:
    """Stores tags of a run and what they say of it. Needs a write transaction."""
    runs.set_tags(db, run_id, tags)
    said = columns(db, tags)
    if not said and not tags.get(NAME_TAG):
        return
    standing = run_facts.standing(db, run_id)
    assert standing is not None
    number, _, kind = standing
    # a stage's run is found by the stage's name, whatever a script in it calls it
    if tags.get(NAME_TAG) and kind == RunKind.RUN:
        said["name"] = tags[NAME_TAG]
    if said:
        run_rows.update(db, number, said)


def columns(db: sqlite3.Connection, tags: Mapping[str, str]) -> dict[str, Any]:
    """The columns of a run that some tags stand for; its name is not among them."""
    if not any(key.startswith("mlflow.") for key in tags):
        return {}
    said = run_rows.columns(db, mlflow_words.attributes(tags, "", "", ""))
    if tags.get(PARENT_TAG):
        parent = run_facts.standing(db, tags[PARENT_TAG])
        if parent is not None:
            said["parent_id"] = parent[0]
    return said
