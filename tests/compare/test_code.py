import os
import subprocess

import pytest

from mlops_store.origins import Origin
from mlops_store.records import Run, RunKind, RunStatus
from mlops_tui.compare import code
from mlops_tui.compare.code import FileLines, uncommitted

DIFF = """diff --git a/{0} b/{0}
index 1..2 100644
--- a/{0}
+++ b/{0}
@@ -1,3 +1,3 @@
 same
-lr = 0.1
+lr = {1}
"""


def git(folder, *arguments):
    names = {f"GIT_{who}_{what}": "a" for who in ("AUTHOR", "COMMITTER") for what in ("NAME", "EMAIL")}
    isolated = {"GIT_CONFIG_GLOBAL": os.devnull, "GIT_CONFIG_SYSTEM": os.devnull}
    done = subprocess.run(
        ["git", *arguments], cwd=folder, env={**os.environ, **isolated, **names}, check=True, capture_output=True
    )
    return done.stdout.decode().strip()


def side(run_id, commit="", diff=""):
    run = Run(run_id, run_id, "e", RunKind.RUN, RunStatus.FINISHED, 1.0, git_commit=commit)
    return run, Origin(git_diff=diff)


def commit(folder, subject):
    git(folder, "commit", "--allow-empty", "-m", subject)
    return git(folder, "rev-parse", "HEAD")


def test_lines_that_only_one_run_had_are_told_by_file():
    found, is_cut = uncommitted(DIFF.format("a.py", "0.2"), DIFF.format("a.py", "0.3") + DIFF.format("b.py", "1"))
    assert found == (
        FileLines("a.py", (" -lr = 0.1", "<+lr = 0.2", ">+lr = 0.3")),
        FileLines("b.py", (">-lr = 0.1", ">+lr = 1")),
    )
    assert not is_cut


def test_equal_changes_are_no_difference():
    assert uncommitted(DIFF.format("a.py", "1"), DIFF.format("a.py", "1")) == ((), False)


def test_long_differences_are_cut():
    long = "diff --git a/x b/x\n@@ -0,0 +1 @@\n" + "".join(f"+{number}\n" for number in range(10_000))
    ((file,), is_cut) = uncommitted("", long)
    assert (len(file.lines), is_cut) == (code.MOST_LINES, True)


@pytest.mark.parametrize(
    "diff", ["not a diff", "diff --git", "@@\n+x", "\x1b[31m\n+++", "diff --git a/x b/y\nBinary files differ"]
)
def test_anything_can_be_called_a_diff(diff):
    uncommitted(diff, "")
    uncommitted("", diff)


def test_the_commits_between_two_runs_are_told(tmp_path):
    git(tmp_path, "init", "-b", "trunk")
    first = commit(tmp_path, "first")
    second = commit(tmp_path, "second")
    git(tmp_path, "checkout", "-q", "-b", "other", first)
    third = commit(tmp_path, "third [bold]")
    found = code.difference(str(tmp_path), side("a", second), side("b", third))
    assert [one.subject for one in found.only_first] == ["second"]
    assert [(one.commit, one.subject) for one in found.only_second] == [(third, "third [bold]")]
    assert not found.is_same
    assert code.difference(str(tmp_path), side("a", first), side("b", first)).is_same


@pytest.mark.parametrize(
    ("first", "second", "problem"),
    [("1" * 40, "2" * 40, "does not have both"), ("", "2" * 40, "outside of a repository"), ("--help", "x", "no hash")],
)
def test_commits_that_are_not_there_are_said_to_be(tmp_path, first, second, problem):
    git(tmp_path, "init")
    assert problem in code.difference(str(tmp_path), side("a", first), side("b", second)).problem
