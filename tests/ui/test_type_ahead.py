from __future__ import annotations

from pathlib import Path

import pytest
from projects import dashboard, project_with_runs
from terminal import Terminal
from textual import events, on
from textual.screen import Screen
from textual.widget import Widget
from textual.widgets import Input

from mlops_tui.ui import type_ahead


@pytest.mark.terminal
def test_a_jump_typed_in_one_burst_arrives_whole(tmp_path: Path) -> None:
    project_with_runs(tmp_path)
    with Terminal(dashboard(tmp_path), size=(100, 30)) as terminal:
        terminal.wait("Experiments")
        terminal.send(":pipeline\r")
        terminal.wait("Stages")
        terminal.send(":runs /first\r")
        terminal.wait(lambda text: "runs /first" in text and "third" not in text)
        terminal.send(":events\r:overview\r@")
        terminal.wait("Command log")
        terminal.send("q")
        assert terminal.wait_exit() == 0


class Watches(Widget):
    """Does something with every key."""

    def on_key(self) -> None: ...


class Listens(Widget):
    """The same, said otherwise."""

    @on(events.Key)
    def heard(self) -> None: ...


class WaitsForA(Screen[None]):
    """Does something with one key."""

    def key_a(self) -> None: ...


@pytest.mark.parametrize(
    ("kind", "taken"),
    [
        (Widget, ""),
        (Watches, "ab"),
        (Listens, "ab"),
        (WaitsForA, "a"),
        (Input, "ab"),
        (type("B", (WaitsForA,), {}), "a"),
    ],
)
def test_a_key_goes_past_widgets_only_if_none_does_something_with_it(kind: type, taken: str) -> None:
    assert "".join(key for key in "ab" if type_ahead._may_take(kind, key)) == taken
    assert type_ahead._may_take(kind, "escape") == (issubclass(kind, Screen) or "b" in taken)  # ends a selection
