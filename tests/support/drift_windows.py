"""Windows for the tests of checks: rows and a reference, and what a family of checks finds in them."""

from collections.abc import Sequence
from importlib import import_module
from typing import Any

import pandas as pd

from mlops_store.records import Measure, Profile
from mlops_tui.config.monitors import MonitorConfig
from mlops_tui.drift import check as comparison
from mlops_tui.drift.checks.examined import Examined, Outcome
from mlops_tui.drift.predictions import Predictor
from mlops_tui.drift.references import Reference

#: When the rows came, as Unix seconds.
DELIVERED_AT = 1_700_000_000.0


def examined(
    reference: pd.DataFrame,
    frame: pd.DataFrame,
    *,
    earlier_rows: Sequence[int] = (),
    predictor: Predictor | None = None,
    prediction: str | None = None,
    before: pd.DataFrame | None = None,
    **monitor: Any,
) -> Examined:
    """A window whose columns were compared; the keywords are the monitor's."""
    config = MonitorConfig("any", **monitor)
    prepared = comparison.prepared(reference, config, predictor=predictor, prediction=prediction)
    profile = Profile(1, "", "reference", len(reference), {"prediction": prediction}, None, 0.0)
    return Examined(
        config,
        Reference(profile, reference),
        prepared,
        frame,
        comparison.check(prepared, frame),
        row_count=len(frame),
        delivered_at=DELIVERED_AT,
        earlier_rows=tuple(earlier_rows),
        before=before,
    )


def outcome(family: str, window: Examined) -> Outcome:
    """What a family of checks finds in a window."""
    found: Outcome = import_module(f"mlops_tui.drift.checks.{family}").check(window)
    return found


def measure(found: Outcome, name: str, subject: str = "") -> Measure:
    """The figure of that name and subject."""
    return next(each for each in found.measures if (each.name, each.subject) == (name, subject))
