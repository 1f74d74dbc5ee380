"""What servers write of themselves: nothing that a client sends rules the terminal, or looks like an entry."""

from __future__ import annotations

import logging
import socket
from collections.abc import Iterator
from pathlib import Path

import pytest

from mlops_tui.cli import main
from mlops_tui.serve import launching, server_log
from mlops_tui.serve.tracking import for_stages

ESCAPE = "\x1b[2J"
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


def log_and_end(_server: launching.Server, listening: socket.socket, _ready: object) -> bool:
    """Stands for a server to which somebody sends what a terminal obeys."""
    listening.close()
    LOG.error("GET /%s failed", ESCAPE)
    return True


def test_the_tracking_server_writes_nothing_that_a_terminal_obeys(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(launching, "run", log_and_end)
    assert main(["-C", str(tmp_path), "server", "--port", "0", "--store", str(tmp_path / "store.db")]) == 0
    assert "GET /\\x1b[2J failed" in capsys.readouterr().err


def test_the_server_of_stages_writes_nothing_that_a_terminal_obeys(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(launching, "run", log_and_end)
    monkeypatch.setattr(for_stages, "_end_with_run", lambda *_: None)
    monkeypatch.setenv(launching.TOKEN_VARIABLE, "secret")
    listening = launching.listen("127.0.0.1", 0)
    for_stages.main([str(tmp_path), "a" * 32, str(listening.detach())])
    assert "GET /\\x1b[2J failed" in capsys.readouterr().err
