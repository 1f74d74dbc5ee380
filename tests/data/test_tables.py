"""CSV and Parquet files in bounded memory: types, exact row counts, statistics as pandas has them."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from mlops_store.errors import Refused
from mlops_tui.data import tables
from mlops_tui.data.tables import Column, Table


def of(path: Path, name: str) -> Column:
    return next(column for column in tables.read(str(path)).columns if column.name == name)


@pytest.fixture
def frame() -> pd.DataFrame:
    rng = np.random.default_rng(1)
    return pd.DataFrame(
        {
            "whole": rng.integers(0, 100, 1000),
            "gaps": pd.array([None if i % 10 == 0 else i for i in range(1000)], dtype="Int64"),
            "real": rng.normal(size=1000),
            "label": rng.choice(["a", "b", "c"], 1000, p=[0.6, 0.3, 0.1]),
            "flag": rng.integers(0, 2, 1000).astype(bool),
        }
    )


@pytest.mark.parametrize("kind", ["csv", "parquet"])
def test_statistics_are_those_of_pandas(tmp_path: Path, frame: pd.DataFrame, kind: str) -> None:
    path = tmp_path / f"t.{kind}"
    frame.to_csv(path, index=False) if kind == "csv" else frame.to_parquet(path, index=False)
    table = tables.read(str(path))
    assert (table.row_count, table.kept_count) == (1000, 1000)
    real, expected = of(path, "real"), frame["real"].describe()
    assert real.mean == pytest.approx(expected["mean"])
    assert real.sd == pytest.approx(expected["std"])
    assert (real.min, real.max) == (pytest.approx(expected["min"]), pytest.approx(expected["max"]))
    assert real.quantiles == {
        "0.25": pytest.approx(expected["25%"]),
        "0.5": pytest.approx(expected["50%"]),
        "0.75": pytest.approx(expected["75%"]),
    }
    gaps = of(path, "gaps")
    assert (gaps.type, gaps.count, gaps.missing) == ("int64", 900, 100)
    counts = frame["label"].value_counts()
    assert of(path, "label").top == tuple((name, int(counts[name])) for name in ("a", "b", "c"))
    assert of(path, "label").distinct == 3
    assert of(path, "flag").mean == pytest.approx(frame["flag"].mean())


def test_of_a_long_table_rows_spread_evenly_are_kept_and_all_are_counted(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(tables, "ROWS", 100)
    monkeypatch.setattr(tables, "_PART_ROWS", 37)
    path = tmp_path / "t.csv"
    pd.DataFrame({"x": range(1000)}).to_csv(path, index=False)
    table = tables.read(str(path))
    assert (table.row_count, table.kept_count) == (1000, 63)
    (column,) = table.columns
    # every sixteenth row from the first on, whatever the parts were
    assert (column.min, column.max, column.mean) == (0, 992, 496)


def test_text_in_a_later_part_makes_the_column_text(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(tables, "_PART_ROWS", 10)
    path = tmp_path / "t.csv"
    path.write_text("x\n" + "1\n" * 15 + "n/k\n" * 2)
    assert (of(path, "x").type, of(path, "x").top) == ("text", (("1", 15), ("n/k", 2)))


def test_separators_decimal_commas_and_old_encodings_are_read(tmp_path: Path) -> None:
    path = tmp_path / "t.csv"
    path.write_bytes("größe;wert\n1,5;a\n2,5;ü\n".encode("latin-1"))
    table = tables.read(str(path))
    assert [column.name for column in table.columns] == ["größe", "wert"]
    assert table.columns[0].mean == 2.0
    assert len(table.notes) == 3


def test_a_character_at_the_end_of_the_head_is_not_taken_for_an_old_encoding(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(tables, "_HEAD_BYTES", 9)
    path = tmp_path / "t.csv"
    path.write_bytes("a\nxxxxxxü\nü\n".encode())
    assert tables.read(str(path)).notes == ()


def test_dates_have_ends_and_lists_have_no_distinct_values(tmp_path: Path) -> None:
    path = tmp_path / "t.parquet"
    pd.DataFrame({"day": pd.to_datetime(["2026-01-02", "2026-01-01"]), "many": [[1], [2]]}).to_parquet(path)
    day, many = tables.read(str(path)).columns
    assert (day.min, day.max) == ("2026-01-01 00:00:00", "2026-01-02 00:00:00")
    assert many.distinct is None


@pytest.mark.parametrize("name", ["t.csv", "t.parquet"])
def test_a_table_without_rows_has_its_columns(tmp_path: Path, name: str) -> None:
    path = tmp_path / name
    frame = pd.DataFrame({"x": pd.Series([], dtype="float64")})
    frame.to_csv(path, index=False) if name.endswith("csv") else frame.to_parquet(path)
    table = tables.read(str(path))
    assert (table.row_count, [column.name for column in table.columns]) == (0, ["x"])


@pytest.mark.parametrize(
    "data", [b"", b"\n\n", b"PAR1 and then nothing", b'a,b\n1,2\n"unclosed', b"a\n1,2\n3\n1,2,3,4\n"]
)
def test_what_is_no_table_is_refused_with_a_reason(tmp_path: Path, data: bytes) -> None:
    path = tmp_path / "t.csv"
    path.write_bytes(data)
    try:
        assert isinstance(tables.read(str(path)), Table)
    except Refused as error:
        assert error.message.startswith(("is ", "cannot be read", "holds"))


def test_columns_of_one_name_stay_apart(tmp_path: Path) -> None:
    path = tmp_path / "t.csv"
    path.write_text("x,x\n1,a\n")
    names = [column.name for column in tables.read(str(path)).columns]
    assert len(set(names)) == 2
