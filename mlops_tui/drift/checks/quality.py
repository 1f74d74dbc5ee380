"""Quality of a window's rows: how many there are, and how many of them stand there more than once."""

from __future__ import annotations

from typing import TYPE_CHECKING

from mlops_store.records import Measure
from mlops_tui.drift.checks.examined import Examined, Outcome

if TYPE_CHECKING:
    import pandas as pd


def check(examined: Examined) -> Outcome:
    """The window's figures beside those of the reference."""
    frame, reference = examined.frame, examined.reference
    return Outcome(
        measures=(
            Measure(
                family="quality",
                name="row_count",
                value=float(len(frame)),
                reference=float(reference.profile.row_count),
                count=len(frame),
            ),
            Measure(
                family="quality",
                name="duplicate_share",
                value=duplicate_share(frame),
                reference=duplicate_share(reference.frame),
                count=len(frame),
            ),
        )
    )


def duplicate_share(frame: pd.DataFrame) -> float | None:
    """The share of rows that repeat an earlier one in every column; None where values cannot be compared."""
    try:
        return float(frame.duplicated().mean())
    except TypeError:  # lists and the like have no hash
        return None
