"""Curves as they are read for a chart: over steps, times and epochs, over decades, and in part."""

import pytest
from run_screens import add_run, make_store

from mlops_store import metrics, runs
from mlops_tui.ui.chart_view import ChartView
from mlops_tui.ui.screens import curves


@pytest.fixture
def store(tmp_path):
    with make_store(tmp_path) as opened:
        yield opened


def read(store, run_id, key="loss", **how):
    with store.snapshot() as db:
        return curves.curve(db, runs.get(db, run_id), key, columns=40, **how).points


def test_over_time_seconds_are_counted_from_the_start_of_the_run(store):
    run_id = add_run(store, "one", curves={"loss": [3, 2, 1]})
    assert [x for x, *_ in read(store, run_id, view=ChartView("time"))] == [0, 1, 2]


def test_over_epochs_a_step_lies_between_the_steps_at_which_the_epoch_changes(store):
    run_id = add_run(store, "one", curves={"loss": range(9)})
    with store.write() as db:
        metrics.write(db, run_id, [("epoch", step, 1.0, epoch) for step, epoch in [(0, 0), (1, 0), (4, 1), (8, 2)]])
    assert [x for x, *_ in read(store, run_id, view=ChartView("epoch"))] == [step / 4 for step in range(9)]
    part = read(store, run_id, view=ChartView("epoch"), window=(1.0, 1.5))
    assert {1.0, 1.25, 1.5} <= {x for x, *_ in part}


@pytest.mark.parametrize("epochs", [None, [2.0, 2.0, 2.0], [float("nan")] * 3])
def test_a_run_without_epochs_has_no_curve_over_them(store, epochs):
    run_id = add_run(store, "one", curves={"loss": [3, 2, 1], **({"epoch": epochs} if epochs else {})})
    assert read(store, run_id, view=ChartView("epoch")) == ()


def test_over_a_logarithmic_axis_each_decade_has_its_own_buckets(store):
    run_id = add_run(store, "one", curves={"loss": range(20_000)})
    xs = [x for x, *_ in read(store, run_id, view=ChartView(is_log_x=True))]
    assert xs[0] == 0  # has no logarithm; the chart says so
    assert xs[1:10] == [1, 2, 3, 4, 5, 6, 7, 8, 9]
    assert xs == sorted(xs)
    assert xs[-1] == 19_999
    assert len(xs) < 100


def test_a_part_with_few_points_comes_with_those_beside_it(store):
    run_id = add_run(store, "one", curves={"loss": range(1000)})
    xs = [x for x, *_ in read(store, run_id, window=(500.2, 502.8))]
    assert 500 in xs
    assert 503 in xs
