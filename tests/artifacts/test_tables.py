import contextlib
import json

import pandas as pd
import pyarrow.feather
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from mlops_store.errors import Refused
from mlops_tui.artifacts import tables

FRAME = pd.DataFrame({"id": range(1000), "city": ["Łódź", None] * 500, "share": [0.5, float("nan")] * 500})


@pytest.mark.parametrize("ending", ["parquet", "feather"])
def test_texts_that_stand_once_in_a_dictionary_are_texts(tmp_path, ending):
    full = tmp_path / f"a.{ending}"
    getattr(pd.DataFrame({"id": pd.Categorical(["a", "b", "a"])}), f"to_{ending}")(full)
    found = tables.read(str(full), full.name)
    assert found.types[0] in ("string", "large_string")


def test_a_parquet_file_says_its_shape_and_types_and_shows_its_first_rows(tmp_path):
    FRAME.to_parquet(tmp_path / "a")
    found = tables.read(str(tmp_path / "a"), "a")
    assert (found.row_count, found.column_count) == (1000, 3)
    assert found.columns == ("id", "city", "share")
    assert found.types[0] == "int64"
    assert found.types[2] == "double"
    assert found.rows[0] == ("0", "Łódź", "0.5")
    assert found.rows[1][1] == ""
    assert len(found.rows) == tables.ROWS


def test_a_row_group_that_unpacks_to_too_much_is_not_read(tmp_path, monkeypatch):
    FRAME.to_parquet(tmp_path / "a.parquet")
    monkeypatch.setattr(tables, "GROUP_BYTES", 100)
    found = tables.read(str(tmp_path / "a.parquet"), "a.parquet")
    assert found.rows == ()
    assert found.row_count == 1000
    assert "rows are not read" in found.note


def test_a_feather_file_is_read(tmp_path):
    pyarrow.feather.write_feather(FRAME, str(tmp_path / "a.feather"))
    found = tables.read(str(tmp_path / "a.feather"), "a.feather")
    assert (found.row_count, found.columns[1], found.rows[2][1]) == (1000, "city", "Łódź")


@pytest.mark.parametrize("ending", ["parquet", "feather"])
def test_a_table_that_is_cut_short_is_refused(tmp_path, ending):
    getattr(FRAME, f"to_{ending}")(tmp_path / f"a.{ending}")
    whole = (tmp_path / f"a.{ending}").read_bytes()
    for length in (0, 4, 10, len(whole) // 2, len(whole) - 1):
        (tmp_path / "cut").write_bytes(whole[:length])
        with pytest.raises(Refused):
            tables.read(str(tmp_path / "cut"), f"a.{ending}")


@settings(max_examples=60)
@given(st.binary(max_size=200), st.sampled_from([b"PAR1", b"ARROW1\0\0", b""]))
def test_hostile_bytes_are_a_table_or_refused(tmp_path_factory, rest, head):
    path = tmp_path_factory.mktemp("t") / "a"
    path.write_bytes(head + rest)
    for name in ("a.csv", "a.parquet", "a.feather"):
        with contextlib.suppress(Refused):
            tables.read(str(path), name)


def test_a_csv_file_is_counted_without_being_parsed_as_a_whole(tmp_path):
    lines = ["id;share;name;ok"] + [f"{n};{n / 7:.4f};n{n};{'true' if n % 2 else 'False'}" for n in range(30_000)]
    (tmp_path / "a.csv").write_text("\n".join(lines))
    found = tables.read(str(tmp_path / "a.csv"), "a.csv")
    assert (found.row_count, found.column_count) == (30_000, 4)
    assert found.types == ("int", "float", "text", "bool")
    assert found.rows[7] == ("7", "1.0000", "n7", "true")


def test_rows_of_different_lengths_and_quoted_line_breaks_are_kept(tmp_path):
    (tmp_path / "a.csv").write_text('a,b\n1\n2,3,4\n"x, y",z\n')
    found = tables.read(str(tmp_path / "a.csv"), "a.csv")
    assert found.rows == (("1", ""), ("2", "3"), ("x, y", "z"))
    assert found.row_count == 3


def test_a_logged_table_is_one_and_other_json_is_not():
    found = tables.of_json(json.dumps({"columns": ["q", "n"], "data": [["why", 1], [None, 2.5]]}))
    assert found is not None
    assert found.rows == (("why", "1"), ("", "2.5"))
    assert found.types == ("text", "float")
    for other in ("[]", "{}", '{"columns": ["a"], "data": [[1, 2]]}', '{"columns": [], "data": []}', "nonsense"):
        assert tables.of_json(other) is None
