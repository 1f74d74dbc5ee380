"""What is put before a stage's commands."""

import os
from pathlib import Path

import pytest
from pipeline_builders import make, run, stage

from mlops_store.errors import SpecError
from mlops_tui import pipeline

ONE = """
stages:
  a:
    cmd: [%s]
    outs: [out]
    meta: {mlops: {executor: %s, env: {COLOUR: red}}}
"""


def test_a_command_goes_through_its_executor(tmp_path: Path) -> None:
    project = make(
        tmp_path,
        ONE % ("""'nice > out; echo "$WHERE $COLOUR" >> out', 'echo "a  b" >> out'""", "low"),
        mlops__toml='[executors.low]\ncommand = ["env", "WHERE=far away", "nice", "-n", "7"]\n',
    )
    assert run(project).state == "finished"
    assert (tmp_path / "out").read_text() == f"{os.nice(0) + 7}\nfar away red\na  b\n"


def test_a_program_that_joins_its_words_gets_them_quoted(tmp_path: Path) -> None:
    """As ssh does, which hands one line to the shell at the other end."""
    far = tmp_path / "bin" / "far"
    far.parent.mkdir()
    far.write_text('#!/bin/sh\nshift\nexec env -i PATH="$PATH" /bin/sh -c "$*"\n')
    far.chmod(0o755)
    project = make(
        tmp_path / "project",
        ONE % ("""'echo "a  b" "$DVC_STAGE" > out'""", "far"),
        mlops__toml=f'[executors.far]\ncommand = ["{far}", "host", "cd", "{tmp_path}/project", "&&"]\n'
        'shell = "/bin/bash"\nquote = true\n',
    )
    assert run(project).state == "finished"
    assert (tmp_path / "project" / "out").read_text() == "a  b \n"


def test_an_executor_that_is_not_there_fails_the_stage_with_its_words(tmp_path: Path) -> None:
    project = make(tmp_path, ONE % ("touch out", "odd"), mlops__toml='[executors.odd]\ncommand = ["no-such-thing"]\n')
    ended = run(project)
    assert ended.state == "failed"
    assert "no-such-thing" in stage(ended, "a").error


def test_the_exit_code_comes_back_through_the_executor(tmp_path: Path) -> None:
    project = make(tmp_path, ONE % ("exit 7", "low"), mlops__toml='[executors.low]\ncommand = ["nice"]\n')
    assert stage(run(project), "a").exit_code == 7


def test_an_unknown_executor_names_the_nearest(tmp_path: Path) -> None:
    project = make(tmp_path, ONE % ("x", "slrum"), mlops__toml='[executors.slurm]\ncommand = ["srun"]\n')
    with pytest.raises(SpecError) as caught:
        pipeline.start(project)
    assert "dvc.yaml:3:3: stage 'a': there is no executor 'slrum'" in caught.value.message
    assert "did you mean 'slurm'?" in caught.value.hint
    with pytest.raises(SpecError, match="no executor 'locale'") as caught:
        pipeline.start(make(tmp_path / "other", ONE % ("x", "locale")))
    assert "did you mean 'local'?" in caught.value.hint


def test_a_run_goes_on_with_the_executor_that_it_was_started_with(tmp_path: Path) -> None:
    from pipeline_builders import latest, until
    from slow_pipeline import kill_supervisor, settled

    toml = '[executors.low]\ncommand = ["env", "WHERE=here"]\n'
    project = make(
        tmp_path,
        """
        stages:
          a: {cmd: "touch begun; until [ -e go ]; do sleep 0.02; done; echo > a", outs: [a]}
          b: {cmd: 'echo $WHERE > b', deps: [a], outs: [b], meta: {mlops: {executor: low}}}
        """,
        mlops__toml=toml,
    )
    pipeline.start(project)
    until(lambda: (tmp_path / "begun").exists() and latest(project).stages[0].state == "running", "the stage")
    kill_supervisor(project)
    (tmp_path / "mlops.toml").write_text("")
    (tmp_path / "go").touch()
    assert settled(project).state == "finished"
    assert (tmp_path / "b").read_text() == "here\n"
