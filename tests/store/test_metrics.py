"""Metric points: unchanged whatever form they are kept in, and summed up right."""

from __future__ import annotations

import math
import random
import struct
import zlib
from collections.abc import Iterator
from itertools import accumulate
from pathlib import Path
from random import Random

import pytest
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st

from mlops_store import chunks, frames, metrics, runs
from mlops_store.errors import NotFound, StoreDamaged
from mlops_store.records import MetricPoint
from mlops_store.store import Store

NAN, INF = float("nan"), float("inf")
RUN = "r" * 32

steps = st.integers(-(2**63), 2**63 - 1)
times = st.integers(-(2**40), 2**45)
points = st.tuples(steps, times, st.floats())


@pytest.fixture
def store(tmp_path: Path) -> Iterator[Store]:
    with Store(str(tmp_path / "store.db")) as store:
        with store.write() as db:
            runs.create(db, run_id=RUN, name="r", experiment="default", started_at=0.0)
        yield store


def bits(value: float) -> bytes:
    """A float's bytes, with every NaN alike."""
    return b"nan" if value != value else struct.pack("<d", value)


def write(store: Store, values: list[float], *, key: str = "loss", start: int = 0) -> None:
    with store.write() as db:
        metrics.write(db, RUN, [(key, start + n, (start + n) / 10, value) for n, value in enumerate(values)])


def logged(store: Store, key: str = "loss") -> list[float]:
    return [point.value for point in metrics.history(store.read(), RUN, key)]


@given(st.lists(points, min_size=1, max_size=300), st.none() | st.integers(0, 12))
def test_a_chunk_reads_back_bit_for_bit(data: list[tuple[int, int, float]], places: int | None) -> None:
    step, ms, values = (list(column) for column in zip(*data, strict=True))
    if places is not None:
        values = [round(value, places) for value in values]
    found = chunks.decode(chunks.encode(step, ms, values))
    assert (list(found[0]), list(found[1])) == (step, ms)
    assert [struct.pack("<d", value) for value in found[2]] == [struct.pack("<d", value) for value in values]


@given(data=st.data(), series=st.integers(1, 4), count=st.integers(0, 6), has_base=st.booleans())
def test_each_of_the_series_of_a_chunk_reads_back_bit_for_bit(
    data: st.DataObject, series: int, count: int, has_base: bool
) -> None:
    axis = st.lists(steps, min_size=count, max_size=count)
    base = (data.draw(axis), data.draw(axis)) if has_base else None
    step, ms = (data.draw(st.lists(steps, min_size=count * series, max_size=count * series)) for _ in range(2))
    values = [float(n) for n in range(count * series)]
    body = chunks.encode(step, ms, values, series, base)
    for place in range(series):
        part = slice(place * count, (place + 1) * count)
        found = [list(column) for column in chunks.decode(body, series, place, base)]
        assert found == [step[part], ms[part], values[part]]


@given(data=st.data(), series=st.integers(1, 5), count=st.integers(1, 25), has_base=st.booleans())
def test_series_of_few_points_read_back_bit_for_bit(
    data: st.DataObject, series: int, count: int, has_base: bool
) -> None:
    of_values = st.sampled_from(
        [st.floats(), st.floats(0.9, 1.1), st.floats(width=32), st.floats(-1, 1).map(lambda value: round(value, 3))]
    )
    axis = st.lists(times, min_size=count, max_size=count)
    first = data.draw(axis), data.draw(axis)
    base = first if has_base else None
    step, ms = (column * series for column in first)
    values = [
        value
        for _ in range(series)
        for value in data.draw(st.lists(data.draw(of_values), min_size=count, max_size=count))
    ]
    body = chunks.encode(step, ms, values, series, base)
    for place in range(series):
        part = slice(place * count, (place + 1) * count)
        found = chunks.decode(body, series, place, base)
        assert (list(found[0]), list(found[1])) == (step[part], ms[part])
        assert found[2].tobytes() == struct.pack(f"{count}d", *values[part])
    if not has_base:
        assert [list(column) for column in chunks.base_of(body, series)] == [*map(list, first)]
    if series == 1 and not has_base:
        assert [chunks.decode_axis(body, axis)[0].tolist() for axis in ("step", "ms")] == [step, ms]


def test_a_chunk_of_few_points_is_hardly_longer_than_its_random_bits() -> None:
    random = Random(1)
    for spread, size in ((1 / 64, 46 / 8), (1 / 1024, 42 / 8)):
        values = [1 + random.random() * spread for _ in range(80)]
        body = chunks.encode(list(range(20)) * 4, list(range(0, 100, 5)) * 4, values, 4)
        assert len(body) < 80 * size + 60


def test_a_chunk_of_few_points_of_which_a_bit_is_wrong_is_refused() -> None:
    body = chunks.encode([1, 2, 3], [10, 20, 30], [0.5, 0.625, 0.75])
    for bit in range(8, 8 * len(body)):
        wrong = (int.from_bytes(body, "little") ^ 1 << bit).to_bytes(len(body), "little")
        with pytest.raises(StoreDamaged, match="metric chunk"):
            chunks.decode(wrong)


@given(st.lists(st.integers(-(2**70), 2**70), max_size=40), st.binary(max_size=5))
def test_a_frame_of_whole_numbers_reads_back(numbers: list[int], before: bytes) -> None:
    packed = before + frames.pack(numbers)
    assert frames.unpack(packed, len(before), len(numbers)) == numbers
    assert frames.end(packed, len(before), len(numbers)) == len(packed)


def test_a_chunk_of_noise_is_hardly_longer_than_its_random_bits() -> None:
    random = Random(1)
    values = [1 + random.random() for _ in range(1000)]  # 52 random bits each: 6.5 bytes
    body = chunks.encode(range(1000), range(0, 5000, 5), values)
    assert len(body) < 7.2 * 1000
    assert list(chunks.decode(body)[2]) == values


def test_a_chunk_of_decimal_numbers_is_as_long_as_their_digits() -> None:
    random = Random(1)
    values = [round(random.gauss(70, 9), 2) for _ in range(1000)]  # four digits: 1.7 bytes
    body = chunks.encode(range(1000), range(0, 5000, 5), values)
    assert len(body) < 2 * 1000
    assert list(chunks.decode(body)[2]) == values


def test_a_chunk_of_the_first_version_is_still_read() -> None:
    def planes(numbers: list[int] | list[float], code: str) -> bytes:
        data = struct.pack(f"<{len(numbers)}{code}", *numbers)
        return b"".join(data[byte::8] for byte in range(8))

    body = b"\x01" + zlib.compress(planes([1, 1, 1], "q") + planes([70, 5, -5], "q") + planes([0.5, NAN, -INF], "d"))
    step, ms, values = chunks.decode(body)
    assert (list(step), list(ms)) == ([1, 2, 3], [70, 75, 70])
    assert list(map(bits, values)) == list(map(bits, [0.5, NAN, -INF]))


@given(st.binary(max_size=200))
def test_bytes_that_are_no_chunk_are_a_value_error(data: bytes) -> None:
    with pytest.raises(StoreDamaged, match="metric chunk"):
        chunks.decode(data)


@given(
    batches=st.lists(st.lists(points, min_size=1, max_size=12), min_size=1, max_size=6),
    is_ended=st.booleans(),
    is_compacted=st.booleans(),
)
@settings(max_examples=60, suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=None)
def test_a_logged_value_reads_back_unchanged(
    store: Store, batches: list[list[tuple[int, int, float]]], is_ended: bool, is_compacted: bool
) -> None:
    with store.write() as db:
        for table in ("metric_points", "metric_sheets", "metric_chunks", "metrics"):
            db.execute(f"DELETE FROM {table}")
        run = runs.number(db, RUN)
        key = db.execute("INSERT INTO keys(name) VALUES ('loss') ON CONFLICT DO UPDATE SET name = name RETURNING id")
        number = key.fetchone()[0]
        for batch in batches:
            metrics.append(db, [metrics.Batch(run, number, batch, is_ended=is_ended)])
        if is_compacted:
            metrics.compact(db, run)
    found = metrics.points(store.read(), RUN, "loss")
    expected = [point for batch in batches for point in batch]
    assert [point[:2] for point in found] == [point[:2] for point in expected]
    # SQLite keeps -0.0 as 0.0
    assert [bits(point[2] + 0.0) for point in found] == [bits(point[2] + 0.0) for point in expected]
    check_summary(store, expected)


def check_summary(store: Store, expected: list[tuple[int, int, float]]) -> None:
    (summary,) = metrics.summaries(store.read(), RUN)
    numbers = [value for _, _, value in expected if value == value]
    assert (summary.count, summary.nan_count) == (len(expected), len(expected) - len(numbers))
    assert bits(summary.min) == bits(min(numbers, default=NAN) + 0.0) or summary.min == min(numbers)
    assert bits(summary.max) == bits(max(numbers, default=NAN) + 0.0) or summary.max == max(numbers)
    last = max(expected, key=lambda point: (*point[:2], point[2] == point[2], point[2]))
    assert (summary.last_step, summary.last_at) == (last[0], last[1] / 1000)
    assert summary.last == last[2] or (math.isnan(summary.last) and math.isnan(last[2]))


def test_nan_and_infinities_are_values(store: Store) -> None:
    write(store, [NAN, INF, -INF, 1.0])
    found = logged(store)
    assert math.isnan(found[0])
    assert found[1:] == [INF, -INF, 1.0]
    (summary,) = metrics.summaries(store.read(), RUN)
    assert (summary.min, summary.max, summary.last) == (-INF, INF, 1.0)
    assert math.isnan(summary.mean)


def test_a_metric_of_only_nan_has_a_summary(store: Store) -> None:
    write(store, [NAN, NAN])
    (summary,) = metrics.summaries(store.read(), RUN)
    assert (summary.count, summary.nan_count) == (2, 2)
    assert all(math.isnan(value) for value in (summary.last, summary.min, summary.max, summary.mean))
    assert math.isnan(runs.get(store.read(), RUN).metrics["loss"])


def test_the_last_value_is_that_of_the_highest_step_then_time_then_value(store: Store) -> None:
    with store.write() as db:
        metrics.write(db, RUN, [("loss", 5, 1.0, 0.5), ("loss", 7, 1.0, 0.7), ("loss", 6, 9.0, 0.6)])
        metrics.write(db, RUN, [("loss", 7, 1.0, 0.1), ("loss", 7, 0.5, 9.0), ("loss", 7, 1.0, NAN)])
    (summary,) = metrics.summaries(store.read(), RUN)
    assert (summary.last, summary.last_step, summary.last_at) == (0.7, 7, 1.0)


def test_a_history_is_in_the_order_of_steps_and_keeps_every_value_of_a_step(store: Store) -> None:
    with store.write() as db:
        metrics.write(db, RUN, [("loss", 2, 2.0, 0.2), ("loss", 1, 1.0, 0.1), ("loss", 1, 1.0, 0.11)])
    found = metrics.history(store.read(), RUN, "loss")
    assert found == [MetricPoint(1, 1.0, 0.1), MetricPoint(1, 1.0, 0.11), MetricPoint(2, 2.0, 0.2)]


def test_an_unknown_metric_has_no_points(store: Store) -> None:
    assert metrics.history(store.read(), RUN, "none") == []
    assert metrics.series(store.read(), RUN, "none", buckets=10) == []


def test_points_of_an_unknown_run_are_refused(store: Store) -> None:
    with pytest.raises(NotFound), store.write() as db:
        metrics.write(db, "nobody", [("loss", 0, 1.0, 0.5)])


def test_the_only_point_of_a_metric_needs_no_row_until_another_comes(store: Store) -> None:
    write(store, [NAN])
    db = store.read()
    assert db.execute("SELECT count(*) FROM metric_points").fetchone()[0] == 0
    assert math.isnan(logged(store)[0])
    assert math.isnan(metrics.series(db, RUN, "loss", buckets=5)[0][1])
    assert metrics.series(db, RUN, "loss", buckets=5, x="time", low=5.0) == []
    write(store, [2.0], start=1)
    assert db.execute("SELECT count(*) FROM metric_points").fetchone()[0] == 2
    assert logged(store)[1:] == [2.0]


def test_many_points_move_into_chunks_and_the_newest_stay_rows(store: Store) -> None:
    for start in range(0, 700, 100):
        write(store, [float(n) for n in range(start, start + 100)], start=start)
    db = store.read()
    assert db.execute("SELECT sum(count) FROM metric_chunks").fetchone()[0] == 600
    assert db.execute("SELECT count(*) FROM metric_points").fetchone()[0] == 100
    assert logged(store) == [float(n) for n in range(700)]


def test_a_large_batch_is_cut_into_chunks_of_bounded_size(store: Store) -> None:
    write(store, [0.5] * 10_000)
    counts = [row[0] for row in store.read().execute("SELECT count FROM metric_chunks ORDER BY first_seq")]
    assert counts == [4096, 4096, 1808]
    assert logged(store) == [0.5] * 10_000


def test_a_summary_keeps_no_value_twice(store: Store) -> None:
    for key, values in (("once", [0.5]), ("falls", [3.0, 2.0]), ("rises", [1.0, 2.0]), ("turns", [1.0, 4.0, 2.0])):
        write(store, values, key=key)
    kept = "SELECT last_value, min_value, max_value, total FROM metrics m JOIN keys k ON k.id = m.key_id ORDER BY name"
    assert store.read().execute(kept).fetchall() == [
        *((2.0, None, 3.0, 5.0), (0.5, None, None, None), (2.0, 1.0, None, 3.0), (2.0, 1.0, 4.0, 7.0)),
    ]
    write(store, [0.25], key="once", start=1)
    (once,) = (one for one in metrics.summaries(store.read(), RUN) if one.key == "once")
    assert (once.last, once.min, once.max, once.mean) == (0.25, 0.25, 0.5, 0.375)


def test_the_end_of_a_run_packs_its_short_series(store: Store) -> None:
    write(store, [0.5] * 50)
    write(store, [0.5] * 3, key="few")
    write(store, [0.5], key="once")
    with store.write() as db:
        runs.finish(db, RUN, "FINISHED", 9.0)
    assert store.read().execute("SELECT count(*) FROM metric_points").fetchone()[0] == 0
    assert [len(logged(store, key)) for key in ("loss", "few", "once")] == [50, 3, 1]


@pytest.mark.parametrize("count", [2, 20, 100, 300])
def test_series_that_were_logged_together_share_steps_and_times_and_read_back_each(store: Store, count: int) -> None:
    draw = random.Random(count)
    at = list(accumulate(draw.randint(1, 90) for _ in range(count)))
    ms = list(accumulate(draw.randint(1, 9000) for _ in range(count)))
    series = {f"key{n}": [(step, time, draw.random()) for step, time in zip(at, ms, strict=True)] for n in range(30)}
    series["apart"] = [(step, time + 3, value) for step, time, value in series["key0"]]
    series["elsewhere"] = [(step + 1, time, value) for step, time, value in series["key1"][1:]]
    with store.write() as db:
        metrics.write(
            db, RUN, [(key, step, ms / 1000, value) for key, all_of in series.items() for step, ms, value in all_of]
        )
        metrics.compact(db, runs.number(db, RUN))
    db = store.read()
    assert {key: metrics.points(db, RUN, key) for key in series} == series
    assert db.execute("SELECT count(*) FROM metric_points").fetchone()[0] == 0
    (size,) = db.execute("SELECT sum(length(body) + 16) FROM metric_sheets").fetchone()
    assert size < 32 * count * (8 if count > 2 else 10)
    spans = {metrics.span(db, RUN, key) for key in ("key7", "apart")}
    assert spans == {(at[0], at[-1])}
    assert metrics.series(db, RUN, "key7", buckets=400, low=at[1]) == [
        (step, value, value, value) for step, _, value in series["key7"][1:]
    ]


def test_a_resumed_run_goes_on_after_what_was_packed(store: Store) -> None:
    for start in (0, 300, 310, 312):
        for key in ("loss", "auc"):
            write(
                store, [float(n) for n in range(start, start + 300 if not start else start + 10)], key=key, start=start
            )
        with store.write() as db:
            metrics.append_new(db, runs.number(db, RUN), {1: [(5, 500, 5.0), (start, start * 100, float(start))]})
            metrics.compact(db, runs.number(db, RUN))
        write(store, [1.0], key=f"new at {start}")
    steps = [*range(310), *range(310, 320), *range(312, 322)]
    assert [logged(store, key) for key in ("loss", "auc")] == [sorted(map(float, steps))] * 2
    assert [logged(store, f"new at {start}") for start in (0, 300, 310, 312)] == [[1.0]] * 4


def test_few_points_are_drawn_as_they_are(store: Store) -> None:
    write(store, [1.0, NAN, INF])
    found = metrics.series(store.read(), RUN, "loss", buckets=10)
    assert found[0] == (0.0, 1.0, 1.0, 1.0)
    assert found[1][0] == 1.0
    assert math.isnan(found[1][3])
    assert found[2] == (2.0, INF, INF, INF)


def test_a_series_keeps_the_extremes_of_each_bucket(store: Store) -> None:
    values = [math.sin(n / 50) for n in range(5000)]
    values[1234], values[4321] = 99.0, -99.0
    write(store, values)
    found = metrics.series(store.read(), RUN, "loss", buckets=80)
    assert len(found) == 80
    assert max(high for _, _, high, _ in found) == 99.0
    assert min(low for _, low, _, _ in found) == -99.0
    assert [x for x, *_ in found] == sorted(x for x, *_ in found)
    assert found[-1] == (4999.0, pytest.approx(min(values[4938:])), pytest.approx(max(values[4938:])), values[-1])


def test_a_series_reports_nan_beside_the_numbers_of_its_bucket(store: Store) -> None:
    values = [1.0] * 1000
    values[500] = NAN
    write(store, values)
    found = metrics.series(store.read(), RUN, "loss", buckets=10)
    assert len(found) == 11
    assert [x for x, low, _, _ in found if low != low] == [500.0]


def test_a_series_can_be_cut_and_drawn_over_time(store: Store) -> None:
    write(store, [float(n) for n in range(2000)])
    by_step = metrics.series(store.read(), RUN, "loss", buckets=5, low=100, high=199)
    assert [(low, high) for _, low, high, _ in by_step] == [(100 + 20 * n, 119 + 20 * n) for n in range(5)]
    by_time = metrics.series(store.read(), RUN, "loss", buckets=5, x="time", low=10.0, high=19.9)
    assert [(low, high) for _, low, high, _ in by_time] == [(low, high) for _, low, high, _ in by_step]
    assert by_time[-1][0] == 19.9


@given(
    values=st.lists(st.floats(), min_size=1, max_size=200),
    buckets=st.integers(1, 30),
    order=st.randoms(use_true_random=False),
)
@settings(max_examples=60, suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=None)
def test_a_series_never_hides_an_extreme_or_a_nan(
    store: Store, values: list[float], buckets: int, order: object
) -> None:
    with store.write() as db:
        for table in ("metric_points", "metric_sheets", "metric_chunks", "metrics"):
            db.execute(f"DELETE FROM {table}")
        shuffled = list(enumerate(values))
        order.shuffle(shuffled)  # type: ignore[attr-defined]
        metrics.write(db, RUN, [("loss", step, step / 10, value) for step, value in shuffled])
        metrics.compact(db, runs.number(db, RUN))
    found = metrics.series(store.read(), RUN, "loss", buckets=buckets)
    numbers = [value for value in values if value == value]
    assert len(found) <= 2 * max(buckets, 1)
    assert any(low != low for _, low, _, _ in found) == (len(numbers) < len(values))
    if numbers:
        assert min(low for _, low, _, _ in found if low == low) == min(numbers)
        assert max(high for _, _, high, _ in found if high == high) == max(numbers)


def one_dot(found: list[tuple[float, float, float, float]], low: float, width: float) -> list[tuple[int, float, float]]:
    return [(int((x - low) / width), least, greatest) for x, least, greatest, _ in found if least == least]


@pytest.mark.parametrize(("x", "low", "high"), [("step", -INF, INF), ("time", -INF, INF), ("step", 1500, 9100)])
def test_no_point_of_a_long_series_lies_outside_what_is_drawn_within_one_column_of_it(
    store: Store, x: str, low: float, high: float
) -> None:
    draw = random.Random(4)
    values = [draw.gauss(0, 1) * (50 if draw.random() < 0.001 else 1) for _ in range(20_000)]
    write(store, values)
    buckets, scale = 300, 1 if x == "step" else 10
    found = metrics.series(store.read(), RUN, "loss", buckets=buckets, x=x, low=low, high=high)
    first, last = max(low, 0), min(high, 19_999 / scale)
    width = (last - first) / buckets
    spans = {min(buckets - 1, place): (least, greatest) for place, least, greatest in one_dot(found, first, width)}
    for step, value in enumerate(values):
        if first <= step / scale <= last:
            near = [spans.get(int((step / scale - first) / width) + by, (INF, -INF)) for by in (-1, 0, 1)]
            assert min(least for least, _ in near) <= value <= max(greatest for _, greatest in near)
    assert found[-1][3] == values[int(last * scale)]


@given(
    seed=st.integers(0, 10_000),
    buckets=st.integers(3, 120),
    tail=st.sampled_from([0, 1, 2]),
    roughness=st.sampled_from([0.0, 0.3, 1.0]),
    axis=st.sampled_from(["step", "time"]),
)
@example(seed=3, buckets=120, tail=2, roughness=0.0, axis="step")
@settings(max_examples=12, suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=None)
def test_every_column_that_stands_out_from_both_beside_it_is_drawn_exactly(
    store: Store, seed: int, buckets: int, tail: int, roughness: float, axis: str
) -> None:
    draw = random.Random(seed)
    paces = [int(10 ** draw.uniform(0, tail)) for _ in range(150)]
    gaps = [pace for pace in paces for _ in range(draw.choice([5, 30, 90]))]
    steps, values = list(accumulate(gaps)), list(accumulate(draw.gauss(0, roughness) for _ in gaps))
    values = [value + draw.gauss(0, 1) for value in values]
    with store.write() as db:
        for table in ("metric_points", "metric_sheets", "metric_chunks", "metrics"):
            db.execute(f"DELETE FROM {table}")
        metrics.write(db, RUN, [("loss", step, float(step), value) for step, value in zip(steps, values, strict=True)])
        metrics.compact(db, runs.number(db, RUN))
    scale = 1 if axis == "step" else 1000
    first, last = steps[0] * scale, steps[-1] * scale
    width = (last - first) / buckets

    def place(x: float) -> int:
        return min(buckets - 1, int((round(x * scale) - first) / width))

    true: dict[int, list[float]] = {}
    for step, value in zip(steps, values, strict=True):
        true.setdefault(place(step), []).append(value)
    found = metrics.series(store.read(), RUN, "loss", buckets=buckets, x=axis)
    drawn = {place(x): (least, greatest) for x, least, greatest, _ in found}
    assert drawn.keys() <= true.keys()
    for column, points in true.items():
        beside = [true[by] for by in (column - 1, column + 1) if by in true]
        if all(max(points) > max(others) for others in beside):
            assert drawn[column][1] == max(points)
        if all(min(points) < min(others) for others in beside):
            assert drawn[column][0] == min(points)


@given(
    values=st.lists(st.floats() | st.sampled_from([0.5, 1.0]), min_size=600, max_size=900),
    gaps=st.lists(st.sampled_from([0, 1, 1, 1, 50, 4000, -300]), min_size=900, max_size=900),
    buckets=st.integers(1, 40),
)
@settings(
    max_examples=12,
    suppress_health_check=[
        HealthCheck.function_scoped_fixture,
        HealthCheck.large_base_example,
        HealthCheck.data_too_large,
    ],
)
def test_a_long_series_of_any_values_and_steps_keeps_its_extremes_and_says_where_nan_is(
    store: Store, values: list[float], gaps: list[int], buckets: int
) -> None:
    with store.write() as db:
        for table in ("metric_points", "metric_sheets", "metric_chunks", "metrics"):
            db.execute(f"DELETE FROM {table}")
        at = list(accumulate(gaps[: len(values)]))
        metrics.write(db, RUN, [("loss", step, step / 10, value) for step, value in zip(at, values, strict=True)])
    found = metrics.series(store.read(), RUN, "loss", buckets=buckets)
    numbers = [value for value in values if value == value]
    assert len(found) <= 2 * buckets
    assert any(least != least for _, least, _, _ in found) == (len(numbers) < len(values))
    assert min((least for _, least, _, _ in found if least == least), default=None) == min(numbers, default=None)
    assert max((high for _, _, high, _ in found if high == high), default=None) == max(numbers, default=None)
    places = {int((x - min(at)) / ((max(at) - min(at)) / buckets or 1)) for x, *_ in found}
    assert places <= {int((step - min(at)) / ((max(at) - min(at)) / buckets or 1)) for step in at}


def test_an_outline_is_made_of_real_points_and_an_eighth_of_the_chunk(store: Store) -> None:
    values = [math.sin(n / 9) for n in range(4096)]
    write(store, values)
    (body,) = store.read().execute("SELECT outline FROM metric_chunks").fetchone()
    found = list(zip(*chunks.decode(body), strict=True))
    assert len(found) <= 4096 / 8
    assert all(values[step] == value and ms == step * 100 for step, ms, value in found)


def test_points_out_of_order_have_no_outline_and_are_drawn_exactly(store: Store) -> None:
    with store.write() as db:
        metrics.write(db, RUN, [("loss", (n * 7919) % 6000, 1.0, float((n * 7919) % 6000)) for n in range(6000)])
    db = store.read()
    assert db.execute("SELECT count(outline) FROM metric_chunks").fetchone()[0] == 0
    found = metrics.series(db, RUN, "loss", buckets=60, low=0, high=6000)
    assert found == [(100.0 * n + 99 if n else 0.0, 100.0 * n, 100.0 * n + 99, 100.0 * n + 99) for n in range(60)]
