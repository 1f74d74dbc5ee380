"""``mlops-tui import``: takes over runs from other tools' stores."""

from __future__ import annotations

import os
import sys
from typing import TYPE_CHECKING

import click

from mlops_tui.cli import output, text
from mlops_tui.cli.parameters import dry_run_option, import_kind_option, json_option
from mlops_tui.cli.workspace import Workspace

if TYPE_CHECKING:
    from mlops_tui.interop.importing import Report

_SHOWN_PROBLEMS = 20


@click.command("import")
@click.argument("path", type=click.Path())
@import_kind_option
@click.option("--experiment", default="", metavar="NAME", help="Put all runs into this experiment.")
@click.option(
    "--artifacts",
    "roots",
    multiple=True,
    metavar="DIR",
    type=click.Path(exists=True, file_okay=False),
    help="Copy artifacts that lie in this folder too; may be repeated.",
)
@click.option("--no-artifacts", is_flag=True, help="Copy no files.")
@dry_run_option
@json_option
@click.pass_obj
def command(
    workspace: Workspace,
    path: str,
    kind: str,
    experiment: str,
    roots: tuple[str, ...],
    no_artifacts: bool,
    dry_run: bool,
    as_json: bool,
) -> int:
    """Take over runs from another tool's store.

    PATH is MLflow's mlflow.db or mlruns/, W&B's wandb/, a TensorBoard log directory, trackio's or DVCLive's folder, an
    Optuna storage, or a directory with one of them. What is there already is not taken over twice: another import
    brings what is new. Nothing is written to PATH.
    """
    from mlops_tui.interop import importing, kinds
    from mlops_tui.interop.source import Problems

    problems = Problems()
    source = kinds.open_source(path, problems, kind, tuple(map(os.path.abspath, roots)))
    options = importing.Options(experiment, dry_run, 0 if no_artifacts else None)
    store = workspace.find() if dry_run else workspace.create()
    with Progress(source.count) as progress:
        report = importing.take_over(store, source, problems, options, progress.show)
    if as_json:
        output.write_json(report)
    else:
        _tell(report)
    return 0 if report.is_complete else 1


class Progress:
    """One line on a terminal that counts the runs; nothing elsewhere."""

    def __init__(self, count: int | None) -> None:
        self._of = f" of {count:,}" if count is not None else ""
        self._is_shown = sys.stderr.isatty()

    def __enter__(self) -> Progress:
        return self

    def show(self, report: Report) -> None:
        """Draws it anew."""
        if self._is_shown:
            sys.stderr.write(f"\r{report.runs:,}{self._of} runs")
            sys.stderr.flush()

    def __exit__(self, *_: object) -> None:
        if self._is_shown:
            sys.stderr.write("\r\x1b[K")


def _tell(report: Report) -> None:
    would = "would be " if report.is_dry_run else ""
    output.say(f"{text.clean(report.source, 500)} ({report.kind})")
    named = ", ".join(text.clean(name, 40) for name in report.experiments[:5])
    more = f" and {len(report.experiments) - 5} more" if len(report.experiments) > 5 else ""
    output.write_fields(
        [
            (
                "runs",
                f"{report.runs:,}: {report.runs_added:,} {would}new, {report.runs_changed:,} {would}changed, "
                f"{report.runs_unchanged:,} as they were",
            ),
            ("experiments", named + more),
            ("new values", f"{report.values:,}"),
            ("new files", f"{report.files:,} ({text.size(report.files_bytes)})" if report.files else ""),
        ],
        "  ",
    )
    if report.problem_count:
        output.remark(f"not read ({report.problem_count:,}):")
        for problem in report.problems[:_SHOWN_PROBLEMS]:
            output.remark(f"  {text.clean(problem.place, 300)}: {text.clean(problem.message, 300)}")
        if report.problem_count > _SHOWN_PROBLEMS:
            output.remark("  … and more; --json lists them")


__all__ = ["Progress", "command"]
