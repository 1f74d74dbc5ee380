from __future__ import annotations

import shutil
import subprocess
from pathlib import Path

import pytest


@pytest.mark.parametrize("shell", ["bash", "zsh", "fish"])
def test_a_script_is_printed_for_each_shell(cli, shell: str) -> None:
    done = cli("completion", shell)
    assert done.exit_code == 0
    assert f"_MLOPS_TUI_COMPLETE={shell}_complete" in done.stdout


@pytest.mark.parametrize(("shell", "check"), [("bash", "-n"), ("zsh", "-n"), ("fish", "--no-execute")])
def test_the_shell_understands_its_script(cli, tmp_path: Path, shell: str, check: str) -> None:
    if shutil.which(shell) is None:
        pytest.skip(f"{shell} is not installed")
    script = tmp_path / "completion"
    script.write_text(cli("completion", shell).stdout)
    done = subprocess.run([shell, check, str(script)], capture_output=True, text=True, timeout=30)
    assert (done.returncode, done.stderr) == (0, "")


def test_bash_sources_its_script_cleanly(cli, tmp_path: Path) -> None:
    script = tmp_path / "completion"
    script.write_text(cli("completion", "bash").stdout)
    command = f"set -eu; source {script}; complete -p mlops-tui"
    done = subprocess.run(["bash", "--norc", "-c", command], capture_output=True, text=True, timeout=30)
    assert done.stderr == ""
    assert "_mlops_tui_completion" in done.stdout


def completed(program, line: str) -> list[str]:
    words = line.split(" ")
    done = program(_MLOPS_TUI_COMPLETE="bash_complete", COMP_WORDS=line, COMP_CWORD=str(len(words) - 1))
    assert done.stderr == ""
    return [entry.partition(",")[2] for entry in done.stdout.splitlines() if entry]


def test_verbs_are_completed(program) -> None:
    assert completed(program, "mlops-tui ru") == ["run", "runs"]
    assert completed(program, "mlops-tui runs l") == ["list"]


def test_options_are_completed(program) -> None:
    assert "--json" in completed(program, "mlops-tui runs list --")


def test_in_an_empty_directory_names_complete_to_nothing(program, project: Path) -> None:
    assert completed(program, "mlops-tui runs show ") == []
    assert completed(program, "mlops-tui models show ") == []
    assert completed(program, "mlops-tui run ") == []
    assert list(project.iterdir()) == []
