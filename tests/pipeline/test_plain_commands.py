"""Commands that are started without a shell, and those that must not be."""

from __future__ import annotations

import os
import subprocess
from pathlib import Path

import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st

from mlops_tui.pipeline import shell
from mlops_tui.pipeline.plain_commands import needs_no_shell

HERE = {"PATH": os.defpath, "HOME": "/"}


@pytest.mark.parametrize("command", ["cp a b", "cp   a.txt sub/b.txt", "env", "sort --key=1,2 -o x+y@2% a:b", "cp 1 2"])
@pytest.mark.parametrize("name", ["/bin/bash", "/bin/sh", "/usr/bin/dash"])
def test_a_program_with_plain_words_needs_no_shell(command: str, name: str) -> None:
    assert needs_no_shell(command, name, HERE)


@pytest.mark.parametrize(
    "command",
    [
        "cp a b; true", "cp a* b", "cp ~/a b", "cp $A b", "cp 'a' b", "cp a > b", "cp a b &", "cp a b | cat",
        "A=1 cp a b", "cd sub", "echo a", "test -e a", "time cp a b", "exec cp a b", "kill 1", "true", "cp {a,b}",
        "", " cp a b", "cp a b ", "cp a\tb", "./cp a b", "/bin/cp a b", "cp a b # why", "cp a!b c", "cp a b\\",
        "no-such-program", "cp é b",
    ],
)  # fmt: skip
def test_anything_that_a_shell_may_read_otherwise_goes_to_it(command: str) -> None:
    assert not needs_no_shell(command, "/bin/bash", HERE)


@pytest.mark.parametrize("name", ["/bin/zsh", "/usr/bin/fish", "/bin/ksh", "/opt/own"])
def test_a_shell_that_is_not_known_reads_all_commands(name: str) -> None:
    assert not needs_no_shell("cp a b", name, HERE)


@pytest.mark.parametrize(
    "more", [{"BASH_ENV": "x"}, {"SHELLOPTS": "xtrace"}, {"BASHOPTS": ""}, {"BASH_FUNC_cp%%": "() { true; }"}]
)
def test_what_steers_the_shell_from_outside_counts(more: dict[str, str]) -> None:
    assert not needs_no_shell("cp a b", "/bin/bash", {**HERE, **more})


def test_only_what_the_system_can_start_is_a_program(tmp_path: Path) -> None:
    for name, content, mode in (
        ("script", "#!/bin/sh\n", 0o755),
        ("bare", "true\n", 0o755),
        ("data", "#!/bin/sh", 0o644),
    ):
        (tmp_path / name).write_text(content)
        (tmp_path / name).chmod(mode)
    (tmp_path / "directory").mkdir()
    path = {"PATH": f"{tmp_path}:{os.defpath}"}
    assert needs_no_shell("script a", "/bin/sh", path)
    assert not needs_no_shell("bare a", "/bin/sh", path)
    assert not needs_no_shell("data a", "/bin/sh", path)
    assert not needs_no_shell("directory a", "/bin/sh", path)
    assert not needs_no_shell("script a", "/bin/sh", {"PATH": f".:{tmp_path}"})


def ran(command: str, directory: Path, environment: dict[str, str]) -> tuple[int, bytes]:
    """How a stage's only command ends, and what it writes."""
    # beside the directory, where no pattern of the command finds them
    log, end = (directory.with_name(f"{directory.name}-{name}") for name in ("log", "exit"))
    log.unlink(missing_ok=True)
    started = shell.start(
        [command],
        directory=str(directory),
        log_path=str(log),
        exit_path=str(end),
        environment=environment,
    )
    started.go()
    code = started.wait()
    assert shell.exit_code(str(end)) == code
    return code, log.read_bytes()


WORDS = st.text("abz09_./,:=@%+-*?$", min_size=1, max_size=6)


@settings(max_examples=40, deadline=None)
@given(words=st.lists(WORDS, max_size=4), gap=st.sampled_from([" ", "   "]))
def test_a_command_gets_the_words_that_the_shell_would_give_it(
    tmp_path_factory: pytest.TempPathFactory, words: list[str], gap: str
) -> None:
    assume(not any("$$" in word for word in words))  # the shell's own process id: no two shells agree on it
    directory = tmp_path_factory.mktemp("d")
    program = directory / "bin" / "tell"
    program.parent.mkdir()
    program.write_text('#!/bin/sh\npwd\nfor w do printf "%s\\n" "<$w>"; done\nexit 7\n')
    program.chmod(0o755)
    environment = {**HERE, "SHELL": "/bin/sh", "PATH": f"{program.parent}:{os.defpath}"}
    command = gap.join(["tell", *words])
    code, output = ran(command, directory, environment)
    wanted = subprocess.run(
        ["/bin/sh", "-c", command], cwd=directory, env=environment, capture_output=True, check=False
    )
    assert (code, output) == (wanted.returncode, wanted.stdout)


def test_the_environment_is_that_of_the_shells_command(tmp_path: Path) -> None:
    environment = {**HERE, "SHELL": "/bin/bash", "PWD": "/somewhere", "SHLVL": "3", "OWN": "a b"}

    def told(command: str) -> set[bytes]:
        _, output = ran(command, tmp_path, environment)
        return {line for line in output.splitlines() if not line.startswith(b"_=")}

    assert told("env") == told("env;")
