"""Keys that sign: elliptic curve pairs in PEM files, as model-signing and openssl make them.

Owns how a private key is opened: only from a file that nobody else can read, never copied, never shown. The library
``cryptography`` is imported when a key is used; it comes with the extra ``sign``.
"""

from __future__ import annotations

import hashlib
import os
import stat
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from typing import Any

from mlops_store.errors import NotFound, Refused, UsageError

#: Names the private key where neither a command nor ``mlops.toml`` does.
KEY_VARIABLE = "MLOPS_SIGNING_KEY"
#: Holds the passphrase of the private key.
PASSPHRASE_VARIABLE = "MLOPS_SIGNING_PASSPHRASE"  # noqa: S105 — the name of a variable

_CURVES = ("secp256r1", "secp384r1", "secp521r1")
_MAX_BYTES = 1 << 16
_INSTALL = "pip install 'mlops-tui[sign]'"

#: Asks a person for the passphrase of a key.
Ask = Callable[[str], str]


@dataclass(frozen=True, slots=True)
class PublicKey:
    """A key that is trusted; ``fingerprint`` is the SHA-256 of its PEM text, as Sigstore bundles name it."""

    path: str
    fingerprint: str
    key: Any = field(repr=False, compare=False)

    @property
    def name(self) -> str:
        """What a person calls it: the file's name without the ending."""
        return os.path.splitext(os.path.basename(self.path))[0]


@dataclass(frozen=True, slots=True)
class PrivateKey:
    """A key to sign with, opened."""

    path: str
    fingerprint: str
    key: Any = field(repr=False, compare=False)
    passphrase: bytes | None = field(repr=False, compare=False, default=None)

    def sign(self, message: bytes) -> bytes:
        """The ECDSA signature of a message with SHA-256, DER."""
        from cryptography.hazmat.primitives import hashes
        from cryptography.hazmat.primitives.asymmetric import ec

        return bytes(self.key.sign(message, ec.ECDSA(hashes.SHA256())))


def require_library() -> None:
    """Refuses where the extra is not installed.

    Raises:
        Refused: It is not; the hint installs it.
    """
    try:
        import model_signing  # noqa: F401
    except ImportError as error:
        raise Refused("signing needs the library model-signing, which is not installed", _INSTALL) from error


def is_verified(public: PublicKey, message: bytes, signature: bytes) -> bool:
    """Whether a signature (see ``PrivateKey.sign``) was made by the other half of a key."""
    from cryptography.exceptions import InvalidSignature
    from cryptography.hazmat.primitives import hashes
    from cryptography.hazmat.primitives.asymmetric import ec

    try:
        public.key.verify(signature, message, ec.ECDSA(hashes.SHA256()))
    except InvalidSignature:
        return False
    return True


def public(path: str) -> PublicKey:
    """A public key from its file.

    Raises:
        NotFound: There is no such file.
        Refused: It holds something else, or the extra is not installed.
    """
    require_library()
    from cryptography.hazmat.primitives.asymmetric import ec
    from cryptography.hazmat.primitives.serialization import load_pem_public_key

    try:
        with open(path, "rb") as file:
            content = file.read(_MAX_BYTES)
    except FileNotFoundError as error:
        raise NotFound(f"there is no public key {path}", "mlops-tui models keygen makes a pair of keys") from error
    except OSError as error:
        raise Refused(f"the public key {path} cannot be read ({error.strerror})") from error
    try:
        key = load_pem_public_key(content)
    except ValueError as error:
        if b"PRIVATE KEY" in content:
            raise Refused(f"{path} is a private key, which has no place among public keys", f"{path}.pub?") from error
        raise Refused(f"{path} holds no public key in PEM") from error
    if not isinstance(key, ec.EllipticCurvePublicKey) or key.curve.name not in _CURVES:
        raise Refused(f"{path} holds a key of another kind", "mlops-tui models keygen makes one for signing")
    return PublicKey(path, _fingerprint(key), key)


def trusted(paths: Iterable[str]) -> tuple[PublicKey, ...]:
    """The public keys in some files.

    Raises:
        NotFound: One is not there.
        Refused: One holds something else, or the extra is not installed.
    """
    return tuple(public(path) for path in paths)


def chosen(path: str, configured: str) -> str:
    """The private key to use: the one named, else the configured one, else the environment's; "" for none."""
    return path or configured or os.path.expanduser(os.environ.get(KEY_VARIABLE, ""))


def private(path: str, ask: Ask | None = None) -> PrivateKey:
    """A private key, opened to sign with.

    Args:
        path: Its file.
        ask: Asks a person for the passphrase of an encrypted key where the environment has none.

    Raises:
        NotFound: There is no such file.
        Refused: Others can read the file, it holds something else, the passphrase is missing or wrong, or the extra
            is not installed.
    """
    require_library()
    from cryptography.hazmat.primitives.asymmetric import ec
    from cryptography.hazmat.primitives.serialization import load_pem_private_key

    content = _guarded(path)
    passphrase = None
    if b"ENCRYPTED" in content:
        given = os.environ.get(PASSPHRASE_VARIABLE) or (ask(f"Passphrase of {path}") if ask is not None else "")
        if not given:
            raise Refused(f"the key {path} has a passphrase", f"put it into {PASSPHRASE_VARIABLE}, or sign in a shell")
        passphrase = given.encode()
    try:
        key = load_pem_private_key(content, passphrase)
    except (ValueError, TypeError):
        # whatever the library says of the content stays out of messages
        what = "cannot be opened with that passphrase" if passphrase else "holds no private key in PEM"
        raise Refused(f"{path} {what}") from None
    if not isinstance(key, ec.EllipticCurvePrivateKey) or key.curve.name not in _CURVES:
        raise Refused(f"{path} holds a key of another kind", "mlops-tui models keygen makes one for signing")
    return PrivateKey(path, _fingerprint(key.public_key()), key, passphrase)


def _guarded(path: str) -> bytes:
    """The content of a file that nobody but its owner can read."""
    try:
        with open(path, "rb") as file:
            status = os.fstat(file.fileno())
            if not stat.S_ISREG(status.st_mode):
                raise Refused(f"the key {path} is no file")
            if status.st_uid not in (os.geteuid(), 0):
                raise Refused(f"the key {path} belongs to another user", "sign with a key of your own")
            if status.st_mode & 0o077:
                raise Refused(
                    f"the key {path} can be read or changed by others (mode {stat.S_IMODE(status.st_mode):04o})",
                    f"chmod 600 {path}, and make a new key if somebody may have read it",
                )
            return file.read(_MAX_BYTES)
    except FileNotFoundError as error:
        raise NotFound(f"there is no key {path}", "mlops-tui models keygen makes a pair of keys") from error
    except OSError as error:
        raise Refused(f"the key {path} cannot be read ({error.strerror})") from error


def make(path: str, passphrase: str = "") -> PublicKey:
    """Writes a new private key, mode 0600, and its public half beside it with the ending ``.pub``.

    Args:
        path: Where to; nothing is ever replaced.
        passphrase: Encrypts the private key; "" leaves it as it is.

    Raises:
        UsageError: There is a file of that name already.
        Refused: It cannot be written, or the extra is not installed.
    """
    require_library()
    from cryptography.hazmat.primitives import serialization
    from cryptography.hazmat.primitives.asymmetric import ec

    key = ec.generate_private_key(ec.SECP256R1())
    encryption: Any = serialization.NoEncryption()
    if passphrase:
        encryption = serialization.BestAvailableEncryption(passphrase.encode())
    private_bytes = key.private_bytes(
        serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, encryption_algorithm=encryption
    )
    public_path = f"{path}.pub"
    for taken in (path, public_path):
        if os.path.lexists(taken):
            raise UsageError(f"{taken} exists already, and a key is never replaced", "give another name")
    try:
        _write(path, private_bytes, 0o600)
        _write(public_path, _pem(key.public_key()), 0o644)
    except OSError as error:
        raise Refused(f"{error.filename} cannot be written ({error.strerror})") from error
    return PublicKey(public_path, _fingerprint(key.public_key()), key.public_key())


def _write(path: str, content: bytes, mode: int) -> None:
    with open(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW, mode), "wb") as file:
        file.write(content)


def _pem(key: Any) -> bytes:
    from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat

    return bytes(key.public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo))


def _fingerprint(key: Any) -> str:
    return hashlib.sha256(_pem(key)).hexdigest()
