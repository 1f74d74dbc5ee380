"""Textual calls a message's handlers of all classes of a widget, each once, unless one of them calls another."""

from __future__ import annotations

import ast
from pathlib import Path

import pytest
from run_screens import add_run, dashboard, make_store, sees

import mlops_tui.ui
from mlops_tui.ui.screens.run_choices import ChooseOrder
from mlops_tui.ui.widgets.window_table import WindowTable

#: Methods that are no handlers, whatever their names.
METHODS = {"on_event", "_on_timer_update"}


def test_no_handler_calls_the_one_of_its_base_which_is_called_anyway() -> None:
    found = [
        f"{path.name}:{node.lineno} {node.func.attr}"
        for path in Path(*mlops_tui.ui.__path__).rglob("*.py")
        for node in ast.walk(ast.parse(path.read_text("utf-8")))
        if isinstance(node, ast.Call)
        and isinstance(node.func, ast.Attribute)
        and isinstance(node.func.value, ast.Call)
        and isinstance(node.func.value.func, ast.Name)
        and node.func.value.func.id == "super"
        and node.func.attr.startswith(("on_", "_on_"))
        and node.func.attr not in METHODS
    ]
    assert found == []


async def test_the_rows_of_a_dialog_are_drawn_once(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    drawn: list[object] = []
    show = WindowTable.show

    def shown(self: WindowTable, *rows: object, **options: object) -> None:
        drawn.append(self)
        show(self, *rows, **options)  # type: ignore[arg-type]

    monkeypatch.setattr(WindowTable, "show", shown)
    with make_store(tmp_path) as store:
        add_run(store, "first", values={"auc": 0.5})
        app = dashboard(tmp_path, "runs")
        async with app.run_test(size=(100, 20)) as pilot:
            await sees(pilot, "first")
            dialog = ChooseOrder()
            dialog.offer(["metrics.auc"], "metrics.auc", True, lambda _: None)
            app.push_screen(dialog)
            await sees(pilot, "Sort by", "again turns it round")
            assert drawn.count(dialog.table) == 1
