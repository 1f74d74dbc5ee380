"""Scores, methods and verdicts are Evidently's; reference/make.py says how its figures were made."""

import importlib.util
import json
from functools import cache
from pathlib import Path
from typing import Any

import pandas as pd
import pytest

from mlops_tui.config.monitors import MonitorConfig
from mlops_tui.drift.check import check, prepared
from mlops_tui.drift.columns import Settings, compare, prepare

REFERENCE = Path(__file__).parent / "reference"
EVIDENTLY: dict[str, Any] = json.loads((REFERENCE / "evidently.json").read_text())["cases"]


@cache
def build(case: str) -> Any:
    spec = importlib.util.spec_from_file_location("drift_reference_cases", REFERENCE / "cases.py")
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module.CASES[case]()


@pytest.mark.parametrize(
    ("case", "method"),
    [(case, method) for case, verdicts in EVIDENTLY.items() for method in verdicts if verdicts[method]],
)
def test_every_column_is_judged_as_evidently_judges_it(case: str, method: str) -> None:
    frames = build(case)
    for name, verdict in EVIDENTLY[case][method]["columns"].items():
        if method == "es" and pd.concat([frames.reference[name], frames.current[name]]).nunique() < 5:
            continue  # its covariance has no full rank: the figure depends on the order of the rows
        kind = "categorical" if name in frames.categorical else "numerical"
        settings = Settings(methods={} if method == "default" else {name: method})
        report = compare(prepare(frames.reference[name], kind, name=name), frames.current[name], settings)
        found = (report.method, report.threshold, report.is_drifted)
        assert found == (verdict["method"], verdict["threshold"], verdict["drifted"]), name
        if verdict["score"] is None:
            assert report.score == 1.0, f"{name}: scipy has no chi-square of one value, for us nothing has changed"
        else:
            # of this test scipy tells 1 - cdf: how that is rounded depends on the processor
            rounding = 1e-15 if report.method == "cramer_von_mises" else 0
            assert report.score == pytest.approx(verdict["score"], rel=1e-9, abs=rounding), name


@pytest.mark.parametrize("case", EVIDENTLY)
def test_as_many_columns_of_a_data_set_drift_as_evidently_counts(case: str) -> None:
    frames = build(case)
    kinds = {name: "categorical" if name in frames.categorical else "numerical" for name in frames.reference.columns}
    monitor = MonitorConfig("any", columns=tuple(kinds))
    findings = check(prepared(frames.reference, monitor, column_kinds=kinds), frames.current)
    dataset = EVIDENTLY[case]["default"]["dataset"]
    assert len(findings.drifted) == dataset["count"]
    assert findings.share == pytest.approx(dataset["share"])
    assert findings.is_dataset_drift == (dataset["share"] >= 0.5)
