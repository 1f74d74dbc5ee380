"""The demo as a person does it: over ssh, inside tmux, by keys alone."""

from __future__ import annotations

import os
import re
import shlex
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
from ssh import SshServer
from terminal import Terminal

pytestmark = [pytest.mark.terminal, pytest.mark.needs("ssh", "sshd", "tmux"), pytest.mark.slow]

#: The whole pipeline with its paced curves takes about half a minute on two idle cores.
PATIENCE_S = 240.0


@pytest.fixture
def server(tmp_path: Path) -> Iterator[SshServer]:
    with SshServer(tmp_path / "ssh") as server:
        yield server


@pytest.fixture
def socket(tmp_path: Path) -> Iterator[str]:
    """The name of a tmux server that ends with the test, whatever happens in it."""
    name = f"mlops-test-{os.getpid()}-{tmp_path.name[-1]}"
    yield name
    subprocess.run(["tmux", "-L", name, "kill-server"], capture_output=True, check=False)


def in_tmux(directory: Path, socket: str, command: str) -> str:
    """A remote command line that runs ``command`` in a tmux of its own, below ``directory``."""
    inner = f"cd {shlex.quote(str(directory))} && exec {command}"
    return f"tmux -L {socket} -f /dev/null new-session {shlex.quote(inner)} \\; set -g status off"


def go(terminal: Terminal, place: str, shown: str) -> None:
    """Jumps to a screen by its name."""
    terminal.send(":")
    terminal.wait("where to?")
    terminal.send(place, "enter")
    terminal.wait(shown)


@pytest.mark.parametrize("size", [(80, 24), (200, 60)], ids=["80x24", "200x60"])
def test_the_whole_loop_by_keys_over_ssh(tmp_path: Path, server: SshServer, socket: str, size: tuple[int, int]) -> None:
    program = f"{shlex.quote(sys.executable)} -m mlops_tui"

    # the pipeline runs, stage by stage
    with Terminal(server.command(in_tmux(tmp_path, socket, f"{program} demo loop")), size=size) as terminal:
        terminal.wait("Experiments")
        go(terminal, "pipeline", "Stages")
        terminal.wait("running")
        terminal.wait("last run finished", PATIENCE_S)
        assert "register" in terminal.text

        # three runs are marked and compared
        go(terminal, "runs", "train_logistic")
        terminal.send("/")
        terminal.send("params.family LIKE '%'", "enter")
        terminal.wait(lambda text: "train_forest" in text and "evaluate" not in text)
        terminal.send(" ", " ", " ", "c")
        terminal.wait(lambda text: "3 runs" in text and "Metrics" in text)
        terminal.wait("validation_auc")

        # the best one's model is promoted, with a question that shows what will change
        go(terminal, "models", "breast-cancer")
        terminal.wait(lambda text: re.search(r"v1 +dev", text))  # the version under the cursor is there
        for before, after in (("dev", "staging"), ("staging", "production")):
            terminal.send("p")
            terminal.wait(lambda text, step=f"{before} → {after}": step in text)
            terminal.send("enter")
            terminal.wait(lambda text, done=f"is in {after}": done in text and "esc cancel" not in text)

        # batches arrive; the last one drifts
        go(terminal, "drift", "Incidents")
        terminal.wait("columns drifted", PATIENCE_S)
        terminal.wait("week_3", PATIENCE_S)
        terminal.send("enter")
        terminal.wait("mean_radius")
        terminal.send("q")
        terminal.wait_exit()

    # everything is there afterwards
    with Terminal(server.command(in_tmux(tmp_path, socket, f"{program} ./loop")), size=size) as terminal:
        terminal.wait("breast-cancer" if size[0] > 80 else "Experiments")
        go(terminal, "models", "production")
        go(terminal, "drift", "columns drifted")
        terminal.send("q")
        assert terminal.wait_exit() == 0


def test_a_dropped_connection_leaves_the_pipeline_running(tmp_path: Path, server: SshServer) -> None:
    (tmp_path / "dvc.yaml").write_text(
        "stages:\n  slow:\n    cmd: for i in 1 2 3 4 5 6 7 8; do echo tick $i; sleep 0.5; done; echo over > done.txt\n"
        "    outs: [done.txt]\n"
    )
    command = f"cd {shlex.quote(str(tmp_path))} && exec {shlex.quote(sys.executable)} -m mlops_tui"
    with Terminal(server.command(command)) as terminal:
        go(terminal, "pipeline", "Stages")
        terminal.send("r")
        terminal.wait("tick 1")
        terminal.hang_up()
        terminal.wait_exit()
    with Terminal(server.command(command)) as terminal:
        go(terminal, "pipeline", "Stages")
        terminal.wait("tick 8", PATIENCE_S)
        terminal.wait("last run finished", PATIENCE_S)
        terminal.send("q")
        assert terminal.wait_exit() == 0
    assert (tmp_path / "done.txt").read_text() == "over\n"
