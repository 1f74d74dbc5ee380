"""The data screen: what is tracked, its versions over time, who used them, how two differ, and bringing one back."""

from __future__ import annotations

from typing import ClassVar

from textual.app import ComposeResult

from mlops_tui.data.versions import Version
from mlops_tui.ui import keymap
from mlops_tui.ui.loading import reload_all
from mlops_tui.ui.messages import Did
from mlops_tui.ui.screens import data_acts
from mlops_tui.ui.screens.data_difference import DifferencePane, Pair
from mlops_tui.ui.screens.data_panes import Chosen, DataPane, Shown, UsesPane, VersionsPane
from mlops_tui.ui.screens.filtering import WordFilterScreen
from mlops_tui.ui.widgets.window_table import WindowTable


class DataScreen(WordFilterScreen):
    """Data and its versions.

    Args:
        argument: The path to begin with.
    """

    NAME = "data"
    BINDINGS = keymap.bindings("data")
    FILTER_HINT: ClassVar[str] = "words of a path, state or stage"

    DEFAULT_CSS = """
    DataScreen #body { layout: grid; grid-size: 2 2; grid-rows: 1fr 1fr; }
    DataScreen DataPane { column-span: 2; }
    DataScreen DifferencePane { display: none; }
    DataScreen.-difference #body { layout: vertical; }
    DataScreen.-difference DataPane, DataScreen.-difference VersionsPane { display: none; }
    DataScreen.-difference UsesPane { display: none; }
    DataScreen.-difference DifferencePane { display: block; }

    DataScreen.-narrow #body { layout: vertical; }
    DataScreen.-narrow UsesPane { display: none; }
    DataScreen.-narrow.-uses UsesPane { display: block; }
    DataScreen.-narrow.-uses DataPane, DataScreen.-narrow.-uses VersionsPane { display: none; }
    DataScreen.-narrow.-difference UsesPane { display: none; }
    """

    def __init__(self, argument: str = "") -> None:
        super().__init__(argument)
        self._wanted = argument

    def compose_body(self) -> ComposeResult:
        """Three lists, and the difference that takes their place."""
        yield DataPane()
        yield VersionsPane()
        yield UsesPane()
        yield DifferencePane()

    def heading(self) -> str:
        """The screen's name alone: what is chosen changes with every move of the cursor."""
        return self.NAME

    # children

    @property
    def _data(self) -> DataPane:
        return self.query_one(DataPane)

    @property
    def _versions(self) -> VersionsPane:
        return self.query_one(VersionsPane)

    @property
    def _uses(self) -> UsesPane:
        return self.query_one(UsesPane)

    @property
    def _difference(self) -> DifferencePane:
        return self.query_one(DifferencePane)

    # following the cursor

    def on_shown(self, message: Shown) -> None:
        """Shows what belongs to a row that has changed under the cursor."""
        message.stop()
        if message.pane is self._data:
            self._follow_data()
        else:
            self._follow_version()

    def on_window_table_row_highlighted(self, message: WindowTable.RowHighlighted) -> None:
        """Shows what belongs to the row under the cursor."""
        message.stop()
        table = message.table
        if table is self._data.table:
            if self._wanted and message.key is not None:
                wanted, self._wanted = self._wanted, ""
                if table.cursor_key != wanted and table.move_to(wanted):
                    return
            self._follow_data()
        elif table is self._versions.table:
            self._follow_version()

    def _follow_data(self) -> None:
        item = self._data.item
        self._versions.choose(item)
        self.argument = item.path if item else ""

    def _follow_version(self) -> None:
        item, version = self._data.item, self._versions.version
        self._uses.choose(Chosen(item, version) if item and version else None)

    def on_window_table_row_selected(self, message: WindowTable.RowSelected) -> None:
        """Goes from data to its versions, from a version to its runs, from a run or a changed file to itself."""
        message.stop()
        if message.table is self._data.table:
            self._versions.table.focus()
        elif message.table is self._versions.table:
            self.action_details()
        elif message.table is self._uses.table:
            self.go("run", str(message.key))
        else:
            self._difference.look_into(message.key)

    def focus_pane(self, number: int) -> bool:
        """Focuses a pane, after making room for it."""
        if number == 4 and self._difference.pair is None:
            return False
        self.set_class(number == 4, "-difference")
        self.set_class(number == 3, "-uses")
        self.refresh_bindings()
        return super().focus_pane(number)

    def retreat(self) -> bool:
        """Leaves a file of the difference, the difference, the runs, the versions, then the filter."""
        if self.has_class("-difference"):
            if not self._difference.look_back():
                self.focus_pane(2)
            return True
        if self._uses.has_focus_within:
            self.focus_pane(2)
            return True
        table = self._versions.table
        if table.end_range():
            return True
        if table.marks:
            table.set_marks(())
            return True
        if table.has_focus:
            self._data.table.focus()
            return True
        return super().retreat()

    def copy_text(self) -> tuple[str, str]:
        """The path, or the digest where a version has the focus."""
        version = self._versions.version
        if version is not None and self._versions.table.has_focus:
            return version.digest, version.digest[:12]
        return super().copy_text()

    def check_action(self, action: str, parameters: tuple[object, ...]) -> bool | None:
        """While a difference is shown, only what concerns it is offered."""
        if action in ("compare", "restore", "details", "filter"):
            return not self.has_class("-difference")
        return self.has_class("-difference") if action == "equal" else True

    # filter

    def filter(self) -> None:
        """Opens the line to type words into; a difference is not filtered."""
        if not self.has_class("-difference"):
            super().filter()

    def filtered_table(self) -> WindowTable:
        """The list of data."""
        return self._data.table

    def narrow(self, words: tuple[str, ...]) -> None:
        """Shows only the data that matches."""
        self._data.words = words
        if self._data.records is not None:
            self._data.show(self._data.records)

    # acts

    def on_did(self, _: Did) -> None:
        """Shows at once what an act has changed."""
        reload_all(self, store=True, project=True)

    def action_details(self) -> None:
        """Shows which runs used the version."""
        self.focus_pane(3)

    def action_equal(self) -> None:
        """Shows columns that are the same too, or only what differs."""
        self._difference.turn_equal()

    def action_compare(self) -> None:
        """Compares two versions: the marked ones, or the one under the cursor with what lies there now."""
        history = self._versions.records
        if history is None:
            return
        table = self._versions.table
        # a single mark is compared with the row under the cursor
        pair = data_acts.pair(
            history.versions, table.marks | {table.cursor_key} if len(table.marks) < 2 else table.marks
        )
        if isinstance(pair, str):
            self.remark(pair, "warning")
            return
        self._difference.compare(Pair(history.path, *pair))
        self.focus_pane(4)

    def action_restore(self) -> None:
        """Shows what bringing the version back would change, and does it after a yes."""
        item, version = self._data.item, self._version_to_restore()
        if item is not None and version is not None:
            data_acts.restore(self, item, version.digest)

    def _version_to_restore(self) -> Version | None:
        version = self._versions.version
        if version is None:
            self.remark("no version to bring back", "dim")
        elif version.is_current:
            self.remark("that version lies there already", "dim")
            return None
        return version
