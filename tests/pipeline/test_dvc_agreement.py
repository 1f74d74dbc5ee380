"""The same project run here and by DVC: dvc.lock byte for byte, and each calls up to date what the other has run."""

import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest
from pipeline_builders import dvc, make, run, states

from mlops_tui.pipeline import spec, state
from mlops_tui.project import Project

pytestmark = pytest.mark.filterwarnings("ignore::DeprecationWarning:dvc")

PIPELINES = {
    "files and directories, cached": """
        stages:
          prepare:
            cmd: mkdir -p data/sub && cp raw.csv data/a.csv && cp raw.csv data/sub/b.csv
            deps: [raw.csv]
            outs: [data]
          train:
            cmd: cat data/a.csv data/sub/b.csv > model && chmod +x model
            deps: [data, src]
            params: [train.lr, train.layers, s]
            outs: [model]
            metrics: [m.json: {cache: false}]
            plots: [p.csv]
        """,
    "not cached": """
        stages:
          a: {cmd: cp raw.csv a.txt, deps: [raw.csv], outs: [a.txt: {cache: false}]}
          b: {cmd: cp a.txt b.txt, deps: [a.txt], outs: [b.txt: {cache: false}]}
        """,
    "commands of every kind": """
        stages:
          lines:
            cmd: |
              echo one > one.txt
              echo two > two.txt
            deps: [raw.csv]
            outs: [two.txt, one.txt]
          items:
            cmd:
              - x=1; echo "$x" > items.txt
              - echo "x is ${x:-unset}" >> items.txt
            deps: [raw.csv]
            outs: [items.txt]
          quotes:
            cmd: >-
              printf '%s\\n' 'a b' "c d" é > quotes.txt; python3 -c "import sys; print('a: b', '#c', sys.argv)" 1
              --learning-rate 0.001 --epochs 100 --batch-size 32 --model-name resnet50 --output >> quotes.txt
            deps: [raw.csv]
            outs: [quotes.txt]
          env:
            cmd: echo "$DVC_STAGE" > env.txt; basename "$DVC_ROOT" > /dev/null; pwd > /dev/null
            outs: [env.txt]
        """.replace("${x:-unset}", "\\${x:-unset}"),
    "params of every kind": """
        stages:
          whole:
            cmd: echo 1 > whole.txt
            params: [{other.json: null}, conf.py: [lr, Net.depth], conf.toml: [a.b], dates.yaml: [lr]]
            outs: [whole.txt]
          odd:
            cmd: echo 1 > odd.txt
            params: [s, train.layers.1, train, none, text, multi, special, big]
            outs: [odd.txt]
        """,
    "order and working directories": """
        stages:
          last: {cmd: cat ../mid.txt > last.txt, wdir: sub, deps: [../mid.txt, ./here.txt], outs: [last.txt]}
          mid: {cmd: cp first.txt mid.txt, deps: [first.txt], outs: [mid.txt]}
          first: {cmd: cp raw.csv first.txt, deps: [raw.csv], outs: [first.txt]}
        """,
    "empty directory, callback, always": """
        stages:
          empty: {cmd: mkdir e, deps: [raw.csv], outs: [e]}
          callback: {cmd: "true"}
          always: {cmd: cp raw.csv al.txt, deps: [raw.csv], outs: [al.txt], always_changed: true}
          only_outs: {cmd: echo x > oo.txt, outs: [oo.txt]}
          only_deps: {cmd: "true", deps: [raw.csv]}
        """,
    "frozen": """
        stages:
          made: {cmd: echo never > made.txt, deps: [raw.csv], outs: [made.txt], frozen: true}
          user: {cmd: cp made.txt user.txt, deps: [made.txt], outs: [user.txt]}
        """,
    "persist": """
        stages:
          grow: {cmd: echo x >> grown.txt, deps: [raw.csv], outs: [grown.txt: {persist: true}]}
        """,
}
FILES = {
    "raw.csv": "a,b\r\n1,2\n",
    "params.yaml": (
        "train: {lr: 1e-3, layers: [8, 4.0]}\ns: yes\nnone: ~\ntext: '012'\nbig: 123456789012345678901234567890\n"
        "multi: |\n  one\n  two\nspecial: [.inf, -.inf, 1e-07, true, [], {}, '', 'a: b', {k: [1]}]\n"
    ),
    "other.json": '{"z": 1, "a": {"b": [1, 2.5, null, "x"]}}',
    "conf.py": "lr = 0.1\nclass Net:\n    depth = (1, 2)\n",
    "conf.toml": "when = [2024-01-01]\n[a]\nb = 'x y'\n",
    "dates.yaml": "lr: 0.1\nwhen: 2024-01-01\n",
    "src/train.py": "print(1)\n",
    "src/pkg/m.py": "",
    "sub/here.txt": "h",
    "made.txt": "by hand\n",
}


def build(directory: Path, text: str) -> Project:
    project = make(directory, text)
    for name, content in FILES.items():
        path = directory / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(content.encode())
    for name, content in (("m.json", '{"auc": 0.5}'), ("p.csv", "x,y\n1,2\n")):
        (directory / "templates").mkdir(exist_ok=True)
        (directory / "templates" / name).write_text(content)
    path = directory / "dvc.yaml"
    path.write_text(path.read_text().replace("chmod +x model", "chmod +x model && cp templates/* ."))
    return project


def kept(project: Project) -> dict[str, bytes]:
    """The cache, objects and kept runs, by path."""
    cache = Path(project.path(".dvc", "cache"))
    return {str(path.relative_to(cache)): path.read_bytes() for path in cache.rglob("*") if path.is_file()}


def stale(project: Project) -> dict[str, tuple[str, ...]]:
    return {one.stage: one.reasons for one in state.status(project, spec.load(project)) if one.is_stale}


@pytest.mark.parametrize("what", PIPELINES)
def test_the_lock_is_the_one_that_dvc_writes(tmp_path: Path, what: str) -> None:
    ours, theirs = (build(tmp_path / side / "p", PIPELINES[what]) for side in ("ours", "theirs"))
    with dvc(ours.root, init=True):
        pass
    with dvc(theirs.root, init=True) as repo:
        repo.reproduce()

    ended = run(ours)

    assert ended.state == "finished", {one.stage: one.error for one in ended.stages}
    assert Path(ours.path("dvc.lock")).read_text() == Path(theirs.path("dvc.lock")).read_text()
    assert kept(ours) == kept(theirs)
    every_time = {"callback", "always"} if "callback" in what else set()
    with dvc(ours.root) as repo:
        assert set(repo.status()) == every_time
    assert set(stale(theirs)) == every_time
    assert set(stale(ours)) == every_time


def test_the_cache_holds_what_dvc_can_check_out(tmp_path: Path) -> None:
    ours = build(tmp_path / "p", PIPELINES["files and directories, cached"])
    with dvc(ours.root, init=True):
        pass
    run(ours)
    before = Path(ours.path("data", "sub", "b.csv")).read_bytes()
    shutil.rmtree(ours.path("data"))
    os.unlink(ours.path("model"))
    with dvc(ours.root) as repo:
        repo.checkout()
    assert Path(ours.path("data", "sub", "b.csv")).read_bytes() == before
    assert os.access(ours.path("model"), os.X_OK)
    assert stale(ours) == {}


def test_a_second_run_of_either_does_nothing(tmp_path: Path) -> None:
    ours = build(tmp_path / "p", PIPELINES["files and directories, cached"])
    with dvc(ours.root, init=True):
        pass
    run(ours)
    with dvc(ours.root) as repo:
        assert repo.reproduce() == []
    assert set(states(run(ours)).values()) == {"cached"}


def test_both_take_turns_and_agree_each_time(tmp_path: Path) -> None:
    ours, theirs = (build(tmp_path / side / "p", PIPELINES["files and directories, cached"]) for side in "ab")
    for project in (ours, theirs):
        with dvc(project.root, init=True):
            pass
    for turn, (name, content) in enumerate(
        [
            ("raw.csv", "3"),
            ("params.yaml", "train: {lr: 2, layers: []}\ns: no\n"),
            ("src/new.py", "x"),
            ("raw.csv", "3"),
        ]
    ):
        for project in (ours, theirs):
            Path(project.path(name)).write_text(content)
        with dvc(theirs.root) as repo:
            repo.reproduce()
        if turn % 2:
            with dvc(ours.root) as repo:
                repo.reproduce()
        else:
            run(ours)
        assert Path(ours.path("dvc.lock")).read_text() == Path(theirs.path("dvc.lock")).read_text()
        assert stale(ours) == {}


def test_a_failing_stage_leaves_the_lock_of_the_earlier_ones(tmp_path: Path) -> None:
    text = """
        stages:
          a: {cmd: cp raw.csv a.txt, deps: [raw.csv], outs: [a.txt]}
          b: {cmd: cp a.txt b.txt; exit 3, deps: [a.txt], outs: [b.txt]}
          c: {cmd: cp b.txt c.txt, deps: [b.txt], outs: [c.txt]}
        """
    ours, theirs = (build(tmp_path / side / "p", text) for side in ("ours", "theirs"))
    from dvc.exceptions import ReproductionError

    with dvc(ours.root, init=True):
        pass
    with dvc(theirs.root, init=True) as repo, pytest.raises(ReproductionError):
        repo.reproduce()
    ended = run(ours)
    assert states(ended) == {"a": "done", "b": "failed", "c": "skipped"}
    assert Path(ours.path("dvc.lock")).read_text() == Path(theirs.path("dvc.lock")).read_text()


def test_old_entries_that_did_not_change_stay_as_dvc_2_wrote_them(tmp_path: Path) -> None:
    text = "stages: {a: {cmd: cp x y && cp x z, deps: [x, w], outs: [y: {cache: false}, z: {cache: false}]}}"
    legacy = "b026324c6904b2a9cb4b88d6d61c81d1"
    lock = (
        "schema: '2.0'\nstages:\n  a:\n    cmd: cp x y\n"
        f"    deps:\n    - path: w\n      md5: {legacy}\n      size: 2\n"
        f"    - path: x\n      md5: {legacy}\n      size: 3\n"
        f"    outs:\n    - path: y\n      md5: {legacy}\n      size: 3\n"
    )
    sides = [make(tmp_path / side / "p", text, x="1\r\n", w="changed\r\n", dvc__lock=lock) for side in "ab"]
    for project in sides:
        with dvc(project.root, init=True):
            pass
    with dvc(sides[0].root) as repo:
        repo.reproduce()
    run(sides[1])
    assert Path(sides[1].path("dvc.lock")).read_text() == Path(sides[0].path("dvc.lock")).read_text()


@pytest.mark.parametrize("shell", ["", "/bin/sh", "/bin/bash"])
def test_commands_see_what_dvc_shows_them(tmp_path: Path, shell: str, monkeypatch: pytest.MonkeyPatch) -> None:
    text = (
        'stages:\n  show:\n    wdir: sub\n    cmd:\n    - echo "$DVC_STAGE $DVC_ROOT $(pwd)" > out.txt\n'
        '    - echo "$0 $# $-" >> out.txt; cat >> out.txt; [[ -n x ]] 2>/dev/null && echo double >> out.txt; true\n'
        "    - readlink /proc/$$/exe >> out.txt\n    outs: [out.txt]\n"
    )
    monkeypatch.setenv("SHELL", shell)
    sides = [build(tmp_path / side / "p", text) for side in "ab"]
    with dvc(sides[0].root, init=True):
        pass
    program = os.path.join(os.path.dirname(sys.executable), "dvc")
    subprocess.run([program, "repro", "-q"], cwd=sides[0].root, check=True, stdin=subprocess.DEVNULL)
    assert run(sides[1]).state == "finished"
    theirs, ours = (Path(side.path("sub", "out.txt")).read_text() for side in sides)
    assert ours.replace(sides[1].root, "ROOT") == theirs.replace(sides[0].root, "ROOT")


def test_cached_outputs_are_kept_out_of_git_as_dvc_does(tmp_path: Path) -> None:
    text = """
        stages:
          a:
            cmd: mkdir -p sub d && echo 1 > sub/a.txt && echo 1 > "we[i]rd.txt" && echo 1 > seen && echo 1 > known
            outs: [sub/a.txt, "we[i]rd.txt", d, seen: {cache: false}, known]
        """
    sides = [make(tmp_path / side / "p", text, sub____gitignore="/old") for side in "ab"]
    for project in sides:
        subprocess.run(["git", "init", "-q"], cwd=project.root, check=True)
        Path(project.path(".git", "info", "exclude")).write_text("known\n")
        with dvc(project.root, init=True, git=True):
            pass
    with dvc(sides[0].root) as repo:
        repo.reproduce()
    assert run(sides[1]).state == "finished"
    for name in (".gitignore", "sub/.gitignore"):
        assert Path(sides[1].path(name)).read_text() == Path(sides[0].path(name)).read_text()
    seen = subprocess.run(["git", "status", "--short", "-uall"], cwd=sides[1].root, capture_output=True, text=True)
    assert "a.txt" not in seen.stdout
    assert "seen" in seen.stdout
