"""Makes the small sources that the tests read, each with the tool that it is of.

``PYTHON tests/interop/make_sources.py KIND`` in an environment that has the tool writes to ``tests/interop/sources``;
KIND is one of the functions below. Databases are kept as SQL text, folders as tar files.
"""

from __future__ import annotations

import gzip
import io
import os
import shutil
import sqlite3
import sys
import tarfile
import tempfile
from collections.abc import Callable, Iterable
from pathlib import Path

SOURCES = Path(__file__).parent / "sources"
MLFLOW_TABLES = (
    *("experiments", "experiment_tags", "runs", "metrics", "params", "tags", "datasets", "inputs", "input_tags"),
    *("logged_models", "registered_models", "model_versions"),
)


def _dump(path: str, name: str, tables: Iterable[str] = ()) -> None:
    """Writes the tables of a database, all by default, as SQL."""
    db = sqlite3.connect(path)
    wanted = set(tables) or {row[0] for row in db.execute("SELECT name FROM sqlite_master WHERE type = 'table'")}
    for (table,) in db.execute("SELECT name FROM sqlite_master WHERE type = 'table'").fetchall():
        if table not in wanted:
            db.execute(f'DROP TABLE "{table}"')
    lines = "\n".join(db.iterdump()) + "\n"
    (SOURCES / f"{name}.sql").write_text(lines, encoding="utf-8")
    db.close()


def _tar(folder: str, name: str) -> None:
    """Packs a folder."""
    data = io.BytesIO()
    with tarfile.open(fileobj=data, mode="w") as archive:
        archive.add(folder, os.path.basename(folder))
    (SOURCES / f"{name}.tar.gz").write_bytes(gzip.compress(data.getvalue(), 9, mtime=0))


def _log_to_mlflow(uri: str) -> None:
    import mlflow
    import pandas as pd

    mlflow.set_tracking_uri(uri)
    mlflow.set_experiment("churn")
    with mlflow.start_run(run_name="parent", description="a *note*"):
        mlflow.log_params({"lr": 0.1, "depth": 4})
        for step in range(5):
            mlflow.log_metric("loss", 1 / (step + 1), step=step)
        for step, value in enumerate(("nan", "inf", "-inf")):
            mlflow.log_metric("odd", float(value), step=step)
        mlflow.set_tag("team", "a")
        mlflow.log_text("hello", "docs/note.txt")
        with mlflow.start_run(run_name="child", nested=True):
            mlflow.log_metric("a/b c", 3.5)
            frame = mlflow.data.from_pandas(pd.DataFrame({"x": [1, 2, 3]}), name="train")
            mlflow.log_input(frame, context="training")
    try:
        with mlflow.start_run(run_name="bad"):
            raise ValueError("it fails")
    except ValueError:
        pass
    with mlflow.start_run(run_name="gone") as gone:
        mlflow.log_metric("m", 1)
    mlflow.delete_run(gone.info.run_id)
    old = mlflow.create_experiment("old")
    with mlflow.start_run(experiment_id=old, run_name="of old"):
        mlflow.log_metric("m", 2)
    mlflow.delete_experiment(old)
    _log_model()
    mlflow.start_run(run_name="live")
    mlflow.log_metric("loss", 1.0, step=0)


def _log_model() -> None:
    import mlflow
    from sklearn.linear_model import LogisticRegression

    model = LogisticRegression().fit([[0], [1]], [0, 1])
    with mlflow.start_run(run_name="model"):
        if mlflow.__version__.startswith("2"):
            mlflow.sklearn.log_model(model, "clf", registered_model_name="churn-model")
        else:
            mlflow.sklearn.log_model(model, name="clf", registered_model_name="churn-model")


def mlflow() -> None:
    """MLflow's SQL store: ``mlflow-<version>.sql`` and the files of its runs."""
    import mlflow as module

    version = ".".join(module.__version__.split(".")[:2])
    _log_to_mlflow("sqlite:///mlflow.db")
    _dump("mlflow.db", f"mlflow-{version}", MLFLOW_TABLES)
    _tar("mlruns", f"mlflow-{version}-files")


def mlruns() -> None:
    """MLflow's file store."""
    os.environ["MLFLOW_ALLOW_FILE_STORE"] = "true"
    import mlflow as module

    _log_to_mlflow("file:./mlruns")
    module.end_run("KILLED")
    _tar("mlruns", "mlruns")


def tensorboard() -> None:
    """Event files of tensorboardX."""
    import numpy as np
    from tensorboardX import SummaryWriter

    for name in ("train", "test"):
        with SummaryWriter(os.path.join("logs", name)) as writer:
            for step in range(5):
                writer.add_scalar("loss", 1 / (step + 1), step)
                writer.add_scalar("acc", 0.5 + step / 10, step)
            writer.add_scalar("odd", float("nan"), 0)
            writer.add_text("notes", "hello", 0)
            writer.add_histogram("weights", np.arange(10), 0)
            writer.add_image("picture", np.zeros((3, 4, 4), dtype=np.uint8), 0)
    with SummaryWriter(os.path.join("logs", "hp")) as writer:
        writer.add_hparams({"lr": 0.1, "optimiser": "adam", "big": True}, {"final": 0.9}, name="trial")
    _log_tensors(os.path.join("logs", "tf2"))
    _tar("logs", "tensorboard")


def _log_tensors(folder: str) -> None:
    """Writes scalars as TensorFlow 2 does: as tensors that a plugin owns, which only the first of a tag says."""
    import numpy as np
    from PIL import Image
    from tensorboard.compat.proto import event_pb2, summary_pb2
    from tensorboard.plugins.scalar import metadata
    from tensorboard.summary.writer.event_file_writer import EventFileWriter
    from tensorboard.util import tensor_util

    writer = EventFileWriter(folder)
    kinds = {"float": np.float32, "double": np.float64, "int": np.int32, "long": np.int64, "half": np.float16}
    for step in range(3):
        for tag, kind in kinds.items():
            tensor = tensor_util.make_tensor_proto(np.array(step + 1, kind))
            value = summary_pb2.Summary.Value(tag=tag, tensor=tensor)
            if step == 0:
                value.metadata.CopyFrom(metadata.create_summary_metadata("", ""))
            summary = summary_pb2.Summary(value=[value])
            writer.add_event(event_pb2.Event(wall_time=1.75e9 + step, step=step, summary=summary))
    png = io.BytesIO()
    Image.new("L", (4, 4)).save(png, "PNG")
    strings = np.array([b"4", b"4", png.getvalue()], object)
    value = summary_pb2.Summary.Value(tag="square", tensor=tensor_util.make_tensor_proto(strings))
    value.metadata.plugin_data.plugin_name = "images"
    writer.add_event(event_pb2.Event(wall_time=1.75e9, step=0, summary=summary_pb2.Summary(value=[value])))
    writer.close()


def wandb() -> None:
    """Two offline runs of W&B."""
    os.environ["WANDB_MODE"] = "offline"
    import wandb as module

    config = {"lr": 0.1, "net": {"depth": 4}}
    run = module.init(
        project="churn", name="first", config=config, tags=["a", "b"], notes="a note", group="g", job_type="train"
    )
    for step in range(5):
        run.log({"loss": 1 / (step + 1), "eval/auc": 0.5 + step / 10, "bad": float("nan" if step == 2 else "inf")})
    run.log({"nested": {"x": 1.5}, "text": "hello"})
    run.summary["best"] = 0.9
    Path("note.txt").write_text("hello")
    run.save("note.txt")
    run.finish()
    run = module.init(project="churn", name="failed")
    run.log({"loss": 2.0})
    run.finish(exit_code=1)
    module.teardown()  # the service writes on by itself until then
    for logs in Path("wandb").glob("*/logs"):
        shutil.rmtree(logs)
    _tar("wandb", "wandb")


def trackio() -> None:
    """A project of trackio."""
    os.environ["TRACKIO_DIR"] = os.path.abspath("trackio")
    import trackio as module

    module.init(project="churn", name="first", config={"lr": 0.1, "net": {"depth": 4}})
    for step in range(5):
        module.log({"loss": 1 / (step + 1), "auc": 0.5 + step / 10, "bad": float("nan" if step == 2 else "inf")})
    module.finish()
    _dump("trackio/churn.db", "trackio")


def dvclive() -> None:
    """A folder of DVCLive."""
    from dvclive import Live

    with Live("dvclive", save_dvc_exp=False, dvcyaml=None) as live:
        live.log_params({"lr": 0.1, "net": {"depth": 4}})
        for step in range(5):
            live.log_metric("loss", 1 / (step + 1))
            live.log_metric("eval/auc", 0.5 + step / 10, timestamp=True)
            live.next_step()
        live.log_metric("final", float("nan"), plot=False)
    _tar("dvclive", "dvclive")


def optuna() -> None:
    """Two studies of Optuna, in a database and in a journal."""
    import optuna as module
    from optuna.storages.journal import JournalFileBackend

    version = module.__version__.split(".")[0]
    _studies("sqlite:///optuna.db")
    _dump("optuna.db", f"optuna-{version}")
    _studies(module.storages.JournalStorage(JournalFileBackend("journal.log")))
    shutil.copy("journal.log", SOURCES / f"optuna-{version}.log")


def _studies(storage: object) -> None:
    import optuna as module

    def objective(trial: module.Trial) -> float:
        x = trial.suggest_float("x", -1, 1)
        trial.suggest_categorical("kind", ["a", "b", None])
        trial.suggest_int("n", 1, 9, log=True)
        trial.set_user_attr("who", {"a": 1})
        for step in range(3):
            trial.report(x + step, step)
            if trial.number == 2 and step == 1:
                raise module.TrialPruned
        if trial.number == 3:
            raise ValueError("it fails")
        return x * x

    sampler = module.samplers.RandomSampler(seed=1)
    study = module.create_study(study_name="churn", storage=storage, sampler=sampler)
    study.set_user_attr("team", "a")
    study.optimize(objective, n_trials=5, catch=(ValueError,))
    study.enqueue_trial({"x": 0.5})
    sampler = module.samplers.RandomSampler(seed=2)
    two = module.create_study(study_name="two", storage=storage, sampler=sampler, directions=["minimize", "maximize"])
    two.optimize(lambda trial: (trial.suggest_float("x", 0, 1), float("inf")), n_trials=2)


MAKERS: tuple[Callable[[], None], ...] = (mlflow, mlruns, tensorboard, wandb, trackio, dvclive, optuna)


if __name__ == "__main__":
    chosen = {maker.__name__: maker for maker in MAKERS}[sys.argv[1]]
    SOURCES.mkdir(exist_ok=True)
    # the tools keep the name of the script
    sys.argv[0] = sys.modules["__main__"].__file__ = "train.py"
    with tempfile.TemporaryDirectory() as folder:
        os.chdir(folder)
        chosen()
        sys.stdout.flush()
        os._exit(0)  # some of the tools would end the run that is to be seen as live
