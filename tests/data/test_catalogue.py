"""What a project tracks, and how each path stands."""

from __future__ import annotations

from pathlib import Path

import pipeline_builders
import pytest
from data_builders import DataProject

from mlops_store.errors import NotFound, Refused
from mlops_tui.data import catalogue, savings, versions

PIPELINE = """
stages:
  copy:
    cmd: mkdir -p out && cp in.txt out/a.txt && cp in.txt out/b.txt && echo 1 > m.json
    deps: [in.txt]
    outs: [out]
    metrics:
    - m.json:
        cache: false
"""


def test_deps_outputs_and_metrics_have_their_makers_and_readers(tmp_path: Path) -> None:
    data = DataProject(tmp_path, PIPELINE + "  use:\n    cmd: cat out/a.txt\n    deps: [out]\n")
    data.put("in.txt", "hello\n")
    assert {(item.path, item.role, item.state) for item in catalogue.read(data.project, None)} == {
        ("in.txt", "dep", "new"),
        ("m.json", "metric", "missing"),
        ("out", "out", "missing"),
    }
    pipeline_builders.run(data.project)
    item = data.item("out")
    assert (item.state, item.files, item.written_by, item.read_by) == ("tracked", 2, ("copy",), ("use",))
    assert (item.digest, item.is_cached, item.version_count) == (item.locked, True, 1)
    assert item.summary is not None
    assert item.summary.run_name in ("copy", "use")


def test_an_edit_makes_data_modified_and_its_new_content_a_version(tmp_path: Path) -> None:
    data = DataProject(tmp_path, PIPELINE)
    data.put("in.txt", "hello\n")
    pipeline_builders.run(data.project)
    before = data.item("in.txt")
    data.put("in.txt", "goodbye\n")
    after = data.item("in.txt")
    assert (before.state, after.state) == ("tracked", "modified")
    assert (before.version_count, after.version_count) == (1, 2)
    assert after.locked == before.digest != after.digest


def test_a_dvc_file_tracks_data_with_or_without_a_pipeline(tmp_path: Path) -> None:
    data = DataProject(tmp_path)
    data.keep("raw", {"a.csv": "1", "b/c.csv": "2"})
    data.track("raw")
    (tmp_path / "dvc.yaml").unlink()
    item = data.item("raw")
    assert (item.role, item.state, item.written_by, item.files, item.is_cached) == (
        *(".dvc", "tracked", ("raw.dvc",), 2),
        True,
    )
    data.put("raw", {"a.csv": "1"})
    assert data.item("raw").state == "modified"


def test_old_line_ends_do_not_make_data_of_old_locks_modified(tmp_path: Path) -> None:
    data = DataProject(tmp_path)
    digest = data.put("a.txt", "x\ny\n")
    (tmp_path / "a.txt.dvc").write_text(f"outs:\n- md5: {digest}\n  size: 4\n  path: a.txt\n")
    data.put("a.txt", "x\r\ny\r\n")
    assert data.item("a.txt").state == "tracked"


def test_what_scripts_logged_is_listed_beside_what_is_tracked(tmp_path: Path) -> None:
    data = DataProject(tmp_path)
    data.use("frame", "ab" * 32, 1.0)
    item = data.item("frame")
    assert (item.role, item.state, item.version_count) == ("logged", "untracked", 1)


def test_a_file_that_scripts_logged_is_looked_at(tmp_path: Path) -> None:
    data = DataProject(tmp_path)
    data.use("t.csv", data.put("t.csv", "1"), 1.0)
    assert data.item("t.csv").version_count == 1
    digest = data.put("t.csv", "2")
    item = data.item("t.csv")
    assert (item.state, item.digest, item.version_count) == ("untracked", digest, 2)


def test_a_name_that_is_no_path_is_no_path(tmp_path: Path) -> None:
    data = DataProject(tmp_path)
    data.use("a\0b", "ab" * 16, 1.0)
    item = data.item("a\0b")
    assert versions.read(data.inputs, data.store(), item).versions[0].where == ""
    with pytest.raises(Refused):
        versions.content(data.inputs, item, "ab" * 16, str(tmp_path))


def test_an_unknown_path_names_the_nearest(tmp_path: Path) -> None:
    data = DataProject(tmp_path)
    data.put("table.csv", "a\n1\n")
    data.track("table.csv")
    items = catalogue.read(data.project, None)
    with pytest.raises(NotFound) as failure:
        versions.choose(items, "tabel.csv")
    assert "table.csv" in failure.value.hint


def test_a_path_below_a_directory_belongs_to_it(tmp_path: Path) -> None:
    data = DataProject(tmp_path)
    data.put("raw", {"a/b.csv": "1"})
    data.track("raw")
    item, below = versions.holder(catalogue.read(data.project, None), "raw/a/b.csv")
    assert (item.path, below) == ("raw", "a/b.csv")


def test_equal_files_of_all_versions_are_counted_once(tmp_path: Path) -> None:
    data = DataProject(tmp_path)
    first = data.keep("raw", {"a": "x" * 100, "b": "y" * 10})
    second = data.keep("raw", {"a": "x" * 100, "b": "z" * 20})
    found = savings.of(savings.Objects(data.inputs), [("raw", first), ("raw", second), ("raw", "0" * 32)])
    assert (found.version_count, found.absent_count) == (2, 1)
    assert (found.logical_bytes, found.stored_bytes, found.saved_bytes) == (230, 130, 100)
