"""``models sign``, ``verify`` and ``keygen``: who vouches for a version."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING, Any

import click

from mlops_store.errors import UsageError
from mlops_store.records import ModelVersion
from mlops_tui.cli import output, text
from mlops_tui.cli.model_lists import find_version
from mlops_tui.cli.parameters import dry_run_option, json_option, model_argument, reason_option
from mlops_tui.cli.table import write_table
from mlops_tui.cli.workspace import Workspace

if TYPE_CHECKING:
    from mlops_tui.registry.signing import SignatureState

key_option = click.option(
    "--key",
    type=click.Path(dir_okay=False),
    metavar="FILE",
    default="",
    help="The private key to sign with. [[signing] key in mlops.toml, or $MLOPS_SIGNING_KEY]",
)


def ask_passphrase(prompt: str) -> str:
    """The passphrase that a person types, which is not shown; "" where nobody is there to type."""
    import sys

    return str(click.prompt(prompt, hide_input=True, err=True)) if sys.stdin.isatty() else ""


@click.command()
@model_argument()
@click.argument("version")
@key_option
@reason_option
@dry_run_option
@json_option
@click.pass_obj
def sign(workspace: Workspace, model: str, version: str, key: str, reason: str, dry_run: bool, as_json: bool) -> None:
    """Sign the files of VERSION of MODEL with a private key, as model-signing (OpenSSF) does.

    The signature names the version and every file with its digest. The key stays where it is.
    """
    from mlops_tui.registry import keys, signing

    store = workspace.store()
    found = find_version(store.read(), model, version)
    path = keys.chosen(key, workspace.config.signing.key)
    if not path:
        raise UsageError("no key to sign with", "--key FILE; mlops-tui models keygen makes a pair of keys")
    opened = keys.private(path, ask_passphrase)
    if not dry_run:
        signing.sign(store, found, opened, reason=reason)
    shape = {"model": found.model, "version": found.version, "key": opened.fingerprint, "signed": not dry_run}
    if as_json:
        output.write_json(shape)
        return
    done = "would sign" if dry_run else "signed"
    output.say(f"{done} {text.clean(found.model)} version {found.version} with the key {opened.fingerprint[:12]}")


@click.command()
@model_argument(required=False)
@click.argument("version", required=False)
@click.option("-a", "--all", "everything", is_flag=True, help="All versions of all models.")
@click.option(
    "--public-key",
    "public_keys",
    type=click.Path(dir_okay=False),
    multiple=True,
    metavar="FILE",
    help="Trust this key instead of [signing] public_keys in mlops.toml; may be repeated.",
)
@json_option
@click.pass_obj
def verify(
    workspace: Workspace,
    model: str | None,
    version: str | None,
    everything: bool,
    public_keys: tuple[str, ...],
    as_json: bool,
) -> int:
    """Read the files of VERSION of MODEL and say whether a trusted key signed them as they are.

    Without VERSION, or with --all, of every version: then exits 1 where a signature is not good, or is missing in
    a stage that enforces signatures.
    """
    from mlops_store import models
    from mlops_tui.registry import signing

    if everything == (model is not None):
        raise UsageError("say which: a model, or --all", "mlops-tui models verify MODEL VERSION")
    store, config = workspace.store(), workspace.config
    db = store.read()
    chosen: list[ModelVersion]
    if model is not None and version is not None:
        chosen = [find_version(db, model, version)]
    else:
        chosen = [
            one for found in (models.all(db) if model is None else [models.get(db, model)]) for one in found.versions
        ]
    states = [(one, signing.state(db, config, one, paths=public_keys, objects_dir=store.objects_dir)) for one in chosen]
    if as_json:
        output.write_json_lines(shape(one, state) for one, state in states)
    elif states:
        rows = [
            (one.model, str(one.version), one.stage, state.state, state.message, _when(state)) for one, state in states
        ]
        write_table(("model", "version", "stage", "signature", "what was found", "signed"), rows, right=("version",))
    else:
        output.remark("no versions")
    if version is not None:
        return int(not states[0][1].is_valid)
    return int(
        any(
            state.state not in ("valid", "unsigned")
            or (state.state == "unsigned" and config.signing_policy(one.stage) == "enforce")
            for one, state in states
        )
    )


def shape(version: ModelVersion, state: SignatureState) -> dict[str, Any]:
    """What ``verify --json`` prints of a version."""
    return {
        "model": version.model,
        "version": version.version,
        "stage": version.stage,
        "state": state.state,
        "message": state.message,
        "key": state.key or None,
        "key_name": state.key_name or None,
        "signed_at": state.signed_at or None,
        "signed_by": state.signed_by or None,
    }


def _when(state: SignatureState) -> str:
    return text.moment(state.signed_at) if state.signed_at else "-"


@click.command()
@click.argument("file", type=click.Path(dir_okay=False), metavar="FILE")
@click.option("-p", "--passphrase", "has_passphrase", is_flag=True, help="Ask for a passphrase, and encrypt the key.")
@json_option
@click.pass_obj
def keygen(workspace: Workspace, file: str, has_passphrase: bool, as_json: bool) -> None:
    """Make a pair of keys: the private one in FILE (mode 0600), the public one in FILE.pub.

    The passphrase may also stand in $MLOPS_SIGNING_PASSPHRASE.
    """
    from mlops_tui.registry import keys

    passphrase = ""
    if has_passphrase:
        passphrase = os.environ.get(keys.PASSPHRASE_VARIABLE, "") or str(
            click.prompt("Passphrase", hide_input=True, confirmation_prompt=True, err=True)
        )
    made = keys.make(os.path.expanduser(file), passphrase)
    if as_json:
        output.write_json({"key": file, "public_key": made.path, "fingerprint": made.fingerprint})
        return
    output.say(f"made {text.clean(file)} (private, keep it) and {text.clean(made.path)}, key {made.fingerprint[:12]}")
    root = os.path.realpath(workspace.project.root)
    if os.path.commonpath((os.path.realpath(file), root)) == root:
        output.remark("the private key lies in the project: keep it out of Git, or better elsewhere")
