"""``models reconcile``: MLflow's registry and GTO's tags brought together with ours."""

from __future__ import annotations

import click

from mlops_store.errors import UsageError
from mlops_tui.cli import output
from mlops_tui.cli.parameters import dry_run_option, json_option, model_argument
from mlops_tui.cli.table import write_table
from mlops_tui.cli.workspace import Workspace


@click.command()
@model_argument(required=False)
@click.option(
    "--take",
    type=click.Choice(["ours", "theirs"]),
    help="Whose value stands where they have changed it. [nobody's: it is left]",
)
@dry_run_option
@json_option
@click.pass_obj
def reconcile(workspace: Workspace, model: str | None, take: str | None, dry_run: bool, as_json: bool) -> int:
    """Compare the stages of MODEL, or of all models, with MLflow's registry and GTO's tags, and write what is missing.

    Both are set up in mlops.toml: [registry.mlflow] uri = "http://...", [registry.gto] tags = true. What only we have
    changed is written; where they have changed it, --take says whose value stands. Exits 1 when differences are left.
    """
    from mlops_store import models
    from mlops_tui.registry.mirrors import reconcile as acts

    store, config = workspace.store(), workspace.config
    if not acts.mirrors(store, config):
        raise UsageError(
            "no registry is configured to follow ours", 'in mlops.toml: [registry.mlflow] uri = "http://127.0.0.1:5000"'
        )
    db = store.read()
    names = models.names(db) if model is None else [models.get(db, model).name]
    outcomes = acts.settle(store, config, names, take or "", is_trial=dry_run)
    if as_json:
        output.write_json_lines(outcomes)
    elif outcomes:
        rows = [
            (
                one.difference.mirror,
                one.difference.model,
                one.difference.mark,
                one.difference.ours or "-",
                one.difference.theirs or "-",
                one.difference.state,
                one.done,
                one.message,
            )
            for one in outcomes
        ]
        write_table(("registry", "model", "of", "ours", "theirs", "they are", "done", "why"), rows)
    else:
        output.remark("no differences")
    bad = ("would fail",) if dry_run else ("left", "failed")
    return int(any(one.done in bad for one in outcomes))
