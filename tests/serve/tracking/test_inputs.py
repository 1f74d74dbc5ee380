from __future__ import annotations

from typing import Any

from tracking_wire import Wire

from mlops_store import datasets, runs

TRAIN: dict[str, Any] = {
    "dataset": {
        "name": "train",
        "digest": "abc123",
        "source_type": "http",
        "source": '{"url": "https://example.com"}',
        "schema": '{"mlflow_colspec": []}',
        "profile": '{"num_rows": 12}',
    },
    "tags": [{"key": "mlflow.data.context", "value": "training"}, {"key": "split", "value": "1"}],
}


def test_data_sets_read_back_and_are_shown_among_our_own(wire: Wire) -> None:
    run_id = wire.run()
    wire.post("runs/log-inputs", run_id=run_id, datasets=[TRAIN])
    again = {**TRAIN, "tags": [{"key": "mlflow.data.context", "value": "other"}]}
    wire.post("runs/log-inputs", run_id=run_id, datasets=[again])
    found = wire.get("runs/get", run_id=run_id)["run"]["inputs"]["dataset_inputs"]
    assert found == [TRAIN]
    (used,) = datasets.of_run(wire.store.read(), run_id)
    assert (used.dataset.name, used.dataset.digest, used.dataset.row_count) == ("train", "abc123", 12)
    assert used.context == "training"


def test_the_data_sets_of_experiments_are_listed_once(own_wire: Wire) -> None:
    for _ in range(2):
        own_wire.post("runs/log-inputs", run_id=own_wire.run(), datasets=[TRAIN])
    found = own_wire.post("experiments/search-datasets", experiment_ids=["0", "7"])["dataset_summaries"]
    assert found == [{"experiment_id": "0", "name": "train", "digest": "abc123", "context": "training"}]
    assert "at least one" in own_wire.refused("experiments/search-datasets")[1]
    assert "more than 20" in own_wire.refused("experiments/search-datasets", experiment_ids=["x"] * 21)[1]


def test_models_that_a_run_read_are_kept(wire: Wire) -> None:
    run_id = wire.run()
    wire.post("runs/log-inputs", run_id=run_id, models=[{"model_id": "m-1"}])
    assert wire.get("runs/get", run_id=run_id)["run"]["inputs"]["model_inputs"] == [{"model_id": "m-1"}]


def test_metrics_of_a_model_are_kept_with_their_data(wire: Wire) -> None:
    run_id = wire.run()
    metric = {"key": "auc", "value": 0.5, "timestamp": 7, "step": 1, "model_id": "m-2", "dataset_name": "train"}
    wire.post("runs/log-metric", run_id=run_id, **metric)
    wire.post("runs/log-batch", run_id=run_id, metrics=[metric, {**metric, "key": "f1"}])
    rows = wire.store.read().execute(
        "SELECT key, value, step, ms, dataset_name FROM model_metrics WHERE model_id = 'm-2'"
    )
    assert sorted(rows) == [("auc", 0.5, 1, 7, "train"), ("f1", 0.5, 1, 7, "train")]
    assert set(runs.get(wire.store.read(), run_id).metrics) == {"auc", "f1"}


def test_a_data_set_that_is_none_is_refused(wire: Wire) -> None:
    run_id = wire.run()
    missing = {"dataset": {"name": "a", "digest": "b"}}
    assert "'datasets[0].dataset.source_type'" in wire.refused("runs/log-inputs", run_id=run_id, datasets=[missing])[1]
    long = {"dataset": {**TRAIN["dataset"], "digest": "d" * 37}}
    assert wire.refused("runs/log-inputs", run_id=run_id, datasets=[long])[1] == (
        "'digest' exceeds the maximum length of 36 characters"
    )
    assert wire.refused("runs/log-inputs", answer_status=404, run_id="f" * 32, datasets=[TRAIN])[0]
    assert "inputs" not in wire.get("runs/get", run_id=run_id)["run"]["inputs"]
