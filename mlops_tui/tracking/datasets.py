"""Logging which data a run used, as a name and a hash of the content."""

from __future__ import annotations

import os
import time
from typing import TYPE_CHECKING, Any

from mlops_tui.tracking import fluent, values

if TYPE_CHECKING:
    from collections.abc import Mapping


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
        dataset: A path of a file or directory, a DataFrame, an array, or an MLflow data set (``name`` and ``digest``).
        context: How it is used: 'training', 'validation' …
        tags: Added to the run's tags.
        model: Accepted for MLflow's sake.
        name: What to call it; the path, ``frame`` or ``array`` by default.
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


def log_dataset(
    dataset: Any,
    name: str | None = None,
    context: str | None = None,
    tags: Mapping[str, Any] | None = None,
) -> None:
    """Records under a name that the active run used some data; see ``log_input``."""
    log_input(dataset, context, tags, name=name)


def _described(dataset: Any, root: str) -> dict[str, Any]:
    if isinstance(dataset, str | os.PathLike):
        return _file(os.fspath(dataset), root)
    if hasattr(dataset, "columns") and hasattr(dataset, "itertuples"):
        return _frame(dataset)
    if hasattr(dataset, "name") and hasattr(dataset, "digest"):
        return {"name": values.name(dataset.name), "digest": values.name(dataset.digest)}
    if hasattr(dataset, "__array__"):
        return _array(dataset)
    raise TypeError("neither a path, a DataFrame, an array nor an MLflow data set")


def _file(path: str, root: str) -> dict[str, Any]:
    """A file or directory with the hash that pipelines give it, so that both mean one version by one digest."""
    from mlops_tui.pipeline import hashing
    from mlops_tui.pipeline.fingerprints import Fingerprints

    full = os.path.abspath(path)
    shown = os.path.relpath(full, root) if full.startswith(root + os.sep) else full
    if not os.path.isdir(full):
        if os.path.exists(full) and not os.path.isfile(full):
            raise OSError(f"{path} is no regular file")
        digest, size = hashing.hash_file(full), os.path.getsize(full)
        return {"name": shown, "digest": digest, "path": shown, "size_bytes": size, "files": 1}
    found = Fingerprints(root).find(full)
    assert found is not None
    return {
        "name": shown,
        "digest": found.md5,
        "path": shown,
        "size_bytes": found.size_bytes,
        "files": found.files,
    }


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


def _array(given: Any) -> dict[str, Any]:
    import hashlib

    import numpy as np

    array = np.ascontiguousarray(given)
    if array.dtype.hasobject:
        raise TypeError("an array of Python objects has no content of its own to tell it by")
    sha = hashlib.sha256(f"{array.dtype.str} {array.shape}".encode())
    sha.update(array.tobytes())
    rows = array.shape[0] if array.ndim else 1
    return {"name": "array", "digest": sha.hexdigest(), "row_count": rows, "size_bytes": array.nbytes}
