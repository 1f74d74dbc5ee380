"""Builders for tests of the registry: real runs, artifacts and logged models in a real store."""

from __future__ import annotations

import os
import time
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from mlops_store import artifacts, metrics, model_facts, models, runs
from mlops_store.ids import new_id
from mlops_store.records import LoggedModel, ModelVersion
from mlops_store.store import Store
from mlops_tui.config import Config
from mlops_tui.registry import versions
from mlops_tui.registry.files import model_digest

CONFIG = Config()
FILES = {"model.skops": b"not read by these tests", "mlops.json": b"{}"}


def make_store(directory: Path) -> Store:
    """A store as a project has it."""
    return Store(str(directory / ".mlops" / "store.db"))


def make_run(
    store: Store,
    *,
    name: str = "train",
    status: str = "FINISHED",
    values: Mapping[str, float] | None = None,
    params: Mapping[str, Any] | None = None,
    **attributes: Any,
) -> str:
    """The id of a run with metrics and params."""
    run_id = new_id()
    attributes = {"git_commit": "c0ffee", "git_dirty": 0, "python_version": "3.11.9", **attributes}
    with store.write() as db:
        runs.create(
            db, run_id=run_id, name=name, experiment="default", status=status, started_at=time.time(), **attributes
        )
        runs.set_params(db, run_id, params or {})
        metrics.write(db, run_id, [(key, 0, time.time(), value) for key, value in (values or {}).items()])
    return run_id


def log_model(
    store: Store,
    run_id: str,
    *,
    name: str = "model",
    files: Mapping[str, bytes] = FILES,
    flavor: str = "sklearn",
    signature: Mapping[str, Any] | None = None,
) -> LoggedModel:
    """A logged model of a run whose files are its artifacts."""
    stored = {path: artifacts.put_bytes(store.objects_dir, content) for path, content in files.items()}
    model_id = "m-" + new_id()
    with store.write() as db:
        for path, (digest, size_bytes) in stored.items():
            artifacts.record(db, run_id, f"{name}/{path}", digest, size_bytes, time.time())
        models.add_logged(
            db,
            run_id,
            model_id=model_id,
            name=name,
            flavor=flavor,
            digest=model_digest({path: digest for path, (digest, _) in stored.items()}),
            size_bytes=sum(size for _, size in stored.values()),
            created_at=time.time(),
            signature=signature,
            environment={"packages": {"scikit-learn": "1.7.0"}, "python_version": "3.11.7", "platform": "linux"},
        )
        return models.logged_model(db, model_id)


def log_directory(
    store: Store,
    run_id: str,
    directory: Path,
    *,
    name: str = "model",
    signature: Mapping[str, Any] | None = None,
) -> LoggedModel:
    """Logs the files below a directory as a model."""
    found = {
        os.path.relpath(os.path.join(folder, file), directory): Path(folder, file).read_bytes()
        for folder, _, names in os.walk(directory)
        for file in names
    }
    return log_model(store, run_id, name=name, files=found, signature=signature)


def make_version(store: Store, model: str = "churn", *, config: Config = CONFIG, **run: Any) -> ModelVersion:
    """The next version of a model, from a new run of its own."""
    files = {**FILES, "model.skops": os.urandom(16)}
    signature = run.pop("signature", None)
    run_id = make_run(store, **run)
    log_model(store, run_id, files=files, signature=signature)
    return versions.register(store, config, model, run_id=run_id)


def stages_of(store: Store, model: str = "churn") -> dict[int, str]:
    """Version -> stage."""
    return model_facts.stages(store.read(), model)
