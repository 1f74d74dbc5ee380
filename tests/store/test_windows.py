from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from mlops_store import windows
from mlops_store.store import Store
from mlops_store.windows import Kept, Overtaken, Source


@pytest.fixture
def store(tmp_path: Path) -> Iterator[Store]:
    with Store(str(tmp_path / ".mlops" / "store.db")) as store:
        yield store


def a_source(name: str, rows: int, modified_ns: int = 1) -> Source:
    return Source(name, rows * 10, modified_ns, rows, f"mark of {rows}", 100.0)


def append(store: Store, name: str, rows: int, *, size: int, is_new: bool = False) -> None:
    before = windows.sources(store.read(), "churn", "plan").get(name)
    first = 0 if before is None or is_new else before.row_count
    with store.write() as db:
        windows.add_rows(db, "churn", "plan", before, a_source(name, first + rows), first, size)


def held(store: Store, number: float) -> list[tuple[str, int, int]]:
    found = windows.parts(store.read(), "churn", "plan", number)
    return [(part.source, part.first_row, part.row_count) for part in found]


def test_rows_of_several_files_fill_windows_in_the_order_in_which_they_came(store: Store) -> None:
    append(store, "a", 250, size=100)
    append(store, "b", 120, size=100)
    append(store, "a", 40, size=100)
    assert windows.full(store.read(), "churn", "plan", 100) == [0.0, 1.0, 2.0, 3.0]
    assert held(store, 2) == [("a", 200, 50), ("b", 0, 50)]
    assert held(store, 3) == [("b", 50, 70), ("a", 250, 30)]
    assert held(store, 4) == [("a", 280, 10)]


@settings(max_examples=40, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(deliveries=st.lists(st.tuples(st.sampled_from("abc"), st.integers(0, 57)), max_size=12), size=st.integers(1, 20))
def test_every_row_is_in_exactly_one_window(store: Store, deliveries: list[tuple[str, int]], size: int) -> None:
    with store.trial():
        with store.write() as db:
            db.execute("DELETE FROM monitor_sources")
            db.execute("DELETE FROM monitor_parts")
        for name, rows in deliveries:
            append(store, name, rows, size=size)
        total = sum(rows for _, rows in deliveries)
        found = [
            (source, row)
            for number in range(-(-total // size))
            for source, first, count in held(store, number)
            for row in range(first, first + count)
        ]
        assert len(found) == len(set(found)) == total
        assert windows.full(store.read(), "churn", "plan", size) == [float(number) for number in range(total // size)]


def test_rows_of_a_replaced_file_that_were_waiting_are_forgotten(store: Store) -> None:
    append(store, "a", 150, size=100)
    with store.write() as db:
        windows.mark_checked(db, windows.parts(db, "churn", "plan", 0))
    append(store, "a", 70, size=100, is_new=True)
    append(store, "b", 40, size=100)
    assert windows.full(store.read(), "churn", "plan", 100) == [1.0]
    assert held(store, 1) == [("a", 0, 70), ("b", 0, 30)]


def test_a_reading_that_another_process_has_overtaken_is_not_written_down(store: Store) -> None:
    append(store, "a", 50, size=100)
    with pytest.raises(Overtaken), store.write() as db:
        windows.add_rows(db, "churn", "plan", None, a_source("a", 50), 0, 100)
    assert held(store, 0) == [("a", 0, 50)]


def test_a_window_of_time_waits_again_when_rows_of_it_come_late_or_go(store: Store) -> None:
    first, second = a_source("a", 3), a_source("b", 1)
    with store.write() as db:
        windows.put_spans(db, "churn", "plan", None, first, {0.0: (2, "x"), 60.0: (1, "y")})
    assert windows.over(store.read(), "churn", "plan", 0.0) == [0.0]
    with store.write() as db:
        windows.mark_checked(db, windows.parts(db, "churn", "plan", 0.0))
    assert windows.over(store.read(), "churn", "plan", 60.0) == [60.0]
    assert windows.next_start(store.read(), "churn", "plan") == 60.0
    with store.write() as db:
        windows.put_spans(db, "churn", "plan", None, second, {0.0: (1, "late")})
    assert windows.over(store.read(), "churn", "plan", 0.0) == [0.0]
    with store.write() as db:
        windows.mark_checked(db, windows.parts(db, "churn", "plan", 0.0))
        windows.put_spans(db, "churn", "plan", first, replace(first, modified_ns=2), {0.0: (2, "x"), 60.0: (1, "y")})
    assert windows.over(store.read(), "churn", "plan", 0.0) == [], "nothing of it has changed"
    with store.write() as db:
        windows.put_spans(db, "churn", "plan", second, replace(second, modified_ns=2), {})
    assert windows.over(store.read(), "churn", "plan", 0.0) == [0.0]


def test_with_another_plan_everything_begins_anew(store: Store) -> None:
    append(store, "a", 150, size=100)
    with store.write() as db:
        windows.keep(db, "churn", "plan", Kept("rows 1-100", 0.0, None, 100, "d"))
        windows.put(db, "churn", "other", None, a_source("a", 150))
    assert windows.sources(store.read(), "churn", "plan") == {}
    assert windows.kept(store.read(), "churn", "plan") == []
    assert held(store, 0) == []


def test_a_kept_window_that_is_checked_again_stays_at_its_place(store: Store) -> None:
    with store.write() as db:
        windows.keep(db, "churn", "plan", Kept("second", 1.0, 60.0, 10, "d2"))
        windows.keep(db, "churn", "plan", Kept("first", 0.0, 0.0, 10, "d1"))
        windows.keep(db, "churn", "plan", Kept("first", 0.0, 0.0, 12, "d3"))
    assert windows.kept(store.read(), "churn", "plan") == [
        Kept("first", 0.0, 0.0, 12, "d3"),
        Kept("second", 1.0, 60.0, 10, "d2"),
    ]
