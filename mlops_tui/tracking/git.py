"""The state of the code: read from ``.git`` itself where that is simple, from the git program for the diff."""

from __future__ import annotations

import os
import time

_DIFF_LIMIT_BYTES = 1 << 20


def head(start: str) -> dict[str, str]:
    """Commit, branch and remote of the working tree around a directory, without running git.

    Returns:
        ``git_commit``, ``git_branch``, ``git_remote`` as far as they can be read; {} outside of a repository.
    """
    folder = _git_dir(start)
    if not folder:
        return {}
    common = os.path.normpath(os.path.join(folder, _line(os.path.join(folder, "commondir")) or "."))
    found = {"git_remote": _remote(os.path.join(common, "config"))}
    first = _line(os.path.join(folder, "HEAD"))
    if first.startswith("ref: "):
        reference = first[5:]
        found["git_branch"] = reference.removeprefix("refs/heads/")
        first = (
            _line(os.path.join(folder, reference))
            or _line(os.path.join(common, reference))
            or _packed(os.path.join(common, "packed-refs"), reference)
        )
    if len(first) in (40, 64):
        found["git_commit"] = first
    return {key: value for key, value in found.items() if value}


def diff(start: str, patience_s: float = 20.0) -> str | None:
    """The difference of the tracked files around a directory from the commit; None when git cannot tell in time."""
    command = ("git", "-C", start, "--no-optional-locks", "-c", "core.quotepath=off", "diff", "--no-color")
    return _output((*command, "--no-ext-diff", "--no-textconv", "HEAD", "--"), patience_s)


def _git_dir(start: str) -> str:
    directory = os.path.abspath(start)
    while True:
        path = os.path.join(directory, ".git")
        if os.path.isdir(path):
            return path
        if os.path.isfile(path):  # a worktree or a submodule
            return os.path.normpath(os.path.join(directory, _line(path).removeprefix("gitdir: ")))
        parent = os.path.dirname(directory)
        if parent == directory:
            return ""
        directory = parent


def _line(path: str) -> str:
    try:
        with open(path, "rb") as file:
            return file.readline(4096).decode("utf-8", "replace").strip()
    except OSError:
        return ""


def _packed(path: str, reference: str) -> str:
    try:
        with open(path, "rb") as file:
            for line in file:
                commit, _, name = line.decode("utf-8", "replace").strip().partition(" ")
                if name == reference:
                    return commit
    except OSError:
        return ""
    return ""


def _remote(path: str) -> str:
    """The URL of the first remote in a git configuration, without user and password."""
    try:
        with open(path, "rb") as file:
            lines = file.read(1 << 16).decode("utf-8", "replace").splitlines()
    except OSError:
        return ""
    is_remote = False
    for line in lines:
        line = line.strip()
        if line.startswith("["):
            is_remote = line.startswith('[remote "')
        elif is_remote and line.partition("=")[0].strip() == "url":
            url = line.partition("=")[2].strip()
            scheme, mark, rest = url.partition("://")
            host, slash, path = rest.partition("/")
            return scheme + mark + host.rpartition("@")[2] + slash + path if mark else url
    return ""


def _output(command: tuple[str, ...], patience_s: float) -> str | None:
    """What a command writes, cut at a limit; None when it fails, is missing or takes too long.

    posix_spawn instead of subprocess: that module is large, and this runs inside of the user's script.
    """
    reading, writing = os.pipe()
    try:
        nothing = (os.POSIX_SPAWN_OPEN, 0, os.devnull, os.O_RDONLY, 0), (os.POSIX_SPAWN_OPEN, 2, os.devnull, 1, 0)
        pid = os.posix_spawnp(
            command[0], command, os.environ, file_actions=[*nothing, (os.POSIX_SPAWN_DUP2, writing, 1)]
        )
    except OSError:
        os.close(reading)
        return None
    finally:
        os.close(writing)
    try:
        data = _read(reading, time.monotonic() + patience_s)
    finally:
        os.close(reading)
    if data is None:
        os.kill(pid, 9)
    try:
        status = os.waitpid(pid, 0)[1]
    except ChildProcessError:  # the script reaps children itself
        status = 0
    if data is None or (status and len(data) < _DIFF_LIMIT_BYTES):
        return None
    return data.decode("utf-8", "replace")


def _read(descriptor: int, deadline: float) -> bytes | None:
    import select

    parts, size = [], 0
    poll = select.poll()
    poll.register(descriptor, select.POLLIN)
    while size < _DIFF_LIMIT_BYTES:
        if not poll.poll(max(0.0, deadline - time.monotonic()) * 1000):
            return None
        part = os.read(descriptor, 1 << 16)
        if not part:
            break
        parts.append(part)
        size += len(part)
    return b"".join(parts)[:_DIFF_LIMIT_BYTES]
