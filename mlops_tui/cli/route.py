"""``mlops-tui route``: one port in front of the versions of a model."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING

import click

from mlops_tui.cli import output, text
from mlops_tui.cli.listening import listening_options, predicting_options, require_server
from mlops_tui.cli.parameters import model_argument
from mlops_tui.cli.workspace import Workspace

if TYPE_CHECKING:
    from mlops_tui.serve.router.arms import Part


@click.command()
@model_argument()
@listening_options
@click.option(
    "--workers",
    default=1,
    show_default=True,
    type=click.IntRange(1, 64),
    metavar="N",
    help="Processes of each version.",
)
@predicting_options
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
    trust: tuple[str, ...],
    is_logged: bool | None,
    log_room: int,
) -> None:
    """Share out the requests for MODEL among its versions until it is told to end.

    It starts a server for each version of the split ('mlops-tui traffic show MODEL'), starts those again that die, and
    follows changes of the split while requests go on. Without a split the version in production answers.
    """
    require_server()
    from mlops_store import models, traffic_routers
    from mlops_tui.serve import launching, server_log
    from mlops_tui.serve.requests import Limits
    from mlops_tui.serve.router import running

    token = launching.token(host, token_file)
    db = workspace.store().read()
    models.get(db, model)
    for other in traffic_routers.running(db, model):
        output.remark(
            f"{text.clean(model)} is routed on {text.clean(other.url)} already (process {other.pid} of "
            f"{text.clean(other.host)}): guard rules look at the requests of each router alone"
        )
    config, project = workspace.config, workspace.project
    workspace.close()

    def serving(part: Part) -> tuple[str, ...]:
        logs = "--no-log" if part.is_shadow or is_logged is False else "--log" if is_logged else ""
        return (
            *(sys.executable, "-P", "-m", "mlops_tui", "-C", project.root, "serve", f"{model}/{part.version}"),
            *("--port", "0", "--max-body", str(max_body), "--timeout", str(timeout)),
            *("--workers", str(workers), "--log-room", str(log_room)),
            *(word for name in trust for word in ("--trust", name)),
            *((logs,) if logs else ()),
        )

    limits = Limits.of(max_body << 20, timeout)
    listening = launching.listen(host, port)
    url = launching.url(host, listening)

    def ready() -> None:
        output.say(f"routing {text.clean(model)} on {url}")
        sys.stdout.flush()

    server_log.write_to_stderr()
    with listening:
        running.run(project, config, running.Settings(model, serving, limits, token), listening, url, ready)
