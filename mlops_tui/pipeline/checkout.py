"""Which versions of outputs a checkout wants, and restoring all of them as far as that loses nothing."""

from __future__ import annotations

import os
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from mlops_store.errors import MlopsError, NotFound, nearest
from mlops_tui.pipeline import placing
from mlops_tui.pipeline.placing import Wanted

if TYPE_CHECKING:
    from mlops_store.records import DatasetUse
    from mlops_tui.pipeline.lock import Entry
    from mlops_tui.pipeline.spec import Out, Pipeline, Source, Stage
    from mlops_tui.pipeline.state import Inputs


@dataclass(frozen=True, slots=True)
class Outcome:
    """What a checkout did, or would do, with one output.

    Attributes:
        path: Relative to the project's root.
        change: 'unchanged', 'added', 'modified', or 'failed'.
        problem: Why it failed.
        hint: What helps.
        lost: Files that are, or would be, given up although no cache has them.
    """

    path: str
    change: str
    problem: str = ""
    hint: str = ""
    lost: tuple[str, ...] = ()


def recorded(inputs: Inputs, pipeline: Pipeline) -> list[Wanted]:
    """The versions that the locks and the ``.dvc`` files of a pipeline tell; '' as hash where nothing is recorded.

    Args:
        inputs: Knows the locks.
        pipeline: The stages and ``.dvc`` files.

    Raises:
        SpecError: A lock is not understood.
    """
    found = []
    for stage in pipeline.stages.values():
        found += _of(stage, stage.outs, inputs.locks.entry(stage) or {})
    for source in pipeline.sources.values():
        found += _of(source, source.outs, source.entry)
    return found


def of_run(inputs: Inputs, pipeline: Pipeline, uses: Iterable[DatasetUse]) -> list[Wanted]:
    """The versions of the outputs, and of tracked data, that a run has recorded.

    Args:
        inputs: Knows the locks and the cache.
        pipeline: Tells which outputs are not cached, and which data is tracked.
        uses: The data that the run has read and written.
    """
    now = {one.path: one for one in recorded(inputs, pipeline)}
    data = {source.path(out.path) for source in pipeline.sources.values() for out in source.outs}
    not_cached = {stage.path(out.path) for stage in pipeline.stages.values() for out in stage.outs if not out.cache}
    found = {}
    for use in uses:
        path, md5 = use.dataset.name, use.dataset.digest
        if (use.context == "output" and path not in not_cached) or path in data:
            is_legacy = not inputs.cache.holds(md5) and inputs.cache.holds(md5, is_legacy=True)
            found[path] = Wanted(path, md5, path in now and now[path].is_executable, is_legacy)
    return list(found.values())


def chosen(wanted: Sequence[Wanted], pipeline: Pipeline, targets: Sequence[str]) -> list[Wanted]:
    """Those of the versions that targets name: stages, ``.dvc`` files, outputs, or directories that hold some.

    Raises:
        NotFound: A target names none.
    """
    if not targets:
        return list(wanted)
    owners: Mapping[str, Stage | Source] = {**pipeline.stages, **pipeline.sources}
    paths: set[str] = set()
    for target in targets:
        if target in owners:
            mine = {owners[target].path(out.path) for out in owners[target].outs}
        else:
            path = os.path.normpath(target)
            mine = {one.path for one in wanted if one.path == path or one.path.startswith(os.path.join(path, ""))}
        if not mine:
            raise NotFound(
                f"no stage, .dvc file or output {target!r}", nearest(target, [*owners, *(one.path for one in wanted)])
            )
        paths |= mine
    return [one for one in wanted if one.path in paths]


def carry_out(inputs: Inputs, wanted: Iterable[Wanted], *, force: bool = False, dry_run: bool = False) -> list[Outcome]:
    """Brings each output to the version that is wanted; one that fails keeps the others from nothing.

    Args:
        inputs: What is there, and the cache.
        wanted: The versions.
        force: Overwrite and remove files too that are in no cache.
        dry_run: Only look what would be done.
    """
    return [_one(inputs, one, force=force, dry_run=dry_run) for one in wanted]


def _one(inputs: Inputs, one: Wanted, *, force: bool, dry_run: bool) -> Outcome:
    if not one.md5:
        return Outcome(one.path, "failed", "no version is recorded", "mlops-tui run makes it")
    try:
        step = placing.plan(inputs, one)
        if step.lost and not force:
            first, *others = step.lost
            more = f" and {len(others):,} more files are" if others else " is"
            problem = f"{os.path.join(one.path, first) if first else one.path}{more} not in the cache and would be lost"
            return Outcome(one.path, "failed", problem, "--force gives it up", step.lost)
        if not dry_run and step.change != "unchanged":
            placing.carry_out(inputs, step)
    except MlopsError as error:
        return Outcome(one.path, "failed", error.message.removeprefix(f"{one.path}: "), error.hint)
    except OSError as error:
        return Outcome(one.path, "failed", error.strerror or str(error))
    return Outcome(one.path, step.change, lost=step.lost)


def _of(owner: Stage | Source, outs: Iterable[Out], entry: Entry) -> list[Wanted]:
    items = {item["path"]: item for item in entry.get("outs", ()) if "path" in item}
    return [placing.wanted(owner.path(out.path), items.get(out.path, {})) for out in outs if out.cache]
