"""The content cache: objects named by their md5, laid out as DVC lays them out.

That of a DVC repository is DVC's own, wherever its configuration puts it; any other project has one in its state
directory. Knows objects and links; which outputs are wanted is others' business.
"""

from __future__ import annotations

import hashlib
import json
import os
import threading
import time
from contextlib import suppress
from typing import TYPE_CHECKING

from mlops_store.errors import SpecError
from mlops_tui.pipeline import dvc_config, links
from mlops_tui.pipeline.hashing import SMALL_BYTES, directory_object, hash_file

if TYPE_CHECKING:
    from mlops_tui.pipeline.fingerprints import Fingerprint, Fingerprints
    from mlops_tui.project import Project

_MODE = 0o444
_SHARED_MODE = 0o2775
_EMPTY_MD5 = "d41d8cd98f00b204e9800998ecf8427e"
_ABANDONED_S = 3600.0


class Damaged(Exception):
    """An object is not what its name says, or not there; the message says which of them in one sentence."""


class Cache:
    """A directory of objects. Safe to use from several threads and processes.

    Args:
        directory: Where ``files/md5`` lies, absolute.
        link_types: How files of the work tree get their bytes from it, in the order to try.
        is_dvcs: Whether it belongs to a DVC repository, for which an output that is not cached is not up to date.
        uses_git: Whether what is cached is to be kept out of Git.
        is_shared: Whether the group may write to it.
    """

    def __init__(
        self,
        directory: str,
        *,
        link_types: tuple[str, ...] = dvc_config.DEFAULT_LINKS,
        is_dvcs: bool = True,
        uses_git: bool = True,
        is_shared: bool = False,
    ) -> None:
        self.directory = directory
        self.link_types = link_types
        self.is_dvcs = is_dvcs
        self._uses_git = uses_git
        self._is_shared = is_shared
        self._present: set[tuple[str, bool]] = set()
        self._is_swept = False

    def path(self, md5: str, *, is_legacy: bool = False) -> str:
        """Where the object of a hash lies; a directory's hash ends with ``.dir``."""
        below = () if is_legacy else ("files", "md5")
        return os.path.join(self.directory, *below, md5[:2], md5[2:])

    def holds(self, md5: str, *, is_legacy: bool = False) -> bool:
        """Whether the object, and for a directory every file's object, is there and sound.

        Args:
            md5: As the lock has it.
            is_legacy: The lock's entry is of DVC before 3.0, whose objects lie elsewhere.
        """
        if (md5, is_legacy) in self._present:
            return True
        if not self._is_sound(md5, is_legacy):
            return False
        if md5.endswith(".dir"):
            try:
                members = self.members(md5, is_legacy=is_legacy)
            except Damaged:
                return False
            if not all(self._is_sound(member, is_legacy) for member in set(members.values())):
                return False
        self._present.add((md5, is_legacy))
        return True

    def members(self, md5: str, *, is_legacy: bool = False) -> dict[str, str]:
        """The md5 of each file of a cached directory by its path relative to it.

        Raises:
            Damaged: There is no such object, it has other bytes than its name says, or it is not the list of a
                directory's files.
        """
        try:
            with open(self.path(md5, is_legacy=is_legacy), "rb") as file:
                data = file.read()
        except OSError as error:
            raise Damaged(f"the cache's object {md5} cannot be read ({error.strerror})") from error
        damaged = f"the cache's object {md5} is damaged: its bytes have another md5"
        if not is_legacy and hashlib.md5(data, usedforsecurity=False).hexdigest() != md5.removesuffix(".dir"):
            raise Damaged(damaged)
        try:
            found = {str(member["relpath"]): str(member["md5"]) for member in json.loads(data)}
        except (ValueError, KeyError, TypeError) as error:
            raise Damaged(damaged) from error
        for name, member in found.items():
            if not _is_inside(name) or not _is_md5(member):
                raise Damaged(f"the cache's object {md5} names {name!r}, which is no file of a directory")
        return found

    def save(self, path: str, fingerprints: Fingerprints, *, root: str, is_linked: bool = True) -> Fingerprint | None:
        """Takes an output into the cache, reading no file that is not known more than once.

        The files of the work tree become links to the objects where the link types say so.

        Args:
            path: The output, relative to the root.
            fingerprints: Tells what is known, and learns.
            root: The project's root.
            is_linked: Whether the files become links and are kept out of Git; else they stay as they are.

        Returns:
            Its fingerprint; None when it is not there.

        Raises:
            OSError: It cannot be read, or the cache cannot be written.
        """
        full = os.path.join(root, path)
        if os.path.isdir(full):
            found, files = fingerprints.contents(path, self._take_in)
            for name, md5 in files.items():
                self._copy(os.path.join(full, name), md5)
            self._put(found.md5, directory_object(files))
            objects = {os.path.join(full, name): md5 for name, md5 in files.items()}
        else:
            known = fingerprints.find(path, self._take_in)
            if known is None:
                return None
            found, files = known, None
            self._copy(full, found.md5)
            objects = {full: found.md5}
        if is_linked:
            if self._uses_git:
                from mlops_tui.pipeline import git_ignore

                git_ignore.add(full)
            if self._link(objects, is_directory=files is not None, is_executable=found.is_executable):
                fingerprints.learn(path, found, files)
        return found

    def _link(self, objects: dict[str, str], *, is_directory: bool, is_executable: bool) -> bool:
        """Makes files links to their objects where they are not yet; whether their times may have changed by that."""
        is_changed = self._shares_files
        # DVC insists on the first kind for a file, and is content with any of them for those of a directory
        wanted = self.link_types if is_directory else self.link_types[:1]
        for file, md5 in objects.items():
            if not links.is_right(wanted, file, self.path(md5)):
                links.put(self.link_types, self.path(md5), file)
                is_changed = True
            if is_executable and not (mode := os.stat(file).st_mode) & 0o100:
                os.chmod(file, mode | 0o100)
                is_changed = True
        return is_changed

    def _is_sound(self, md5: str, is_legacy: bool = False) -> bool:
        """Whether an object is there with the content that its name says; one that is protected is not read."""
        path = self.path(md5, is_legacy=is_legacy)
        try:
            status = os.stat(path)
        except (FileNotFoundError, NotADirectoryError):
            return False
        if not status.st_size and md5 != _EMPTY_MD5:
            return False  # a machine that lost its power may leave the name without the bytes
        if is_legacy or not status.st_mode & 0o222:
            return True
        return hash_file(path, status.st_size) == md5.removesuffix(".dir")

    def _take_in(self, full: str, size_bytes: int) -> str:
        """Reads a file once: its md5, while its bytes become an object."""
        if size_bytes < SMALL_BYTES:
            with open(full, "rb", buffering=0) as file:
                data = file.readall()
            return self._put("", data)
        if self._shares_files and os.stat(full).st_dev == self._device():
            return hash_file(full, size_bytes)  # the file itself becomes the object
        staging = self.make_directory(os.path.join(self.directory, "files", "md5"))
        self._sweep(staging)
        temporary = os.path.join(staging, f".{os.getpid()}-{threading.get_native_id()}.tmp")
        source = os.open(full, os.O_RDONLY | os.O_CLOEXEC)
        try:
            target = os.open(temporary, os.O_WRONLY | os.O_CREAT | os.O_TRUNC | os.O_CLOEXEC, 0o600)
            try:
                md5 = links.copy_hashing(source, target)
                os.fchmod(target, _MODE)
            finally:
                os.close(target)
            self.make_directory(os.path.dirname(self.path(md5)))
            os.replace(temporary, self.path(md5))
        except BaseException:
            if os.path.exists(temporary):
                os.unlink(temporary)
            raise
        finally:
            os.close(source)
        return md5

    def _sweep(self, staging: str) -> None:
        """Removes what copies that were killed have left; whoever still copies has written lately."""
        if self._is_swept:
            return
        self._is_swept = True
        with os.scandir(staging) as entries:
            old = [
                one for one in entries if one.name.endswith(".tmp") and time.time() - one.stat().st_mtime > _ABANDONED_S
            ]
        for one in old:
            with suppress(FileNotFoundError):
                os.unlink(one.path)

    @property
    def _shares_files(self) -> bool:
        return self.link_types[0] in ("hardlink", "symlink")

    def _device(self) -> int:
        return os.stat(self.make_directory(os.path.join(self.directory, "files", "md5"))).st_dev

    def _copy(self, source: str, md5: str) -> None:
        """Makes a file's object of the file, if there is none yet."""
        if self._is_sound(md5):
            return
        target = self.path(md5)
        self.make_directory(os.path.dirname(target))
        # what is to be a link to the object later may be the object itself
        kinds = (
            ("hardlink", "reflink", "copy")
            if self._shares_files and not os.path.islink(source)
            else ("reflink", "copy")
        )
        links.put(kinds, source, target)
        os.chmod(target, _MODE)

    def _put(self, md5: str, data: bytes) -> str:
        """Makes an object of data, if there is none yet; returns its hash."""
        if not md5:
            md5 = hashlib.md5(data, usedforsecurity=False).hexdigest()
        target = self.path(md5)
        if not self._is_sound(md5):
            self.make_directory(os.path.dirname(target))
            with links.replacing(target) as temporary:
                descriptor = os.open(temporary, os.O_WRONLY | os.O_CREAT | os.O_TRUNC | os.O_CLOEXEC, 0o600)
                try:
                    links.write_all(descriptor, data)
                    os.fchmod(descriptor, _MODE)
                finally:
                    os.close(descriptor)
        return md5

    def make_directory(self, directory: str) -> str:
        """The directory, which is there afterwards, with the modes that sharing wants."""
        if not os.path.isdir(directory):
            parent = os.path.dirname(directory)
            self.make_directory(parent)
            try:
                os.mkdir(directory)
            except FileExistsError:
                return directory  # by another thread or process meanwhile
            if self._is_shared:
                os.chmod(directory, _SHARED_MODE)
        return directory


def _is_inside(name: str) -> bool:
    """Whether a file of that name lies in its directory, whatever the object says."""
    return "\0" not in name and not any(part in ("", ".", "..") for part in name.split("/"))


def _is_md5(text: str) -> bool:
    return len(text) == 32 and not set(text) - set("0123456789abcdef")


def find(project: Project) -> Cache:
    """The cache of a project.

    Raises:
        SpecError: DVC's configuration is not understood.
    """
    config = dvc_config.load(project.root)
    if not config.cache_dir:
        return Cache(project.cache_dir, is_dvcs=False, uses_git=False)
    return Cache(config.cache_dir, link_types=config.link_types, uses_git=config.uses_git, is_shared=config.is_shared)


__all__ = ["Cache", "Damaged", "SpecError", "find"]
