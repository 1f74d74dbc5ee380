"""MLflow's own Python models, opened by MLflow itself: what they are made of only MLflow knows."""

from __future__ import annotations

import shutil
import tempfile
from collections.abc import Sequence
from importlib import import_module
from typing import Any

from mlops_store.errors import Refused
from mlops_tui.registry.formats.description import ModelInfo
from mlops_tui.registry.formats.loaded import Loaded
from mlops_tui.registry.formats.written import reason


def read(directory: str, info: ModelInfo, trusted: Sequence[str]) -> Loaded:
    """The model as ``mlflow.pyfunc.load_model`` gives it. Whoever calls this has been allowed to run what it brings.

    Raises:
        Refused: MLflow cannot load it here.
    """
    pyfunc = import_module("mlflow.pyfunc")
    # the model may come back to its files when it predicts
    home = tempfile.TemporaryDirectory(prefix="mlops-pyfunc-")
    try:
        shutil.copytree(directory, home.name, dirs_exist_ok=True)
        model = pyfunc.load_model(home.name)
    except Exception as error:  # MLflow's errors, and whatever the model's own code raises
        home.cleanup()
        raise Refused(f"MLflow cannot load the model ({reason(error)})", "install its requirements.txt") from error

    def predict(rows: Any, _home: tempfile.TemporaryDirectory[str] = home) -> Any:
        return model.predict(rows)

    return Loaded(info, model, apply=predict)
