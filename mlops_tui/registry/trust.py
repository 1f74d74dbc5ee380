"""Which types a model file may hold, and opening one without running anything that it brings along.

A ``.skops`` file names types and holds numbers; nothing in it is code, and a type is imported only after it was found
in the list of trusted ones. Owns the way from the file to the object. Knows no registry and no store.
"""

from __future__ import annotations

import os
import zipfile
from collections.abc import Sequence
from typing import Any

from mlops_store.errors import Refused
from mlops_tui.registry import structures
from mlops_tui.registry.trusted_types import TRUSTED

_MAX_EXPANSION = 200
_SMALL_BYTES = 1 << 30


def untrusted(path: str) -> tuple[str, ...]:
    """The types in a skops file that are not trusted by default, sorted.

    Raises:
        Refused: The file is not a skops file, or is damaged.
    """
    with _opened(path) as archive:
        _, unsafe = _tree(path, archive, TRUSTED)
        return unsafe


def class_name(path: str) -> str:
    """The full name of the class of the object in a skops file; nothing is imported.

    Raises:
        Refused: It is not a skops file, or is damaged.
    """
    with _opened(path) as archive:
        root, _ = _tree(path, archive, TRUSTED)
        return f"{root.module_name}.{root.class_name}"


def read(path: str, trusted: Sequence[str] = ()) -> Any:
    """The object in a skops file, built only after every type in it was found to be trusted.

    Args:
        path: The file.
        trusted: Full names of further types to trust; each is imported and built with what the file says.

    Raises:
        Refused: It is not a skops file (a renamed pickle, say), is damaged, or holds a type that is not trusted.
    """
    with _opened(path) as archive:
        root, unsafe = _tree(path, archive, (*TRUSTED, *trusted))
        if unsafe:
            listed = ", ".join(f'"{name}"' for name in unsafe)
            raise Refused(
                f"{os.path.basename(path)} holds types that are not trusted: {', '.join(unsafe)}",
                f"when you know where the file comes from, load it with trusted=[{listed}]",
            )
        structures.check(root)
        try:
            return root.construct()
        except Exception as error:
            raise _damaged(path, error) from error


def _opened(path: str) -> zipfile.ZipFile:
    """The archive, after a look at its outside; nothing in it is ever written to a path of its own."""
    name = os.path.basename(path)
    try:
        with open(path, "rb") as file:
            first = file.read(2)
        if first != b"PK":
            kind = "a pickle, which is never loaded" if first[:1] == b"\x80" else "something else"
            raise Refused(f"{name} is not a skops file but {kind}", "log the model again with mlops_tui.log_model")
        archive = zipfile.ZipFile(path)
    except zipfile.BadZipFile as error:
        raise _damaged(path, error) from error
    except OSError as error:
        raise Refused(f"{name} cannot be read ({error.strerror})") from error
    try:
        _check_members(name, archive, os.path.getsize(path))
    except BaseException:
        archive.close()
        raise
    return archive


def _check_members(name: str, archive: zipfile.ZipFile, size_bytes: int) -> None:
    members = archive.infolist()
    for member in members:
        if member.filename.startswith("/") or ".." in member.filename or "\\" in member.filename:
            raise Refused(f"{name} holds a file named {member.filename!r}, which skops does not write")
    if len({member.filename for member in members}) < len(members):
        raise Refused(f"{name} holds two files of one name, which skops does not write")
    expanded = sum(member.file_size for member in members)
    if expanded > max(_SMALL_BYTES, _MAX_EXPANSION * size_bytes):
        raise Refused(f"{name} would grow from {size_bytes} to {expanded} bytes, which no model does")


def _tree(path: str, archive: zipfile.ZipFile, trusted: Sequence[str]) -> tuple[Any, tuple[str, ...]]:
    """The file's nodes, of which nothing is built or imported yet, and the names of its untrusted types.

    skops.io.load does the same three steps without a place between them where the numbers can be checked.
    """
    from skops.io._audit import get_tree
    from skops.io._utils import read_schema

    try:
        schema, context = read_schema(archive)
        root = get_tree(schema, context, trusted=list(trusted))
        return root, tuple(sorted(root.get_unsafe_set() - set(trusted)))
    except Exception as error:
        raise _damaged(path, error) from error


def _damaged(path: str, error: Exception) -> Refused:
    reason = " ".join(str(error).split())[:200] or type(error).__name__
    return Refused(f"{os.path.basename(path)} is damaged or not a skops file ({reason})", "log the model again")
