import textwrap
from pathlib import Path

import pytest

from mlops_store.errors import SpecError
from mlops_tui.pipeline import spec
from mlops_tui.project import Project


def load(directory: Path, text: str) -> spec.Pipeline:
    (directory / "dvc.yaml").write_text(textwrap.dedent(text))
    return spec.load(Project(str(directory)))


def refused(directory: Path, text: str) -> SpecError:
    with pytest.raises(SpecError) as caught:
        load(directory, text)
    return caught.value


def test_a_project_without_a_dvc_yaml_has_an_empty_pipeline(tmp_path: Path) -> None:
    assert spec.load(Project(str(tmp_path))) == spec.Pipeline()


@pytest.mark.parametrize("text", ["", "# nothing yet\n", "stages: {}\n"])
def test_an_empty_file_is_an_empty_pipeline(tmp_path: Path, text: str) -> None:
    assert not load(tmp_path, text).stages


def test_a_stage_is_read_with_all_its_keys(tmp_path: Path) -> None:
    (tmp_path / "src").mkdir()
    pipeline = load(
        tmp_path,
        """
        stages:
          train:
            desc: Fits the model
            cmd:
              - echo one
              - python train.py
            wdir: src
            deps: [train.py, ../data]
            params:
              - train.lr
              - train.epochs
              - other.json: [a.b]
              - whole.toml:
            outs:
              - model.skops:
                  cache: false
                  persist: true
                  push: false
                  remote: s3
                  desc: The model
                  type: model
                  labels: [a, b]
                  meta: {owner: me}
              - plain.txt
            metrics:
              - metrics.json: {cache: false}
            plots:
              - roc.csv: {x: fpr, y: tpr, title: ROC}
            frozen: true
            always_changed: true
            meta: {mlops: {retries: 2}}
        metrics: [all.json]
        params: [params.yaml]
        plots:
          - curves: {x: step, y: {loss.csv: loss}}
        artifacts:
          best: {path: src/model.skops, type: model}
        """,
    )
    stage = pipeline.stages["train"]
    assert stage.commands == ("echo one", "python train.py")
    assert stage.deps == ("train.py", "../data")
    assert [stage.path(dep) for dep in stage.deps] == ["src/train.py", "data"]
    assert stage.params == {
        "params.yaml": ("train.lr", "train.epochs"),
        "other.json": ("a.b",),
        "whole.toml": (),
    }
    model, plain, metrics, roc = stage.outs
    assert model == spec.Out(
        "model.skops", "out", False, True, False, "s3", "The model", "model", ("a", "b"), {"owner": "me"}
    )
    assert plain == spec.Out("plain.txt")
    assert (metrics.kind, metrics.cache) == ("metric", False)
    assert (roc.kind, roc.plot) == ("plot", {"x": "fpr", "y": "tpr", "title": "ROC"})
    assert stage.is_frozen
    assert stage.always_changed
    assert stage.meta == {"mlops": {"retries": 2}}
    assert stage.line == 3
    assert pipeline.top["metrics"] == {"dvc.yaml": ["all.json"]}
    assert pipeline.top["artifacts"]["dvc.yaml"]["best"]["type"] == "model"


def test_a_multi_line_command_is_one_process_a_line(tmp_path: Path) -> None:
    pipeline = load(tmp_path, "stages:\n  a:\n    cmd: |\n      echo 1\n      echo 2\n")
    assert pipeline.stages["a"].commands == ("echo 1", "echo 2")


def test_an_escaped_brace_is_the_shells(tmp_path: Path) -> None:
    assert load(tmp_path, "stages:\n  a:\n    cmd: echo \\${HOME}\n").stages["a"].command == "echo ${HOME}"


def test_an_absolute_path_inside_the_project_is_written_relative(tmp_path: Path) -> None:
    pipeline = load(tmp_path, f"stages: {{a: {{cmd: x, deps: ['{tmp_path}/data/x.csv']}}}}")
    assert pipeline.stages["a"].deps == ("data/x.csv",)


def test_values_with_the_looks_of_yaml_1_1_stay_text(tmp_path: Path) -> None:
    pipeline = load(tmp_path, "stages: {yes: {cmd: on, deps: [no, 1:30]}}")
    assert pipeline.stages["yes"].deps == ("no", "1:30")


@pytest.mark.parametrize(
    ("text", "line", "column", "message"),
    [
        ("stages:\n  a:\n    cmd: [x\n", 4, 1, "did not find expected ',' or ']'"),
        ("stages:\n  a:\n    cmd: x\n    dep: [y]\n", 4, 5, "unknown key 'dep'\ndid you mean 'deps'?"),
        ("stage: {}\n", 1, 1, "unknown key 'stage'\ndid you mean 'stages'?"),
        ("stages:\n  a:\n    cmd: x\n  a:\n    cmd: y\n", 4, 3, "duplicate key 'a'"),
        ("stages:\n  a:\n    deps: [x]\n", 2, 3, "stage 'a' has no 'cmd'"),
        ("stages:\n  a:\n    cmd: ''\n", 3, 10, "'cmd' is empty"),
        ("stages:\n  a:\n    cmd: []\n", 3, 10, "'cmd' is empty"),
        ("stages:\n  a:\n    cmd: [1]\n", 3, 11, "must be text, not a number"),
        ("stages:\n  a:\n    cmd: x\n    deps: y\n", 4, 11, "must be a list, not text"),
        ("stages:\n  a:\n    cmd: x\n    deps:\n", 4, 10, "must be a list, not nothing"),
        ("stages:\n  a:\n    cmd: x\n    deps: [3]\n", 4, 12, "put it in quotes"),
        ("stages:\n  a:\n    cmd: x\n    frozen: yes\n", 4, 13, "must be true or false, not text"),
        ("stages:\n  a:\n    cmd: x\n    outs:\n    - m:\n        cach: false\n", 6, 9, "did you mean 'cache'?"),
        ("stages:\n  a:\n    cmd: x\n    outs:\n    - m:\n", 5, 9, "must be a mapping, not nothing"),
        ("stages:\n  a:\n    cmd: x\n    outs: ['s3://b/k']\n", 4, 12, "is not on this machine"),
        ("stages:\n- a\n", 2, 1, "'stages' must be a mapping, not a list"),
        ("- a\n", 1, 1, "dvc.yaml must be a mapping, not a list"),
        ("stages:\n  1:\n    cmd: x\n", 2, 3, "a stage's name must be text, not a number"),
        ("artifacts:\n  m: {type: model}\n", 2, 3, "has no 'path'"),
    ],
)
def test_a_mistake_is_named_with_its_place(tmp_path: Path, text: str, line: int, column: int, message: str) -> None:
    error = refused(tmp_path, text)
    assert (error.file, error.line, error.column) == ("dvc.yaml", line, column)
    assert message in str(error)


def test_a_cycle_names_its_stages(tmp_path: Path) -> None:
    error = refused(
        tmp_path,
        """\
        stages:
          a: {cmd: x, deps: [c.txt], outs: [a.txt]}
          b: {cmd: x, deps: [a.txt], outs: [b.txt]}
          c: {cmd: x, deps: [b.txt], outs: [c.txt]}
          other: {cmd: x, deps: [c.txt]}
        """,
    )
    assert "the stages form a cycle: a needs c needs b needs a" in error.message
    assert error.line == 2


def test_two_stages_with_one_output_are_refused(tmp_path: Path) -> None:
    error = refused(tmp_path, "stages:\n  a: {cmd: x, outs: [m]}\n  b: {cmd: x, metrics: [./m]}\n")
    assert "stages 'a' and 'b' both make 'm'" in error.message
    assert error.line == 3


def test_one_stage_with_one_output_twice_is_refused(tmp_path: Path) -> None:
    assert "lists output 'm' twice" in refused(tmp_path, "stages: {a: {cmd: x, outs: [m], metrics: [m]}}").message


def test_an_output_inside_another_is_refused(tmp_path: Path) -> None:
    error = refused(tmp_path, "stages:\n  a: {cmd: x, outs: [data]}\n  b: {cmd: x, outs: [data/x.csv]}\n")
    assert "output 'data/x.csv' of stage 'b' lies in output 'data' of stage 'a'" in error.message


def test_a_stage_that_depends_on_its_own_output_is_refused(tmp_path: Path) -> None:
    assert "depends on its own output 'm'" in refused(tmp_path, "stages: {a: {cmd: x, deps: [m], outs: [m]}}").message


def test_an_output_that_holds_the_pipeline_itself_is_refused(tmp_path: Path) -> None:
    assert "contains dvc.yaml itself" in refused(tmp_path, "stages: {a: {cmd: x, outs: [.]}}").message


def test_a_directory_of_the_files_name_is_a_directory(tmp_path: Path) -> None:
    (tmp_path / "dvc.yaml").mkdir()
    assert spec.load(Project(str(tmp_path))) == spec.Pipeline()


def test_a_file_that_cannot_be_read_is_an_error(tmp_path: Path) -> None:
    (tmp_path / "params.yaml").mkdir()
    assert "params.yaml is a directory" in refused(tmp_path, "stages: {a: {cmd: x}}").message


def test_hostile_names_are_taken_as_they_are(tmp_path: Path) -> None:
    name = "[bold]\\x1b[31m" + "é" * 10_000
    pipeline = load(tmp_path, f'stages:\n  ? "{name}"\n  : {{cmd: "echo \\u202e"}}\n')
    assert next(iter(pipeline.stages)) == "[bold]\x1b[31m" + "é" * 10_000
