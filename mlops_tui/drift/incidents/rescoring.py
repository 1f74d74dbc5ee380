"""Scores of windows by methods or a reference that were not in force, from the profiles that were kept of them.

Nothing is read again: each window's profile is compared with that of the reference, or with the profiles of earlier
windows put together. Scores of columns with few different values are exact, others as exact as profiles are. Columns of
free text, and predictions that a model made, are in no profile: where only methods are tried they stay as they were.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from functools import cache

import numpy as np

from mlops_store import artifacts, drift, report_profiles
from mlops_store.errors import NotFound, UsageError
from mlops_store.figures import NO_METHOD
from mlops_store.kept_windows import KeptWindow
from mlops_store.records import ColumnReport
from mlops_store.store import Store
from mlops_tui.config import Config
from mlops_tui.config.monitors import MonitorConfig
from mlops_tui.drift import check, profiles, references
from mlops_tui.drift.columns import Known, Settings
from mlops_tui.drift.incidents import verdicts
from mlops_tui.drift.incidents.replay import OF_REFERENCE
from mlops_tui.drift.references import Reference
from mlops_tui.drift.sketches import checking, packing
from mlops_tui.drift.sketches.table import TableSketch, joined
from mlops_tui.project import Project

_KINDS = ("first", "last")


class Rescoring:
    """Scores anew the windows of one monitor.

    Args:
        project: Where a file that is the reference lies.
        store: Where profiles are.
        config: With the settings to try.
        before: The monitor as it is.
        after: The monitor with the settings to try.
    """

    def __init__(
        self, project: Project, store: Store, config: Config, before: MonitorConfig, after: MonitorConfig
    ) -> None:
        self._store = store
        self._after = after
        self._settings = Settings(after.methods, after.thresholds)
        both = {**before.methods, **after.methods}
        self._methods = {name for name in both if before.methods.get(name) != after.methods.get(name)}
        self._is_all = any(getattr(before, name) != getattr(after, name) for name in OF_REFERENCE)
        self._named = cache(lambda: self._known(references.load(project, store, config, after)))
        self._of_profile = cache(self._kept)
        if after.earlier is not None and after.earlier.kind not in _KINDS:
            raise UsageError(
                f"monitors.{after.name}.reference: windows of a {after.earlier.kind} cannot be tried from profiles",
                "first and last can, and files",
            )

    def windows(self, windows: Sequence[KeptWindow]) -> list[KeptWindow]:
        """The windows, oldest first, with new figures.

        Raises:
            UsageError: Of one no profile was kept, or a method needs more than profiles hold.
            Refused: There is no such reference.
        """
        tables = [self._table(window) if window.is_readable else None for window in windows]
        readable = [table for table in tables if table is not None]
        found, place = [], 0
        for window, table in zip(windows, tables, strict=True):
            if table is None or not (self._is_all or window.columns.figures):
                found.append(window)
            else:
                found.append(self._rescored(window, table, self._against(window, readable, place)))
            place += table is not None
        return found

    def _table(self, window: KeptWindow) -> TableSketch:
        try:
            digest = report_profiles.of_report(self._store.read(), window.report_id)
            with artifacts.open_object(self._store.objects_dir, digest) as file:
                data = file.read()
        except (NotFound, FileNotFoundError) as error:
            raise UsageError(
                f"no profile of {window.batch} is there, so that no method or reference can be tried on it",
                "fewer windows (-n) reach back less far",
            ) from error
        try:
            return packing.unpacked(data)
        except UsageError as error:
            raise UsageError(
                f"the profile that was kept of {window.batch} is damaged",
                "fewer windows (-n) reach back less far",
            ) from error

    def _against(self, window: KeptWindow, tables: Sequence[TableSketch], place: int) -> Mapping[str, Known]:
        """The columns that a window is compared with; empty where there are none yet."""
        earlier = self._after.earlier
        if earlier is None:
            if self._is_all:
                return self._named()
            return self._of_profile(window.profile_id) if window.profile_id is not None else {}
        if earlier.kind == "first":
            chosen = tables[: earlier.count] if place >= earlier.count else []
        else:
            chosen = tables[max(0, place - earlier.count) : place]
        if not chosen:
            return {}
        wanted = None if self._is_all else self._methods
        columns = joined(chosen).columns
        kinds = dict.fromkeys(self._after.categorical, "categorical")
        return {
            name: checking.known(sketch, kinds.get(name, ""))
            for name, sketch in columns.items()
            if wanted is None or name in wanted
        }

    def _kept(self, profile_id: int) -> Mapping[str, Known]:
        profile = drift.profile(self._store.read(), profile_id)
        return self._known(Reference(profile, profiles.sample(self._store, profile)))

    def _known(self, reference: Reference) -> Mapping[str, Known]:
        kinds = {name: column["kind"] for name, column in reference.profile.summary["columns"].items()}
        found = check.prepared(reference.frame, self._after, column_kinds=kinds, prediction=reference.prediction)
        every = (*found.features, *(each for each in (found.prediction, found.target) if each is not None))
        return {known.name: known for known in every}

    def _rescored(self, window: KeptWindow, table: TableSketch, against: Mapping[str, Known]) -> KeptWindow:
        columns = window.columns
        read, methods = verdicts.unpacked(columns)
        kept, codes = read.copy(), methods.copy()
        places = {method: place for place, method in enumerate(columns.methods)}
        for place, name in enumerate(columns.names):
            known, now = against.get(name), table.columns.get(name)
            if not self._is_all and (name not in self._methods or known is None or now is None):
                continue
            report = checking.compare(known, now, self._settings) if known is not None and now is not None else None
            self._require(report, name)
            if report is None or report.method is None:
                kept[0, place], codes[place] = np.nan, NO_METHOD
                continue
            kept[:, place] = report.score, report.threshold, report.effect or 0.0, report.detail["p_value"]
            codes[place] = places.setdefault(report.method, len(places))
        figures = kept.astype("<f8").tobytes() + codes.tobytes()
        return window._replace(columns=columns._replace(methods=tuple(places), figures=figures))

    def _require(self, report: ColumnReport | None, name: str) -> None:
        if report is None or report.score is not None or name not in self._methods:
            return
        finding = report.detail["finding"]
        if finding["kind"] == "incomparable":
            raise UsageError(
                f"monitors.{self._after.name}.methods.{name} cannot be tried on what was kept: {finding['message']}",
                "change mlops.toml and check again with --force",
            )
