"""Commands that no shell has to read: plain words that begin with a program, such as ``python train.py --rate 0.1``.

GNU make starts such commands without a shell, which takes as long as many a small program. Here that is done only where
the user's shell would do nothing but start the same program, and only for shells of which that is known.
"""

from __future__ import annotations

import functools
import os
import re
import stat
from collections.abc import Mapping

_SHELLS = ("bash", "dash", "sh")
# what no shell takes for more than a part of a word; the first word must not be an assignment either
_PLAIN = re.compile(r"[A-Za-z0-9_][A-Za-z0-9_.+-]*(?: +[A-Za-z0-9_./,:=@%+-]+)*")
#: Builtins and reserved words of these shells.
_BUILTIN = frozenset(
    (
        "alias", "bg", "bind", "break", "builtin", "caller", "case", "cd", "chdir", "command", "compgen", "complete",
        "compopt", "continue", "coproc", "declare", "dirs", "disown", "do", "done", "echo", "elif", "else", "enable",
        "esac", "eval", "exec", "exit", "export", "false", "fc", "fg", "fi", "for", "function", "getopts", "hash",
        "help", "history", "if", "in", "jobs", "kill", "let", "local", "logout", "mapfile", "popd", "printf", "pushd",
        "pwd", "read", "readarray", "readonly", "return", "select", "set", "shift", "shopt", "source", "suspend",
        "test", "then", "time", "times", "trap", "true", "type", "typeset", "ulimit", "umask", "unalias", "unset",
        "until", "wait", "while",
    )
)  # fmt: skip
# with these, bash does more at its start than to read the command
_STEERING = ("BASH_ENV", "SHELLOPTS", "BASHOPTS")
_FUNCTION = "BASH_FUNC_"
_PROGRAM = (b"\x7fELF", b"#!")


def needs_no_shell(command: str, shell: str, environment: Mapping[str, str]) -> bool:
    """Whether a shell would only look for the program that the first word names, and start it with the others.

    Args:
        command: One command.
        shell: The path of the shell that would be given it.
        environment: All of the environment.
    """
    if os.path.basename(shell) not in _SHELLS or not _PLAIN.fullmatch(command):
        return False
    name = command.partition(" ")[0]
    if name in _BUILTIN or any(key in environment for key in _STEERING):
        return False
    if any(key.startswith(_FUNCTION) for key in environment):
        return False
    return _is_program(name, environment.get("PATH", ""))


@functools.lru_cache(maxsize=256)
def _is_program(name: str, path: str) -> bool:
    """Whether the first file of that name on a search path is something that the system itself can start."""
    for directory in path.split(os.pathsep):
        if not os.path.isabs(directory):
            return False  # it depends on where the command runs
        full = os.path.join(directory, name)
        try:
            if not stat.S_ISREG(os.stat(full).st_mode) or not os.access(full, os.X_OK):
                continue
            with open(full, "rb") as file:
                return file.read(4).startswith(_PROGRAM)
        except OSError:
            continue
    return False
