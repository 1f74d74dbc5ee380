"""The schema: one step after another, all at once, and what is refused."""

from __future__ import annotations

import sqlite3
from pathlib import Path

import pytest
from sqlite_utils import Database

from mlops_store import chunks, fresh, metrics, schema
from mlops_store.errors import StoreDamaged, StoreNewer
from mlops_store.store import APPLICATION_ID, SCHEMA_VERSION, Store

MIGRATIONS = list(fresh.MIGRATIONS)


def shape(connection: sqlite3.Connection) -> set[tuple[str, str, str]]:
    rows = connection.execute("SELECT type, name, sql FROM sqlite_master WHERE sql IS NOT NULL")
    return {(kind, name, " ".join(sql.split())) for kind, name, sql in rows}


def at_step(path: Path, step: int) -> None:
    """A file that has had the first ``step`` migrations, with a row in it."""
    connection = sqlite3.connect(path, isolation_level=None)
    database = Database(connection)
    pending = schema.migrations.pending(database)
    schema.migrations.apply(database, stop_before=pending[step].name if step < len(pending) else None)
    connection.execute(f"PRAGMA user_version = {step}")
    connection.execute("INSERT INTO experiments(name, created_at) VALUES ('kept', 1.0)")
    connection.close()


def test_the_version_is_the_number_of_migrations() -> None:
    assert len(MIGRATIONS) == SCHEMA_VERSION


def test_a_new_store_has_the_schema_that_the_migrations_make(tmp_path: Path) -> None:
    migrated = sqlite3.connect(":memory:", isolation_level=None)
    schema.migrate(migrated)
    with Store(str(tmp_path / "store.db")) as store:
        made = shape(store.read())
    assert made == shape(migrated), "run: python -m mlops_store.schema > store/mlops_store/fresh.py"


def test_the_file_of_the_newest_schema_is_what_the_migrations_print() -> None:
    assert schema.fresh() == Path(fresh.__file__).read_text(encoding="utf-8")


def test_a_new_store_counts_as_fully_migrated(tmp_path: Path) -> None:
    with Store(str(tmp_path / "store.db")) as store:
        assert schema.migrations.pending(Database(store.read())) == []
        assert store.read().execute("PRAGMA application_id").fetchone()[0] == APPLICATION_ID


@pytest.mark.parametrize("step", range(1, SCHEMA_VERSION))
def test_a_file_that_is_behind_is_brought_up_to_date_with_its_rows(tmp_path: Path, step: int) -> None:
    path = tmp_path / "store.db"
    at_step(path, step)
    with Store(str(path), create=False) as store, Store(str(tmp_path / "new.db")) as new:
        assert shape(store.read()) == shape(new.read())
        assert store.read().execute("SELECT name FROM experiments").fetchall() == [("kept",)]
        assert store.read().execute("PRAGMA user_version").fetchone()[0] == SCHEMA_VERSION


def test_points_of_metrics_keep_their_places_when_the_summaries_move(tmp_path: Path) -> None:
    path = tmp_path / "store.db"
    at_step(path, MIGRATIONS.index("m017_metric_summaries"))
    old = sqlite3.connect(path)
    old.execute("INSERT INTO keys(id, name) VALUES (1, 'one'), (2, 'two'), (3, 'long')")
    old.execute(
        "INSERT INTO runs(id, run_id, experiment_id, name, kind, status, started_at, updated_at) "
        "VALUES (7, 'r', 1, 'n', 'run', 'FINISHED', 1, 1)"
    )
    old.executemany(
        "INSERT INTO metrics(id, run_id, key_id, count, nan_count, last_step, last_ms, last_value, min_value, "
        "max_value, total, chunked) VALUES (?, 7, ?, ?, 0, ?, 5000, ?, ?, ?, ?, ?)",
        [
            (4, 1, 1, 0, 0.5, 0.5, 0.5, 0.5, 0),
            (5, 2, 2, 1, 2.0, 1.0, 2.0, 3.0, 0),
            (6, 3, 3, 2, 9.0, 7.0, 9.0, 24.0, 3),
        ],
    )
    old.execute("INSERT INTO metric_points VALUES (5, 0, 0, 4000, 1.0), (5, 1, 1, 5000, 2.0)")
    body = chunks.encode([0, 1, 2], [4000, 4500, 5000], [7.0, 8.0, 9.0])
    old.execute("INSERT INTO metric_chunks VALUES (6, 0, 3, 0, 0, 2, 4000, 5000, 7.0, 9.0, ?)", (body,))
    old.execute("INSERT INTO metric_outlines VALUES (6, 0, x'0102', 2, 1000)")
    old.commit()
    old.close()
    with Store(str(path)) as store:
        db = store.read()
        outlines = db.execute("SELECT metric_id, outline, widest_step, widest_ms FROM metric_chunks").fetchall()
        assert outlines == [(6, b"\x01\x02", 2, 1000)]
        read = {key: [value for _, _, value in metrics.points(db, "r", key)] for key in ("one", "two", "long")}
        assert read == {"one": [0.5], "two": [1.0, 2.0], "long": [7.0, 8.0, 9.0]}
        with store.write() as writing:
            metrics.write(writing, "r", [(key, 3, 6.0, 4.0) for key in ("one", "two", "long", "new")])
        read = {key: [value for _, _, value in metrics.points(db, "r", key)] for key in ("one", "two", "long", "new")}
        assert read == {"one": [0.5, 4.0], "two": [1.0, 2.0, 4.0], "long": [7.0, 8.0, 9.0, 4.0], "new": [4.0]}


def test_summaries_say_the_same_when_what_repeats_the_last_value_is_left_out(tmp_path: Path) -> None:
    path = tmp_path / "store.db"
    at_step(path, MIGRATIONS.index("m037_lean_summaries"))
    nan, inf = float("nan"), float("inf")
    rows: dict[str, tuple[tuple[float | None, ...], float]] = {
        # count, NaN count, last, least, greatest and total; then the mean
        "once": ((1, 0, 0.5, 0.5, 0.5, 0.5), 0.5),
        "nothing": ((1, 1, None, None, None, 0.0), nan),
        "falls": ((2, 0, 1.0, 1.0, 2.0, 3.0), 1.5),
        "rises": ((2, 0, 2.0, 1.0, 2.0, 3.0), 1.5),
        "between": ((3, 0, 2.0, 1.0, 6.0, 9.0), 3.0),
        "ends in NaN": ((3, 1, None, 1.0, 2.0, 3.0), 1.5),
        "no total": ((2, 0, inf, -inf, inf, None), nan),
    }
    old = sqlite3.connect(path)
    old.executemany("INSERT INTO keys(id, name) VALUES (?, ?)", list(enumerate(rows, 1)))
    old.execute(
        "INSERT INTO runs(id, run_id, experiment_id, name, kind, status, started_at, updated_at) "
        "VALUES (7, 'r', 1, 'n', 'run', 'FINISHED', 1, 1)"
    )
    old.executemany(
        "INSERT INTO metrics(key_id, run_id, id, count, nan_count, last_value, min_value, max_value, total, "
        "last_step, last_ms, chunked) VALUES (?, 7, ?, ?, ?, ?, ?, ?, ?, 1, 5000, 0)",
        [(key, key, *row) for key, (row, _) in enumerate(rows.values(), 1)],
    )
    old.commit()
    old.close()
    with Store(str(path)) as store:
        db = store.read()
        found = {one.key: one for one in metrics.summaries(db, "r")}
        for key, ((count, nans, last, least, greatest, _), mean) in rows.items():
            expected = (count, nans, *(nan if value is None else value for value in (last, least, greatest)), mean)
            one = found[key]
            assert repr((one.count, one.nan_count, one.last, one.min, one.max, one.mean)) == repr(expected), key
        kept = db.execute("SELECT min_value, max_value, total FROM metrics ORDER BY key_id").fetchall()
        assert kept[0] == (None, None, None)
        assert kept[2:5] == [(None, 2.0, 3.0), (1.0, None, 3.0), (1.0, 6.0, 9.0)]


def test_a_migration_that_fails_leaves_the_file_as_it_was(tmp_path: Path) -> None:
    path = tmp_path / "store.db"
    at_step(path, 2)
    blocker = sqlite3.connect(path, isolation_level=None)
    blocker.execute("CREATE TABLE alerts(mine TEXT)")  # the fourth migration makes a table of that name
    before = shape(blocker)
    with pytest.raises(sqlite3.OperationalError):
        Store(str(path))
    assert shape(blocker) == before
    assert blocker.execute("PRAGMA user_version").fetchone()[0] == 2
    blocker.close()


def test_a_store_of_a_newer_program_is_refused_and_not_touched(tmp_path: Path) -> None:
    path = tmp_path / "store.db"
    with Store(str(path)) as store:
        store.read().execute(f"PRAGMA user_version = {SCHEMA_VERSION + 1}")
    before = path.read_bytes()
    with pytest.raises(StoreNewer, match="newer"):
        Store(str(path))
    assert path.read_bytes() == before


def test_a_database_of_another_program_is_refused_and_not_touched(tmp_path: Path) -> None:
    path = tmp_path / "mlflow.db"
    other = sqlite3.connect(path)
    other.execute("CREATE TABLE experiments(experiment_id INTEGER)")
    other.commit()
    other.close()
    before = path.read_bytes()
    with pytest.raises(StoreDamaged, match="another program"):
        Store(str(path))
    assert path.read_bytes() == before
