import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy.stats import spearmanr

from mlops_store import metrics, runs
from mlops_store.errors import NotFound, Refused, UsageError
from mlops_store.store import Store
from mlops_tui.compare import axes
from mlops_tui.compare.export import svg
from mlops_tui.compare.export.document import Picture
from mlops_tui.compare.importance import importance
from mlops_tui.compare.runs import compare
from mlops_tui.config import Config

small = st.integers(0, 6)


@pytest.fixture
def store(tmp_path):
    with Store(str(tmp_path / "store.db")) as opened:
        yield opened


def compared(store, rows):
    for number, (params, values) in enumerate(rows):
        run_id = f"run-{number:03}"
        with store.write() as db:
            runs.create(db, run_id=run_id, name=run_id, experiment="e", started_at=1.0)
            runs.set_params(db, run_id, params)
            metrics.write(db, run_id, [(key, 0, 1.0, value) for key, value in values.items()])
    return compare(store.read(), [f"run-{number:03}" for number in range(len(rows))], Config())


@given(st.lists(st.tuples(small, small), max_size=12), st.sampled_from(["max", "min"]), st.sampled_from(["max", "min"]))
def test_a_point_is_on_the_front_exactly_when_no_other_beats_it(points, x_goal, y_goal):
    def beats(a, b):
        better = [(p > q) if goal == "max" else (p < q) for p, q, goal in zip(a, b, (x_goal, y_goal), strict=True)]
        equal = [p == q for p, q in zip(a, b, strict=True)]
        return all(map(any, zip(better, equal, strict=True))) and any(better)

    front = axes.pareto_front([x for x, _ in points], [y for _, y in points], x_goal, y_goal)
    wanted = [i for i, point in enumerate(points) if not any(beats(other, point) for other in points)]
    assert sorted(front) == wanted


@given(st.lists(st.tuples(small, small), min_size=3, max_size=30))
def test_the_rank_correlation_is_scipy_s(pairs):
    xs, ys = map(list, zip(*pairs, strict=True))
    ours = axes.rank_correlation(xs, ys)
    if len(set(xs)) == 1 or len(set(ys)) == 1:
        assert math.isnan(ours)
    else:
        assert ours == pytest.approx(spearmanr(xs, ys).statistic)


def test_two_metrics_have_a_front_by_their_directions(store):
    found = compared(
        store, [({}, {"auc": a, "latency": b}) for a, b in [(0.9, 10.0), (0.8, 5.0), (0.7, 7.0), (0.95, 50.0)]]
    )
    plot = axes.scatter(found, "latency", "auc")
    assert plot.front == (1, 0, 3)
    assert (plot.x.goal, plot.y.goal, plot.without) == ("min", "max", ())


def test_a_param_against_a_metric_has_no_front(store):
    rows = [
        ({"depth": 1, "kind": "a"}, {"auc": 0.5}),
        ({"depth": 2, "kind": "b"}, {"auc": math.nan}),
        ({}, {"auc": 0.7}),
    ]
    plot = axes.scatter(compared(store, rows))
    assert (plot.x.key, plot.y.key, plot.front, plot.without, plot.count) == (
        "params.depth",
        "metrics.auc",
        (),
        (1, 2),
        1,
    )


def test_texts_are_numbered_on_an_axis(store):
    found = axes.axis(
        compared(store, [({"kind": "b"}, {}), ({"kind": "a"}, {}), ({"kind": "1"}, {}), ({}, {})]), "kind"
    )
    assert (found.values, found.texts) == ((2.0, 1.0, 0.0, None), ("1", "a", "b"))


def test_what_stands_for_infinity_has_no_place_and_the_least_numbers_have_one(store):
    rows = [({"c": text}, {"loss": loss}) for text, loss in [("0", 0.0), ("5e-324", 5e-324), ("0.0", 1.797e308)]]
    found = compared(store, rows)
    plot = axes.scatter(found, "c", "loss")
    assert (plot.x.values, plot.y.values, plot.without) == ((0.0, 5e-324, 0.0), (0.0, 5e-324, None), (2,))
    names = ("a", "b", "c")
    assert "nan" not in svg.draw(Picture(plot, names, names, 0))


def test_what_is_no_axis_says_why(store):
    rows = [({"id": f"run {number}"}, {"auc": number}) for number in range(60)]
    found = compared(store, rows)
    with pytest.raises(UsageError, match="60 texts"):
        axes.axis(found, "params.id")
    with pytest.raises(NotFound, match="acu"):
        axes.axis(found, "metrics.acu")
    assert [one.key for one in axes.parallel(found)] == ["metrics.auc"]
    assert [one.key for one in axes.parallel(found, ["auc", "metrics.auc"])] == ["metrics.auc", "metrics.auc"]


def test_nothing_that_differs_is_no_scatter_plot(store):
    with pytest.raises(NotFound, match="differs"):
        axes.scatter(compared(store, [({"a": 1}, {"auc": 1})] * 2))


def test_the_param_that_decides_is_the_most_important(store):
    chance = np.random.default_rng(0)
    rows = []
    for number in range(60):
        depth, noise, kind = chance.integers(1, 10), chance.random(), chance.choice(["a", "b"])
        params = {"depth": depth, "noise": noise, "kind": kind, "seed": number, "same": 1}
        rows.append((params, {"auc": 0.5 + 0.04 * depth + 0.1 * (kind == "b")}))
    found = importance(compared(store, rows))
    assert [one.key for one in found.params] == ["depth", "kind", "noise"]
    assert sum(one.impurity for one in found.params) == pytest.approx(1)
    assert found.params[0].permutation > found.params[1].permutation > found.params[2].permutation
    assert found.params[0].correlation > 0.7
    assert math.isnan(found.params[1].correlation)
    assert (found.runs, found.left_out) == (60, ("same", "seed"))
    assert found.r2 > 0.7
    assert found.is_reliable
    assert found.caution == ""


def test_few_runs_are_said_to_be_unreliable(store):
    found = importance(compared(store, [({"depth": n, "lr": n % 2}, {"auc": n * 1.0}) for n in range(6)]), "auc")
    assert not found.is_reliable
    assert "6 runs are few for 2 params" in found.caution


@pytest.mark.parametrize(
    ("rows", "message"),
    [
        ([({"a": n}, {"auc": n}) for n in range(4)], "4 runs have auc: too few"),
        ([({"a": n}, {"auc": 1.0}) for n in range(6)], "no metric differs"),
        ([({"seed": n}, {"auc": n}) for n in range(6)], "no param varies"),
    ],
)
def test_what_has_no_importance_says_why(store, rows, message):
    with pytest.raises(Refused, match=message):
        importance(compared(store, rows))


def test_extreme_values_have_importances_too(store):
    rows = [({"a": ["1e308", "-1e308", "x", ""][n % 4], "b": f"{n}e300"}, {"loss": n * 1e300}) for n in range(12)]
    assert importance(compared(store, rows)).runs == 12
