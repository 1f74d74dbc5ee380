"""``mlops-tui status``: the project at a glance."""

from __future__ import annotations

import click

from mlops_tui.cli import output, overview
from mlops_tui.cli.parameters import json_option
from mlops_tui.cli.workspace import Workspace


@click.command()
@click.option("-j", "--jobs", type=click.IntRange(min=1), help="Estimate a run of so many stages at a time.")
@json_option
@click.option("--format", "form", type=click.Choice(["dvc"]), help="Print what 'dvc status --json' prints.")
@click.pass_obj
def command(workspace: Workspace, jobs: int | None, as_json: bool, form: str | None) -> None:
    """Show what is stale and why, what is running, which models are where, and what has drifted.

    How long a run would take is judged by past runs, for as many stages at a time as the newest run had or --jobs says.
    """
    if form is not None:
        _write_dvcs(workspace)
        return
    overview.show(workspace, jobs=jobs, as_json=as_json)


def _write_dvcs(workspace: Workspace) -> None:
    """Prints one line of JSON, byte for byte in DVC's form."""
    import json

    from mlops_tui.pipeline import dvc_status, spec, state

    inputs = state.Inputs(workspace.project)
    found = dvc_status.of(inputs, spec.load(workspace.project), workspace.start)
    inputs.fingerprints.flush()
    output.say(json.dumps(found))
