"""Who uses what stands in a stage, as far as the configuration and the store know: monitors, batches, pipelines."""

from __future__ import annotations

import re
import sqlite3
from collections.abc import Iterator, Sequence

from mlops_store import drift, pipelines
from mlops_tui.config import Config
from mlops_tui.registry.moves import Move

#: Reports of a monitor that are looked through for the newest of a version.
_REPORTS = 50


def of(db: sqlite3.Connection, config: Config, name: str, moves: Sequence[Move]) -> Iterator[str]:
    """One sentence for each use that some moves change."""
    charge = config.registry.charge
    arriving = next((move.version for move in moves if move.to_stage == charge), None)
    leaving = next((move.version for move in moves if move.from_stage == charge), None)
    if arriving is not None or leaving is not None:
        yield from _monitors(db, config, name, arriving, leaving)
    touched = {stage for move in moves for stage in (move.from_stage, move.to_stage)}
    yield from _pipeline(db, name, touched, {move.version for move in moves})


def _monitors(
    db: sqlite3.Connection, config: Config, name: str, arriving: int | None, leaving: int | None
) -> Iterator[str]:
    for monitor in config.monitors.values():
        if monitor.model != name:
            continue
        last = next(
            (one for one in drift.reports(db, monitor.name, _REPORTS) if (one.model, one.version) == (name, leaving)),
            None,
        )
        judged = f"; version {leaving} judged {last.batch} last" if last is not None else ""
        if arriving is not None:
            yield f"the monitor {monitor.name} checks batches against version {arriving} from then on{judged}"
        else:
            yield f"the monitor {monitor.name} has no version to check batches against then{judged}"


def _pipeline(db: sqlite3.Connection, name: str, stages: set[str], versions: set[int]) -> Iterator[str]:
    run = pipelines.latest(db)
    if run is None:
        return
    words = "|".join(re.escape(word) for word in sorted({*stages, *map(str, versions)}))
    named = re.compile(
        rf"(?<![\w./-]){re.escape(name)}[@/]({words})(?![\w-])|models:/{re.escape(name)}[@/]({words})\b", re.I
    )
    for stage in run.stages:
        if found := named.search(stage.command):
            yield f"the pipeline's stage {stage.stage} reads {found[0]} when it runs next"
