"""``mlops-tui demo``: writes the sample project and runs it, in the dashboard or without a terminal."""

from __future__ import annotations

from typing import TYPE_CHECKING

import click

from mlops_store.errors import UsageError
from mlops_tui.cli import output, shapes, text
from mlops_tui.cli.dashboard import open_on, require_terminal
from mlops_tui.cli.environment import prefer_own_interpreter
from mlops_tui.cli.parameters import json_option
from mlops_tui.demo.template import DEFAULT_DIRECTORY, write
from mlops_tui.project import Project

if TYPE_CHECKING:
    from mlops_tui.demo.headless import Summary


@click.command()
@click.argument("directory", default=DEFAULT_DIRECTORY, type=click.Path(file_okay=False))
@click.option("--headless", is_flag=True, help="Run, promote and check for drift without a terminal, then summarize.")
@json_option
def command(directory: str, headless: bool, as_json: bool) -> None:
    """Write a small project with real data into DIRECTORY and run it.

    Breast cancer measurements, three model families, one registry, batches that arrive and drift. The dashboard opens
    on it; promote the model to production there and the batches begin to arrive. DIRECTORY is ./mlops-demo by default
    and must be empty, missing or a demo.
    """
    if headless:
        _play(directory, as_json)
    elif as_json:
        raise UsageError("--json needs --headless", "mlops-tui demo --headless --json")
    else:
        _show(directory)


def _show(directory: str) -> None:
    require_terminal()
    project = write(directory)
    prefer_own_interpreter(project)
    _start(project)
    click.get_current_context().exit(open_on(project))


def _start(project: Project) -> None:
    """Starts the pipeline, unless it runs already, and the delivery of batches, both outliving the dashboard."""
    from mlops_store import pipelines
    from mlops_store.store import Store
    from mlops_tui import pipeline
    from mlops_tui.demo import delivery

    with Store(project.store_path) as store:
        pipeline.recover(project, store)
        is_running = bool(pipelines.live(store.read()))
    if not is_running:
        pipeline.start(project, jobs=2)
    delivery.start(project)


def _play(directory: str, as_json: bool) -> None:
    from mlops_tui.demo.headless import play

    project = write(directory, pace_s=0.0)
    prefer_own_interpreter(project)
    summary = play(project, lambda line: output.remark(text.clean(line, 1000)))
    if as_json:
        _write_json(summary)
    else:
        _write(summary)


def _write_json(summary: Summary) -> None:
    output.write_json(
        {
            "root": summary.root,
            "duration_s": round(summary.duration_s, 3),
            "pipeline": shapes.pipeline_run(summary.pipeline, summary.pipeline.started_at),
            "version": shapes.model_version(summary.version, None),
            "reports": [shapes.report(report) for report in summary.reports],
            "alerts": [shapes.alert(alert) for alert in summary.alerts],
        }
    )


def _write(summary: Summary) -> None:
    version = summary.version
    output.write_fields(
        [
            ("project", summary.root),
            ("pipeline", f"{summary.pipeline.state}, {text.count(len(summary.pipeline.stages), 'stage')}"),
            ("model", f"{version.model} version {version.version} in {version.stage}"),
            ("batches", ", ".join(f"{report.batch} {report.status}" for report in summary.reports)),
            ("alerts", "; ".join(f"{alert.severity}: {alert.title}" for alert in summary.alerts) or "none"),
            ("took", text.duration(summary.duration_s)),
        ]
    )
    output.say(f"\nlook at it: mlops-tui {text.clean(summary.root, 1000)}")
