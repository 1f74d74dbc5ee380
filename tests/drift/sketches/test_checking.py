"""What is found of profiles is what is found of the rows, within the errors that are stated."""

from __future__ import annotations

from typing import Any

import numpy as np
import pandas as pd
import pyarrow as pa
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from mlops_store.errors import UsageError
from mlops_tui.config.monitors import MonitorConfig
from mlops_tui.drift import methods
from mlops_tui.drift.check import check, prepared
from mlops_tui.drift.columns import Settings, compare, prepare
from mlops_tui.drift.sketches import checking, packing
from mlops_tui.drift.sketches.column import ColumnSketch
from mlops_tui.drift.sketches.table import TableGatherer, TableSketch, joined


def sketched(frame: pd.DataFrame, parts: int = 1) -> TableSketch:
    """The profile of a frame, made of several parts and put together again from bytes."""
    made = []
    for place in range(parts):
        gatherer = TableGatherer()
        gatherer.add(pa.RecordBatch.from_pandas(frame.iloc[place::parts], preserve_index=False))
        made.append(packing.unpacked(packing.packed(gatherer.result())))
    return joined(made)


def column(values: Any, parts: int = 1) -> ColumnSketch:
    return sketched(pd.DataFrame({"x": values}), parts).columns["x"]


@settings(max_examples=40)
@given(
    st.sampled_from(["wasserstein", "ks", "t_test", "psi", "kl_div", "jensenshannon"]),
    st.floats(0, 1),
    st.sampled_from([lambda x: x, np.exp, np.round]),
    st.integers(1, 4),
    st.integers(0, 100),
)
def test_scores_of_profiles_are_within_their_stated_errors(
    method: str, shift: float, shape: Any, parts: int, seed: int
) -> None:
    rng = np.random.default_rng(seed)
    before, now = shape(rng.normal(size=4000)), shape(rng.normal(shift, 1, 3000))
    configured = Settings(methods={"x": method})
    exact = compare(prepare(pd.Series(before), "numerical", name="x"), pd.Series(now), configured)
    found = checking.compare(checking.known(column(before, parts), "numerical"), column(now), configured)
    assert found.method == exact.method
    assert found.score is not None
    assert found.effect is not None
    assert exact.score is not None
    assert exact.effect is not None
    assert abs(found.effect - exact.effect) <= found.detail["effect_error"] + 1e-12
    error = found.detail["score_error"]
    assert (error is None) == (method == "ks" and shape is not np.round), "of so few rows the p-value is another"
    assert error is None or abs(found.score - exact.score) <= error * (1 + 1e-9) + 1e-9
    if method == "ks" and shape is np.round:  # every value is known: the score is that of the rows
        assert found.score == pytest.approx(exact.score, rel=1e-9)


def test_bins_that_are_nearly_empty_share_what_they_hold_together() -> None:
    rng = np.random.default_rng(0)
    before, now = (np.exp(rng.normal(shift, 1, 100_000)) for shift in (0, 0.1))
    found = checking.compare(checking.known(column(before)), column(now), Settings(methods={"x": "psi"}))
    exact = compare(prepare(pd.Series(before), "numerical", name="x"), pd.Series(now), Settings(methods={"x": "psi"}))
    assert found.score is not None
    assert exact.score is not None
    assert abs(found.score - exact.score) <= found.detail["score_error"] < 1.0  # each alone at its worst: more than 3


@pytest.mark.parametrize("method", [name for name in methods.IDS if "categorical" in methods.get(name).kinds])
def test_labels_of_profiles_give_the_scores_of_rows(method: str) -> None:
    rng = np.random.default_rng(3)
    size = 2 if method in ("fisher_exact", "z") else 40
    before, now = (pd.Series(rng.choice([f"k{i}" for i in range(size)], 2000)) for _ in range(2))
    configured = Settings(methods={"x": method})
    exact = compare(prepare(before, "categorical", name="x"), now, configured)
    found = checking.compare(checking.known(column(before, 3)), column(now), configured)
    assert found.score == pytest.approx(exact.score, rel=1e-9)
    assert (found.effect, found.detail["p_value"]) == (
        pytest.approx(exact.effect),
        pytest.approx(exact.detail["p_value"]),
    )
    assert found.detail["score_error"] == 0.0


def test_a_table_is_judged_as_its_rows_are() -> None:
    def frame(seed: int, shift: float) -> pd.DataFrame:
        rng = np.random.default_rng(seed)
        return pd.DataFrame(
            {
                "same": rng.normal(size=3000),
                "moved": rng.normal(shift, 1, 3000),
                "plan": rng.choice(["free", "pro", "team"], 3000, p=[0.6 - 0.3 * shift, 0.3, 0.1 + 0.3 * shift]),
                "grade": rng.integers(1, 6, 3000),
                "prediction": rng.random(3000) * (1 - 0.5 * shift),
            }
        )

    before, now = frame(1, 0.0), frame(2, 1.0)
    now = now.drop(columns="grade").assign(new="x")
    known = prepared(before, MonitorConfig("any", prediction="prediction"), prediction="prediction")
    exact, found = check(known, now), checking.findings(known, sketched(now, 2))
    assert [(each.column, each.role, each.method, each.is_drifted) for each in found.columns] == [
        (each.column, each.role, each.method, each.is_drifted) for each in exact.columns
    ]
    assert [each.detail["notable"] for each in found.columns] == [each.detail["notable"] for each in exact.columns]
    assert found.schema == exact.schema


@pytest.mark.parametrize("method", ["mannw", "anderson", "cramer_von_mises", "hellinger"])
def test_a_method_that_needs_every_value_says_so(method: str) -> None:
    values = np.random.default_rng(0).normal(size=3000)
    found = checking.compare(checking.known(column(values)), column(values), Settings(methods={"x": method}))
    assert found.score is None
    assert found.detail["finding"]["message"].startswith(f"{method} cannot be computed: it needs")


def test_numbers_that_became_text_are_told() -> None:
    found = checking.compare(checking.known(column(np.arange(100.0) / 7)), column(["a", "b"] * 50), Settings())
    assert found.detail["finding"] == {"kind": "retyped", "message": "holds text values, no numbers"}


def test_profiles_read_back_as_they_were_and_damaged_ones_are_refused() -> None:
    frame = pd.DataFrame({"x": np.random.default_rng(0).normal(size=2000), "label": ["a", "b"] * 1000})
    data = packing.packed(sketched(frame))
    assert packing.packed(packing.unpacked(data)) == data
    assert len(data) < 6000
    for damaged in (data[:-1], data[:40], data[:8], b"{}", data[:200] + b"\xff" * 300 + data[500:]):
        with pytest.raises(UsageError):
            packing.unpacked(damaged)
