"""scikit-learn estimators in a ``.skops`` file: checked types and numbers, nothing that runs."""

from __future__ import annotations

import os
from collections.abc import Sequence
from typing import Any

from mlops_store.errors import MlopsError, Refused
from mlops_tui.registry import trust
from mlops_tui.registry.formats.description import ModelInfo
from mlops_tui.registry.formats.loaded import Loaded
from mlops_tui.registry.formats.written import Written, full_name, reason
from mlops_tui.registry.trusted_types import TRUSTED

MODEL_FILE = "model.skops"
_DISTRIBUTIONS = ("scikit-learn", "skops", "numpy", "pandas", "scipy")


def write(model: Any, directory: str) -> Written:
    """Writes a fitted estimator.

    Raises:
        Refused: It cannot be written without pickle.
        OSError: The directory cannot be written.
    """
    import zipfile

    import skops.io

    path = os.path.join(directory, MODEL_FILE)
    try:
        # the fastest level takes little time and makes a forest five times smaller
        skops.io.dump(model, path, compression=zipfile.ZIP_DEFLATED, compresslevel=1)
        untrusted = trust.untrusted(path)
    except (MlopsError, OSError):
        raise
    except Exception as error:  # whatever an estimator's own __reduce__ or __getstate__ raises
        raise Refused(
            f"{type(model).__name__} cannot be written without pickle ({reason(error)})",
            "supported: estimators and pipelines of scikit-learn without lambdas or local functions",
        ) from error
    return Written(
        MODEL_FILE,
        full_name(model),
        summary(model),
        _DISTRIBUTIONS,
        flavors(MODEL_FILE, "skops", trusted_types(path), has_predict=hasattr(model, "predict")),
        getattr(model, "predict", None),
        untrusted_types=untrusted,
    )


def adopt(path: str, directory: str) -> Written:
    """Describes a skops file that was copied into a directory; nothing in it is built.

    Raises:
        Refused: It is damaged or of another kind.
    """
    untrusted = trust.untrusted(path)
    entry, name = os.path.relpath(path, directory), trust.class_name(path)
    apply = None if untrusted else getattr(trust.read(path), "predict", None)
    told = flavors(entry, "skops", trusted_types(path), has_predict=True)
    return Written(entry, name, name.rpartition(".")[2], _DISTRIBUTIONS, told, apply, untrusted_types=untrusted)


def flavors(
    entry: str, serialization: str, trusted: Sequence[str] = (), *, has_predict: bool
) -> dict[str, dict[str, Any]]:
    """What MLflow's own loader of estimators has to know.

    Source:
        ``mlflow.sklearn.save_model``.
    """
    import sklearn

    native = {
        "pickled_model": entry,
        "sklearn_version": sklearn.__version__,
        "serialization_format": serialization,
        "code": None,
        **({"skops_trusted_types": list(trusted)} if serialization == "skops" else {}),
    }
    function = {"loader_module": "mlflow.sklearn", "model_path": entry, "predict_fn": "predict"}
    return {"sklearn": native, **({"python_function": function} if has_predict else {})}


def trusted_types(path: str) -> list[str]:
    """The types in a file that skops leaves to its caller, and that are trusted here.

    Types that nobody trusts are not among them: MLflow refuses such a model as well.
    """
    from skops.io import get_untrusted_types

    return sorted({*get_untrusted_types(file=path)} & {*TRUSTED})


def read(directory: str, info: ModelInfo, trusted: Sequence[str]) -> Loaded:
    """The estimator, built after every type in the file was found to be trusted.

    Raises:
        Refused: The file is not a skops file or holds types that are not trusted: they are named.
    """
    return of_estimator(info, trust.read(os.path.join(directory, info.entry), trusted))


def of_estimator(info: ModelInfo, model: Any) -> Loaded:
    """Anything with scikit-learn's methods as a loaded model."""
    classes: Any = getattr(model, "classes_", ())
    return Loaded(
        info,
        model,
        apply=getattr(model, "predict", None),
        apply_proba=getattr(model, "predict_proba", None),
        classes=tuple(classes.tolist() if hasattr(classes, "tolist") else classes),
        columns=tuple(map(str, getattr(model, "feature_names_in_", ()))),
    )


def summary(model: Any) -> str:
    """``StandardScaler → LogisticRegression`` for a pipeline, else the class's name."""
    steps = getattr(model, "steps", None)
    if not isinstance(steps, list):
        return type(model).__name__
    return " → ".join(type(step[1]).__name__ for step in steps if step[1] not in (None, "passthrough"))
