"""Data, its versions and the runs that used them as rows of lists. Pure."""

from __future__ import annotations

from mlops_store.records import DataUse
from mlops_tui.data.catalogue import Item
from mlops_tui.data.savings import Saving
from mlops_tui.data.versions import Version
from mlops_tui.ui import shown
from mlops_tui.ui.text import Cell, CellValue
from mlops_tui.ui.theme import sign, state_cell
from mlops_tui.ui.widgets.columns import Column
from mlops_tui.ui.widgets.window_table import Row

#: Digits of a digest that are shown.
DIGITS = 10

ITEM_COLUMNS = (
    Column("path", "path", 14, 80, grows=True),
    Column("state", "state", 10, 12),
    Column("size", "size", 6, 8, 1, right=True),
    Column("versions", "versions", 8, 8, 2, right=True),
    Column("changed", "changed", 8, 12, 3),
    Column("run", "last used by", 8, 24, 4),
    Column("files", "files", 5, 9, 5, right=True),
    Column("role", "role", 4, 6, 6),
    Column("by", "made by", 6, 30, 7),
)

VERSION_COLUMNS = (
    Column("digest", "version", DIGITS, DIGITS),
    Column("standing", "standing", 14, 14),
    Column("where", "bytes in", 8, 9, 1),
    Column("size", "size", 6, 8, 2, right=True),
    Column("files", "files", 5, 9, 6, right=True),
    Column("used", "last used", 9, 12, 3),
    Column("runs", "runs", 4, 7, 4, right=True),
    Column("first", "first used", 10, 12, 5),
    Column("commit", "commit", 8, 10, 7),
)

USE_COLUMNS = (
    Column("name", "run", 8, 40, grows=True),
    Column("contexts", "used as", 7, 20),
    Column("status", "status", 8, 11, 1),
    Column("started", "started", 8, 12, 2),
    Column("kind", "kind", 5, 8, 4),
    Column("by", "by", 3, 14, 5),
)


def item_row(item: Item, now: float) -> Row:
    """Some data; its key is its path."""
    summary = item.summary
    return Row(
        item.path,
        (
            item.path,
            state_cell(item.state),
            shown.size(item.size_bytes),
            str(item.version_count),
            Cell(shown.moment(summary.since_at, now) if summary else "", "dim"),
            Cell(summary.run_name if summary else "", "dim"),
            Cell("" if item.files is None else f"{item.files:,}", "dim"),
            Cell(item.role, "dim"),
            Cell(", ".join(item.written_by), "dim"),
        ),
    )


def item_texts(item: Item) -> tuple[str, ...]:
    """What a filter finds data by."""
    return (item.path, item.state, item.role, *item.written_by, *item.read_by)


def version_row(version: Version, now: float) -> Row:
    """A version; its key is its digest."""
    record = version.record
    return Row(
        record.digest,
        (
            record.digest[:DIGITS],
            standing(version),
            Cell(version.where) if version.where else Cell("nowhere", "warning"),
            shown.size(record.size_bytes),
            Cell("" if record.files is None else f"{record.files:,}", "dim"),
            Cell(shown.moment(record.used_at or None, now), "dim"),
            Cell(f"{record.read_count + record.written_count:,}", "dim"),
            Cell(shown.moment(record.first_at or None, now), "dim"),
            Cell(version.commit[:DIGITS], "dim"),
        ),
    )


def standing(version: Version) -> CellValue:
    """Whether a version lies in the work tree and whether the lock names it."""
    if version.is_current:
        return Cell("current", "good"), Cell(" locked" if version.is_locked else "", "dim")
    return Cell("locked", "accent") if version.is_locked else Cell(sign("dot"), "faint")


def use_row(use: DataUse, now: float) -> Row:
    """A run that used a version; its key is its id."""
    return Row(
        use.run_id,
        (
            (Cell(use.run_name), Cell(f"  {shown.short_id(use.run_id)}", "dim")),
            Cell(", ".join(use.contexts), "accent" if "output" in use.contexts else ""),
            state_cell(use.status),
            Cell(shown.moment(use.started_at, now), "dim"),
            Cell(use.kind, "dim"),
            Cell(use.user, "dim"),
        ),
    )


def saving_text(saving: Saving) -> str:
    """What keeping versions by content saves, as a remark; '' where there is nothing in the cache."""
    if not saving.version_count:
        return "no version is in the cache"
    kept = f"{shown.size(saving.logical_bytes)} kept in {shown.size(saving.stored_bytes)}"
    return f"{shown.count(saving.version_count, 'version')} cached: {kept}, {shown.size(saving.saved_bytes)} saved"
