"""Files that do not fit into memory: read once, in parts, as a profile of all rows and some rows chosen by chance."""

from __future__ import annotations

from mlops_tui.drift import watches
from mlops_tui.drift.batches import Batch, Unreadable
from mlops_tui.drift.profiles import SAMPLE_ROWS, SAMPLE_SEED
from mlops_tui.drift.sketches import building, streams
from mlops_tui.drift.sketches.tables import LARGE_BYTES
from mlops_tui.drift.watches import File
from mlops_tui.project import Project


def is_large(file: File) -> bool:
    """Whether a file holds more than is held in memory; a file that cannot be read is not."""
    try:
        return streams.size(file.path) > LARGE_BYTES
    except OSError:
        return False


def settled(project: Project, file: File) -> File | None:
    """The file once nobody writes to it; None when it went away, or that does not come soon."""
    try:
        return watches.settle(project, file.path)
    except OSError:
        return None


def parse(project: Project, file: File) -> Batch:
    """The table of a large file.

    Raises:
        Unreadable: It holds none, or somebody wrote to it meanwhile.
    """
    try:
        found = building.with_sample(file.path, rows=SAMPLE_ROWS, seed=SAMPLE_SEED)
        is_same = watches.look(project, file.path) == file
    except OSError as error:
        raise Unreadable(f"cannot be read ({error.strerror})") from error
    if not is_same:
        raise Unreadable("was written to while it was read", "check it again")
    note = (
        f"too large to be held in memory: columns are compared by profiles of all {found.table.rows:,} rows, "
        f"all else is of {len(found.frame):,} rows chosen by chance"
    )
    return Batch(found.frame, found.table.repeated, (*found.table.notes, note), found.table)
