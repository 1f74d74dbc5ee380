"""What is checked of a window beside its columns: one module a family.

Each has a function ``check`` from ``Examined`` to ``Outcome``. They run in the order of ``FAMILIES``, after the columns
were compared, and know no store.
"""

from __future__ import annotations

from collections.abc import Callable
from importlib import import_module

from mlops_tui.drift.checks.examined import Examined, Outcome

#: Modules of this package, each with a function ``check``, in the order in which they run.
FAMILIES = ("quality", "performance", "slices", "multivariate", "attribution", "stream")


def run(examined: Examined) -> Outcome:
    """What all families found, put together."""
    outcomes = [_check(family)(examined) for family in FAMILIES]
    return Outcome(
        measures=tuple(measure for outcome in outcomes for measure in outcome.measures),
        alerts=tuple(alert for outcome in outcomes for alert in outcome.alerts),
        notes=tuple(note for outcome in outcomes for note in outcome.notes),
        rows=next((outcome.rows for outcome in outcomes if outcome.rows is not None), None),
        last_rows=next((outcome.last_rows for outcome in outcomes if outcome.last_rows is not None), None),
    )


def _check(family: str) -> Callable[[Examined], Outcome]:
    check: Callable[[Examined], Outcome] = import_module(f"{__name__}.{family}").check
    return check
