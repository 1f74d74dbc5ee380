"""``mlops-tui view`` and ``mlops-tui PATH`` on a real terminal."""

from __future__ import annotations

import sqlite3
import sys
from collections.abc import Callable
from pathlib import Path

import pytest
from terminal import Terminal

SOURCES = Path(__file__).parents[1] / "interop" / "sources"


@pytest.fixture
def source(project: Path) -> Path:
    path = project / "mlflow.db"
    db = sqlite3.connect(path)
    db.executescript((SOURCES / "mlflow-3.17.sql").read_text(encoding="utf-8"))
    db.close()
    return path


@pytest.mark.terminal
@pytest.mark.parametrize("words", [("view", "mlflow.db"), ("mlflow.db",)])
def test_a_source_is_shown_and_not_changed(project: Path, source: Path, words: tuple[str, ...], tmp_path: Path) -> None:
    before = source.read_bytes()
    cache = {"XDG_CACHE_HOME": str(tmp_path / "cache")}
    terminal = Terminal([sys.executable, "-m", "mlops_tui", *words], (120, 30), cwd=project, env=cache)
    terminal.wait("view only")
    terminal.wait("parent")
    terminal.send("d")
    terminal.send("y")
    terminal.wait("nothing can be changed here")
    terminal.send("q")
    assert terminal.process.wait(timeout=30) == 0
    terminal.wait("lists them")
    assert source.read_bytes() == before
    assert [path.name for path in project.iterdir()] == ["mlflow.db"]


def test_what_is_no_source_is_refused_in_a_sentence(cli: Callable, project: Path) -> None:
    (project / "notes.txt").write_text("no")
    refused = cli("notes.txt")
    assert (refused.exit_code, "neither a directory nor a store" in refused.stderr) == (2, True)
    assert cli("nowhere").exit_code == 2
