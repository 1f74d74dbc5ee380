import pytest
from scipy import stats

from mlops_store import metrics, runs
from mlops_store.store import Store
from mlops_tui.compare.export.document import Table, document
from mlops_tui.compare.report import Wanted, build
from mlops_tui.compare.runs import compare
from mlops_tui.compare.seeds import group, is_seed
from mlops_tui.config import Config


@pytest.fixture
def store(tmp_path):
    with Store(str(tmp_path / "store.db")) as opened:
        yield opened


def add(store, run_id, params, values):
    with store.write() as db:
        runs.create(db, run_id=run_id, name=run_id, experiment="e", started_at=1.0)
        runs.set_params(db, run_id, params)
        metrics.write(db, run_id, [(key, 0, 1.0, value) for key, value in values.items()])


def grouped(store, values, key="auc"):
    ids = []
    for depth, sample in values.items():
        for seed, value in enumerate(sample):
            ids.append(f"{depth}-{seed}")
            add(store, ids[-1], {"depth": depth, "train.seed": seed}, {key: value, "lr": 0.1, "system/cpu": value})
    return group(compare(store.read(), ids, Config()))


def test_runs_that_differ_in_their_seed_only_are_one_group(store):
    found = grouped(store, {3: [0.8, 0.82, 0.81], 5: [0.9, 0.91, 0.92]})
    assert [(one.label, len(one.run_ids)) for one in found.groups] == [("depth=3", 3), ("depth=5", 3)]
    assert found.seeds == ("train.seed",)
    assert [row.key for row in found.rows] == ["auc"]
    assert found.has_repeats


def test_a_difference_beyond_the_spread_is_told_with_the_numbers_of_scipy(store):
    first, second = [0.80, 0.82, 0.81], [0.90, 0.91, 0.92]
    (row,) = grouped(store, {3: first, 5: second}).rows
    assert row.verdict(1) == "better"
    assert row.verdict(0) == ""
    theirs = stats.ttest_ind(second, first, equal_var=False).confidence_interval(0.95)
    assert (row.against[1].interval.low, row.against[1].interval.high) == pytest.approx((theirs.low, theirs.high))
    assert row.spreads[1].mean == pytest.approx(0.91)
    assert row.spreads[1].deviation == pytest.approx(0.01)


def test_a_difference_within_the_spread_is_noise(store):
    (row,) = grouped(store, {3: [0.80, 0.90, 0.85], 5: [0.83, 0.91, 0.87]}).rows
    assert row.verdict(1) == "noise"


def test_lower_is_better_where_the_metric_says_so(store):
    (row,) = grouped(store, {3: [0.1, 0.11, 0.12], 5: [0.9, 0.91, 0.92]}, key="val_loss").rows
    assert row.verdict(1) == "worse"


def test_several_groups_share_the_risk(store):
    (row,) = grouped(store, {1: [0.1, 0.2], 2: [0.2, 0.3], 3: [0.5, 0.6], 4: [0.9]}).rows
    assert [found and found.interval.confidence for found in row.against] == [None, 0.975, 0.975, None]


def test_single_runs_and_values_that_are_no_numbers_have_no_verdict(store):
    found = grouped(store, {3: [float("nan"), float("inf")], 5: [0.5, 0.6]})
    (row,) = found.rows
    assert (row.spreads[0].count, row.verdict(1)) == (0, "")


def test_groups_without_values_are_told_without_numbers(store):
    grouped(store, {3: [float("nan"), float("inf")], 5: [0.5, 0.6]})
    compared = compare(store.read(), ["3-0", "3-1", "5-0", "5-1"], Config())
    report = build(store.read(), compared, Wanted(parts=("seeds",)), root="", objects_dir="")
    *_, table = (block for block in document(report).blocks if isinstance(block, Table))
    first, second = ([(cell.text, cell.note) for cell in row] for row in table.rows)
    assert first[2:4] == [("0", ""), ("–", "")]
    assert second[2:4] == [("2", ""), ("0.55", "± 0.071")]


@pytest.mark.parametrize(
    "key", ["seed", "SEED", "random_state", "train.seed", "model/random_seed", "np-seed", "randomstate"]
)
def test_seeds_are_known_by_their_names(key):
    assert is_seed(key)


@pytest.mark.parametrize("key", ["seeds", "state_dim", "seeding", "linseed", "n_seeds"])
def test_other_params_are_no_seeds(key):
    assert not is_seed(key)
