"""Histories of metrics by time, in pages: together they are the whole, whatever order the points came in."""

from __future__ import annotations

import math
import uuid
from collections.abc import Iterator
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from mlops_store import curves, histories, metrics, runs
from mlops_store.curves import Point
from mlops_store.histories import Place
from mlops_store.store import Store

RUN = "r" * 32
NAN = math.nan
POINTS = st.lists(
    st.tuples(st.integers(0, 3), st.integers(0, 9), st.sampled_from([NAN, 0.0, 1.0, math.inf])), min_size=1, max_size=90
)


@pytest.fixture
def store(tmp_path: Path) -> Iterator[Store]:
    with Store(str(tmp_path / "store.db")) as store:
        with store.write() as db:
            runs.create(db, run_id=RUN, name="r", experiment="default", started_at=0.0)
        yield store


def pages(store: Store, key: str, size: int) -> Iterator[list[Point]]:
    after: Place | None = None
    while found := histories.page(store.read(), RUN, key, after, size):
        yield found
        after = histories.place(found, after)


def by_time(points: list[Point]) -> list[str]:
    """Points in order, as texts: NaN is not equal to itself."""
    ranked = sorted(points, key=lambda one: (one[1], one[0], one[2] == one[2], one[2] if one[2] == one[2] else 0.0))
    return [repr(point) for point in ranked]


@settings(max_examples=40, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(POINTS, POINTS, st.integers(1, 40), st.booleans())
def test_pages_are_the_whole_history_by_time(
    store: Store, first: list[Point], second: list[Point], size: int, is_ended: bool
) -> None:
    key = uuid.uuid4().hex
    with store.write() as db:
        for batch in (first, second):
            metrics.write(db, RUN, [(key, step, ms / 1000, value) for step, ms, value in batch])
            if is_ended:
                metrics.compact(db, runs.number(db, RUN))
    whole = curves.points(store.read(), RUN, key)
    found = [point for page in pages(store, key, size) for point in page]
    assert [repr(point) for point in found] == by_time(whole)
    assert [repr(point) for point in histories.page(store.read(), RUN, key)] == by_time(whole)


def test_a_page_of_a_long_history_reads_few_chunks(store: Store, monkeypatch: pytest.MonkeyPatch) -> None:
    with store.write() as db:
        for part in range(10):
            batch = [("loss", part * 4096 + n, part * 4096 + n, float(n)) for n in range(4096)]
            metrics.write(db, RUN, batch)
    read: list[int] = []
    points = histories._points
    monkeypatch.setattr(
        histories, "_points", lambda *given: (read.append(given[2]) or point for point in points(*given))
    )
    found = list(pages(store, "loss", 1000))
    assert [len(page) for page in found] == [1000] * 40 + [960]
    after = Place(20_000, 20_000_000, 20_000.0 % 4096, 1)
    read.clear()
    assert histories.page(store.read(), RUN, "loss", after, 1000)[0][0] == 20_001
    assert len(set(read)) <= 2
    assert histories.page(store.read(), RUN, "none") == []
