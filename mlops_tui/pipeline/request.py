"""What somebody asks of a pipeline run: which stages, and how they are to be run."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, fields
from typing import Any

from mlops_store.errors import UsageError


@dataclass(frozen=True, slots=True)
class Request:
    """A request as it is kept with its run; names and meanings are those of ``dvc repro`` where it has them.

    Attributes:
        targets: Stages; none means all.
        jobs: How many stages may run at once.
        force: Run the stages even if they are up to date.
        force_downstream: Run also what needs a stage that has run, even if it is up to date.
        run_cache: Take outputs of earlier runs with the same inputs from the cache instead of running.
        keep_going: After a failure run what does not depend on it; else nothing more is started.
        single_item: Only the targets themselves, not what they need.
        downstream: The targets and everything that needs them, instead of what they need.
        whole_pipeline: Everything that is connected with a target.
        in_workspace: Run in a copy of the project, made when the request was.
        changes: Params file -> dotted key -> the value that it has in that copy.
        parallel: How many runs in copies may be under way for this one to start, itself included.
    """

    targets: tuple[str, ...] = ()
    jobs: int = 1
    force: bool = False
    force_downstream: bool = False
    run_cache: bool = True
    keep_going: bool = False
    single_item: bool = False
    downstream: bool = False
    whole_pipeline: bool = False
    in_workspace: bool = False
    changes: Mapping[str, Mapping[str, Any]] = field(default_factory=dict)
    parallel: int = 1

    def __post_init__(self) -> None:
        if self.single_item + self.downstream + self.whole_pipeline > 1:
            raise UsageError(
                "--single-item, --downstream and --pipeline exclude each other", "say which stages are meant by one"
            )

    def as_json(self) -> dict[str, Any]:
        """What ``from_json`` reads back."""
        return {one.name: getattr(self, one.name) for one in fields(self)}


def from_json(content: Mapping[str, Any]) -> Request:
    """The request that ``as_json`` has written."""
    return Request(**{**content, "targets": tuple(content["targets"])})
