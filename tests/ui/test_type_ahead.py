from __future__ import annotations

from pathlib import Path

import pytest
from projects import dashboard, project_with_runs
from terminal import Terminal


@pytest.mark.terminal
def test_a_jump_typed_in_one_burst_arrives_whole(tmp_path: Path) -> None:
    project_with_runs(tmp_path)
    with Terminal(dashboard(tmp_path), size=(100, 30)) as terminal:
        terminal.wait("Experiments")
        terminal.send(":pipeline\r")
        terminal.wait("Stages")
        terminal.send(":runs /first\r")
        terminal.wait(lambda text: "runs /first" in text and "third" not in text)
        terminal.send(":events\r:overview\r@")
        terminal.wait("Command log")
        terminal.send("q")
        assert terminal.wait_exit() == 0
