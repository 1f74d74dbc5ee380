"""Remembers that everything was up to date, so that finding out again takes one look at each file's times.

A verdict names every file that was looked at with its size, inode, modification and change time. It is only kept when
none of them can have been written again without that showing (see ``fingerprints``), and only when nothing was stale.
Light on purpose: with a verdict that still holds, neither YAML is read nor a hash computed.
"""

from __future__ import annotations

import os
from contextlib import suppress

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping, Sequence

    from mlops_tui.pipeline.spec import Pipeline
    from mlops_tui.pipeline.state import Inputs
    from mlops_tui.project import Project

_FILE = "up-to-date"
#: The file is lists of texts, each after its length, with NUL between all: JSON takes longer to load than to look.
_FORMAT, _END = "mlops-tui verdict 4", "end"
_LISTS = ("about", "stages", "descriptions", "directories", "files", "folders", "cached")
_DESCRIPTION, _LOCK = "dvc.yaml", "dvc.lock"
_IGNORE_FILES = (".dvcignore", ".gitignore")
_NEVER = frozenset((".git", ".hg", ".mlops"))


class Verdict:
    """A pipeline that was up to date.

    Args:
        stages: Its stages in order, with their commands.
        has_data: Whether there are ``.dvc`` files; of data that no stage reads the verdict says nothing.
    """

    __slots__ = ("has_data", "stages")

    def __init__(self, stages: tuple[tuple[str, str], ...], *, has_data: bool) -> None:
        self.stages = stages
        self.has_data = has_data


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
        with open(
            os.path.join(project.state_dir, _FILE), encoding="utf-8", errors="surrogateescape", newline=""
        ) as file:
            content = _parsed(file.read())
        root, has_data, cache = content["about"]
        if root != project.root or not _is_described_the_same(root, content) or not _holds(root, cache, content):
            return None
        return Verdict(tuple(_pairs(content["stages"])), has_data=bool(has_data))
    except (OSError, ValueError, IndexError):
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
    content["stages"] = [text for name in order for text in (name, pipeline.stages[name].command)]
    text = _written(content)
    if text is None:
        return
    path = os.path.join(project.state_dir, _FILE)
    temporary = f"{path}.{os.getpid()}.tmp"
    try:
        with open(temporary, "w", encoding="utf-8", errors="surrogateescape", newline="") as file:
            file.write(text)
        os.replace(temporary, path)
    except OSError:  # a full disk or a read-only directory: the next look judges again
        with suppress(OSError):
            os.unlink(temporary)


def _content(
    project: Project, pipeline: Pipeline, inputs: Inputs, before: dict[str, str]
) -> dict[str, list[str]] | None:
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
        "about": [
            project.root,
            "data" if pipeline.sources else "",
            inputs.cache.directory if inputs.cache.is_dvcs else "",
        ],
        "descriptions": _flat(descriptions),
        "directories": [
            text
            for path, (seen, names) in pipeline.directories.items()
            for text in (path, seen, str(len(names)), *names)
        ],
        "files": _flat(files),
        "folders": _flat(folders),
        "cached": [text for md5, is_legacy in cached for text in (md5, "legacy" if is_legacy else "")],
    }


def _flat(items: Mapping[str, str]) -> list[str]:
    return [text for pair in items.items() for text in pair]


def _pairs(texts: Sequence[str]) -> Iterator[tuple[str, str]]:
    return zip(texts[::2], texts[1::2], strict=True)


def _written(content: Mapping[str, Sequence[str]]) -> str | None:
    """The file's text; None when something in it could not be told from the file's own marks."""
    fields = [_FORMAT]
    for name in _LISTS:
        fields += (str(len(content[name])), *content[name])
    if any("\0" in field for field in fields):
        return None
    return "\0".join((*fields, _END))


def _parsed(text: str) -> dict[str, list[str]]:
    """What ``_written`` has written. ValueError: it was not that, or was cut short."""
    fields = text.split("\0")
    if fields[0] != _FORMAT or fields[-1] != _END:
        raise ValueError("no verdict of this version")
    content, begin = {}, 1
    for name in _LISTS:
        end = begin + 1 + int(fields[begin])
        content[name] = fields[begin + 1 : end]
        begin = end
    return content


def _directories(texts: Sequence[str]) -> Iterator[tuple[str, str, Sequence[str]]]:
    """The directories with their stamps and what in them may describe a pipeline."""
    begin = 0
    while begin < len(texts):
        names = begin + 3
        end = names + int(texts[begin + 2])
        yield texts[begin], texts[begin + 1], texts[names:end]
        begin = end


def _is_described_the_same(root: str, content: Mapping[str, Sequence[str]]) -> bool:
    """Whether no file that describes the pipeline has changed, come or gone."""
    if any(stamp(os.path.join(root, path)) != kept for path, kept in _pairs(content["descriptions"])):
        return False
    return all(
        # other files may come and go beside those that matter
        stamp(os.path.join(root, path)) == seen or listing(root, path)[1] == names
        for path, seen, names in _directories(content["directories"])
    )


def _holds(root: str, cached_in: str, content: Mapping[str, Sequence[str]]) -> bool:
    if any(stamp(os.path.join(root, path)) != kept for path, kept in _pairs(content["files"])):
        return False
    if bool(cached_in) != os.path.isdir(os.path.join(root, ".dvc")):
        return False
    if content["cached"]:
        from mlops_tui.pipeline.cache import Cache

        cache = Cache(cached_in)
        if not all(cache.holds(md5, is_legacy=bool(is_legacy)) for md5, is_legacy in _pairs(content["cached"])):
            return False
    if content["folders"]:
        from mlops_tui.pipeline.fingerprints import Fingerprints
        from mlops_tui.pipeline.ignore import Ignores

        prints = Fingerprints(root, ignores=Ignores(root))
        return all(prints.folder_stamp(path) == kept for path, kept in _pairs(content["folders"]))
    return True
