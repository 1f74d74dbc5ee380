"""TensorBoard's log directories: each folder with event files is a run, as TensorBoard itself sees it."""

from __future__ import annotations

import os
from collections.abc import Iterator

from mlops_store.errors import Refused
from mlops_store.import_records import ImportedRun
from mlops_store.records import RunStatus
from mlops_store.texts import storable
from mlops_tui.interop import folders, tfrecord
from mlops_tui.interop.source import Found, Problems, Source, SourceFile, made_id, texts
from mlops_tui.interop.tensorboard_events import Log

KIND = "tensorboard"
_MARK = "tfevents"
#: Entries looked at to recognise a folder.
_GLANCE = 2000
#: How image files begin.
_FORMATS = ((b"\x89PNG", "png"), (b"\xff\xd8", "jpg"), (b"GIF8", "gif"))


def recognises(path: str) -> bool:
    """Whether a path is an event file, or a folder that has some or whose folders have."""
    if os.path.isfile(path):
        return _MARK in os.path.basename(path)
    if not os.path.isdir(path):
        return False
    if _event_files(path):
        return True
    with os.scandir(path) as entries:
        inner = [entry.path for entry, _ in zip(entries, range(_GLANCE), strict=False) if entry.is_dir()]
    return any(_event_files(folder) for folder in inner)


def read(path: str, problems: Problems, artifact_roots: tuple[str, ...] = ()) -> Source:
    """Opens a log directory, the folder of one run, or one event file.

    Raises:
        Refused: There are no event files.
    """
    top = os.path.abspath(path)
    if os.path.isfile(top):
        found = [(os.path.dirname(top), [top])]
        top = os.path.dirname(top)
    else:
        found = [(folder, files) for folder, _, _ in os.walk(top) if (files := _event_files(folder))]
    if not found:
        raise Refused(f"{path} holds no event files of TensorBoard", "name the log directory")
    found.sort()
    experiment = storable(os.path.basename(top) or KIND)
    return Source(
        KIND,
        os.path.abspath(path),
        lambda: (run for place in found if (run := _run(*place, top, experiment, problems)) is not None),
        len(found),
        is_by_path=True,
    )


def _event_files(folder: str) -> list[str]:
    try:
        names = [name for name in os.listdir(folder) if _MARK in name and not name.endswith(".profile-empty")]
    except OSError:
        return []
    return [path for name in sorted(names) if not folders.unreadable(path := os.path.join(folder, name), folder)]


def _run(folder: str, files: list[str], top: str, experiment: str, problems: Problems) -> Found | None:
    log = Log()
    for path in files:
        wrong = 0
        for record in tfrecord.records(path, problems):
            try:
                log.add(record)
            except ValueError:
                wrong += 1
        if wrong:
            problems.add(path, f"{wrong:,} records are no events")
    if not (log.series or log.texts or log.hparams or log.images or log.others):
        return None  # a writer that was opened and left
    relative = os.path.relpath(folder, top)
    log.others.list(folder, problems)
    changed_at = max(map(_modified_at, files))
    started_at = log.first_at if log.first_at is not None else changed_at
    status = log.status or RunStatus.FINISHED
    run = ImportedRun(
        run_id=made_id(KIND, os.path.realpath(folder)),
        name=storable(os.path.basename(folder) if relative == os.curdir else relative),
        experiment=experiment,
        status=status,
        started_at=started_at,
        ended_at=None if status.is_live else log.last_at or changed_at,
        params=texts(log.hparams),
        tags=texts({f"text.{name}": text for name, text in log.texts.items()}),
        series={storable(key): points for key, points in log.series.items()},
    )
    return Found(run, tuple(_images(log, files[-1], folder)))


def _images(log: Log, origin: str, folder: str) -> Iterator[SourceFile]:
    """Images as files, named by tag and step."""
    names = set[str]()
    for tag, step, at, data in log.images:
        ending = next((ending for magic, ending in _FORMATS if data.startswith(magic)), "bin")
        name, turn = storable(f"images/{tag}/{step}.{ending}"), 1
        while name in names:
            turn += 1
            name = storable(f"images/{tag}/{step}-{turn}.{ending}")
        names.add(name)
        yield SourceFile(name, origin, folder, data, at)


def _modified_at(path: str) -> float:
    try:
        return os.stat(path).st_mtime
    except OSError:
        return 0.0
