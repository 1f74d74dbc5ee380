"""Bringing versions back: what is written, and what is refused before anything is."""

from __future__ import annotations

import os
import subprocess
from pathlib import Path

import pytest
from data_builders import DataProject

from mlops_store import ids, pipelines, runs
from mlops_store.errors import Refused
from mlops_tui.data import restore
from mlops_tui.data.restore import Plan


@pytest.fixture
def data(tmp_path: Path) -> DataProject:
    return DataProject(tmp_path / "project")


def back(data: DataProject, path: str, digest: str, *, force: bool = False) -> Plan:
    return restore.apply(data.inputs, data.item(path), digest, force=force)


def test_a_file_comes_back_as_it_was(data: DataProject) -> None:
    old = data.keep("t.csv", "old")
    data.keep("t.csv", "new")
    data.track("t.csv")
    done = back(data, "t.csv", old)
    assert [(change.path, change.how) for change in done.changes] == [("t.csv", "changed")]
    assert (data.root / "t.csv").read_text() == "old"
    assert data.item("t.csv").digest == old


def test_a_directory_comes_back_with_what_was_removed_and_without_what_came_later(data: DataProject) -> None:
    old = data.keep("raw", {"a": "1", "sub/b": "2", "same": "s"})
    data.keep("raw", {"a": "changed", "late/c": "3", "same": "s"})
    data.track("raw")
    done = back(data, "raw", old)
    assert {(change.path, change.how) for change in done.changes} == {
        *(("raw/a", "changed"), ("raw/late/c", "removed")),
        ("raw/sub/b", "added"),
    }
    assert done.same_count == 1
    assert data.listing("raw") == {"a": "1", "sub/b": "2", "same": "s"}
    assert not (data.root / "raw" / "late").exists()
    assert not [name for name in os.listdir(data.root) if "restore" in name]


def test_what_comes_back_can_be_written_without_touching_the_cache(data: DataProject) -> None:
    old, new = data.keep("t.csv", "old"), data.keep("t.csv", "new")
    (data.root / "t.csv").unlink()
    (data.root / "t.csv").symlink_to(data.object_path(new))  # as DVC checks out where it is told to link
    data.track("t.csv")
    back(data, "t.csv", old)
    assert not (data.root / "t.csv").is_symlink()
    (data.root / "t.csv").write_text("edited")
    assert (data.object_path(old).read_text(), data.object_path(new).read_text()) == ("old", "new")


def test_a_file_that_was_executable_stays_so(data: DataProject) -> None:
    old = data.keep("run.sh", "old")
    data.keep("run.sh", "new")
    (data.root / "run.sh").chmod(0o755)
    data.track("run.sh")
    back(data, "run.sh", old)
    assert (data.root / "run.sh").stat().st_mode & 0o777 == 0o755


def test_looking_changes_nothing(data: DataProject) -> None:
    old = data.keep("raw", {"a": "1"})
    data.keep("raw", {"b": "2"})
    data.track("raw")
    planned = restore.plan(data.inputs, data.item("raw"), old)
    assert [(change.how, change.size_bytes) for change in planned.changes] == [("added", 1), ("removed", 1)]
    assert (planned.copied_bytes, planned.lost) == (1, ())
    assert data.listing("raw") == {"b": "2"}


def test_a_version_that_lies_there_already_is_left_alone(data: DataProject) -> None:
    old = data.keep("raw", {"a": "1"})
    data.track("raw")
    before = (data.root / "raw" / "a").stat().st_mtime_ns
    assert back(data, "raw", old).changes == ()
    assert (data.root / "raw" / "a").stat().st_mtime_ns == before


def test_content_that_is_nowhere_else_is_not_overwritten(data: DataProject) -> None:
    old = data.keep("raw", {"a": "1", "b": "1"})
    data.put("raw", {"a": "precious", "b": "1", "c": "mine"})
    data.track("raw")
    with pytest.raises(Refused, match="raw/a and 1 more would be lost"):
        back(data, "raw", old)
    assert data.listing("raw") == {"a": "precious", "b": "1", "c": "mine"}
    assert len(back(data, "raw", old, force=True).lost) == 2
    assert data.listing("raw") == {"a": "1", "b": "1"}


def test_a_damaged_object_is_refused_by_name_and_nothing_is_changed(data: DataProject) -> None:
    old = data.keep("raw", {"a": "1", "b": "2"})
    data.keep("raw", {"a": "x", "b": "y"})
    data.track("raw")
    damaged = "c81e728d9d4c2f636f067f89cc14862c"  # md5 of "2"
    data.object_path(damaged).chmod(0o644)
    data.object_path(damaged).write_text("3")
    with pytest.raises(Refused, match=damaged):
        back(data, "raw", old)
    assert data.listing("raw") == {"a": "x", "b": "y"}
    assert not [name for name in os.listdir(data.root) if "restore" in name]


def test_what_a_killed_restore_left_is_cleared_and_the_next_one_finishes(data: DataProject) -> None:
    old = data.keep("raw", {"a": "1", "b": "2"})
    data.keep("raw", {"a": "x", "b": "y"})
    data.track("raw")
    killed = subprocess.Popen(["true"])
    killed.wait()
    left = data.root / f".raw.restore-{killed.pid}"
    left.mkdir()
    (left / "0").write_text("half")
    (data.root / "raw" / "a").unlink()  # it had begun
    back(data, "raw", old)
    assert data.listing("raw") == {"a": "1", "b": "2"}
    assert not left.exists()


def test_a_version_that_the_cache_lacks_in_part_is_refused(data: DataProject) -> None:
    old = data.keep("raw", {"a": "1", "b": "2"})
    data.keep("raw", {"a": "x"})
    data.track("raw")
    data.object_path("c81e728d9d4c2f636f067f89cc14862c").unlink()
    with pytest.raises(Refused, match="1 of the 2 files of raw"):
        back(data, "raw", old)
    with pytest.raises(Refused, match="is not in the cache"):
        back(data, "raw", "f" * 32)


def test_a_link_on_the_way_does_not_lead_out_of_the_project(data: DataProject, tmp_path: Path) -> None:
    old = data.keep("in/raw", {"sub/a": "1"})
    data.keep("in/raw", {"sub/a": "2"})
    data.track("in/raw")
    outside = tmp_path / "outside"
    outside.mkdir()
    (outside / "a").write_text("theirs")
    (data.root / "in" / "raw" / "sub" / "a").unlink()
    (data.root / "in" / "raw" / "sub").rmdir()
    (data.root / "in" / "raw" / "sub").symlink_to(outside)
    with pytest.raises(Refused, match="outside of the project"):
        back(data, "in/raw", old, force=True)
    assert (outside / "a").read_text() == "theirs"


@pytest.mark.parametrize("path", ["../x.csv", "/tmp/x.csv", ".git/config", ".dvc/config", ".mlops/store.db"])
def test_paths_outside_of_the_work_tree_are_refused(data: DataProject, path: str) -> None:
    digest = data.keep("t.csv", "old")
    data.use(path, digest, 1.0)
    with pytest.raises(Refused, match="not inside the project's work tree"):
        restore.plan(data.inputs, data.item(path), digest)


def test_a_file_and_a_directory_take_each_others_place(data: DataProject) -> None:
    file = data.keep("x", "file")
    data.track("x")
    (data.root / "x").unlink()
    directory = data.keep("x", {"a": "1", "b/c": "2"})
    back(data, "x", file)
    assert (data.root / "x").read_text() == "file"
    back(data, "x", directory)
    assert data.listing("x") == {"a": "1", "b/c": "2"}


def test_a_directory_with_files_that_no_version_has_is_not_replaced_by_a_file(data: DataProject) -> None:
    file = data.keep("x", "file")
    data.track("x")
    (data.root / "x").unlink()
    data.keep("x", {"a": "1"})
    (data.root / "x" / ".git").mkdir()
    (data.root / "x" / ".git" / "HEAD").write_text("theirs")
    with pytest.raises(Refused, match="not tracked"):
        back(data, "x", file)
    assert (data.root / "x" / "a").exists()


def test_nothing_is_brought_back_under_a_pipeline_run(data: DataProject) -> None:
    old = data.keep("t.csv", "old")
    data.keep("t.csv", "new")
    data.track("t.csv")
    run_id = ids.new_id()
    with data.store() as store:
        with store.write() as db:
            runs.create(db, run_id=run_id, name="night", experiment="e", kind="pipeline", started_at=1.0)
            pipelines.create(db, run_id, stages=[], jobs=1, request={})
        with pytest.raises(Refused, match="pipeline run night is going on"):
            restore.apply(data.inputs, data.item("t.csv"), old, store)


def test_the_real_dvc_agrees_with_what_came_back(data: DataProject) -> None:
    from pipeline_builders import dvc

    (data.root / ".dvc").rmdir()
    with dvc(data.root, init=True) as repo:
        old = data.put("raw", {"a": "1", "sub/b": "2"})
        repo.add("raw")
        first = (data.root / "raw.dvc").read_text()
        data.put("raw", {"a": "3"})
        repo.add("raw")
        new = data.item("raw").digest
        (data.root / "raw.dvc").write_text(first)
    back(data, "raw", old)
    with dvc(data.root) as repo:
        assert repo.status() == {}
    back(data, "raw", new)
    with dvc(data.root) as repo:
        assert repo.status() == {"raw.dvc": [{"changed outs": {"raw": "modified"}}]}
