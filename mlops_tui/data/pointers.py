"""What a ``dvc.lock`` or a ``.dvc`` file says that some data was: paths with their hashes.

Reads texts, so that those of earlier commits are understood as well as those of now. What is not understood points at
nothing here; judging the pipeline tells what is wrong with it.
"""

from __future__ import annotations

import os
from collections.abc import Iterator, Mapping
from typing import Any, NamedTuple

from mlops_store.errors import SpecError
from mlops_tui.pipeline import yaml12
from mlops_tui.pipeline.lock import FILE as LOCK_FILE


class Pointer(NamedTuple):
    """A version that a file names.

    Attributes:
        path: Relative to the project's root.
        digest: An md5, of a directory with ``.dir``.
        size_bytes: None where the file does not say.
        files: None for a single file.
        is_legacy: Of DVC before 3.0: text was hashed with its line ends made equal.
        is_dep: A stage reads it; else a stage or ``dvc add`` made it.
    """

    path: str
    digest: str
    size_bytes: int | None = None
    files: int | None = None
    is_legacy: bool = False
    is_dep: bool = False


def of(data: bytes, file: str, wdirs: Mapping[str, str] | None = None) -> list[Pointer]:
    """What a ``dvc.lock`` or ``.dvc`` file points at; nothing where it is not understood.

    Args:
        data: Its bytes.
        file: Its path from the project's root.
        wdirs: Stage -> working directory from the root, for a lock; by default that of the lock itself.
    """
    try:
        content = yaml12.load(yaml12.decode(data, file), file)
    except SpecError:
        return []
    if not isinstance(content, dict):
        return []
    directory = os.path.dirname(file)
    if os.path.basename(file) != LOCK_FILE:
        wdir = content.get("wdir")
        return list(_items(content, "outs", os.path.join(directory, wdir) if isinstance(wdir, str) else directory))
    stages = content.get("stages", {} if "schema" in content else content)
    found: list[Pointer] = []
    for name, stage in stages.items() if isinstance(stages, dict) else ():
        if isinstance(stage, dict):
            wdir = (wdirs or {}).get(name, directory)
            found += [*_items(stage, "deps", wdir), *_items(stage, "outs", wdir)]
    return found


def _items(content: Mapping[str, Any], key: str, wdir: str) -> Iterator[Pointer]:
    items = content.get(key)
    for item in items if isinstance(items, list) else ():
        if isinstance(item, dict) and isinstance(item.get("path"), str) and isinstance(item.get("md5"), str):
            size, files = item.get("size"), item.get("nfiles")
            yield Pointer(
                os.path.normpath(os.path.join(wdir, item["path"])),
                item["md5"],
                size if isinstance(size, int) else None,
                files if isinstance(files, int) else None,
                "hash" not in item,
                key == "deps",
            )
