"""Lightning's logger, with the real library."""

from __future__ import annotations

from pathlib import Path

import pytest
from tracked import all_runs, detail, only_run, script, values

from mlops_store.records import RunStatus

pytestmark = pytest.mark.slow
pytest.importorskip("lightning")

MODEL = """
import sys, warnings, logging
warnings.simplefilter("ignore"); logging.disable(logging.WARNING)
import torch
import lightning.pytorch as pl
from mlops_tui.lightning import MlopsLogger

class Model(pl.LightningModule):
    def __init__(self, lr=0.1, sizes=None):
        super().__init__()
        self.save_hyperparameters()
        self.layer = torch.nn.Linear(4, 1)
    def training_step(self, batch, number):
        if self.hparams.sizes == "bad": raise RuntimeError("diverged")
        loss = self.layer(batch).pow(2).mean()
        self.log("train_loss", loss, on_step=True, on_epoch=False)
        return loss
    def validation_step(self, batch, number):
        self.log("val_loss", self.layer(batch).pow(2).mean())
    def configure_optimizers(self):
        return torch.optim.SGD(self.parameters(), lr=self.hparams.lr)

data = torch.utils.data.DataLoader(torch.rand(32, 4), batch_size=8)
def fit(logger, **model):
    trainer = pl.Trainer(logger=logger, max_epochs=2, accelerator="cpu", log_every_n_steps=1,
                         enable_progress_bar=False, enable_model_summary=False)
    trainer.fit(Model(**model), data, data)
    return trainer
"""


def test_metrics_hyperparams_and_checkpoints_are_logged_into_a_run_of_its_own(tmp_path: Path) -> None:
    done = script(
        tmp_path,
        MODEL
        + """
logger = MlopsLogger(experiment_name="lit", run_name="first", tags={"team": "a"}, log_model=True, prefix="p")
fit(logger, lr=0.05, sizes={"hidden": 8})
assert logger.version == logger.experiment.run_id and logger.name == "lit"
assert mlops.active_run() is None
""",
    )
    assert done.returncode == 0, done.stderr
    run = only_run(tmp_path)
    assert (run.name, run.experiment, run.status, run.tags["team"]) == ("first", "lit", RunStatus.FINISHED, "a")
    assert run.params == {"lr": "0.05", "sizes/hidden": "8"}
    assert run.metrics.keys() == {"p-train_loss", "p-val_loss", "p-epoch"}
    assert len(values(tmp_path, "p-train_loss")) == 8
    assert len(values(tmp_path, "p-val_loss")) == 2
    assert [one.path.startswith("checkpoints/epoch=1") for one in detail(tmp_path).artifacts] == [True]


def test_an_active_run_is_used_and_goes_on(tmp_path: Path) -> None:
    done = script(
        tmp_path,
        MODEL
        + """
with mlops.start_run(run_name="mine") as run:
    fit(MlopsLogger(log_model="all"))
    assert mlops.active_run() == run
""",
    )
    assert done.returncode == 0, done.stderr
    run = only_run(tmp_path)
    assert (run.name, run.status) == ("mine", RunStatus.FINISHED)
    assert len(detail(tmp_path).artifacts) >= 1


def test_a_run_can_be_gone_on_with_and_a_failure_is_one(tmp_path: Path) -> None:
    done = script(
        tmp_path,
        MODEL
        + """
logger = MlopsLogger()
fit(logger)
try:
    fit(MlopsLogger(run_id=logger.version), sizes="bad")
except RuntimeError as error:
    assert str(error) == "diverged"
""",
    )
    assert done.returncode == 0, done.stderr
    (run,) = all_runs(tmp_path)
    assert run.status == RunStatus.FAILED
    assert len(values(tmp_path, "train_loss")) == 8
