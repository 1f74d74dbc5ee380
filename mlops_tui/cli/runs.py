"""``mlops-tui runs``: the verbs on runs."""

from __future__ import annotations

import click

from mlops_tui.cli import (
    run_artifacts,
    run_comparison,
    run_details,
    run_edits,
    run_export,
    run_lists,
    run_plots,
    run_views,
)
from mlops_tui.cli.parameters import Noun


@click.group(cls=Noun)
def command() -> None:
    """List, show, compare, tag, export and delete runs.

    RUN is a run's id, a few digits that begin or end it, or its name (then the newest run of that name).
    """


for verb in (
    run_lists.list_,
    run_details.show,
    run_comparison.compare,
    run_lists.history,
    run_plots.plot,
    run_artifacts.artifacts,
    run_artifacts.artifact,
    run_artifacts.diff,
    run_edits.tag,
    run_edits.note,
    run_edits.archive,
    run_edits.unarchive,
    run_edits.delete,
    run_edits.restore,
    run_export.export,
    run_views.command,
):
    command.add_command(verb)
