"""Cutting rows into windows: which rows belong to which, and which windows can be checked.

By count a window is so many rows in the order in which they came, by time the rows from a span of it; either may lie in
several files, and a file may go on growing. Which rows belong to which window is written down in the store when they
are first seen, so that the dashboard learns what waits without reading anything. A window by time is checked once it is
over; rows that come later have it checked again.
"""

from __future__ import annotations

import sqlite3
import time
from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import suppress
from dataclasses import replace
from functools import partial
from typing import TYPE_CHECKING

from mlops_store import drift
from mlops_store import windows as stored
from mlops_store.errors import UsageError
from mlops_tui.config.monitors import MonitorConfig
from mlops_tui.drift import times
from mlops_tui.drift.watches import File
from mlops_tui.drift.windows import AnswerWindow, BrokenWindow, RowsWindow, Window

if TYPE_CHECKING:
    from mlops_store.store import Store
    from mlops_tui.drift.batches import Batch
    from mlops_tui.drift.sources import Rows, Source


def plan(monitor: MonitorConfig) -> str:
    """How a monitor cuts its rows into windows, as one text: with another one everything begins anew."""
    window = monitor.window
    if window.is_batch:
        size = "whole"
    else:
        size = f"{window.rows} rows" if window.rows else f"{window.length_s:g}s by {monitor.time}"
    return f"{size} of {monitor.query or monitor.requests or 'files'}"


def is_polled(monitor: MonitorConfig) -> bool:
    """Whether no change of a watched folder tells that there is something new."""
    return bool(monitor.query or monitor.requests)


def asked_at(db: sqlite3.Connection, monitor: MonitorConfig) -> float:
    """When the monitor's source was read last, Unix seconds; 0 for never."""
    return stored.looked_at(db, monitor.name, plan(monitor))


def changed(db: sqlite3.Connection, monitor: MonitorConfig, files: Iterable[File]) -> list[File]:
    """The files of a source that were never read as they are now. Nothing is read."""
    seen = stored.sources(db, monitor.name, plan(monitor))
    return [file for file in files if file.batch not in seen or seen[file.batch].state != file.state]


def waiting(db: sqlite3.Connection, monitor: MonitorConfig, now: float) -> list[str]:
    """The names of the windows whose rows are known, and which can be checked."""
    return [_title(monitor, number) for number in _numbers(db, monitor, now)]


def next_due(db: sqlite3.Connection, monitor: MonitorConfig, now: float) -> float | None:
    """When there may be something to check although no file was seen to change, Unix seconds; None where never."""
    moments = []
    if is_polled(monitor):
        allowed = asked_at(db, monitor) + monitor.interval_s
        moments.append(allowed if allowed > now else now + monitor.interval_s)
    if monitor.window.length_s:
        start = stored.next_start(db, monitor.name, plan(monitor))
        if start is not None:
            moments.append(start + monitor.window.length_s + monitor.window.wait_s)
    return min((moment for moment in moments if moment > now), default=None)


def due(store: Store, monitor: MonitorConfig, source: Source, *, force: bool) -> Iterator[Window]:
    """The windows to check, each as soon as its rows are known; ``done`` has to be told of each that was.

    Args:
        store: Where rows are written down.
        monitor: How they are cut.
        source: Where they come from.
        force: Windows that were checked as they are come again.

    Raises:
        UsageError: There is no such database, or the query over it is wrong.
        Refused: It cannot be run for now.
    """
    files = source.files()
    if monitor.query and not files:
        raise UsageError(f"monitors.{monitor.name}.database: {monitor.database} is not there", "check the path")
    if monitor.window.is_batch:
        seen = stored.sources(store.read(), monitor.name, plan(monitor))
        for file in files if force else changed(store.read(), monitor, files):
            yield AnswerWindow(file, monitor, source, seen.get(file.batch))
        return
    known = {file.batch: file for file in files}
    given: set[float] = set()
    for file in changed(store.read(), monitor, files):
        broken = _note(store, monitor, source, file)
        if broken is not None:
            yield broken
        if not force:
            yield from _ready(store, monitor, source, known, given, force=False)
    yield from _ready(store, monitor, source, known, given, force=force)


def again(store: Store, monitor: MonitorConfig, source: Source, batch: str) -> Window | None:
    """The window of a name with the rows that it has now; None where no rows are known for it.

    Args:
        store: Where rows were written down.
        monitor: How they are cut: by count, by time, or as the whole answer of a query.
        source: Where they come from.
        batch: The window's name.
    """
    files = {file.batch: file for file in source.files()}
    if monitor.window.is_batch:
        return AnswerWindow(files[batch], monitor, source, None) if batch in files else None
    for number in _numbers(store.read(), monitor, time.time(), is_again=True):
        if _title(monitor, number) == batch:
            return _window(store, monitor, source, files, number)
    return None


def done(store: Store, window: Window) -> None:
    """Notes that a window was checked."""
    if isinstance(window, RowsWindow):
        with store.write() as db:
            stored.mark_checked(db, window.parts)
    elif isinstance(window, AnswerWindow):
        now = stored.Source(window.batch, *window.file.state, looked_at=time.time())
        with suppress(stored.Overtaken), store.write() as db:
            stored.put(db, window.monitor.name, plan(window.monitor), window.before, now)


def _ready(
    store: Store,
    monitor: MonitorConfig,
    source: Source,
    files: Mapping[str, File],
    given: set[float],
    *,
    force: bool,
) -> Iterator[Window]:
    for number in _numbers(store.read(), monitor, time.time(), is_again=force):
        if number not in given:
            given.add(number)
            yield _window(store, monitor, source, files, number)


def _numbers(db: sqlite3.Connection, monitor: MonitorConfig, now: float, *, is_again: bool = False) -> list[float]:
    window = monitor.window
    if window.is_batch:
        return []
    if window.rows:
        return stored.full(db, monitor.name, plan(monitor), window.rows, is_again=is_again)
    last = now - window.length_s - window.wait_s
    return stored.over(db, monitor.name, plan(monitor), last, is_again=is_again)


def _title(monitor: MonitorConfig, number: float) -> str:
    window = monitor.window
    if window.rows:
        return f"rows {int(number) * window.rows + 1}-{(int(number) + 1) * window.rows}"
    return times.title(number, window.length_s)


def _note(store: Store, monitor: MonitorConfig, source: Source, file: File) -> BrokenWindow | None:
    """Writes down which windows the rows of a file belong to; returns what is wrong with it."""
    from mlops_tui.drift.batches import Empty, Unreadable

    before = stored.source(store.read(), monitor.name, plan(monitor), file.batch)
    now = stored.Source(file.batch, *file.state, looked_at=time.time())
    broken = None
    try:
        rows = source.read(file)
        if rows is None:
            return None
        now = replace(now, size_bytes=rows.file.size_bytes, modified_ns=rows.file.modified_ns)
        write = _writer(monitor, before, rows, now)
    except Unreadable as error:
        broken = None if isinstance(error, Empty) else BrokenWindow(file, error)

        write = partial(stored.put, monitor=monitor.name, plan=plan(monitor), before=before, now=now)

    try:
        with store.write() as db:
            write(db)
    except stored.Overtaken:
        return None
    return broken


def _writer(
    monitor: MonitorConfig, before: stored.Source | None, rows: Rows, now: stored.Source
) -> Callable[[sqlite3.Connection], None]:
    name, how, window = monitor.name, plan(monitor), monitor.window
    now = replace(now, row_count=rows.count, mark=rows.mark)
    if window.length_s:
        spans = rows.spans(monitor.time, window.length_s)
        return lambda db: stored.put_spans(db, name, how, before, now, spans)
    is_continued = before is not None and rows.is_continued(before.mark, before.row_count)
    first = before.row_count if before is not None and is_continued else 0
    return lambda db: stored.add_rows(db, name, how, before, now, first, window.rows)


def _window(
    store: Store, monitor: MonitorConfig, source: Source, files: Mapping[str, File], number: float
) -> RowsWindow:
    db = store.read()
    batch, length_s = _title(monitor, number), monitor.window.length_s
    parts = stored.parts(db, monitor.name, plan(monitor), number)
    known = stored.sources(db, monitor.name, plan(monitor))

    def read(part: stored.Part) -> Batch:
        rows = _rows(source, part.source, files.get(part.source))
        if length_s:
            return rows.between(monitor.time, number, number + length_s)
        _require_same(rows, known[part.source])
        return rows.rows(part.first_row, part.row_count)

    return RowsWindow(
        batch=batch,
        path=monitor.database or ", ".join(monitor.watch) or monitor.requests,
        position=number,
        parts=parts,
        read=read,
        notes=tuple(_notes(db, monitor, number, batch, sum(part.row_count for part in parts))),
        start=number if length_s else None,
        end=number + length_s if length_s else None,
    )


def _notes(db: sqlite3.Connection, monitor: MonitorConfig, number: float, batch: str, rows: int) -> Iterator[str]:
    """What is to be known of a window beside its rows: which came late, and that none came before it."""
    earlier = drift.row_count(db, monitor.name, batch)
    if earlier is not None and rows > earlier:
        late = rows - earlier
        yield f"checked again: {late:,} row{'s' if late > 1 else ''} came after the first check"
    length_s = monitor.window.length_s
    before = stored.before(db, monitor.name, plan(monitor), number) if length_s else None
    missing = 0 if before is None else round((number - before) / length_s) - 1
    if missing == 1:
        yield f"no rows came of the window before this one, {_title(monitor, number - length_s)}"
    elif missing > 1:
        first = _title(monitor, number - missing * length_s)
        yield f"no rows came of the {missing:,} windows before this one, from {first} on"


def _rows(source: Source, name: str, file: File | None) -> Rows:
    from mlops_tui.drift.batches import Unreadable

    if file is None:
        raise Unreadable(f"cannot be read: {name} is gone")
    try:
        rows = source.read(file)
    except Unreadable as error:
        raise Unreadable(f"cannot be read: {name} {error.message}", error.hint) from error
    if rows is None:
        raise Unreadable(f"cannot be read: {name} went away, or somebody goes on writing to it")
    return rows


def _require_same(rows: Rows, known: stored.Source) -> None:
    from mlops_tui.drift.batches import Unreadable

    if rows.file.state != known.state and not rows.is_continued(known.mark, known.row_count):
        raise Unreadable(f"cannot be read: {known.name} was replaced before all of its rows were checked")
