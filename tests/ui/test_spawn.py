"""Verbs run as processes: their answer, and their error as the dashboard shows it."""

from __future__ import annotations

from pathlib import Path

import pytest
from registry_builders import make_store, make_version
from textual.app import App
from textual.worker import WorkerFailed

from mlops_store.errors import MlopsError
from mlops_tui.project import Project
from mlops_tui.ui import spawn


async def asked(project: Project, *words: str) -> object:
    """What a verb answers to a thread worker."""
    app: App[None] = App()
    async with app.run_test():
        return await app.run_worker(lambda: spawn.verb(project, *words), thread=True, exit_on_error=False).wait()


async def test_a_verb_answers_with_its_json(tmp_path: Path) -> None:
    make_version(make_store(tmp_path))
    answer = await asked(Project(str(tmp_path)), "models", "list")
    assert [model["name"] for model in answer] == ["churn"]  # type: ignore[attr-defined]


async def test_a_verb_that_refuses_keeps_its_message_and_hint(tmp_path: Path) -> None:
    make_version(make_store(tmp_path))
    with pytest.raises(Exception, match="chrun") as caught:
        await asked(Project(str(tmp_path)), "models", "show", "chrun")
    error = caught.value.__cause__ or caught.value.error  # type: ignore[attr-defined]
    assert isinstance(error, MlopsError)
    assert error.hint == "did you mean 'churn'?"


async def test_a_word_that_no_program_can_be_given_is_refused(tmp_path: Path) -> None:
    with pytest.raises(Exception, match="NUL"):
        await asked(Project(str(tmp_path)), "data", "show", "a\0b")


async def test_files_of_the_project_are_not_taken_for_modules(tmp_path: Path) -> None:
    make_store(tmp_path)
    for name in ("click.py", "json.py", "mlops_tui.py"):
        (tmp_path / name).write_text("raise SystemExit('the wrong module')")
    assert await asked(Project(str(tmp_path)), "models", "list") == []


def test_an_error_among_other_output_is_found() -> None:
    error = spawn.told("a warning\nmlops-tui: no such file\n  check the path\n  or the name\n", ("drift", "check"))
    assert (error.message, error.hint) == ("no such file", "check the path or the name")


@pytest.mark.parametrize(("text", "message"), [("", "it wrote nothing about why"), ("Traceback\nKilled\n\n", "Killed")])
def test_a_process_that_died_says_what_it_said_last(text: str, message: str) -> None:
    assert message in spawn.told(text, ("drift", "check")).message


async def test_arguments_after_a_double_dash_may_begin_with_one(tmp_path: Path) -> None:
    make_store(tmp_path)
    with pytest.raises(WorkerFailed) as failed:
        await asked(Project(str(tmp_path)), "drift", "cause", "7", "--", "--json")
    assert "no drift report 7" in str(failed.value.error)
