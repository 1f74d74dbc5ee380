"""What is recorded about code, packages and machine, without slowing or disturbing the script."""

from __future__ import annotations

import os
import subprocess
import time
from pathlib import Path

import pytest
from tracked import all_runs, detail, only_run, opened, script

from mlops_tui.tracking import git

RUN = "with mlops.start_run(): pass"
NOBODY = {
    "GIT_CONFIG_GLOBAL": os.devnull,
    "GIT_CONFIG_SYSTEM": os.devnull,
    "GIT_AUTHOR_NAME": "a",
    "GIT_AUTHOR_EMAIL": "a@example.org",
    "GIT_COMMITTER_NAME": "a",
    "GIT_COMMITTER_EMAIL": "a@example.org",
}


def run_git(folder: Path, *arguments: str) -> str:
    return subprocess.run(
        ["git", *arguments], cwd=folder, env={**os.environ, **NOBODY}, check=True, capture_output=True, text=True
    ).stdout.strip()


@pytest.fixture
def repository(tmp_path: Path) -> Path:
    """A repository with one commit on the branch ``trunk``."""
    folder = tmp_path / "code"
    folder.mkdir()
    run_git(folder, "init", "-b", "trunk")
    (folder / "train.py").write_text("lr = 0.1\n")
    run_git(folder, "add", ".")
    run_git(folder, "commit", "-m", "first")
    return folder


def test_a_clean_tree_is_recorded_with_commit_and_branch(repository: Path) -> None:
    script(repository, RUN)
    found = detail(repository)
    assert found.run.git_commit == run_git(repository, "rev-parse", "HEAD")
    assert (found.git_branch, found.run.git_dirty, found.git_diff) == ("trunk", False, "")


def test_a_changed_tree_is_recorded_with_its_difference(repository: Path) -> None:
    (repository / "train.py").write_text("lr = 0.2\n")
    script(repository, RUN)
    found = detail(repository)
    assert found.run.git_dirty
    assert "-lr = 0.1\n+lr = 0.2" in found.git_diff


def test_the_state_of_the_project_s_own_files_does_not_make_the_tree_dirty(repository: Path) -> None:
    script(repository, RUN)
    script(repository, RUN)
    assert [run.git_dirty for run in all_runs(repository)] == [False, False]
    assert run_git(repository, "status", "--porcelain") == ""


def test_all_runs_of_a_process_share_one_text(repository: Path) -> None:
    (repository / "train.py").write_text("lr = 0.2\n")
    script(repository, "for _ in range(5):\n    with mlops.start_run(): pass")
    found = [detail(repository, run.run_id) for run in all_runs(repository)]
    assert len(found) == 5
    assert all("+lr = 0.2" in each.git_diff and each.packages and each.hardware for each in found)
    with opened(repository) as store:
        assert store.read().execute("SELECT count(*) FROM texts").fetchone()[0] == 3


def test_a_detached_head_has_no_branch(repository: Path) -> None:
    run_git(repository, "checkout", "--detach")
    script(repository, RUN)
    found = detail(repository)
    assert (found.git_branch, len(found.run.git_commit)) == ("", 40)


def test_a_packed_branch_a_worktree_and_a_subfolder_are_understood(repository: Path, tmp_path: Path) -> None:
    run_git(repository, "pack-refs", "--all")
    run_git(repository, "worktree", "add", "-b", "other", str(tmp_path / "tree"))
    commit = run_git(repository, "rev-parse", "HEAD")
    (repository / "src").mkdir()
    assert git.head(str(repository / "src")) == {"git_branch": "trunk", "git_commit": commit}
    assert git.head(str(tmp_path / "tree")) == {"git_branch": "other", "git_commit": commit}


@pytest.mark.parametrize(
    ("url", "expected"),
    [
        ("https://user:secret@example.org/a/b.git", "https://example.org/a/b.git"),
        ("https://example.org/a/b.git", "https://example.org/a/b.git"),
        ("git@example.org:a/b.git", "git@example.org:a/b.git"),
        ("ssh://git@example.org/a@b", "ssh://example.org/a@b"),
    ],
)
def test_the_remote_is_recorded_without_user_and_password(repository: Path, url: str, expected: str) -> None:
    run_git(repository, "remote", "add", "origin", url)
    assert git.head(str(repository))["git_remote"] == expected


def test_a_repository_without_a_commit_is_no_trouble(tmp_path: Path) -> None:
    run_git(tmp_path, "init", "-b", "trunk")
    assert script(tmp_path, RUN).stderr == ""
    assert (detail(tmp_path).git_branch, only_run(tmp_path).git_commit) == ("trunk", "")


def test_outside_of_a_repository_nothing_is_said_of_git(tmp_path: Path) -> None:
    assert script(tmp_path, RUN).stderr == ""
    found = detail(tmp_path)
    assert (found.run.git_commit, found.git_branch, found.git_diff) == ("", "", "")


def test_a_machine_without_git_still_has_the_commit(repository: Path) -> None:
    (repository / "train.py").write_text("lr = 0.2\n")
    done = script(repository, RUN, env={"PATH": str(repository)})
    assert (done.returncode, done.stderr) == (0, "")
    assert len(only_run(repository).git_commit) == 40
    assert detail(repository).git_diff == ""


def test_a_git_that_is_configured_to_run_programs_does_not_run_them(repository: Path) -> None:
    (repository / "train.py").write_text("lr = 0.2\n")
    trap = repository / "trap.sh"
    trap.write_text(f"#!/bin/sh\ntouch {repository}/sprung\n")
    trap.chmod(0o755)
    run_git(repository, "config", "diff.external", str(trap))
    run_git(repository, "config", "diff.x.textconv", str(trap))
    (repository / ".gitattributes").write_text("*.py diff=x\n")
    script(repository, RUN)
    assert "+lr = 0.2" in detail(repository).git_diff
    assert not (repository / "sprung").exists()


def test_a_git_that_takes_for_ever_is_not_waited_for(repository: Path) -> None:
    (repository / "bin").mkdir()
    slow = repository / "bin" / "git"
    slow.write_text("#!/bin/sh\nexec sleep 60\n")
    slow.chmod(0o755)
    assert git.diff(str(repository), 0.2) is not None
    begun = time.monotonic()
    code = "from mlops_tui.tracking import background; background._LAST_PATIENCE_S = 0.2\n" + RUN
    done = script(repository, code, env={"PATH": f"{repository}/bin:{os.environ['PATH']}"})
    assert (done.returncode, time.monotonic() - begun < 30) == (0, True)
    assert len(only_run(repository).git_commit) == 40


def test_a_huge_difference_is_cut(repository: Path) -> None:
    (repository / "train.py").write_text("x = 1\n" * 500_000)
    assert script(repository, RUN).returncode == 0
    assert 1_000_000 < len(detail(repository).git_diff) <= 1 << 20


def test_bytes_that_are_no_text_in_a_difference_are_no_trouble(repository: Path) -> None:
    (repository / "train.py").write_bytes(b"lr = 0.2 # \xff\xfe\n")
    assert script(repository, RUN).stderr == ""
    assert "+lr = 0.2 #" in detail(repository).git_diff


def test_the_packages_are_those_of_the_interpreter(tmp_path: Path) -> None:
    from importlib.metadata import version

    script(tmp_path, RUN)
    packages = detail(tmp_path).packages
    assert packages["pytest"] == version("pytest")
    assert packages["numpy"] == version("numpy")


def test_a_working_directory_that_was_removed_is_no_trouble(tmp_path: Path) -> None:
    code = "import os; os.mkdir('gone'); os.chdir('gone'); os.rmdir('../gone')\n" + RUN
    assert script(tmp_path, code).stderr == ""
    assert detail(tmp_path).cwd == ""
