"""MLflow's file store (``mlruns/``): a folder a run, a file a metric, param and tag."""

from __future__ import annotations

import os
from collections.abc import Iterator
from typing import Any

from mlops_store.curves import Point
from mlops_store.data_records import DatasetUse
from mlops_store.errors import Refused
from mlops_store.import_records import ImportedRun
from mlops_store.records import RunStatus
from mlops_store.texts import storable
from mlops_tui.interop import folders, mlflow_words, plain_yaml
from mlops_tui.interop.mlflow_words import Artifacts
from mlops_tui.interop.source import Experiment, Found, Problems, Source, SourceFile, moment, safe_id, texts

KIND = "mlruns"
_META = "meta.yaml"
_TRASH = ".trash"
#: The numbers of MLflow's protocol.
_STATUSES = {1: "RUNNING", 2: "SCHEDULED", 3: "FINISHED", 4: "FAILED", 5: "KILLED"}
#: Folders of an experiment that are no runs.
_OTHERS = ("datasets", "models", "traces", "tags")
_MAX_METRIC_BYTES = 1 << 30
_INT64 = 1 << 63


def recognises(path: str) -> bool:
    """Whether a path is such a folder: one that holds experiments, or is called as MLflow calls it."""
    if not os.path.isdir(path):
        return False
    return any(True for _ in _experiments(path)) or (
        os.path.basename(os.path.abspath(path)) == "mlruns" and os.path.isdir(os.path.join(path, _TRASH))
    )


def read(path: str, problems: Problems, artifact_roots: tuple[str, ...] = ()) -> Source:
    """Opens the folder; see ``mlflow_database.read``."""
    root = os.path.abspath(path)
    if next(_experiments(root), None) is None:
        raise Refused(f"{path} holds no experiments of MLflow", "name the folder mlruns itself")
    artifacts = Artifacts((root, *artifact_roots), problems)
    described = tuple(_described(root, problems))
    _list_registry(root, problems)
    runs = [(folder, experiment) for folder, experiment in described for folder in _run_folders(folder)]
    return Source(
        KIND,
        root,
        lambda: (found for folder, name in runs if (found := _run(folder, name, problems, artifacts)) is not None),
        len(runs),
        tuple(experiment for _, experiment in described),
        tool="mlflow",
    )


def _experiments(root: str) -> Iterator[str]:
    for parent in (root, os.path.join(root, _TRASH)):
        for name in _listed(parent):
            folder = os.path.join(parent, name)
            if name in ("models", _TRASH) or os.path.islink(folder) or os.path.isdir(os.path.join(folder, "metrics")):
                continue
            if os.path.isfile(os.path.join(folder, _META)):
                yield folder


def _described(root: str, problems: Problems) -> Iterator[tuple[str, Experiment]]:
    for folder in _experiments(root):
        meta = _mapping(os.path.join(folder, _META), problems)
        name = storable(str(meta.get("name") or os.path.basename(folder)))
        made_at = moment(meta.get("creation_time"), 1000) or 0.0
        is_deleted = meta.get("lifecycle_stage") == "deleted" or os.path.basename(os.path.dirname(folder)) == _TRASH
        deleted_at = (moment(meta.get("last_update_time"), 1000) or made_at) if is_deleted else None
        note = _values(os.path.join(folder, "tags"), problems).get(mlflow_words.NOTE_TAG, "")
        yield folder, Experiment(name, made_at, note, deleted_at)


def _list_registry(root: str, problems: Problems) -> None:
    for name in _listed(os.path.join(root, "models")):
        versions = [entry for entry in _listed(os.path.join(root, "models", name)) if entry.startswith("version-")]
        problems.add(f"registered model {name}", f"{len(versions)} version{'s'[: len(versions) != 1]} not imported")


def _run_folders(experiment: str) -> list[str]:
    found = [os.path.join(experiment, name) for name in _listed(experiment) if name not in _OTHERS]
    return [folder for folder in found if os.path.isdir(folder) and not os.path.islink(folder)]


def _run(folder: str, experiment: Experiment, problems: Problems, artifacts: Artifacts) -> Found | None:
    meta = _mapping(os.path.join(folder, _META), problems)
    run_id = str(meta.get("run_id") or meta.get("run_uuid") or os.path.basename(folder))
    if not meta and not _listed(os.path.join(folder, "metrics")):
        return None  # a folder of something else, or a run that never began
    tags = _values(os.path.join(folder, "tags"), problems)
    series = dict(_series(os.path.join(folder, "metrics"), problems))
    started = moment(meta.get("start_time"), 1000)
    if started is None:
        started = min((points[0][1] for points in series.values()), default=0) / 1000
    number = meta.get("status")
    word = _STATUSES.get(number, "KILLED") if isinstance(number, int) else str(number)
    is_deleted = meta.get("lifecycle_stage") == "deleted"
    deleted_at = (moment(meta.get("deleted_time"), 1000) or started) if is_deleted else experiment.deleted_at
    run = ImportedRun(
        run_id=safe_id("mlflow", run_id),
        name=tags.get(mlflow_words.NAME_TAG) or storable(str(meta.get("run_name") or meta.get("name") or run_id[:12])),
        experiment=experiment.name,
        status=mlflow_words.status(word) if meta else RunStatus.KILLED,
        started_at=started,
        ended_at=moment(meta.get("end_time"), 1000),
        parent_run_id=mlflow_words.parent(tags),
        deleted_at=deleted_at,
        attributes=mlflow_words.attributes(
            tags,
            *(storable(str(meta.get(key) or "")) for key in ("user_id", "source_name", "source_version")),
        ),
        params=_values(os.path.join(folder, "params"), problems),
        tags=tags,
        note=tags.get(mlflow_words.NOTE_TAG, ""),
        series=series,
        datasets=tuple(_datasets(folder, started, problems)),
    )
    return Found(run, tuple(_files(folder, str(meta.get("artifact_uri") or ""), problems, artifacts)))


def _files(folder: str, uri: str, problems: Problems, artifacts: Artifacts) -> Iterator[SourceFile]:
    own = os.path.join(folder, "artifacts")
    if folders.has_entries(own):
        yield from folders.below(own, own, "", problems)
    else:  # MLflow makes it in every run, also where the experiment's artifacts go elsewhere
        yield from artifacts.files(uri, folder, must_be_there=not _is_moved(own, uri, parts=3))
    for model_id in _listed(os.path.join(folder, "outputs")):
        place = os.path.join(os.path.dirname(folder), "models", os.path.basename(model_id))
        meta = _mapping(os.path.join(place, _META), problems)
        name = storable(str(meta.get("name") or model_id))
        own, uri = os.path.join(place, "artifacts"), str(meta.get("artifact_location") or "")
        if folders.has_entries(own):
            yield from folders.below(own, place, name, problems)
        else:
            yield from artifacts.files(uri, place, name, must_be_there=not _is_moved(own, uri, parts=4))


def _is_moved(own: str, uri: str, *, parts: int) -> bool:
    """Whether a URI names a run's or model's own folder, here or where the experiments lay before."""
    path = (folders.local_path(uri) or "").rstrip("/")
    return path.split("/")[-parts:] == own.split(os.sep)[-parts:]


def _datasets(folder: str, at: float, problems: Problems) -> Iterator[DatasetUse]:
    for name in _listed(os.path.join(folder, "inputs")):
        entry = _mapping(os.path.join(folder, "inputs", name, _META), problems)
        if entry.get("source_type") != "DATASET":
            continue
        place = os.path.join(os.path.dirname(folder), "datasets", os.path.basename(str(entry.get("source_id"))))
        meta = _mapping(os.path.join(place, _META), problems)
        tags = entry.get("tags")
        context = tags.get(mlflow_words.CONTEXT_TAG) if isinstance(tags, dict) else ""
        if meta.get("name") and meta.get("digest"):
            yield mlflow_words.dataset(
                str(meta["name"]), str(meta["digest"]), str(meta.get("profile") or ""), str(context or ""), at
            )


def _mapping(path: str, problems: Problems) -> dict[str, Any]:
    try:
        found = plain_yaml.mapping(path)
    except (OSError, ValueError) as error:
        problems.add(path, f"it is not read: {error.strerror if isinstance(error, OSError) else error}")
        return {}
    if not found:
        problems.add(path, "it is empty")
    return found


def _values(folder: str, problems: Problems) -> dict[str, str]:
    """The files below a folder by their paths: params or tags."""
    found: dict[str, object] = {}
    for file in folders.below(folder, folder, "", problems):
        try:
            found[file.path] = folders.small_text(file.origin)
        except (OSError, ValueError) as error:
            problems.add(file.origin, f"it is not read: {error}")
    return texts(found)


def _series(folder: str, problems: Problems) -> Iterator[tuple[str, list[Point]]]:
    for file in folders.below(folder, folder, "", problems):
        try:
            *lines, rest = folders.small_text(file.origin, _MAX_METRIC_BYTES).split("\n")
        except (OSError, ValueError) as error:
            problems.add(file.origin, f"it is not read: {error}")
            continue
        points = [point for line in lines if (point := _point(line)) is not None]
        if rest:
            problems.add(file.origin, "its last line was cut short")
        if wrong := len(lines) - len(points):
            problems.add(file.origin, f"{wrong:,} of {len(lines):,} lines are no points")
        if points:
            yield file.path, points


def _point(line: str) -> Point | None:
    """A line ``timestamp value step``; the oldest ones have no step."""
    parts = line.split()
    try:
        ms, value, step = int(parts[0]), float(parts[1]), int(parts[2]) if len(parts) > 2 else 0
    except (ValueError, IndexError):
        return None
    return (step, ms, value) if -_INT64 <= step < _INT64 and -_INT64 <= ms < _INT64 else None


def _listed(folder: str) -> list[str]:
    try:
        return sorted(os.listdir(folder))
    except OSError:
        return []
