"""The content cache of a DVC repository: what DVC wants to find there before it calls an output up to date.

Only writes and looks. Where the project is no DVC repository there is no cache, and nothing asks for one.
"""

from __future__ import annotations

import errno
import json
import os
import re
from typing import TYPE_CHECKING

from mlops_store.errors import SpecError

if TYPE_CHECKING:
    from configparser import ConfigParser

    from mlops_tui.pipeline.fingerprints import Fingerprint, Fingerprints

_MODE = 0o444


class Cache:
    """A directory of objects named by their md5.

    Args:
        directory: Where ``files/md5`` lies, usually ``.dvc/cache``.
        uses_git: Whether what is cached is to be kept out of Git.
    """

    def __init__(self, directory: str, *, uses_git: bool = True) -> None:
        self.directory = directory
        self._uses_git = uses_git
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
        """Copies an output into the cache, and keeps it out of Git; what is there already is not touched.

        Args:
            root: The project's root.
            path: The output, relative to the root.
            found: Its fingerprint.
            fingerprints: Tells the files of a directory.

        Raises:
            OSError: The cache cannot be written.
        """
        full = os.path.join(root, path)
        if self._uses_git:
            _keep_out_of_git(full)
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
    home = os.path.join(root, ".dvc")
    if not os.path.isdir(home):
        return None
    files = [path for name in ("config", "config.local") if _is_filled(path := os.path.join(home, name))]
    if not files:
        return Cache(os.path.join(home, "cache"))
    config = _read(files)
    written = config.get("cache", "dir", fallback="").strip().strip("'\"") or "cache"
    directory = os.path.normpath(os.path.join(home, os.path.expanduser(written)))
    return Cache(directory, uses_git=config.get("core", "no_scm", fallback="").strip().lower() not in ("true", "1"))


def _is_filled(path: str) -> bool:
    return os.path.exists(path) and os.path.getsize(path) > 0


def _read(files: list[str]) -> ConfigParser:
    """DVC's configuration; what a later file says counts."""
    import configparser

    parser = configparser.ConfigParser(interpolation=None, strict=False)
    for path in files:
        try:
            with open(path, encoding="utf-8") as file:
                parser.read_string(file.read())
        except (configparser.Error, UnicodeDecodeError, OSError) as error:
            reason = str(error).partition("\n")[0]
            raise SpecError(f"cannot be understood ({reason})", file=f".dvc/{os.path.basename(path)}") from error
    return parser


def _keep_out_of_git(path: str) -> None:
    """Adds a cached output to the ``.gitignore`` beside it, as DVC does, if Git would see it."""
    import subprocess

    directory, name = os.path.split(path)
    entry = "/" + re.sub(r"([\\[\]!*#?])", r"\\\1", name)
    ignore = os.path.join(directory, ".gitignore")
    text = ""
    if os.path.exists(ignore):
        with open(ignore, encoding="utf-8", errors="surrogateescape") as file:
            text = file.read()
    if entry in text.splitlines():
        return
    try:
        answer = subprocess.run(
            ["git", "-C", directory, "check-ignore", "-q", "--", name], stderr=subprocess.DEVNULL, check=False
        )
    except FileNotFoundError:
        return  # without Git there is nothing to keep it out of
    if answer.returncode == 1:  # 0: ignored already, 128: no repository
        with open(ignore, "a", encoding="utf-8", errors="surrogateescape") as file:
            file.write(("\n" if text and not text.endswith("\n") else "") + entry + "\n")


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
