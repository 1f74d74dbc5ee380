"""The panes of the models screen: models, versions, one version in detail, and the history of a model."""

from __future__ import annotations

import time

from textual.app import ComposeResult

from mlops_store import audit, models, notes, profiles
from mlops_store.errors import NotFound
from mlops_store.records import AuditEntry, ModelSummary, ModelVersion, RegisteredModel, RunStatus
from mlops_tui.registry import signing
from mlops_tui.ui import shown
from mlops_tui.ui.screens import history_rows, model_rows, version_lines
from mlops_tui.ui.screens.filtering import matches
from mlops_tui.ui.screens.version_lines import Detail
from mlops_tui.ui.session import Session, session_of
from mlops_tui.ui.theme import sign
from mlops_tui.ui.widgets.pane import Pane
from mlops_tui.ui.widgets.text_view import TextView
from mlops_tui.ui.widgets.window_table import WindowTable

#: Entries of the audit log that a history shows at most.
ENTRIES = 1000


class ModelsPane(Pane[tuple[ModelSummary, ...]]):
    """Every registered model and which version is in each stage."""

    LOADS_FIRST = True

    def __init__(self) -> None:
        super().__init__("Models", 1, id="models")
        self.words: tuple[str, ...] = ()

    def compose(self) -> ComposeResult:
        """A list."""
        columns = model_rows.model_columns(session_of(self).config.registry)
        yield WindowTable(columns, empty="no model matches the filter", id="model-table")

    @property
    def table(self) -> WindowTable:
        """The list."""
        return self.query_one(WindowTable)

    def load(self, session: Session) -> tuple[ModelSummary, ...]:
        """All models, without their versions."""
        return () if session.store is None else tuple(models.summaries(session.store.read()))

    def show(self, records: tuple[ModelSummary, ...]) -> None:
        """Draws the list, or how to get a first model."""
        now, registry = time.time(), session_of(self).config.registry
        chosen = [model for model in records if matches(self.words, *model_rows.model_texts(model))]
        self.table.show([model_rows.model_row(model, registry, now) for model in chosen])
        noted = f"{len(chosen)} of {len(records)}  /{' '.join(self.words)}" if self.words else ""
        self.entitle("Models", noted or (str(len(records)) if records else ""))
        if records:
            self.uncover()
        else:
            self.say(model_rows.NOTHING)


class VersionsPane(Pane[RegisteredModel | None]):
    """The versions of one model, newest first."""

    def __init__(self) -> None:
        super().__init__("Versions", 2, id="versions")
        self._name = ""
        self._keys: tuple[str, ...] = ()

    def compose(self) -> ComposeResult:
        """A list."""
        yield WindowTable(
            model_rows.version_columns((), session_of(self).config.registry), empty="no version", id="version-table"
        )

    @property
    def table(self) -> WindowTable:
        """The list."""
        return self.query_one(WindowTable)

    @property
    def version(self) -> ModelVersion | None:
        """The version under the cursor."""
        versions = self.records.versions if self.records else ()
        return next((version for version in versions if version.version == self.table.cursor_key), None)

    @property
    def is_read(self) -> bool:
        """Whether the versions of the chosen model are known."""
        return not self._name or (self.records is not None and self.records.name == self._name)

    def choose(self, name: str) -> None:
        """Shows the versions of another model."""
        if name != self._name:
            self._name = name
            self.reload(restart=True)

    def load(self, session: Session) -> RegisteredModel | None:
        """The chosen model; None when none is chosen or it has gone."""
        if session.store is None or not self._name:
            return None
        try:
            return models.get(session.store.read(), self._name)
        except NotFound:  # deleted a moment ago: the list of models says so
            return None

    def show(self, records: RegisteredModel | None) -> None:
        """Draws the list."""
        if records is None:
            self.entitle("Versions")
            self.table.show([])
            return
        config, now = session_of(self).config, time.time()
        keys = model_rows.key_metrics(records.versions, config)
        if keys != self._keys:
            self._keys = keys
            self.table.set_columns(model_rows.version_columns(keys, config.registry))
        self.entitle("Versions", records.name)
        self.subtitle(records.description)
        self.table.show([model_rows.version_row(version, keys, config.registry, now) for version in records.versions])


class DetailPane(Pane[Detail]):
    """One version: where it stands and where it comes from."""

    def __init__(self) -> None:
        super().__init__("Version", 3, id="detail")
        self._wanted: tuple[str, int] | None = None

    def compose(self) -> ComposeResult:
        """Lines."""
        yield TextView(wrap=True)

    def choose(self, wanted: tuple[str, int] | None) -> None:
        """Shows another version."""
        if wanted != self._wanted:
            self._wanted = wanted
            self.query_one(TextView).action_scroll_top()
            self.reload(restart=True)

    def load(self, session: Session) -> Detail:
        """The chosen version with its moves, notes and profile."""
        if session.store is None or self._wanted is None:
            return Detail()
        name, number = self._wanted
        with session.store.snapshot() as db:
            try:
                version = models.version(db, name, number)
            except NotFound:  # deleted a moment ago
                return Detail()
            profile = profiles.get(db, version.profile_id) if version.profile_id is not None else None
            columns = profile.summary.get("columns") if profile else None
            run_status = models.standing(db, name, number).run_status
            return Detail(
                version,
                tuple(change for change in models.changes(db, name) if change.version == number),
                notes.of(db, f"model:{name}/{number}"),
                RunStatus(run_status) if run_status else None,
                profile.row_count if profile else None,
                len(columns) if isinstance(columns, dict) else 0,
                signing.state(db, session.config, version),
            )

    def show(self, records: Detail) -> None:
        """Draws them."""
        version = records.version
        self.entitle("Version", f"{version.model}/{version.version}" if version else "")
        lines = version_lines.lines(records, session_of(self).config.registry, time.time())
        self.query_one(TextView).show(lines)


class HistoryPane(Pane[tuple[AuditEntry, ...]]):
    """What was done to one model, newest first."""

    def __init__(self) -> None:
        super().__init__("History", 4, id="history")
        self._name = ""

    def compose(self) -> ComposeResult:
        """A list."""
        yield WindowTable(history_rows.COLUMNS, empty="nothing was done yet", id="history-table")

    @property
    def table(self) -> WindowTable:
        """The list."""
        return self.query_one(WindowTable)

    def choose(self, name: str) -> None:
        """Shows the history of another model."""
        if name != self._name:
            self._name = name
            self.reload(restart=True)

    def load(self, session: Session) -> tuple[AuditEntry, ...]:
        """The newest entries of the audit log on the model and its versions."""
        if session.store is None or not self._name:
            return ()
        return tuple(audit.newest(session.store.read(), ENTRIES, f"model:{self._name}"))

    def show(self, records: tuple[AuditEntry, ...]) -> None:
        """Draws them."""
        now = time.time()
        count = shown.count(len(records), "entry", "entries")
        self.entitle("History", f"{self._name} {sign('dot')} {count}" if self._name else "")
        self.table.show([history_rows.row(entry, now) for entry in records])
