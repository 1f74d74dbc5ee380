"""The terminal around tmux: what it is, and how to reach it."""

from __future__ import annotations

import os

_PATIENCE_S = 1.0


def is_around() -> bool:
    """Whether this runs inside tmux."""
    return bool(os.environ.get("TMUX"))


def wrapped(sequence: str) -> str:
    """A sequence as tmux hands it on to the terminal around it, if it has ``allow-passthrough on``."""
    return "\x1bPtmux;" + sequence.replace("\x1b", "\x1b\x1b") + "\x1b\\"


def terminal() -> str:
    """The name of the terminal around tmux, as it says itself or as its TERM; "" where it cannot be reached.

    Blocks for a few milliseconds.
    """
    import subprocess

    asked = "#{allow-passthrough}\n#{client_termtype}\n#{client_termname}"
    command = ["tmux", "display-message", "-p", "-t", os.environ.get("TMUX_PANE", ""), asked]
    try:
        done = subprocess.run(command, capture_output=True, text=True, timeout=_PATIENCE_S, check=True)
    except (OSError, subprocess.SubprocessError, UnicodeDecodeError):
        return ""
    allows, name, term, *_ = [*done.stdout.split("\n"), "", "", ""]
    # tmux 3.3 has a flag for it, 3.4 a choice
    return (name or term.removeprefix("xterm-")) if allows in ("1", "on", "all") else ""


__all__ = ["is_around", "terminal", "wrapped"]
