"""``mlops-tui load``: how a model server bears what was asked before."""

from __future__ import annotations

import os

import click

from mlops_store.errors import UsageError
from mlops_tui.cli import output, text
from mlops_tui.cli.listening import require_server
from mlops_tui.cli.parameters import json_option
from mlops_tui.cli.workspace import Workspace


@click.command()
@click.argument("url", metavar="URL")
@click.option("--log", "log_directory", metavar="DIR", help="A log of requests: .mlops/requests/MODEL.")
@click.option("--rows", "file", metavar="FILE", help="A table instead: CSV, Parquet or JSON lines.")
@click.option("--rate", default=0.0, type=click.FloatRange(0), metavar="R", help="Requests a second. [all it can]")
@click.option("--concurrency", default=8, show_default=True, type=click.IntRange(1, 2000), metavar="N")
@click.option(
    "--duration", default=10.0, show_default=True, type=click.FloatRange(0.01, 86400), metavar="S", help="In seconds."
)
@click.option("--token-file", metavar="FILE", help="The token to send. [MLOPS_SERVE_TOKEN]")
@json_option
@click.pass_context
def command(
    context: click.Context,
    url: str,
    log_directory: str | None,
    file: str | None,
    rate: float,
    concurrency: int,
    duration: float,
    token_file: str | None,
    as_json: bool,
) -> None:
    """Ask a model server again what was asked before, and tell how it bore that.

    URL is its address, as http://127.0.0.1:5000. Each row is a request of its own. With --rate they are due at fixed
    moments, and their time counts from then. Ends with 1 when a request was not answered with 200.
    """
    require_server()
    from mlops_tui.drift import batches
    from mlops_tui.serve import launching, replay

    if (log_directory is None) == (file is None):
        raise UsageError("what to ask is in one place: --log DIR or --rows FILE", "--log .mlops/requests/MODEL")
    token = launching.token("127.0.0.1", token_file)
    workspace: Workspace = context.obj
    if log_directory is not None:
        bodies = replay.of_log(os.path.join(workspace.start, log_directory))
    else:
        assert file is not None
        bodies = replay.of_frame(batches.read(os.path.join(workspace.start, file), file).frame)
    found = replay.run(url, bodies, replay.Plan(rate, concurrency, duration), token)
    times = {f"p{share}": found.percentile_s(share) for share in replay.PERCENTILES} | {"max": found.percentile_s(100)}
    failed = sum(found.errors.values())
    if as_json:
        output.write_json(
            {
                "requests": found.requests,
                "duration_s": found.duration_s,
                "rate": found.rate,
                "latency_s": times,
                "failed": failed,
                "errors": found.errors,
                "messages": found.messages,
                "is_cut_short": found.is_cut_short,
                "versions": found.versions,
            }
        )
    else:
        latency = ", ".join(f"{name} {time_s * 1e3:.2f} ms" for name, time_s in times.items() if time_s is not None)
        output.write_fields(
            (
                ("requests", f"{found.requests:,} in {found.duration_s:.1f} s, {found.rate:,.0f} a second"),
                ("latency", latency),
                ("versions", ", ".join(f"{name}: {count:,}" for name, count in sorted(found.versions.items()))),
                ("failed", f"{failed:,}"),
            )
        )
        for what, count in sorted(found.errors.items()):
            said = found.messages.get(what, "")
            output.say(f"  {text.clean(what)}: {count:,}{f', at first: {text.clean(said, 300)}' if said else ''}")
        if found.is_cut_short:
            output.say("  the server was gone, and was asked no further")
    if failed or not found.requests:
        context.exit(1)
