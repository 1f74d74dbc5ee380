"""Ignore files, against what Git itself says."""

from __future__ import annotations

import subprocess
from pathlib import Path

import pytest

from mlops_tui.pipeline.ignore import GIT_FILE, Ignores

RULES = {
    ".gitignore": "*.log\n!keep.log\n/only-here\nbuild/\ndoc/**/x\n# comment\n\\#literal\n",
    "sub/.gitignore": "!a.log\nsecret*\n",
    "sub/deep/.gitignore": "*\n!.gitignore\n",
}
PATHS = [
    "a.log", "keep.log", "only-here", "sub/only-here", "build/x", "sub/build/x", "doc/a/b/x", "doc/x", "#literal",
    "sub/a.log", "sub/b.log", "sub/secrets/x", "sub/secret", "sub/deep/any", "sub/deep/.gitignore", "plain", "é.log",
]  # fmt: skip


@pytest.fixture(scope="module")
def tree(tmp_path_factory: pytest.TempPathFactory) -> Path:
    root = tmp_path_factory.mktemp("tree")
    for name, text in RULES.items():
        (root / name).parent.mkdir(parents=True, exist_ok=True)
        (root / name).write_text(text)
    for path in PATHS:
        (root / path).parent.mkdir(parents=True, exist_ok=True)
        (root / path).touch()
    subprocess.run(["git", "init", "-q", root], check=True)
    return root


@pytest.mark.parametrize("path", PATHS)
def test_a_path_is_ignored_exactly_when_git_ignores_it(tree: Path, path: str) -> None:
    said = subprocess.run(["git", "-C", tree, "check-ignore", "-q", "--no-index", path], check=False).returncode == 0
    assert Ignores(str(tree), (GIT_FILE,)).ignores(path, is_dir=False) is said


def test_the_folders_of_git_dvc_and_ours_are_always_left_out(tmp_path: Path) -> None:
    ignores = Ignores(str(tmp_path))
    assert ignores.ignores(".git", is_dir=True)
    assert ignores.ignores("data/.dvc/x", is_dir=False)
    assert not ignores.ignores("data.dvc", is_dir=False)


def test_without_ignore_files_nothing_is_ignored_and_the_root_never_is(tmp_path: Path) -> None:
    ignores = Ignores(str(tmp_path))
    assert not ignores.ignores("a/b/c", is_dir=True)
    assert not ignores.ignores("", is_dir=True)
