"""Pickles, which run their author's code when they are opened: only with an explicit yes, and marked as such."""

from __future__ import annotations

import os
import pickletools
from collections.abc import Sequence
from importlib import import_module
from typing import Any

from mlops_store.errors import Refused
from mlops_tui.registry.formats import environment, estimator
from mlops_tui.registry.formats.description import ModelInfo
from mlops_tui.registry.formats.loaded import Loaded
from mlops_tui.registry.formats.written import Written, full_name, reason

MODEL_FILE = "model.pkl"
_LONGEST_NAME = 200


def write(model: Any, directory: str) -> Written:
    """Writes any object, through cloudpickle where that is installed.

    Raises:
        Refused: Not even that can be done.
    """
    try:
        pickler, serialization = import_module("cloudpickle"), "cloudpickle"
    except ImportError:
        pickler, serialization = import_module("pickle"), "pickle"
    path = os.path.join(directory, MODEL_FILE)
    try:
        with open(path, "wb") as file:
            pickler.dump(model, file)
    except Exception as error:  # whatever the object's own __reduce__ raises
        raise Refused(f"{type(model).__name__} cannot be pickled ({reason(error)})") from error
    has_predict = hasattr(model, "predict")
    apply = getattr(model, "predict", model if callable(model) else None)
    return Written(
        MODEL_FILE,
        full_name(model),
        estimator.summary(model),
        (*_distributions(path), serialization),
        estimator.flavors(MODEL_FILE, serialization, has_predict=True) if has_predict else {},
        apply,
    )


def adopt(path: str, directory: str) -> Written:
    """Describes a pickle that was copied into a directory; it is not loaded, and so what is in it is not known."""
    entry = os.path.relpath(path, directory)
    return Written(entry, "", "a pickle, never opened", (*_distributions(path), "joblib"), {}, None)


def read(directory: str, info: ModelInfo, trusted: Sequence[str]) -> Loaded:
    """The object. Whoever calls this has been allowed to run what the pickle says.

    Raises:
        Refused: It cannot be loaded here.
    """
    path = os.path.join(directory, info.entry)
    try:
        # joblib reads what pickle, cloudpickle and joblib itself wrote
        model = import_module("joblib").load(path)
    except Exception as error:
        raise Refused(f"{os.path.basename(path)} cannot be unpickled ({reason(error)})") from error
    loaded = estimator.of_estimator(info, model)
    if loaded.apply is None and callable(model):
        return Loaded(info, model, apply=model)
    return loaded


def _distributions(path: str) -> tuple[str, ...]:
    """What the modules named in a pickle belong to, by reading its instructions without following them."""
    words: set[str] = set()
    try:
        with open(path, "rb") as file:
            for _, argument, _ in pickletools.genops(file):
                if isinstance(argument, str) and len(argument) < _LONGEST_NAME:
                    words.update(argument.split(" ")[0].split(".")[:1])
    except Exception:  # compressed or damaged: whoever loads it will see
        return ()
    return environment.distributions_of(word for word in words if word.isidentifier())
