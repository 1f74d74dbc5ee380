"""Folders that serve a version elsewhere, tried elsewhere."""

from __future__ import annotations

import hashlib
import os
import re
import shutil
import subprocess
import sys
from collections.abc import Mapping
from pathlib import Path
from typing import NamedTuple

import numpy as np
import pytest
from registry_builders import CONFIG, log_directory, log_model, make_run, make_store
from serving import ask
from sklearn.datasets import load_iris
from sklearn.linear_model import LogisticRegression

from mlops_store.errors import NotFound, Refused
from mlops_store.records import ModelVersion
from mlops_store.store import Store
from mlops_tui.project import Project
from mlops_tui.registry import formats, keys, versions
from mlops_tui.serve.export import archive, folder
from mlops_tui.serve.export.folder import Exported

DATA, TARGET = load_iris(return_X_y=True, as_frame=True)
MODEL = LogisticRegression(max_iter=500).fit(DATA, TARGET)
GIT = {"GIT_CONFIG_GLOBAL": "/dev/null", "GIT_AUTHOR_NAME": "a", "GIT_COMMITTER_NAME": "a", "EMAIL": "a@b.c"}


class Trained(NamedTuple):
    """A project in a folder of a repository, with a version that was trained with an uncommitted change."""

    project: Project
    store: Store
    version: ModelVersion

    def export(self, directory: Path, **options: bool) -> Exported:
        return folder.export(self.store, self.project, self.version, str(directory), **options)


def git(directory: Path, *arguments: str) -> str:
    done = subprocess.run(["git", *arguments], cwd=directory, env=os.environ | GIT, capture_output=True, check=True)
    return done.stdout.decode()


@pytest.fixture(scope="module")
def trained(tmp_path_factory: pytest.TempPathFactory) -> Trained:
    repository = tmp_path_factory.mktemp("repository")
    root = repository / "work" / "iris"
    (root / "src").mkdir(parents=True)
    (repository / "elsewhere.py").write_text("other = 1\n")
    (root / "train.py").write_text("rate = 1\nprint(rate)\n")
    (root / "src" / "run.sh").write_text("echo\n")
    (root / "src" / "run.sh").chmod(0o755)
    (root / "big.bin").write_bytes(b"\0" * (10_500_000))
    (root / "link").symlink_to("/etc/passwd")
    git(repository, "init", "-q")
    git(repository, "add", "-A")
    git(repository, "commit", "-qm", "one")
    (root / "train.py").write_text("rate = 2\nprint(rate)\n")
    (repository / "elsewhere.py").write_text("other = 2\n")
    diff = git(root, "diff", "HEAD")
    store = make_store(root)
    formats.save(MODEL, str(root / "saved"), input_example=DATA[:5])
    run_id = make_run(store, git_commit=git(root, "rev-parse", "HEAD").strip(), git_dirty=1, git_diff=diff)
    log_directory(store, run_id, root / "saved")
    shutil.rmtree(root / "saved")
    return Trained(Project(str(root)), store, versions.register(store, CONFIG, "iris", run_id=run_id))


def contents(directory: Path) -> Mapping[str, str]:
    return {
        str(path.relative_to(directory)): hashlib.sha256(path.read_bytes()).hexdigest() + oct(path.stat().st_mode)
        for path in sorted(directory.rglob("*"))
        if path.is_file()
    }


def test_a_folder_has_the_model_its_code_and_what_serves_it(trained: Trained, tmp_path: Path) -> None:
    done = trained.export(tmp_path / "out")
    out = tmp_path / "out"
    assert [path for path, _ in done.files] == sorted(contents(out))
    assert {"Dockerfile", "README.md", "mlops-tui.pyz", "requirements.txt", "start"} <= set(contents(out))
    assert formats.load(str(out / "model")).predict(DATA).tolist() == MODEL.predict(DATA).tolist()
    assert (out / "model" / "MLmodel").exists()
    assert (out / "code" / "train.py").read_text() == "rate = 2\nprint(rate)\n"
    assert (out / "code" / "src" / "run.sh").stat().st_mode & 0o777 == 0o755
    assert sorted(path.name for path in (out / "code").iterdir()) == ["src", "train.py"]
    assert (done.code.patch, done.code.left_out) == ("applied", ("big.bin", "link"))
    assert all(path.stat().st_mode & 0o044 == 0o044 for path in out.rglob("*")), "a container's user can read all"


def test_the_same_version_gives_the_same_bytes_and_nothing_of_this_machine(trained: Trained, tmp_path: Path) -> None:
    trained.export(tmp_path / "one")
    trained.export(tmp_path / "two")
    assert contents(tmp_path / "one") == contents(tmp_path / "two")
    private = {str(tmp_path), trained.project.root, sys.prefix, str(Path.home()) + "/"}
    for path in (tmp_path / "one").rglob("*"):
        if path.is_file():
            text = path.read_bytes()
            assert [word for word in private if word.encode() in text] == []


def test_requirements_are_exact_and_those_that_the_model_was_made_with(trained: Trained, tmp_path: Path) -> None:
    done = trained.export(tmp_path / "out")
    lines = (tmp_path / "out" / "requirements.txt").read_text().splitlines()[1:]
    assert all(re.fullmatch(r"[a-z0-9-]+==[^=]+", line) for line in lines)
    recorded = formats.describe(str(tmp_path / "out" / "model")).packages
    assert recorded
    assert {name: done.packages[name] for name in recorded} == recorded
    assert {"starlette", "uvicorn", "h11", "click"} <= set(done.packages)
    assert not {"textual", "mlops-tui", "rich"} & set(done.packages)


def test_a_folder_that_holds_something_is_left_alone(trained: Trained, tmp_path: Path) -> None:
    (tmp_path / "mine.txt").write_text("mine")
    with pytest.raises(Refused, match="is not empty"):
        trained.export(tmp_path)
    (tmp_path / "model").mkdir()
    (tmp_path / "model" / "weights").write_text("mine")
    with pytest.raises(Refused, match="no export wrote"):
        trained.export(tmp_path, is_forced=True)
    with pytest.raises(Refused, match="no folder"):
        trained.export(tmp_path / "mine.txt", is_forced=True)
    assert sorted(os.listdir(tmp_path)) == ["mine.txt", "model"]
    assert os.listdir(tmp_path / "model") == ["weights"]


def test_force_replaces_an_earlier_export_and_keeps_other_files(trained: Trained, tmp_path: Path) -> None:
    out = tmp_path / "out"
    trained.export(out)
    expected = contents(out)
    (out / "code" / "old.py").write_text("gone in the next export")
    (out / "start").write_text("edited")
    outside = tmp_path / "outside"
    outside.write_text("not to be written through a link")
    (out / "README.md").unlink()
    (out / "README.md").symlink_to(outside)
    (out / "notes.txt").write_text("mine")
    trained.export(out, is_forced=True)
    assert (out / "notes.txt").read_text() == "mine"
    assert outside.read_text() == "not to be written through a link"
    (out / "notes.txt").unlink()
    assert contents(out) == expected


def test_what_a_stage_asks_of_signatures_holds_for_exports_too(trained: Trained, tmp_path: Path) -> None:
    config = Path(trained.project.root, "mlops.toml")
    keys.make(str(tmp_path / "release"))
    config.write_text(f'[signing]\npublic_keys = ["{tmp_path}/release.pub"]\nstages = {{dev = "enforce"}}\n')
    try:
        with pytest.raises(Refused, match="nobody has signed it"):
            trained.export(tmp_path / "out")
        assert not (tmp_path / "out").exists()
    finally:
        config.unlink()


def test_a_trial_writes_nothing(trained: Trained, tmp_path: Path) -> None:
    done = trained.export(tmp_path / "out", is_trial=True)
    assert ("requirements.txt" in dict(done.files), os.listdir(tmp_path)) == (True, [])


def test_code_that_is_not_here_is_said_so(trained: Trained, tmp_path: Path) -> None:
    for number, (commit, problem) in enumerate(
        (("", "outside of a Git repository"), ("0" * 40, "does not have the commit"), ("--output=/x", "outside"))
    ):
        run_id = make_run(trained.store, name=f"run {number}", git_commit=commit, git_dirty=0)
        formats.save(MODEL, str(tmp_path / "saved"))
        log_directory(trained.store, run_id, tmp_path / "saved")
        version = versions.register(trained.store, CONFIG, "other", run_id=run_id)
        done = folder.export(trained.store, trained.project, version, str(tmp_path / str(number)))
        assert problem in done.code.problem
        assert problem in (tmp_path / str(number) / "README.md").read_text()
        assert not (tmp_path / str(number) / "code").exists()


def test_a_patch_that_does_not_fit_lies_beside(trained: Trained, tmp_path: Path) -> None:
    commit = trained.version.lineage["git_commit"]
    diff = "diff --git a/work/iris/train.py b/work/iris/train.py\n--- a/work/iris/train.py\n+++ b/work/iris/train.py\n"
    diff += "@@ -1,1 +1,1 @@\n-rate = 7\n+rate = 8\n"
    run_id = make_run(trained.store, name="odd", git_commit=commit, git_dirty=1, git_diff=diff)
    formats.save(MODEL, str(tmp_path / "saved"))
    log_directory(trained.store, run_id, tmp_path / "saved")
    version = versions.register(trained.store, CONFIG, "odd", run_id=run_id)
    done = folder.export(trained.store, trained.project, version, str(tmp_path / "out"))
    assert done.code.patch == "beside"
    assert (tmp_path / "out" / "code" / "train.py").read_text() == "rate = 1\nprint(rate)\n"
    assert (tmp_path / "out" / "code" / "uncommitted.patch").read_text() == diff


def test_files_that_are_no_model_are_refused(trained: Trained, tmp_path: Path) -> None:
    run_id = make_run(trained.store, name="files")
    log_model(trained.store, run_id, files={"a.txt": b"no model"})
    version = versions.register(trained.store, CONFIG, "files", run_id=run_id)
    with pytest.raises(NotFound, match="holds no model"):
        folder.export(trained.store, trained.project, version, str(tmp_path / "out"))
    assert not (tmp_path / "out").exists()


def test_tensors_without_what_predicts_with_them_are_not_exported_to_be_served(
    trained: Trained, tmp_path: Path
) -> None:
    formats.save({"weights": np.ones(2)}, str(tmp_path / "model"))
    run_id = make_run(trained.store, name="tensors")
    log_directory(trained.store, run_id, tmp_path / "model")
    version = versions.register(trained.store, CONFIG, "tensors", run_id=run_id)
    with pytest.raises(Refused, match="'safetensors' cannot be served"):
        folder.export(trained.store, trained.project, version, str(tmp_path / "out"))
    assert not (tmp_path / "out").exists()


def test_the_program_in_a_file_knows_its_version_and_brings_no_interface(tmp_path: Path) -> None:
    file = tmp_path / "program.pyz"
    file.write_bytes(archive.packed())
    done = subprocess.run(
        [sys.executable, "-I", str(file), "--version"], cwd=tmp_path, capture_output=True, text=True, check=True
    )
    own = subprocess.run([sys.executable, "-m", "mlops_tui", "--version"], capture_output=True, text=True, check=True)
    assert done.stdout == own.stdout
    names = subprocess.run([sys.executable, "-m", "zipfile", "-l", str(file)], capture_output=True, text=True).stdout
    assert "mlops_tui/serve/app.py" in names
    assert "mlops_tui/ui/" not in names


@pytest.mark.slow
@pytest.mark.timeout(900)
def test_a_folder_serves_in_a_fresh_environment_with_only_its_requirements(trained: Trained, tmp_path: Path) -> None:
    trained.export(tmp_path / "out")
    moved = Path(shutil.move(tmp_path / "out", tmp_path / "some where else"))
    subprocess.run([sys.executable, "-m", "venv", str(tmp_path / "fresh")], check=True)
    python = tmp_path / "fresh" / "bin" / "python"
    subprocess.run([python, "-m", "pip", "install", "-q", "-r", moved / "requirements.txt"], check=True)
    bare = {"PATH": "/usr/bin:/bin", "PYTHON": str(python)}
    with subprocess.Popen(
        [moved / "start", "--port", "0"], cwd="/", env=bare, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
    ) as process:
        assert process.stdout is not None
        line = process.stdout.readline()
        try:
            found = re.fullmatch(r"serving iris/1 on http://127\.0\.0\.1:(\d+)\n", line)
            assert found, process.communicate(timeout=30)
            port = int(found[1])
            rows = {"columns": list(DATA.columns), "data": DATA.to_numpy().tolist()}
            expected = {"predictions": MODEL.predict(DATA).tolist()}
            assert ask(port, {"dataframe_split": rows}).json == expected
            assert ask(port, DATA.to_csv(index=False), content_type="text/csv").json == expected
            parquet = tmp_path / "rows.parquet"
            DATA.to_parquet(parquet)
            assert ask(port, parquet.read_bytes(), content_type="application/vnd.apache.parquet").json == expected
            example = (moved / "model" / "serving_input_example.json").read_bytes()
            assert ask(port, example).json == {"predictions": expected["predictions"][:5]}
        finally:
            process.terminate()
        assert process.wait(30) == 0
    assert contents(moved).keys() == dict(trained.export(tmp_path / "again").files).keys(), "running it writes nothing"
