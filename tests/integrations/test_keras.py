"""Keras' callback, with the real library; its backend is PyTorch here."""

from __future__ import annotations

from importlib.util import find_spec
from pathlib import Path

import pytest
from tracked import all_runs, detail, only_run, script, values

from mlops_store.records import RunStatus

pytestmark = [
    pytest.mark.slow,
    # importing Keras here would choose its backend for the process
    pytest.mark.skipif(not (find_spec("keras") and find_spec("torch")), reason="Keras or PyTorch is not installed"),
]

MODEL = """
import os
os.environ["KERAS_BACKEND"] = "torch"
import keras, numpy as np
from mlops_tui.keras import MlopsCallback
rows, truth = np.random.rand(32, 4), np.random.rand(32, 1)
model = keras.Sequential([keras.Input((4,)), keras.layers.Dense(1)])
model.compile(loss="mse", optimizer=keras.optimizers.SGD(0.01), metrics=["mae"])
"""


def test_epochs_params_and_the_summary_are_logged_into_a_run_of_its_own(tmp_path: Path) -> None:
    done = script(
        tmp_path,
        MODEL
        + """
model.fit(rows, truth, epochs=3, batch_size=8, validation_split=0.25, verbose=0, callbacks=[MlopsCallback()])
print(mlops.active_run())
""",
    )
    assert (done.returncode, done.stdout) == (0, "None\n"), done.stderr
    run = only_run(tmp_path)
    assert run.status == RunStatus.FINISHED
    assert (run.params["epochs"], run.params["optimizer_name"].lower()) == ("3", "sgd")
    assert run.metrics.keys() == {"loss", "mae", "val_loss", "val_mae"}
    assert len(values(tmp_path, "val_loss")) == 3
    assert [one.path for one in detail(tmp_path).artifacts] == ["model_summary.txt"]


def test_an_active_run_is_used_and_batches_and_evaluations_can_be_logged(tmp_path: Path) -> None:
    done = script(
        tmp_path,
        MODEL
        + """
with mlops.start_run(run_name="mine"):
    callback = MlopsCallback(log_every_epoch=False, log_every_n_steps=2)
    model.fit(rows, truth, epochs=2, batch_size=8, verbose=0, callbacks=[callback])
    model.evaluate(rows, truth, verbose=0, callbacks=[callback])
    assert mlops.active_run()
model.evaluate(rows, truth, verbose=0, callbacks=[MlopsCallback()])
""",
    )
    assert done.returncode == 0, done.stderr
    mine, other = all_runs(tmp_path)
    assert mine.name == "mine"
    assert mine.metrics.keys() == {"loss", "mae", "validation_loss", "validation_mae"}
    (loss,) = [one for one in detail(tmp_path, mine.run_id).summaries if one.key == "loss"]
    assert (loss.count, loss.last_step) == (4, 8)
    assert (other.status, other.metrics.keys()) == (RunStatus.FINISHED, {"validation_loss", "validation_mae"})


def test_training_that_fails_fails_the_run(tmp_path: Path) -> None:
    done = script(tmp_path, MODEL + "model.fit(rows, truth[:3], epochs=1, verbose=0, callbacks=[MlopsCallback()])")
    assert done.returncode == 1
    assert [run.status for run in all_runs(tmp_path)] in ([RunStatus.FAILED], [])
