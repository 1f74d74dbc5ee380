"""A model's whole way by keys in a real terminal: registered, judged, asked for, promoted, taken back, told."""

from __future__ import annotations

import os
import shlex
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
from registry_builders import log_model, make_run, make_store, make_version, stages_of
from terminal import Terminal

from mlops_store import audit_chain
from mlops_tui import config
from mlops_tui.registry import stages

pytestmark = [pytest.mark.terminal, pytest.mark.needs("tmux"), pytest.mark.slow]

RULES = """
[metrics]
auc = "max"

[gates.good]
stage = ["staging", "production"]
kind = "metric"
metric = "auc"
min = 0.9

[gates.asked]
stage = "production"
kind = "approval"
four_eyes = false
"""


@pytest.fixture
def socket(tmp_path: Path) -> Iterator[str]:
    """The name of a tmux server that ends with the test, whatever happens in it."""
    name = f"mlops-registry-{os.getpid()}-{tmp_path.name[-1]}"
    yield name
    subprocess.run(["tmux", "-L", name, "kill-server"], capture_output=True, check=False)


def go(terminal: Terminal, place: str, shown: str) -> None:
    """Jumps to a screen by its name."""
    terminal.send(":")
    terminal.wait("where to?")
    terminal.send(place, "enter")
    terminal.wait(lambda text: shown in text and "where to?" not in text)


@pytest.mark.parametrize("size", [(80, 24), (120, 40)], ids=["80x24", "120x40"])
def test_the_way_of_a_model_by_keys(tmp_path: Path, socket: str, size: tuple[int, int]) -> None:
    rules = config.parse(RULES)
    (tmp_path / "mlops.toml").write_text(RULES)
    with make_store(tmp_path) as store:
        make_version(store, values={"auc": 0.91})
        stages.promote(store, rules, "churn", 1, "production", override="the first")
        make_version(store, values={"auc": 0.5})
        log_model(store, make_run(store, name="calm-otter", values={"auc": 0.95}))

        inner = f"cd {shlex.quote(str(tmp_path))} && exec {shlex.quote(sys.executable)} -m mlops_tui"
        command = ["tmux", "-L", socket, "-f", "/dev/null", "new-session", inner, ";", "set", "-g", "status", "off"]
        with Terminal(command, size=size) as terminal:
            terminal.wait("Experiments")

            # a run's model becomes a version
            go(terminal, "runs", "calm-otter")
            terminal.send("M")
            terminal.wait("Register")
            terminal.send("enter")  # the one model there is
            terminal.wait("registered")

            # on the board a gate lets one version not pass, and the other
            go(terminal, "board", "churn v3")
            terminal.wait("churn v1")
            terminal.send("j", ">")
            terminal.wait("auc 0.5 is under 0.9")
            terminal.send("enter")
            terminal.wait("a gate refuses")
            terminal.send("esc")
            terminal.wait(lambda text: "esc cancel" not in text)
            terminal.send("k", ">")
            terminal.wait(lambda text: "dev → staging" in text and "✓ good" in text)
            terminal.send("enter")
            terminal.wait("is in staging")

            # production asks for somebody's word
            terminal.send(">")
            terminal.wait("nobody has asked")
            terminal.send("esc")
            terminal.wait(lambda text: "esc cancel" not in text)
            terminal.send("Q")
            terminal.wait("Ask for approval")
            terminal.send("better on November", "enter")
            terminal.wait("asked for by")
            terminal.wait("✗1 asked")
            go(terminal, "approvals", "churn v3")
            terminal.send("A")
            terminal.wait("Approve churn v3 for production")
            terminal.send("fine", "enter")
            terminal.wait("approved by")
            go(terminal, "board", "churn v3")
            terminal.send("2", ">")
            terminal.wait(lambda text: "→ production" in text and "✓ asked  approved" in text)
            terminal.send("enter")
            terminal.wait("v3 is in production")
            assert stages_of(store) == {3: "production", 2: "dev", 1: "archived"}

            # the board rests, and follows what another process does
            before = terminal.quiet(2.0)
            subprocess.run(
                [sys.executable, "-m", "mlops_tui", "models", "alias", "churn", "champion", "3"],
                cwd=tmp_path,
                check=True,
                capture_output=True,
            )
            terminal.wait("@champion")
            assert len(terminal.output) > before

            # back with one key, and the story of it all
            terminal.send("b")
            terminal.wait("comes back")
            terminal.send("enter")
            terminal.wait(lambda text: "v1 is in production" in text and "esc cancel" not in text)
            terminal.send("t")
            terminal.wait("Timeline churn")
            told = terminal.wait("v1 archived → production")
            for said in ("@champion", "approved for production", "asked to go to production", "v3 dev → staging"):
                assert said in told
            terminal.send("f", "f")
            terminal.wait("approvals")
            terminal.send("enter")
            terminal.wait("version churn/3")
            terminal.send("q")
            assert terminal.wait_exit() == 0
        assert stages_of(store) == {3: "staging", 2: "dev", 1: "production"}
        assert audit_chain.verify(store.read()).broken is None
