"""``mlops-tui route`` in front of real model servers."""

from __future__ import annotations

from pathlib import Path

import pytest
import request_logs
from registry_builders import CONFIG, make_store
from routing import routed, until, until_arms
from served_models import ROW, Load, register
from serving import ask

from mlops_store import traffic_routers
from mlops_tui.cli import main
from mlops_tui.registry import stages
from mlops_tui.traffic import splits


@pytest.mark.slow
def test_a_hundred_swaps_under_load_lose_no_request(tmp_path: Path) -> None:
    with make_store(tmp_path) as store:
        register(store, tmp_path, 1.0, 2.0, 3.0)
        stages.promote(store, CONFIG, "churn", 1, "production")
        splits.share_out(store, "churn", {"2": 0})
        splits.shadow(store, "churn", "3")
        with routed(tmp_path, "churn", "--log") as running, Load(running.port, clients=4) as load:
            until_arms(store, "churn", {"1": "ready", "2": "ready", "3 shadow": "ready"})
            for turn in range(100):
                wanted, seen = str(2 - turn % 2), load.found.total()
                splits.share_out(store, "churn", {"2": 100 - 100 * (turn % 2)})
                until(lambda wanted=wanted: ask(running.port, ROW).headers["x-model-version"] == wanted)
                until(lambda seen=seen: load.found.total() > seen + 8)
            # a stage that comes to hold another version needs another server
            splits.end(store, "churn")
            stages.promote(store, CONFIG, "churn", 3, "production")
            until(lambda: ask(running.port, ROW).headers["x-model-version"] == "3")
            stages.rollback(store, CONFIG, "churn", "production")
            until(lambda: ask(running.port, ROW).headers["x-model-version"] == "1")
    assert not load.problems
    assert {status for status, _, _ in load.found} == {200}
    assert {(version, answer) for _, version, answer in load.found} == {("1", 1.0), ("2", 2.0), ("3", 3.0)}
    assert len(request_logs.ids(tmp_path, "churn")) >= load.found.total()


def test_what_cannot_be_routed_is_told_in_a_sentence(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    with make_store(tmp_path) as store:
        register(store, tmp_path, 1.0)
        with store.write() as db:
            traffic_routers.put(db, "churn", "http://there:1", 0.0, {})
    for arguments, code, words in (
        (("chrun",), 2, "churn"),
        (("churn",), 2, "no alias or stage 'production'"),
        (("churn",), 2, "churn is routed on http://there:1 already"),
        (("churn", "--host", "0.0.0.0"), 2, "MLOPS_SERVE_TOKEN"),
    ):
        assert main(["-C", str(tmp_path), "route", *arguments, "--port", "0"]) == code
        assert words in capsys.readouterr().err


def test_predictions_that_must_not_be_kept_are_not_kept_for_labels(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    with make_store(tmp_path) as store:
        register(store, tmp_path, 1.0)
        stages.promote(store, CONFIG, "churn", 1, "production")
        with store.write() as db:  # as MLflow's signatures name what a model gives
            db.execute(
                "UPDATE model_versions SET lineage = json_set(lineage, '$.signature.outputs', json(?))",
                ('[{"name": "score", "type": "double"}]',),
            )
    for column in ("prediction", "score"):
        rules = f'[serve.churn]\ndrop = ["{column}"]\n[traffic.churn]\nmax_wrong = 0.1\n'
        (tmp_path / "mlops.toml").write_text(rules)
        assert main(["-C", str(tmp_path), "route", "churn", "--port", "0"]) == 2
        assert "traffic.churn compares predictions with labels" in capsys.readouterr().err
