"""The content cache of a DVC repository: what DVC wants to find there before it calls an output up to date.

Only writes and looks. Where the project is no DVC repository there is no cache, and nothing asks for one.
"""

from __future__ import annotations

import errno
import json
import os
from typing import TYPE_CHECKING

from mlops_store.errors import SpecError

if TYPE_CHECKING:
    from mlops_tui.pipeline.fingerprints import Fingerprint, Fingerprints

_MODE = 0o444


class Cache:
    """A directory of objects named by their md5.

    Args:
        directory: Where ``files/md5`` lies, usually ``.dvc/cache``.
    """

    def __init__(self, directory: str) -> None:
        self.directory = directory
        self._present: set[str] = set()

    def path(self, md5: str) -> str:
        """Where the object of a hash lies; a directory's hash ends with ``.dir``."""
        return os.path.join(self.directory, "files", "md5", md5[:2], md5[2:])

    def holds(self, md5: str, *, is_legacy: bool = False) -> bool:
        """Whether the object, and for a directory every file's object, is there.

        Args:
            md5: As the lock has it.
            is_legacy: The lock's entry is of DVC before 3.0, whose objects lie elsewhere.
        """
        if md5 in self._present:
            return True
        find = self._legacy_path if is_legacy else self.path
        if not os.path.exists(find(md5)):
            return False
        if md5.endswith(".dir"):
            try:
                with open(find(md5), "rb") as file:
                    members = [member["md5"] for member in json.load(file)]
            except (OSError, ValueError, KeyError, TypeError):
                return False  # a damaged object is as good as none
            if not all(os.path.exists(find(member)) for member in members):
                return False
        self._present.add(md5)
        return True

    def add(self, root: str, path: str, found: Fingerprint, fingerprints: Fingerprints) -> None:
        """Copies an output into the cache; what is there already is not touched.

        Args:
            root: The project's root.
            path: The output, relative to the root.
            found: Its fingerprint.
            fingerprints: Tells the files of a directory.

        Raises:
            OSError: The cache cannot be written.
        """
        full = os.path.join(root, path)
        if found.files is None:
            self._copy(full, found.md5)
            return
        from mlops_tui.pipeline.hashing import directory_object

        files = fingerprints.listing(path)
        for name, md5 in files.items():
            self._copy(os.path.join(full, name), md5)
        self._put(found.md5, directory_object(files))

    def _legacy_path(self, md5: str) -> str:
        return os.path.join(self.directory, md5[:2], md5[2:])

    def _copy(self, source: str, md5: str) -> None:
        target = self.path(md5)
        if os.path.exists(target):
            return
        with open(source, "rb") as read, _Replacing(target) as write:
            _copy_bytes(read.fileno(), write)

    def _put(self, md5: str, data: bytes) -> None:
        target = self.path(md5)
        if os.path.exists(target):
            return
        with _Replacing(target) as write, os.fdopen(os.dup(write), "wb") as file:
            file.write(data)


class _Replacing:
    """A temporary file beside an object that becomes the object, read-only, when the block ends well."""

    def __init__(self, target: str) -> None:
        self._target = target
        self._temporary = f"{target}.{os.getpid()}.tmp"

    def __enter__(self) -> int:
        os.makedirs(os.path.dirname(self._target), exist_ok=True)
        self._descriptor = os.open(self._temporary, os.O_WRONLY | os.O_CREAT | os.O_TRUNC | os.O_CLOEXEC, 0o600)
        return self._descriptor

    def __exit__(self, kind: type[BaseException] | None, *_: object) -> None:
        try:
            if kind is None:
                os.fchmod(self._descriptor, _MODE)
        finally:
            os.close(self._descriptor)
        if kind is None:
            os.replace(self._temporary, self._target)
        else:
            os.unlink(self._temporary)


def find(root: str) -> Cache | None:
    """The cache of the DVC repository whose root this is; None when it is none.

    Raises:
        SpecError: DVC's configuration is not understood.
    """
    if not os.path.isdir(os.path.join(root, ".dvc")):
        return None
    directory = os.path.join(root, ".dvc", "cache")
    for name in ("config", "config.local"):
        path = os.path.join(root, ".dvc", name)
        if os.path.exists(path) and os.path.getsize(path):
            directory = _configured(path, os.path.join(".dvc", name)) or directory
    return Cache(directory)


def _configured(path: str, name: str) -> str:
    """``cache.dir`` of one of DVC's configuration files, '' when it does not say; relative to that file."""
    import configparser

    parser = configparser.ConfigParser(interpolation=None, strict=False)
    try:
        with open(path, encoding="utf-8") as file:
            parser.read_string(file.read())
    except (configparser.Error, UnicodeDecodeError, OSError) as error:
        raise SpecError(f"cannot be understood ({error})", file=name) from error
    written = parser.get("cache", "dir", fallback="").strip().strip("'\"")
    return os.path.normpath(os.path.join(os.path.dirname(path), os.path.expanduser(written))) if written else ""


def _copy_bytes(source: int, target: int) -> None:
    """Copies a file inside the kernel, which shares the blocks where the file system can (reflink)."""
    size = os.fstat(source).st_size
    offset = 0
    try:
        while offset < size and hasattr(os, "copy_file_range"):
            copied = os.copy_file_range(source, target, size - offset, offset, offset)
            if not copied:
                break
            offset += copied
    except OSError as error:
        if error.errno not in (errno.EXDEV, errno.EOPNOTSUPP, errno.ENOSYS, errno.EINVAL):
            raise
    os.lseek(target, offset, os.SEEK_SET)
    os.lseek(source, offset, os.SEEK_SET)
    while chunk := os.read(source, 1 << 20):
        view = memoryview(chunk)
        while view:
            view = view[os.write(target, view) :]
