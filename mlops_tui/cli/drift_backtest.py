"""``mlops-tui drift backtest``: how many incidents there would have been under other settings."""

from __future__ import annotations

import os
from dataclasses import asdict
from typing import TYPE_CHECKING

import click

from mlops_store.errors import UsageError
from mlops_tui.cli import output, text
from mlops_tui.cli.parameters import NUMBER, dry_run_option, json_option
from mlops_tui.cli.table import write_table
from mlops_tui.cli.workspace import Workspace

if TYPE_CHECKING:
    from mlops_tui.drift.incidents.trials import Trial

#: Windows of the course that a table shows.
_SHOWN = 40


@click.command("backtest")
@click.option("-m", "--monitor", metavar="NAME", help="The monitor. [the only one]")
@click.option("-n", "--last", type=NUMBER, default=100, show_default=True, metavar="N", help="So many windows.")
@click.option("--set", "settings", multiple=True, metavar="KEY=VALUE", help="A setting to try; may be repeated.")
@click.option("--save", is_flag=True, help="Write the settings to mlops.toml, whose comments stay.")
@dry_run_option
@json_option
@click.pass_obj
def backtest(
    workspace: Workspace,
    monitor: str | None,
    last: int,
    settings: tuple[str, ...],
    save: bool,
    dry_run: bool,
    as_json: bool,
) -> None:
    """Replay the last windows under other settings, and say how many incidents there would have been.

    Without --set the usual rules for opening an incident are compared. What can be tried: alert, mute, columns, ignore,
    thresholds and drift_share, as in --set alert="2 of 3" or --set thresholds.psi=0.2; and, from the profiles that were
    kept of windows, methods and reference, as in --set methods.age=psi or --set reference="{ last = 7 }".
    """
    from mlops_tui.config import editing
    from mlops_tui.drift.incidents import trials

    if save and not settings:
        raise UsageError("--save needs the settings to save", 'for example --set alert="2 of 3"')
    name = trials.chosen(workspace.config, monitor).name
    before = editing.read(workspace.project)
    made = trials.run(workspace.project, workspace.store(), before, name, settings, last=last)
    if as_json:
        output.write_json_lines({"settings": trial.label, **asdict(trial.result)} for trial in made)
    else:
        _write(made)
    if save and not dry_run:
        editing.replaced(workspace.project, before, made[-1].text)
    if save:
        word = "would be saved" if dry_run else "saved"
        where = os.path.basename(workspace.project.config_path)
        output.remark(f"{', '.join(map(text.clean, settings))}: {word} to {where}")


def _write(made: list[Trial]) -> None:
    rows = [
        (
            trial.label or "as it is",
            str(trial.result.incidents),
            str(trial.result.told),
            str(trial.result.alerts),
            f"{trial.result.alerted_windows} of {trial.result.windows}",
            str(trial.result.flapping),
            str(trial.result.muted),
            trial.result.course[-_SHOWN:],
        )
        for trial in made
    ]
    titles = ("settings", "incidents", "told", "alerts", "windows with any", "flapping", "muted", "newest windows")
    write_table(titles, rows, right=titles[1:7])
    output.remark("t: told, o: goes on, p: pending or muted, ?: unreadable")
