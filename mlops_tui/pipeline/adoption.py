"""Taking a finished experiment over into the project: its params, its outputs, its entries in the lock."""

from __future__ import annotations

import json
import os
import shlex
from dataclasses import dataclass
from typing import Any

from mlops_store import events, pipelines
from mlops_store.errors import Busy, Refused
from mlops_store.records import PipelineRun, PipelineState
from mlops_store.store import Store
from mlops_tui.pipeline import hold, leftovers, param_edits, params, spec, state, turns, workspaces
from mlops_tui.pipeline.lock import Entry
from mlops_tui.pipeline.spec import Stage
from mlops_tui.project import Project


@dataclass(frozen=True, slots=True)
class Adoption:
    """What taking an experiment over changes in the project.

    Attributes:
        params: File, key, value in the project, value of the experiment.
        outs: Paths whose content differs, and whether the cache keeps them.
        entries: Stages whose entry in the lock differs, with the experiment's.
    """

    params: tuple[tuple[str, str, Any, Any], ...]
    outs: tuple[tuple[str, bool], ...]
    entries: tuple[tuple[Stage, Entry], ...]


def adopt(project: Project, store: Store, run_id: str, *, dry_run: bool = False) -> Adoption:
    """Takes a finished experiment over; outputs come first and the lock last: cut short, it can be done again.

    Args:
        project: The project.
        store: Its store.
        run_id: The experiment.
        dry_run: Only find out what would change.

    Raises:
        NotFound: No such pipeline run, or a param that it has changed is not there any more.
        Refused: It is no experiment, has not finished, or its copy has been removed.
        Busy: A run is going on in the project.
        SpecError: A file of the project is not understood, or a value cannot be changed in it.
        OSError: Something cannot be written.
    """
    run = pipelines.get(store.read(), run_id)
    place = turns.place(project, run)
    if place is project:
        raise Refused(f"{run.name} ran in the project itself", "mlops-tui run --set KEY=VALUE makes an experiment")
    if run.state is not PipelineState.FINISHED:
        raise Refused(f"{run.name} has not finished ({run.state})", "only a finished experiment can be taken over")
    if not os.path.isdir(place.root):
        raise Refused(
            f"the copy in which {run.name} ran has been removed by 'queue clean', and its outputs with it",
            f"{_again(run)} makes it anew; what the run cache has kept is not run again",
        )
    lock = hold.take(project)
    try:
        if lock is None or any(turns.place(project, one) is project for one in pipelines.live(store.read())):
            raise Busy("a pipeline run is going on in the project", "wait for it: mlops-tui logs --follow")
        if not dry_run:
            leftovers.sweep_noted(project)
        here = state.Inputs(project)
        found = _differences(here, place, run)
        if not dry_run:
            locks = (os.path.join(os.path.dirname(stage.file), "dvc.lock") for stage, _ in found.entries)
            with leftovers.noted(project, (*(path for path, _ in found.outs), *run.request["changes"], *locks)):
                _write(project, here, place, run, found)
            with store.write() as db:
                events.add(db, "experiment.applied", f"run:{run_id}", f"the project has taken over {run.name}")
        return found
    finally:
        if lock is not None:
            os.close(lock)


def _again(run: PipelineRun) -> str:
    """The command that asks for an experiment with the same params."""
    words = ["mlops-tui", "run"]
    for file, changes in run.request["changes"].items():
        place = "" if file == params.DEFAULT_FILE else f"{file}:"
        words += [word for key, value in changes.items() for word in ("--set", f"{place}{key}={json.dumps(value)}")]
    return shlex.join([*words, *run.request["targets"]])


def _differences(here: state.Inputs, place: Project, run: PipelineRun) -> Adoption:
    param_edits.texts(here.root, run.request["changes"])  # tells of what cannot be changed before anything is
    values: list[tuple[str, str, Any, Any]] = []
    for file, changes in run.request["changes"].items():
        now, _ = params.select(params.read_file(os.path.join(here.root, file), file, has_dates=True), changes)
        values += [(file, key, now[key], value) for key, value in changes.items() if now[key] != value]
    there = state.Inputs(place)
    names = {stage.stage for stage in run.stages}
    outs: list[tuple[str, bool]] = []
    entries: list[tuple[Stage, Entry]] = []
    for stage in spec.load(place).stages.values():
        entry = there.locks.entry(stage)
        if stage.name not in names or entry is None:
            continue
        if entry != here.locks.entry(stage):
            entries.append((stage, entry))
        md5s = {str(item["path"]): item.get("md5") for item in entry.get("outs", ())}
        for out in stage.outs:
            path = stage.path(out.path)
            found = here.fingerprints.find(path)
            if (found is None or found.md5 != md5s.get(out.path)) and os.path.lexists(place.path(path)):
                outs.append((path, out.cache))
    return Adoption(tuple(values), tuple(outs), tuple(entries))


def _write(project: Project, here: state.Inputs, place: Project, run: PipelineRun, found: Adoption) -> None:
    for path, is_cached in found.outs:
        workspaces.bring_back(place, project, path)
        if is_cached:
            here.cache.save(path, here.fingerprints, root=project.root)
    param_edits.write(project.root, run.request["changes"])
    here.locks.put(found.entries)
    here.fingerprints.flush()
