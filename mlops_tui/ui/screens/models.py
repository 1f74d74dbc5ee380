"""The models screen: registered models, their versions, where each comes from, and what was done to them."""

from __future__ import annotations

from typing import ClassVar

from textual.app import ComposeResult

from mlops_store.records import ModelVersion
from mlops_tui.ui import keymap
from mlops_tui.ui.screens import model_acts
from mlops_tui.ui.screens.filtering import WordFilterScreen
from mlops_tui.ui.screens.models_panes import DetailPane, HistoryPane, ModelsPane, VersionsPane
from mlops_tui.ui.screens.version_acts import VersionActs
from mlops_tui.ui.widgets.window_table import WindowTable


class ModelsScreen(VersionActs, WordFilterScreen):
    """The registry.

    Args:
        argument: The name of a model, or ``name/3``, to begin with.
    """

    NAME = "models"
    BINDINGS = keymap.bindings("models")
    FILTER_HINT: ClassVar[str] = "words of a name, alias, tag or description"

    DEFAULT_CSS = """
    ModelsScreen #body { layout: grid; grid-size: 2 2; grid-rows: 1fr 2fr; }
    ModelsScreen.-tall #body { grid-rows: 1fr 3fr; }
    ModelsScreen ModelsPane { column-span: 2; }
    ModelsScreen DetailPane TextView { padding: 0 1; }
    ModelsScreen HistoryPane { display: none; }
    ModelsScreen.-history HistoryPane { display: block; }
    ModelsScreen.-history DetailPane { display: none; }
    ModelsScreen.-wide.-history #body { grid-size: 1 3; grid-rows: 1fr 1fr 2fr; }
    ModelsScreen.-wide.-history ModelsPane { column-span: 1; }

    ModelsScreen.-narrow #body { layout: vertical; }
    ModelsScreen.-narrow ModelsPane { height: 2fr; }
    ModelsScreen.-narrow VersionsPane { height: 3fr; }
    ModelsScreen.-narrow DetailPane { display: none; }
    ModelsScreen.-narrow.-detail DetailPane { display: block; }
    ModelsScreen.-narrow.-detail.-history DetailPane { display: none; }
    ModelsScreen.-narrow.-detail ModelsPane, ModelsScreen.-narrow.-detail VersionsPane { display: none; }
    ModelsScreen.-narrow.-history ModelsPane, ModelsScreen.-narrow.-history VersionsPane { display: none; }
    """

    def __init__(self, argument: str = "") -> None:
        super().__init__(argument)
        name, _, number = argument.rpartition("/") if "/" in argument else (argument, "", "")
        self._wanted_model = name
        self._wanted_version = int(number) if number.isdecimal() else None

    def compose_body(self) -> ComposeResult:
        """Two lists, and the details of what is chosen in them."""
        yield ModelsPane()
        yield VersionsPane()
        yield DetailPane()
        yield HistoryPane()

    def heading(self) -> str:
        """The screen's name alone: what is chosen changes with every move of the cursor."""
        return self.NAME

    # children

    @property
    def _models(self) -> ModelsPane:
        return self.query_one(ModelsPane)

    @property
    def _versions(self) -> VersionsPane:
        return self.query_one(VersionsPane)

    @property
    def _history(self) -> HistoryPane:
        return self.query_one(HistoryPane)

    # following the cursor

    def on_window_table_row_highlighted(self, message: WindowTable.RowHighlighted) -> None:
        """Shows what belongs to the row under the cursor."""
        message.stop()
        table = message.table
        if table is self._models.table:
            if self._wanted_model and message.key is not None:
                wanted, self._wanted_model = self._wanted_model, ""
                if table.cursor_key != wanted and table.move_to(wanted):
                    return
            self._follow_model()
        elif table is self._versions.table:
            if self._wanted_version is not None and message.key is not None:
                number, self._wanted_version = self._wanted_version, None
                table.focus()
                if table.cursor_key != number and table.move_to(number):
                    return
            self._follow_version()

    def _follow_model(self) -> None:
        name = str(self._models.table.cursor_key or "")
        self._versions.choose(name)
        self._history.choose(name)

    def _follow_version(self) -> None:
        version = self._versions.version
        self.query_one(DetailPane).choose((version.model, version.version) if version else None)
        self.argument = f"{version.model}/{version.version}" if version else ""

    def on_window_table_row_selected(self, message: WindowTable.RowSelected) -> None:
        """Goes from a model to its versions, and from a version to its run."""
        message.stop()
        if message.table is self._models.table:
            self._versions.table.focus()
        elif message.table is self._versions.table:
            version = self._versions.version
            if version is not None and version.run_id:
                self.go("run", version.run_id)
            else:
                self.remark("no run of this project made this version", "dim")

    def focus_pane(self, number: int) -> bool:
        """Focuses a pane, after making room for it."""
        self.set_class(number == 4, "-history")
        self.set_class(number == 3, "-detail")
        return super().focus_pane(number)

    def action_history(self) -> None:
        """Shows or leaves the history."""
        if self.has_class("-history"):
            self.retreat()
        else:
            self.focus_pane(4)

    def action_details(self) -> None:
        """Shows where the version comes from."""
        self.focus_pane(3)

    def retreat(self) -> bool:
        """Leaves the history or the details, then the versions, then the filter."""
        if self.has_class("-history") or self.has_class("-detail"):
            self.remove_class("-history", "-detail")
            self._versions.table.focus()
            return True
        if self._versions.table.has_focus and self._models.table.row_count > 1:
            self._models.table.focus()
            return True
        return super().retreat()

    def copy_text(self) -> tuple[str, str]:
        """The URI of the version under the cursor, or of the model's newest."""
        version = self._versions.version
        if version is None:
            return "", ""
        uri = f"models:/{version.model}/{version.version}"
        return uri, uri

    # filter

    def filtered_table(self) -> WindowTable:
        """The list of models."""
        return self._models.table

    def narrow(self, words: tuple[str, ...]) -> None:
        """Shows only the models that match."""
        self._models.words = words
        if self._models.records is not None:
            self._models.show(self._models.records)

    # acts

    def action_alias(self) -> None:
        """Asks for an alias."""
        version, model = self.chosen(), self._versions.records
        if version is not None and model is not None:
            model_acts.alias(self, version, model.aliases)

    def action_describe(self) -> None:
        """Asks for a description."""
        version = self.chosen()
        if version is not None:
            model_acts.describe(self, version)

    def action_tag(self) -> None:
        """Asks for a tag."""
        version = self.chosen()
        if version is not None:
            model_acts.tag(self, version)

    def action_traffic(self) -> None:
        """Goes to the requests for the model."""
        version = self.chosen()
        if version is not None:
            self.go("serving", version.model)

    def action_past(self) -> None:
        """Goes to where every version stood at another time, beginning with now."""
        self.go("past")

    def chosen(self) -> ModelVersion | None:
        """The version under the cursor."""
        version = self._versions.version
        if version is None:
            is_read = self._models.records is not None and self._versions.is_read
            self.remark("no version to act on" if is_read else "the versions are still being read", "dim")
        return version
