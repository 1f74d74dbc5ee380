"""Labels that arrive: files are read once, joined with the rows of windows by id, and what they say is recorded.

Of several labels for one id that of the file written to last counts, so that a correction corrects; an id that has two
labels in one file has none. A window may be labelled bit by bit, and a file may come before its window.
"""

from __future__ import annotations

import hashlib
import time
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

from mlops_store import artifacts, drift, labels, measures
from mlops_store.drift import NewAlert
from mlops_store.labels import KeptRows, LabelFile
from mlops_store.records import Measure, MonitorReport
from mlops_tui.config.monitors import MonitorConfig
from mlops_tui.drift import batches, label_files
from mlops_tui.drift.incidents import recording
from mlops_tui.drift.performance import outputs, parts, window
from mlops_tui.drift.performance.outputs import names
from mlops_tui.drift.performance.window import Known
from mlops_tui.drift.samples import label
from mlops_tui.drift.watches import File
from mlops_tui.project import Project

if TYPE_CHECKING:
    import pandas as pd

    from mlops_store.store import Store

_SHOWN = 2


@dataclass(frozen=True, slots=True)
class Arrival:
    """What became of the labels of a monitor.

    Attributes:
        files: Those that were read now.
        reports: The windows whose performance is known now, or is another one than before.
    """

    files: tuple[LabelFile, ...] = ()
    reports: tuple[MonitorReport, ...] = ()


def join(project: Project, store: Store, monitor: MonitorConfig, goal: Callable[[str], str]) -> Arrival:
    """Reads new and changed files of labels, and brings the performance of the windows they speak of up to date.

    Args:
        project: Where the files are.
        store: Where the windows' rows are.
        monitor: Whose labels.
        goal: The better direction of a metric, 'max' or 'min'.

    Raises:
        UsageError: A pattern leaves the project, or a metric does not suit the model.
    """
    if not monitor.awaits_labels:
        return Arrival()
    db = store.read()
    before = {file.path: file for file in labels.files(db, monitor.name)}
    fresh = [
        read
        for file in label_files.unread(project, db, monitor)
        if (read := _read(project, store, monitor, file, before)) is not None
    ]
    changed = {file.path: file for file in fresh}
    every = [*(file for path, file in before.items() if path not in changed), *fresh]
    windows = labels.windows(db, monitor.name)
    newest = max((each.report_id for each in windows), default=0)
    rows = _Rows(store)
    matches = {
        file.path: {
            each.report_id: rows.shared(each, file)
            for each in windows
            if file.path in changed or each.report_id > file.last_report
        }
        for file in every
        if file.path in changed or newest > file.last_report
    }
    affected = {report_id for found in matches.values() for report_id, count in found.items() if count}
    with store.write() as writing:
        for file in every:
            if file.path in changed and file.id:
                affected |= set(labels.reports_of(writing, file.id))
            file_id = labels.put_file(writing, file) if file.path in changed else file.id
            if file.path in matches:
                found = matches[file.path]
                labels.put_matches(writing, file_id, found, last_report=newest, afresh=file.path in changed)
    reports = [_revise(store, monitor, rows, each, goal) for each in windows if each.report_id in affected]
    kept = {file.path: file for file in labels.files(store.read(), monitor.name)}
    told = [_explained(kept[file.path], monitor, rows, windows) for file in fresh]
    return Arrival(tuple(told), tuple(reports))


def _read(
    project: Project, store: Store, monitor: MonitorConfig, file: File, before: dict[str, LabelFile]
) -> LabelFile | None:
    """What a file holds; None when it went away."""
    known = before.get(file.batch)
    is_posted = label_files.is_posted(project, monitor, file)
    read = LabelFile(
        id=known.id if known else 0,
        monitor=monitor.name,
        path=file.batch,
        size_bytes=file.size_bytes,
        modified_ns=file.modified_ns,
        digest="",
        object=None,
        at=time.time(),
    )
    try:
        with open(file.path, "rb") as source:
            data = source.read()
    except FileNotFoundError:
        return None
    except OSError as error:
        return replace(read, problem=f"cannot be read ({error.strerror})")
    if is_posted:  # a server may go on writing: what came since the look is read with the next one
        data = data[: data.rfind(b"\n", 0, file.size_bytes) + 1]
    read = replace(read, digest=hashlib.sha256(data).hexdigest())
    try:
        frame = batches.parse(data).frame
    except batches.Unreadable as error:
        return replace(read, problem=error.message)
    columns = ("id", "label") if is_posted else (monitor.truth.id, monitor.target)
    for column in columns:
        if column not in frame.columns:
            there = ", ".join(map(str, list(frame.columns)[:8]))
            return replace(read, problem=f"has no column {column!r}; there are {there}")
    if is_posted:  # what is posted again corrects what was posted before
        frame = frame.drop_duplicates("id", keep="last")
    found, notes = _distinct(frame[columns[0]], frame[columns[1]])
    digest, _ = artifacts.put_bytes(store.objects_dir, _packed(found))
    low, high = window.ends(list(found.index))
    return replace(read, object=digest, rows=len(found), low=low, high=high, notes=notes)


def _distinct(ids: pd.Series[Any], truth: pd.Series[Any]) -> tuple[pd.Series[Any], tuple[str, ...]]:
    """One label for each id, by id, and what had to be left out."""
    import pandas as pd

    found = pd.DataFrame({"id": names(ids), "truth": truth.to_numpy()})
    notes = []
    is_whole = found["id"].notna() & found["truth"].notna()
    if (lost := int((~is_whole).sum())) > 0:
        notes.append(f"{lost:,} of {len(found):,} rows lack the id or the label")
    found = found[is_whole].drop_duplicates()
    twice = found["id"].duplicated(keep=False)
    if (conflicts := int(found.loc[twice, "id"].nunique())) > 0:
        notes.append(f"{conflicts:,} ids have different labels in it and are left out")
    return found[~twice].set_index("id")["truth"], tuple(notes)


def _packed(found: pd.Series[Any]) -> bytes:
    from mlops_tui.drift.profiles import to_parquet

    return to_parquet(found.rename_axis("id").reset_index())


class _Rows:
    """The rows of windows and the labels of files, each read once."""

    def __init__(self, store: Store) -> None:
        self._store = store
        self._ids: dict[str, pd.Index[Any]] = {}
        self._truths: dict[str, pd.Series[Any]] = {}

    def shared(self, rows: KeptRows, file: LabelFile) -> int:
        """How many labels of a file belong to a window."""
        if file.object is None or file.low > rows.high or rows.low > file.high:
            return 0
        return int(self.truth(file).index.isin(self.ids(rows)).sum())

    def truth(self, file: LabelFile) -> pd.Series[Any]:
        """The labels of a file, by id."""
        assert file.object is not None
        if file.object not in self._truths:
            frame = _frame(self._store, file.object)
            self._truths[file.object] = frame.set_index("id")["truth"]
        return self._truths[file.object]

    def ids(self, rows: KeptRows) -> pd.Index[Any]:
        """The ids of a window."""
        import pandas as pd

        if rows.object not in self._ids:
            self._ids[rows.object] = pd.Index(_frame(self._store, rows.object, ["id"])["id"])
        return self._ids[rows.object]


def _frame(store: Store, digest: str, columns: list[str] | None = None) -> pd.DataFrame:
    import pyarrow.parquet as pq

    path = artifacts.object_path(store.objects_dir, digest)
    frame: pd.DataFrame = pq.ParquetFile(path).read(columns=columns).to_pandas(ignore_metadata=True)
    return frame


def _revise(
    store: Store, monitor: MonitorConfig, rows: _Rows, kept: KeptRows, goal: Callable[[str], str]
) -> MonitorReport:
    """Measures a window anew with all labels that are known of it, and records that."""
    import pandas as pd

    files = [file for file in labels.files_of(store.read(), kept.report_id) if file.object is not None]
    with artifacts.open_object(store.objects_dir, kept.object) as source:
        data = source.read()
    about = Known.of_json(kept.about)
    packed = outputs.unpack(data, about.why)
    given, ids, own = packed.outputs, packed.ids, packed.truth
    assert ids is not None
    truth = pd.Series([None] * len(ids), dtype=object) if own is None else own.astype(object)
    truth, changed = _merged(ids, truth, [rows.truth(file) for file in files])
    at = time.time()
    facts = {"files": len(files), "changed": changed}
    found, raised = window.awaited(monitor, about, window.NOT_YET, at=at), tuple[NewAlert, ...]()
    of_parts: tuple[Measure, ...] = ()
    if truth.notna().any():
        estimates = drift.report(store.read(), kept.report_id).measures
        found, raised = window.realized(monitor, about, given, truth, estimates=estimates, facts=facts, at=at)
        slices = parts.of_json(kept.about.get("parts", ()), packed.masks)
        of_parts = parts.realized(monitor, window.task_of(monitor, about, given, truth), slices, given, truth, at)
        raised += parts.alerts((*of_parts, *_of_slices(estimates)), (*found, *estimates))
    # what is known takes the place of what was estimated
    kinds = ["performance", *(["estimate"] if any(map(window.is_known, found)) else [])]
    kinds += [parts.ALERT] if of_parts else []
    with store.write() as db:
        measures.replace_family(db, kept.report_id, "performance", found, at=at)
        measures.put(db, kept.report_id, of_parts, at=at)
        drift.revise(db, kept.report_id, kinds, raised, at=at)
        recording.record(db, kept.report_id, monitor, goal)
    return drift.report(store.read(), kept.report_id)


def _of_slices(every: Iterable[Measure]) -> tuple[Measure, ...]:
    """What was estimated of slices."""
    return tuple(each for each in every if each.family == parts.FAMILY and each.name.startswith(parts.ESTIMATED))


def _merged(ids: pd.Series[Any], own: pd.Series[Any], brought: Iterable[pd.Series[Any]]) -> tuple[pd.Series[Any], int]:
    """The label of each row, the last one that came, as plain as it can be; and how many were another one before."""
    truth, changed = own, 0
    for labelled in brought:
        new = ids.map(labelled.astype(object))
        is_new = new.notna()
        changed += int((is_new & truth.notna() & (truth.map(label) != new.map(label))).sum())
        truth = truth.where(~is_new, new)
    return truth.infer_objects(), changed


def _explained(file: LabelFile, monitor: MonitorConfig, rows: _Rows, windows: Sequence[KeptRows]) -> LabelFile:
    """A file that matches nothing with a note that says what its ids and those of the windows look like."""
    if file.problem or file.matched or not file.rows:
        return file
    of_file = ", ".join(map(repr, rows.truth(file).index[:_SHOWN]))
    if not windows:
        note = (
            "no window with ids has been checked yet; its labels are kept until one comes; windows that were checked "
            "before the monitor had labels are known by: mlops-tui drift check --force"
        )
    else:
        of_rows = ", ".join(repr(name) for name in rows.ids(windows[-1])[:_SHOWN])
        note = (
            f"none of its {file.rows:,} ids is in any window: there {monitor.truth.id} is {of_file}, "
            f"in the newest window {of_rows}"
        )
    return replace(file, notes=(*file.notes, note))
