"""Takes the runs of a source over into the store: each once, and what has changed each time."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, field, replace

from mlops_store import events, imports
from mlops_store.errors import Refused
from mlops_store.import_records import Change, ImportedRun
from mlops_store.store import Store
from mlops_tui.interop.copying import Files
from mlops_tui.interop.source import Found, Problem, Problems, Source, made_id

#: Tag that says where a run was taken over from.
ORIGIN_TAG = "mlops.imported_from"

#: A transaction ends after so many values or runs: others want to write too.
_VALUES, _RUNS = 20_000, 500


@dataclass(frozen=True, slots=True)
class Options:
    """How to take runs over.

    Attributes:
        experiment: Where all runs go; "" for where the source has them.
        is_dry_run: Only find out what would be done.
        max_file_bytes: Larger files are listed instead of copied; None for no limit, 0 for no files.
        is_mirror: Whether the store has nothing but what is in the source: runs that are gone from there are hidden.
    """

    experiment: str = ""
    is_dry_run: bool = False
    max_file_bytes: int | None = None
    is_mirror: bool = False


@dataclass(slots=True)
class Report:
    """What was done, or with ``is_dry_run`` would be.

    Attributes:
        kind: What was read.
        source: Where it is.
        is_dry_run: Whether nothing was changed.
        is_complete: Whether the source could be read to its end.
        experiments: Those that the runs belong to.
        runs_added: Runs that the store did not have.
        runs_changed: Runs of which something is new.
        runs_unchanged: Runs that the store had as they are.
        values: Params, tags and metric points that are new.
        files: Files that are new.
        files_bytes: Their bytes.
        duration_s: How long it took.
        problem_count: How many things were not read.
        problems: The first ones of them.
    """

    kind: str
    source: str
    is_dry_run: bool
    is_complete: bool = True
    experiments: list[str] = field(default_factory=list)
    runs_added: int = 0
    runs_changed: int = 0
    runs_unchanged: int = 0
    values: int = 0
    files: int = 0
    files_bytes: int = 0
    duration_s: float = 0.0
    problem_count: int = 0
    problems: list[Problem] = field(default_factory=list)

    @property
    def runs(self) -> int:
        """How many runs were read."""
        return self.runs_added + self.runs_changed + self.runs_unchanged


def take_over(
    store: Store | None,
    source: Source,
    problems: Problems,
    options: Options,
    progress: Callable[[Report], None] = lambda _: None,
) -> Report:
    """Reads the runs of a source and stores what is new.

    Args:
        store: Where to; None where there is no store yet, for a dry run only.
        source: Where from.
        problems: What the source's reader could not read; more is added.
        options: How.
        progress: Called after each transaction.

    Raises:
        StoreError: The store cannot be written; what was stored before stays, and another import goes on from there.
    """
    report = Report(source.kind, source.path, options.is_dry_run)
    began = time.monotonic()
    experiments = () if options.experiment else source.experiments
    if store is not None and not options.is_dry_run:
        with store.write() as db:
            for experiment in experiments:
                imports.add_experiment(db, **experiment._asdict())
    seen, names, shown = set[str](), set[str](), set[str]()
    orphans: list[ImportedRun] = []
    author = source.tool or source.kind
    runs = _marked(_readable(source, report, problems), source, options, seen, problems)
    if source.is_by_path and store is not None:
        runs = (_in_its_turn(store, found) for found in runs)
    for batch in _batches(runs):
        _take_batch(store, batch, report, options, problems, author)
        for run in (found.run for found in batch):
            names.add(run.experiment)
            if run.deleted_at is None:
                shown.add(run.run_id)
            if run.parent_run_id and run.parent_run_id not in seen:
                orphans.append(replace(run, series={}))
        report.experiments = sorted(names)
        progress(report)
    if store is not None and not options.is_dry_run:
        with store.write() as db:
            for run in orphans:
                imports.complete(db, run, author)
            for experiment in experiments:
                if experiment.deleted_at is not None:
                    imports.delete_experiment(db, experiment.name, experiment.deleted_at)
            if options.is_mirror and report.is_complete:
                imports.mirror(db, shown)
            if not options.is_mirror and (report.runs_added or report.runs_changed):
                message = f"{report.runs_added} new and {report.runs_changed} changed runs of {source.path}"
                events.add(db, "import.finished", f"import:{source.kind}", message, {"problems": problems.count})
    report.problem_count, report.problems = problems.count, problems.kept
    report.duration_s = time.monotonic() - began
    return report


def _readable(source: Source, report: Report, problems: Problems) -> Iterator[Found]:
    """The runs up to where the source cannot be read on."""
    try:
        yield from source.runs()
    except Refused as error:
        report.is_complete = False
        problems.add(source.path, f"{error.message}; what follows is not read")
    except OSError as error:
        report.is_complete = False
        problems.add(source.path, f"{error.filename} cannot be read ({error.strerror}); what follows is not read")


def _marked(
    runs: Iterator[Found], source: Source, options: Options, seen: set[str], problems: Problems
) -> Iterator[Found]:
    """The runs with their origin and experiment; of two with the same id the first."""
    for found in runs:
        run = found.run
        if run.run_id in seen:
            problems.add(f"run {run.run_id}", "there are two of this id; the first one is read")
            continue
        seen.add(run.run_id)
        tags = {**run.tags, ORIGIN_TAG: f"{source.kind}:{source.path}"}
        yield replace(found, run=replace(run, tags=tags, experiment=options.experiment or run.experiment))


def _in_its_turn(store: Store, found: Found) -> Found:
    """The run under an id of its own, where an earlier one lay in the same place and was overwritten."""
    first, turn = found.run.run_id, 1
    while True:
        (change,) = imports.changes(store.read(), [found.run])
        if not change.is_rewritten:
            return found
        turn += 1
        found = replace(found, run=replace(found.run, run_id=made_id(first, str(turn))))


def _batches(runs: Iterable[Found]) -> Iterator[list[Found]]:
    batch: list[Found] = []
    values = 0
    for found in runs:
        run = found.run
        batch.append(found)
        values += len(run.params) + len(run.tags) + sum(map(len, run.series.values()))
        if values >= _VALUES or len(batch) >= _RUNS:
            yield batch
            batch, values = [], 0
    if batch:
        yield batch


def _take_batch(
    store: Store | None, batch: list[Found], report: Report, options: Options, problems: Problems, author: str
) -> None:
    changed = _store_runs(store, batch, options, author)
    files = Files(store, is_dry_run=options.is_dry_run, max_bytes=options.max_file_bytes, problems=problems)
    for found, change in zip(batch, changed, strict=True):
        count, size = files.take(found)
        report.files += count
        report.files_bytes += size
        report.values += change.values
        if change.number is None:
            report.runs_added += 1
        elif change.is_nothing and not count:
            report.runs_unchanged += 1
        else:
            report.runs_changed += 1


def _store_runs(store: Store | None, batch: list[Found], options: Options, author: str) -> list[Change]:
    runs = [found.run for found in batch]
    if store is None:
        return [Change(run, None, {}, run.params, run.tags, run.series) for run in runs]
    if options.is_dry_run:
        with store.snapshot() as db:
            return imports.changes(db, runs)
    with store.write() as db:
        changed = imports.changes(db, runs)
        imports.apply(db, [change for change in changed if not change.is_nothing])
        for run in runs:
            if run.note or run.datasets or run.parent_run_id:
                imports.complete(db, run, author)
        return changed
