"""``models register``: a new version, from a run, a file, or a directory that MLflow wrote."""

from __future__ import annotations

from contextlib import nullcontext
from typing import TYPE_CHECKING, Any

import click

from mlops_store.errors import Refused, UsageError
from mlops_tui.cli import monitoring, output, shapes, text
from mlops_tui.cli.parameters import (
    dry_run_option,
    json_option,
    model_argument,
    reason_option,
    run_argument,
    run_option,
)
from mlops_tui.cli.workspace import Workspace
from mlops_tui.registry.formats import kinds

if TYPE_CHECKING:
    from mlops_store.records import ModelVersion
    from mlops_store.store import Store

_FORMATS = [kind.name for kind in kinds.KINDS.values() if kind.suffixes]


@click.command()
@model_argument()
@run_argument(required=False)
@run_option("--run", "named_run", help="The same as RUN.")
@click.option("--logged", metavar="NAME", help="Which of the run's models, when it logged several. [its newest]")
@click.option("--artifact", metavar="PATH", help="A file of the run, or a folder of it that holds a model.")
@click.option("--file", "path", metavar="PATH", type=click.Path(), help="A model's file instead of a run.")
@click.option(
    "--mlflow", metavar="DIR", type=click.Path(), help="A model directory that MLflow wrote, instead of a run."
)
@click.option(
    "--format", metavar="NAME", type=click.Choice(_FORMATS), help="What the file is, when its bytes do not tell."
)
@click.option(
    "--example", metavar="FILE", type=click.Path(), help="Rows (CSV or Parquet) that give a file its signature."
)
@click.option("--allow-pickle", is_flag=True, help="Let a pickle run its author's code whenever the version is loaded.")
@click.option("--allow-source", is_flag=True, help="Let source code from outside run whenever the version is loaded.")
@click.option(
    "--trust", "trusted", multiple=True, metavar="TYPE", help="Trust a type by its full name; may be repeated."
)
@click.option("--parent", default="", metavar="VERSION", help="The version that it was made from, such as churn/3.")
@click.option("--description", default="", metavar="TEXT", help="What is special about this version.")
@click.option("--alias", "aliases", multiple=True, metavar="NAME", help="Give the version this alias; may be repeated.")
@click.option("--tag", "tags", multiple=True, metavar="KEY=VALUE", help="Give the version this tag; may be repeated.")
@click.option("--no-monitor", is_flag=True, help="Add no monitor of a new model to mlops.toml.")
@reason_option
@dry_run_option
@json_option
@click.pass_obj
def register(
    workspace: Workspace,
    model: str,
    run: str | None,
    named_run: str | None,
    logged: str | None,
    artifact: str | None,
    path: str | None,
    mlflow: str | None,
    format: str | None,  # noqa: A002 the option's name
    example: str | None,
    allow_pickle: bool,
    allow_source: bool,
    trusted: tuple[str, ...],
    parent: str,
    description: str,
    aliases: tuple[str, ...],
    tags: tuple[str, ...],
    no_monitor: bool,
    reason: str,
    dry_run: bool,
    as_json: bool,
) -> None:
    """Register a model as a new version of MODEL: one that a run logged, a file, or a directory of MLflow.

    A file is copied with all that belongs beside it. Nothing of it is run: a pickle or source code needs --allow-pickle
    or --allow-source, which is recorded and shown wherever the version is.
    """
    from mlops_tui.registry import versions

    chosen = run or named_run
    if (run and named_run) or sum(source is not None for source in (chosen, path, mlflow)) != 1:
        raise UsageError(
            "one source is to be named: a run, --file or --mlflow",
            "mlops-tui models register MODEL RUN; 'runs list' shows the runs",
        )
    if artifact is not None and (chosen is None or logged is not None):
        raise UsageError("--artifact names a file of a run, and --logged a model of one", "give a run and one of them")
    if (format or example) and path is None and artifact is None:
        raise UsageError("--format and --example are about a single file", "give --file PATH or --artifact PATH")
    kept: dict[str, Any] = {
        "description": description,
        "aliases": aliases,
        "tags": dict(_tag(word) for word in tags),
        "reason": reason,
        "parent": parent,
        "allowed": {*(["pickle"] if allow_pickle else []), *(["source"] if allow_source else [])},
        "trusted": trusted,
    }
    store = workspace.store()
    with store.trial() if dry_run else nullcontext():
        if chosen is not None and artifact is None:
            version = versions.register(store, workspace.config, model, run_id=chosen, logged_model=logged, **kept)
        else:
            version = _outside(
                workspace, store, model, (chosen, artifact, path, mlflow), format, example, dry_run, kept
            )
    if not dry_run and not no_monitor and version.version == 1:
        monitoring.begin(workspace, version)
    if as_json:
        output.write_json(shapes.model_version(version, None))
        return
    done = "would register" if dry_run else "registered"
    mark = kinds.mark(version.flavor)
    told = f" ({mark})" if mark else ""
    output.say(f"{done} {text.clean(version.model)} version {version.version} in {text.clean(version.stage)}{told}")


def _outside(
    workspace: Workspace,
    store: Store,
    model: str,
    places: tuple[str | None, str | None, str | None, str | None],
    format: str | None,  # noqa: A002
    example: str | None,
    is_trial: bool,
    kept: dict[str, Any],
) -> ModelVersion:
    from mlops_tui.registry import incoming, versions

    run, artifact, path, mlflow = places
    terms = incoming.Terms(format, kept["allowed"], kept["trusted"], _rows(example) if example else None, is_trial)
    if run is not None:
        content = incoming.of_artifact(store, run, artifact or "", terms)
    elif path is not None:
        content = incoming.of_file(store, path, terms)
    else:
        content = incoming.of_mlflow(store, mlflow or "", terms)
    return versions.add(store, workspace.config, model, content, **kept)


def _rows(path: str) -> Any:
    import pandas as pd

    try:
        return pd.read_parquet(path) if path.endswith(".parquet") else pd.read_csv(path)
    except (OSError, ValueError) as error:
        raise Refused(f"the example {path} cannot be read ({error})", "give a CSV or Parquet file of rows") from error


def _tag(word: str) -> tuple[str, str]:
    key, equals, value = word.partition("=")
    if not key or not equals:
        raise UsageError(f"{word!r} is no tag", "--tag KEY=VALUE")
    return key, value
