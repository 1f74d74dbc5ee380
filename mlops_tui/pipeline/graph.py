"""Which stage needs which, in which order they run, and what no graph may contain."""

from __future__ import annotations

import os
from bisect import bisect_left
from collections.abc import Iterable, Iterator, Mapping

from mlops_store.errors import NotFound, SpecError, nearest
from mlops_tui.pipeline.spec import Pipeline, Stage

Needs = Mapping[str, tuple[str, ...]]


def edges(pipeline: Pipeline) -> dict[str, tuple[str, ...]]:
    """For each stage the stages that it needs.

    A stage needs another when one of its deps or params files equals, contains, or lies in an output of the other.
    """
    makers = _makers(pipeline)
    paths = sorted(makers)
    places = {path: place for place, path in enumerate(makers)}
    found = {}
    for name, stage in pipeline.stages.items():
        outs = [out for path in _inputs(stage) for out in _overlapping(path, paths, places)]
        found[name] = tuple(dict.fromkeys(makers[out].name for out in outs))
    return found


def active(pipeline: Pipeline) -> dict[str, tuple[str, ...]]:
    """The edges that matter for running: a frozen stage does not need anything."""
    return {name: () if pipeline.stages[name].is_frozen else needs for name, needs in edges(pipeline).items()}


def order(pipeline: Pipeline, targets: Iterable[str] | None = None) -> list[str]:
    """The stages that ``targets`` need and the targets themselves, each after what it needs.

    The order is DVC's: depth first, in the order of the file.

    Args:
        pipeline: A checked pipeline.
        targets: Stage names; none (or an empty list) means every stage.

    Raises:
        NotFound: A target is not a stage.
    """
    needs = active(pipeline)
    wanted = list(targets or ())
    for target in wanted:
        if target not in needs:
            raise NotFound(f"no stage {target!r} in {pipeline.file}", nearest(target, needs))
    found = list(_postorder(wanted or needs, needs))
    if not wanted:
        return found
    reachable = set(found)
    return list(_postorder([name for name in needs if name in reachable], needs))


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
        SpecError: Two stages make one output, an output lies in another, a stage needs its own output, or a cycle;
            points at the stage.
    """
    makers = _makers(pipeline)
    for path, stage in makers.items():
        for parent in _parents(path):
            if parent in makers:
                raise _wrong(
                    pipeline,
                    stage,
                    f"output {path!r} of stage {stage.name!r} lies in output {parent!r} of stage "
                    f"{makers[parent].name!r}",
                )
        if _contains(path, pipeline.file):
            raise _wrong(pipeline, stage, f"output {path!r} of stage {stage.name!r} contains {pipeline.file} itself")
    for stage in pipeline.stages.values():
        own = {stage.path(out.path) for out in stage.outs}
        for path in _inputs(stage):
            if path in own:
                raise _wrong(pipeline, stage, f"stage {stage.name!r} depends on its own output {path!r}")
    _refuse_cycle(pipeline, edges(pipeline))


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
                raise _wrong(
                    pipeline,
                    pipeline.stages[name],
                    "the stages form a cycle: " + " needs ".join(cycle),
                    "remove one of these dependencies",
                )
            elif name not in done:
                path[name] = iter(needs[name])


def _makers(pipeline: Pipeline) -> dict[str, Stage]:
    makers: dict[str, Stage] = {}
    for stage in pipeline.stages.values():
        for out in stage.outs:
            path = stage.path(out.path)
            if path in makers:
                other = makers[path]
                both = (
                    f"stage {stage.name!r} lists output {path!r} twice"
                    if other is stage
                    else f"stages {other.name!r} and {stage.name!r} both make {path!r}"
                )
                raise _wrong(pipeline, stage, both, "give each output one stage")
            makers[path] = stage
    return makers


def _inputs(stage: Stage) -> list[str]:
    return [stage.path(path) for path in (*stage.deps, *stage.params)]


def _overlapping(path: str, paths: list[str], places: Mapping[str, int]) -> list[str]:
    """The outputs that hold a path, the outermost first, then those below it in the order written."""
    holding = [parent for parent in (*_parents(path), path) if parent in places]
    prefix = "" if path == os.curdir else path.rstrip(os.sep) + os.sep
    below = []
    for index in range(bisect_left(paths, prefix), len(paths)):
        if not paths[index].startswith(prefix):
            break
        is_elsewhere = path == os.curdir and (os.path.isabs(paths[index]) or paths[index].startswith(os.pardir))
        if not is_elsewhere:
            below.append(paths[index])
    return holding + sorted(below, key=places.__getitem__)


def _parents(path: str) -> Iterator[str]:
    """The directories above a path, the outermost first."""
    parts = path.split(os.sep)
    for count in range(1, len(parts)):
        yield os.sep.join(parts[:count]) or os.sep
    if not os.path.isabs(path) and parts[0] != os.pardir and path != os.curdir:
        yield os.curdir


def _contains(path: str, file: str) -> bool:
    return path == os.curdir or path == file or file.startswith(path + os.sep)


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


def _wrong(pipeline: Pipeline, stage: Stage, message: str, hint: str = "") -> SpecError:
    return SpecError(message, file=pipeline.file, line=stage.line, column=stage.column, hint=hint)
