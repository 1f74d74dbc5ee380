"""Signatures of models as model-signing (OpenSSF) makes and checks them: Sigstore bundles over a list of files.

A bundle made here is what ``model_signing verify key DIR`` accepts of the exported files, and names the version that it
is for. Knows no store. The library is imported when a bundle is made or checked; it comes with the extra ``sign``.
"""

from __future__ import annotations

import base64
import json
import os
import tempfile
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from mlops_tui.registry.keys import PrivateKey, PublicKey

_ALGORITHM = "sha256"


@dataclass(frozen=True, slots=True)
class Checked:
    """What a bundle turned out to say.

    Attributes:
        is_genuine: Whether the key made it.
        subject: The version that it is for.
        files: Path -> SHA-256 of what was signed.
        fits: Whether the library found that these are the files that are there now.
    """

    is_genuine: bool
    subject: str = ""
    files: Mapping[str, str] = field(default_factory=dict)
    fits: bool = False


def sign(key: PrivateKey, subject: str, files: Mapping[str, str]) -> str:
    """The bundle in which a key vouches for some files.

    Args:
        key: The key.
        subject: The version, ``churn/3``.
        files: Path within the model -> SHA-256 of its content.
    """
    from model_signing import signing

    with tempfile.TemporaryDirectory(prefix="mlops-sign-") as directory:
        path = os.path.join(directory, "bundle")
        # the library's signature of the passphrase says text, its use of it bytes
        passphrase: Any = key.passphrase
        signer = signing.Config().use_elliptic_key_signer(private_key=key.path, password=passphrase)
        signer.set_hashing_config(_listed(subject, files)).sign(directory, path)
        with open(path, encoding="utf-8") as file:
            return file.read()


def key_of(bundle: str) -> str:
    """The fingerprint of the key that a bundle says made it; "" when it is no bundle or names none."""
    try:
        return str(json.loads(bundle)["verificationMaterial"]["publicKey"]["hint"] or "")
    except (ValueError, TypeError, KeyError, RecursionError):
        return ""


def check(key: PublicKey, bundle: str, files: Mapping[str, str]) -> Checked:
    """What a bundle says, if the key made it.

    Args:
        key: The key that the bundle names.
        bundle: The bundle.
        files: Path -> SHA-256 of what is there now.
    """
    from model_signing import verifying

    try:
        payload, strict = _strict(bundle, key)
        statement = json.loads(payload)
        subject, resources = statement["subject"][0]["name"], statement["predicate"]["resources"]
        signed = {str(entry["name"]): str(entry["digest"]) for entry in resources}
    except (ValueError, TypeError, KeyError, IndexError, AttributeError, RecursionError):
        return Checked(False)
    with tempfile.TemporaryDirectory(prefix="mlops-verify-") as directory:
        path = os.path.join(directory, "bundle")
        with open(path, "w", encoding="utf-8") as file:
            file.write(strict)
        verifier = verifying.Config().use_elliptic_key_verifier(public_key=key.path)
        try:
            verifier.set_hashing_config(_listed("", files)).verify(directory, path)
        except Exception as error:  # the library raises whatever parsing a hostile file raises
            return Checked(str(error).startswith("Signature mismatch"), str(subject), signed)
    return Checked(True, str(subject), signed, fits=True)


def _strict(bundle: str, key: PublicKey) -> tuple[bytes, str]:
    """The payload of a bundle, and the bundle with nothing in it but that payload and its first signature.

    So the library cannot find another payload than the one that is looked at here: under a second name of a field,
    or by another reading of base 64.
    """
    found = json.loads(bundle)
    envelope = found["dsseEnvelope"]
    payload = base64.b64decode(envelope["payload"], validate=True)
    signature = base64.b64decode(envelope["signatures"][0]["sig"], validate=True)
    strict = {
        "mediaType": found["mediaType"],
        "verificationMaterial": {"publicKey": {"hint": key.fingerprint}, "tlogEntries": []},
        "dsseEnvelope": {
            "payload": base64.b64encode(payload).decode(),
            "payloadType": envelope["payloadType"],
            "signatures": [{"sig": base64.b64encode(signature).decode(), "keyid": ""}],
        },
    }
    return payload, json.dumps(strict)


def _listed(subject: str, files: Mapping[str, str]) -> Any:
    """A way of hashing that has hashed these files already."""
    from model_signing import hashing, manifest
    from model_signing._hashing.hashing import Digest

    serialization = manifest.SerializationType.from_args(
        {"method": "files", "hash_type": _ALGORITHM, "allow_symlinks": False}
    )
    items = [serialization.new_item(path, Digest(_ALGORITHM, bytes.fromhex(sha))) for path, sha in files.items()]

    class Listed(hashing.Config):  # type: ignore[misc] # its types are not looked at
        def hash(self, model_path: Any, *, files_to_hash: Any = None) -> Any:
            return manifest.Manifest(subject, items, serialization)

    return Listed()
