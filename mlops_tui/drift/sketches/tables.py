"""Files of profiles, and profiles of files: which of both a path names is told by its first bytes."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from mlops_store.errors import UsageError
from mlops_tui.drift.sketches import building, packing, streams
from mlops_tui.drift.sketches.table import TableSketch, joined

#: Larger files are not read into memory as a whole; of Parquet and compressed files what they hold uncompressed.
LARGE_BYTES = 512 * 1024**2


def is_large(path: str) -> bool:
    """Whether a file is to be known by its profile: it is one, or too large to be held in memory.

    Raises:
        UsageError: It cannot be read.
    """
    return _is_profile(path) or _size(path) > LARGE_BYTES


def load(paths: Sequence[str], kinds: Mapping[str, str] | None = None) -> TableSketch:
    """The profile of all rows of files and kept profiles together.

    Args:
        paths: CSV, Parquet or JSON lines files of any size, compressed or not, and kept profiles.
        kinds: Column -> kind, where it is not to be told by the values of a file.

    Raises:
        UsageError: One cannot be read, holds no table, or is a damaged profile.
    """
    kept = [path for path in paths if _is_profile(path)]
    files = [path for path in paths if path not in kept]
    parts = [_kept(path) for path in kept]
    return joined([*parts, building.of_files(files, kinds)] if files else parts)


def _kept(path: str) -> TableSketch:
    with open(path, "rb") as file:
        data = file.read(packing.LARGEST_BYTES + 1)
    try:
        return packing.unpacked(data)
    except UsageError as error:
        raise UsageError(f"{path}: {error.message}", error.hint) from error


def _is_profile(path: str) -> bool:
    try:
        with open(path, "rb") as file:
            return file.read(len(packing.MAGIC)) == packing.MAGIC
    except OSError as error:
        raise UsageError(f"{path} cannot be read ({error.strerror})", "check the path") from error


def _size(path: str) -> int:
    try:
        return streams.size(path)
    except OSError as error:
        raise UsageError(f"{path} cannot be read ({error.strerror})", "check the path") from error
