"""``mlops-tui data``: the verbs on versions of data."""

from __future__ import annotations

import click

from mlops_tui.cli import data_changes, data_lists
from mlops_tui.cli.parameters import Noun


@click.group(cls=Noun)
def command() -> None:
    """List, compare and restore versions of data, and who used them.

    VERSION is 'current' (what lies there now), 'locked' (what dvc.lock or the .dvc file names), the first digits of a
    digest, or a run that used it.
    """


for verb in (data_lists.list_, data_lists.show, data_lists.runs, data_changes.diff, data_changes.restore):
    command.add_command(verb)
