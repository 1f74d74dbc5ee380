"""What process groups, and single processes with all that they started, use."""

from __future__ import annotations

import os
import time
from collections.abc import Iterable, Mapping
from typing import NamedTuple


class Usage(NamedTuple):
    """What some processes use: CPU and I/O since their start, memory now.

    ``read_bytes`` and ``written_bytes`` are None where the system does not tell; ``age_s`` is the oldest process's.
    """

    cpu_s: float
    memory_bytes: int
    read_bytes: int | None
    written_bytes: int | None
    pids: tuple[int, ...]
    age_s: float


def usage(numbers: Iterable[int]) -> Mapping[int, Usage]:
    """What process groups use, by number; groups of which nothing is left are missing."""
    import psutil

    members: dict[int, list[int]] = {number: [] for number in numbers}
    for pid in psutil.pids():
        try:
            group = os.getpgid(pid)
        except OSError:
            continue
        if group in members:
            members[group].append(pid)
    found = {group: _together(pids) for group, pids in members.items()}
    return {group: used for group, used in found.items() if used is not None}


def of_family(pid: int) -> Usage | None:
    """What a process uses together with all that it has started; None when it is gone."""
    import psutil

    try:
        children = psutil.Process(pid).children(recursive=True)
    except psutil.Error:
        return None
    return _together([pid, *(child.pid for child in children)])


def _together(pids: Iterable[int]) -> Usage | None:
    used = [one for one in map(_of_process, pids) if one is not None]
    if not used:
        return None
    return Usage(
        cpu_s=sum(one.cpu_s for one in used),
        memory_bytes=sum(one.memory_bytes for one in used),
        read_bytes=_total(one.read_bytes for one in used),
        written_bytes=_total(one.written_bytes for one in used),
        pids=tuple(pid for one in used for pid in one.pids),
        age_s=max(one.age_s for one in used),
    )


def _of_process(pid: int) -> Usage | None:
    """What one process uses, its ended children included; None when it is gone."""
    import psutil

    try:
        process = psutil.Process(pid)
        with process.oneshot():
            if process.status() == psutil.STATUS_ZOMBIE:
                return None
            times, memory, begun_at = process.cpu_times(), process.memory_info(), process.create_time()
        cpu_s = times.user + times.system + times.children_user + times.children_system
        read, written = _disk(process)
    except psutil.Error:
        return None
    return Usage(cpu_s, memory.rss, read, written, (pid,), time.time() - begun_at)


def _disk(process: object) -> tuple[int | None, int | None]:
    import psutil

    try:
        counters = process.io_counters()  # type: ignore[attr-defined]
    except (AttributeError, psutil.AccessDenied):  # macOS has none; some containers forbid it
        return None, None
    return counters.read_bytes, counters.write_bytes


def _total(counts: Iterable[int | None]) -> int | None:
    known = [count for count in counts if count is not None]
    return sum(known) if known else None
