from __future__ import annotations

from pathlib import Path

from mlops_store import ids, run_links, runs
from mlops_store.store import Store


def add(store: Store, name: str, parent: str | None = None) -> str:
    run_id = ids.new_id()
    with store.write() as db:
        runs.create(db, run_id=run_id, name=name, experiment="e", started_at=1e9, parent_run_id=parent)
    return run_id


def test_a_family_is_the_runs_above_and_all_levels_below(tmp_path: Path) -> None:
    with Store(str(tmp_path / "store.db")) as store:
        top = add(store, "top")
        middle = add(store, "middle", top)
        first = add(store, "first", middle)
        add(store, "second", middle)
        add(store, "inner", first)
        add(store, "sibling", top)
        family = run_links.family(store.read(), middle)
        assert [run.name for run in family.above] == ["top"]
        assert [(run.name, depth) for run, depth in family.below] == [("first", 1), ("inner", 2), ("second", 1)]
        assert family.count == 3


def test_a_family_of_many_is_counted_and_read_in_part(tmp_path: Path) -> None:
    with Store(str(tmp_path / "store.db")) as store:
        top = add(store, "top")
        with store.write() as db:
            for number in range(run_links.MOST_RELATED + 50):
                runs.create(
                    db, run_id=ids.new_id(), name=str(number), experiment="e", started_at=1e9, parent_run_id=top
                )
        family = run_links.family(store.read(), top)
        assert (len(family.below), family.count) == (run_links.MOST_RELATED, run_links.MOST_RELATED + 50)


def test_a_run_that_is_its_own_ancestor_has_an_end(tmp_path: Path) -> None:
    with Store(str(tmp_path / "store.db")) as store:
        top = add(store, "top")
        below = add(store, "below", top)
        with store.write() as db:
            runs.update(db, top, parent_run_id=below)
        family = run_links.family(store.read(), top)
        assert [run.name for run in family.above] == ["below"]


def test_a_script_has_no_log_and_no_versions(tmp_path: Path) -> None:
    with Store(str(tmp_path / "store.db")) as store:
        run_id = add(store, "one")
        assert run_links.log_path(store.read(), run_id) == ""
        assert run_links.versions(store.read(), run_id) == ()
