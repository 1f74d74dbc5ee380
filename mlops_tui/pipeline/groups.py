"""Process groups of stages: whether one still lives, following it to its end, and ending it.

A group is known by the pid of its leader and the leader's start in clock ticks since boot, so that a number that the
system has given to somebody else is never mistaken for ours, whatever the wall clock does.
"""

from __future__ import annotations

import os
import select
import signal
import time
from collections.abc import Iterator

from mlops_store import processes

_POLL_S = 0.02


def is_alive(pid: int, ticks: int, run_id: str) -> bool:
    """Whether anything of a stage's process group is left.

    Args:
        pid: The leader, and the group's id.
        ticks: When the leader started.
        run_id: The stage's run, which is in the environment of all its processes.
    """
    now = processes.start_ticks(pid)
    if now is not None:
        return now == ticks
    # the leader is gone; members keep the number taken, but another group may have got it after the last of ours
    return any(_belongs(member, run_id) for member in _members(pid))


def follow(pid: int, ticks: int, patience_s: float | None = None) -> bool:
    """Waits for the end of a leader that is not our child; what it leaves in the background does not count.

    Args:
        pid: The leader.
        ticks: When it started.
        patience_s: How long to wait at most; None for as long as it takes.

    Returns:
        Whether it has ended.
    """
    deadline = None if patience_s is None else time.monotonic() + patience_s
    leader = _open(pid, ticks)
    if leader is not None:
        try:
            select.select([leader], [], [], patience_s)
        finally:
            os.close(leader)
    while processes.start_ticks(pid) == ticks:
        if deadline is not None and time.monotonic() >= deadline:
            return False
        time.sleep(_POLL_S)
    return True


def age_s(ticks: int) -> float:
    """Seconds since a process started; 0 where the system does not tell."""
    if not ticks or not hasattr(time, "CLOCK_BOOTTIME"):
        return 0.0
    return max(0.0, time.clock_gettime(time.CLOCK_BOOTTIME) - ticks / os.sysconf("SC_CLK_TCK"))


def send(pid: int, ticks: int, run_id: str, number: signal.Signals) -> bool:
    """Sends a signal to the group if it is still ours; returns whether it was."""
    if not is_alive(pid, ticks, run_id):
        return False
    try:
        os.killpg(pid, number)
    except ProcessLookupError:
        return False
    return True


def end(pid: int, ticks: int, run_id: str, grace_s: float) -> None:
    """Ends the group: TERM, and KILL for what is left after ``grace_s`` seconds."""
    if not send(pid, ticks, run_id, signal.SIGTERM):
        return
    deadline = time.monotonic() + grace_s
    while time.monotonic() < deadline:
        if not is_alive(pid, ticks, run_id):
            return
        time.sleep(_POLL_S)
    send(pid, ticks, run_id, signal.SIGKILL)


def _open(pid: int, ticks: int) -> int | None:
    """A descriptor that becomes readable when the leader ends; None when it has, or where there are none."""
    if not hasattr(os, "pidfd_open"):
        return None
    try:
        descriptor = os.pidfd_open(pid)
    except OSError:
        return None
    if processes.start_ticks(pid) == ticks:
        return descriptor
    os.close(descriptor)
    return None


def _members(group: int) -> Iterator[int]:
    for name in os.listdir("/proc") if os.path.isdir("/proc") else ():
        if not name.isdigit():
            continue
        try:
            with open(f"/proc/{name}/stat", "rb") as file:
                fields = file.read().rpartition(b")")[2].split()
        except OSError:
            continue
        if int(fields[2]) == group and fields[0] not in (b"Z", b"X"):
            yield int(name)


def _belongs(pid: int, run_id: str) -> bool:
    try:
        with open(f"/proc/{pid}/environ", "rb") as file:
            return f"MLOPS_RUN_ID={run_id}".encode() in file.read().split(b"\0")
    except OSError:
        return False
