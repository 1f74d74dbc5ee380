"""``mlops-tui logs --grep`` and ``--first-error``."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

Cli = Callable[..., Any]

STAGES = """
stages:
  good: {cmd: "echo one; echo Two; echo three"}
  bad: {cmd: "echo val error: 0.2; printf 'ValueError: \\\\033[31mno\\\\033[0m\\\\n'; echo after; exit 1", deps: [raw]}
"""


@pytest.fixture
def ran(project: Path, cli: Cli) -> Path:
    (project / "dvc.yaml").write_text(STAGES)
    (project / "raw").write_text("1")
    assert cli("run", "--keep-going").exit_code == 1
    return project


def test_the_lines_that_an_expression_finds_are_printed_with_their_place(ran: Path, cli: Cli) -> None:
    assert cli("logs", "--grep", "^t|no$").stdout == "good:3: three\nbad:2: ValueError: no\n"
    assert cli("logs", "--grep", "^t", "-i").stdout == "good:2: Two\ngood:3: three\n"


def test_a_stage_can_be_named_alone(ran: Path, cli: Cli) -> None:
    assert cli("logs", "good", "--grep", "o").stdout == "good:1: one\ngood:2: Two\n"


def test_the_first_error_is_printed_with_what_follows(ran: Path, cli: Cli) -> None:
    assert cli("logs", "--first-error").stdout == "bad:2: ValueError: no\nbad:3: after\n"


def test_nothing_found_is_exit_code_1(ran: Path, cli: Cli) -> None:
    assert cli("logs", "--grep", "nowhere").exit_code == 1
    assert cli("logs", "good", "--first-error").exit_code == 1


def test_json_has_every_match(ran: Path, cli: Cli) -> None:
    (good, bad) = cli("logs", "--grep", "e", "--json").json
    assert good["matches"] == [{"line": 1, "text": "one"}, {"line": 3, "text": "three"}]
    (good, bad) = cli("logs", "--first-error", "--json").json
    assert good["matches"] == []
    assert bad["matches"][0]["line"] == 2


def test_a_broken_expression_and_two_questions_at_once_are_usage_errors(ran: Path, cli: Cli) -> None:
    assert cli("logs", "--grep", "a(").exit_code == 2
    assert cli("logs", "--grep", "a", "--first-error").exit_code == 2
    assert cli("logs", "--grep", "a", "--tail", "3").exit_code == 2
