"""Verbs of the command line run as processes of their own: what needs pandas or scikit-learn never loads in here."""

from __future__ import annotations

import asyncio
import contextlib
import json
import sys
from typing import Any

from mlops_store.errors import MlopsError
from mlops_tui.project import Project

#: Longest line that a verb may write, in bytes.
_LONGEST_LINE = 64 << 20


async def verb(project: Project, *words: str) -> Any:
    """What ``mlops-tui <words> --json`` answers. Cancelling ends the process.

    Raises:
        MlopsError: It failed or refused; with its own message and hint.
    """
    process = await asyncio.create_subprocess_exec(
        # -P: a file of the project called click.py or json.py must not be taken for the real one
        *(sys.executable, "-P", "-m", "mlops_tui", "--project", project.root, *words, "--json"),
        stdin=asyncio.subprocess.DEVNULL,
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.PIPE,
        limit=_LONGEST_LINE,
    )
    try:
        out, errors = await process.communicate()
    except asyncio.CancelledError:
        with contextlib.suppress(ProcessLookupError):
            process.terminate()
        raise
    if process.returncode:
        raise _told(errors.decode("utf-8", "replace"), words)
    try:
        return json.loads(out)
    except ValueError as error:
        raise MlopsError(f"'mlops-tui {' '.join(words)}' answered with something that is not JSON") from error


def _told(errors: str, words: tuple[str, ...]) -> MlopsError:
    """The error that a verb wrote: ``mlops-tui: MESSAGE`` and its hint on indented lines below."""
    lines = errors.splitlines()
    for place, line in enumerate(lines):
        if line.startswith("mlops-tui: "):
            hint = []
            for following in lines[place + 1 :]:
                if not following.startswith("  "):
                    break
                hint.append(following.strip())
            return MlopsError(line.removeprefix("mlops-tui: "), " ".join(hint))
    last = next((line for line in reversed(lines) if line.strip()), "it wrote nothing about why")
    return MlopsError(f"'mlops-tui {' '.join(words)}' failed: {last}")
