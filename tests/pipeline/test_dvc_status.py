"""``status --format dvc`` beside ``dvc status --json``, over many situations of one project."""

import json
import os
import random
import shutil
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import yaml
from pipeline_builders import dvc, make

from mlops_tui.pipeline import dvc_status, spec, state
from mlops_tui.project import Project

pytestmark = pytest.mark.filterwarnings("ignore::DeprecationWarning:dvc")

TEXT = """
    stages:
      prepare:
        cmd: mkdir -p d/s && cp raw.csv d/a && cp raw.csv d/s/b
        deps: [raw.csv, src]
        params: [lr, other.json: [k, n.m], conf.toml: ]
        outs: [d]
      train:
        cmd: cp d/a model && cp d/a m.json && cp d/a p.csv
        deps: [d, data.csv]
        outs: [model]
        metrics: [m.json: {cache: false}]
        plots: [p.csv]
      kept: {cmd: cp raw.csv kept.txt, deps: [raw.csv], outs: [kept.txt], frozen: true}
      always: {cmd: cp raw.csv al.txt, deps: [raw.csv], outs: [al.txt], always_changed: true}
      callback: {cmd: "true"}
      grow: {cmd: cp raw.csv g.txt, wdir: w, deps: [../raw.csv, ./own], outs: [g.txt: {persist: true}]}
    """
FILES = {
    "raw.csv": "a,b\n",
    "src/x.py": "1",
    "src/sub/y.py": "2",
    "params.yaml": "lr: 1\nother: 2\n",
    "other.json": '{"k": [1, 2], "n": {"m": 1.5}}',
    "conf.toml": "a = 1\n[b]\nc = 2\n",
    "data.csv": "data",
    "kept.txt": "by hand",
    "w/own": "own",
    "w/raw.csv": "r",
    "folder/one": "1",
    "sub/dvc.yaml": "stages: {s: {cmd: cp ../raw.csv x, deps: [../raw.csv, ../d], params: [p], outs: [x]}}",
    "sub/params.yaml": "p: 1",
    "sub/data": "1",
    "folder/two": "2",
}


def edit(name: str, content: str) -> Callable[[Path], None]:
    def act(root: Path) -> None:
        path = root / name
        if path.is_symlink() or path.exists():
            path.unlink()
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(content)

    return act


def delete(name: str) -> Callable[[Path], None]:
    def act(root: Path) -> None:
        path = root / name
        if path.is_dir():
            shutil.rmtree(path)
        else:
            path.unlink(missing_ok=True)

    return act


def forget(name: str) -> Callable[[Path], None]:
    """Removes the object that the lock, or the ``.dvc`` file, names for an output."""

    def act(root: Path) -> None:
        files = [path for path in root.glob("*.dvc") if path.is_file()]
        entries = [yaml.safe_load(path.read_text()) for path in files]
        if (root / "dvc.lock").exists():
            entries += yaml.safe_load((root / "dvc.lock").read_text())["stages"].values()
        items = [item for entry in entries for item in entry.get("outs", ())]
        for item in items:
            if item["path"] == name:
                (root / ".dvc" / "cache" / "files" / "md5" / item["md5"][:2] / item["md5"][2:]).unlink(missing_ok=True)

    return act


def rewrite(old: str, new: str) -> Callable[[Path], None]:
    def act(root: Path) -> None:
        text = (root / "dvc.yaml").read_text()
        (root / "dvc.yaml").write_text(text.replace(old, new))

    return act


SITUATIONS: dict[str, Callable[[Path], None]] = {
    "dep edited": edit("raw.csv", "new"),
    "dep gone": delete("raw.csv"),
    "file in a dep edited": edit("src/sub/y.py", "new"),
    "file in a dep added": edit("src/sub/z.py", ""),
    "file in a dep gone": delete("src/sub/y.py"),
    "dep directory gone": delete("src"),
    "dep became a file": lambda root: (delete("src")(root), edit("src", "file")(root))[0],
    "param edited": edit("params.yaml", "lr: 2\nother: 2\n"),
    "param not listed edited": edit("params.yaml", "lr: 1\nother: 3\n"),
    "param gone": edit("params.yaml", "other: 2\n"),
    "params file gone": delete("params.yaml"),
    "nested param edited": edit("other.json", '{"k": [1, 2, 3], "n": {"m": 2}}'),
    "whole file grown": edit("conf.toml", "a = 1\nnew = 3\n[b]\nc = 2\n"),
    "whole file shrunk": edit("conf.toml", "a = 5\n"),
    "other params file gone": delete("other.json"),
    "out edited": edit("model", "new"),
    "out gone": delete("model"),
    "directory out edited": edit("d/s/b", "new"),
    "directory out grown": edit("d/c", "new"),
    "directory out gone": delete("d"),
    "metric edited": edit("m.json", "{}"),
    "plot gone": delete("p.csv"),
    "frozen out edited": edit("kept.txt", "new"),
    "object gone": forget("model"),
    "directory object gone": forget("d"),
    "plot object gone": forget("p.csv"),
    "source edited": edit("data.csv", "new"),
    "source gone": delete("data.csv"),
    "source object gone": forget("data.csv"),
    "folder source edited": edit("folder/two", "new"),
    "folder source gone": delete("folder"),
    "folder source object gone": forget("folder"),
    "out of another file edited": edit("sub/x", "new"),
    "param of another file edited": edit("sub/params.yaml", "p: 2"),
    "source below edited": edit("sub/data", "2"),
    "persisting out gone": delete("w/g.txt"),
    "command edited": rewrite("cp d/a model &&", "cp  d/a  model &&"),
    "dep added": rewrite("deps: [d, data.csv]", "deps: [d, data.csv, raw.csv, nothing]"),
    "param added": rewrite("params: [lr,", "params: [lr, other, missing,"),
    "out added": rewrite("outs: [model]", "outs: [model, nothing.txt, w/raw.csv]"),
    "stage added": lambda root: (root / "dvc.yaml").write_text(
        (root / "dvc.yaml").read_text()
        + "  new: {cmd: x, deps: [raw.csv, gone], params: [lr, zz], outs: [w/raw.csv, y]}\n"
    ),
    "stage renamed": rewrite("  grow:", "  grown:"),
    "lock gone": delete("dvc.lock"),
    "files ignored": edit(".dvcignore", "*.py\n/d/s\n"),
    "no longer cached": rewrite("outs: [model]", "outs: [model: {cache: false}]"),
    "now cached": rewrite("m.json: {cache: false}", "m.json"),
    "frozen": rewrite("deps: [d, data.csv]", "frozen: true\n    deps: [d, data.csv]"),
}
PAIRS = random.Random(1).sample(
    [(one, other) for one in SITUATIONS for other in SITUATIONS if one < other and not other.endswith("object gone")],
    25,
)


@pytest.fixture(scope="session")
def finished(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A DVC repository whose stages have all run."""
    project = make(tmp_path_factory.mktemp("status") / "p", TEXT)
    root = Path(project.root)
    for name, content in FILES.items():
        edit(name, content)(root)
    with dvc(root, init=True) as repo:
        repo.add(["data.csv", "folder", "sub/data"])
        repo.reproduce(all_pipelines=True)
    return root


def both(finished: Path, tmp_path: Path, *acts: Callable[[Path], None]) -> tuple[Any, Any]:
    root = tmp_path / "p"
    shutil.copytree(finished, root, symlinks=True)
    for act in acts:
        act(root)
    project = Project(str(root))
    ours = dvc_status.of(state.Inputs(project), spec.load(project))
    with dvc(root) as repo:
        return ours, json.loads(json.dumps(repo.status()))


@pytest.mark.parametrize("what", SITUATIONS)
def test_a_change_is_told_in_dvcs_words(finished: Path, tmp_path: Path, what: str) -> None:
    ours, theirs = both(finished, tmp_path, SITUATIONS[what])
    assert ours == theirs


@pytest.mark.parametrize("pair", PAIRS, ids=" and ".join)
def test_two_changes_are_told_in_dvcs_words(finished: Path, tmp_path: Path, pair: tuple[str, str]) -> None:
    ours, theirs = both(finished, tmp_path, *(SITUATIONS[what] for what in pair))
    assert ours == theirs


def test_nothing_changed_is_what_runs_every_time(finished: Path, tmp_path: Path) -> None:
    ours, theirs = both(finished, tmp_path)
    assert ours == theirs == {"always": ["always changed"], "callback": ["always changed"]}


def test_imported_data_is_judged_by_what_it_was_imported_from(finished: Path, tmp_path: Path) -> None:
    def import_(root: Path) -> None:
        with dvc(root) as repo:
            repo.imp_url("raw.csv", "imported.csv")
        edit("raw.csv", "newer")(root)
        text = (root / "imported.csv.dvc").read_text()
        (root / "imported.csv.dvc").write_text(text.replace("frozen: true\n", ""))

    ours, theirs = both(finished, tmp_path, import_)
    assert ours["imported.csv.dvc"] == theirs["imported.csv.dvc"]


@pytest.mark.parametrize("where", ["sub", "d"])
def test_names_are_relative_to_where_one_is(
    finished: Path, tmp_path: Path, where: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    from dvc.repo import Repo

    root = tmp_path / "p"
    shutil.copytree(finished, root, symlinks=True)
    added = f"  far: {{cmd: x, deps: [../far, {root}/raw.csv, {tmp_path}/away], outs: [w/far]}}\n"
    (root / "dvc.yaml").write_text((root / "dvc.yaml").read_text() + added)
    for act in (edit("sub/x", "new"), edit("sub/data", "new"), edit("params.yaml", "lr: 3"), delete("model")):
        act(root)
    project = Project(str(root))
    ours = dvc_status.of(state.Inputs(project), spec.load(project), str(root / where))
    monkeypatch.chdir(root / where)
    with Repo(str(root)) as repo:
        assert ours == json.loads(json.dumps(repo.status()))


def test_the_command_prints_dvcs_line(tmp_path: Path) -> None:
    text = "stages: {a: {cmd: cp é b, deps: [é], outs: [b]}, c: {cmd: 'true'}}"
    project = make(tmp_path, text)
    Path(project.path("é")).write_text("x")
    with dvc(project.root, init=True):
        pass
    bin_ = Path(sys.executable).parent
    lines = [
        subprocess.run([bin_ / program, "status", *options], cwd=tmp_path, capture_output=True, text=True, check=True)
        for program, options in (("mlops-tui", ("--format", "dvc")), ("dvc", ("--json",)))
    ]
    assert lines[0].stdout == lines[1].stdout
    assert not os.path.exists(project.store_path)
