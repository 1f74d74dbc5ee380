"""A project that trackio 0.43 wrote."""

from __future__ import annotations

import math
import sqlite3
from collections.abc import Callable
from pathlib import Path

import pytest

from mlops_store.errors import Refused
from mlops_store.records import RunStatus
from mlops_tui.interop import kinds
from mlops_tui.interop.source import Problems

Make = Callable[..., Path]


def test_a_project_is_an_experiment_and_its_runs_come_whole(database: Make, runs_of: Callable) -> None:
    path = database("trackio", "churn.db")
    with sqlite3.connect(path) as db:
        db.execute("UPDATE metrics SET timestamp = replace(timestamp, '2026', '2024')")
        db.execute("UPDATE configs SET config = replace(CAST(config AS TEXT), '2026', '2024')")
    run = runs_of(path)["first"]
    assert run.experiment == "churn"
    assert run.params == {"lr": "0.1", "net.depth": "4"}
    assert [(step, value) for step, _, value in run.series["loss"]] == [(step, 1 / (step + 1)) for step in range(5)]
    assert math.isnan(run.series["bad"][2][2])
    assert run.series["bad"][0][2] == math.inf
    assert run.status is RunStatus.FINISHED
    assert run.ended_at is not None
    assert run.started_at <= run.series["loss"][0][1] / 1000 <= run.ended_at + 0.001


def test_system_metrics_media_and_objects(database: Make, tmp_path: Path) -> None:
    path = database("trackio", "churn.db")
    with sqlite3.connect(path) as db:
        (run_id,) = db.execute("SELECT run_id FROM configs").fetchone()
        db.execute(
            "INSERT INTO system_metrics(run_id, timestamp, run_name, metrics) VALUES (?, ?, 'first', ?)",
            (run_id, "2026-11-26T10:30:00+00:00", '{"gpu": 0.5, "deep": {"a": 1}}'),
        )
        db.execute(
            "INSERT INTO metrics(run_id, timestamp, run_name, step, metrics) VALUES (?, ?, 'first', 9, ?)",
            (run_id, "no time", '{"picture": {"_type": "trackio.image", "file_path": "x"}, "text": "t"}'),
        )
        db.execute("INSERT INTO metrics VALUES (99, ?, '', 'first', 10, x'ff', NULL, NULL)", (run_id,))
    media = tmp_path / "media" / "churn" / "first" / "9"
    media.mkdir(parents=True)
    (media / "a.png").write_bytes(b"png")
    problems = Problems()
    (found,) = kinds.open_source(str(path), problems).runs()
    assert found.run.series["system/gpu"][0][2] == 0.5
    assert found.run.series["system/deep.a"][0][2] == 1.0
    assert [file.path for file in found.files] == ["media/9/a.png"]
    assert {problem.message for problem in problems.kept} == {
        "1 of the kind text not imported: text",
        "1 of the kind trackio.image not imported: picture",
    }


def test_parquet_files_of_a_space_give_the_same(database: Make, tmp_path: Path, runs_of: Callable) -> None:
    import json

    import pyarrow
    import pyarrow.parquet

    path = database("trackio", "churn.db")
    expected = runs_of(path)["first"]
    with sqlite3.connect(path) as db:
        db.row_factory = sqlite3.Row
        folder = tmp_path / "space"
        folder.mkdir()
        for table, column, name in (("metrics", "metrics", "churn"), ("configs", "config", "churn_configs")):
            rows = []
            for row in db.execute(f"SELECT * FROM {table}"):
                values = json.loads(row[column])
                rows.append({**{key: row[key] for key in row.keys() if key != column}, **values})  # noqa: SIM118
            for row in rows:
                if "bad" in row:
                    row["bad"] = float(row["bad"])
            pyarrow.parquet.write_table(pyarrow.Table.from_pylist(rows), folder / f"{name}.parquet")
    run = runs_of(folder, kind="trackio")["first"]
    assert (run.run_id, run.params) == (expected.run_id, expected.params)
    assert str(run.series) == str(expected.series)
    (folder / "churn.parquet").write_bytes(b"PAR1")
    with pytest.raises(Refused, match="cannot be read"):
        runs_of(folder, kind="trackio")


def test_the_older_schema_without_run_ids_is_read(tmp_path: Path, runs_of: Callable) -> None:
    path = tmp_path / "old.db"
    with sqlite3.connect(path) as db:
        db.execute(
            "CREATE TABLE metrics (id INTEGER PRIMARY KEY, timestamp TEXT, run_name TEXT, step INT, metrics TEXT)"
        )
        db.execute("""INSERT INTO metrics VALUES (1, '2024-01-01T00:00:00', 'first', 3, '{"loss": 1}')""")
    run = runs_of(path)["first"]
    assert [(step, value) for step, _, value in run.series["loss"]] == [(3, 1.0)]
