"""How two versions of some data differ: by files, by columns, by lines, or by size alone, whatever they are."""

from __future__ import annotations

import difflib
import tempfile
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from mlops_store.errors import NotFound, Refused, nearest
from mlops_tui.data import tables, versions
from mlops_tui.data.catalogue import Item
from mlops_tui.data.contents import Blob, Content
from mlops_tui.data.tables import Column, Table
from mlops_tui.pipeline.state import Inputs

#: Larger files are not compared line by line.
TEXT_BYTES = 256 * 1024
#: Lines of a text's difference that are kept.
TEXT_LINES = 2_000
_HEAD_BYTES = 4096


@dataclass(frozen=True, slots=True)
class FileChange:
    """A file of a directory that differs: ``how`` is 'added', 'removed' or 'changed'; sizes where they are known."""

    path: str
    how: str
    before_bytes: int | None = None
    after_bytes: int | None = None


@dataclass(frozen=True, slots=True)
class ColumnChange:
    """A column of either table: ``how`` is 'added', 'removed', 'retyped', 'changed' (its statistics) or 'same'."""

    name: str
    how: str
    before: Column | None = None
    after: Column | None = None


@dataclass(frozen=True, slots=True)
class Side:
    """One of the two versions; row counts are those of a table."""

    digest: str
    where: str
    size_bytes: int | None
    files: int | None = None
    row_count: int | None = None
    kept_count: int | None = None


@dataclass(frozen=True, slots=True)
class Difference:
    """What differs between two versions of a path.

    Attributes:
        path: The data.
        kind: 'same', 'directory', 'table', 'text' or 'bytes' (nothing but sizes can be compared).
        before: The version that is measured from.
        after: The other one.
        files: Of directories, what differs, by path.
        columns: Of tables, every column: those of ``after`` in their order, then the ones that are gone.
        lines: Of texts, a unified diff.
        notes: What limits the comparison, one sentence each.
    """

    path: str
    kind: str
    before: Side
    after: Side
    files: tuple[FileChange, ...] = ()
    columns: tuple[ColumnChange, ...] = ()
    lines: tuple[str, ...] = ()
    notes: tuple[str, ...] = ()


def of(inputs: Inputs, item: Item, before: str, after: str, member: str = "") -> Difference:
    """How two versions differ, or a file in them.

    Args:
        inputs: Knows the cache and the work tree.
        item: The data.
        before: The digest that is measured from.
        after: The other digest.
        member: A file below the path of a directory; '' for all of it.

    Raises:
        NotFound: Neither version has that member.
        Refused: The bytes of one are nowhere, or its object is damaged.
        OSError: A file cannot be read.
    """
    with tempfile.TemporaryDirectory(prefix="mlops-tui-") as scratch:
        old, new = (versions.content(inputs, item, digest, scratch) for digest in (before, after))
        return _of_contents(item.path, old, new, member)


def _of_contents(path: str, old: Content, new: Content, member: str) -> Difference:
    if member:
        return _of_member(f"{path}/{member}", member, old, new)
    sides = _side(old), _side(new)
    if old.digest == new.digest:
        return Difference(path, "same", *sides)
    if old.is_directory or new.is_directory:
        return Difference(path, "directory", *sides, files=tuple(_files(old, new)), notes=tuple(_gaps(old, new)))
    return _of_files(path, sides, old.files[""], new.files[""])


def _of_member(path: str, member: str, old: Content, new: Content) -> Difference:
    blobs = old.files.get(member), new.files.get(member)
    before, after = blobs
    if before is None and after is None:
        raise NotFound(f"neither version has {path}", nearest(member, {*old.files, *new.files}))
    sides = _member_side(before, old.where), _member_side(after, new.where)
    if before is None or after is None:
        where = "before" if before is None else "after"
        return Difference(path, "bytes", *sides, notes=(f"there is no such file {where}",))
    if before.md5 == after.md5:
        return Difference(path, "same", *sides)
    if not before.full or not after.full:
        raise Refused(f"the bytes of {path} are not in the cache for both versions")
    return _of_files(path, sides, before, after)


def _member_side(blob: Blob | None, where: str) -> Side:
    return Side(blob.md5, where, blob.size_bytes) if blob else Side("", where, None)


def _side(content: Content) -> Side:
    return Side(content.digest, content.where, content.size_bytes, len(content.files) if content.is_directory else None)


def _files(old: Content, new: Content) -> Iterator[FileChange]:
    for name in sorted({*old.files, *new.files}):
        before, after = old.files.get(name), new.files.get(name)
        if before is None or after is None:
            how = "added" if before is None else "removed"
        elif before.md5 == after.md5:
            continue
        else:
            how = "changed"
        yield FileChange(name, how, before.size_bytes if before else None, after.size_bytes if after else None)


def _gaps(*contents: Content) -> Iterator[str]:
    for content in contents:
        if content.missing:
            yield f"{len(content.missing)} files of {content.digest[:12]} are not in the cache: their sizes are unknown"


def _of_files(path: str, sides: tuple[Side, Side], old: Blob, new: Blob) -> Difference:
    heads = [_head(blob) for blob in (old, new)]
    notes: tuple[str, ...] = ()
    if all(tables.is_table(path, head) for head in heads):
        try:
            return _of_tables(path, sides, tables.read(old.full), tables.read(new.full))
        except Refused as error:
            notes = (f"compared as text: one of the versions {error.message}",)
    if any(b"\0" in head for head in heads):
        return Difference(path, "bytes", *sides, notes=("not text: only the sizes can be compared",))
    if max(old.size_bytes or 0, new.size_bytes or 0) > TEXT_BYTES:
        note = f"larger than {TEXT_BYTES // 1024:,} kB: only the sizes are compared"
        return Difference(path, "bytes", *sides, notes=(*notes, note))
    lines = _unified(_lines(old), _lines(new))
    if len(lines) > TEXT_LINES:
        notes = (*notes, f"{len(lines) - TEXT_LINES:,} more lines differ")
    return Difference(path, "text", *sides, lines=tuple(lines[:TEXT_LINES]), notes=notes)


def _head(blob: Blob) -> bytes:
    with open(blob.full, "rb") as file:
        return file.read(_HEAD_BYTES)


def _lines(blob: Blob) -> list[str]:
    with open(blob.full, encoding="utf-8", errors="replace") as file:
        return file.read().splitlines()


def _unified(old: Sequence[str], new: Sequence[str]) -> list[str]:
    found = list(difflib.unified_diff(old, new, lineterm="", n=2))[2:]  # without the names of the files
    return found or ["only line ends or the end of the file differ"]


def _of_tables(path: str, sides: tuple[Side, Side], old: Table, new: Table) -> Difference:
    shown = tuple(
        Side(side.digest, side.where, side.size_bytes, None, table.row_count, table.kept_count)
        for side, table in zip(sides, (old, new), strict=True)
    )
    notes = [*dict.fromkeys((*old.notes, *new.notes))]
    notes += [
        f"the statistics of {side.digest[:12]} are those of {side.kept_count:,} rows "
        f"spread evenly over its {side.row_count:,}"
        for side in shown
        if (side.kept_count or 0) < (side.row_count or 0)
    ]
    return Difference(path, "table", shown[0], shown[1], columns=tuple(_columns(old, new)), notes=tuple(notes))


def _columns(old: Table, new: Table) -> Iterator[ColumnChange]:
    before = {column.name: column for column in old.columns}
    after = {column.name: column for column in new.columns}
    for name in (*after, *(name for name in before if name not in after)):
        yield ColumnChange(name, _how(before.get(name), after.get(name)), before.get(name), after.get(name))


def _how(before: Column | None, after: Column | None) -> str:
    if before is None:
        return "added"
    if after is None:
        return "removed"
    if before.type != after.type:
        return "retyped"
    return "same" if before == after else "changed"


__all__ = ["ColumnChange", "Difference", "FileChange", "Side", "of"]
