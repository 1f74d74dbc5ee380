"""``mlops-tui models``: the verbs on registered models."""

from __future__ import annotations

import click

from mlops_tui.cli import (
    model_approvals,
    model_board,
    model_cards,
    model_changes,
    model_difference,
    model_export,
    model_gates,
    model_lists,
    model_notes,
    model_past,
    model_reconcile,
    model_register,
    model_signatures,
)
from mlops_tui.cli.parameters import Noun


@click.group(cls=Noun)
def command() -> None:
    """List, register, promote and roll back models.

    VERSION is a number, an alias (champion) or a stage (production).
    """


for verb in (
    model_lists.list_,
    model_lists.show,
    model_board.board,
    model_board.history,
    model_cards.card,
    model_difference.diff,
    model_past.at,
    model_register.register,
    model_gates.gates,
    model_approvals.request,
    model_approvals.approve,
    model_approvals.reject,
    model_approvals.approvals,
    model_changes.promote,
    model_changes.rollback,
    model_changes.alias,
    model_changes.allow,
    model_reconcile.reconcile,
    model_signatures.sign,
    model_signatures.verify,
    model_signatures.keygen,
    model_export.export,
    model_notes.describe,
    model_notes.tag,
    model_notes.note,
):
    command.add_command(verb)
