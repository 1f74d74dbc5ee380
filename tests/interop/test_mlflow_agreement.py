"""A folder that the installed MLflow writes reads back as MLflow's own client reads it."""

from __future__ import annotations

import math
import random
from collections.abc import Callable
from pathlib import Path

import pytest

from mlops_store import metrics, runs
from mlops_store.store import Store
from mlops_tui.interop.importing import Report

mlflow = pytest.importorskip("mlflow")
KEYS = ("loss", "val/auc", "name with blanks", "ünïcode")
SPECIAL = (math.nan, math.inf, -math.inf, 0.0, 1e-308)


@pytest.fixture
def client(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> object:
    monkeypatch.setenv("MLFLOW_ALLOW_FILE_STORE", "true")
    return mlflow.MlflowClient((tmp_path / "mlruns").as_uri())


def test_runs_histories_params_and_tags_agree(
    tmp_path: Path, client: object, store: Store, take_over: Callable[..., Report]
) -> None:
    chance = random.Random(7)
    experiment = client.create_experiment("agreement")  # type: ignore[attr-defined]
    written = []
    for number in range(12):
        run_id = client.create_run(experiment, start_time=1_700_000_000_000 + number).info.run_id  # type: ignore[attr-defined]
        written.append(run_id)
        for key in chance.sample(KEYS, 3):
            for _ in range(chance.randrange(1, 20)):
                value = chance.choice(SPECIAL) if chance.random() < 0.3 else chance.gauss(0, 1e3)
                step, ms = chance.randrange(-3, 50), 1_700_000_000_000 + chance.randrange(10_000)
                client.log_metric(run_id, key, value, timestamp=ms, step=step)  # type: ignore[attr-defined]
        client.log_param(run_id, "lr", chance.random())  # type: ignore[attr-defined]
        client.log_param(run_id, "text", "line\nbreak\t" + "x" * chance.randrange(300))  # type: ignore[attr-defined]
        client.set_tag(run_id, "team", chance.choice(["a", "b"]))  # type: ignore[attr-defined]
        client.set_terminated(run_id, chance.choice(["FINISHED", "FAILED", "KILLED"]))  # type: ignore[attr-defined]
    assert take_over(tmp_path / "mlruns").runs_added == 12
    db = store.read()
    for run_id in written:
        theirs, ours = client.get_run(run_id), runs.get(db, run_id)  # type: ignore[attr-defined]
        assert ours.params == theirs.data.params
        assert {key: ours.tags[key] for key in theirs.data.tags} == theirs.data.tags
        assert (ours.name, ours.status, ours.experiment) == (theirs.info.run_name, theirs.info.status, "agreement")
        assert round(ours.started_at * 1000) == theirs.info.start_time
        assert repr(dict(sorted(ours.metrics.items()))) == repr(dict(sorted(theirs.data.metrics.items())))
        for key in theirs.data.metrics:
            history = client.get_metric_history(run_id, key)  # type: ignore[attr-defined]
            expected = [repr((point.step, point.timestamp, point.value)) for point in history]
            assert sorted(map(repr, metrics.points(db, run_id, key))) == sorted(expected)
