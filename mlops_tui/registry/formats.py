"""Models as files: scikit-learn estimators through skops, never through pickle.

A model directory holds ``model.skops`` and ``mlops.json`` (what it is, what it takes and gives, the versions it was
made with, the digest of each file). Owns that layout. scikit-learn, skops, pandas and numpy are imported when first
needed.
"""

from __future__ import annotations

import json
import os
import platform
import tempfile
import threading
from collections import OrderedDict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from mlops_store.errors import MlopsError, NotFound, Refused
from mlops_store.records import ModelVersion
from mlops_store.store import Store
from mlops_tui.registry import signatures, signing
from mlops_tui.registry.files import materialize, model_digest, scan

FORMAT = 1
SKLEARN = "sklearn"
MODEL_FILE = "model.skops"
DESCRIPTION_FILE = "mlops.json"

_MAX_DESCRIPTION_BYTES = 16 << 20
_CACHED_MODELS = 4

__all__ = [
    "DESCRIPTION_FILE",
    "FORMAT",
    "MODEL_FILE",
    "SKLEARN",
    "ModelInfo",
    "describe",
    "load",
    "load_version",
    "materialize",
    "model_digest",
    "save",
]


@dataclass(frozen=True, slots=True)
class ModelInfo:
    """What a model directory holds.

    ``files`` maps the path of each file to its SHA-256 and size in bytes; ``digest`` is the model's (see
    ``model_digest``). ``warnings`` are sentences for the person who logs the model.
    """

    flavor: str
    digest: str
    size_bytes: int
    files: Mapping[str, tuple[str, int]]
    class_name: str = ""
    summary: str = ""
    signature: Mapping[str, Any] = field(default_factory=dict)
    packages: Mapping[str, str] = field(default_factory=dict)
    untrusted_types: tuple[str, ...] = ()
    warnings: tuple[str, ...] = ()


def save(model: Any, directory: str, *, input_example: Any = None, signature: Any = None) -> ModelInfo:
    """Writes a fitted scikit-learn estimator as a model directory.

    Args:
        model: Any estimator or pipeline of scikit-learn.
        directory: Made when missing.
        input_example: A few rows as the model takes them; gives the signature, and its first five rows are kept.
        signature: What the model takes and gives, where it should not be inferred; MLflow's ``ModelSignature`` or its
            dictionary.

    Raises:
        Refused: The model is of a kind that cannot be written without pickle.
        OSError: The directory cannot be written.
    """
    _require_estimator(model)
    os.makedirs(directory, exist_ok=True)
    path = os.path.join(directory, MODEL_FILE)
    untrusted = _dump(model, path)
    warnings = [f"it holds {name}, which must be trusted by name when it is loaded" for name in untrusted]
    described: dict[str, Any] = {
        "format": FORMAT,
        "flavor": SKLEARN,
        "class": f"{type(model).__module__}.{type(model).__qualname__}",
        "summary": _summary(model),
        "python_version": platform.python_version(),
        "packages": _packages(),
        "signature": signatures.given(signature) if signature is not None else {},
        "untrusted_types": list(untrusted),
    }
    if input_example is not None:
        rows = signatures.frame(input_example)
        described["input_example"] = signatures.example(rows)
        if signature is None:
            described["signature"] = _infer(model, rows, warnings)
    digest, size_bytes = scan(directory)[MODEL_FILE]
    described["files"] = {MODEL_FILE: {"digest": digest, "size_bytes": size_bytes}}
    with open(os.path.join(directory, DESCRIPTION_FILE), "w", encoding="utf-8") as file:
        json.dump(described, file, indent=1, sort_keys=True, allow_nan=False)
    return _info(described, scan(directory), tuple(warnings))


def describe(directory: str) -> ModelInfo:
    """What a model directory says of itself; nothing in it is loaded.

    Raises:
        NotFound: It has no ``mlops.json``.
        Refused: ``mlops.json`` is damaged or of a newer program.
    """
    return _info(_description(directory), scan(directory), ())


def load(directory: str, *, trusted: Sequence[str] = ()) -> Any:
    """The model in a directory, after its digest and the types in it were checked.

    Args:
        directory: As ``save`` wrote it.
        trusted: Full names of types to trust besides scikit-learn's own.

    Raises:
        NotFound: The directory holds no model.
        Refused: A file was changed, is not a skops file, or holds types that are not trusted: they are named.
    """
    described = _description(directory)
    if described.get("flavor") != SKLEARN:
        raise Refused(f"a model of flavor {described.get('flavor')!r} cannot be loaded", f"known: {SKLEARN}")
    path = os.path.join(directory, MODEL_FILE)
    found = scan(directory)
    for name, digest in {MODEL_FILE: "", **_digests(described)}.items():
        if name not in found:
            raise Refused(f"the model's file {name!r} is missing in {directory}", "copy the whole directory again")
        if found[name][0] != digest:
            raise Refused(f"the model's file {name!r} was changed after it was saved", "copy the directory again")
    from mlops_tui.registry import trust

    return trust.read(path, trusted)


_loaded: OrderedDict[tuple[str, tuple[str, ...]], Any] = OrderedDict()
_loading = threading.Lock()


def load_version(store: Store, version: ModelVersion, *, trusted: Sequence[str] = ()) -> Any:
    """The model of a registered version, verified against its digest; the last few stay in memory.

    Raises:
        Refused: A file is gone or changed, a type in it is not trusted (see ``load``), or the version's stage enforces
            signatures and it has none that is valid.
        NotFound: The version holds files of another kind than models written by ``save``.
    """
    signing.admit(store, version)
    key = (version.digest, tuple(sorted(trusted)))
    with _loading:
        if key not in _loaded:
            with tempfile.TemporaryDirectory(prefix="mlops-model-") as directory:
                materialize(store, version, directory)
                _loaded[key] = load(directory, trusted=trusted)
            if len(_loaded) > _CACHED_MODELS:
                _loaded.popitem(last=False)
        _loaded.move_to_end(key)
        return _loaded[key]


def _require_estimator(model: Any) -> None:
    from sklearn.base import BaseEstimator

    if isinstance(model, type):
        raise Refused(f"{model.__name__} is a class, not a fitted model", f"log {model.__name__}(…).fit(…)")
    if not isinstance(model, BaseEstimator) or type(model).__module__.split(".")[0] in ("xgboost", "lightgbm"):
        raise Refused(
            f"a model of type {type(model).__module__}.{type(model).__qualname__} cannot be logged",
            "supported: estimators and pipelines of scikit-learn; log other kinds with log_artifact",
        )


def _dump(model: Any, path: str) -> tuple[str, ...]:
    """Writes the model and returns the types in it that loading will not trust by itself."""
    import zipfile

    import skops.io

    from mlops_tui.registry import trust

    try:
        # the fastest level takes little time and makes a forest five times smaller
        skops.io.dump(model, path, compression=zipfile.ZIP_DEFLATED, compresslevel=1)
        return trust.untrusted(path)
    except (MlopsError, OSError):
        raise
    except Exception as error:  # whatever an estimator's own __reduce__ or __getstate__ raises
        raise Refused(
            f"{type(model).__name__} cannot be written without pickle ({' '.join(str(error).split())[:200]})",
            "supported: estimators and pipelines of scikit-learn without lambdas or local functions",
        ) from error


def _infer(model: Any, rows: Any, warnings: list[str]) -> dict[str, Any]:
    found = {"inputs": signatures.schema(rows)}
    if hasattr(model, "predict"):
        try:
            found["outputs"] = signatures.schema(signatures.frame(model.predict(rows)))
        except Exception as error:  # a model that was trained for hours is kept although its example is wrong
            warnings.append(f"it cannot predict its input example ({' '.join(str(error).split())[:200]})")
    return found


def _summary(model: Any) -> str:
    """``StandardScaler → LogisticRegression`` for a pipeline, else the class's name."""
    steps = getattr(model, "steps", None)
    if not isinstance(steps, list):
        return type(model).__name__
    return " → ".join(type(step[1]).__name__ for step in steps if step[1] not in (None, "passthrough"))


def _packages() -> dict[str, str]:
    from importlib.metadata import PackageNotFoundError, version

    found = {}
    for name in ("numpy", "pandas", "scikit-learn", "scipy", "skops"):
        try:
            found[name] = version(name)
        except PackageNotFoundError:
            continue
    return found


def _description(directory: str) -> dict[str, Any]:
    path = os.path.join(directory, DESCRIPTION_FILE)
    try:
        with open(path, "rb") as file:
            described = json.loads(file.read(_MAX_DESCRIPTION_BYTES))
    except FileNotFoundError as error:
        raise NotFound(f"{directory} holds no model: it has no {DESCRIPTION_FILE}", "log it with log_model") from error
    except (ValueError, RecursionError, OSError) as error:
        raise Refused(f"{path} cannot be read ({' '.join(str(error).split())[:200]})", "log the model again") from error
    if not isinstance(described, dict) or not isinstance(described.get("format"), int):
        raise Refused(f"{path} does not describe a model", "log the model again")
    if described["format"] > FORMAT:
        raise Refused(
            f"the model was written by a newer program (format {described['format']}, this one knows {FORMAT})",
            "install a newer mlops-tui: pip install --upgrade mlops-tui",
        )
    return described


def _digests(described: Mapping[str, Any]) -> dict[str, str]:
    files = described.get("files")
    entries = files.items() if isinstance(files, dict) else ()
    return {name: str(entry.get("digest", "")) if isinstance(entry, dict) else "" for name, entry in entries}


def _info(described: Mapping[str, Any], files: Mapping[str, tuple[str, int]], warnings: tuple[str, ...]) -> ModelInfo:
    return ModelInfo(
        flavor=str(described.get("flavor", "")),
        digest=model_digest({path: digest for path, (digest, _) in files.items()}),
        size_bytes=sum(size for _, size in files.values()),
        files=dict(files),
        class_name=str(described.get("class", "")),
        summary=str(described.get("summary", "")),
        signature=described.get("signature", {}),
        packages=described.get("packages", {}),
        untrusted_types=tuple(described.get("untrusted_types", ())),
        warnings=warnings,
    )
