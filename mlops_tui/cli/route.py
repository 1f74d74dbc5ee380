"""``mlops-tui route``: one port in front of the versions of a model."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING

import click

from mlops_tui.cli import output, text
from mlops_tui.cli.parameters import model_argument
from mlops_tui.cli.serve import require_server
from mlops_tui.cli.workspace import Workspace

if TYPE_CHECKING:
    from mlops_tui.serve.router.arms import Part


@click.command()
@model_argument()
@click.option("--host", default="127.0.0.1", show_default=True, metavar="H", help="Where to listen.")
@click.option("--port", default=5000, show_default=True, type=click.IntRange(0, 65535), metavar="N", help="0: any.")
@click.option(
    "--workers",
    default=1,
    show_default=True,
    type=click.IntRange(1, 64),
    metavar="N",
    help="Processes of each version.",
)
@click.option("--token-file", metavar="FILE", help="The token that clients must send. [MLOPS_SERVE_TOKEN]")
@click.option(
    "--max-body", default=16, show_default=True, type=click.IntRange(1, 4096), metavar="MB", help="Of a request."
)
@click.option(
    "--timeout", default=60.0, show_default=True, type=click.FloatRange(0.001), metavar="S", help="Of a prediction."
)
@click.option("--trust", multiple=True, metavar="TYPE", help="Trust this type in models' files; may be repeated.")
@click.option("--log/--no-log", "is_logged", default=None, help="Log requests. [where a monitor has requests = MODEL]")
@click.option(
    "--log-room", default=1024, show_default=True, type=click.IntRange(128, 1 << 20), metavar="MB", help="Of all logs."
)
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
    from mlops_store import models
    from mlops_tui.serve import launching, server_log
    from mlops_tui.serve.requests import Limits
    from mlops_tui.serve.router import running

    token = launching.token(host, token_file)
    models.get(workspace.store().read(), model)
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

    limits = Limits(body_bytes=max_body << 20, held_bytes=max(256, 4 * max_body) << 20, prediction_s=timeout)
    listening = launching.listen(host, port)
    url = launching.url(host, listening)

    def ready() -> None:
        output.say(f"routing {text.clean(model)} on {url}")
        sys.stdout.flush()

    server_log.write_to_stderr()
    with listening:
        running.run(project, config, running.Settings(model, serving, limits, token), listening, url, ready)
