"""Labels of the router: all that come are looked for, however many come at once."""

from __future__ import annotations

from pathlib import Path

from registry_builders import make_store, make_version

from mlops_store import traffic_counts
from mlops_store.records import WaitingAnswer
from mlops_tui.serve.labels import LabelLog
from mlops_tui.serve.router.truth import Labels


def test_of_many_labels_that_come_at_once_none_is_left_out(tmp_path: Path) -> None:
    names = [f"r{number}" for number in range(15_000)]
    with make_store(tmp_path) as store:
        make_version(store)
        with store.write() as db:
            period = traffic_counts.begin_period(db, "churn", trial=1, candidate=2, stable=1, share=0.5, at=1.0)
            traffic_counts.add_answers(db, [WaitingAnswer(name, period, True, "1") for name in names], 1.0)
        LabelLog(str(tmp_path / "labels"), 1 << 30).add([(name, 1) for name in names])
        assert Labels("churn", str(tmp_path / "labels")).join(store)
        (found,) = traffic_counts.periods(store.read(), "churn", 1, 2, 1)
        assert found.of_candidate.labelled == len(names)
