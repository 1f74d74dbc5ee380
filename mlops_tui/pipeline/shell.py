"""Starting a stage's commands as DVC does, each as if in the user's shell, under a small shell of ours.

That shell is the leader of the stage's process group. It starts nothing before the supervisor has written down which
process it is, and it leaves the exit code in a file, so that a supervisor that was killed can be followed by another.
The output goes straight from the commands into the log file.
"""

from __future__ import annotations

import functools
import os
import select
import shlex
import subprocess
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from mlops_store import processes
from mlops_tui.config import ExecutorConfig
from mlops_tui.pipeline import plain_commands

# $1 exit file, $2 shell, $3 its options, then the commands; with an empty $2 each is split at its blanks and started as
# it is. Without a line on stdin (the supervisor died) nothing runs.
# TERM goes to the whole group; this shell outlives it to tell how the command took it. Whoever sent it, what has been
# asked to end is never taken for complete: 0 would say that, also of commands of which the last have not run.
# A full disk is waited out for ten minutes: without its exit code, what was computed is lost with the supervisor.
_SCRIPT = """e=$1 s=$2 o=$3; shift 3
read -r go || { echo never >"$e"; exit 125; }
exec </dev/null
stop=; trap stop=1 TERM
[ "$s" ] || set -f
for c do if [ "$s" ]; then "$s" $o -c "$c"; else $c; fi; r=$?; [ "$r$stop" = 0 ] || break; done
[ "$r$stop" != 01 ] || r=143
n=0
until echo "$r" >"$e"; do n=$((n+1)); [ -d "${e%/*}" ] && [ "$n" -lt 600 ] || break; sleep 1; done 2>/dev/null
exit "$r"
"""
_OPTIONS = {"zsh": "--no-rcs", "bash": "--noprofile --norc"}


@dataclass(slots=True)
class Started:
    """A stage's process group, waiting for ``go``."""

    process: subprocess.Popen[bytes]
    pid: int
    ticks: int

    def go(self) -> None:
        """Lets the commands begin."""
        gate = self.process.stdin
        assert gate is not None
        try:
            gate.write(b"\n")
            gate.close()
        except BrokenPipeError:
            pass  # it has been killed already: waiting for it tells

    def cancel(self) -> None:
        """Ends it before anything has begun."""
        gate = self.process.stdin
        assert gate is not None
        gate.close()
        self.process.wait()

    def ends_within(self, seconds: float) -> bool:
        """Whether the commands end in that time; returns as soon as they do."""
        if not hasattr(os, "pidfd_open"):
            try:
                self.process.wait(seconds)
            except subprocess.TimeoutExpired:
                return False
            return True
        descriptor = os.pidfd_open(self.pid)
        try:
            return bool(select.select([descriptor], [], [], seconds)[0])
        finally:
            os.close(descriptor)

    def wait(self) -> int:
        """The exit code, when the commands have ended; 128 + n after signal n."""
        code = self.process.wait()
        return code if code >= 0 else 128 - code


def start(
    commands: Sequence[str],
    *,
    directory: str,
    log_path: str,
    exit_path: str,
    environment: Mapping[str, str],
    executor: ExecutorConfig | None = None,
) -> Started:
    """Starts a process group that will run the commands one after the other until one fails.

    Args:
        commands: What is given to the user's shell, or to that of the executor.
        directory: The working directory.
        log_path: The file to which stdout and stderr are appended.
        exit_path: The file that gets the exit code.
        environment: All of the environment.
        executor: What is put before each command; None to run it as it is.

    Raises:
        OSError: It cannot be started.
    """
    shell = environment.get("SHELL") or "/bin/sh"
    if executor is not None:
        commands = [_through(executor, executor.shell or shell, command) for command in commands]
        shell = "/bin/sh"
    elif all(plain_commands.needs_no_shell(command, shell, environment) for command in commands):
        shell = ""
    log = os.open(log_path, os.O_WRONLY | os.O_CREAT | os.O_APPEND | os.O_CLOEXEC, 0o644)
    try:
        process = subprocess.Popen(
            ["/bin/sh", "-c", _SCRIPT, "mlops-tui", exit_path, shell, _options(shell), *commands],
            cwd=directory,
            env=environment,
            stdin=subprocess.PIPE,
            stdout=log,
            stderr=log,
            bufsize=0,
            process_group=0,
        )
    finally:
        os.close(log)
    return Started(process, process.pid, processes.start_ticks(process.pid) or 0)


def never_began(exit_path: str) -> bool:
    """Whether the supervisor was gone before it had let the commands begin."""
    try:
        with open(exit_path, encoding="ascii") as file:
            return file.read().strip() == "never"
    except FileNotFoundError:
        return False


def exit_code(exit_path: str) -> int | None:
    """The exit code that a stage has left; None when it has left none (yet)."""
    try:
        with open(exit_path, encoding="ascii") as file:
            text = file.read().strip()
    except FileNotFoundError:
        return None
    return int(text) if text.isdigit() else None


def _through(executor: ExecutorConfig, shell: str, command: str) -> str:
    """The line for /bin/sh that hands a command to an executor."""
    words = [shell, *_options(shell).split(), "-c", command]
    # a program like ssh joins its arguments with spaces for the shell at the other end
    return "exec " + shlex.join(
        [*executor.command, shlex.join(words)] if executor.quote else [*executor.command, *words]
    )


@functools.cache
def _options(shell: str) -> str:
    name = os.path.basename(shell).lower()
    if name == "fish" and _is_recent_fish(shell):
        return "--no-config"
    return _OPTIONS.get(name, "")


def _is_recent_fish(shell: str) -> bool:
    try:
        found = subprocess.run([shell, "--version"], capture_output=True, text=True, timeout=10, check=False).stdout
        numbers = [int(part) for part in found.split()[-1].split(".")[:2]]
    except (OSError, ValueError, IndexError, subprocess.TimeoutExpired):
        return False
    return numbers >= [3, 3]
