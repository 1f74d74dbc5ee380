"""``mlops-tui server``: a store behind MLflow's REST API."""

from __future__ import annotations

import sys

import click

from mlops_tui.cli import output
from mlops_tui.cli.listening import listening_options, require_server
from mlops_tui.cli.workspace import Workspace


@click.command()
@listening_options
@click.option("--store", "store_path", metavar="PATH", help="A store's file, made if need be. [the project's store]")
@click.option("--artifacts", "artifacts_dir", metavar="DIR", help="Where artifacts are kept. [beside the store]")
@click.pass_obj
def command(
    workspace: Workspace,
    host: str,
    port: int,
    store_path: str | None,
    artifacts_dir: str | None,
    token_file: str | None,
) -> None:
    """Take what MLflow's clients log until it is told to end.

    MLFLOW_TRACKING_URI=http://127.0.0.1:5000 sends scripts here; their runs are shown among all others. Other addresses
    than this machine's own need a token, which clients send as MLFLOW_TRACKING_TOKEN.
    """
    require_server()
    from mlops_store import object_folders
    from mlops_store.store import Store
    from mlops_tui import config
    from mlops_tui import project as projects
    from mlops_tui.serve import launching, server_log
    from mlops_tui.serve.requests import Limits
    from mlops_tui.serve.tracking.app import TrackingServer
    from mlops_tui.serve.tracking.routes import Context

    token = launching.token(host, token_file)
    if artifacts_dir is not None:
        object_folders.keep_in(store_path or workspace.project.store_path, artifacts_dir)
    store = Store(store_path) if store_path is not None else workspace.create()
    project = workspace.project if store_path is None else projects.of_store(store_path)
    listening = launching.listen(host, port)
    # read for every act on models: gates and stages count as they are then
    context = Context(store, config.Config if project is None else lambda: config.load(project))
    limits, is_local = Limits(body_bytes=1 << 25), launching.is_loopback(host)
    server = TrackingServer(context, launching.own_version(), limits, token, is_local=is_local)

    server_log.write_to_stderr()

    def ready() -> None:
        output.say(f"tracking server on {launching.url(host, listening)}")
        sys.stdout.flush()

    launching.run(server, listening, ready)
