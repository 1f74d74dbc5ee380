"""What is kept of a list of runs: views saved by name, and exports."""

from __future__ import annotations

import os
import shlex
from collections.abc import Callable

from mlops_store import processes, run_views, runs
from mlops_store.errors import UsageError
from mlops_store.run_views import SavedView
from mlops_tui.compare import run_export, saved_views
from mlops_tui.compare.views import RunsView
from mlops_tui.ui import keymap, shown
from mlops_tui.ui.messages import Did
from mlops_tui.ui.screens import run_cells
from mlops_tui.ui.screens.acts import perform
from mlops_tui.ui.screens.base import ProjectScreen
from mlops_tui.ui.screens.run_list import RunsPane
from mlops_tui.ui.text import Cell, CellValue, clean
from mlops_tui.ui.widgets.columns import Column
from mlops_tui.ui.widgets.dialog import Ask
from mlops_tui.ui.widgets.list_dialog import ListDialog
from mlops_tui.ui.widgets.window_table import Row, WindowTable

#: Runs named in the command line of an export; of more the filter is.
_NAMED = 200


def choose_view(screen: ProjectScreen, take: Callable[[RunsView], None]) -> None:
    """Asks for a saved view and shows it."""
    store, goal = screen.session.store, screen.session.config.goal
    found = run_views.every(store.read()) if store is not None else []
    if store is None or not found:
        screen.remark("no view has been saved yet: W saves what is shown now", "warning")
        return
    views: list[tuple[SavedView, RunsView]] = []
    for one in found:
        try:
            views.append((one, saved_views.content(one, goal)))
        except UsageError as error:  # from a newer program: the others can still be chosen
            screen.failed(error)

    def answered(name: str | None) -> None:
        if name is not None:
            take({one.name: view for one, view in views}[name])

    screen.app.push_screen(ChooseView(screen, views), answered)


class ChooseView(ListDialog[str]):
    """Asks for one of the saved views.

    Args:
        screen: The screen behind it, which is told of deletions.
        views: The views.
    """

    BINDINGS = keymap.bindings("views")

    def __init__(self, screen: ProjectScreen, views: list[tuple[SavedView, RunsView]]) -> None:
        shown = (Column("name", "", 8, 30), Column("what", "", 10, 80, 1, grows=True), Column("by", "", 4, 16, 2))
        super().__init__("Views", shown)
        self._behind = screen
        self._views = views

    def rows(self) -> list[Row]:
        """The views with what they show."""
        return [
            Row(one.name, (one.name, Cell(_told(view), "dim"), Cell(one.author, "faint"))) for one, view in self._views
        ]

    def begin(self) -> None:
        """Names the keys."""
        self.foot("enter show   d delete   / find   esc cancel")

    def on_window_table_row_selected(self, message: WindowTable.RowSelected) -> None:
        """Answers with the view."""
        message.stop()
        self.dismiss(str(message.key))

    def action_delete(self) -> None:
        """Deletes the view under the cursor; ``u`` brings it back."""
        name, store = self.table.cursor_key, self._behind.session.store
        if not isinstance(name, str) or store is None:
            return

        def act() -> Did:
            with store.write() as db:
                gone = run_views.delete(db, name)

            def undo() -> None:
                with store.write() as db:
                    run_views.put(db, gone)

            command = shlex.join(["mlops-tui", "runs", "views", "delete", name])
            return Did(command, undo, f"deleted the view {clean(name, 60)} · u undoes")

        perform(self._behind, act)
        self._views = [pair for pair in self._views if pair[0].name != name]
        if self._views:
            self.draw()
        else:
            self.dismiss(None)


def _told(view: RunsView) -> str:
    parts = [f"/{view.filter}" if view.filter else "", f"sorted by {' '.join(view.sort)}"]
    if view.group_by:
        parts.append("by " + ", ".join(map(run_cells.title, view.group_by)))
    if view.columns:
        parts.append(shown.count(len(view.columns), "column"))
    return " · ".join(part for part in parts if part)


def save_view(screen: ProjectScreen, view: RunsView) -> None:
    """Asks for a name and saves what is shown now, in the place of a view of that name."""
    store, goal = screen.session.store, screen.session.config.goal
    if store is None:
        return

    def answered(name: str | None) -> None:
        if name:
            perform(screen, lambda: save(name))

    def save(name: str) -> Did:
        with store.write() as db:
            before = saved_views.save(db, name, view, processes.user(), goal)

        def undo() -> None:
            with store.write() as db:
                if before is None:
                    run_views.delete(db, name)
                else:
                    run_views.put(db, before)

        told = "saved" if before is None else f"saved in the place of {before.author}'s"
        return Did(_saving(name, view, is_other=before is not None), undo, f"view {clean(name, 60)} {told} · u undoes")

    known = [one.name for one in run_views.every(store.read())]
    lines: list[CellValue] = [
        _told(view),
        Cell(f"saved so far: {', '.join(known)}" if known else "none is saved so far", "dim"),
    ]
    screen.app.push_screen(Ask("Save this view as", lines=lines, hint="a name", check=saved_views.problem), answered)


def _saving(name: str, view: RunsView, *, is_other: bool) -> str:
    words = ["mlops-tui", "runs", "views", "save", name]
    words += ["--filter", view.filter] if view.filter else []
    words += [word for one in view.sort for word in ("--sort", one)]
    words += [word for one in view.group_by for word in ("--by", one)]
    for one in view.columns:
        words += ["--column", one.name + f":{one.width}" * bool(one.width) + ":pinned" * one.is_pinned]
    words += ["--kinds", view.kinds] if view.kinds != "useful" else []
    return shlex.join([*words, "--force"] if is_other else words)


def export(screen: ProjectScreen, pane: RunsPane) -> None:
    """Asks for a file and writes the marked runs to it, or all that the list shows."""
    store, query, root = screen.session.store, pane.query_now, screen.session.project.root
    if store is None or pane.records is None:
        return
    marked = pane.numbers(store.read()) if pane.table.marks else None
    count = len(marked) if marked is not None else sum(group.count for group in pane.records.groups)
    count = count or len(pane.records.numbers)

    def problem(text: str) -> str:
        try:
            run_export.format_of(text)
        except UsageError as error:
            return f"{error.message}: {error.hint}"
        return "there is such a file: name another" if os.path.exists(os.path.join(root, text)) else ""

    def answered(path: str | None) -> None:
        if path:
            perform(screen, lambda: write(path))

    def write(path: str) -> Did:
        with store.snapshot() as db:
            numbers = query.ids(db) if marked is None else marked
            names = run_export.columns(db, [one.name for one in query.view.columns], query.goal)
            run_export.write(db, numbers, names, os.path.join(root, path), query.goal)
            ids = runs.run_ids(db, marked or ())
        command = _exporting(path, query.view, ids[:_NAMED], names if query.view.columns else ())
        if len(ids) > _NAMED:
            command += f"  # and {len(ids) - _NAMED:,} more"
        return Did(command, notice=f"{shown.count(len(numbers), 'run')} written to {clean(path, 60)}")

    lines = [Cell("in the project's directory: .csv, .json, .parquet or .md", "dim")]
    title = f"Export {shown.count(count, 'run')} to"
    screen.app.push_screen(Ask(title, "runs.csv", lines=lines, hint="a file's name", check=problem), answered)


def _exporting(path: str, view: RunsView, run_ids: list[str], names: tuple[str, ...]) -> str:
    words = ["mlops-tui", "runs", "export", path, *run_ids]
    if not run_ids:
        words += ["--filter", view.filter] if view.filter else []
        words += [word for one in view.sort for word in ("--sort", one)]
        words += ["--kinds", view.kinds] if view.kinds != "all" else []
    return shlex.join([*words, *(word for name in names for word in ("--column", name))])


__all__ = ["ChooseView", "choose_view", "export", "save_view"]
