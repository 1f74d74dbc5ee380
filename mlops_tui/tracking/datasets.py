"""Logging which data a run used, as a name and a hash of the content."""

from __future__ import annotations

import os
import time
from typing import TYPE_CHECKING, Any

from mlops_tui.tracking import fluent, values

if TYPE_CHECKING:
    from collections.abc import Mapping

_BLOCK_BYTES = 1 << 20


def log_input(
    dataset: Any = None,
    context: str | None = None,
    tags: Mapping[str, Any] | None = None,
    model: Any = None,
    *,
    name: str | None = None,
) -> None:
    """Records that the active run used some data.

    Args:
        dataset: A path of a file or directory, a DataFrame, or an MLflow data set (``name`` and ``digest``).
        context: How it is used: 'training', 'validation' …
        tags: Added to the run's tags.
        model: Accepted for MLflow's sake.
        name: What to call it; the path or ``frame`` by default.
    """
    run = fluent.target(None)
    if run is None:
        return
    try:
        found = _described(dataset, run.project.root)
    except Exception as error:  # it reads the script's own objects: whatever they raise must not end the training
        run.problem("dataset", f"the data set {values.name(dataset)[:80]!r} was not recorded: {error}")
        return
    if name:
        found["name"] = values.name(name)
    run.journal.record(
        {
            "t": "dataset",
            "dataset": {**found, "created_at": time.time()},
            "context": values.name(context or "input"),
            "tags": {values.name(key): values.text(value) for key, value in (tags or {}).items()},
        }
    )


def _described(dataset: Any, root: str) -> dict[str, Any]:
    if isinstance(dataset, str | os.PathLike):
        return _file(os.fspath(dataset), root)
    if hasattr(dataset, "columns") and hasattr(dataset, "itertuples"):
        return _frame(dataset)
    if hasattr(dataset, "name") and hasattr(dataset, "digest"):
        return {"name": values.name(dataset.name), "digest": values.name(dataset.digest)}
    raise TypeError("neither a path, a DataFrame nor an MLflow data set")


def _file(path: str, root: str) -> dict[str, Any]:
    """A file, or a directory hashed as the sorted list of its files' hashes."""
    import hashlib

    full = os.path.abspath(path)
    shown = os.path.relpath(full, root) if full.startswith(root + os.sep) else full
    if not os.path.isdir(full):
        digest, size = _hash(full)
        return {"name": shown, "digest": digest, "path": shown, "size_bytes": size, "files": 1}
    entries = []
    for directory, _, names in os.walk(full):
        for name in names:
            part = os.path.join(directory, name)
            entries.append((os.path.relpath(part, full), *_hash(part)))
    lines = "".join(f"{name}\0{digest}\n" for name, digest, _ in sorted(entries))
    return {
        "name": shown,
        "digest": hashlib.sha256(lines.encode("utf-8", "backslashreplace")).hexdigest(),
        "path": shown,
        "size_bytes": sum(size for _, _, size in entries),
        "files": len(entries),
    }


def _hash(path: str) -> tuple[str, int]:
    import hashlib

    sha, size = hashlib.sha256(), 0
    with open(path, "rb") as file:
        while block := file.read(_BLOCK_BYTES):
            sha.update(block)
            size += len(block)
    return sha.hexdigest(), size


def _frame(frame: Any) -> dict[str, Any]:
    import hashlib

    from pandas.util import hash_pandas_object

    sha = hashlib.sha256(
        repr([(str(name), str(kind)) for name, kind in frame.dtypes.items()]).encode("utf-8", "replace")
    )
    sha.update(hash_pandas_object(frame, index=False).to_numpy().tobytes())
    return {
        "name": "frame",
        "digest": sha.hexdigest(),
        "row_count": len(frame),
        "size_bytes": int(frame.memory_usage(deep=False).sum()),
    }
