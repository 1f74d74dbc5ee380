"""``models board`` and ``models history``: the registry stage by stage, and act by act."""

from __future__ import annotations

from typing import TYPE_CHECKING

import click

from mlops_tui.cli import output, text
from mlops_tui.cli.parameters import MOMENT, json_option, model_argument
from mlops_tui.cli.table import write_table
from mlops_tui.cli.workspace import Workspace

if TYPE_CHECKING:
    from collections.abc import Iterator

    from mlops_tui.registry.acts import Act
    from mlops_tui.registry.boards import BoardCard

#: What ``models history --kind`` takes: the keys of ``timeline.KINDS``.
_KINDS = ("stages", "approvals", "gates", "overrides", "rollbacks", "aliases", "traffic")


@click.command()
@click.argument("words", nargs=-1, metavar="[WORD]...")
@click.option("-n", "--limit", type=click.IntRange(0), default=20, show_default=True, help="At most so many a stage.")
@json_option
@click.pass_obj
def board(workspace: Workspace, words: tuple[str, ...], limit: int, as_json: bool) -> None:
    """Show which versions are in each stage, and how far each is on its way to the next.

    WORDs narrow it to models whose name or alias has each of them in it.
    """
    from mlops_tui.registry import boards

    store, config = workspace.find(), workspace.config
    found = []
    if store is not None:
        with store.snapshot() as db:
            columns = boards.columns(db, config, [word.lower() for word in words])
            found = [(column, boards.read(db, config, column.numbers[:limit])) for column in columns]
    if as_json:
        output.write_json_lines(
            {"stage": column.stage, "is_known": column.is_known, "count": len(column.numbers), "cards": cards}
            for column, cards in found
        )
        return
    rows = [_row(card) for _, cards in found for card in cards]
    if not rows:
        output.remark("no versions" + (f" of {' '.join(words)}" if words else ""))
        return
    write_table(
        ("stage", "model", "version", "aliases", "metric", "value", "since", "gates", "approval"),
        rows,
        right=("version", "value"),
    )
    for column, cards in found:
        if len(cards) < len(column.numbers):
            output.remark(
                f"{len(column.numbers) - len(cards):,} more in {text.clean(column.stage)}: --limit shows more"
            )
        if not column.is_known:
            output.remark(f"the stage {text.clean(column.stage)} is no longer configured: promote what is in it")


def _row(card: BoardCard) -> tuple[str, ...]:
    gates = card.gates_passed + card.gates_failed + card.gates_open
    return (
        card.stage,
        card.model,
        str(card.version),
        ", ".join(card.aliases),
        card.metric,
        text.number(card.value),
        text.moment(card.since),
        f"{card.gates_passed}/{gates} for {card.next_stage}" if gates else "",
        card.approval,
    )


@click.command()
@model_argument(required=False)
@click.option("--kind", type=click.Choice(_KINDS), help="Only acts of this kind.")
@click.option(
    "--find", "words", multiple=True, metavar="WORD", help="Only acts that have WORD in them; may be repeated."
)
@click.option("--since", type=MOMENT, help="Only from then on.")
@click.option("--until", type=MOMENT, help="Only up to then.")
@click.option("-n", "--limit", type=click.IntRange(0), default=None, metavar="N", help="At most so many. [all]")
@json_option
@click.pass_obj
def history(
    workspace: Workspace,
    model: str | None,
    kind: str | None,
    words: tuple[str, ...],
    since: float | None,
    until: float | None,
    limit: int | None,
    as_json: bool,
) -> None:
    """Show what was done to MODEL, or to all, newest first: stages, approvals, gates, overrides, rollbacks, aliases."""
    from mlops_store import models, timeline
    from mlops_tui.registry import acts

    store = workspace.find()
    entries: Iterator[Act] = iter(())
    if store is not None:
        db = store.read()
        if model is not None:
            models.identifier(db, model)  # an unknown name is an error, not an empty list
        numbers = timeline.numbers(
            db,
            model=model or "",
            kind=kind or "",
            words=[word.lower() for word in words],
            since=since,
            until=until,
            limit=-1 if limit is None else limit,
        )
        entries = map(acts.act, timeline.read(db, numbers))
    if as_json:
        output.write_json_lines(entries)
        return
    rows = [
        (
            text.moment(one.at),
            one.model,
            "" if one.version is None else str(one.version),
            one.kind,
            one.text,
            one.actor if one.origin in ("", "local") else f"{one.actor} from {one.origin}",
            one.reason,
        )
        for one in entries
    ]
    if rows:
        write_table(("time", "model", "version", "act", "what", "by", "reason"), rows, right=("version",))
    else:
        output.remark("nothing was done" + (f" to {model}" if model else ""))
