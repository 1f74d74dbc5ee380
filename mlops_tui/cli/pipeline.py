"""``mlops-tui pipeline``: the verbs on the pipeline as it is written down."""

from __future__ import annotations

import click

from mlops_tui.cli import pipeline_graph, pipeline_why
from mlops_tui.cli.parameters import Noun


@click.group(cls=Noun)
def command() -> None:
    """The stages of the pipeline and what needs what."""


for verb in (pipeline_graph.graph, pipeline_why.why):
    command.add_command(verb)
