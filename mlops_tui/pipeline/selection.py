"""Which stages of a pipeline a request means."""

from __future__ import annotations

from collections.abc import Sequence

from mlops_tui.pipeline import graph
from mlops_tui.pipeline.request import Request
from mlops_tui.pipeline.spec import Pipeline


def choose(pipeline: Pipeline, request: Request) -> list[str]:
    """The stages that a request means, each after those of them that it needs.

    By default the targets with what they need. A frozen stage needs nothing, as when it is run.

    Raises:
        NotFound: A target is not a stage.
    """
    order = graph.order(pipeline, request.targets)
    if not request.targets:
        return order
    targets = [name for target in request.targets for name in graph.chosen(pipeline, target)]
    if request.single_item:
        chosen = set(targets)
    elif request.downstream:
        chosen = set(targets) | graph.downstream(graph.active(pipeline), targets)
    elif request.whole_pipeline:
        chosen = _connected(graph.active(pipeline), targets)
    else:
        return order
    return [name for name in graph.order(pipeline) if name in chosen]


def _connected(needs: graph.Needs, targets: Sequence[str]) -> set[str]:
    """Everything that is connected with a target by edges in any direction."""
    neighbours: dict[str, set[str]] = {name: set(needed) for name, needed in needs.items()}
    for name, needed in needs.items():
        for other in needed:
            neighbours[other].add(name)
    found, pending = set(targets), list(targets)
    while pending:
        for other in neighbours[pending.pop()] - found:
            found.add(other)
            pending.append(other)
    return found
