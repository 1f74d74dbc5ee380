"""transformers' callback, with the real library and a model of a few numbers."""

from __future__ import annotations

from pathlib import Path

import pytest
from tracked import detail, only_run, script, values

from mlops_store.records import RunStatus

pytestmark = pytest.mark.slow
pytest.importorskip("transformers")
pytest.importorskip("accelerate")

MODEL = """
import os
os.environ["HF_HUB_OFFLINE"] = "1"
import torch
from transformers import BertConfig, BertForSequenceClassification, Trainer, TrainingArguments
from mlops_tui.transformers import MlopsCallback

class Rows(torch.utils.data.Dataset):
    def __len__(self): return 16
    def __getitem__(self, n):
        return {"input_ids": torch.tensor([1, 2, 3]), "labels": torch.tensor(n % 2)}

model = BertForSequenceClassification(BertConfig(vocab_size=9, hidden_size=8, num_hidden_layers=1,
    num_attention_heads=2, intermediate_size=8))
def trainer(callback, **more):
    arguments = TrainingArguments(output_dir="out", num_train_epochs=2, per_device_train_batch_size=8, logging_steps=1,
        report_to=[], disable_tqdm=True, use_cpu=True, **more)
    return Trainer(model=model, args=arguments, train_dataset=Rows(), eval_dataset=Rows(), callbacks=[callback])
"""


def test_params_metrics_and_checkpoints_are_logged_into_a_run_of_its_own(tmp_path: Path) -> None:
    done = script(
        tmp_path,
        MODEL
        + """
trainer(MlopsCallback(log_artifacts=True), run_name="bert", eval_strategy="epoch", save_strategy="epoch").train()
assert mlops.active_run() is None
""",
    )
    assert done.returncode == 0, done.stderr
    run = only_run(tmp_path)
    assert (run.name, run.status) == ("bert", RunStatus.FINISHED)
    assert (run.params["num_train_epochs"], run.params["hidden_size"]) == ("2", "8")
    assert run.metrics.keys() >= {"loss", "learning_rate", "epoch", "eval_loss", "train_loss"}
    assert len(values(tmp_path, "loss")) == 4
    assert len(values(tmp_path, "eval_loss")) == 2
    assert any(one.path.startswith("checkpoint-4/model") for one in detail(tmp_path).artifacts)


def test_an_active_run_is_used_and_goes_on(tmp_path: Path) -> None:
    done = script(
        tmp_path,
        MODEL
        + """
with mlops.start_run(run_name="mine") as run:
    trainer(MlopsCallback(), save_strategy="no").train()
    assert mlops.active_run() == run
""",
    )
    assert done.returncode == 0, done.stderr
    assert (only_run(tmp_path).name, detail(tmp_path).artifacts) == ("mine", ())
    assert "loss" in only_run(tmp_path).metrics
