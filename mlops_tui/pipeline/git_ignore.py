"""Keeping cached outputs out of Git, as DVC does: one line in the ``.gitignore`` beside each."""

from __future__ import annotations

import os
import re
import subprocess


def add(path: str) -> None:
    """Adds a line for a file or directory, if Git would see it.

    Raises:
        OSError: The ``.gitignore`` cannot be written.
    """
    directory, name = os.path.split(path)
    entry = "/" + re.sub(r"([\\[\]!*#?])", r"\\\1", name)
    ignore = os.path.join(directory, ".gitignore")
    text = ""
    if os.path.exists(ignore):
        with open(ignore, encoding="utf-8", errors="surrogateescape") as file:
            text = file.read()
    if entry in text.splitlines():
        return
    try:
        answer = subprocess.run(
            ["git", "-C", directory, "check-ignore", "-q", "--", name], stderr=subprocess.DEVNULL, check=False
        )
    except FileNotFoundError:
        return  # without Git there is nothing to keep it out of
    if answer.returncode == 1:  # 0: ignored already, 128: no repository
        with open(ignore, "a", encoding="utf-8", errors="surrogateescape") as file:
            file.write(("\n" if text and not text.endswith("\n") else "") + entry + "\n")
