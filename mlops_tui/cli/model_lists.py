"""``models list`` and ``show``: reading the registry."""

from __future__ import annotations

import sqlite3
from collections.abc import Mapping
from typing import TYPE_CHECKING

import click

from mlops_store.records import ModelVersion, RegisteredModel
from mlops_tui.cli import output, shapes, text
from mlops_tui.cli.parameters import json_option, model_argument
from mlops_tui.cli.table import write_table
from mlops_tui.cli.workspace import Workspace
from mlops_tui.registry.formats import kinds

if TYPE_CHECKING:
    from mlops_tui.registry.signing import SignatureState
    from mlops_tui.registry.version_details import VersionDetails


def find_version(db: sqlite3.Connection, model: str, version: str) -> ModelVersion:
    """The version of a model that a person means by '3', 'v3', 'champion', '@champion' or 'production'.

    A number is a version; with an @ before it, it is an alias first.

    Raises:
        NotFound: No such model or version.
    """
    from mlops_store import models

    if version.startswith("@"):
        return models.resolve(db, f"{model}{version}")
    number = version.lower().removeprefix("v")
    return models.resolve(db, f"{model}/{int(number)}" if number.isdecimal() else f"{model}@{version}")


@click.command("list")
@json_option
@click.pass_obj
def list_(workspace: Workspace, as_json: bool) -> None:
    """List the registered models with their versions and stages."""
    from mlops_store import model_signatures, models

    store = workspace.find()
    found = [] if store is None else models.all(store.read())
    signed = {} if store is None else model_signatures.signed(store.read())
    if as_json:
        output.write_json_lines(shapes.model(model, signed) for model in found)
    elif found:
        rows = [_row(version, signed) for model in found for version in model.versions]
        write_table(
            ("model", "version", "stage", "aliases", "format", "signed", "run", "made", "by"), rows, right=("version",)
        )
    else:
        output.remark("no models; mlops-tui models register MODEL RUN makes one")


def _row(version: ModelVersion, signed: Mapping[tuple[str, int], str]) -> tuple[str, ...]:
    return (
        version.model,
        str(version.version),
        version.stage,
        ", ".join(version.aliases),
        f"{version.flavor} (!)" if kinds.runs(version.flavor) else version.flavor,
        signed.get((version.model, version.version), "-")[:12],
        text.short(version.run_id) if version.run_id else "-",
        text.moment(version.created_at),
        version.created_by,
    )


@click.command()
@model_argument()
@click.argument("version", required=False)
@json_option
@click.pass_obj
def show(workspace: Workspace, model: str, version: str | None, as_json: bool) -> None:
    """Show a model, or one of its versions: where it came from, what gates found, what people said."""
    from mlops_store import model_signatures, models
    from mlops_tui.registry import signing, version_details

    db = workspace.store().read()
    if version is None and "/" not in model and "@" not in model:
        found = models.get(db, model)
        signed = model_signatures.signed(db, model)
        output.write_json(shapes.model(found, signed)) if as_json else _write_model(found, signed)
        return
    chosen = models.resolve(db, model) if version is None else find_version(db, model, version)
    state = signing.state(db, workspace.config, chosen)
    details = version_details.read(workspace.store(), workspace.config, chosen.model, chosen.version)
    if as_json:
        shape = shapes.version_details(details, state.key or None)
        output.write_json({**shape, "signature": {"state": state.state, "message": state.message}})
    else:
        _write_version(chosen, state)
        _write_said(details)


def _write_model(model: RegisteredModel, signed: Mapping[tuple[str, int], str]) -> None:
    output.write_fields(
        [("model", model.name), ("description", model.description), ("made", text.moment(model.created_at))]
    )
    output.say()
    rows = [_row(version, signed)[1:] for version in model.versions]
    write_table(("version", "stage", "aliases", "format", "signed", "run", "made", "by"), rows, right=("version",))


def _write_version(version: ModelVersion, state: SignatureState) -> None:
    lineage = version.lineage
    output.write_fields(
        [
            ("model", version.model),
            ("version", str(version.version)),
            ("stage", version.stage),
            ("aliases", ", ".join(version.aliases)),
            ("description", version.description),
            ("format", version.flavor),
            ("warning", kinds.mark(version.flavor)),
            ("size", text.size(version.size_bytes)),
            ("digest", version.digest),
            ("signed", "no" if state.state == "unsigned" else f"{state.state}: {state.message}"),
            ("source", version.source),
            ("parent", f"version {version.parent}" if version.parent else ""),
            ("made", f"{text.moment(version.created_at)} by {version.created_by}"),
            ("run", version.run_id or ""),
            ("commit", str(lineage.get("git_commit") or "")),
            ("python", str(lineage.get("python_version") or "")),
            ("packages", str(lineage.get("packages_digest") or "")[:12]),
        ]
    )
    used = lineage.get("datasets")
    if isinstance(used, list) and used:
        output.say("\ndata")
        output.write_fields(
            (
                (str(one.get("name", "")), f"{str(one.get('digest', ''))[:12]} {one.get('context', '')}")
                for one in used
                if isinstance(one, dict)
            ),
            indent="  ",
        )
    for part, values in (
        ("metrics", lineage.get("metrics")),
        ("params", lineage.get("params")),
        ("tags", version.tags),
    ):
        if isinstance(values, dict) and values:
            output.say(f"\n{part}")
            shown = {
                key: text.number(value) if isinstance(value, float) else str(value) for key, value in values.items()
            }
            output.write_fields(sorted(shown.items()), indent="  ")


def _write_said(details: VersionDetails) -> None:
    """What gates found, where approvals stand, and what people noted down."""
    gates = [
        (f"{one.gate} ({one.stage})", f"{one.verdict.state}: {one.verdict.message}")
        for one in details.gates
        if one.verdict is not None
    ]
    approvals = [(one.stage, one.message) for one in details.rounds]
    notes = [(f"{text.moment(note.created_at)} {note.author}", note.body) for note in details.notes]
    for part, said in (("gates", gates), ("approvals", approvals), ("notes", notes)):
        if said:
            output.say(f"\n{part}")
            output.write_fields(said, indent="  ")
