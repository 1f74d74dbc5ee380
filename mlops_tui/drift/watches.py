"""The files that a monitor watches. Loads neither pandas nor numpy: the dashboard asks this all the time.

Patterns stay inside the project. A symbolic link is followed only where a pattern spells it out before its first
wildcard; links met on the way are not, so that a stray link in a watched folder opens nothing outside it.
"""

from __future__ import annotations

import fnmatch
import hashlib
import os
import re
import time
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass

from mlops_store.errors import UsageError
from mlops_store.texts import storable
from mlops_tui.project import Project

#: A file that was written to less long ago may still be growing.
SETTLED_S = 1.0
_PATIENCE_S = 10.0
SUFFIXES = (".csv", ".tsv", ".txt", ".parquet", ".pq", ".jsonl", ".ndjson", ".json")
#: Endings of a server's log of requests: of the file that is written to, and of those that are closed.
LOG_OPEN, LOG_CLOSED = ".jsonl", ".parquet"
#: Endings of compressed files, which follow those.
COMPRESSED = (".gz", ".bz2", ".xz", ".zst")
_TEMPORARY = re.compile(
    r"^[.#_~]|~$|\.(part|partial|filepart|tmp|temp|crdownload|download|inprogress|incomplete|swp|lock)(\.|$)",
    re.IGNORECASE,
)
_BLOCK_BYTES = 1 << 20
_digests: dict[tuple[str, int, int, int], str] = {}


@dataclass(frozen=True, slots=True)
class File:
    """A watched file as it was when it was looked at.

    ``batch`` is its path below the project with slashes, as the store can keep it.
    """

    batch: str
    path: str
    size_bytes: int
    modified_ns: int
    inode: int

    @property
    def state(self) -> tuple[int, int]:
        """Size and modification time."""
        return self.size_bytes, self.modified_ns


def look(project: Project, path: str) -> File:
    """The file at a path.

    Raises:
        OSError: There is none.
    """
    found = os.stat(path)
    relative = os.path.relpath(path, project.root)
    outside = relative.startswith(os.pardir + os.sep) or os.path.isabs(relative)
    batch = os.path.abspath(path) if outside else relative
    return File(
        storable(batch.replace(os.sep, "/")), os.path.abspath(path), found.st_size, found.st_mtime_ns, found.st_ino
    )


def matches(project: Project, patterns: Sequence[str]) -> list[File]:
    """The files that any pattern matches and that look like batches, in natural order (2 before 10).

    Raises:
        UsageError: A pattern leaves the project.
    """
    paths: dict[str, None] = {}
    for pattern in patterns:
        paths.update(dict.fromkeys(_expand(project, pattern)))
    found = []
    for path in paths:
        name = os.path.basename(path)
        if is_temporary(name) or not uncompressed(name.lower()).endswith(SUFFIXES):
            continue
        try:
            found.append(look(project, path))
        except OSError:  # it went away between the listing and now
            continue
    return sorted(found, key=lambda file: _natural(file.batch))


def logged(project: Project, directory: str) -> list[File]:
    """The files that servers left in a folder, JSON lines or Parquet, in the order in which they were begun."""
    try:
        with os.scandir(directory) as listing:
            found = [entry for entry in listing if entry.name.endswith((LOG_OPEN, LOG_CLOSED))]
            paths = sorted(entry.path for entry in found if not entry.name.startswith(".") and entry.is_file())
    except OSError:  # nobody asked or told anything yet
        return []
    files = []
    for path in paths:
        try:
            files.append(look(project, path))
        except OSError:  # deleted meanwhile, to make room
            continue
    return files


def uncompressed(name: str) -> str:
    """A file's name in lower case without the ending that says how it is compressed."""
    return next((name[: -len(ending)] for ending in COMPRESSED if name.endswith(ending)), name)


def is_temporary(name: str) -> bool:
    """Whether a file's name says that it is not finished, or not meant to be seen."""
    return _TEMPORARY.search(name) is not None


def is_settled(file: File, now: float) -> bool:
    """Whether the last write is long enough ago; a time in the future counts as long ago, because clocks differ."""
    age_s = now - file.modified_ns / 1e9
    return not 0 <= age_s < SETTLED_S


def settles_at(files: Iterable[File], now: float) -> float | None:
    """When the first of the files that were just written to may be read, Unix seconds; None where there are none."""
    return min((file.modified_ns / 1e9 + SETTLED_S for file in files if not is_settled(file, now)), default=None)


def settle(project: Project, path: str) -> File | None:
    """The file once nobody has written to it for a moment; None when that does not come within ten seconds.

    Raises:
        OSError: There is none.
    """
    deadline = time.monotonic() + _PATIENCE_S
    while not is_settled(file := look(project, path), time.time()):
        if time.monotonic() > deadline:
            return None
        time.sleep(0.05)
    return file


def digest(file: File) -> str:
    """SHA-256 of the content, hexadecimal; remembered until size, time or inode change.

    Raises:
        OSError: It cannot be read.
    """
    key = (file.path, file.inode, *file.state)
    known = _digests.get(key)
    if known is None:
        sha = hashlib.sha256()
        with open(file.path, "rb") as source:
            while block := source.read(_BLOCK_BYTES):
                sha.update(block)
        known = _digests[key] = sha.hexdigest()
        while len(_digests) > 10_000:
            _digests.pop(next(iter(_digests)))
    return known


def covers(project: Project, patterns: Sequence[str], path: str) -> bool:
    """Whether any of the patterns matches the path."""
    wanted = os.path.abspath(path)
    return any(wanted in _expand(project, pattern) for pattern in patterns)


def _expand(project: Project, pattern: str) -> Iterator[str]:
    parts = [part for part in pattern.replace("\\", "/").split("/") if part not in ("", ".")]
    if os.path.isabs(pattern) or ".." in parts or not parts:
        raise UsageError(f"the pattern {pattern!r} leaves the project", "give a path below the project")
    fixed: list[str] = []
    while len(parts) > 1 and not _is_wild(parts[0]):
        fixed.append(parts.pop(0))
    yield from _walk(os.path.join(project.root, *fixed), parts)


def _walk(directory: str, parts: Sequence[str]) -> Iterator[str]:
    part, rest = parts[0], parts[1:]
    try:
        with os.scandir(directory) as listing:
            entries = sorted(listing, key=lambda entry: entry.name)
    except OSError:  # not there yet, or not for us to read
        return
    if part == "**":
        yield from _walk(directory, rest or ["*"])
    for entry in entries:
        is_hidden = entry.name.startswith(".") and not part.startswith(".")
        if is_hidden or (entry.is_symlink() and entry.name != part):
            continue
        if part == "**":
            if entry.is_dir():
                yield from _walk(entry.path, parts)
        elif fnmatch.fnmatchcase(entry.name, part):
            if rest and entry.is_dir():
                yield from _walk(entry.path, rest)
            elif not rest and entry.is_file():
                yield entry.path


def _is_wild(part: str) -> bool:
    return any(letter in part for letter in "*?[")


def _natural(text: str) -> list[tuple[int, int, str]]:
    pieces = re.split(r"(\d+)", text)
    return [(1, int(piece), "") if piece.isdecimal() and piece.isascii() else (0, 0, piece) for piece in pieces]
