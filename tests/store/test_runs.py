"""Runs as they are written and found again."""

from __future__ import annotations

import sqlite3
import time
from collections.abc import Iterator
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from mlops_store import artifacts, datasets, events, metrics, notes, run_rows, runs
from mlops_store.errors import NotFound
from mlops_store.ids import new_id
from mlops_store.records import Dataset, RunKind, RunStatus
from mlops_store.store import Store

HOSTILE = ["[bold]x[/bold]", "two\nlines", "\x1b[31mred\x1b[0m", "\u202egnp.exe", "💥 boom", "", "\0", "x" * 10_000]


@pytest.fixture
def store(tmp_path: Path) -> Iterator[Store]:
    with Store(str(tmp_path / ".mlops" / "store.db")) as store:
        yield store


def add(store: Store, name: str = "train", run_id: str = "", **attributes: object) -> str:
    run_id = run_id or new_id()
    values = {"experiment": "default", "started_at": 1.0, **attributes}
    with store.write() as db:
        runs.create(db, run_id=run_id, name=name, **values)  # type: ignore[arg-type]
    return run_id


def test_a_run_reads_back_as_it_was_created(store: Store) -> None:
    parent = add(store, "parent")
    run_id = add(
        store,
        "child",
        experiment="trees",
        kind="stage",
        parent_run_id=parent,
        started_at=12.5,
        user="ann",
        host="box",
        source="train.py",
        git_commit="c0ffee",
        git_dirty=True,
    )
    run = runs.get(store.read(), run_id)
    assert (run.name, run.experiment, run.kind, run.status) == ("child", "trees", RunKind.STAGE, RunStatus.RUNNING)
    assert (run.parent_run_id, run.started_at, run.ended_at) == (parent, 12.5, None)
    assert (run.user, run.host, run.source, run.git_commit, run.git_dirty) == ("ann", "box", "train.py", "c0ffee", True)


@pytest.mark.parametrize("text", HOSTILE, ids=repr)
def test_any_text_can_be_a_name_a_key_and_a_value(store: Store, text: str) -> None:
    run_id = add(store, text, experiment=text)
    with store.write() as db:
        runs.set_params(db, run_id, {text: text})
        runs.set_tags(db, run_id, {text: text})
        metrics.write(db, run_id, [(text, 0, 1.0, 0.5)])
    run = runs.get(store.read(), run_id)
    assert (run.name, run.experiment) == (text, text)
    assert (run.params, run.tags, run.metrics) == ({text: text}, {text: text}, {text: 0.5})


def test_an_unknown_attribute_is_an_error_that_names_the_nearest(store: Store) -> None:
    with pytest.raises(TypeError, match="git_commit"):
        add(store, git_comit="c0ffee")


def test_two_runs_cannot_share_an_id(store: Store) -> None:
    run_id = add(store)
    with pytest.raises(sqlite3.IntegrityError):
        add(store, run_id=run_id)


def test_the_first_value_of_a_param_stays_and_the_other_is_reported(store: Store) -> None:
    run_id = add(store)
    with store.write() as db:
        assert runs.set_params(db, run_id, {"lr": 0.1, "depth": 3}) == {}
        assert runs.set_params(db, run_id, {"lr": 0.2, "depth": 3, "new": "x"}) == {"lr": "0.1"}
    assert runs.get(store.read(), run_id).params == {"lr": "0.1", "depth": "3", "new": "x"}


def test_the_last_value_of_a_tag_wins_and_none_removes_it(store: Store) -> None:
    run_id = add(store)
    with store.write() as db:
        runs.set_tags(db, run_id, {"team": "a", "best": True})
        runs.set_tags(db, run_id, {"team": "b", "best": None, "never": None})
    assert runs.get(store.read(), run_id).tags == {"team": "b"}


def test_a_finished_run_has_its_end(store: Store) -> None:
    run_id = add(store)
    with store.write() as db:
        runs.finish(db, run_id, "FAILED", 9.0, exit_code=3, error="Traceback …")
    run = runs.get(store.read(), run_id)
    assert (run.status, run.ended_at, run.exit_code) == (RunStatus.FAILED, 9.0, 3)
    assert runs.detail(store.read(), run_id).error == "Traceback …"
    assert run.duration_s(now=100.0) == 8.0


def test_an_update_moves_a_run_to_another_experiment_and_parent(store: Store) -> None:
    parent, run_id = add(store), add(store)
    with store.write() as db:
        runs.update(db, run_id, experiment="other", parent_run_id=parent, name="renamed")
    run = runs.get(store.read(), run_id)
    assert (run.experiment, run.parent_run_id, run.name) == ("other", parent, "renamed")


def test_details_hold_everything_about_a_run(store: Store) -> None:
    run_id = add(store, command=["python", "a b.py"], cwd="/x", pid=7, git_diff="+ new line", packages={"numpy": "2.4"})
    child = add(store, parent_run_id=run_id)
    with store.write() as db:
        metrics.write(db, run_id, [("loss", 0, 1.0, 0.5)])
        artifacts.record(db, run_id, "a/b.txt", "d" * 64, 3, 2.0)
        datasets.use(db, run_id, Dataset("train.csv", "abc", row_count=10), "input")
        notes.add(db, f"run:{run_id}", "good", "ann")
    found = runs.detail(store.read(), run_id)
    assert (found.command, found.cwd, found.pid) == (("python", "a b.py"), "/x", 7)
    assert (found.git_diff, found.packages) == ("+ new line", {"numpy": "2.4"})
    assert [summary.key for summary in found.summaries] == ["loss"]
    assert [artifact.path for artifact in found.artifacts] == ["a/b.txt"]
    assert [(use.dataset.name, use.context) for use in found.datasets] == [("train.csv", "input")]
    assert [note.body for note in found.notes] == ["good"]
    assert found.child_run_ids == (child,)


def test_runs_with_the_same_diff_share_one_text(store: Store) -> None:
    for _ in range(3):
        add(store, git_diff="the same")
    assert store.read().execute("SELECT count(*) FROM texts").fetchone()[0] == 1


def test_a_run_is_found_by_id_by_the_beginning_and_end_of_it_and_by_name(store: Store) -> None:
    run_id = add(store, "unique", run_id="0123456789abcdef0123456789abcdef")
    add(store, "other", run_id="0123ffff000000000000000000000000")
    db = store.read()
    for text in (run_id, "01234", "abcdef", "unique"):
        assert runs.resolve(db, text) == run_id


def test_a_name_means_its_newest_run_that_is_not_deleted(store: Store) -> None:
    add(store, "train", started_at=1.0)
    newer = add(store, "train", started_at=2.0)
    deleted = add(store, "train", started_at=3.0)
    with store.write() as db:
        runs.delete(db, [deleted])
    assert runs.resolve(store.read(), "train") == newer


def test_digits_that_fit_two_runs_are_refused(store: Store) -> None:
    add(store, run_id="aaaa" + "0" * 28)
    add(store, run_id="aaaa" + "1" * 28)
    with pytest.raises(NotFound, match="more than one"):
        runs.resolve(store.read(), "aaaa")


def test_an_unknown_run_suggests_the_nearest_name(store: Store) -> None:
    add(store, "forest")
    with pytest.raises(NotFound, match="forest"):
        runs.resolve(store.read(), "forst")


@pytest.mark.parametrize("act", [runs.delete, runs.restore, runs.archive, runs.unarchive])
def test_an_act_on_a_run_that_does_not_exist_changes_nothing(store: Store, act: object) -> None:
    run_id = add(store)
    with pytest.raises(NotFound), store.write() as db:
        act(db, [run_id, "missing"])  # type: ignore[operator]
    run = runs.get(store.read(), run_id)
    assert (run.deleted_at, run.archived_at) == (None, None)


def test_deleted_and_archived_runs_come_back(store: Store) -> None:
    run_id = add(store)
    with store.write() as db:
        runs.delete(db, [run_id])
        runs.archive(db, [run_id])
    run = runs.get(store.read(), run_id)
    assert run.deleted_at == pytest.approx(time.time(), abs=60)
    assert run.archived_at is not None
    with store.write() as db:
        runs.restore(db, [run_id])
        runs.unarchive(db, [run_id])
    run = runs.get(store.read(), run_id)
    assert (run.deleted_at, run.archived_at) == (None, None)


def test_a_deleted_experiment_comes_back_when_a_run_goes_into_it(store: Store) -> None:
    add(store, experiment="old")
    with store.write() as db:
        db.execute("UPDATE experiments SET deleted_at = 1.0")
    assert runs.experiments(store.read()) == []
    add(store, experiment="old")
    assert [found.name for found in runs.experiments(store.read())] == ["old"]


@given(text=st.one_of(st.floats().map(repr), st.integers().map(str), st.text(max_size=12)))
@settings(max_examples=200)
def test_only_finite_numbers_sort_as_numbers(text: str) -> None:
    number = runs.number_in(text)
    assert number is None or (number == float(text) and abs(number) < float("inf"))


def test_events_are_listed_newest_first(store: Store) -> None:
    with store.write() as db:
        for number in range(5):
            events.add(db, "run.killed", f"run:{number}", "gone \ud800", {"n": number}, at=float(number))
    found = events.newest(store.read(), limit=2)
    assert [(event.subject, event.data, event.at) for event in found] == [
        ("run:4", {"n": 4}, 4.0),
        ("run:3", {"n": 3}, 3.0),
    ]


def test_notes_are_kept_by_subject_and_can_be_deleted(store: Store) -> None:
    with store.write() as db:
        first = notes.add(db, "run:1", "[b]bold[/b]", "ann")
        notes.add(db, "run:2", "elsewhere", "ann")
        second = notes.add(db, "run:1", "two", "bob")
    assert notes.of(store.read(), "run:1") == (first, second)
    with store.write() as db:
        notes.delete(db, first.id)
    assert notes.of(store.read(), "run:1") == (second,)
    with pytest.raises(NotFound), store.write() as db:
        notes.delete(db, first.id)


def test_a_version_of_data_is_stored_once_however_many_runs_use_it(store: Store) -> None:
    data = Dataset("train.csv", "abc", path="data/train.csv", size_bytes=10, files=1, row_count=3, created_at=5.0)
    first, second = add(store), add(store)
    with store.write() as db:
        datasets.use(db, first, data, "input")
        datasets.use(db, first, data, "input")
        datasets.use(db, second, data, "output")
    assert [(use.dataset, use.context) for use in datasets.of_run(store.read(), first)] == [(data, "input")]
    assert [(use.dataset, use.context) for use in datasets.of_run(store.read(), second)] == [(data, "output")]
    assert store.read().execute("SELECT count(*) FROM datasets").fetchone()[0] == 1


def test_the_kinds_and_states_that_rows_may_have_are_those_that_can_be_read(store: Store) -> None:
    assert {"status": set(RunStatus), "kind": set(RunKind)} == run_rows._WORDS
    with pytest.raises(TypeError, match="kind"):
        run_rows.columns(store.read(), {"kind": ""})
