from __future__ import annotations

import errno
import os
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING

import click
import pytest

from mlops_store.store import Store
from mlops_tui.cli.failures import reported
from mlops_tui.cli.root import VERBS
from mlops_tui.cli.root import program as root

if TYPE_CHECKING:
    from conftest import Outcome

Cli = Callable[..., "Outcome"]


def test_the_version_is_told(program: Cli) -> None:
    done = program("--version")
    assert done.exit_code == 0
    assert done.stdout.startswith("mlops-tui ")


@pytest.mark.parametrize("verb", VERBS)
def test_every_verb_of_the_table_loads_and_has_help(cli: Cli, verb: str) -> None:
    done = cli(verb, "--help")
    assert done.exit_code == 0
    assert done.stdout.startswith(f"Usage: mlops-tui {verb} ")


def test_the_helps_line_of_a_verb_agrees_with_the_verb() -> None:
    context = click.Context(root)
    for verb in VERBS:
        command = root.get_command(context, verb)
        assert command is not None
        assert command.help


def test_an_unknown_verb_names_the_nearest(cli: Cli) -> None:
    done = cli("rnus")
    assert (done.exit_code, done.stdout) == (2, "")
    assert "'rnus'" in done.stderr
    assert "did you mean 'runs'?" in done.stderr


def test_a_word_that_is_neither_verb_nor_directory_is_said_to_be_neither(cli: Cli) -> None:
    done = cli("zzzzzz")
    assert (done.exit_code, done.stdout) == (2, "")
    assert "'zzzzzz' is neither a command nor a directory here" in done.stderr


def test_an_unknown_verb_of_a_noun_names_the_nearest(cli: Cli) -> None:
    done = cli("runs", "lsit")
    assert done.exit_code == 2
    assert "did you mean 'list'?" in done.stderr


def test_a_noun_alone_shows_its_verbs_on_stderr(cli: Cli) -> None:
    done = cli("runs")
    assert (done.exit_code, done.stdout) == (2, "")
    assert "compare" in done.stderr
    assert "\n" in done.stderr


def test_an_unknown_option_is_a_usage_error(cli: Cli) -> None:
    done = cli("runs", "list", "--jsno")
    assert done.exit_code == 2
    assert "--json" in done.stderr


def test_a_directory_that_is_not_there_is_a_usage_error(cli: Cli) -> None:
    done = cli("./nowhere")
    assert done.exit_code == 2
    assert "'./nowhere' is neither a directory nor a store of another tool" in done.stderr


def test_the_dashboard_without_a_terminal_is_refused_with_another_way(program: Cli, project: Path) -> None:
    done = program()
    assert done.exit_code == 2
    assert "needs a terminal" in done.stderr
    assert list(project.iterdir()) == []


def test_an_empty_directory_stays_empty(cli: Cli, project: Path) -> None:
    for arguments in (("runs", "list"), ("models", "list"), ("drift", "list"), ("events",), ("status",)):
        assert cli(*arguments).exit_code == 0
        assert cli(*arguments, "--json").exit_code == 0
    assert list(project.iterdir()) == []


def test_a_hostile_word_reaches_the_terminal_harmless(cli: Cli) -> None:
    done = cli("\x1b[2J\x9b31mrun\u202e")
    assert done.exit_code == 2
    assert "\x1b" not in done.stderr
    assert "\x9b" not in done.stderr
    assert "\u202e" not in done.stderr


def failing(error: BaseException) -> click.Command:
    @click.command()
    def command() -> None:
        raise error

    return command


def test_an_unexpected_error_is_one_line_and_its_traceback_is_in_the_log(
    project: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert reported(failing(ZeroDivisionError("by\x1b[2J zero")), []) == 1
    message, place = capsys.readouterr().err.splitlines()
    assert message == "mlops-tui: unexpected ZeroDivisionError: by\\x1b[2J zero"
    path = Path(place.removeprefix("  the traceback is in "))
    assert "Traceback (most recent call last)" in path.read_text()


def test_the_error_log_is_kept_in_a_project_that_has_a_state_directory(
    project: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (project / ".mlops").mkdir()
    reported(failing(RuntimeError("x")), [])
    assert "RuntimeError: x" in (project / ".mlops" / "error.log").read_text()


def test_an_operating_system_error_names_its_file(project: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert reported(failing(OSError(errno.EACCES, "Permission denied", "data.csv")), []) == 1
    assert capsys.readouterr().err.startswith("mlops-tui: permission denied: data.csv\n")


def test_an_interrupt_ends_with_code_1_and_no_traceback(project: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert reported(failing(KeyboardInterrupt()), []) == 1
    assert "Traceback" not in capsys.readouterr().err


def test_a_closed_pipe_is_no_error_to_see(project: Path, store: object) -> None:
    command = f"{sys.executable} -m mlops_tui --help | true; echo ${{PIPESTATUS[0]}}"
    done = subprocess.run(["bash", "-c", command], cwd=project, capture_output=True, text=True, timeout=60)
    assert done.stderr == ""


def test_a_terminal_encoding_without_our_characters_ends_no_program(program: Cli) -> None:
    done = program("rúns\u202e", PYTHONIOENCODING="ascii", PYTHONUTF8="0")
    assert done.exit_code == 2
    assert "Traceback" not in done.stderr


@pytest.mark.parametrize("arguments", [("runs", "list"), ("status",), ("models", "list"), ("events",), ("stop",)])
def test_a_store_that_is_no_database_is_an_error_and_stays_as_it_is(
    cli: Cli, project: Path, arguments: tuple[str, ...]
) -> None:
    path = project / ".mlops" / "store.db"
    path.parent.mkdir()
    path.write_bytes(b"not a database " * 1000)
    done = cli(*arguments)
    assert (done.exit_code, done.stdout) == (1, "")
    assert "store.db" in done.stderr
    assert "Traceback" not in done.stderr
    assert path.read_bytes() == b"not a database " * 1000


def test_a_store_of_a_newer_program_is_refused(cli: Cli, project: Path, store: Store) -> None:
    store.read().execute("PRAGMA user_version = 999")
    store.close()
    done = cli("runs", "list")
    assert done.exit_code == 1
    assert "newer" in done.stderr


def test_another_directory_can_be_named(cli: Cli, tmp_path: Path) -> None:
    other = tmp_path / "other"
    other.mkdir()
    assert cli("-C", str(other), "init").exit_code == 0
    assert (other / ".mlops" / "store.db").exists()
    assert os.listdir(".") == []
