"""Runs a program that gets a message as JSON on its standard input. No shell looks at it."""

from __future__ import annotations

import json
import os
import signal
import subprocess
from contextlib import suppress
from typing import TYPE_CHECKING

from mlops_tui.drift.actions.messages import Message, Undelivered

if TYPE_CHECKING:
    from mlops_tui.config.monitors import MonitorConfig
    from mlops_tui.project import Project

TIMEOUT_S = 60.0


def send(project: Project, monitor: MonitorConfig, message: Message, _channel: str) -> None:
    """Runs the program in the project; ``MLOPS_TITLE`` and ``MLOPS_SEVERITY`` say the most important.

    Raises:
        Undelivered: It cannot be run, failed, or took longer than a minute; then it and its children are killed.
    """
    words = list(monitor.actions.command)
    told = {"MLOPS_TITLE": message.title.replace("\0", ""), "MLOPS_SEVERITY": str(message.severity)}
    try:
        process = subprocess.Popen(
            words,
            cwd=project.root,
            env={**os.environ, **told},
            stdin=subprocess.PIPE,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.PIPE,
            start_new_session=True,
        )
    except (OSError, ValueError) as error:
        raise Undelivered(f"{words[0]} cannot be run ({getattr(error, 'strerror', None) or error})") from error
    try:
        _, errors = process.communicate(f"{json.dumps(message.content)}\n".encode(), timeout=TIMEOUT_S)
    except subprocess.TimeoutExpired as error:
        raise Undelivered(f"{words[0]} took longer than {TIMEOUT_S:g} s") from error
    finally:
        with suppress(ProcessLookupError, PermissionError):
            os.killpg(process.pid, signal.SIGKILL)
        process.wait()
    if process.returncode:
        said = errors.decode("utf-8", "replace").strip().splitlines()
        raise Undelivered(f"{words[0]} exited with {process.returncode}" + (f": {said[-1][:200]}" if said else ""))
