"""Looking at a source through a copy in the cache directory."""

from __future__ import annotations

import os
import sqlite3
from collections.abc import Callable
from pathlib import Path

import pytest

from mlops_store import runs
from mlops_store.errors import StoreReadOnly
from mlops_store.store import Store
from mlops_tui.interop import kinds, viewing
from mlops_tui.interop.viewing import View

Make = Callable[..., Path]


@pytest.fixture(autouse=True)
def cache(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    path = tmp_path / "cache"
    monkeypatch.setenv("XDG_CACHE_HOME", str(path))
    return path


def shown(view: View) -> set[str]:
    with Store(view.project.store_path, view_of=view.project.view_of) as store:
        return {run.name for run in runs.by_ids(store.read(), runs.ids(store.read()))}


def test_the_copy_shows_what_is_in_the_source_and_lies_in_the_cache(database: Make, cache: Path) -> None:
    path = database("mlflow-3.17")
    before = sorted(entry.name for entry in os.scandir(path.parent)), path.read_bytes()
    view = View(str(path))
    view.fill()
    assert shown(view) == {"parent", "child", "bad", "model", "live"}
    assert view.project.store_path.startswith(str(cache / "mlops-tui" / "views"))
    assert view.project.name == path.name
    names = sorted(entry.name for entry in os.scandir(path.parent) if entry.name != "cache")
    assert (names, path.read_bytes()) == before


def test_nothing_can_be_changed_and_the_refusal_says_what_would_help(database: Make) -> None:
    path = database("mlflow-3.17")
    view = View(str(path))
    view.fill()
    with (
        Store(view.project.store_path, view_of=view.project.view_of) as store,
        pytest.raises(StoreReadOnly, match="only looked at") as caught,
        store.write(),
    ):
        raise AssertionError("it let us write")
    assert caught.value.hint == f"to change runs: mlops-tui import {path}"


def test_runs_that_come_go_and_come_back_are_followed(database: Make) -> None:
    path = database("mlflow-3.17")
    view = View(str(path))
    view.fill()
    with sqlite3.connect(path) as source:
        source.execute("UPDATE runs SET lifecycle_stage = 'deleted' WHERE name = 'bad'")
        source.execute("UPDATE runs SET lifecycle_stage = 'active' WHERE name = 'gone'")
        source.execute("DELETE FROM runs WHERE name = 'model'")
    view.fill()
    assert shown(view) == {"parent", "child", "live", "gone"}
    with sqlite3.connect(path) as source:
        source.execute("UPDATE runs SET lifecycle_stage = 'active' WHERE name = 'bad'")
    view.fill()
    assert "bad" in shown(view)


def test_the_same_source_has_the_same_copy_however_it_is_named(database: Make, monkeypatch: pytest.MonkeyPatch) -> None:
    path = database("mlflow-3.17", "mlflow.db")
    monkeypatch.chdir(path.parent)
    assert View("mlflow.db").project.root == View(str(path)).project.root == View(".").project.root


def test_a_source_that_grows_is_followed_in_the_background(database: Make, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(viewing, "PACE_S", 0.01)
    path = database("mlflow-3.17")
    view = View(str(path))
    view.fill()
    view.follow()
    with sqlite3.connect(path) as source:
        source.execute("UPDATE tags SET value = 'renamed' WHERE key = 'mlflow.runName' AND value = 'live'")
    with Store(view.project.store_path, view_of=view.project.view_of) as store:
        version = store.data_version()
        while not store.read().execute("SELECT 1 FROM runs WHERE name = 'renamed'").fetchone():
            assert version <= store.data_version()
    view.stop()


@pytest.mark.parametrize("name", ["mlruns", "wandb", "tensorboard", "dvclive"])
def test_folders_are_recognised_but_projects_with_such_folders_are_not(name: str, folder: Make) -> None:
    path = folder(name)
    assert kinds.kind_of(str(path)) == name
    (path.parent / "train.py").write_text("pass")
    assert kinds.kind_of(str(path.parent)) == ""
