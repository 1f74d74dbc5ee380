"""``mlops-tui loop``: what triggers started, and how far each got."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from loop_builders import make_loop

from mlops_store.store import Store


def test_a_loop_is_listed_and_shown_from_either_end(project: Path, cli: Callable[..., Any]) -> None:
    assert cli("loop", "list").exit_code == 0
    with Store(str(project / ".mlops" / "store.db")) as store:
        make_loop(store)
    (listed,) = cli("loop", "list", "--json").json
    assert (listed["loop_id"], listed["stage"], listed["versions"]) == (1, "asked", [{"model": "churn", "version": 1}])
    assert "asked" in cli("loop", "list").stdout
    shown = cli("loop", "show", "--version", "churn/1", "--json").json
    assert shown == cli("loop", "show", "--incident", "1", "--json").json
    assert shown == cli("loop", "show", "--alert", "1", "--json").json == cli("loop", "show", "1", "--json").json
    assert [step["kind"] for step in shown["steps"]][:2] == ["batch", "alert"]
    assert "age (+1.2 sd)" in cli("loop", "show", "1").stdout


@pytest.mark.parametrize("words", [(), ("1", "--alert", "1"), ("9",), ("--run", "none"), ("--version", "churn")])
def test_what_names_no_loop_is_refused(project: Path, cli: Callable[..., Any], words: tuple[str, ...]) -> None:
    with Store(str(project / ".mlops" / "store.db")) as store:
        make_loop(store)
    assert cli("loop", "show", *words).exit_code == 2
