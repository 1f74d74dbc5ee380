"""SQLite files that were cut or changed anywhere are read as far as they can be, and never end in a traceback."""

from __future__ import annotations

import sqlite3
from collections.abc import Callable
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from mlops_store import runs
from mlops_store.errors import Busy, MlopsError, Refused
from mlops_store.store import Store
from mlops_tui.interop import importing, kinds, sqlite
from mlops_tui.interop.importing import Options, Report
from mlops_tui.interop.source import Problems

Make = Callable[..., Path]


@pytest.mark.parametrize(("name", "kind"), [("mlflow-3.17", "mlflow"), ("optuna-5", "optuna"), ("trackio", "trackio")])
@given(data=st.data())
@settings(max_examples=60, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_a_damaged_database_gives_what_is_whole_and_says_what_is_not(
    tmp_path: Path, database: Make, name: str, kind: str, data: st.DataObject
) -> None:
    path = tmp_path / f"{name}.db"
    if not path.exists():
        (tmp_path / "whole").write_bytes(database(name).read_bytes())
    changed = bytearray((tmp_path / "whole").read_bytes())
    if data.draw(st.booleans()):
        changed = changed[: data.draw(st.integers(0, len(changed)))]
    else:
        place = data.draw(st.integers(0, len(changed) - 1))
        size = data.draw(st.integers(1, 4096))
        changed[place : place + size] = data.draw(st.binary(min_size=1, max_size=8)) * (size // 8 + 1)
    path.write_bytes(changed)
    problems = Problems()
    try:
        source = kinds.open_source(str(path), problems, kind)
    except MlopsError:
        return
    report = importing.take_over(None, source, problems, Options(is_dry_run=True))
    assert report.is_complete or problems.count


def test_a_schema_that_is_no_text_is_refused(database: Make) -> None:
    path = database("trackio")
    path.write_bytes(path.read_bytes().replace(b"CREATE TABLE configs", b"CR\x9fATE TABLE configs"))
    with pytest.raises(Refused, match="damaged"), sqlite.opened(str(path)) as db:
        db.execute("SELECT * FROM metrics")
    with pytest.raises(MlopsError):
        kinds.open_source(str(path), Problems())


def test_a_database_that_its_program_keeps_locked_is_called_so(database: Make, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sqlite, "_PATIENCE_S", 0.05)
    path = database("mlflow-3.17")
    holder = sqlite3.connect(path, isolation_level=None)
    holder.execute("BEGIN EXCLUSIVE")
    with pytest.raises(Busy, match="locked by another process"):
        kinds.open_source(str(path), Problems())
    holder.close()
    assert kinds.open_source(str(path), Problems()).kind == "mlflow"


def test_what_the_damage_has_spared_is_stored(store: Store, database: Make, take_over: Callable[..., Report]) -> None:
    path = database("mlflow-3.17")
    data = bytearray(path.read_bytes())
    page = data.index(b"a *note*") // 4096 * 4096
    data[page : page + 4096] = bytes(4096)
    path.write_bytes(data)
    report = take_over(path)
    assert any("not all of its tags can be read" in problem.message for problem in report.problems)
    assert report.runs_added == 7
    (parent,) = [run for run in runs.by_ids(store.read(), runs.ids(store.read())) if run.params]
    assert (parent.params, parent.metrics["loss"]) == ({"lr": "0.1", "depth": "4"}, pytest.approx(0.2))


@pytest.mark.parametrize("wrong", [0, 999, 1000, 2400])
def test_a_text_that_is_no_utf_8_is_read_among_the_others(tmp_path: Path, wrong: int) -> None:
    path = tmp_path / "some.db"
    with sqlite3.connect(path) as made:
        made.execute("CREATE TABLE texts (number INTEGER PRIMARY KEY, text)")
        made.executemany("INSERT INTO texts VALUES (?, ?)", [(number, f"text {number}") for number in range(2500)])
        made.execute("UPDATE texts SET text = CAST(x'61ff62' AS TEXT) WHERE number = ?", (wrong,))
    made.close()
    with sqlite.opened(str(path)) as db:
        found = list(sqlite.rows(db, "SELECT number, text FROM texts ORDER BY number", ()))
    assert [number for number, _ in found] == list(range(2500))
    assert {number: text for number, text in found if text != f"text {number}"} == {wrong: "a\\xffb"}
