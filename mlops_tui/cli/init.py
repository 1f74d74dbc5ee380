"""``mlops-tui init``: prepares a directory."""

from __future__ import annotations

import os

import click

from mlops_store.errors import Refused
from mlops_tui.cli import output
from mlops_tui.cli.parameters import dry_run_option, json_option
from mlops_tui.cli.workspace import Workspace
from mlops_tui.project import Project

TEMPLATE = """\
# What mlops-tui needs to know beyond dvc.yaml. Every table is optional; the values below are the defaults.

[project]
experiment = "{name}"        # where runs go that name no experiment

[registry]
stages = ["dev", "staging", "production", "archived"]        # lowest first
single = ["production"]                                      # at most one version of a model is in such a stage

# What a version must pass before it may go to production; README has the other kinds.
# [gates.auc]
# kind = "metric"
# metric = "auc"
# min = 0.9

# What is compared with what the model in production was trained on: each file that appears in a folder, or so many
# rows, or a day; of files, of a query over a database, or of what mlops-tui serve was asked. README has the rest.
{monitor}
# What starts the pipeline by itself; see: mlops-tui schedule export
# [triggers.nightly]
# schedule = "0 3 * * *"       # or: change = ["data/*.csv"], or: drift = "production"
# cooldown = "1h"

# What stages may use together of this machine, and what can be put before their commands (meta.mlops in dvc.yaml).
# [resources]
# cpus = 8
# memory = "64GB"
# gpus = 2
# [executors.cluster]
# command = ["srun", "--gres=gpu:1"]

# The better direction of a metric, where its name does not tell.
# [metrics]
# auc = "max"
"""

#: Where no folder looks as if it held production data.
MONITOR = """\
# [monitors.production]
# watch = ["production/*.csv", "production/*.parquet"]      # or: requests = "churn"
# model = "churn"              # or: reference = "data/reference.csv", or: reference = { last = 7 }
# window = "1d"                # or: "1000 rows"; without it each file is one
# time = "created_at"
# ignore = ["id"]
# drift_share = 0.5            # from this share of drifted columns on, the whole batch counts as drifted
"""


@click.command()
@click.argument("directory", required=False, type=click.Path(file_okay=False))
@dry_run_option
@json_option
@click.pass_obj
def command(workspace: Workspace, directory: str | None, dry_run: bool, as_json: bool) -> None:
    """Prepare a directory: a commented mlops.toml and the store. What is there is left as it is."""
    # of the directory itself, not of a project further up: init makes a root
    root = directory or workspace.start
    project = Project(root)
    made = _missing(project)
    if not dry_run:
        _make(project)
    if as_json:
        output.write_json({"root": project.root, "created": made, "dry_run": dry_run})
        return
    for path in made:
        output.say(f"{'would create' if dry_run else 'created'} {path}")
    if not made:
        output.say("everything is there already")
    for line in _next_steps(project):
        output.say(line)


def _missing(project: Project) -> list[str]:
    paths = (project.config_path, project.store_path)
    return [os.path.relpath(path, project.root) for path in paths if not os.path.exists(path)]


def _make(project: Project) -> None:
    import json

    try:
        os.makedirs(project.root, exist_ok=True)
        if not os.path.exists(project.config_path):
            # a TOML basic string is written like a JSON string
            name = json.dumps(project.name)[1:-1]
            with open(project.config_path, "x", encoding="utf-8") as file:
                file.write(TEMPLATE.replace("{name}", name).replace("{monitor}", _monitor(project)))
    except OSError as error:
        raise Refused(
            f"{project.config_path} cannot be written ({error.strerror})", "check the directory's owner and mode"
        ) from error
    from mlops_store.store import Store

    Store(project.store_path).close()


def _monitor(project: Project) -> str:
    """A monitor of the project's production data where that is in a usual place, else one to fill in."""
    from mlops_tui.drift import proposals

    proposal = proposals.for_project(project, _only_model(project))
    return MONITOR if proposal is None else proposal.text


def _only_model(project: Project) -> str:
    from mlops_store import models
    from mlops_store.store import Store

    if not project.has_store:
        return ""
    with Store(project.store_path) as store:
        names = models.names(store.read())
    return names[0] if len(names) == 1 else ""


def _next_steps(project: Project) -> list[str]:
    if os.path.exists(project.pipeline_path):
        return ["", "next: mlops-tui run runs the pipeline, mlops-tui opens the dashboard"]
    return [
        "",
        "next: write dvc.yaml with the stages of a pipeline, or log from any script:",
        "  import mlops_tui as mlops",
        "  with mlops.start_run():",
        '      mlops.log_metric("loss", 0.5)',
        "an example to copy from: mlops-tui demo",
    ]
