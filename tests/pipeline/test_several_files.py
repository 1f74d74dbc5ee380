"""A project of several dvc.yaml files, generated stages and data files, run here and by DVC."""

import json
import os
import random
import shutil
import time
from collections.abc import Callable
from pathlib import Path

import pytest
from pipeline_builders import dvc, make, run, states

from mlops_store.errors import Refused
from mlops_store.store import Store
from mlops_tui.pipeline import control, plan, spec, state, verdicts
from mlops_tui.pipeline.fingerprints import is_settled
from mlops_tui.project import Project

pytestmark = pytest.mark.filterwarnings("ignore::DeprecationWarning:dvc")

FILES = {
    "dvc.yaml": """\
vars: [extra.json]
stages:
  collect:
    cmd: cat ${collect} > all.txt
    deps: [parts/a.txt, parts/b.txt, data/raw.csv]
    params: [k]
    outs: [all.txt]
  "with space":
    matrix: {size: [1, 2.5], way: [x y, "z:w"]}
    cmd: mkdir -p grid && echo "${key} $DVC_STAGE" > "grid/${key}.txt"
    outs: ["grid/${key}.txt"]
""",
    "params.yaml": "k: 1\n",
    "extra.json": json.dumps({"collect": "parts/a.txt parts/b.txt data/raw.csv"}),
    "parts/dvc.yaml": """\
stages:
  make:
    foreach: ${letters}
    do:
      wdir: ${where}
      cmd: echo "${item} ${times} $DVC_STAGE" > ../${item}.txt
      deps: [../../data/raw.csv]
      params: [../params.yaml: [times]]
      outs: ["../${item}.txt"]
""",
    "parts/params.yaml": "letters: [a, b]\ntimes: 3\nwhere: inner\n",
    "parts/inner/keep": "",
    "data/raw.csv": "x\n",
}


def build(directory: Path) -> Project:
    project = make(directory, FILES["dvc.yaml"])
    for name, content in FILES.items():
        path = directory / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(content)
    with dvc(project.root, init=True) as repo:
        repo.add(["data/raw.csv"])
    return project


def stale(project: Project) -> dict[str, tuple[str, ...]]:
    return {one.stage: one.reasons for one in state.status(project, spec.load(project)) if one.is_stale}


@pytest.fixture(scope="module")
def done(tmp_path_factory: pytest.TempPathFactory) -> Project:
    """The project that has just been run here."""
    project = build(tmp_path_factory.mktemp("done") / "p")
    ended = run(project)
    assert ended.state == "finished", {one.stage: one.error for one in ended.stages}
    return project


def test_the_locks_are_those_that_dvc_writes(tmp_path: Path, done: Project) -> None:
    theirs = build(tmp_path / "p")
    with dvc(theirs.root) as repo:
        repo.reproduce()
    for name in ("dvc.lock", "parts/dvc.lock", "data/raw.csv.dvc"):
        assert Path(done.path(name)).read_text() == Path(theirs.path(name)).read_text()
    for name in ("all.txt", "parts/a.txt", "grid/1-x y.txt"):
        assert Path(done.path(name)).read_text() == Path(theirs.path(name)).read_text()
    assert stale(theirs) == {}


def test_dvc_calls_up_to_date_what_was_run_here(done: Project) -> None:
    with dvc(done.root) as repo:
        assert repo.status() == {}
    assert stale(done) == {}


def test_a_stage_is_run_after_those_of_other_files(done: Project) -> None:
    order = [name for name, _ in control_order(done)]
    assert order.index("parts/dvc.yaml:make@a") < order.index("collect")
    assert "with space@2.5-z:w" in order


def control_order(project: Project) -> list[tuple[str, tuple[str, ...]]]:
    return [(one.stage, one.needs) for one in state.status(project, spec.load(project))]


@pytest.mark.parametrize(
    ("edit", "expected"),
    [
        ("data/raw.csv", {"parts/dvc.yaml:make@a", "parts/dvc.yaml:make@b", "collect"}),
        ("parts/params.yaml", {"parts/dvc.yaml:make@a", "parts/dvc.yaml:make@b"}),
        ("parts/a.txt", {"parts/dvc.yaml:make@a", "collect"}),
        ("extra.json", {"collect"}),
    ],
)
def test_a_change_makes_stale_what_dvc_calls_changed(tmp_path: Path, edit: str, expected: set[str]) -> None:
    project = build(tmp_path / "p")
    with dvc(project.root) as repo:
        repo.reproduce()
    path = Path(project.path(edit))
    text = {
        "parts/params.yaml": path.read_text().replace("3", "4"),
        "extra.json": json.dumps({"collect": "data/raw.csv"}),
    }.get(edit, "changed\n")
    path.unlink()  # the cache shares the file
    path.write_text(text)
    with dvc(project.root) as repo:
        theirs = {name for name in repo.status() if not name.endswith(".dvc")}
    own = {
        one.stage
        for one in state.status(project, spec.load(project))
        if any(change.kind != "upstream" for change in one.changes)
    }
    assert own == theirs == expected


def test_logs_of_stages_with_any_name_lie_in_the_folder_of_the_run(done: Project) -> None:
    names = list(spec.load(done).stages)
    paths = {plan.stage_file(done, "r", name, "log") for name in names}
    assert len(paths) == len(names)
    assert {os.path.dirname(path) for path in paths} == {plan.folder(done, "r")}


def test_stages_in_a_subdirectory_alone_are_a_pipeline(tmp_path: Path) -> None:
    project = make(tmp_path, "", sub___dvc__yaml="stages: {a: {cmd: echo 1 > o.txt, outs: [o.txt]}}")
    assert states(run(project)) == {"sub/dvc.yaml:a": "done"}
    assert (tmp_path / "sub" / "dvc.lock").exists()
    assert not (tmp_path / "dvc.lock").exists()


def test_nothing_is_looked_for_below_a_directory_that_is_no_project(tmp_path: Path) -> None:
    (tmp_path / "sub").mkdir()
    (tmp_path / "sub" / "dvc.yaml").write_text("stages: {a: {cmd: x}}")
    project = Project(str(tmp_path))
    assert not spec.load(project).stages
    assert not control.is_described(project)
    with pytest.raises(Refused, match="has no pipeline"):
        control.start(project)


def write(path: str, content: str = "") -> Callable[[Project], None]:
    def act(project: Project) -> None:
        full = Path(project.path(path))
        full.parent.mkdir(parents=True, exist_ok=True)
        full.write_text(content)

    return act


@pytest.mark.parametrize("seed", range(3))
def test_loading_again_sees_every_change_that_loading_anew_sees(tmp_path: Path, seed: int) -> None:
    random_ = random.Random(seed)
    project = make(tmp_path, "stages: {a: {cmd: x}}", sub___deep___keep="")
    names = ("sub", "sub/deep", "other", "other/new")

    def describe(name: str) -> None:
        write(f"{name}/dvc.yaml", f"stages: {{s{random_.randrange(3)}: {{cmd: x}}}}")(project)

    def ignore(name: str) -> None:
        write(".dvcignore", f"/{name}\n")(project)

    def remove(name: str) -> None:
        shutil.rmtree(project.path(name), ignore_errors=True)

    def move(name: str) -> None:
        if os.path.isdir(project.path(name)):
            shutil.rmtree(project.path("moved"), ignore_errors=True)
            os.rename(project.path(name), project.path("moved"))

    acts: tuple[Callable[[str], None], ...] = (describe, describe, ignore, remove, move)
    before = spec.load(project)
    for _ in range(30):
        random_.choice(acts)(random_.choice(names))
        if random_.random() < 0.3:  # until then nothing can be taken over
            while not all(is_settled(seen, time.time_ns()) for seen, _ in before.directories.values() if seen):
                time.sleep(0.01)
            before = spec.load(project, before)
        anew = spec.load(project)
        before = spec.load(project, before)
        assert before == anew
        assert before.directories == anew.directories


class TestVerdict:
    """The memory that all was up to date, with everything that describes the pipeline."""

    @pytest.fixture
    def kept(self, tmp_path: Path) -> Project:
        project = make(
            tmp_path / "p",
            "vars: [extra.json]\nstages: {a: {cmd: 'cat in > out${n}', deps: [in], outs: [out1]}}",
            extra__json='{"n": 1}',
            sub___dvc__yaml="stages: {b: {cmd: echo 1 > o.txt, outs: [o.txt]}}",
            sub___deep___f="",
            other__txt="x",
            **{"in": "1"},
        )
        Path(project.path(".dvc")).mkdir()
        Path(project.path(".dvc", "config")).write_text("[core]\n    no_scm = True\n")
        Path(project.path("other.txt.dvc")).write_text(
            "outs: [{path: other.txt, md5: 9dd4e461268c8034f5c8564e155c67a6}]"
        )
        assert run(project).state == "finished"
        deadline = time.monotonic() + 60
        while verdicts.find(project) is None:  # the times of what was just written can be trusted a little later
            assert time.monotonic() < deadline
            time.sleep(0.02)
            assert stale(project) == {}
        return project

    @pytest.mark.parametrize(
        "act",
        [
            pytest.param(write("sub/deep/dvc.yaml", "stages: {c: {cmd: x}}"), id="a new dvc.yaml"),
            pytest.param(write("new/dvc.yaml", "stages: {c: {cmd: x}}"), id="a new directory"),
            pytest.param(write("sub/new.dvc", "outs: [{path: new}]"), id="a new .dvc file"),
            pytest.param(write("sub/params.yaml", "x: 1"), id="a params.yaml that was looked for"),
            pytest.param(write("extra.json", '{"n": 1}'), id="a file of vars"),
            pytest.param(write("sub/dvc.lock", ""), id="a lock"),
            pytest.param(write(".dvcignore", "sub"), id="an ignore file"),
            pytest.param(write(".dvc/config", "[core]\n    no_scm = True\n"), id="the configuration"),
            pytest.param(write("other.txt.dvc", "outs: [{path: other.txt}]"), id="a .dvc file"),
            pytest.param(lambda project: os.unlink(project.path("other.txt.dvc")), id="a .dvc file that goes"),
        ],
    )
    def test_what_describes_the_pipeline_ends_it(self, kept: Project, act: Callable[[Project], None]) -> None:
        act(kept)
        assert verdicts.find(kept) is None

    def test_other_files_may_come_and_go(self, kept: Project) -> None:
        for path in ("notes.txt", "sub/notes.txt", "sub/deep/notes.txt"):
            write(path)(kept)
        os.unlink(kept.path("sub", "deep", "f"))
        found = verdicts.find(kept)
        assert found is not None
        assert [name for name, _ in found.stages] == ["a", "sub/dvc.yaml:b"]

    def test_a_run_with_nothing_to_do_names_all_stages(self, kept: Project) -> None:
        assert states(run(kept)) == {"a": "cached", "sub/dvc.yaml:b": "cached"}
        with Store(kept.store_path) as store:
            assert state.status(kept, spec.load(kept), store)


def test_what_dvc_has_recorded_of_a_url_stays_in_the_lock(tmp_path: Path) -> None:
    url = "https://example.com/data.csv"
    project = make(tmp_path, f"stages: {{a: {{cmd: cp in out, deps: ['{url}', in], outs: [out]}}}}", **{"in": "1"})
    item = f"    - path: {url}\n      hash: etag\n      etag: abc\n      size: 3\n"
    Path(project.path("dvc.lock")).write_text(
        f"schema: '2.0'\nstages:\n  a:\n    cmd: old\n    deps:\n{item}    - path: in\n      md5: abc\n"
    )
    ended = run(project)
    assert ended.state == "finished", ended.stages[0].error
    assert item in Path(project.path("dvc.lock")).read_text()
    assert stale(project) == {}


def test_a_cached_output_outside_the_project_is_refused_before_its_stage_runs(tmp_path: Path) -> None:
    project = make(tmp_path / "p", "stages: {a: {cmd: echo 1 > ../o, outs: [../o]}}")
    ended = run(project)
    assert states(ended) == {"a": "failed"}
    assert "add 'cache: false'" in ended.stages[0].error
    assert not (tmp_path / "o").exists()


def test_a_working_directory_outside_the_project_is_one(tmp_path: Path) -> None:
    text = """
        stages:
          a: {cmd: cp p/in p/out, wdir: .., deps: [p/in], outs: [p/out: {cache: false}]}
          b: {cmd: cp out o, deps: [out], outs: [o]}
        """
    ours, theirs = (make(tmp_path / side / "p", text, **{"in": "1"}) for side in ("ours", "theirs"))
    with dvc(theirs.root, init=True) as repo:
        repo.reproduce()
    with dvc(ours.root, init=True):
        pass
    assert run(ours).state == "finished"
    assert Path(ours.path("dvc.lock")).read_text() == Path(theirs.path("dvc.lock")).read_text()
    assert stale(ours) == {}
