"""Remembers that everything was up to date, so that finding out again takes one look at each file's times.

A verdict names every file that was looked at with its size, inode, modification and change time. It is only kept when
none of them can have been written again without that showing (see ``fingerprints``), and only when nothing was stale.
Light on purpose: with a verdict that still holds, neither YAML is read nor a hash computed.
"""

from __future__ import annotations

import json
import os
from contextlib import suppress
from typing import TYPE_CHECKING, Any, NamedTuple

from mlops_tui.project import Project

if TYPE_CHECKING:
    from collections.abc import Iterable

    from mlops_tui.pipeline.spec import Pipeline
    from mlops_tui.pipeline.state import Inputs

_FILE = "up-to-date.json"
_VERSION = 3
_DESCRIPTION, _LOCK = "dvc.yaml", "dvc.lock"
_IGNORE_FILES = (".dvcignore", ".gitignore")
_NEVER = frozenset((".git", ".hg", ".mlops"))


class Verdict(NamedTuple):
    """A pipeline that was up to date.

    Attributes:
        stages: Its stages in order, with their commands.
        has_data: Whether there are ``.dvc`` files; of data that no stage reads the verdict says nothing.
    """

    stages: tuple[tuple[str, str], ...]
    has_data: bool


def locks(project: Project, pipeline: Pipeline) -> dict[str, str]:
    """The stamps of the locks of a pipeline; to be taken before they are read."""
    files = dict.fromkeys(stage.file for stage in pipeline.stages.values())
    names = [os.path.join(os.path.dirname(file), _LOCK) for file in files]
    return {name: stamp(os.path.join(project.root, name)) for name in names}


def listing(root: str, directory: str) -> tuple[str, list[str]]:
    """A directory's stamp, and what in it may describe a pipeline: files by name, directories with a slash at the end.

    Args:
        root: The project's root.
        directory: Relative to it.

    Returns:
        '' and nothing when it cannot be looked into.
    """
    full = os.path.join(root, directory)
    names = []
    try:
        seen = stamp_of(os.stat(full))
        with os.scandir(full) as entries:
            for entry in entries:
                name = entry.name
                if entry.is_dir(follow_symlinks=False):
                    if name not in _NEVER:
                        names.append(name + os.sep)
                elif _may_describe(name) and not entry.is_dir():
                    names.append(name)
    except OSError:
        return "", []
    return seen, sorted(names)


def _may_describe(name: str) -> bool:
    return name == _DESCRIPTION or name.endswith(".dvc") or name in _IGNORE_FILES


def stamp(path: str) -> str:
    """Size, times and inode of what lies at a path; '' when nothing does."""
    try:
        return stamp_of(os.stat(path))
    except OSError:
        return ""


def stamp_of(status: os.stat_result) -> str:
    """Size, times and inode as one text."""
    return f"{status.st_size} {status.st_mtime_ns} {status.st_ctime_ns} {status.st_ino}"


def find(project: Project) -> Verdict | None:
    """The kept verdict if it still holds; else None."""
    try:
        with open(os.path.join(project.state_dir, _FILE), encoding="ascii") as file:
            content = json.load(file)
        if content["version"] != _VERSION or content["root"] != project.root:
            return None
        if not _is_described_the_same(project.root, content) or not _holds(project.root, content):
            return None
        stages = tuple((name, command) for name, command in content["stages"])
        return Verdict(stages, bool(content["has_data"]))
    except (OSError, ValueError, KeyError, TypeError):
        return None  # none, cut short, or something that cannot be read: judging anew tells


def keep(project: Project, pipeline: Pipeline, order: Iterable[str], inputs: Inputs, before: dict[str, str]) -> None:
    """Keeps the verdict that every stage of a pipeline is up to date, if it can be kept safely.

    Args:
        project: The project; nothing is kept where it has no state directory.
        pipeline: The whole pipeline.
        order: Its stages.
        inputs: What was judged.
        before: ``locks`` from before they were read.
    """
    if not os.path.isdir(project.state_dir):
        return
    content = _content(project, pipeline, inputs, before)
    if content is None:
        return
    content["stages"] = [(name, pipeline.stages[name].command) for name in order]
    path = os.path.join(project.state_dir, _FILE)
    temporary = f"{path}.{os.getpid()}.tmp"
    try:
        with open(temporary, "w", encoding="ascii") as file:
            json.dump(content, file)
        os.replace(temporary, path)
    except OSError:  # a full disk or a read-only directory: the next look judges again
        with suppress(OSError):
            os.unlink(temporary)


def _content(project: Project, pipeline: Pipeline, inputs: Inputs, before: dict[str, str]) -> dict[str, Any] | None:
    from mlops_tui.pipeline.fingerprints import is_settled

    files: dict[str, str] = {}
    folders: dict[str, str] = {}
    cached: list[tuple[str, bool]] = []
    for stage in pipeline.stages.values():
        if stage.always_changed or stage.is_callback:
            return None
        for path in stage.params:
            where = stage.path(path)
            files[where] = inputs.params_stamp(where)
        for path in (*stage.deps, *(out.path for out in stage.outs)):
            known = inputs.fingerprints.known(stage.path(path))
            if known is None:
                return None
            (files if known.files is None else folders)[stage.path(path)] = known.stamp
        entry = inputs.locks.entry(stage) or {}
        by_path = {out.path: out for out in stage.outs}
        if inputs.cache.is_dvcs:
            items = [item for item in entry.get("outs", ()) if item["path"] in by_path and by_path[item["path"]].cache]
            cached += [(str(item["md5"]), "hash" not in item) for item in items]
    if pipeline.sources and inputs.cache.is_dvcs:
        from mlops_tui.pipeline import sources, state

        for source in sources.read_by(pipeline, pipeline.stages).values():
            if state.out_changes(inputs, source, source.entry):
                return None
            cached += [
                (str(item["md5"]), "hash" not in item) for item in source.entry["outs"] if item.get("cache", True)
            ]
    descriptions = {**pipeline.stamps, **before}
    places = [seen for seen, _ in pipeline.directories.values()]
    stamps = (*descriptions.values(), *files.values(), *places)
    if not all(files.values()) or any(one and not is_settled(one, pipeline.looked_at_ns) for one in stamps):
        return None
    return {
        "version": _VERSION,
        "root": project.root,
        "has_data": bool(pipeline.sources),
        "descriptions": descriptions,
        "directories": pipeline.directories,
        "files": files,
        "folders": folders,
        "cache": inputs.cache.directory if inputs.cache.is_dvcs else "",
        "cached": cached,
    }


def _is_described_the_same(root: str, content: dict[str, Any]) -> bool:
    """Whether no file that describes the pipeline has changed, come or gone."""
    if any(stamp(os.path.join(root, path)) != kept for path, kept in content["descriptions"].items()):
        return False
    return all(
        # other files may come and go beside those that matter
        stamp(os.path.join(root, path)) == seen or listing(root, path)[1] == names
        for path, (seen, names) in content["directories"].items()
    )


def _holds(root: str, content: dict[str, Any]) -> bool:
    if any(stamp(os.path.join(root, path)) != kept for path, kept in content["files"].items()):
        return False
    if bool(content["cache"]) != os.path.isdir(os.path.join(root, ".dvc")):
        return False
    if content["cached"]:
        from mlops_tui.pipeline.cache import Cache

        cache = Cache(content["cache"])
        if not all(cache.holds(md5, is_legacy=is_legacy) for md5, is_legacy in content["cached"]):
            return False
    if content["folders"]:
        from mlops_tui.pipeline.fingerprints import Fingerprints
        from mlops_tui.pipeline.ignore import Ignores

        prints = Fingerprints(root, ignores=Ignores(root))
        return all(prints.folder_stamp(path) == kept for path, kept in content["folders"].items())
    return True
