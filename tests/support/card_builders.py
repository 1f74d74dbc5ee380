"""A model with everything that its card tells of: data, predictions, an input example, a reference."""

from __future__ import annotations

import tempfile
import time
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import pandas as pd
from registry_builders import CONFIG, log_directory, make_run
from sklearn.linear_model import LogisticRegression

from mlops_store import artifacts, datasets
from mlops_store.records import Dataset, ModelVersion
from mlops_store.store import Store
from mlops_tui import prediction_files
from mlops_tui.drift import profiles
from mlops_tui.registry import formats, versions

ROWS = 200


def make_data(seed: int = 0, shift: float = 0.0) -> tuple[pd.DataFrame, npt.NDArray[np.int64]]:
    """Two columns, of which only ``age`` matters."""
    chance = np.random.default_rng(seed)
    frame = pd.DataFrame({"age": chance.normal(40 + shift, 10, ROWS), "noise": chance.normal(size=ROWS)})
    return frame, (frame["age"] + chance.normal(scale=3, size=ROWS) > 40).to_numpy().astype(np.int64)


def make_described(
    store: Store, *, shift: float = 0.0, with_predictions: bool = True, target: str = "", **run: Any
) -> ModelVersion:
    """The next version of churn: a real model, with reference, predictions, and a data set."""
    features, truth = make_data(shift=shift)
    model = LogisticRegression().fit(features, truth)
    run_id = make_run(store, values={"auc": 0.9, "system/energy_watt_hours": 1.5}, params={"C": 1.0}, **run)
    reference = features.assign(prediction=model.predict(features), **({target: truth} if target else {}))
    profile_id = profiles.save(store, reference, f"reference {shift}", "prediction")
    with tempfile.TemporaryDirectory() as directory:
        formats.save(model, directory, input_example=features.head(3))
        signature = formats.describe(directory).signature
        log_directory(store, run_id, Path(directory), signature=signature)
    with store.write() as db:
        datasets.use(db, run_id, Dataset("train", f"d{shift}" * 8, "data/train.csv", row_count=ROWS), "training")
        if with_predictions:
            region = np.where(features["noise"] > 0, "north", "south")
            data = prediction_files.encode(
                truth,
                model.predict(features),
                range(ROWS),
                model.predict_proba(features)[:, 1],
                slices={**features, "region": region},
            )
            digest, size = artifacts.put_bytes(store.objects_dir, data)
            artifacts.record(db, run_id, prediction_files.path_of("test"), digest, size, time.time())
    return versions.register(store, CONFIG, "churn", run_id=run_id, profile_id=profile_id)
