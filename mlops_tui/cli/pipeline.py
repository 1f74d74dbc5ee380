"""``mlops-tui pipeline``: the verbs on the pipeline as it is described."""

from __future__ import annotations

import click

from mlops_tui.cli import pipeline_show
from mlops_tui.cli.parameters import Noun


@click.group(cls=Noun)
def command() -> None:
    """Show the pipeline as it is resolved."""


for verb in (pipeline_show.show,):
    command.add_command(verb)
