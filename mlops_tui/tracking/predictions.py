"""Logging what a model predicted, row by row, so that runs can be compared by their mistakes."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from mlops_store import artifacts
from mlops_tui import prediction_files
from mlops_tui.tracking import files, fluent, values

if TYPE_CHECKING:
    from collections.abc import Sequence


def log_predictions(
    y_true: Any,
    y_pred: Any,
    ids: Any = None,
    *,
    y_score: Any = None,
    labels: Sequence[Any] | None = None,
    slices: Any = None,
    task: str | None = None,
    name: str = "predictions",
    run_id: str | None = None,
) -> None:
    """Stores what was predicted and what was true, as the artifact ``predictions/<name>.parquet``.

    Runs that logged predictions of one name are compared row by row. Rows of two runs belong together by their ids;
    without ids by their order, where both runs have the same truth in the same order.

    Args:
        y_true: What was to be predicted: a list, array, series or tensor.
        y_pred: What was predicted, as many.
        ids: What names each row in every run; a row whose id occurs twice is not compared.
        y_score: The probability of the greater of two labels, or a row of probabilities of all labels.
        labels: What the columns of ``y_score`` stand for; the sorted labels by default.
        slices: Columns of features or other facts by name (a DataFrame will do), to find where a run is worse.
        task: 'classification' or 'regression'; found out by default.
        name: Which predictions these are, e.g. ``validation``.
        run_id: Another run instead of the active one.
    """
    run = fluent.target(run_id)
    if run is None:
        return
    try:
        path = files.within(prediction_files.path_of(values.name(name)))
        if not prediction_files.name_of(path):
            raise ValueError("not a name of predictions")
        data = prediction_files.encode(y_true, y_pred, ids, y_score, labels, slices, task)
        digest, size = artifacts.put_bytes(run.project.objects_dir, data)
    except Exception as error:  # it reads the script's own objects: whatever they raise must not end the training
        run.problem(f"predictions {name}", f"predictions {values.name(name)!r} were not stored: {error}")
        return
    files.record(run, [(path, digest, size)])
