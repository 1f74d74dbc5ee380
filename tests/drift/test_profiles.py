import json
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

from mlops_store import drift
from mlops_store.artifacts import object_path
from mlops_store.errors import UsageError
from mlops_store.store import Store
from mlops_tui.drift import profiles, summaries
from mlops_tui.drift.samples import Numbers, labels, numbers


@pytest.fixture
def store(tmp_path: Path) -> Iterator[Store]:
    with Store(str(tmp_path / ".mlops" / "store.db")) as store:
        yield store


def a_frame(rows: int = 100) -> pd.DataFrame:
    rng = np.random.default_rng(1)
    return pd.DataFrame(
        {
            "age": rng.normal(40, 10, rows),
            "plan": rng.choice(["free", "pro"], rows),
            "gaps": np.where(rng.random(rows) < 0.5, np.nan, 1.5),
            "when": pd.date_range("2024-01-01", periods=rows),
            "id": range(rows),
            "prediction": rng.integers(0, 2, rows),
        }
    )


def test_a_profile_tells_kind_counts_and_moments_of_each_column() -> None:
    frame = a_frame()
    summary, _ = profiles.build(frame, "prediction")
    columns = summary["columns"]
    assert {name: column["kind"] for name, column in columns.items()} == {
        "age": "numerical", "plan": "categorical", "gaps": "numerical", "when": "datetime", "id": "numerical",
        "prediction": "categorical",
    }  # fmt: skip
    age = columns["age"]
    assert age["mean"] == pytest.approx(frame["age"].mean())
    assert age["std"] == pytest.approx(frame["age"].std(ddof=0))
    assert (age["min"], age["max"]) == (frame["age"].min(), frame["age"].max())
    assert age["quantiles"]["0.25"] == pytest.approx(frame["age"].quantile(0.25))
    assert sum(age["counts"]) == age["count"] == 100
    assert columns["gaps"]["missing"] == frame["gaps"].isna().sum()
    assert dict(zip(columns["plan"]["labels"], columns["plan"]["counts"], strict=True)) == dict(
        frame["plan"].value_counts()
    )
    assert columns["id"]["is_counter"]
    assert "not checked" in columns["when"]["note"]
    assert (summary["rows"], summary["sample_rows"], summary["prediction"]) == (100, 100, "prediction")


def test_a_kept_profile_gives_its_rows_back(store: Store) -> None:
    frame = a_frame()
    profile = drift.profile(store.read(), profiles.save(store, frame, "train"))
    assert profile.row_count == 100
    pd.testing.assert_frame_equal(profiles.sample(store, profile), frame, check_dtype=False)


def test_the_same_data_is_kept_once(store: Store) -> None:
    first = profiles.save(store, a_frame(), "train")
    assert profiles.save(store, a_frame(), "again") == first
    assert profiles.save(store, a_frame(), "with predictions", "prediction") != first


def test_more_rows_than_the_cap_are_sampled_and_the_summary_says_so() -> None:
    frame = a_frame(500)
    summary, data = profiles.build(frame, sample_rows=50)
    _, again = profiles.build(frame, sample_rows=50)
    assert (summary["rows"], summary["sample_rows"], summary["sample_seed"]) == (500, 50, 0)
    assert data == again
    assert summary["columns"]["age"]["count"] == 500


def test_a_small_reference_is_marked() -> None:
    assert profiles.build(a_frame(29))[0]["is_small"]
    assert not profiles.build(a_frame(30))[0]["is_small"]


@pytest.mark.parametrize(
    ("frame", "prediction", "message"),
    [
        (pd.DataFrame(), None, "no columns"),
        (pd.DataFrame({"a": []}), None, "no rows"),
        (pd.DataFrame([[1, 2]], columns=["a", "a"]), None, "two columns called 'a'"),
        (pd.DataFrame({"a": [1]}), "p", "no column 'p'"),
    ],
)
def test_what_cannot_be_a_reference_is_refused(frame: pd.DataFrame, prediction: str | None, message: str) -> None:
    with pytest.raises(UsageError, match=message):
        profiles.build(frame, prediction)


def test_columns_that_parquet_cannot_hold_are_kept_as_text(store: Store) -> None:
    frame = pd.DataFrame({"mixed": [1, "a", None, 2.5], 7: [1, 2, 3, 4], "complex": [1j, 2j, 3j, 4j]}, dtype=object)
    found = profiles.sample(store, drift.profile(store.read(), profiles.save(store, frame, "odd")))
    assert list(found.columns) == ["mixed", "7", "complex"]
    assert found["mixed"].tolist()[:2] == ["1", "a"]
    assert found["mixed"].isna().tolist() == [False, False, True, False]


def test_a_summary_of_extreme_values_is_still_json() -> None:
    frame = pd.DataFrame({"huge": [1.7e308, -1.7e308, 1e308], "inf": [np.inf, -np.inf, 1.0], "none": [None] * 3})
    summary, _ = profiles.build(frame)
    assert json.loads(json.dumps(summary, allow_nan=False)) == summary
    assert summary["columns"]["inf"]["infinite"] == 2
    assert summary["columns"]["huge"]["mean"] is None or np.isfinite(summary["columns"]["huge"]["mean"])


def test_a_lost_sample_is_said(store: Store) -> None:
    profile = drift.profile(store.read(), profiles.save(store, a_frame(), "train"))
    assert profile.sample_digest is not None
    path = Path(object_path(store.objects_dir, profile.sample_digest))
    path.chmod(0o600)
    path.write_bytes(b"PAR1 cut short")
    with pytest.raises(UsageError, match="cannot be read"):
        profiles.sample(store, profile)
    path.unlink()
    with pytest.raises(UsageError, match="cannot be read"):
        profiles.sample(store, profile)


samples = st.lists(st.floats(allow_nan=False, allow_infinity=False), min_size=1, max_size=80)


@given(samples, samples)
def test_every_value_is_in_one_bin_of_a_drawing(reference: list[float], current: list[float]) -> None:
    pair = [Numbers(np.sort(np.array(side))) for side in (reference, current)]
    edges = summaries.edges(*pair)
    assert (np.diff(edges / 2) > 0).all()
    assert len(edges) <= summaries.BINS + 1
    for sample in pair:
        assert sum(summaries.of_numbers(sample, edges)["counts"]) == sample.count


@given(st.lists(st.integers(-50, 1000), min_size=1, max_size=80))
def test_bins_of_whole_numbers_hold_equally_many_of_them(values: list[int]) -> None:
    edges = summaries.edges(numbers(pd.Series(values)))
    widths = set(np.diff(edges))
    assert len(widths) == 1
    assert widths.pop().is_integer()
    assert len(edges) <= summaries.BINS + 1


@given(samples, st.sampled_from(summaries.QUANTILES))
def test_quantiles_are_numpys(values: list[float], level: float) -> None:
    ordered = np.sort(np.array([round(value % 1e6, 3) for value in values]))
    assert Numbers(ordered).quantile(level) == pytest.approx(np.quantile(ordered, level), rel=1e-9, abs=1e-9)


def test_of_ten_thousand_categories_the_commonest_are_listed() -> None:
    sample = labels(pd.Series([f"k{i}" for i in range(10_000)] + ["top"] * 500))
    listed = summaries.commonest(sample)
    summary = summaries.of_labels(sample, listed)
    assert len(listed) == summaries.LISTED
    assert "top" in listed
    assert sum(summary["counts"]) + summary["other"] == summary["count"] == 10_500


def test_long_labels_are_cut() -> None:
    sample = labels(pd.Series(["x" * 10_000] * 3))
    assert [len(name) for name in summaries.of_labels(sample, summaries.commonest(sample))["labels"]] == [80]
