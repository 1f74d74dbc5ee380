"""JSON lines and compressed files as batches."""

from __future__ import annotations

import bz2
import gzip
import io
import json
import lzma
from collections.abc import Callable

import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from hypothesis import given
from hypothesis import strategies as st

from mlops_tui.drift import batches, compression
from mlops_tui.drift.batches import Unreadable, parse

PACKERS: dict[str, Callable[[bytes], bytes]] = {
    "gzip": gzip.compress,
    "bzip2": bz2.compress,
    "xz": lzma.compress,
    "Zstandard": lambda data: pa.compress(data, "zstd", asbytes=True),
}


def lines(*rows: object) -> bytes:
    return "\n".join(map(json.dumps, rows)).encode() + b"\n"


def test_members_are_columns_and_those_of_members_have_a_dot() -> None:
    frame = parse(
        lines({"id": 1, "in": {"age": 3.5, "tags": ["a", "b"]}}, {"id": 2, "in": {"age": None}, "ok": True})
    ).frame
    assert list(frame.columns) == ["id", "in.age", "in.tags", "ok"]
    assert frame["in.age"].tolist()[0] == 3.5
    assert frame["in.tags"].tolist()[0] == '["a", "b"]'
    assert frame.isna().sum().to_dict() == {"id": 0, "in.age": 1, "in.tags": 1, "ok": 1}


@pytest.mark.parametrize(
    ("data", "message"),
    [
        (b'{"a": 1}\n{"a": 2', "line 2 is not a whole JSON document"),
        (b'{"a": 1}\n[1]\n', "line 2 is no object"),
        (b'{"a": 1}\n\n7\n', "line 3 is no object"),
        (b'{"a": 1}\n{"b": "\xff"}\n', "byte 16 is no UTF-8"),
        (b'{"a": 1}\n' + b'{"a":' * 100_000, "line 2 is not a whole JSON document"),
    ],
)
def test_what_is_wrong_is_named_with_its_line(data: bytes, message: str) -> None:
    with pytest.raises(Unreadable, match=message):
        parse(data)


def test_a_csv_file_whose_header_begins_with_a_brace_is_a_csv_file() -> None:
    assert list(parse(b"{a,b}\n1,2\n").frame.columns) == ["{a", "b}"]


json_values = st.one_of(st.none(), st.booleans(), st.integers(-(2**53), 2**53), st.text(max_size=8))


@given(st.lists(st.dictionaries(st.text("abcdef", min_size=1, max_size=3), json_values, min_size=1), min_size=1))
def test_every_value_comes_back(rows: list[dict[str, object]]) -> None:
    frame = parse(lines(*rows)).frame
    assert len(frame) == len(rows)
    for index, row in enumerate(rows):
        for name, value in row.items():
            found = frame[name].iloc[index]
            assert pd.isna(found) if value is None else found == value


@pytest.mark.parametrize("kind", PACKERS)
@pytest.mark.parametrize("form", ["csv", "json", "parquet"])
def test_a_packed_batch_is_the_same_batch(kind: str, form: str) -> None:
    table = pa.table({"a": [1, 2, 3], "b": ["x", "y", "z"]})
    out = io.BytesIO()
    pq.write_table(table, out)
    data = {
        "csv": b"a,b\n1,x\n2,y\n3,z\n",
        "json": lines(*table.to_pylist()),
        "parquet": out.getvalue(),
    }[form]
    packed = PACKERS[kind](data)
    assert compression.kind(packed) == kind
    assert parse(packed).frame.to_dict("list") == table.to_pydict()


@pytest.mark.parametrize("kind", PACKERS)
def test_a_packed_batch_that_was_cut_anywhere_is_refused(kind: str) -> None:
    packed = PACKERS[kind](b"a,b\n" + b"1,x\n" * 50)
    for length in range(6, len(packed)):
        with pytest.raises(Unreadable):
            parse(packed[:length])


@pytest.mark.parametrize("kind", ["gzip", "bzip2", "xz"])
def test_packed_parts_one_after_the_other_are_one_batch(kind: str) -> None:
    pack = PACKERS[kind]
    assert len(parse(pack(b"a\n1\n") + pack(b"2\n3\n")).frame) == 3


@pytest.mark.parametrize("kind", PACKERS)
def test_a_small_file_that_would_unpack_to_a_huge_one_is_refused(kind: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(batches, "LARGEST_BYTES", 5_000_000)
    with pytest.raises(Unreadable, match="when unpacked"):
        parse(PACKERS[kind](b"a\n" + b"1\n" * 5_000_000))
