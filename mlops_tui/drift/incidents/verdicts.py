"""The verdicts on columns under other settings, from the figures that were kept: as ``severity`` makes them. Pure.

All columns of a window are judged at once: a back-test does so a thousand times for a thousand columns.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from mlops_store.figures import FIGURES, NO_METHOD
from mlops_store.kept_windows import KeptColumns
from mlops_store.records import Severity
from mlops_tui.config.monitors import MonitorConfig
from mlops_tui.drift import methods, severity, texts
from mlops_tui.drift.incidents.causes import Sign
from mlops_tui.drift.methods import Drifted
from mlops_tui.drift.samples import FloatArray
from mlops_tui.drift.severity import LARGE_EFFECT, ROLES, SMALLEST_EFFECT

Mask = npt.NDArray[np.bool_]
Codes = npt.NDArray[np.uint8]


@dataclass(frozen=True, slots=True)
class _Wanted:
    """What settings want of the columns of windows that have the same ones.

    Attributes:
        is_checked: Whether each is judged at all.
        is_feature: Whether it is a feature.
        thresholds: By method, then column; NaN where the one that was kept stands.
    """

    is_checked: Mask
    is_feature: Mask
    thresholds: FloatArray


class Judge:
    """Makes the alerts about drift anew; ``kinds`` are theirs.

    Args:
        kept_under: The settings under which the windows were checked.
        monitor: The settings to try.
    """

    kinds = ("data_drift", *(f"{role}_drift" for role, _ in ROLES))

    def __init__(self, kept_under: MonitorConfig, monitor: MonitorConfig) -> None:
        self._before = kept_under.thresholds
        self._monitor = monitor
        self._known: dict[tuple[tuple[str, ...], ...], _Wanted] = {}

    def signs(self, columns: KeptColumns) -> list[Sign]:
        """The alerts about drift of a window with these columns."""
        if not columns.figures:
            return []
        key = columns[:3]
        wanted = self._known.get(key)
        if wanted is None:
            wanted = self._known[key] = self._wanted(columns)
        (scores, thresholds, effects, p_values), places = unpacked(columns)
        is_judged = wanted.is_checked & (places != NO_METHOD)
        is_drifted = np.zeros(len(places), dtype=np.bool_)
        for place, name in enumerate(columns.methods):
            limits = np.where(np.isnan(wanted.thresholds[place]), thresholds, wanted.thresholds[place])
            is_drifted |= (places == place) & _beyond(name, scores, limits)
        is_drifted &= is_judged
        level = severity.level(p_values[is_judged])
        is_notable = is_drifted & (p_values <= level) & (effects >= SMALLEST_EFFECT)
        return self._raised(columns, wanted, is_judged, is_drifted, is_notable, effects)

    def _raised(
        self,
        columns: KeptColumns,
        wanted: _Wanted,
        is_judged: Mask,
        is_drifted: Mask,
        is_notable: Mask,
        effects: FloatArray,
    ) -> list[Sign]:
        signs = []
        moved = np.flatnonzero(is_notable & wanted.is_feature).tolist()
        if moved:
            features = np.count_nonzero(is_judged & wanted.is_feature)
            drifted = np.count_nonzero(is_drifted & wanted.is_feature)
            is_all = drifted / features >= self._monitor.drift_share
            names = frozenset(columns.names[place] for place in moved)
            title = f"{drifted} of {features} columns drifted"
            signs.append(Sign("data_drift", Severity.CRITICAL if is_all else Severity.WARNING, title, names))
        for place in np.flatnonzero(is_notable & ~wanted.is_feature).tolist():
            role = columns.roles[place]
            worst = Severity.CRITICAL if effects[place] >= LARGE_EFFECT else Severity.WARNING
            signs.append(Sign(f"{role}_drift", worst, f"{dict(ROLES)[role]} drifted"))
        return signs

    def _wanted(self, columns: KeptColumns) -> _Wanted:
        is_feature = np.array([role == "feature" for role in columns.roles], dtype=np.bool_)
        chosen, ignored = self._monitor.columns, self._monitor.ignore
        is_wanted = np.array([name not in ignored and (not chosen or name in chosen) for name in columns.names])
        thresholds = [[self._threshold(method, name) for name in columns.names] for method in columns.methods]
        return _Wanted(is_wanted | ~is_feature, is_feature, np.array(thresholds))

    def _threshold(self, method: str, name: str) -> float:
        wanted = self._monitor.thresholds
        found = wanted.get(name, wanted.get(method))
        if found is not None:
            return found
        was_default = name not in self._before and method not in self._before
        return float("nan") if was_default or method in texts.METHODS else methods.get(method).threshold


def unpacked(columns: KeptColumns) -> tuple[FloatArray, Codes]:
    """What ``figures.packed`` made: the figures, of all columns each, and the places of methods. Both are read only."""
    count = len(columns.names)
    kept = np.frombuffer(columns.figures, "<f8", FIGURES * count).reshape(FIGURES, count)
    return kept, np.frombuffer(columns.figures, np.uint8, count, 8 * FIGURES * count)


def _beyond(method: str, scores: FloatArray, thresholds: FloatArray) -> Mask:
    how = Drifted.ABOVE if method in texts.METHODS else methods.get(method).drifted
    if how is Drifted.BELOW:
        return scores < thresholds
    if how is Drifted.AT_MOST:
        return scores <= thresholds
    return scores >= thresholds if how is Drifted.AT_LEAST else scores > thresholds
