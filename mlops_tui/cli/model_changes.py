"""``models promote``, ``rollback``, ``alias`` and ``allow``: what changes the registry."""

from __future__ import annotations

from contextlib import nullcontext
from typing import TYPE_CHECKING

import click

from mlops_store.errors import UsageError
from mlops_store.records import StageChange
from mlops_tui import strict_json
from mlops_tui.cli import model_gates, monitoring, output, text
from mlops_tui.cli.model_lists import find_version
from mlops_tui.cli.model_signatures import ask_passphrase, key_option
from mlops_tui.cli.parameters import (
    dry_run_option,
    json_option,
    model_argument,
    reason_option,
)
from mlops_tui.cli.table import write_table
from mlops_tui.cli.workspace import Workspace

if TYPE_CHECKING:
    from mlops_store.store import Store
    from mlops_tui.registry.stages import Promotion


@click.command()
@model_argument()
@click.argument("version")
@click.option("--to", "to_stage", metavar="STAGE", help="The stage to go to. [the next one]")
@click.option(
    "--override", default="", metavar="WHY", help="Go there though gates refuse; WHY is kept in the audit log."
)
@key_option
@reason_option
@click.option("--no-monitor", is_flag=True, help="Add no monitor of the model to mlops.toml.")
@dry_run_option
@json_option
@click.pass_obj
def promote(
    workspace: Workspace,
    model: str,
    version: str,
    to_stage: str | None,
    override: str,
    key: str,
    reason: str,
    no_monitor: bool,
    dry_run: bool,
    as_json: bool,
) -> int:
    """Move VERSION of MODEL to the next stage, or to the one named, if the gates of that stage let it pass.

    Where that stage asks for a signature ([signing] in mlops.toml), an unsigned version is signed on its way. A model
    that has a version in charge for the first time gets a monitor in mlops.toml, unless one is about it.
    """
    from mlops_tui.registry import stages
    from mlops_tui.registry.gates import check

    store, config = workspace.store(), workspace.config
    number = find_version(store.read(), model, version).version
    if not dry_run:
        change = stages.promote(
            store, config, model, number, to_stage, reason=reason, override=override, key=key, ask=ask_passphrase
        )
        _write_change(store, change, as_json)
        if not no_monitor:
            monitoring.begin_in_charge(workspace, change)
        return 0
    promotion = stages.preview(store.read(), config, model, number, to_stage, key=key)
    stages.require_files(store, config, promotion)
    verdicts = (
        check.check(store, config, model, number, promotion.to_stage) if stages.is_guarded(promotion, config) else ()
    )
    if as_json:
        output.write_json({**strict_json.plain(promotion), "gates": [verdict._asdict() for verdict in verdicts]})
    else:
        _write_preview(promotion, as_json)
        if verdicts:
            output.say()
            model_gates.write(verdicts)
    return int(bool(check.refused(verdicts)) and not override)


@click.command()
@model_argument()
@click.option("--stage", default="production", show_default=True, metavar="STAGE", help="The stage to roll back.")
@key_option
@reason_option
@dry_run_option
@json_option
@click.pass_obj
def rollback(workspace: Workspace, model: str, stage: str, key: str, reason: str, dry_run: bool, as_json: bool) -> None:
    """Put the version that a stage held before back into it."""
    from mlops_tui.registry import stages

    store = workspace.store()
    if dry_run:
        promotion = stages.preview_rollback(store.read(), workspace.config, model, stage, key=key)
        stages.require_files(store, workspace.config, promotion)
        _write_preview(promotion, as_json)
    else:
        change = stages.rollback(store, workspace.config, model, stage, reason=reason, key=key, ask=ask_passphrase)
        _write_change(store, change, as_json)


def _write_preview(promotion: Promotion, as_json: bool) -> None:
    if as_json:
        output.write_json(promotion)
        return
    output.say("nothing is changed; it would be:")
    for line in (*promotion.consequences, *(f"warning: {warning}" for warning in promotion.warnings)):
        output.say(f"  {text.clean(line, 1000)}")
    if promotion.metrics:
        output.say()
        rows = [(row[0], *map(text.number, row[1:])) for row in promotion.metrics]
        write_table(("metric", "candidate", "holder"), rows, right=("candidate", "holder"))


def _write_change(store: Store, change: StageChange, as_json: bool) -> None:
    if as_json:
        output.write_json(change)
    else:
        name = text.clean(change.model)
        output.say(f"{name} version {change.version}: {change.from_stage} -> {change.to_stage} ({change.kind})")
    from mlops_store import audit, events

    db = store.read()
    entry = audit.find(db, change.audit_id)
    signature = entry.after.get("signature", "valid") if entry is not None else "valid"
    if signature != "valid":
        output.remark(f"warning: {change.to_stage} asks for a signature, and that of the version is {signature}")
    newest = events.newest(db, 1)
    if newest and newest[0].kind == "model.pending" and newest[0].subject == f"model:{change.model}":
        output.remark(f"warning: {text.clean(newest[0].message, 1000)}")


@click.command()
@model_argument()
@click.argument("alias")
@click.argument("version", required=False)
@click.option("-r", "--remove", is_flag=True, help="Take the alias away.")
@json_option
@click.pass_obj
def alias(workspace: Workspace, model: str, alias: str, version: str | None, remove: bool, as_json: bool) -> None:
    """Let ALIAS name VERSION of MODEL, moving it when it names another."""
    from mlops_store import models
    from mlops_tui.registry import aliases

    if remove == (version is not None):
        raise UsageError("an alias needs a version, or --remove", "mlops-tui models alias MODEL ALIAS VERSION")
    store = workspace.store()
    if version is None:
        aliases.remove(store, model, alias)
    else:
        aliases.check(workspace.config.registry, alias)
        aliases.set(store, model, alias, find_version(store.read(), model, version).version)
    kept = models.get(store.read(), model).aliases
    if as_json:
        output.write_json({"model": model, "aliases": kept})
    else:
        output.write_fields((f"@{name}", f"version {number}") for name, number in sorted(kept.items()))


@click.command()
@model_argument()
@click.argument("version")
@click.argument("what", type=click.Choice(["pickle", "source"]))
@reason_option
@dry_run_option
@json_option
@click.pass_obj
def allow(workspace: Workspace, model: str, version: str, what: str, reason: str, dry_run: bool, as_json: bool) -> None:
    """Let VERSION of MODEL run the pickle or source code that it brings along whenever it is loaded.

    For versions that MLflow's clients registered: do so when you know where the model comes from.
    """
    from mlops_tui.registry import holdings

    store = workspace.store()
    number = find_version(store.read(), model, version).version
    with store.trial() if dry_run else nullcontext():
        holdings.allow(store, model, number, what, reason=reason)
    if as_json:
        output.write_json({"model": model, "version": number, "allowed": what, "dry_run": dry_run})
    else:
        output.say(f"{text.clean(model)} version {number} {'could' if dry_run else 'may'} run its {what}")
