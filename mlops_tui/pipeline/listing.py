"""The files of one directory with their hashes, and the hash that they give the directory, cheap to change."""

from __future__ import annotations

import hashlib
import json
from bisect import bisect_left
from collections.abc import Mapping


class Listing:
    """The content of a directory as DVC hashes it: the same as ``hashing.directory_md5``, one change at a time.

    Args:
        files: Relative path (with ``/``) -> md5.
    """

    def __init__(self, files: Mapping[str, str]) -> None:
        self._names = sorted(files)
        self._pieces = [_piece(name, files[name]) for name in self._names]

    def __len__(self) -> int:
        return len(self._names)

    def __contains__(self, name: object) -> bool:
        return self._place(str(name)) is not None

    def holds_below(self, directory: str) -> bool:
        """Whether any file lies below a directory."""
        place = bisect_left(self._names, f"{directory}/")
        return place < len(self._names) and self._names[place].startswith(f"{directory}/")

    def put(self, name: str, md5: str) -> None:
        """Changes the hash of a file that is there.

        Raises:
            KeyError: It is not there.
        """
        place = self._place(name)
        if place is None:
            raise KeyError(name)
        self._pieces[place] = _piece(name, md5)

    def remove(self, name: str) -> None:
        """Takes a file out, if it is there."""
        place = self._place(name)
        if place is not None:
            del self._names[place], self._pieces[place]

    @property
    def md5(self) -> str:
        """The directory's hash; ends with ``.dir``."""
        body = b"[" + b", ".join(self._pieces) + b"]"
        return hashlib.md5(body, usedforsecurity=False).hexdigest() + ".dir"

    def _place(self, name: str) -> int | None:
        place = bisect_left(self._names, name)
        return place if place < len(self._names) and self._names[place] == name else None


def _piece(name: str, md5: str) -> bytes:
    return json.dumps({"md5": md5, "relpath": name}).encode()
