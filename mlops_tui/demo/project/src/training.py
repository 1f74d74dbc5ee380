"""What the three training scripts share: reading the rows, scoring a model, keeping it."""

import json
import time
from functools import cache
from pathlib import Path

import pandas as pd
import skops.io
import yaml
from sklearn.metrics import log_loss, roc_auc_score

import mlops_tui as mlops


@cache
def params() -> dict:
    """All of params.yaml."""
    return yaml.safe_load(Path("params.yaml").read_text())


@cache
def read(name: str) -> tuple[pd.DataFrame, pd.Series]:
    """The measurements and the diagnoses of data/NAME.csv."""
    frame = pd.read_csv(f"data/{name}.csv")
    return frame.drop(columns="malignant"), frame["malignant"]


def scores(model, name: str) -> dict[str, float]:
    """Log loss and area under the ROC curve of a fitted model on the rows of data/NAME.csv."""
    features, diagnosis = read(name)
    probability = model.predict_proba(features)[:, 1]
    return {
        f"{name}_log_loss": log_loss(diagnosis, probability),
        f"{name}_auc": roc_auc_score(diagnosis, probability),
    }


def log_settings(family: str) -> None:
    """Log the family's settings under the names that the pipeline gives them, for runs outside of it as well."""
    mlops.log_params({"family": family, **{f"{family}.{key}": value for key, value in params()[family].items()}})


def log_step(model, step: int) -> None:
    """Log how good the model is after this step."""
    metrics = {**scores(model, "train"), **scores(model, "validation")}
    mlops.log_metrics(metrics, step=step)
    if step % 10 == 0:
        print(f"step {step:3d}  " + "  ".join(f"{name} {value:.4f}" for name, value in metrics.items()), flush=True)
    time.sleep(params()["pace_s"])


def keep(model, family: str) -> None:
    """Log the finished model with the data it was trained on, and write it where the next stage finds it."""
    features, _ = read("train")
    reference = features.assign(prediction=model.predict(features))
    info = mlops.log_model(model, name="model", input_example=features.head(3), reference=reference)
    if info.error:
        raise SystemExit(info.error)

    folder = Path("models", family)
    folder.mkdir(parents=True, exist_ok=True)
    skops.io.dump(model, folder / "model.skops")
    about = {"family": family, "model_uri": info.model_uri, **scores(model, "validation")}
    (folder / "info.json").write_text(json.dumps(about, indent=2))
    print(f"{family}: validation log loss {about['validation_log_loss']:.4f}, AUC {about['validation_auc']:.4f}")
