"""Which stage needs which, in which order they run, and what no graph may contain."""

from __future__ import annotations

import os
from bisect import bisect_left
from collections.abc import Iterable, Iterator, Mapping
from functools import cache

from mlops_store.errors import NotFound, SpecError, nearest
from mlops_tui.pipeline.spec import FILE, Pipeline, Source, Stage, place

Needs = Mapping[str, tuple[str, ...]]
Maker = Stage | Source


class GraphError(SpecError):
    """A graph that cannot be run.

    Args:
        kind: 'cycle', 'duplicate-output' or 'overlapping-outputs'.
        message: What is wrong.
        at: The stage or ``.dvc`` file to point at.
        hint: The edit that helps.
    """

    def __init__(self, kind: str, message: str, at: Maker, hint: str = "") -> None:
        super().__init__(message, file=at.file, line=at.line, column=at.column, hint=hint)
        self.kind = kind


def links(pipeline: Pipeline) -> dict[str, tuple[str, ...]]:
    """For each stage and each ``.dvc`` file the stages and ``.dvc`` files that it needs, all by address.

    One needs another when one of its deps or params files equals, contains, or lies in an output of the other.
    """
    makers = _makers(pipeline)
    paths = sorted(makers)
    places = {path: place for place, path in enumerate(makers)}
    found = {}
    for name, user in _all(pipeline).items():
        outs = [out for path in _inputs(pipeline, user) for out in _overlapping(pipeline.root, path, paths, places)]
        found[name] = tuple(dict.fromkeys(makers[out].name for out in outs))
    return found


def edges(pipeline: Pipeline) -> dict[str, tuple[str, ...]]:
    """For each stage the stages that it needs, directly or through an import of what they make; see ``links``."""
    found = links(pipeline)
    sources = pipeline.sources
    if not sources:
        return found

    def stages(name: str) -> Iterator[str]:
        for needed in found[name]:
            if needed not in sources:
                yield needed
            elif not sources[needed].is_frozen:
                yield from stages(needed)

    return {name: tuple(dict.fromkeys(stages(name))) for name in pipeline.stages}


def active(pipeline: Pipeline) -> dict[str, tuple[str, ...]]:
    """The edges that matter for running: a frozen stage does not need anything."""
    return {name: () if pipeline.stages[name].is_frozen else needs for name, needs in edges(pipeline).items()}


def order(pipeline: Pipeline, targets: Iterable[str] | None = None) -> list[str]:
    """The stages that ``targets`` need and the targets themselves, each after what it needs.

    The order is DVC's: depth first, in the order of the file.

    Args:
        pipeline: A checked pipeline.
        targets: What ``chosen`` understands; none (or an empty list) means every stage.

    Raises:
        NotFound: A target names no stage.
    """
    needs = active(pipeline)
    wanted = [name for target in targets or () for name in chosen(pipeline, target)]
    found = list(_postorder(wanted or needs, needs))
    if not wanted:
        return found
    reachable = set(found)
    return list(_postorder([name for name in needs if name in reachable], needs))


def chosen(pipeline: Pipeline, target: str) -> list[str]:
    """The stages that a target names, as DVC understands it.

    Args:
        pipeline: The pipeline.
        target: The address of a stage, of a group that ``foreach`` or ``matrix`` generates stages from, or the path of
            a ``dvc.yaml`` for all of its stages.

    Raises:
        NotFound: It names none.
    """
    stages = pipeline.stages
    if target in stages:
        return [target]
    name = target.removeprefix(f"{FILE}:")
    found = [one for one, stage in stages.items() if name in (one, one.rpartition("@")[0]) or stage.file == target]
    if not found:
        groups = (one.rpartition("@")[0] for one in stages if "@" in one)
        raise NotFound(f"no stage {target!r} in the pipeline", nearest(target, [*stages, *groups]))
    return found


def downstream(needs: Needs, names: Iterable[str]) -> set[str]:
    """Every stage that needs one of ``names``, directly or not; without ``names`` themselves."""
    users: dict[str, list[str]] = {}
    for name, needed in needs.items():
        for other in needed:
            users.setdefault(other, []).append(name)
    pending, found = list(names), set[str]()
    while pending:
        for user in users.get(pending.pop(), ()):
            if user not in found:
                found.add(user)
                pending.append(user)
    return found


def check(pipeline: Pipeline) -> None:
    """Refuses a graph that cannot be run.

    Raises:
        GraphError: Two stages make one output, an output lies in another or holds a file that describes the pipeline, a
            stage needs its own output, or a cycle; points at the stage.
    """
    makers = _makers(pipeline)
    for file in dict.fromkeys(maker.file for maker in _all(pipeline).values()):
        for path in (*_parents(pipeline.root, file), file):
            if path in makers:
                message = f"output {path!r} of {_named(makers[path])} contains {file} itself"
                raise GraphError("overlapping-outputs", message, makers[path])
    for stage in pipeline.stages.values():
        own = set(_outputs(pipeline, stage))
        for path in _inputs(pipeline, stage):
            if path in own:
                raise GraphError("cycle", f"stage {stage.name!r} depends on its own output {path!r}", stage)
    _refuse_cycle(pipeline, links(pipeline))


def _refuse_cycle(pipeline: Pipeline, needs: Needs) -> None:
    done: set[str] = set()
    for start in needs:
        path = {} if start in done else {start: iter(needs[start])}
        while path:
            current = next(reversed(path))
            name = next(path[current], None)
            if name is None:
                done.add(current)
                del path[current]
            elif name in path:
                names = list(path)
                cycle = [*names[names.index(name) :], name]
                raise GraphError(
                    "cycle",
                    "the stages form a cycle: " + " needs ".join(cycle),
                    _all(pipeline)[name],
                    "remove one of these dependencies",
                )
            elif name not in done:
                path[name] = iter(needs[name])


def _all(pipeline: Pipeline) -> dict[str, Maker]:
    return {**pipeline.stages, **pipeline.sources}


def _makers(pipeline: Pipeline) -> dict[str, Maker]:
    """Who makes which path; refuses what is made twice, or as a whole and in part, whichever comes first."""
    makers: dict[str, Maker] = {}
    above: dict[str, str] = {}
    for maker in _all(pipeline).values():
        for path in _outputs(pipeline, maker):
            if path in makers:
                raise _made_twice(path, makers[path], maker)
            parents = list(_parents(pipeline.root, path))
            outer = next((parent for parent in parents if parent in makers), None)
            if outer is not None:
                raise _made_in_part(path, maker, outer, makers[outer], maker)
            if path in above:
                raise _made_in_part(above[path], makers[above[path]], path, maker, maker)
            makers[path] = maker
            for parent in parents:
                above.setdefault(parent, path)
    return makers


def _made_twice(path: str, first: Maker, second: Maker) -> GraphError:
    if first is second:
        message = f"{_named(second)} lists output {path!r} twice"
    elif isinstance(first, Stage) and isinstance(second, Stage):
        message = f"stages {first.name!r} and {second.name!r} both make {path!r}"
    else:
        message = f"{_named(first)} and {_named(second)} both make {path!r}"
    return GraphError("duplicate-output", message, second, "give each output one stage")


def _made_in_part(inner: str, maker: Maker, outer: str, other: Maker, at: Maker) -> GraphError:
    return GraphError(
        "overlapping-outputs",
        f"output {inner!r} of {_named(maker)} lies in output {outer!r} of {_named(other)}",
        at,
        "track the directory or what is in it, not both",
    )


def _named(maker: Maker) -> str:
    return f"stage {maker.name!r}" if isinstance(maker, Stage) else maker.name


def _outputs(pipeline: Pipeline, maker: Maker) -> list[str]:
    return [place(pipeline.root, maker.path(out.path)) for out in maker.outs]


def _inputs(pipeline: Pipeline, user: Maker) -> list[str]:
    files = (*user.deps, *user.params) if isinstance(user, Stage) else user.deps
    return [place(pipeline.root, user.path(path)) for path in files]


def _overlapping(root: str, path: str, paths: list[str], places: Mapping[str, int]) -> list[str]:
    """The outputs that hold a path, the outermost first, then those below it in the order written."""
    holding = [parent for parent in (*_parents(root, path), path) if parent in places]
    is_above = os.path.isabs(path) and (root + os.sep).startswith(path.rstrip(os.sep) + os.sep)
    if path == os.curdir or is_above:
        below = [other for other in paths if not os.path.isabs(other) and other != path]
    else:
        below = []
    prefix = path.rstrip(os.sep) + os.sep
    for index in range(bisect_left(paths, prefix), len(paths)):
        if not paths[index].startswith(prefix):
            break
        below.append(paths[index])
    return holding + sorted(below, key=places.__getitem__)


def _parents(root: str, path: str) -> Iterator[str]:
    """The directories above a path, the outermost first."""
    if not os.path.isabs(path):
        yield from _above(root)
        if path == os.curdir:
            return
        yield os.curdir
    parts = path.split(os.sep)
    for count in range(1, len(parts)):
        yield os.sep.join(parts[:count]) or os.sep


@cache
def _above(root: str) -> tuple[str, ...]:
    return tuple(_parents(root, root)) if os.path.isabs(root) else ()


def _postorder(starts: Iterable[str], needs: Needs) -> Iterator[str]:
    seen: set[str] = set()
    for start in starts:
        if start in seen:
            continue
        seen.add(start)
        pending = [(start, iter(needs[start]))]
        while pending:
            name, rest = pending[-1]
            for other in rest:
                if other not in seen:
                    seen.add(other)
                    pending.append((other, iter(needs[other])))
                    break
            else:
                pending.pop()
                yield name
