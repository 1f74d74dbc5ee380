"""Which process wrote something, and whether it is still there. Light: training scripts import it at their start.

A process is known by its number and its start in clock ticks since boot, within a boot of a machine and a PID
namespace (containers have their own). Clock ticks do not move when the wall clock is set.
"""

from __future__ import annotations

import os
import time

TYPE_CHECKING = False
if TYPE_CHECKING:  # importing typing or collections.abc costs a script's start some milliseconds
    from collections.abc import Mapping


def identity() -> dict[str, object]:
    """What tells this process from every other: host, boot_id, pid_namespace, pid, ticks (0 or "" where unknown)."""
    pid = os.getpid()
    return {**_machine(), "pid": pid, "ticks": start_ticks(pid) or 0}


def start_ticks(pid: int) -> int | None:
    """Clock ticks from boot to the start of a process; None for none, for a zombie, and where there is no /proc."""
    try:
        with open(f"/proc/{pid}/stat", "rb") as file:
            # the second field is the program's name in parentheses and may hold anything
            fields = file.read().rpartition(b")")[2].split()
    except OSError:
        return None
    return None if fields[0] in (b"Z", b"X") else int(fields[19])


def started_at(ticks: int) -> float:
    """Unix seconds of a moment given in clock ticks since boot, as the wall clock stands now."""
    since_boot = time.clock_gettime(time.CLOCK_BOOTTIME) if hasattr(time, "CLOCK_BOOTTIME") else time.monotonic()
    return time.time() - since_boot + ticks / os.sysconf("SC_CLK_TCK")


def user() -> str:
    """The name of the operating system's user, from its own data base and not from what the environment says."""
    uid = os.getuid()
    name = _names.get(uid)
    if name is None:
        import pwd

        try:
            name = pwd.getpwuid(uid).pw_name
        except KeyError:  # a container that runs as a number
            name = f"uid {uid}"
        # looking it up reads a file, which takes half as long as a whole act on the registry
        _names[uid] = name
    return name


#: User id -> name, as looked up.
_names: dict[int, str] = {}


def is_gone(writer: Mapping[str, object], locked_file: int) -> bool:
    """Whether the process that an ``identity`` describes is certainly gone.

    Args:
        writer: What ``identity`` returned in that process.
        locked_file: A descriptor of the file on which that process holds a shared ``flock`` while it lives; decides
            where its number means nothing here (another container on this machine, no /proc).
    """
    here = _machine()
    same_host = writer.get("host") == here["host"]
    boot = writer.get("boot_id")
    if boot and boot != here["boot_id"]:
        return same_host
    if not boot and not same_host:
        return False
    namespace = writer.get("pid_namespace")
    if boot and namespace and namespace == here["pid_namespace"]:
        return start_ticks(int(str(writer.get("pid", 0)))) != writer.get("ticks")
    return _is_unlocked(locked_file)


def lock_alone(descriptor: int) -> bool:
    """Locks a file until it is closed; False where somebody has it, or nobody can tell."""
    import fcntl

    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except OSError:
        return False
    return True


def _is_unlocked(descriptor: int) -> bool:
    import fcntl

    if not lock_alone(descriptor):
        return False
    fcntl.flock(descriptor, fcntl.LOCK_UN)
    return True


_known_machine: dict[str, object] = {}


def _machine() -> dict[str, object]:
    if not _known_machine:
        _known_machine.update(
            host=os.uname().nodename,
            boot_id=_read("/proc/sys/kernel/random/boot_id"),
            pid_namespace=_pid_namespace(),
        )
    return _known_machine


def _pid_namespace() -> str:
    try:
        return os.readlink("/proc/self/ns/pid")
    except OSError:
        return ""


def _read(path: str) -> str:
    try:
        with open(path, "rb") as file:
            return file.read().decode("ascii").strip()
    except (OSError, UnicodeDecodeError):
        return ""
