"""What can wait is written between other things, and ends in order when it is not wanted any more."""

from __future__ import annotations

import os
import pty
import tty
from collections.abc import Iterator

import pytest

from mlops_tui.ui.outlet import Outlet

PARTS = [f"<{number}{'.' * 4000}>" for number in range(200)]  # far more than a pipe holds


@pytest.fixture
def pipe() -> Iterator[tuple[Outlet, int]]:
    read, write = os.pipe()
    outlet = Outlet(write, lambda: None)
    yield outlet, read
    os.close(read)
    outlet.close(5)
    os.close(write)


def until(read: int, end: bytes) -> bytes:
    data = b""
    while end not in data:
        data += os.read(read, 65536)
    return data


def test_a_key_does_not_wait_for_a_picture_that_is_being_sent(pipe: tuple[Outlet, int]) -> None:
    outlet, read = pipe
    outlet.write_aside(1, PARTS)
    data = until(read, b">")
    outlet.write("frame")
    assert not outlet.is_behind
    data += until(read, b"frame")
    assert b"<199" not in data
    assert data.split(b"frame")[0].endswith(b">")  # never within a part
    data += until(read, b"<199")
    assert [data.index(f"<{number}.".encode()) for number in range(200)] == sorted(
        data.index(f"<{number}.".encode()) for number in range(200)
    )


def test_one_that_was_begun_ends_before_the_next_begins(pipe: tuple[Outlet, int]) -> None:
    outlet, read = pipe
    outlet.write_aside(1, PARTS)
    data = until(read, b">")
    outlet.write_aside(2, ["[second]"])
    outlet.recall(1, "[delete 1]")
    data += until(read, b"[second]")
    assert b"<199" not in data
    assert data.endswith(b"[delete 1][second]")


def test_one_that_was_not_begun_leaves_no_trace(pipe: tuple[Outlet, int]) -> None:
    outlet, read = pipe
    outlet.write_aside(1, PARTS)
    data = until(read, b">")
    outlet.write_aside(2, ["[second]"])
    outlet.recall(2, "[delete 2]")
    outlet.recall(1, "[delete 1]")
    outlet.write_aside(3, ["[third]"])
    data += until(read, b"[third]")
    assert data.endswith(b"[delete 1][third]")
    assert b"[second]" not in data
    outlet.recall(3, "[delete 3]")
    assert until(read, b"]").endswith(b"[delete 3]")


def test_a_terminal_gets_at_once_what_it_takes_and_the_rest_in_order() -> None:
    ours, theirs = pty.openpty()
    tty.setraw(theirs)
    drained: list[bool] = []
    outlet = Outlet(theirs, lambda: drained.append(True))
    outlet.write("begin ")
    assert os.get_blocking(theirs)  # as the shell left it
    parts = [f"{number:05} " for number in range(30_000)]  # far more than a terminal holds while nobody reads
    for part in parts:
        outlet.write(part)
    assert outlet.is_behind
    outlet.write("end")
    assert until(ours, b"end") == f"begin {''.join(parts)}end".encode()
    while not drained:
        os.sched_yield()
    outlet.write("again")
    assert until(ours, b"again") == b"again"
    outlet.close(5)
    os.close(theirs)
    os.close(ours)


def test_a_terminal_that_is_gone_is_written_to_no_more() -> None:
    ours, theirs = pty.openpty()
    outlet = Outlet(theirs, lambda: None)
    os.close(ours)
    outlet.write("nobody sees it")
    assert outlet.is_broken
    outlet.close(5)
    os.close(theirs)
