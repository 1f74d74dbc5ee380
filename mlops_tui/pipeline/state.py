"""What is stale, and why: the files, params and commands of now against those of the lock.

The judgement is DVC's: a stage is stale when its command, a dep, a param or an output differs from its entry in
``dvc.lock``. What DVC finds out while it runs (a stage whose upstream will change) is told beforehand.
"""

from __future__ import annotations

import errno
import os
from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from mlops_tui.pipeline import cache, graph, params, verdicts
from mlops_tui.pipeline.fingerprints import Fingerprint, Fingerprints
from mlops_tui.pipeline.hashing import legacy_md5
from mlops_tui.pipeline.ignore import Ignores
from mlops_tui.pipeline.lock import Entry, Locks
from mlops_tui.pipeline.reasons import Change
from mlops_tui.pipeline.spec import Pipeline, Source, Stage
from mlops_tui.project import Project

if TYPE_CHECKING:
    from mlops_store.store import Store

FINGERPRINTS_FILE = "fingerprints.db"


@dataclass(frozen=True, slots=True)
class StageStatus:
    """Whether a stage is stale. ``reasons`` says why, one sentence each; ``changes`` the same as data.

    A frozen stage is stale only when its outputs or its command differ; running it then records them, nothing more.
    """

    stage: str
    is_stale: bool
    reasons: tuple[str, ...]
    is_frozen: bool
    command: str
    needs: tuple[str, ...]
    outs: tuple[str, ...]
    changes: tuple[Change, ...] = ()


class Inputs:
    """What stages are judged by, read as seldom as possible: fingerprints, params files, the locks, the cache.

    Args:
        project: The project.
        fingerprints: To share what is known; by default those remembered in the project's state directory.
        locks: The project's locks, by default as they are on disk.

    Raises:
        SpecError: DVC's configuration is not understood.
    """

    def __init__(self, project: Project, fingerprints: Fingerprints | None = None, locks: Locks | None = None) -> None:
        self.root = project.root
        self.ignores = Ignores(project.root)
        self.fingerprints = fingerprints or Fingerprints(
            project.root, os.path.join(project.state_dir, FINGERPRINTS_FILE), self.ignores
        )
        self.locks = locks or Locks(project)
        self.cache = cache.find(project)
        self._params: dict[str, tuple[str, Any]] = {}

    def params(self, stage: Stage, file: str) -> tuple[dict[str, Any], tuple[str, ...]] | None:
        """A stage's values in one of its params files, and the keys that are missing; None without the file.

        Raises:
            SpecError: The file is not understood.
        """
        path = stage.path(file)
        full = os.path.join(self.root, path)
        try:
            stamp = verdicts.stamp_of(os.stat(full))
            if path not in self._params or self._params[path][0] != stamp:
                self._params[path] = (stamp, params.read_file(full, path, has_dates=True))
        except (FileNotFoundError, NotADirectoryError):
            return None
        found, missing = params.select(self._params[path][1], stage.params[file])
        params.refuse_dates(found, path)
        return found, missing

    def params_stamp(self, path: str) -> str:
        """The stamp that a params file had when it was read; '' when it has not been."""
        return self._params[path][0] if path in self._params else ""


def status(project: Project, pipeline: Pipeline, store: Store | None = None) -> list[StageStatus]:
    """Every stage with what makes it stale, each after the stages that it needs.

    Args:
        project: The project.
        pipeline: From ``spec.load``.
        store: Not needed; the judgement rests on files alone.

    Raises:
        SpecError: ``dvc.lock`` or a params file is not understood.
    """
    before = verdicts.locks(project, pipeline)
    inputs = Inputs(project)
    order = graph.order(pipeline)
    found = judge(inputs, pipeline, order)
    inputs.fingerprints.flush()
    if not any(stage.is_stale for stage in found):
        verdicts.keep(project, pipeline, order, inputs, before)
    return found


def judge(inputs: Inputs, pipeline: Pipeline, order: list[str]) -> list[StageStatus]:
    """The status of the stages in ``order``, which holds each after those of them that it needs."""
    needs = graph.active(pipeline)
    _read_large(inputs, pipeline, order)
    stale: set[str] = set()
    found = []
    for name in order:
        stage = pipeline.stages[name]
        changed = changes(inputs, stage)
        changed += [Change("upstream", needed) for needed in needs[name] if needed in stale]
        if changed:
            stale.add(name)
        found.append(
            StageStatus(
                stage=name,
                is_stale=bool(changed),
                reasons=tuple(change.reason for change in changed),
                is_frozen=stage.is_frozen,
                command=stage.command,
                needs=needs[name],
                outs=tuple(stage.path(out.path) for out in stage.outs),
                changes=tuple(changed),
            )
        )
    return found


def _read_large(inputs: Inputs, pipeline: Pipeline, order: list[str]) -> None:
    """Hashes the large files that will be asked for at the same time."""
    stages = [pipeline.stages[name] for name in order if inputs.locks.entry(pipeline.stages[name]) is not None]
    deps = [stage.path(dep) for stage in stages if not stage.is_frozen for dep in stage.deps]
    inputs.fingerprints.prepare([*deps, *(stage.path(out.path) for stage in stages for out in stage.outs)])


def changes(inputs: Inputs, stage: Stage) -> list[Change]:
    """What differs between a stage now and its entry in the lock; upstream stages are not looked at.

    Raises:
        SpecError: A params file or the lock is not understood.
    """
    entry = inputs.locks.entry(stage)
    if entry is None:
        return [Change("never run")]
    found = []
    if has_new_command(stage, entry):
        found.append(Change("command", old=entry["cmd"], new=_command(stage)))
    if not stage.is_frozen:
        found += dep_changes(inputs, stage, entry)
        found += param_changes(inputs, stage, entry)
    found += out_changes(inputs, stage, entry)
    if (stage.always_changed or stage.is_callback) and not stage.is_frozen:
        found.append(Change("always"))
    return found


def has_new_command(stage: Stage, entry: Entry) -> bool:
    """Whether a stage's command is not the one of its entry."""
    return bool(entry["cmd"] != _command(stage))


def _command(stage: Stage) -> str | list[str]:
    return stage.cmd if isinstance(stage.cmd, str) else list(stage.cmd)


def is_same(inputs: Inputs, path: str, found: Fingerprint, item: Entry) -> bool:
    """Whether a file or directory still is what the lock's item says."""
    if "hash" in item:
        return found.md5 == item.get("md5")
    return legacy_md5(inputs.root, path, inputs.ignores) == item.get("md5")


def dep_changes(inputs: Inputs, stage: Stage | Source, entry: Entry) -> list[Change]:
    """How the files that a stage or a ``.dvc`` file depends on differ from its entry."""
    items = {item["path"]: item for item in entry.get("deps", ()) if "repo" not in item}
    deps = stage.deps if isinstance(stage, Stage) else tuple(items)
    found = [_file_change(inputs, "dep", stage.path(dep), items.get(dep)) for dep in deps]
    return [change for change in found if change is not None]


def _file_change(inputs: Inputs, kind: str, path: str, item: Entry | None) -> Change | None:
    try:
        now = inputs.fingerprints.find(path)
        if now is None:
            before = item or {}
            return Change(kind, path, "deleted", old=before.get("md5"), old_size=before.get("size"))
        if item is None:
            return Change(kind, path, "new", new=now.md5, new_size=now.size_bytes)
        if not is_same(inputs, path, now, item):
            old, size = item.get("md5"), item.get("size")
            return Change(kind, path, "modified", old=old, new=now.md5, old_size=size, new_size=now.size_bytes)
    except OSError as error:
        return Change(kind, path, "unreadable", new=why_unreadable(error, inputs.root, path))
    return None


def why_unreadable(error: OSError, root: str, path: str) -> str:
    """Why a file or directory cannot be read, with the file in it that cannot where that is another.

    Args:
        error: What was raised.
        root: The project's root.
        path: What was to be read, relative to it.
    """
    reason = error.strerror or str(error)
    if error.filename is None:
        return reason
    full = os.path.join(root, path, os.fsdecode(error.filename))
    within = os.path.relpath(full, os.path.join(root, path))
    if within == os.curdir or within.startswith(os.pardir):
        return reason
    if error.errno == errno.ENOENT and os.path.islink(full):
        reason = "a link to nothing"
    return f"{within}: {reason}"


def param_changes(inputs: Inputs, stage: Stage, entry: Entry) -> list[Change]:
    """How a stage's params differ from its entry.

    Raises:
        SpecError: A params file is not understood.
    """
    found = []
    for file in stage.params:
        path = stage.path(file)
        known: Mapping[str, Any] = entry.get("params", {}).get(file, {})
        read = inputs.params(stage, file)
        if read is None:
            found.append(Change("param", path, "deleted"))
            continue
        values, missing = read
        # a whole file is compared by its own keys and those of the lock
        keys = stage.params[file] or tuple(dict.fromkeys((*values, *known)))
        for key in keys:
            if key in missing or key not in values:
                found.append(Change("param", path, "deleted", key, old=known.get(key)))
            elif key not in known:
                found.append(Change("param", path, "new", key, new=values[key]))
            elif values[key] != known[key] and not _is_same_tuple(values[key], known[key]):
                found.append(Change("param", path, "modified", key, known[key], values[key]))
    return found


def _is_same_tuple(value: Any, known: Any) -> bool:
    """A Python params file may hold a tuple, which the lock holds as a list."""
    return isinstance(value, tuple) and list(value) == known


def out_changes(inputs: Inputs, stage: Stage | Source, entry: Entry) -> list[Change]:
    """How the outputs of a stage, or the data of a ``.dvc`` file, differ from its entry."""
    items = {item["path"]: item for item in entry.get("outs", ())}
    found: list[Change | None] = []
    kind = "out" if isinstance(stage, Stage) else "data"
    for out in stage.outs:
        item = items.get(out.path)
        if item is not None and item.get("md5") and out.cache and not _is_cached(inputs, item):
            found.append(Change(kind, stage.path(out.path), "not in cache"))
        else:
            found.append(_file_change(inputs, kind, stage.path(out.path), item))
    return [change for change in found if change is not None]


def _is_cached(inputs: Inputs, item: Entry) -> bool:
    return not inputs.cache.is_dvcs or inputs.cache.holds(str(item.get("md5")), is_legacy="hash" not in item)
