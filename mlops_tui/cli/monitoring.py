"""The monitor that a model gets when its first version is registered, or put in charge."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING

from mlops_store.errors import MlopsError
from mlops_tui.cli import output, text
from mlops_tui.cli.workspace import Workspace
from mlops_tui.project import CONFIG_FILE

if TYPE_CHECKING:
    from mlops_store.records import ModelVersion, StageChange
    from mlops_tui.drift.proposals import Added


def begin(workspace: Workspace, version: ModelVersion) -> None:
    """Adds a monitor of a version's model to ``mlops.toml``, where that is and no monitor is about the model."""
    from mlops_tui.drift import proposals

    _tell(lambda: proposals.add(workspace.project, workspace.config, version))


def begin_in_charge(workspace: Workspace, change: StageChange) -> None:
    """The same where a model has a version in charge for the first time."""
    from mlops_tui.drift import proposals

    db = workspace.store().read()
    _tell(lambda: proposals.add_in_charge(workspace.project, workspace.config, db, change))


def _tell(act: Callable[[], Added | None]) -> None:
    """What cannot be written is told of and stops nothing: the model is registered."""
    try:
        added = act()
    except MlopsError as error:
        output.remark(f"warning: no monitor was added: {text.clean(error.message)}")
        return
    if added is not None:
        output.remark(f"added [monitors.{text.clean(added.name)}] to {CONFIG_FILE}: mlops-tui drift check uses it")
