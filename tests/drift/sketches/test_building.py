from __future__ import annotations

import bz2
import gzip
import lzma
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from mlops_store.errors import UsageError
from mlops_tui.drift.batches import Unreadable
from mlops_tui.drift.sketches import building, pairs
from mlops_tui.drift.sketches.table import TableSketch, joined


def a_frame(rows: int = 3000, seed: int = 0) -> pd.DataFrame:
    rng = np.random.default_rng(seed)
    amounts = rng.normal(50, 10, rows).round(3)
    amounts[::17] = np.nan
    return pd.DataFrame(
        {
            "amount": amounts,
            "count": rng.integers(0, 5000, rows),
            "grade": rng.integers(1, 6, rows),
            "city": rng.choice(["Bonn", "Kiel", "Ulm, an der\nDonau"], rows),
            "member": rng.random(rows) < 0.3,
            "day": pd.date_range("2026-01-01", periods=rows, freq="min"),
            "note": [f"note {seed} {index}" for index in range(rows)],
        }
    )


def as_csv(frame: pd.DataFrame) -> bytes:
    return frame.to_csv(index=False).encode()


WRITERS: dict[str, Callable[[pd.DataFrame], bytes]] = {
    "csv": as_csv,
    "csv.gz": lambda frame: gzip.compress(as_csv(frame)),
    "csv.bz2": lambda frame: bz2.compress(as_csv(frame)),
    "csv.xz": lambda frame: lzma.compress(as_csv(frame)),
    "csv.zst": lambda frame: pa.Codec("zstd").compress(as_csv(frame), asbytes=True),
    "jsonl": lambda frame: frame.to_json(orient="records", lines=True, date_format="iso").encode(),
    "parquet": lambda frame: _parquet(frame),
}


def _parquet(frame: pd.DataFrame) -> bytes:
    sink = pa.BufferOutputStream()
    pq.write_table(pa.Table.from_pandas(frame, preserve_index=False), sink, row_group_size=700)
    return sink.getvalue().to_pybytes()


def check(found: TableSketch, frame: pd.DataFrame) -> None:
    assert found.rows == len(frame)
    kinds = {name: sketch.kind for name, sketch in found.columns.items()}
    assert {name: kinds[name] for name in ("amount", "count", "grade", "city", "member", "note")} == {
        "amount": "numerical",
        "count": "numerical",
        "grade": "categorical",
        "city": "categorical",
        "member": "categorical",
        "note": "text",
    }
    amount = pairs.numbers(found.columns["amount"])
    assert (amount.count, amount.missing) == (frame["amount"].count(), frame["amount"].isna().sum())
    assert (amount.mean, amount.std) == (
        pytest.approx(frame["amount"].mean()),
        pytest.approx(frame["amount"].std(ddof=0)),
    )
    assert (amount.low, amount.high) == (frame["amount"].min(), frame["amount"].max())
    for level in (0.05, 0.5, 0.95):
        rank = (frame["amount"] < amount.quantile(level)).sum() / frame["amount"].count()
        assert rank == pytest.approx(level, abs=0.01)
    for name in ("grade", "city", "member"):
        counted = pairs.labels(found.columns[name])
        known = frame[name].astype(str).value_counts().to_dict()
        assert dict(zip(counted.names, counted.counts.tolist(), strict=True)) == known


@pytest.mark.parametrize("ending", WRITERS)
def test_a_file_of_any_format_gives_the_profile_of_its_rows(tmp_path: Path, ending: str) -> None:
    path = tmp_path / f"rows.{ending}"
    path.write_bytes(WRITERS[ending](a_frame()))
    check(building.of_file(str(path)), a_frame())


def test_files_and_their_parts_are_put_together(tmp_path: Path) -> None:
    frames = [a_frame(2000, seed) for seed in range(3)]
    paths = [tmp_path / f"{seed}.{ending}" for seed, ending in enumerate(("csv", "jsonl", "parquet"))]
    for path, frame in zip(paths, frames, strict=True):
        path.write_bytes(WRITERS[path.suffix[1:]](frame))
    names = list(map(str, paths))
    whole = pd.concat(frames)
    check(building.of_files(names), whole)
    check(joined([building.of_file(name, threads=1) for name in names]), whole)


def test_a_column_whose_type_changes_in_a_later_row_is_read_again(tmp_path: Path) -> None:
    filler = "x" * 100  # so that the last rows are not in the block that the types are told by
    rows = [f"{index},{index % 9},{filler}" for index in range(60_000)]
    rows[-3:] = ["1.5,1,", "2,unknown,", "4,none of these,"]
    (tmp_path / "rows.csv").write_text("amount,code,filler\n" + "\n".join(rows))
    found = building.of_file(str(tmp_path / "rows.csv"))
    amount, code = found.columns["amount"], found.columns["code"]
    assert (amount.kind, amount.count, amount.is_integer) == ("numerical", 60_000, False)
    assert (code.kind, code.count, code.unparsable) == ("numerical", 59_998, 2)


def test_what_a_csv_file_needs_guessed_is_guessed_and_told(tmp_path: Path) -> None:
    path = tmp_path / "rows.csv"
    path.write_bytes(b"preis;ort;ort\n" + "1,5;Köln;a\n2,5;Köln;b\n".encode("latin-1") * 20)
    found = building.of_file(str(path))
    assert (found.columns["preis"].moments.mean, found.columns["ort"].tally.counts()) == (2.0, {"Köln": 40})
    assert found.repeated == ("ort",)
    assert "read with decimal commas" in found.notes
    assert any("Latin-1" in note for note in found.notes)


def test_missing_and_infinite_values_are_counted_and_left_out(tmp_path: Path) -> None:
    path = tmp_path / "rows.parquet"
    held = pa.array([1.0, float("nan"), None, float("inf"), float("-inf"), 3.0])
    pq.write_table(pa.table({"x": held, "none": pa.nulls(6), "whole": pa.array([1, None, 2, 2, 2, 3])}), path)
    columns = building.of_file(str(path)).columns
    x = columns["x"]
    assert (x.count, x.missing, x.infinite, x.moments.mean) == (2, 2, 2, 2.0)
    assert columns["none"].kind == "empty"
    assert (columns["whole"].kind, columns["whole"].is_integer) == ("numerical", False)


@pytest.mark.parametrize(
    ("data", "message"),
    [
        (b"", "is empty"),
        (b"a,b\n", "has a header but no rows"),
        (b"\x00\x01\x02\x03" * 100, "holds binary data"),
        (b"a,b\n" + b"1,2\n" * 10 + b"1,2,3\n", "cannot be read as CSV"),
        (b"PAR1 and then nothing", "is not a complete Parquet file"),
        (gzip.compress(b"a\n1\n" * 5000, mtime=0)[:-20], "file"),
        (b'{"a": 1}\n{"a": \n', "line 2 is not a whole JSON document"),
    ],
)
def test_what_holds_no_table_is_refused_in_one_sentence(tmp_path: Path, data: bytes, message: str) -> None:
    path = tmp_path / "rows"
    path.write_bytes(data)
    with pytest.raises(Unreadable, match=message):
        building.of_file(str(path))
    with pytest.raises(UsageError, match="rows "):
        building.of_files([str(path)])


def test_of_many_labels_the_commonest_are_known_with_a_bound(tmp_path: Path) -> None:
    labels: list[Any] = [f"k{index % 4000}" for index in range(20_000)] + ["top"] * 3000
    path = tmp_path / "rows.parquet"
    pq.write_table(pa.table({"label": pa.array(labels)}), path)
    tally = building.of_file(str(path)).columns["label"].tally
    assert tally is not None
    assert tally.counts()["top"] <= 3000 <= tally.counts()["top"] + tally.error
    assert 0 < tally.error <= 0.01 * len(labels)
    assert tally.distinct == pytest.approx(4001, rel=0.1)
