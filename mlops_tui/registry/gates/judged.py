"""The predictions that gates judge by: those that a version's run logged."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from mlops_store.errors import NotFound, Refused, nearest
from mlops_store.records import ModelVersion
from mlops_tui.compare import predictions
from mlops_tui.prediction_files import Predictions
from mlops_tui.registry.gates.candidate import Candidate


def digest(candidate: Candidate, version: ModelVersion, options: Mapping[str, Any]) -> str:
    """The digest of the predictions of a version's run; "" when it logged none, or none of that name."""
    if version.run_id is None:
        return ""
    try:
        found = predictions.files(candidate.store.read(), version.run_id)
    except NotFound:
        return ""
    name = options.get("predictions")
    if name is None:
        return next(iter(found.values()), "")
    return found.get(name, "")


def inputs(candidate: Candidate, options: Mapping[str, Any]) -> Mapping[str, Any]:
    """What a gate depends on that looks at nothing but the version's own predictions."""
    return {"predictions": digest(candidate, candidate.version, options)}


def read(candidate: Candidate, version: ModelVersion, options: Mapping[str, Any]) -> Predictions:
    """The predictions of a version's run.

    Raises:
        Refused: It logged none, or they cannot be read.
    """
    found = digest(candidate, version, options)
    label = f"{version.model}/{version.version}"
    if not found:
        known = predictions.files(candidate.store.read(), version.run_id) if version.run_id else {}
        if known:
            name = options.get("predictions", "")
            raise Refused(f"the run of {label} logged no predictions named {name!r}", nearest(name, known))
        raise Refused(
            f"the run of {label} logged no predictions",
            "log them in the script: mlops.log_predictions(y_true, y_pred, ids)",
        )
    try:
        return predictions.decoded(candidate.store.objects_dir, found)
    except (OSError, ValueError) as error:
        raise Refused(f"the predictions of {label} cannot be read: {error}") from error


__all__ = ["digest", "inputs", "read"]
