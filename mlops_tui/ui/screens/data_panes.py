"""The panes of the data screen: what is tracked, the versions of one path, and the runs that used one of them."""

from __future__ import annotations

import time
from dataclasses import dataclass

from textual.app import ComposeResult
from textual.message import Message

from mlops_store import datasets
from mlops_store.records import DataUse
from mlops_tui.data import catalogue, savings, versions
from mlops_tui.data.catalogue import Item
from mlops_tui.data.savings import Saving
from mlops_tui.data.versions import GIT, History, Version
from mlops_tui.pipeline.state import Inputs
from mlops_tui.ui.screens import data_rows
from mlops_tui.ui.screens.filtering import matches
from mlops_tui.ui.session import Session
from mlops_tui.ui.text import Cell, CellValue
from mlops_tui.ui.widgets.pane import Pane
from mlops_tui.ui.widgets.text_view import TextView
from mlops_tui.ui.widgets.window_table import WindowTable

#: Runs of a version that are listed at most.
USES = 1000


class Shown(Message):
    """A pane shows new records: what depends on the row under the cursor may have changed with them."""

    def __init__(self, pane: DataPane | VersionsPane) -> None:
        super().__init__()
        self.pane = pane


@dataclass(frozen=True, slots=True)
class Tracked:
    """All data of the project, and what its cache saves."""

    items: tuple[Item, ...]
    saving: Saving


class DataPane(Pane[Tracked]):
    """Everything that is tracked as data."""

    FOLLOWS_PROJECT = True

    def __init__(self) -> None:
        super().__init__("Data", 1, id="data")
        self.words: tuple[str, ...] = ()
        self._known: frozenset[tuple[str, str]] = frozenset()
        self._saving = Saving()

    def compose(self) -> ComposeResult:
        """A list."""
        yield WindowTable(data_rows.ITEM_COLUMNS, empty="no data matches the filter", id="data-table")

    @property
    def table(self) -> WindowTable:
        """The list."""
        return self.query_one(WindowTable)

    @property
    def item(self) -> Item | None:
        """The data under the cursor."""
        items = self.records.items if self.records else ()
        return next((item for item in items if item.path == self.table.cursor_key), None)

    def load(self, session: Session) -> Tracked:
        """Looks at the project's files and at what runs have used."""
        inputs = Inputs(session.project)
        items = catalogue.read(session.project, session.store, inputs)
        known = savings.known(session.store, items)
        if known != self._known:  # looking at every object again would tell nothing new
            self._known, self._saving = known, savings.of(savings.Objects(inputs), known)
        return Tracked(items, self._saving)

    def show(self, records: Tracked) -> None:
        """Draws the list, or says what would be in it."""
        now, items = time.time(), records.items
        chosen = [item for item in items if matches(self.words, *data_rows.item_texts(item))]
        self.table.show([data_rows.item_row(item, now) for item in chosen])
        noted = f"{len(chosen)} of {len(items)}  /{' '.join(self.words)}" if self.words else ""
        self.entitle("Data", noted or (str(len(items)) if items else ""))
        self.subtitle(data_rows.saving_text(records.saving) if items else "")
        if items:
            self.uncover()
            self.post_message(Shown(self))
            return
        self.say(
            [
                "Nothing is tracked as data yet.",
                "",
                Cell("What stages of a dvc.yaml read and make shows here, what a .dvc file tracks,", "dim"),
                Cell("and what a script names with mlops_tui.log_input.", "dim"),
            ]
        )


class VersionsPane(Pane[History | None]):
    """The versions of one path, the newest first."""

    def __init__(self) -> None:
        super().__init__("Versions", 2, id="versions")
        self._item: Item | None = None

    def compose(self) -> ComposeResult:
        """A list; versions are marked to be compared."""
        yield WindowTable(data_rows.VERSION_COLUMNS, can_mark=True, empty="no version", id="version-table")

    @property
    def table(self) -> WindowTable:
        """The list."""
        return self.query_one(WindowTable)

    @property
    def version(self) -> Version | None:
        """The version under the cursor."""
        found = self.records.versions if self.records else ()
        return next((version for version in found if version.digest == self.table.cursor_key), None)

    def choose(self, item: Item | None) -> None:
        """Shows the versions of other data, or of the same as it is by now."""
        if item != self._item:
            if self._item is None or item is None or item.path != self._item.path:
                self.table.set_marks(())
            self._item = item
            self.reload(restart=True)

    def load(self, session: Session) -> History | None:
        """The versions that are known; None while nothing is chosen."""
        item = self._item
        return None if item is None else versions.read(Inputs(session.project), session.store, item)

    def show(self, records: History | None) -> None:
        """Draws the list."""
        if records is None:
            self.entitle("Versions")
            self.subtitle("")
            self.table.show([])
            return
        now = time.time()
        self.entitle("Versions", records.path)
        self.subtitle(data_rows.saving_text(records.saving))
        self.table.show([data_rows.version_row(version, now) for version in records.versions])
        self.post_message(Shown(self))


@dataclass(frozen=True, slots=True)
class Chosen:
    """A version of some data."""

    item: Item
    version: Version


class UsesPane(Pane[tuple[DataUse, ...]]):
    """The runs that used one version, under what else there is to say about it."""

    DEFAULT_CSS = "UsesPane TextView { height: auto; max-height: 8; padding: 0 1; }"

    def __init__(self) -> None:
        super().__init__("Used by", 3, id="uses")
        self._chosen: Chosen | None = None

    def compose(self) -> ComposeResult:
        """Lines above a list."""
        yield TextView(can_focus=False, wrap=True, id="version-lines")
        yield WindowTable(data_rows.USE_COLUMNS, empty="no run has used it", id="use-table")

    @property
    def table(self) -> WindowTable:
        """The list of runs."""
        return self.query_one(WindowTable)

    def choose(self, chosen: Chosen | None) -> None:
        """Shows another version."""
        if chosen != self._chosen:
            self._chosen = chosen
            self.query_one("#version-lines", TextView).show(_lines(chosen) if chosen else [])
            self.reload(restart=True)

    def load(self, session: Session) -> tuple[DataUse, ...]:
        """The newest runs that used it."""
        chosen = self._chosen
        if session.store is None or chosen is None:
            return ()
        return datasets.uses(session.store.read(), chosen.item.path, chosen.version.digest, USES)

    def show(self, records: tuple[DataUse, ...]) -> None:
        """Draws them."""
        now, chosen = time.time(), self._chosen
        count = f"{len(records):,}" + ("+" if len(records) == USES else "")
        self.entitle("Used by", f"{count} · {chosen.version.digest[: data_rows.DIGITS]}" if chosen else "")
        self.table.show([data_rows.use_row(use, now) for use in records])


def _lines(chosen: Chosen) -> list[CellValue]:
    """What is to be known of a version beside its row."""
    item, version = chosen.item, chosen.version
    where = {
        "": "in neither the cache, the work tree nor Git: it cannot be compared or restored",
        GIT: f"in Git only: 'git show {version.commit[:10]}:./{item.path}' prints them",
    }.get(version.where, f"in the {version.where}")
    told = {
        "md5" if item.role != "logged" else "digest": version.digest,
        "bytes": where,
        "rows": "" if version.record.row_count is None else f"{version.record.row_count:,}",
        "commit": version.commit,
        "made by": ", ".join(item.written_by),
        "read by": ", ".join(item.read_by),
    }
    return [(Cell(label.ljust(9), "dim"), Cell(text)) for label, text in told.items() if text]
