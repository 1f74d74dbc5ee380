"""A load test from the serving screen: what was asked before is asked again, at a rate, by a process of its own."""

from __future__ import annotations

import json
import os
import shlex
import subprocess
import sys

from mlops_store.errors import StoreError
from mlops_tui.traffic.standing import Standing
from mlops_tui.ui.messages import Did
from mlops_tui.ui.screens.acts import perform
from mlops_tui.ui.screens.base import ProjectScreen
from mlops_tui.ui.screens.serving_rows import length
from mlops_tui.ui.text import Cell
from mlops_tui.ui.widgets.dialog import Ask

#: How long a test takes, in seconds, and the rate that is offered.
LENGTH_S = 10
_RATE = 50


def ask(screen: ProjectScreen, found: Standing) -> None:
    """Asks for a rate, and sends so many of the requests that were logged."""
    if not found.routers:
        screen.remark(f"nothing routes requests: mlops-tui route {found.model} --log", "dim")
        return
    here = [router for router in found.routers if router.host == os.uname().nodename]
    if not here:  # its address may be that of a loopback, which is another one here
        screen.remark(f"what routes requests runs on {found.routers[0].host}: run the load test there", "dim")
        return
    project = screen.session.project
    directory = project.requests_dir(found.model)
    if not os.path.isdir(directory) or not os.listdir(directory):
        screen.remark(f"no request was logged yet: mlops-tui route {found.model} --log", "dim")
        return
    url = here[0].url

    def check(text: str) -> str:
        try:
            return "" if 0 < float(text) <= 100_000 else "a rate is above 0"
        except ValueError:
            return "write a number"

    def answered(rate: str | None) -> None:
        if rate is not None:
            words = [url, "--log", os.path.relpath(directory, project.root), "--rate", f"{float(rate):g}"]
            screen.remark(f"asking for {LENGTH_S} s …")
            perform(screen, lambda: run(project.root, [*words, "--duration", str(LENGTH_S)]), group="load")

    lines = [Cell(f"What was asked before is asked again at {url} for {LENGTH_S} s; it counts as any other.", "dim")]
    screen.app.push_screen(Ask("Load test: requests a second", f"{_RATE}", lines=lines, check=check), answered)


def run(root: str, words: list[str]) -> Did:
    """Sends them; runs in a thread.

    Raises:
        StoreError: That could not be done.
    """
    command = [sys.executable, "-P", "-m", "mlops_tui", "-C", root, "load", *words, "--json"]
    ended = subprocess.run(command, cwd=root, capture_output=True, text=True, check=False)
    try:
        told = json.loads(ended.stdout)  # also where some requests failed
        if told["errors"].get("status 401"):
            raise StoreError("the router asks for a token", "set MLOPS_SERVE_TOKEN before the dashboard is started")
        said = (
            f"{told['requests']:,} requests, {told['rate']:.0f} a second, p50 {length(told['latency_s']['p50'])}, "
            f"p95 {length(told['latency_s']['p95'])}, {told['failed']:,} failed"
        )
        if message := next(iter(told["messages"].values()), ""):
            said += f": {message}"
    except (ValueError, KeyError, TypeError) as error:
        message, _, hint = ended.stderr.strip().partition("\n")
        raise StoreError(
            message.removeprefix("mlops-tui: ") or f"exit code {ended.returncode}", hint.strip()
        ) from error
    return Did(shlex.join(["mlops-tui", "load", *words]), None, said)
