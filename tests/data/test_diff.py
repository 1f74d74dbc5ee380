"""How two versions differ."""

from __future__ import annotations

import io
from pathlib import Path

import pandas as pd
import pytest
from data_builders import DataProject

from mlops_store.errors import NotFound, Refused
from mlops_tui.data import diff
from mlops_tui.data.diff import Difference, FileChange


@pytest.fixture
def data(tmp_path: Path) -> DataProject:
    return DataProject(tmp_path)


def between(data: DataProject, path: str, before: str, after: str, member: str = "") -> Difference:
    data.track(path)
    return diff.of(data.inputs, data.item(path), before, after, member)


def test_directories_differ_by_files_with_their_sizes(data: DataProject) -> None:
    old = data.keep("raw", {"same": "s", "gone": "12", "sub/changed": "1"})
    new = data.keep("raw", {"same": "s", "new": "123", "sub/changed": "22"})
    found = between(data, "raw", old, new)
    assert found.kind == "directory"
    assert found.files == (
        FileChange("gone", "removed", 2, None),
        FileChange("new", "added", None, 3),
        FileChange("sub/changed", "changed", 1, 2),
    )
    assert (found.before.files, found.before.size_bytes, found.after.where) == (3, 4, "cache")


def test_what_is_only_in_the_work_tree_is_compared_from_there(data: DataProject) -> None:
    old = data.keep("raw", {"a": "1"})
    new = data.put("raw", {"a": "1", "b": "2"})
    found = between(data, "raw", old, new)
    assert (found.after.where, [file.path for file in found.files]) == ("work tree", ["b"])


def test_sizes_that_are_not_known_are_not_guessed(data: DataProject) -> None:
    old = data.keep("raw", {"a": "1"})
    new = data.keep("raw", {"a": "2"})
    data.object_path("c4ca4238a0b923820dcc509a6f75849b").unlink()
    found = between(data, "raw", old, new)
    assert found.files == (FileChange("a", "changed", None, 1),)
    assert found.before.size_bytes is None
    assert "not in the cache" in found.notes[0]


def test_tables_differ_by_columns_rows_types_and_statistics(data: DataProject) -> None:
    old = data.keep("t.csv", "id,x,gone,kind\n1,1,a,2\n2,2,b,3\n")
    new = data.keep("t.csv", "id,x,new,kind\n1,1,q,z\n2,5,q,y\n3,6,,y\n")
    found = between(data, "t.csv", old, new)
    assert found.kind == "table"
    assert (found.before.row_count, found.after.row_count) == (2, 3)
    assert [(column.name, column.how) for column in found.columns] == [
        *(("id", "changed"), ("x", "changed"), ("new", "added"), ("kind", "retyped")),
        ("gone", "removed"),
    ]
    x = found.columns[1]
    assert x.before is not None
    assert x.after is not None
    assert (x.before.mean, x.after.mean) == (1.5, 4.0)


def test_parquet_is_known_by_its_bytes_not_by_its_name(data: DataProject) -> None:
    digests = []
    for values in ([1, 2], [1.5, 2.0]):
        buffer = io.BytesIO()
        pd.DataFrame({"x": values}).to_parquet(buffer)
        digests.append(data.keep("t.bin", buffer.getvalue()))
    found = between(data, "t.bin", *digests)
    assert [(column.name, column.how) for column in found.columns] == [("x", "retyped")]


def test_texts_differ_by_lines(data: DataProject) -> None:
    old = data.keep("m.json", '{\n "auc": 1\n}\n')
    new = data.keep("m.json", '{\n "auc": 2\n}\n')
    found = between(data, "m.json", old, new)
    assert found.kind == "text"
    assert [line for line in found.lines if line[0] in "+-"] == ['- "auc": 1', '+ "auc": 2']


def test_line_ends_alone_are_told(data: DataProject) -> None:
    old, new = data.keep("a.txt", "x\n"), data.keep("a.txt", "x\r\n")
    assert between(data, "a.txt", old, new).lines == ("only line ends or the end of the file differ",)


def test_what_only_looks_like_a_table_is_compared_as_text(data: DataProject) -> None:
    old, new = data.keep("t.csv", ""), data.keep("t.csv", "a\n1\n")
    found = between(data, "t.csv", old, new)
    assert found.kind == "text"
    assert "compared as text" in found.notes[0]


def test_binary_and_large_files_are_compared_by_size(data: DataProject, monkeypatch: pytest.MonkeyPatch) -> None:
    old, new = data.keep("m.bin", b"\0\1"), data.keep("m.bin", b"\0\1\2")
    found = between(data, "m.bin", old, new)
    assert (found.kind, found.before.size_bytes, found.after.size_bytes) == ("bytes", 2, 3)
    monkeypatch.setattr(diff, "TEXT_BYTES", 10)
    old, new = data.keep("a.txt", "x" * 11), data.keep("a.txt", "y" * 11)
    assert between(data, "a.txt", old, new).kind == "bytes"


def test_a_file_in_a_directory_is_compared_by_itself(data: DataProject) -> None:
    old = data.keep("raw", {"t.csv": "x\n1\n", "same": "s", "gone": "g"})
    new = data.keep("raw", {"t.csv": "x\n2\n", "same": "s"})
    assert between(data, "raw", old, new, "t.csv").kind == "table"
    assert between(data, "raw", old, new, "same").kind == "same"
    gone = between(data, "raw", old, new, "gone")
    assert (gone.before.size_bytes, gone.after.digest, gone.notes) == (1, "", ("there is no such file after",))
    with pytest.raises(NotFound, match=r"neither version has raw/t\.csw") as failure:
        between(data, "raw", old, new, "t.csw")
    assert "t.csv" in failure.value.hint


def test_a_directory_and_a_file_differ_by_files(data: DataProject) -> None:
    old = data.keep("x", "file")
    (data.root / "x").unlink()
    new = data.keep("x", {"a": "1"})
    assert [(file.path, file.how) for file in between(data, "x", old, new).files] == [("", "removed"), ("a", "added")]


def test_a_version_equals_itself_even_where_it_is_large(data: DataProject) -> None:
    digest = data.keep("raw", {"a": "1"})
    assert between(data, "raw", digest, digest).kind == "same"


def test_a_version_whose_bytes_are_nowhere_is_not_compared(data: DataProject) -> None:
    old = data.put("a.txt", "x")
    new = data.put("a.txt", "y")
    with pytest.raises(Refused, match="neither the cache, the work tree nor Git"):
        between(data, "a.txt", old, new)


def test_a_damaged_directory_object_is_named(data: DataProject) -> None:
    digest = data.keep("raw", {"a": "1"})
    data.put("raw", {"a": "2"})
    data.object_path(digest).chmod(0o644)
    data.object_path(digest).write_text("[]")
    with pytest.raises(Refused, match=digest):
        between(data, "raw", digest, digest)
