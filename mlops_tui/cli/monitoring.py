"""The monitor that a model gets when its first version is registered."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING

from mlops_store.errors import MlopsError
from mlops_tui.cli import output, text
from mlops_tui.cli.workspace import Workspace
from mlops_tui.project import CONFIG_FILE

if TYPE_CHECKING:
    from mlops_store.records import ModelVersion


def begin(workspace: Workspace, version: ModelVersion) -> None:
    """Adds a monitor of a version's model to ``mlops.toml``, where that is and no monitor is about the model.

    What cannot be written is told of and stops nothing: the model is registered.
    """
    if not os.path.isfile(workspace.project.config_path):
        return
    from mlops_tui.drift import proposals

    project, has_reference = workspace.project, version.profile_id is not None
    try:
        proposal = proposals.for_model(project, workspace.config, version.model, has_reference=has_reference)
        if proposal is None:
            return
        proposals.add(project, proposal)
    except MlopsError as error:
        output.remark(f"warning: no monitor was added: {text.clean(error.message)}")
        return
    output.remark(f"added [monitors.{text.clean(proposal.name)}] to {CONFIG_FILE}: mlops-tui drift check uses it")
