"""``models at``: which version stood where at another time."""

from __future__ import annotations

import re

import click

from mlops_store.errors import NotFound, nearest
from mlops_tui.cli import output, text
from mlops_tui.cli.parameters import MOMENT, json_option, model_argument
from mlops_tui.cli.table import write_table
from mlops_tui.cli.workspace import Workspace


class _At(click.Command):
    """Takes ``-7d`` for a time rather than for options."""

    def parse_args(self, ctx: click.Context, args: list[str]) -> list[str]:
        """Reads the words after the verb."""
        words = [f"{word[1:]} ago" if re.match(r"-\d", word) else word for word in args]
        return super().parse_args(ctx, words)


@click.command(cls=_At)
@click.argument("when", metavar="WHEN", type=MOMENT)
@model_argument(required=False)
@click.option("--stage", metavar="STAGE", help="Only what stood in this stage.")
@json_option
@click.pass_obj
def at(workspace: Workspace, when: float, model: str | None, stage: str | None, as_json: bool) -> None:
    """Show which version stood in which stage at WHEN, of one model or of all.

    WHEN is a date (2026-11-03: its end), a date and time ('2026-11-03 14:05'), or how long ago (-7d, '2h ago').
    """
    from mlops_store import models, standings

    store = workspace.find()
    found = []
    if store is not None:
        db = store.read()
        if model is not None:
            models.get(db, model)  # an unknown name is an error, not an empty list
        found = standings.after(db, standings.entry_at(db, when), model=model)
    if stage is not None:
        known = {*workspace.config.registry.stages, *(standing.stage for standing in found)}
        if stage not in known:
            raise NotFound(f"no stage is called {stage!r}", nearest(stage, known))
        found = [standing for standing in found if standing.stage == stage]
    if as_json:
        output.write_json_lines(standing._asdict() for standing in found)
    elif found:
        rows = [
            (
                standing.model,
                str(standing.version),
                standing.stage,
                ", ".join(standing.aliases),
                text.moment(standing.since),
                standing.actor,
                standing.reason,
            )
            for standing in found
        ]
        write_table(("model", "version", "stage", "aliases", "since", "by", "reason"), rows, right=("version",))
    else:
        output.remark(f"nothing stood {f'in {stage} ' if stage else ''}at {text.moment(when)}")
