import os
from pathlib import Path

import pytest
from pipeline_builders import make, run, stage, states

from mlops_store import pipelines, runs
from mlops_store.errors import NotFound, Refused, SpecError
from mlops_store.store import Store
from mlops_tui import pipeline
from mlops_tui.pipeline import spec, state
from mlops_tui.project import Project

CHAIN = """
stages:
  a: {cmd: cp raw a.txt, deps: [raw], outs: [a.txt]}
  b: {cmd: cp a.txt b.txt, deps: [a.txt], outs: [b.txt]}
  c: {cmd: cp b.txt c.txt, deps: [b.txt], outs: [c.txt]}
"""


def stale(project: Project) -> list[str]:
    return [one.stage for one in state.status(project, spec.load(project)) if one.is_stale]


def test_an_unknown_target_starts_nothing(tmp_path: Path) -> None:
    project = make(tmp_path, CHAIN, raw="1")
    with pytest.raises(NotFound, match="no stage 'x'"):
        pipeline.start(project, targets=["x"])
    with Store(project.store_path) as store:
        assert pipelines.newest(store.read()) == []


def test_a_project_without_a_pipeline_is_refused(tmp_path: Path) -> None:
    with pytest.raises(Refused, match="has no pipeline"):
        pipeline.start(Project(str(tmp_path)))
    assert os.listdir(tmp_path) == []


def test_a_broken_pipeline_is_refused_before_anything_is_recorded(tmp_path: Path) -> None:
    project = make(tmp_path, "stages: [\n")
    with pytest.raises(SpecError, match=r"dvc\.yaml:2:1"):
        pipeline.start(project)


def test_a_command_with_a_nul_character_is_refused_before_anything_is_recorded(tmp_path: Path) -> None:
    project = make(tmp_path, 'stages: {a: {cmd: "printf \\033[0m > o", outs: [o]}}\n')
    with pytest.raises(SpecError, match=r"dvc\.yaml:1:10: stage 'a': its command holds a NUL"):
        pipeline.start(project)


def test_a_failure_stops_the_rest_and_tells_the_end_of_the_output(tmp_path: Path) -> None:
    project = make(
        tmp_path,
        """
        stages:
          a: {cmd: "echo first; echo 'the reason' >&2; exit 7", outs: [a.txt]}
          b: {cmd: cp a.txt b.txt, deps: [a.txt], outs: [b.txt]}
          alone: {cmd: echo > z.txt, outs: [z.txt]}
        """,
    )
    ended = run(project)
    assert ended.state == "failed"
    assert states(ended) == {"a": "failed", "b": "skipped", "alone": "skipped"}
    assert stage(ended, "a").exit_code == 7
    assert stage(ended, "a").error == "exit code 7\nfirst\nthe reason"
    assert stage(ended, "b").error == "stage a failed"
    with Store(project.store_path) as store:
        failed = runs.detail(store.read(), stage(ended, "a").run_id or "")
        assert (failed.run.status, failed.run.exit_code, failed.error) == (
            "FAILED",
            7,
            "exit code 7\nfirst\nthe reason",
        )
        assert runs.get(store.read(), ended.run_id).status == "FAILED"


def test_keep_going_runs_what_does_not_depend_on_the_failure(tmp_path: Path) -> None:
    project = make(
        tmp_path,
        """
        stages:
          a: {cmd: exit 1, outs: [a.txt]}
          b: {cmd: cp a.txt b.txt, deps: [a.txt], outs: [b.txt]}
          c: {cmd: cp b.txt c.txt, deps: [b.txt], outs: [c.txt]}
          alone: {cmd: echo > z.txt, outs: [z.txt]}
        """,
    )
    assert states(run(project, keep_going=True)) == {"a": "failed", "b": "skipped", "c": "skipped", "alone": "done"}


def test_running_stages_finish_when_another_fails(tmp_path: Path) -> None:
    project = make(
        tmp_path,
        """
        stages:
          slow: {cmd: "touch begun; until [ -e failed ]; do sleep 0.02; done; sleep 0.1; echo > s.txt", outs: [s.txt]}
          bad: {cmd: "until [ -e begun ]; do sleep 0.02; done; touch failed; exit 1"}
          later: {cmd: echo > l.txt, outs: [l.txt]}
        """,
    )
    assert states(run(project, jobs=2)) == {"slow": "done", "bad": "failed", "later": "skipped"}


def test_a_list_of_commands_stops_at_the_first_that_fails(tmp_path: Path) -> None:
    project = make(tmp_path, 'stages: {a: {cmd: ["echo 1 > one", "exit 4", "echo 3 > three"]}}')
    assert stage(run(project), "a").exit_code == 4
    assert (tmp_path / "one").exists()
    assert not (tmp_path / "three").exists()


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("{cmd: touch ran, deps: [nothing.csv]}", "dependency nothing.csv is missing"),
        ("{cmd: touch ran, params: [lr]}", "params.yaml has no lr"),
        ("{cmd: touch ran, params: [other.json: [a]]}", "params file other.json is missing"),
        ("{cmd: touch ran, params: [broken.json: [a]]}", "broken.json:1:2: Expecting property name"),
    ],
)
def test_what_is_missing_fails_the_stage_before_its_command(tmp_path: Path, text: str, message: str) -> None:
    project = make(tmp_path, f"stages: {{a: {text}}}", params__yaml="x: 1\n", broken__json="{")
    ended = run(project)
    assert states(ended) == {"a": "failed"}
    assert message in stage(ended, "a").error
    assert not (tmp_path / "ran").exists()


def test_an_output_that_was_not_made_fails_the_stage(tmp_path: Path) -> None:
    project = make(tmp_path, "stages: {a: {cmd: 'true', outs: [model]}}")
    ended = run(project)
    assert stage(ended, "a").error == "output model is missing"
    assert stage(ended, "a").exit_code == 0
    assert not (tmp_path / "dvc.lock").exists()


def test_a_metrics_file_that_cannot_be_read_is_told_and_does_not_fail_the_stage(tmp_path: Path) -> None:
    from mlops_store import events

    project = make(tmp_path, "stages: {a: {cmd: cp bad m.json, metrics: [m.json]}}", bad="{\n")
    assert run(project).state == "finished"
    with Store(project.store_path) as store:
        assert any("m.json:2:1" in event.message for event in events.newest(store.read()))


def test_a_stage_whose_shell_does_not_exist_fails_with_words(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SHELL", "/no/such/shell")
    ended = run(make(tmp_path, "stages: {a: {cmd: 'true'}}"))
    assert stage(ended, "a").state == "failed"
    assert "/no/such/shell" in stage(ended, "a").error


def test_a_directory_that_went_away_fails_with_words(tmp_path: Path) -> None:
    project = make(
        tmp_path,
        """
        stages:
          a: {cmd: rmdir sub, outs: [a: {persist: true}]}
          b: {cmd: 'true', wdir: sub, deps: [../a]}
        """,
        a="",
    )
    (tmp_path / "sub").mkdir()
    ended = run(project)
    assert states(ended)["b"] == "failed"
    assert "sub" in stage(ended, "b").error
