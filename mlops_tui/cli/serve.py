"""``mlops-tui serve``: a model behind MLflow's scoring protocol."""

from __future__ import annotations

import os
import sys

import click

from mlops_tui.cli import output, text
from mlops_tui.cli.listening import listening_options, predicting_options, require_server
from mlops_tui.cli.workspace import Workspace


@click.command()
@click.argument("model", metavar="MODEL")
@listening_options
@click.option("--workers", default=1, show_default=True, type=click.IntRange(1, 256), metavar="N", help="Processes.")
@predicting_options
@click.option(
    "--batch-rows",
    type=click.IntRange(0, 4096),
    metavar="N",
    help="Requests of one row that go to the model together; 0: never. [32 where it answers the same]",
)
@click.option(
    "--batch-wait",
    default=0.0,
    show_default=True,
    type=click.FloatRange(0, 1000),
    metavar="MS",
    help="How long one waits for others; 0: only those go together that wait anyway.",
)
@click.option("--name", metavar="NAME", help="What a folder's model is called. [the folder's name]")
@click.option("--allow-pickle", is_flag=True, help="Load a folder's pickle, which runs its author's code.")
@click.option("--allow-source", is_flag=True, help="Run the source code of a model in a folder.")
@click.pass_obj
def command(
    workspace: Workspace,
    model: str,
    host: str,
    port: int,
    workers: int,
    token_file: str | None,
    max_body: int,
    timeout: float,
    batch_rows: int | None,
    batch_wait: float,
    trust: tuple[str, ...],
    is_logged: bool | None,
    log_room: int,
    name: str | None,
    allow_pickle: bool,
    allow_source: bool,
) -> None:
    """Serve a model in MLflow's scoring protocol until it is told to end.

    MODEL is churn@production, churn/3, or a folder with a model; a stage or an alias is followed. POST /invocations
    predicts, /labels takes labels that come later; /ping, /health, /version and /metrics (Prometheus) tell of the
    server. Other addresses than this machine's own need a token.
    """
    require_server()
    from mlops_tui.serve import assembly, launching, server_log
    from mlops_tui.serve.settings import Settings

    settings = Settings(
        root=workspace.project.root,
        model=model,
        token=launching.token(host, token_file),
        body_bytes=max_body << 20,
        prediction_s=timeout,
        trusted=trust,
        is_logged=is_logged,
        log_bytes=log_room << 20,
        name=name,
        allow_pickle=allow_pickle,
        allow_source=allow_source,
        batch_rows=batch_rows,
        batch_wait_s=batch_wait / 1000,
    )
    assembled = assembly.assemble(settings) if workers == 1 else None
    listening = launching.listen(host, port)
    server_log.write_to_stderr()

    def ready(title: str, log_directory: str) -> None:
        if log_directory:
            output.remark(f"requests are logged in {text.clean(os.path.relpath(log_directory))}")
        processes = f" by {workers} processes" if workers > 1 else ""
        output.say(f"serving {text.clean(title)} on {launching.url(host, listening)}{processes}")
        sys.stdout.flush()

    if assembled is None:
        from mlops_tui.serve.crew import Crew

        Crew(settings, listening, workers).run(ready)
        return
    server = assembled.server
    with assembled.following:
        is_over = launching.run(server, listening, lambda: ready(server.served.title, assembled.log_directory))
    if not is_over:
        os._exit(0)  # a prediction hangs, and the interpreter would wait for its thread
