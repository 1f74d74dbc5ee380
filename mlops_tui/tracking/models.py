"""Logging and registering models."""

from __future__ import annotations

import os
import tempfile
import time
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from mlops_store import artifacts
from mlops_store.errors import MlopsError, UsageError
from mlops_store.ids import new_id
from mlops_tui.tracking import background, files, fluent, remarks, session, values

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from mlops_store.records import ModelVersion
    from mlops_tui.registry.formats import ModelInfo
    from mlops_tui.tracking.run import ActiveRun


@dataclass(frozen=True, slots=True)
class LoggedModelInfo:
    """What ``log_model`` did; ``error`` says why nothing was stored and is "" when all went well."""

    run_id: str
    name: str
    model_id: str
    model_uri: str
    flavor: str = ""
    digest: str = ""
    registered_model_version: int | None = None
    error: str = ""


def log_model(
    model: Any,
    name: str = "model",
    *,
    artifact_path: str | None = None,
    input_example: Any = None,
    signature: Any = None,
    reference: Any = None,
    predictions: Any = None,
    registered_model_name: str | None = None,
    run_id: str | None = None,
    format: str | None = None,  # noqa: A002 the word of the command line
    allow_pickle: bool = False,
) -> LoggedModelInfo:
    """Stores a fitted model with the active run, in a format that runs nothing when it is opened wherever there is one.

    Args:
        model: An estimator or pipeline of scikit-learn (kept through skops), a booster or estimator of XGBoost or
            LightGBM, an ONNX ``ModelProto``, tensors by name (a ``state_dict``, say), or a function of one data frame,
            which is kept as source.
        name: The folder of the run's artifacts that it goes to.
        artifact_path: MLflow's older word for ``name``.
        input_example: A few rows as the model takes them.
        signature: What it takes and gives, where that should not be inferred.
        reference: A DataFrame of what the model was trained on, which drift monitors compare with; its column
            ``prediction``, if any, holds the model's predictions.
        predictions: The model's predictions for ``reference``, where that has no such column.
        registered_model_name: Registers it under this name as well.
        run_id: Another run instead of the active one.
        format: The name of the format, where the model's type should not decide.
        allow_pickle: Pickles a model that no other format takes; it is marked as a pickle wherever it is shown.

    Returns:
        What was stored, with ``model_uri`` for ``register_model``. A model that cannot be stored is a remark on
        stderr, an event of the run, and ``error``.

    Raises:
        MlopsError: It could not be registered, where that was asked for.
    """
    run = fluent.target(run_id)
    folder = artifact_path or name
    if run is None:
        return LoggedModelInfo("", folder, "", "", error="there is no such run")
    from mlops_tui.registry import formats

    try:
        folder = files.within(folder)
        info = _store(
            run,
            folder,
            lambda directory: formats.save(
                model,
                directory,
                input_example=input_example,
                signature=signature,
                format=format,
                allow_pickle=allow_pickle,
            ),
            lambda: _profile(run, folder, reference, predictions),
        )
    except Exception as error:  # saving runs the model's own code: whatever it raises must not end the training
        run.problem(f"model {folder}", f"model {values.name(folder)!r} was not stored: {error}")
        return LoggedModelInfo(run.run_id, folder, "", "", error=str(error))
    if registered_model_name:
        version = register_model(info.model_uri, registered_model_name, allow_pickle=allow_pickle)
        return LoggedModelInfo(
            info.run_id, info.name, info.model_id, info.model_uri, info.flavor, info.digest, version.version
        )
    return info


def register_model(
    model_uri: str,
    name: str,
    await_registration_for: int = 300,
    *,
    tags: Mapping[str, Any] | None = None,
    description: str = "",
    aliases: tuple[str, ...] = (),
    allow_pickle: bool = False,
) -> ModelVersion:
    """Makes the next version of a registered model from a logged one.

    Args:
        model_uri: ``runs:/<run id>/<path>``, as ``log_model`` returns it, or the id of a run for its newest model.
        name: The registered model, made when it is new.
        await_registration_for: Accepted for MLflow's sake: registration is done when this returns.
        tags: Tags of the version.
        description: Free text.
        aliases: Aliases to give to the version.
        allow_pickle: Lets a pickle be registered, and loaded from then on.

    Raises:
        MlopsError: There is no such model, it is a pickle and that is not allowed, or the name is not allowed.
    """
    from mlops_tui import config
    from mlops_tui.registry import versions
    from mlops_tui.tracking import stored

    run_id, path = _parse(model_uri)
    project = session.project()
    for run in session.live:
        if run.run_id == run_id:
            project = run.project
            background.finish_capture(run)
    is_own = any(run.run_id == run_id for run in session.live)
    with stored.opened(project) as store:
        return versions.register(
            store,
            config.load(project),
            name,
            run_id=run_id,
            logged_model=path or None,
            description=description,
            aliases=aliases,
            tags={str(key): str(value) for key, value in tags.items()} if tags else None,
            is_own_run=is_own,
            allowed=("pickle",) if allow_pickle else (),
        )


def _parse(model_uri: str) -> tuple[str, str]:
    scheme, _, rest = model_uri.partition(":/")
    if not rest:
        return model_uri, ""
    if scheme != "runs":
        raise UsageError(f"cannot register {model_uri!r}", "give runs:/<run id>/<path of the model>")
    run_id, _, path = rest.lstrip("/").partition("/")
    return run_id, path


def _store(
    run: ActiveRun,
    folder: str,
    save: Callable[[str], ModelInfo],
    profile: Callable[[], dict[str, Any] | None],
) -> LoggedModelInfo:
    with tempfile.TemporaryDirectory(prefix="mlops-model-") as directory:
        saved = save(directory)
        stored = [
            (f"{folder}/{path}", *artifacts.put_file(run.project.objects_dir, os.path.join(directory, path)))
            for path in sorted(saved.files)
        ]
    for warning in saved.warnings:
        remarks.once(f"model {folder} {warning}", f"model {folder!r}: {warning}")
    files.record(run, stored)
    now, model_id = time.time(), f"m-{new_id()}"
    run.journal.record(
        {
            "t": "model",
            "at": now,
            "model": {
                "model_id": model_id,
                "name": folder,
                "flavor": saved.flavor,
                "digest": saved.digest,
                "size_bytes": saved.size_bytes,
                "created_at": now,
                "signature": _plain(saved.signature),
                "environment": {
                    "packages": dict(saved.packages),
                    "python_version": saved.python_version,
                    "platform": saved.platform,
                },
            },
            "profile": profile(),
        }
    )
    return LoggedModelInfo(run.run_id, folder, model_id, f"runs:/{run.run_id}/{folder}", saved.flavor, saved.digest)


def _profile(run: ActiveRun, folder: str, reference: Any, predictions: Any) -> dict[str, Any] | None:
    """The reference profile as the journal holds it; None without one, or with one that cannot be used."""
    if reference is None:
        return None
    import pandas as pd

    from mlops_tui.drift import profiles

    try:
        frame = reference if isinstance(reference, pd.DataFrame) else pd.DataFrame(reference)
        if predictions is not None:
            frame = frame.assign(prediction=predictions)
        name, prediction = f"{run.name or run.run_id}/{folder}", "prediction" if "prediction" in frame.columns else None
        return profiles.keep(run.project.objects_dir, frame, name, prediction)
    except (MlopsError, OSError, ValueError, TypeError) as error:
        run.problem(f"reference {folder}", f"the reference data of model {folder!r} was not kept: {error}")
        return None


def _plain(value: Any) -> Any:
    import json

    return json.loads(json.dumps(value, default=str))
