"""Every family of checks, switched on together, on windows that nobody should deliver."""

from importlib import import_module

import numpy as np
import pandas as pd
import pytest
from drift_windows import examined

from mlops_tui.config.monitor_quality import QualityConfig
from mlops_tui.config.monitor_stream import StreamConfig
from mlops_tui.drift import checks

ROWS = 80


def a_frame(seed: int = 0) -> pd.DataFrame:
    rng = np.random.default_rng(seed)
    return pd.DataFrame(
        {
            "age": rng.normal(40, 10, ROWS),
            "plan": rng.choice(["free", "pro"], ROWS),
            "note": [f"word{number} other" for number in rng.permutation(ROWS)],
            "at": pd.date_range("2024-01-01", periods=ROWS).astype(str),
            "paid": rng.random(ROWS) < 0.5,
        }
    )


def every(value: object) -> pd.DataFrame:
    return pd.DataFrame({name: pd.Series([value] * ROWS, dtype=object) for name in a_frame()}).infer_objects()


WINDOWS = {
    "one row": a_frame(1).iloc[:1],
    "constant": every(7),
    "missing": every(None),
    "infinite": every(float("inf")),
    "lists": every([1]),
    "bytes": every(b"\xff"),
    "mixed": pd.DataFrame({name: pd.Series([1, "a", None, True] * (ROWS // 4), dtype=object) for name in a_frame()}),
    "10,000 categories": pd.DataFrame({name: [f"k{number}" for number in range(10_000)] for name in a_frame()}),
    "dates": pd.DataFrame({name: pd.date_range("2024-01-01", periods=ROWS) for name in a_frame()}),
    "booleans": pd.DataFrame({name: [True, False] * (ROWS // 2) for name in a_frame()}),
    "huge": pd.DataFrame({name: [1e308, -1e308] * (ROWS // 2) for name in a_frame()}),
    "control characters": every("\x1b[31m[bold]\n"),
    "other columns": pd.DataFrame({"x": [1]}),
}


@pytest.mark.filterwarnings("error")
@pytest.mark.parametrize("name", WINDOWS)
def test_no_family_of_checks_ends_in_a_traceback(name: str) -> None:
    pytest.importorskip("river")
    import_module("sklearn.ensemble")  # what it warns of when it is loaded is not ours
    for reference, frame in (
        (a_frame(), WINDOWS[name]),
        (WINDOWS[name], a_frame(1)),
        (a_frame().iloc[:29], a_frame(1)),
    ):
        slices = {name: name for name in ("plan", "age") if name in reference.columns}
        window = examined(
            reference,
            frame,
            slices=slices,
            multivariate=("domain_classifier", "pca"),
            stream=StreamConfig("adwin"),
            quality=QualityConfig(
                unique=("age",), ranges={"age": (0, 99)}, values={"plan": ("free",)}, fresh={"at": 9.0}
            ),
        )
        found = checks.run(window)
        assert all(alert.title.isprintable() for alert in found.alerts)
        figures = [figure for each in found.measures for figure in (each.value, each.low, each.high, each.threshold)]
        assert all(figure is None or np.isfinite(figure) for figure in figures)
