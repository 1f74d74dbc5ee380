"""What a check of a whole window is given, and what it gives back."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from mlops_store.drift import NewAlert
from mlops_store.records import Measure
from mlops_tui.config.monitors import MonitorConfig

if TYPE_CHECKING:
    import pandas as pd

    from mlops_tui.drift.check import Prepared
    from mlops_tui.drift.performance.evidence import Labelled
    from mlops_tui.drift.performance.window import Waiting
    from mlops_tui.drift.references import Reference
    from mlops_tui.drift.severity import Findings


@dataclass(frozen=True, slots=True)
class Examined:
    """A window of rows whose columns have been compared.

    Attributes:
        monitor: What the project wants of it.
        reference: What it was compared with: the profile, the kept rows, the version in charge.
        prepared: The same made ready, with the kind of each column and the predictor.
        frame: The window's rows; of a window that is too large for memory some of them, chosen by chance.
        findings: What the comparison of its columns found, with the predictions that were made for it.
        row_count: How many rows the window has.
        delivered_at: When the rows came, as Unix seconds.
        earlier_rows: How many rows the monitor's earlier windows had, the newest first.
        labelled: Rows of known truth that the model was not trained on, found when they are asked for; None for none.
        before: The last rows of the window before, of the columns that were followed row by row.
    """

    monitor: MonitorConfig
    reference: Reference
    prepared: Prepared
    frame: pd.DataFrame
    findings: Findings
    row_count: int
    delivered_at: float
    earlier_rows: tuple[int, ...] = ()
    labelled: Labelled | None = None
    before: pd.DataFrame | None = None

    @property
    def is_sampled(self) -> bool:
        """Whether ``frame`` holds some of the rows only."""
        return self.row_count > len(self.frame)

    @property
    def predictions(self) -> pd.Series[Any] | None:
        """The window's predictions: its own column, or what the model made of it; None without either."""
        return self.findings.predictions


@dataclass(frozen=True, slots=True)
class Outcome:
    """What one family of checks found: figures, alerts, and what could not be done (one sentence each).

    ``rows`` is what is to be kept of the window's rows until their labels come, ``last_rows`` what the next window is
    followed on from.
    """

    measures: tuple[Measure, ...] = ()
    alerts: tuple[NewAlert, ...] = ()
    notes: tuple[str, ...] = ()
    rows: Waiting | None = None
    last_rows: pd.DataFrame | None = None
