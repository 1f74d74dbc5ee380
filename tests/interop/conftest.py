"""Sources made by the other tools themselves (see ``make_sources.py``), and a store to take them over into."""

from __future__ import annotations

import sqlite3
import tarfile
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from mlops_store.import_records import ImportedRun
from mlops_store.store import Store
from mlops_tui.interop import importing, kinds
from mlops_tui.interop.importing import Options, Report
from mlops_tui.interop.source import Problems

SOURCES = Path(__file__).parent / "sources"


@pytest.fixture
def database(tmp_path: Path) -> Callable[..., Path]:
    """Makes an SQLite file of a kept one."""

    def make(name: str, file: str = "") -> Path:
        path = tmp_path / (file or f"{name}.db")
        db = sqlite3.connect(path)
        db.executescript((SOURCES / f"{name}.sql").read_text(encoding="utf-8"))
        db.close()
        return path

    return make


@pytest.fixture
def folder(tmp_path: Path) -> Callable[[str], Path]:
    """Unpacks a kept folder."""

    def make(name: str) -> Path:
        with tarfile.open(SOURCES / f"{name}.tar.gz") as archive:
            top = archive.getnames()[0].split("/")[0]
            archive.extractall(tmp_path, filter="fully_trusted")  # with the links that lead out of it
        return tmp_path / top

    return make


@pytest.fixture
def store(tmp_path: Path) -> Iterator[Store]:
    """An empty store."""
    with Store(str(tmp_path / "project" / ".mlops" / "store.db")) as made:
        yield made


def read(path: Path, problems: Problems | None = None, kind: str = "") -> dict[str, ImportedRun]:
    """The runs of a source by name."""
    source = kinds.open_source(str(path), problems or Problems(), kind)
    return {found.run.name: found.run for found in source.runs()}


@pytest.fixture
def runs_of() -> Callable[..., dict[str, ImportedRun]]:
    return read


@pytest.fixture
def take_over(store: Store) -> Callable[..., Report]:
    """Takes a source over into the store."""

    def take(path: Path, **options: object) -> Report:
        problems = Problems()
        source = kinds.open_source(str(path), problems)
        return importing.take_over(store, source, problems, Options(**options))  # type: ignore[arg-type]

    return take
