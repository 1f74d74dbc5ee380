import os
import shutil
from pathlib import Path

import pytest
from pipeline_builders import dvc, make

from mlops_store.errors import SpecError
from mlops_tui.pipeline import spec, state, verdicts
from mlops_tui.project import Project

pytestmark = pytest.mark.filterwarnings("ignore::DeprecationWarning:dvc")

PIPELINE = """
stages:
  prepare:
    cmd: cp raw.csv data.csv
    deps: [raw.csv]
    outs: [data.csv: {cache: false}]
  train:
    cmd: mkdir -p model && cp data.csv model/w
    deps: [data.csv, src]
    params: [train.lr, other.json: [depth], whole.toml: ]
    outs: [model: {cache: false}]
    metrics: [metrics.json: {cache: false}]
  report:
    cmd: cat model/w > report.txt
    deps: [model]
    outs: [report.txt: {cache: false}]
"""


@pytest.fixture
def project(tmp_path: Path) -> Project:
    """A project that DVC has just brought up to date."""
    made = make(
        tmp_path / "p",
        PIPELINE.replace("mkdir -p model", "echo '{}' > metrics.json && mkdir -p model"),
        raw__csv="1\n",
        params__yaml="train: {lr: 0.1, epochs: 3}\n",
        other__json='{"depth": 3}',
        whole__toml="a = 1\n[b]\nc = 'x'\n",
        src___train__py="print()\n",
    )
    with dvc(made.root, init=True) as repo:
        repo.reproduce()
    return made


def judge(project: Project) -> dict[str, tuple[str, ...]]:
    found = state.status(project, spec.load(project))
    return {stage.stage: stage.reasons for stage in found if stage.is_stale}


def judged_by_dvc(project: Project) -> set[str]:
    """The stages that DVC calls changed."""
    with dvc(project.root) as repo:
        return set(repo.status())


def test_what_dvc_has_brought_up_to_date_is_up_to_date(project: Project) -> None:
    assert judge(project) == {}
    assert judged_by_dvc(project) == set()


CHANGES: dict[str, tuple[str, str, dict[str, tuple[str, ...]]]] = {
    "a dep": ("raw.csv", "2\n", {"prepare": ("raw.csv changed",)}),
    "a file in a directory": ("src/train.py", "x\n", {"train": ("src changed",)}),
    "a new file in a directory": ("src/new.py", "x\n", {"train": ("src changed",)}),
    "a param": ("params.yaml", "train: {lr: 0.01}\n", {"train": ("params.yaml: train.lr 0.1 → 0.01",)}),
    "a param of another file": ("other.json", '{"depth": 4}', {"train": ("other.json: depth 3 → 4",)}),
    "a whole params file": (
        "whole.toml",
        "a = 2\n[b]\nc = 'y'\n[d]\n",
        {"train": ("whole.toml: a 1 → 2", "whole.toml: b.c x → y", "whole.toml: d is new ({})")},
    ),
    "a param that is gone": ("params.yaml", "train: {}\n", {"train": ("params.yaml: train.lr is missing",)}),
    "an untracked param": ("params.yaml", "train: {lr: 0.1, epochs: 9}\n", {}),
    "an output edited by hand": ("report.txt", "edited\n", {"report": ("output report.txt changed",)}),
    "a param of equal value": ("params.yaml", "train: {lr: 1e-1}\n", {}),
}


@pytest.mark.parametrize("what", CHANGES)
def test_a_change_makes_stale_what_dvc_calls_changed(project: Project, what: str) -> None:
    file, content, expected = CHANGES[what]
    (Path(project.root) / file).write_text(content)
    reasons = judge(project)
    own = {stage: tuple(one for one in why if not one.startswith("upstream")) for stage, why in reasons.items()}
    assert {stage: why for stage, why in own.items() if why} == expected
    assert judged_by_dvc(project) == set(expected)


@pytest.mark.parametrize(
    ("gone", "expected"),
    [
        ("raw.csv", {"prepare": ("raw.csv is missing",)}),
        ("params.yaml", {"train": ("params.yaml is missing",)}),
        ("report.txt", {"report": ("output report.txt missing",)}),
    ],
)
def test_what_is_missing_is_told(project: Project, gone: str, expected: dict[str, tuple[str, ...]]) -> None:
    os.unlink(project.path(gone))
    found = judge(project)
    assert {stage: found[stage] for stage in expected} == expected
    assert set(expected) == judged_by_dvc(project)


def test_what_cannot_be_read_is_told(project: Project) -> None:
    os.unlink(project.path("raw.csv"))
    os.symlink("raw.csv", project.path("raw.csv"))  # a link to itself
    assert judge(project)["prepare"] == ("raw.csv cannot be read (Too many levels of symbolic links)",)


def test_a_changed_command_and_stages_downstream_of_it_are_stale(project: Project) -> None:
    path = Path(project.pipeline_path)
    path.write_text(path.read_text().replace("cp raw.csv data.csv", "cp  raw.csv data.csv"))
    assert judge(project) == {
        "prepare": ("command changed",),
        "train": ("upstream prepare is stale",),
        "report": ("upstream train is stale",),
    }
    assert judged_by_dvc(project) == {"prepare"}


def test_a_new_stage_was_never_run(project: Project) -> None:
    with open(project.pipeline_path, "a") as file:
        file.write("  last:\n    cmd: x\n    deps: [report.txt]\n")
    assert judge(project) == {"last": ("never run",)}


def test_a_new_dep_and_a_new_output_are_told(project: Project) -> None:
    path = Path(project.pipeline_path)
    path.write_text(path.read_text().replace("deps: [model]", "deps: [model, raw.csv]"))
    assert judge(project) == {"report": ("raw.csv is a new dependency",)}
    assert judged_by_dvc(project) == {"report"}


def test_frozen_stages_ignore_their_deps(project: Project) -> None:
    path = Path(project.pipeline_path)
    path.write_text(path.read_text().replace("    deps: [raw.csv]", "    frozen: true\n    deps: [raw.csv]"))
    (path.parent / "raw.csv").write_text("2\n")
    assert judge(project) == {}
    assert judged_by_dvc(project) == set()


def test_stages_without_files_and_always_changed_ones_run_every_time(tmp_path: Path) -> None:
    made = make(
        tmp_path / "p",
        """
        stages:
          callback: {cmd: "true"}
          always: {cmd: cp a b, deps: [a], outs: [b: {cache: false}], always_changed: true}
        """,
        a="1",
    )
    with dvc(made.root, init=True) as repo:
        repo.reproduce()
    assert judge(made) == {"callback": ("runs every time",), "always": ("runs every time",)}
    assert judged_by_dvc(made) == {"callback", "always"}


def test_an_output_that_is_not_in_dvcs_cache_is_told(tmp_path: Path) -> None:
    made = make(tmp_path / "p", "stages: {a: {cmd: mkdir m && cp x m/y, deps: [x], outs: [m]}}", x="1")
    with dvc(made.root, init=True) as repo:
        repo.reproduce()
    assert judge(made) == {}
    shutil.rmtree(made.path(".dvc", "cache"))
    assert judge(made) == {"a": ("output m not in the cache",)}
    assert judged_by_dvc(made) == {"a"}


def test_a_moved_cache_is_found(tmp_path: Path) -> None:
    made = make(tmp_path / "p", "stages: {a: {cmd: cp x y, deps: [x], outs: [y]}}", x="1")
    with dvc(made.root, init=True):
        pass
    Path(made.path(".dvc", "config")).write_text(
        "[core]\n    analytics = false\n    no_scm = true\n[cache]\n    dir = ../elsewhere\n"
    )
    with dvc(made.root) as repo:
        repo.reproduce()
    assert judge(made) == {}
    assert os.path.isdir(made.path("elsewhere", "files", "md5"))


def test_entries_of_dvc_2_are_still_valid(tmp_path: Path) -> None:
    made = make(
        tmp_path / "p", "stages: {a: {cmd: cp x y, deps: [x], outs: [y: {cache: false}]}}", x="1\r\n", y="1\r\n"
    )
    (tmp_path / "p" / "dvc.lock").write_text(
        "schema: '2.0'\nstages:\n  a:\n    cmd: cp x y\n    deps:\n    - path: x\n"
        "      md5: b026324c6904b2a9cb4b88d6d61c81d1\n      size: 3\n"
        "    outs:\n    - path: y\n      md5: b026324c6904b2a9cb4b88d6d61c81d1\n      size: 3\n"
    )
    with dvc(made.root, init=True) as repo:
        assert repo.status() == {}
    assert judge(made) == {}


def test_a_broken_lock_is_named(project: Project) -> None:
    Path(project.path("dvc.lock")).write_text("schema: '2.0'\nstages: [\n")
    with pytest.raises(SpecError, match=r"dvc\.lock:3:1"):
        judge(project)


def test_a_broken_params_file_is_named(project: Project) -> None:
    Path(project.path("params.yaml")).write_text("train: {lr: [}\n")
    with pytest.raises(SpecError, match=r"params\.yaml:1:14"):
        judge(project)


@pytest.mark.parametrize(
    "asked", ["other.yaml: [when]", "other.yaml: [list]", "other.yaml: null", "other.toml: [when]"]
)
def test_only_a_date_that_is_asked_for_is_refused(project: Project, asked: str) -> None:
    other = Path(project.path("other.yaml"))
    other.write_text("lr: 1\nwhen: 2024-01-01\nlist: [{a: 2024-01-01}]\n")
    Path(project.path("other.toml")).write_text("lr = 1\nwhen = 2024-01-01\n")
    definition = Path(project.path("dvc.yaml"))
    definition.write_text("stages: {a: {cmd: echo, params: [other.yaml: [lr], other.toml: [lr]], outs: [o]}}\n")
    pipeline = spec.load(project)
    inputs = state.Inputs(project)
    assert [inputs.params(pipeline.stages["a"], file) for file in ("other.yaml", "other.toml")] == [({"lr": 1}, ())] * 2

    definition.write_text("stages: {a: {cmd: echo, params: [" + asked + "], outs: [o]}}\n")
    with pytest.raises(SpecError, match="is a date"):
        inputs.params(spec.load(project).stages["a"], asked.partition(":")[0])


def test_a_file_within_a_directory_that_cannot_be_read_is_named(project: Project) -> None:
    (Path(project.path("src")) / "broken").symlink_to("nowhere")
    assert judge(project)["train"][0] == "src cannot be read (broken: a link to nothing)"


def test_asking_writes_nothing_where_there_is_no_state_directory(project: Project) -> None:
    before = sorted(os.listdir(project.root))
    judge(project)
    assert sorted(os.listdir(project.root)) == before


class TestVerdict:
    """The memory that all was up to date."""

    @pytest.fixture
    def kept(self, project: Project) -> Project:
        os.makedirs(project.state_dir)
        newest = max(os.stat(path).st_ctime for path, _, _ in os.walk(project.root))
        import time

        while time.time() < newest + 0.06:
            time.sleep(0.005)
        assert judge(project) == {}
        assert verdicts.find(project) is not None
        return project

    def test_it_holds_while_nothing_changes(self, kept: Project) -> None:
        found = verdicts.find(kept)
        assert found is not None
        assert [name for name, _ in found.stages] == ["prepare", "train", "report"]

    @pytest.mark.parametrize("file", ["raw.csv", "src/train.py", "params.yaml", "dvc.yaml", "dvc.lock", "report.txt"])
    def test_any_write_ends_it_even_with_the_same_content_and_times(self, kept: Project, file: str) -> None:
        path = Path(kept.path(file))
        status = path.stat()
        path.write_bytes(path.read_bytes())
        os.utime(path, ns=(status.st_atime_ns, status.st_mtime_ns))
        assert verdicts.find(kept) is None

    @pytest.mark.parametrize("file", ["raw.csv", "model/w", "dvc.lock", "report.txt"])
    def test_a_file_that_goes_ends_it(self, kept: Project, file: str) -> None:
        os.unlink(kept.path(file))
        assert verdicts.find(kept) is None

    def test_a_new_file_in_a_directory_ends_it(self, kept: Project) -> None:
        Path(kept.path("src", "new.py")).write_text("")
        assert verdicts.find(kept) is None

    @pytest.mark.parametrize("content", [b"", b"{", b"\0", b"\xff", b"mlops-tui verdict 4\x009\0end"])
    def test_a_damaged_one_is_none(self, kept: Project, content: bytes) -> None:
        Path(kept.state_dir, "up-to-date").write_bytes(content)
        assert verdicts.find(kept) is None

    def test_one_that_was_cut_short_anywhere_is_none(self, kept: Project) -> None:
        path = Path(kept.state_dir, "up-to-date")
        whole = path.read_bytes()
        for length in range(len(whole)):
            path.write_bytes(whole[:length])
            assert verdicts.find(kept) is None
        path.write_bytes(whole)
        assert verdicts.find(kept) is not None

    def test_it_is_not_kept_while_something_is_stale(self, project: Project) -> None:
        os.makedirs(project.state_dir)
        Path(project.path("raw.csv")).write_text("9")
        judge(project)
        assert verdicts.find(project) is None
