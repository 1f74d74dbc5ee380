"""Which executors of ``mlops.toml`` the stages of a run name."""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from mlops_store.errors import SpecError, nearest
from mlops_tui.config import Config, ExecutorConfig
from mlops_tui.pipeline.options import LOCAL, Options
from mlops_tui.pipeline.spec import Stage


def find(config: Config, stages: Iterable[Stage], options: Mapping[str, Options]) -> dict[str, ExecutorConfig]:
    """The executors that stages name, by name.

    Raises:
        SpecError: There is none of that name; points at the stage.
    """
    found = {}
    for stage in stages:
        name = options[stage.name].executor
        if name == LOCAL:
            continue
        if name not in config.executors:
            raise SpecError(
                f"stage {stage.name!r}: there is no executor {name!r}",
                file=stage.file,
                line=stage.line,
                column=stage.column,
                hint=nearest(name, (*config.executors, LOCAL)) + f"; mlops.toml describes it: [executors.{name}]",
            )
        found[name] = config.executors[name]
    return found
