"""``mlops-tui pipeline``: the verbs on the pipeline as it is described."""

from __future__ import annotations

import click

from mlops_tui.cli import pipeline_graph, pipeline_show, pipeline_why
from mlops_tui.cli.parameters import Noun


@click.group(cls=Noun)
def command() -> None:
    """Show the pipeline: as it is resolved, as a graph, and why stages are stale."""


for verb in (pipeline_show.show, pipeline_graph.graph, pipeline_why.why):
    command.add_command(verb)
