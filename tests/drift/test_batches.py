import io
from pathlib import Path

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from mlops_tui.drift.batches import Batch, Unreadable, parse


def parquet(table: pa.Table) -> bytes:
    out = io.BytesIO()
    pq.write_table(table, out)
    return out.getvalue()


@pytest.mark.parametrize(
    ("data", "note"),
    [
        ("näme,b\nx,1\n".encode(), ()),
        ("näme,b\nx,1\n".encode("utf-8-sig"), ()),
        ("näme,b\nx,1\n".encode("utf-16"), ()),
        ("näme,b\nx,1\n".encode("latin-1"), ("read as Latin-1, because byte 1 is not UTF-8",)),
        ("näme;b\nx;1\n".encode(), ("read with the separator ';'",)),
        ("näme\tb\nx\t1\n".encode(), ("read with the separator '\\t'",)),
        ("näme|b\nx|1\n".encode(), ("read with the separator '|'",)),
        ("\n\nnäme,b\r\nx,1\r\n".encode(), ()),
        ('"näme","b"\n"x",1'.encode(), ()),
    ],
    ids=["utf-8", "mark", "utf-16", "latin-1", "semicolon", "tab", "bar", "blank lines", "quoted"],
)
def test_a_csv_file_is_read_whoever_wrote_it(data: bytes, note: tuple[str, ...]) -> None:
    batch = parse(data)
    assert batch.frame.to_dict("list") == {"näme": ["x"], "b": [1]}
    assert batch.notes == note


@pytest.mark.parametrize("before", [0, 1, 2**20 - 1, 2**20, 2**20 + 5])
def test_the_first_byte_that_is_not_utf_8_is_named_wherever_it_stands(before: int) -> None:
    data = b"a\n" + b"x" * before + "é".encode("latin-1") + b"\n"
    assert parse(data).notes == (f"read as Latin-1, because byte {before + 2} is not UTF-8",)
    whole = b"a\n" + b"x" * before + "é".encode() + b"\n"
    assert parse(whole).notes == ()


def test_a_separator_inside_quotes_does_not_count() -> None:
    assert list(parse(b'"a;b;c;d",e\n1,2\n').frame.columns) == ["a;b;c;d", "e"]


def test_decimal_commas_are_read_where_fields_are_split_by_semicolons() -> None:
    batch = parse(b"a;b\n1,5;x\n-2,25;y\n")
    assert batch.frame["a"].tolist() == [1.5, -2.25]
    assert "read with decimal commas" in batch.notes


def test_missing_values_infinities_and_booleans_are_read() -> None:
    frame = parse(b"a,b,c\n1,True,x\n,False,\ninf,True,y\n").frame
    assert frame["a"].isna().tolist() == [False, True, False]
    assert np.isinf(frame["a"].iloc[2])
    assert frame["b"].dtype == bool


def test_the_first_of_columns_with_one_name_is_kept() -> None:
    batch = parse(b"a,b,a,b,a.1\n1,2,3,4,5\n")
    assert batch.repeated == ("a", "b")
    assert batch.frame.to_dict("list") == {"a": [1], "b": [2], "a.1": [5]}


def test_one_row_is_a_batch() -> None:
    assert len(parse(b"a\n1").frame) == 1


@pytest.mark.parametrize(
    ("data", "message"),
    [
        (b"", "is empty"),
        (b" \n\n ", "is empty"),
        (b"a,b\n", "has a header but no rows"),
        (b"a,b\n1,2,3\n", "more fields than its header"),
        (b"a,b\n1,2\n1,2,3,4\n", "cannot be read as CSV"),
        (b'a,b\n"1,2\n', "cannot be read as CSV"),
        (b"\x00\x01\x02\x03" * 10, "binary data"),
        (b"\x89PNG\r\n\x1a\n\x00\x00", "binary data"),
        (b"PAR1", "not a complete Parquet file"),
        (parquet(pa.table({"a": [1]}))[:-20], "not a complete Parquet file"),
        (parquet(pa.table({"a": pa.array([], pa.int64())})), "no rows"),
        (parquet(pa.table({})), "no columns"),
    ],
    ids=[
        "empty",
        "blank",
        "header",
        "wide",
        "ragged",
        "quote",
        "binary",
        "png",
        "cut",
        "torn",
        "no rows",
        "no columns",
    ],
)
def test_what_is_no_table_is_said_in_one_sentence(data: bytes, message: str) -> None:
    with pytest.raises(Unreadable, match=message) as caught:
        parse(data)
    assert "\n" not in caught.value.message
    assert len(caught.value.message) < 300


def test_parquet_is_known_by_its_content() -> None:
    table = pa.table({"a": [1, 2], "b": ["x", None], "c": pa.array([[1], [2]])})
    frame = parse(parquet(table)).frame
    assert list(frame.columns) == ["a", "b", "c"]
    assert frame["b"].isna().tolist() == [False, True]


def test_the_index_that_pandas_wrote_into_parquet_is_left_out(tmp_path: Path) -> None:
    path = tmp_path / "batch.parquet"
    pd.DataFrame({"a": [1, 2]}, index=["x", "y"]).to_parquet(path)
    assert list(parse(path.read_bytes()).frame.columns) == ["a"]


def test_parquet_columns_with_one_name_are_told_apart() -> None:
    table = pa.Table.from_arrays([pa.array([1]), pa.array([2]), pa.array([3])], names=["a", "b", "a"])
    batch = parse(parquet(table))
    assert batch.repeated == ("a",)
    assert batch.frame.to_dict("list") == {"a": [1], "b": [2]}


def test_names_with_markup_and_control_characters_are_kept_as_they_are() -> None:
    batch = parse(b'[bold]a[/],"\x1b[31mred","line\nbreak"\n1,2,3\n')
    assert list(batch.frame.columns) == ["[bold]a[/]", "\x1b[31mred", "line\nbreak"]


@given(st.binary(max_size=400))
@example(b'"')
@example(b"a\n\xff\xfe")
@example(b"\xff\xfe\x00")
@example(b"PAR1\x00\x00\x00\x00PAR1")
def test_any_bytes_are_a_table_or_a_clear_error(data: bytes) -> None:
    try:
        batch = parse(data)
    except Unreadable:
        return
    assert isinstance(batch, Batch)
    assert len(batch.frame) > 0
    assert batch.frame.columns.is_unique


@given(st.text(st.characters(codec="utf-8", exclude_characters="\0"), max_size=200))
def test_any_text_is_a_table_or_a_clear_error(text: str) -> None:
    try:
        assert parse(text.encode()).frame.columns.is_unique
    except Unreadable as error:
        assert error.message
