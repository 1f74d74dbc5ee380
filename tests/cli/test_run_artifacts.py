import os
import subprocess
import sys
from pathlib import Path

import pytest

from mlops_store import artifacts, ids, runs
from mlops_store.artifacts import object_path

PATCH = "diff --git a/t.py b/t.py\n--- a/t.py\n+++ b/t.py\n@@ -1 +1 @@\n-lr = 1\n+lr = 2"
BYTES = bytes(range(256)) * 40


@pytest.fixture
def run_id(store) -> str:
    run_id = ids.new_id()
    with store.write() as db:
        runs.create(db, run_id=run_id, name="one", experiment="e", started_at=1e9, git_commit="a" * 40, git_dirty=1)
        runs.update(db, run_id, git_diff=PATCH)
        for path, content in {"a.txt": b"hello\n", "model/w.bin": BYTES, "model/conf/a.yaml": b"a: 1\n"}.items():
            artifacts.record(db, run_id, path, *artifacts.put_bytes(store.objects_dir, content), 1e9)
    return run_id


def lose(store, run_id: str, path: str) -> None:
    (one,) = [found for found in artifacts.of_run(store.read(), run_id) if found.path == path]
    os.remove(object_path(store.objects_dir, one.digest))


def test_artifacts_are_listed_with_whether_their_bytes_are_there(cli, store, run_id):
    lose(store, run_id, "a.txt")
    listed = cli("runs", "artifacts", "one", "--json").json
    assert [(one["path"], one["size_bytes"], one["is_present"]) for one in listed] == [
        ("a.txt", 6, False),
        ("model/conf/a.yaml", 5, True),
        ("model/w.bin", len(BYTES), True),
    ]
    assert "gone" in cli("runs", "artifacts", "one").stdout


def test_an_artifact_comes_out_byte_for_byte(cli, project, run_id):
    program = [sys.executable, "-m", "mlops_tui", "runs", "artifact", "one", "model/w.bin"]
    assert subprocess.run(program, capture_output=True, check=True, timeout=60).stdout == BYTES
    (done,) = cli("runs", "artifact", "one", "model/w.bin", "-o", "w.bin", "--json").json
    assert (done["output"], done["size_bytes"]) == ("w.bin", len(BYTES))
    assert Path("w.bin").read_bytes() == BYTES


def test_a_folder_comes_out_with_all_in_it(cli, project, run_id):
    assert cli("runs", "artifact", "one", "model", "-o", "out").exit_code == 0
    assert Path("out/w.bin").read_bytes() == BYTES
    assert Path("out/conf/a.yaml").read_text() == "a: 1\n"


def test_what_can_be_written_of_a_folder_is_and_the_rest_is_said(cli, store, run_id):
    with store.write() as db:
        for path in ("x/a", "x/a/b", "x/a/c", "x/d"):  # x/a is a file and a folder
            artifacts.record(db, run_id, path, *artifacts.put_bytes(store.objects_dir, path.encode()), 1e9)
    done = cli("runs", "artifact", "one", "x", "-o", "out")
    assert done.exit_code == 1
    assert [line.split()[1] for line in done.stdout.splitlines()] == ["out/a", "out/d"]
    assert (Path("out/a").read_text(), Path("out/d").read_text()) == ("x/a", "x/d")
    assert "out/a/b cannot be written" in done.stderr
    assert "out/a/c cannot be written" in done.stderr


def test_a_file_that_exists_is_replaced_only_when_forced(cli, project, run_id):
    Path("a.txt").write_text("mine")
    refused = cli("runs", "artifact", "one", "a.txt", "-o", "a.txt")
    assert (refused.exit_code, Path("a.txt").read_text()) == (1, "mine")
    assert "--force" in refused.stderr
    assert cli("runs", "artifact", "one", "a.txt", "-o", ".", "--force").exit_code == 0
    assert Path("a.txt").read_text() == "hello\n"


def test_a_dry_run_writes_nothing(cli, project, run_id):
    assert "would write" in cli("runs", "artifact", "one", "a.txt", "-o", "b.txt", "--dry-run").stdout
    assert not Path("b.txt").exists()


def test_what_is_not_there_is_said(cli, store, run_id):
    missing = cli("runs", "artifact", "one", "a.tx")
    assert (missing.exit_code, "did you mean 'a.txt'" in missing.stderr) == (2, True)
    lose(store, run_id, "a.txt")
    gone = cli("runs", "artifact", "one", "a.txt", "-o", "c.txt")
    assert (gone.exit_code, "gone" in gone.stderr) == (1, True)
    assert cli("runs", "artifact", "one", "model").exit_code == 2


def test_damaged_bytes_are_never_written(cli, store, run_id):
    (one,) = [found for found in artifacts.of_run(store.read(), run_id) if found.path == "a.txt"]
    path = object_path(store.objects_dir, one.digest)
    os.chmod(path, 0o644)
    Path(path).write_bytes(b"other\n")
    damaged = cli("runs", "artifact", "one", "a.txt", "-o", "c.txt")
    assert (damaged.exit_code, "SHA-256" in damaged.stderr) == (1, True)
    assert os.listdir(".") == [".mlops"]


def test_the_patch_is_printed_as_git_takes_it(cli, run_id):
    assert cli("runs", "diff", "one").stdout == PATCH + "\n"
    assert cli("runs", "diff", "one", "--json").json["git_diff"] == PATCH


def test_a_run_without_uncommitted_changes_says_so(cli, store):
    with store.write() as db:
        runs.create(db, run_id=ids.new_id(), name="clean", experiment="e", started_at=1e9, git_commit="b" * 40)
        runs.create(db, run_id=ids.new_id(), name="bare", experiment="e", started_at=1e9)
        runs.create(db, run_id=ids.new_id(), name="unborn", experiment="e", started_at=1e9, git_branch="main")
    clean = cli("runs", "diff", "clean")
    assert (clean.exit_code, clean.stdout) == (0, "")
    assert "everything was committed in bbbbbbbbbbbb" in clean.stderr
    assert "outside of a Git repository" in cli("runs", "diff", "bare").stderr
    assert "a Git repository without a commit" in cli("runs", "diff", "unborn").stderr


def test_show_says_which_versions_came_of_the_run_and_where_its_log_is(cli, run_id):
    shown = cli("runs", "show", "one", "--json").json
    assert (shown["versions"], shown["log_path"], shown["git_diff"]) == ([], "", PATCH)
