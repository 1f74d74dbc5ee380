"""Runs of other tools in the store."""

from __future__ import annotations

import math
from collections import Counter
from pathlib import Path

from hypothesis import given
from hypothesis import strategies as st

from mlops_store import imports, metrics, runs
from mlops_store.curves import Point
from mlops_store.import_records import ImportedRun
from mlops_store.records import RunStatus
from mlops_store.run_columns import order
from mlops_store.store import Store


def run(run_id: str = "a" * 32, **attributes: object) -> ImportedRun:
    given: dict[str, object] = {"name": "first", "experiment": "e", "status": RunStatus.FINISHED, "started_at": 1.0}
    return ImportedRun(run_id=run_id, **{**given, **attributes})  # type: ignore[arg-type]


def bring(store: Store, *wanted: ImportedRun) -> list[imports.Change]:
    with store.write() as db:
        found = imports.changes(db, wanted)
        imports.apply(db, [change for change in found if not change.is_nothing])
        for one in wanted:
            imports.complete(db, one, "other")
    return found


POINTS = st.lists(
    st.tuples(st.integers(0, 3), st.integers(0, 3), st.sampled_from([0.0, 1.0, math.nan, math.inf])), max_size=30
)


def counted(points: list[Point]) -> Counter[str]:
    return Counter(map(repr, points))


@given(POINTS, st.data())
def test_the_points_of_a_grown_series_are_those_of_its_source(
    tmp_path_factory: object, points: list[Point], data: st.DataObject
) -> None:
    kept = [point for point in points if data.draw(st.booleans())]
    path = tmp_path_factory.mktemp("store") / "store.db"  # type: ignore[attr-defined]
    with Store(str(path)) as store:
        for some in (kept, points, points):
            bring(store, run(series={"loss": some} if some else {}))
        stored = metrics.points(store.read(), "a" * 32, "loss")
        assert counted(stored) == counted(points)
        assert bring(store, run(series={"loss": points} if points else {}))[0].is_nothing


def test_params_and_tags_follow_the_source(tmp_path: Path) -> None:
    with Store(str(tmp_path / "store.db")) as store:
        bring(store, run(params={"lr": "0.1", "same": "1"}, tags={"team": "a"}))
        (change,) = bring(store, run(params={"lr": "0.2", "same": "1", "new": "x"}, tags={"team": "b"}))
        assert (change.params, change.tags, change.values) == ({"lr": "0.2", "new": "x"}, {"team": "b"}, 3)
        after = runs.get(store.read(), "a" * 32)
        assert (after.params, after.tags) == ({"lr": "0.2", "same": "1", "new": "x"}, {"team": "b"})
        assert list(runs.ids(store.read(), order=[order("params.lr")])) == [1]


def test_a_parent_that_comes_later_is_found(tmp_path: Path) -> None:
    child, parent = run("c" * 32, parent_run_id="d" * 32), run("d" * 32)
    with Store(str(tmp_path / "store.db")) as store:
        bring(store, child)
        assert runs.get(store.read(), child.run_id).parent_run_id is None
        bring(store, child, parent)
        assert runs.get(store.read(), child.run_id).parent_run_id == parent.run_id


def test_a_run_that_is_its_own_parent_has_none(tmp_path: Path) -> None:
    with Store(str(tmp_path / "store.db")) as store:
        bring(store, run(parent_run_id="a" * 32))
        assert runs.get(store.read(), "a" * 32).parent_run_id is None


def test_an_experiment_with_runs_here_is_not_deleted(tmp_path: Path) -> None:
    with Store(str(tmp_path / "store.db")) as store:
        bring(store, run(), run("b" * 32, experiment="gone", deleted_at=5.0))
        with store.write() as db:
            imports.delete_experiment(db, "e", 9.0)
        assert [experiment.name for experiment in runs.experiments(store.read())] == ["e"]
