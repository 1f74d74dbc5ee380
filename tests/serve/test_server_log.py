"""What servers write of themselves: nothing that a client sends rules the terminal, or looks like an entry."""

from __future__ import annotations

import logging
from collections.abc import Iterator

import pytest

from mlops_tui.serve import server_log

LOG = logging.getLogger("mlops_tui.serve")


@pytest.fixture(autouse=True)
def as_before() -> Iterator[None]:
    handlers, level = LOG.handlers[:], LOG.level
    yield
    LOG.handlers[:] = handlers
    LOG.setLevel(level)


@pytest.mark.parametrize("line_end", ["\n", "\r", "\r\n", "\x0b", "\x85", "\u2028"])
def test_a_value_with_lines_of_its_own_forges_no_entry(capsys: pytest.CaptureFixture[str], line_end: str) -> None:
    server_log.write_to_stderr()
    sent = f"x{line_end}2026-01-01 00:00:00,000 all is well{line_end}{line_end}\x1b[2J"
    try:
        float(sent)
    except ValueError:
        LOG.exception("failed for '%s'", sent)
    written = capsys.readouterr().err
    first, *others = written.rstrip("\n").split("\n")
    assert first.endswith(" failed for 'x")
    assert all(line.startswith("    ") for line in others)
    assert "\x1b" not in written
    assert sum("all is well" in line for line in others) == 2
