"""Verbs of the command line run as processes of their own: what needs pandas or scikit-learn never loads in here."""

from __future__ import annotations

import json
import subprocess
import sys
import tempfile
from typing import Any

from mlops_store.errors import MlopsError
from mlops_tui.project import Project
from mlops_tui.ui import threads

#: Seconds between looks at whether the answer is still wanted.
_LOOK_S = 0.2
#: Bytes of diagnostics that are read.
_MOST_ERRORS = 65536


def verb(project: Project, *words: str) -> Any:
    """What ``mlops-tui <words> --json`` answers; to be called in a thread.

    After a word ``--`` all are arguments, whatever they begin with. When nobody waits for it any more, because the
    dashboard is left, the process goes on by itself.

    Raises:
        MlopsError: It failed or refused (with its own message and hint), or the answer is no longer wanted.
    """
    if any("\0" in word for word in words):
        raise MlopsError("a name with a NUL in it cannot be given to a program")
    options = words.index("--") if "--" in words else len(words)
    # files, not pipes: a process that outlives us must not die of a pipe that nobody reads
    with tempfile.TemporaryFile() as answer, tempfile.TemporaryFile() as errors:
        process = subprocess.Popen(
            # -P: a file of the project called click.py or json.py must not be taken for the real one
            [
                sys.executable,
                "-P",
                "-m",
                "mlops_tui",
                "--project",
                project.root,
                *words[:options],
                "--json",
                *words[options:],
            ],
            stdin=subprocess.DEVNULL,
            stdout=answer,
            stderr=errors,
            start_new_session=True,
        )
        _wait(process, words)
        answer.seek(0)
        errors.seek(0)
        if process.returncode:
            raise told(errors.read(_MOST_ERRORS).decode("utf-8", "replace"), words)
        try:
            return json.load(answer)
        except ValueError as error:
            raise MlopsError(f"'mlops-tui {' '.join(words)}' answered with something that is not JSON") from error


def _wait(process: subprocess.Popen[bytes], words: tuple[str, ...]) -> None:
    while True:
        try:
            process.wait(_LOOK_S)
        except subprocess.TimeoutExpired:
            if not threads.is_wanted():
                process.returncode = 0  # nobody waits for it any more; said so that no warning is written
                raise MlopsError(f"'mlops-tui {' '.join(words)}' goes on by itself") from None
        else:
            return


def told(errors: str, words: tuple[str, ...]) -> MlopsError:
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
