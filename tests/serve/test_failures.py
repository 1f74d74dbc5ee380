"""What the log says of failures that come again."""

from __future__ import annotations

import logging

import pytest

from mlops_tui.serve.failures import Failures


def fail(failures: Failures, text: str) -> None:
    try:
        raise ValueError(text)
    except ValueError as error:
        failures.tell("the model failed", error)


def test_a_traceback_is_told_once_and_then_how_often_it_came_again(caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.ERROR, "mlops_tui.serve")
    failures = Failures(quiet_s=3600)
    for number in range(1000):
        fail(failures, f"row {number} is none")
    failures.tell("the model failed", KeyError("a"))  # another way
    failures.close()
    assert [record.exc_info is not None for record in caplog.records] == [True, True, False]
    assert (
        caplog.messages[2] == "the model failed: ValueError: row 999 is none (999 times more, the last time like this)"
    )


def test_what_goes_on_failing_is_told_again_after_a_while(caplog: pytest.LogCaptureFixture) -> None:
    failures = Failures(quiet_s=0)
    for _ in range(3):
        fail(failures, "no")
    failures.close()
    assert [message.partition(" (")[2] for message in caplog.messages] == [
        "",
        *["once more, the last time like this)"] * 2,
    ]
