"""The parts of a version's page, and the version loaded for all of them."""

from __future__ import annotations

import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from textual.app import ComposeResult
from textual.message import Message
from textual.widgets import ContentSwitcher

from mlops_store import models
from mlops_store.errors import MlopsError, NotFound
from mlops_store.records import ModelVersion
from mlops_tui.registry import version_details
from mlops_tui.registry.version_details import VersionDetails
from mlops_tui.ui.loading import Loader
from mlops_tui.ui.screens import version_lines, version_parts
from mlops_tui.ui.screens.fact_list import FactList
from mlops_tui.ui.session import Session, session_of
from mlops_tui.ui.widgets.part_bar import PartBar
from mlops_tui.ui.widgets.text_view import TextView
from mlops_tui.ui.widgets.window_table import Row, WindowTable

PARTS = ("overview", "lineage", "metrics", "signature", "gates", "approvals", "files", "history")
OVERVIEW, LINEAGE, METRICS, SIGNATURE, GATES, APPROVALS, FILES, HISTORY = range(1, 9)


class VersionBody(Loader[VersionDetails]):
    """A version, part by part.

    Args:
        text: ``churn/3``, ``churn@champion``, or ``churn`` for its newest version.
    """

    DEFAULT_CSS = """
    VersionBody { layout: vertical; height: 1fr; width: 1fr; }
    VersionBody ContentSwitcher { height: 1fr; width: 1fr; }
    VersionBody PartBar { height: 2; }
    VersionBody ContentSwitcher > * { padding: 0 1; }
    VersionBody #problem { display: none; padding: 1; }
    """

    @dataclass
    class Found(Message):
        """The version was read."""

        version: ModelVersion

    @dataclass
    class Leads(Message):
        """A fact leads to another screen."""

        name: str
        argument: str

    def __init__(self, text: str) -> None:
        super().__init__()
        self._text = text
        self._part = OVERVIEW

    def compose(self) -> ComposeResult:
        """The parts, one of which is shown."""
        yield PartBar(PARTS)
        yield TextView(id="problem", wrap=True)
        with ContentSwitcher(initial="part-1"):
            yield TextView(wrap=True, id="part-1")
            yield FactList(id="part-2")
            yield WindowTable(version_parts.METRICS, empty="no metrics are known of it", id="part-3")
            yield WindowTable(version_parts.SIGNATURE, empty="it has no signature", id="part-4")
            yield WindowTable(
                version_parts.GATES, empty="no gate guards a stage: [gates.NAME] in mlops.toml", id="part-5"
            )
            yield WindowTable(version_parts.APPROVALS, empty="nobody has asked for an approval: Q asks", id="part-6")
            yield WindowTable(version_parts.FILES, empty="no files are listed", id="part-7")
            yield WindowTable(version_parts.HISTORY, empty="nothing was done", id="part-8")

    def on_mount(self) -> None:
        """Reads the version."""
        self.reload()
        self.focus_part()

    @property
    def part(self) -> int:
        """The number of the part that is shown."""
        return self._part

    @property
    def version(self) -> ModelVersion | None:
        """The version, None before it was read."""
        return self.records.version if self.records else None

    @property
    def aliases(self) -> Mapping[str, int]:
        """All aliases of the model, and the versions that they name."""
        return self.records.aliases if self.records else {}

    def load(self, session: Session) -> VersionDetails:
        """Reads everything about it."""
        if session.store is None:
            raise NotFound(f"no model {self._text!r}: nothing has been recorded here yet")
        found = models.resolve(session.store.read(), self._text)
        return version_details.read(session.store, session.config, found.model, found.version)

    def show(self, records: VersionDetails) -> None:
        """Hands each part what it shows."""
        version, now = records.version, time.time()
        self._text = f"{version.model}/{version.version}"  # an alias may mean another version later
        self.post_message(self.Found(version))
        self.query_one("#problem").display = False
        detail = version_lines.Detail(
            version,
            records.changes,
            records.notes,
            records.run_status,
            records.profile_rows,
            records.profile_columns,
            records.signed,
        )
        overview = version_lines.lines(detail, session_of(self).config.registry, now)
        self.query_one("#part-1", TextView).show(overview)
        self.query_one("#part-2", FactList).show_facts(version_parts.lineage(records))
        tables: tuple[tuple[int, Sequence[Row]], ...] = (
            (METRICS, version_parts.metrics(records)),
            (SIGNATURE, version_parts.signature(records)),
            (GATES, version_parts.gates(records, now)),
            (APPROVALS, version_parts.approvals(records, now)),
            (FILES, version_parts.files(records)),
            (HISTORY, version_parts.history(records, now)),
        )
        for number, rows in tables:
            self.query_one(f"#part-{number}", WindowTable).show(rows)
        self._show_bar(records)

    def _show_bar(self, records: VersionDetails) -> None:
        failed = sum(1 for one in records.gates if one.verdict is not None and not one.verdict.has_passed)
        waiting = sum(1 for one in records.rounds if one.state == "waiting")
        notes = {
            METRICS: str(len(records.metrics) or ""),
            GATES: f"{failed} refuse" if failed else str(len(records.gates) or ""),
            APPROVALS: f"{waiting} waiting" if waiting else "",
            FILES: str(len(records.files) or ""),
            HISTORY: str(len(records.history) or ""),
        }
        holder = records.holder
        right = [records.version.stage, *(f"@{alias}" for alias in records.version.aliases)]
        if self._part == METRICS and holder is not None:
            right = [f"holder: v{holder.version} in {holder.stage}"]
        self.query_one(PartBar).show(self._part, notes, right)

    def show_problem(self, error: MlopsError) -> None:
        """Says why there is no such version."""
        problem = self.query_one("#problem", TextView)
        problem.show([error.message, "", error.hint])
        problem.display = True

    # parts

    def show_part(self, number: int) -> bool:
        """Shows the part of that number; False when there is none."""
        if not 1 <= number <= len(PARTS):
            return False
        self._part = number
        self.query_one(ContentSwitcher).current = f"part-{number}"
        if self.records is not None:
            self._show_bar(self.records)
        self.focus_part()
        return True

    def focus_part(self) -> None:
        """Gives the focus to what can be moved in."""
        self.query_one(f"#part-{self._part}").focus()

    def step(self, by: int) -> None:
        """Shows the next or former part."""
        self.show_part((self._part - 1 + by) % len(PARTS) + 1)

    def on_part_bar_chosen(self, message: PartBar.Chosen) -> None:
        """Shows the part that was clicked."""
        self.show_part(message.number)

    def on_window_table_row_selected(self, message: WindowTable.RowSelected) -> None:
        """Goes where a fact leads, or to an entry of the audit log."""
        message.stop()
        if isinstance(message.table, FactList):
            fact = message.table.fact
            if fact is not None and fact.place:
                self.post_message(self.Leads(fact.place, fact.argument))
        elif self._part == HISTORY:
            self.post_message(self.Leads("timeline", f"#{message.key}"))
