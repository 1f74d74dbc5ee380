"""Files logged by runs: bytes stored once by content beside the database, names in it.

An object lies at ``objects/<2 hex>/<62 hex>`` of its SHA-256, read-only. It is written under another name and then
renamed, so that an object that is there is whole. Objects come first, the row that names them after.
"""

from __future__ import annotations

import contextlib
import os
import sqlite3
from collections.abc import Iterable
from typing import TYPE_CHECKING, BinaryIO

if TYPE_CHECKING:
    from mlops_store.records import Artifact

_BLOCK_BYTES = 1 << 20


def put_file(objects_dir: str, path: str) -> tuple[str, int]:
    """Stores a file's bytes, reading it once.

    Returns:
        The SHA-256 of the bytes (hexadecimal) and their number.

    Raises:
        OSError: The file cannot be read, or the object cannot be written.
    """
    with open_file(path) as source:
        return _put(objects_dir, iter(lambda: source.read(_BLOCK_BYTES), b""))


def open_file(path: str | os.PathLike[str]) -> BinaryIO:
    """A file opened for reading; a pipe or device, which could be waited for without end, is refused.

    Raises:
        OSError: It is none, or cannot be read.
    """
    import stat

    descriptor = os.open(path, os.O_RDONLY | os.O_CLOEXEC | os.O_NONBLOCK)
    mode = os.fstat(descriptor).st_mode
    if not stat.S_ISREG(mode):
        os.close(descriptor)
        kind = IsADirectoryError if stat.S_ISDIR(mode) else OSError
        raise kind(f"{os.fspath(path)} is no regular file")
    return os.fdopen(descriptor, "rb")


def put_bytes(objects_dir: str, data: bytes) -> tuple[str, int]:
    """Stores bytes; see ``put_file``."""
    return _put(objects_dir, (data,))


def object_path(objects_dir: str, digest: str) -> str:
    """Where the object of a digest lies, whether or not it is there."""
    return os.path.join(objects_dir, digest[:2], digest[2:])


def open_object(objects_dir: str, digest: str) -> BinaryIO:
    """An object opened for reading.

    Raises:
        FileNotFoundError: No such object.
    """
    return open(object_path(objects_dir, digest), "rb")


def copy_out(objects_dir: str, digest: str, target: str, *, replace: bool = False) -> int:
    """Copies an object to a file, which is whole and has the right bytes or is not there.

    Args:
        objects_dir: Of the project.
        digest: The object.
        target: The file to make; its directory is made where it is missing.
        replace: Whether a file of that name may be replaced.

    Returns:
        The number of bytes.

    Raises:
        Refused: The file exists, the object is gone, or its bytes are not those of the digest.
        OSError: The object cannot be read, or the file not be written.
    """
    import hashlib
    import tempfile

    from mlops_store.errors import Refused

    if not replace and os.path.lexists(target):
        raise Refused(f"{target} exists already", "give another name, or --force to replace it")
    sha, size = hashlib.sha256(), 0
    try:
        source = open_object(objects_dir, digest)
    except FileNotFoundError:
        raise Refused(f"the bytes of {os.path.basename(target)} are gone: no object {digest[:12]}") from None
    with source:
        folder = os.path.dirname(os.path.abspath(target))
        os.makedirs(folder, exist_ok=True)
        handle, temporary = tempfile.mkstemp(prefix=".incoming-", dir=folder)
        try:
            with open(handle, "wb") as copy:
                while block := source.read(_BLOCK_BYTES):
                    sha.update(block)
                    copy.write(block)
                    size += len(block)
                os.fchmod(copy.fileno(), 0o644)
            if sha.hexdigest() != digest:
                raise Refused(f"the object {digest[:12]} is damaged: its bytes have another SHA-256")
            if replace:
                os.replace(temporary, target)
            else:
                _name_once(temporary, target)
        finally:
            with contextlib.suppress(FileNotFoundError):
                os.unlink(temporary)
    return size


def _name_once(temporary: str, target: str) -> None:
    """Gives a finished file its name, unless another has taken that in the meantime."""
    from mlops_store.errors import Refused

    try:
        os.link(temporary, target)
    except FileExistsError:
        raise Refused(f"{target} exists already", "give another name, or --force to replace it") from None
    except OSError:  # a file system without hard links
        os.replace(temporary, target)


def record(db: sqlite3.Connection, run_id: str, path: str, digest: str, size_bytes: int, at: float) -> None:
    """Names an object as a run's artifact; the newest file of a name wins. Needs a write transaction.

    Raises:
        NotFound: No such run.
    """
    from mlops_store.runs import number

    db.execute(
        "INSERT INTO artifacts(run_id, path, digest, size_bytes, logged_at) VALUES (?, ?, ?, ?, ?) "
        "ON CONFLICT(run_id, path) DO UPDATE SET digest = excluded.digest, size_bytes = excluded.size_bytes, "
        "logged_at = excluded.logged_at",
        (number(db, run_id), path, digest, size_bytes, at),
    )


def of_run(db: sqlite3.Connection, run_id: str) -> tuple[Artifact, ...]:
    """The artifacts of a run by path; among them, under their names, the files of its finished logged models."""
    from mlops_store.records import Artifact  # costs a training script that only writes too much

    rows = db.execute(
        "SELECT l.name || '/' || f.path, l.id, f.digest, f.size_bytes, f.logged_at FROM runs r "
        "CROSS JOIN logged_models l ON l.run_id = r.id CROSS JOIN logged_model_files f ON f.logged_model_id = l.id "
        "WHERE r.run_id = ?1 AND l.status = 'READY' AND l.deleted_at IS NULL "
        "UNION ALL SELECT a.path, 9e18, a.digest, a.size_bytes, a.logged_at FROM runs r "
        "CROSS JOIN artifacts a ON a.run_id = r.id WHERE r.run_id = ?1",
        (run_id,),
    ).fetchall()
    rows.sort()
    # of two of the same path the last one stays: the run's own file, else that of the newest model
    return tuple({path: Artifact(path, *rest) for path, _, *rest in rows}.values())


class Incoming:
    """An object that is being written: it is there when ``finish`` returns, and until then nothing is.

    Raises:
        OSError: The folder of objects cannot be written.
    """

    def __init__(self, objects_dir: str) -> None:
        import hashlib
        import tempfile

        os.makedirs(objects_dir, exist_ok=True)
        self._objects_dir = objects_dir
        self._sha, self._size = hashlib.sha256(), 0
        handle, self._path = tempfile.mkstemp(prefix=".incoming-", dir=objects_dir)
        self._file = open(handle, "wb")  # noqa: SIM115 — closed by finish or abandon

    def write(self, block: bytes) -> None:
        """Appends bytes."""
        self._sha.update(block)
        self._file.write(block)
        self._size += len(block)

    def finish(self) -> tuple[str, int]:
        """Gives the object its name; returns the SHA-256 of its bytes and their number."""
        with self._file:
            self._file.flush()
            os.fchmod(self._file.fileno(), 0o444)
        digest = self._sha.hexdigest()
        path = object_path(self._objects_dir, digest)
        if os.path.exists(path):
            os.unlink(self._path)
        else:
            os.makedirs(os.path.dirname(path), exist_ok=True)
            os.replace(self._path, path)
        return digest, self._size

    def abandon(self) -> None:
        """Leaves nothing behind."""
        with contextlib.suppress(OSError):
            self._file.close()
        with contextlib.suppress(FileNotFoundError):
            os.unlink(self._path)


def _put(objects_dir: str, blocks: Iterable[bytes]) -> tuple[str, int]:
    incoming = Incoming(objects_dir)
    try:
        for block in blocks:
            incoming.write(block)
        return incoming.finish()
    except BaseException:
        incoming.abandon()
        raise
