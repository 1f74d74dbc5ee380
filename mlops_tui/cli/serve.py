"""``mlops-tui serve``: a model behind MLflow's scoring protocol."""

from __future__ import annotations

import logging
import os
import sys
from contextlib import AbstractContextManager, nullcontext
from typing import TYPE_CHECKING

import click

from mlops_store.errors import Refused, UsageError
from mlops_tui.cli import output, text
from mlops_tui.cli.workspace import Workspace

if TYPE_CHECKING:
    from mlops_tui.serve.app import Server
    from mlops_tui.serve.request_log import RequestLog
    from mlops_tui.serve.served import Served


@click.command()
@click.argument("model", metavar="MODEL")
@click.option("--host", default="127.0.0.1", show_default=True, metavar="H", help="Where to listen.")
@click.option("--port", default=5000, show_default=True, type=click.IntRange(0, 65535), metavar="N", help="0: any.")
@click.option("--token-file", metavar="FILE", help="The token that clients must send. [MLOPS_SERVE_TOKEN]")
@click.option(
    "--max-body", default=16, show_default=True, type=click.IntRange(1, 4096), metavar="MB", help="Of a request."
)
@click.option(
    "--timeout", default=60.0, show_default=True, type=click.FloatRange(0.001), metavar="S", help="Of a prediction."
)
@click.option("--trust", multiple=True, metavar="TYPE", help="Trust this type in the model's file; may be repeated.")
@click.option("--log/--no-log", "is_logged", default=None, help="Log requests. [where a monitor has requests = MODEL]")
@click.option(
    "--log-room", default=1024, show_default=True, type=click.IntRange(128, 1 << 20), metavar="MB", help="Of all logs."
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
    token_file: str | None,
    max_body: int,
    timeout: float,
    trust: tuple[str, ...],
    is_logged: bool | None,
    log_room: int,
    name: str | None,
    allow_pickle: bool,
    allow_source: bool,
) -> None:
    """Serve a model in MLflow's scoring protocol until it is told to end.

    MODEL is churn@production, churn/3, or a folder with a model. POST /invocations predicts; /ping, /health, /version
    and /metrics (Prometheus) tell of the server. Other addresses than this machine's own need a token.
    """
    require_server()
    from importlib.metadata import PackageNotFoundError, version

    from mlops_tui.serve import launching, served
    from mlops_tui.serve.app import Server
    from mlops_tui.serve.labels import LabelLog
    from mlops_tui.serve.requests import Limits

    token = launching.token(host, token_file)
    if os.path.isdir(model):
        found = served.from_folder(model, name, trust, allow_pickle=allow_pickle, allow_source=allow_source)
    elif allow_pickle or allow_source or name:
        raise UsageError(
            f"--name and --allow-… are for folders, and {model} is none",
            "a version has a name, and what it may run was decided when it was registered",
        )
    else:
        found = served.from_registry(workspace.store(), model, trust)
    log = _log(workspace, found, is_logged, log_room)
    listening = launching.listen(host, port)
    try:
        own = version("mlops-tui")
    except PackageNotFoundError:
        own = ""
    limits = Limits(body_bytes=max_body << 20, held_bytes=max(256, 4 * max_body) << 20, prediction_s=timeout)

    def ready() -> None:
        output.say(f"serving {text.clean(found.title)} on {launching.url(host, listening)}")
        sys.stdout.flush()

    write_log()
    label_log = None if log is None else LabelLog(workspace.project.labels_dir(found.name), log_room << 20)
    server = Server(found, own, limits, token, log, label_log)
    with _followed(workspace, model, trust, server):
        is_over = launching.run(server, listening, ready)
    if not is_over:
        os._exit(0)  # a prediction hangs, and the interpreter would wait for its thread


def _followed(
    workspace: Workspace, model: str, trust: tuple[str, ...], server: Server
) -> AbstractContextManager[object]:
    """Follows what the model's name stands for, where that can become another version."""
    workspace.close()
    if not server.served.version:
        return nullcontext()
    from mlops_store.store import Store
    from mlops_tui.serve import following

    if not following.is_followed(model):
        return nullcontext()
    path = workspace.project.store_path
    return following.Follower(lambda: Store(path, create=False), model, trust, server)


def _log(workspace: Workspace, found: Served, is_logged: bool | None, room: int) -> RequestLog | None:
    """The log of requests: where it is wanted, or a monitor waits for it."""
    wanted = any(monitor.requests == found.name for monitor in workspace.config.monitors.values())
    if not (wanted if is_logged is None else is_logged):
        return None
    from mlops_tui.config.serving import ServeConfig
    from mlops_tui.serve import redaction
    from mlops_tui.serve.redaction import Redaction
    from mlops_tui.serve.request_log import Bounds, RequestLog

    directory = workspace.project.requests_dir(found.name)
    rules = workspace.config.serve.get(found.name, ServeConfig())
    redaction.require_known(rules, found.schema, found.name)
    key = redaction.key(workspace.project.hash_key_path) if rules.hash else b""
    output.remark(f"requests are logged in {text.clean(os.path.relpath(directory))}")
    return RequestLog(directory, Bounds(kept_bytes=room << 20), Redaction(rules, key))


class _Formatter(logging.Formatter):
    """Lines without what a terminal would obey: models raise errors with whatever they were sent."""

    def format(self, record: logging.LogRecord) -> str:
        return "\n".join(text.clean_line(line) for line in super().format(record).splitlines())


def write_log() -> None:
    """What the server tells of itself goes to stderr."""
    handler = logging.StreamHandler()
    handler.setFormatter(_Formatter("%(asctime)s %(message)s"))
    logger = logging.getLogger("mlops_tui.serve")
    logger.setLevel(logging.INFO)
    logger.addHandler(handler)


def require_server() -> None:
    """Raises Refused where the packages that servers need are not there."""
    try:
        import starlette
        import uvicorn
    except ImportError as error:
        raise Refused("serving needs Starlette and uvicorn", "pip install 'mlops-tui[serve]'") from error
    del starlette, uvicorn
