"""Who vouches for a version: signing its files with a key, and saying whether a signature is good.

What a model takes and gives is another kind of signature: see ``signatures``. How keys are opened is in ``keys``, what
a signature looks like in ``bundles``.
"""

from __future__ import annotations

import os
import shlex
import sqlite3
import time
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass

from mlops_store import audit, events, model_signatures, processes
from mlops_store.errors import MlopsError, Refused
from mlops_store.model_signatures import ModelSignature
from mlops_store.records import ModelVersion
from mlops_store.store import Store
from mlops_tui import config as configuration
from mlops_tui.config import Config
from mlops_tui.project import Project
from mlops_tui.registry import files, keys
from mlops_tui.registry.keys import Ask, PrivateKey, PublicKey


@dataclass(frozen=True, slots=True)
class SignatureState:
    """What is known of a version's signature.

    Attributes:
        state: 'valid'; 'unsigned'; 'untrusted' (signed with a key that is not among the trusted ones); 'changed'
            (files are not what was signed, or registered where nobody signed); 'other' (the signature of another
            version); 'forged' (the named key did not make it, or it is no signature); 'unchecked' (it could not be
            looked at).
        message: The same as a sentence that names the files, key or version.
        key: The fingerprint of the key; "" where there is none.
        key_name: What the trusted key is called.
        signed_at: When, Unix seconds; 0 where nobody signed.
        signed_by: The user that signed.
    """

    state: str
    message: str
    key: str = ""
    key_name: str = ""
    signed_at: float = 0.0
    signed_by: str = ""

    @property
    def is_valid(self) -> bool:
        """Whether a trusted key signed exactly these files as this version."""
        return self.state == "valid"


def state(
    db: sqlite3.Connection,
    config: Config,
    version: ModelVersion,
    *,
    paths: Collection[str] = (),
    objects_dir: str = "",
) -> SignatureState:
    """Whether a trusted key signed a version as it is.

    Args:
        db: A connection.
        config: The configuration that names the trusted keys.
        version: The version.
        paths: Files with the keys to trust instead.
        objects_dir: Where the files lie, to have them read; without, they are taken for what the version lists, which
            is enough for who reads them next.
    """
    found = model_signatures.of_version(db, version.model, version.version)
    listed = {path: str(entry["digest"]) for path, entry in version.lineage.get("files", {}).items()}
    # whether the list fits the version's digest is not asked: the signature judges it
    present = files.contents(objects_dir, listed) if objects_dir else listed
    if not found and present != listed:
        return SignatureState("changed", f"nobody has signed it, and {_differences(listed, present)}")
    if not found:
        return SignatureState("unsigned", "nobody has signed it")
    try:
        trusted = keys.trusted(paths or config.signing.public_keys)
    except MlopsError as error:
        return _state(found[0], "unchecked", f"its signature cannot be checked: {error.message}")
    states = [_checked(signature, version, trusted, present) for signature in found]
    return next((one for one in states if one.is_valid), states[0])


def _checked(
    signature: ModelSignature, version: ModelVersion, trusted: Sequence[PublicKey], present: Mapping[str, str]
) -> SignatureState:
    from mlops_tui.registry import bundles

    named = bundles.key_of(signature.bundle)
    if not named:
        return _state(signature, "forged", "what is kept as its signature is none")
    key = next((one for one in trusted if one.fingerprint == named), None)
    if key is None:
        known = ", ".join(one.name for one in trusted) or "none"
        return _state(signature, "untrusted", f"it is signed with the key {named[:12]}, which is not trusted ({known})")
    checked = bundles.check(key, signature.bundle, present)
    if not checked.is_genuine:
        return _state(signature, "forged", f"its signature was not made with the key {key.name} that it names", key)
    label = f"{version.model}/{version.version}"
    if checked.subject != label:
        return _state(signature, "other", f"its signature is that of {checked.subject}", key)
    if not checked.fits:
        differences = _differences(checked.files, present) or "other files"
        return _state(signature, "changed", f"it is not what was signed: {differences}", key)
    return _state(signature, "valid", f"signed with the key {key.name} by {signature.signed_by}", key)


def _differences(signed: Mapping[str, str], present: Mapping[str, str]) -> str:
    said = [f"{path!r} was removed" for path in sorted(signed.keys() - present.keys())]
    said += [f"{path!r} was added" for path in sorted(present.keys() - signed.keys())]
    said += [f"{path!r} was changed" for path in sorted(signed) if present.get(path, signed[path]) != signed[path]]
    return ", ".join(said[:5]) + (" …" if len(said) > 5 else "")


def _state(signature: ModelSignature, state: str, message: str, key: PublicKey | None = None) -> SignatureState:
    name = key.name if key else ""
    return SignatureState(state, message, signature.key, name, signature.signed_at, signature.signed_by)


def sign(store: Store, version: ModelVersion, key: PrivateKey, *, reason: str = "") -> ModelSignature:
    """Signs a version and keeps the signature, with an entry of the audit log.

    Raises:
        Refused: A file is gone or was changed since it was registered.
        NotFound: The version is gone.
    """
    listed = files.manifest(version.model, version.version, version.digest, version.lineage.get("files", {}))
    files.require(store, version.model, version.version, listed)
    made = _made(version, key)
    with store.write() as db:
        keep(db, version, made, reason)
    return made


def _made(version: ModelVersion, key: PrivateKey) -> ModelSignature:
    from mlops_tui.registry import bundles

    listed = {path: str(entry["digest"]) for path, entry in version.lineage.get("files", {}).items()}
    bundle = bundles.sign(key, f"{version.model}/{version.version}", listed)
    return ModelSignature(key.fingerprint, bundle, version.digest, time.time(), processes.user())


def keep(db: sqlite3.Connection, version: ModelVersion, made: ModelSignature, reason: str = "") -> None:
    """Keeps a signature in the caller's transaction, with an entry of the audit log.

    Raises:
        NotFound: The version is gone.
    """
    model_signatures.add(db, version.model, version.version, made)
    subject = f"model:{version.model}/{version.version}"
    after = {"key": made.key, "digest": made.digest}
    entry = audit.append(db, action="signature.add", subject=subject, after=after, reason=reason, at=made.signed_at)
    message = f"{version.model} version {version.version} signed with the key {made.key[:12]} (by {entry.actor})"
    events.add(db, entry.action, subject, message, at=made.signed_at)


@dataclass(frozen=True, slots=True)
class Plan:
    """What going to a stage asks of a version's signature.

    Attributes:
        policy: 'warn' or 'enforce'.
        state: The signature as it is.
        key: The private key that will sign the version on its way; "" where it is signed, or cannot be.
    """

    policy: str
    state: SignatureState
    key: str = ""


def plan(db: sqlite3.Connection, config: Config, version: ModelVersion, stage: str, *, key: str = "") -> Plan | None:
    """What going to a stage asks; None where it asks for nothing.

    A version without a signature that is trusted gets one on its way where there is a key. Files that are not what was
    signed are never signed anew that way.

    Args:
        db: A connection.
        config: The configuration.
        version: The version.
        stage: Where it is to go.
        key: The private key named by the person.

    Raises:
        Refused: The stage enforces signatures, and the version will have none that is valid.
    """
    policy = config.signing_policy(stage)
    if policy == "off":
        return None
    found = state(db, config, version)
    signer = keys.chosen(key, config.signing.key) if found.state in ("unsigned", "untrusted") else ""
    if policy == "enforce" and not found.is_valid and not signer:
        raise _refused(version, stage, found)
    return Plan(policy, found, signer)


def sign_for(
    db: sqlite3.Connection, config: Config, version: ModelVersion, stage: str, *, key: str = "", ask: Ask | None = None
) -> tuple[ModelSignature | None, dict[str, object]]:
    """The signature that a version gets on its way to a stage, if any, and what the audit log keeps of it.

    The caller has seen that the files are those that the version lists.

    Args:
        db: A connection.
        config: The configuration.
        version: The version.
        stage: Where it goes.
        key: The private key named by the person.
        ask: Asks for the passphrase of that key.

    Raises:
        Refused: The stage enforces signatures, and there is none that is valid nor a trusted key to make one.
        NotFound: There is no such key.
    """
    planned = plan(db, config, version, stage, key=key)
    if planned is None:
        return None, {}
    if not planned.key:
        return None, {"signature": planned.state.state, "key": planned.state.key}
    opened = keys.private(planned.key, ask)
    if opened.fingerprint not in {one.fingerprint for one in keys.trusted(config.signing.public_keys)}:
        raise Refused(
            f"the key {planned.key} is not among those that are trusted",
            f"sign with a trusted key, or add {planned.key}.pub to public_keys in mlops.toml",
        )
    return _made(version, opened), {"signature": "valid", "key": opened.fingerprint}


def admit(store: Store, version: ModelVersion) -> None:
    """Lets a version be loaded or served only if its stage's policy on signatures allows it.

    The policy is asked of the project's ``mlops.toml`` here, so that no caller can leave it out. Where the stage only
    warns, the warning is an event. The files are verified against the version's list by who reads them.

    Raises:
        Refused: The stage enforces signatures, and that of the version is not valid.
        SpecError: ``mlops.toml`` cannot be understood.
    """
    config = configuration.load(Project(os.path.dirname(os.path.dirname(store.path))))
    policy = config.signing_policy(version.stage)
    if policy == "off":
        return
    found = state(store.read(), config, version)
    if found.is_valid:
        return
    if policy == "enforce":
        raise _refused(version, version.stage, found)
    label = f"{version.model}/{version.version}"
    with store.write() as db:
        events.add(db, "signature.warn", f"model:{label}", f"{label} was loaded though {found.message}", at=time.time())


def _refused(version: ModelVersion, stage: str, found: SignatureState) -> Refused:
    label = f"{version.model}/{version.version}"
    sign_it = shlex.join(["mlops-tui", "models", "sign", version.model, str(version.version), "--key", "FILE"])
    hint = sign_it if found.state in ("unsigned", "untrusted") else "register the model again from its run"
    if found.state == "unchecked":
        hint = "pip install 'mlops-tui[sign]', and see public_keys in mlops.toml"
    return Refused(f"{stage} asks for a signature, and that of {label} is not valid: {found.message}", hint)
