"""The training data must still look like what comes in production."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import partial
from typing import TYPE_CHECKING, Any

from mlops_store.errors import Refused
from mlops_tui.config.monitors import MonitorConfig
from mlops_tui.project import Project
from mlops_tui.registry.gates import training
from mlops_tui.registry.gates.candidate import Candidate, Finding

if TYPE_CHECKING:
    import pandas as pd

    from mlops_tui.drift.watches import File

#: Newest batches that are read together by default.
BATCHES = 1


@dataclass(frozen=True, slots=True)
class _Batch:
    """Rows that came in production: their name, what is another for other rows, and how to read them."""

    name: str
    state: tuple[Any, ...]
    read: Callable[[], pd.DataFrame]


def inputs(candidate: Candidate, options: Mapping[str, Any]) -> Mapping[str, Any]:
    """The digests of the training data and the state of the batches, and how the monitor wants them compared."""
    digest = training.profile(candidate).digest
    monitor = _monitor(candidate, options)
    batches = [batch.state for batch in _newest(candidate, monitor, options)]
    return {"data": digest, "batches": batches, "monitor": repr(monitor)}


def find(candidate: Candidate, options: Mapping[str, Any]) -> Finding:
    """Compares each column as the monitor does; only columns whose change is sure and large count.

    Raises:
        Refused: No monitor is clear, no batch is there, or no training data was kept.
    """
    from mlops_tui.drift import check, profiles

    monitor = _monitor(candidate, options)
    newest = _newest(candidate, monitor, options)
    current = _frame(newest)
    profile = training.profile(candidate)
    reference = check.prepared(
        profiles.sample(candidate.store, profile),
        monitor,
        column_kinds={name: column["kind"] for name, column in profile.summary["columns"].items()},
        prediction=profile.summary.get("prediction"),
    )
    found = check.check(reference, current)
    compared = found.features
    notable = sorted(
        (column for column in compared if column.detail.get("notable")), key=lambda column: -(column.effect or 0.0)
    )
    share = len(notable) / len(compared) if compared else 0.0
    most = options.get("max", monitor.drift_share)
    facts: dict[str, Any] = {
        "monitor": monitor.name,
        "batches": [batch.name for batch in newest],
        "rows": {"training": profile.row_count, "production": len(current)},
        "compared": len(compared),
        "drifted": {column.column: column.effect for column in notable},
        "missing": list(found.schema.missing),
        "share": share,
        "max": most,
    }
    against = newest[-1].name if len(newest) == 1 else f"the newest {len(newest)} batches"
    against += f" ({len(current):,} rows)"
    if found.schema.missing:
        return Finding(False, f"{training.some(list(found.schema.missing))} not in {against}", facts)
    if not compared:
        return Finding(False, f"no column could be compared with {against}", facts)
    told = training.some([f"{column.column} (effect {column.effect:.2f})" for column in notable])
    message = f"{len(notable)} of {len(compared)} columns differ from {against}" + (f": {told}" if told else "")
    return Finding(share < most or not notable, message, facts)


def _monitor(candidate: Candidate, options: Mapping[str, Any]) -> MonitorConfig:
    monitors, model = candidate.config.monitors, candidate.version.model
    wanted = options.get("monitor")
    if wanted is not None:
        return monitors[wanted]
    own = [monitor for monitor in monitors.values() if model in (monitor.model, monitor.requests)]
    if len(own) == 1:
        return own[0]
    named = ", ".join(monitor.name for monitor in own)
    raise Refused(
        f"{len(own)} monitors watch {model}: {named}" if own else f"no monitor watches {model}",
        "name one with monitor = …" if own else f'add [monitors.NAME] with model = "{model}"',
    )


def _newest(candidate: Candidate, monitor: MonitorConfig, options: Mapping[str, Any]) -> list[_Batch]:
    """The batches that came last, the newest at the end."""
    count = options.get("batches", BATCHES)
    found = _files(candidate, monitor) if monitor.watch else _windows(candidate, monitor, count)
    if not found:
        where = ", ".join(monitor.watch) or "its windows have to be checked first: mlops-tui drift check"
        raise Refused(
            f"monitors.{monitor.name} sees no batch yet: {where}", "the gate compares with what came in production"
        )
    return found[-count:]


def _files(candidate: Candidate, monitor: MonitorConfig) -> list[_Batch]:
    """The files that are watched, the one that was written last at the end."""
    from mlops_tui.drift import watches

    files = sorted(watches.matches(Project(candidate.root), monitor.watch), key=lambda file: file.modified_ns)
    return [_Batch(file.batch, (file.batch, *file.state, file.inode), partial(_of_file, file)) for file in files]


def _windows(candidate: Candidate, monitor: MonitorConfig, count: int) -> list[_Batch]:
    """Windows of a query or of logged requests that were checked, the newest at the end."""
    from mlops_store import drift, kept_windows
    from mlops_tui.drift.cause import rows

    project, store = Project(candidate.root), candidate.store
    found = []
    for window in kept_windows.last(store.read(), monitor.name, count, with_figures=False):
        report = drift.report(store.read(), window.report_id)
        read = partial(rows.of_report, project, store, candidate.config, report)
        found.append(_Batch(report.batch, (report.batch, report.digest), read))
    return found


def _of_file(file: File) -> pd.DataFrame:
    from mlops_tui.drift import batches

    try:
        with open(file.path, "rb") as source:
            return batches.parse(source.read(batches.LARGEST_BYTES + 1)).frame
    except OSError as error:
        raise Refused(f"the batch {file.batch} cannot be read ({error.strerror})") from error
    except batches.Unreadable as error:
        raise Refused(f"the batch {file.batch} {error.message}", error.hint) from error


def _frame(newest: list[_Batch]) -> pd.DataFrame:
    import pandas as pd

    frames = [batch.read() for batch in newest]
    return frames[0] if len(frames) == 1 else pd.concat(frames, ignore_index=True)
