"""The crontab line and the systemd units that call ``mlops-tui tick`` in a project, each with its own quoting."""

from __future__ import annotations

import hashlib
import os
import re
import shlex
import sys

from mlops_store.errors import Refused


def require_exportable(root: str) -> None:
    """Refuses a path that no crontab or unit can name.

    Raises:
        Refused: It holds a line break or another control character.
    """
    if not root.isprintable():
        raise Refused(f"{root!r} holds characters that a crontab cannot", "rename the directory")


def _command(root: str) -> list[str]:
    # the interpreter itself: a crontab knows no PATH, and a script may be a wrapper of another environment
    return [os.path.abspath(sys.executable), "-P", "-m", "mlops_tui", "--project", root, "tick"]


def crontab(root: str) -> list[str]:
    """A line for ``crontab -e``, with a comment above it.

    Args:
        root: The project's directory, absolute.
    """
    # cron ends the command at the first percent sign, quoted or not
    line = shlex.join(_command(root)).replace("%", "\\%")
    return [f"# triggers of {root}", f"* * * * * {line}"]


def systemd_units(root: str) -> list[str]:
    """A service and its timer, each with the file that it belongs into.

    Args:
        root: The project's directory, absolute.
    """
    name = unit_name(root)
    words = " ".join(_quoted(word) for word in _command(root))
    description = f"Triggers of {root}".replace("%", "%%")
    return [
        f"# ~/.config/systemd/user/{name}.service",
        "[Unit]",
        f"Description={description}",
        "",
        "[Service]",
        "Type=oneshot",
        f"WorkingDirectory={root.replace('%', '%%')}",
        f"ExecStart={words}",
        "# the pipeline runs that a tick starts go on after it",
        "KillMode=process",
        "",
        f"# ~/.config/systemd/user/{name}.timer",
        "[Unit]",
        f"Description={description}, every minute",
        "",
        "[Timer]",
        "OnCalendar=minutely",
        "AccuracySec=1s",
        "Persistent=true",
        "",
        "[Install]",
        "WantedBy=timers.target",
        "",
        f"# systemctl --user daemon-reload && systemctl --user enable --now {name}.timer",
    ]


def unit_name(root: str) -> str:
    """A name for the units of a project, another one for each directory."""
    word = re.sub(r"[^A-Za-z0-9_-]+", "-", os.path.basename(root)).strip("-") or "project"
    return f"mlops-tui-{word}-{hashlib.blake2b(os.fsencode(root), digest_size=4).hexdigest()}"


def _quoted(word: str) -> str:
    """A word of ``ExecStart=``: systemd fills in ``%`` and ``$``, and knows C's escapes."""
    text = word.replace("\\", "\\\\").replace('"', '\\"').replace("%", "%%").replace("$", "$$")
    return f'"{text}"' if re.search(r"[^A-Za-z0-9_./%$:=@+,-]", text) else text
