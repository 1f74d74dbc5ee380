"""What goes wrong while logging is said once on stderr and never raised: a training script must go on."""

from __future__ import annotations

import sys

from mlops_store import texts

#: Whether nothing is said for now; what is said is recorded as an event of the run all the same.
is_quiet = False

_said: set[str] = set()


def once(topic: str, message: str) -> bool:
    """Writes one line to stderr the first time that a topic comes up.

    Args:
        topic: What it is about; at most one line a topic and process.
        message: One sentence; may quote text from outside, which is made printable and cut.

    Returns:
        Whether it is the first time.
    """
    if topic in _said:
        return False
    _said.add(topic)
    say(message)
    return True


def say(message: str) -> None:
    """Writes one line to stderr, unless all is quiet."""
    if is_quiet:
        return
    try:
        sys.stderr.write(f"mlops-tui: {printable('; '.join(message.splitlines()), 500)}\n")
    except (AttributeError, OSError, ValueError):
        return  # no stderr, or a closed one: there is nobody to tell


def printable(text: str, limit: int) -> str:
    """Text with control and formatting characters escaped, cut at ``limit`` characters."""
    return texts.printable(text if len(text) <= limit else text[: limit - 1] + "…")
