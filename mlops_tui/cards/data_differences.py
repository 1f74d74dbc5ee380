"""How the data of two versions differ, column by column: the rows kept with their profiles, by drift's tests."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from mlops_store import profiles as stored_profiles
from mlops_store.errors import Refused
from mlops_store.records import ColumnReport, ModelVersion, Profile
from mlops_store.store import Store
from mlops_tui.cards import measures

KIND = "data"


def key(store: Store, first: ModelVersion, second: ModelVersion) -> str:
    """The digest of both profiles."""
    digests = [
        "" if version.profile_id is None else stored_profiles.get(store.read(), version.profile_id).digest
        for version in (first, second)
    ]
    return measures.digest_of({"profiles": digests})


def measured(store: Store, first: ModelVersion, second: ModelVersion) -> Mapping[str, Any]:
    """The columns of both, as plain data.

    Returns:
        ``rows`` (of both) and ``columns``: ``[{"column", "change", "kind", "method", "score", "threshold", "effect",
        "p", "first", "second", "finding"}]``, the largest effect first. ``change`` is 'same', 'changed' (the method
        calls it drift), 'added', 'removed' or 'unknown'; ``effect`` is 0 to 1, see ``drift.columns``.

    Raises:
        Refused: One of them was registered without a reference.
    """
    before, after = (_profile(store, version) for version in (first, second))
    found: list[dict[str, Any]] = []
    if before.digest != after.digest:
        found = list(_columns(store, before, after))
    found.sort(key=lambda one: (one["change"] in ("same", "unknown"), -(one["effect"] or 0.0), one["column"]))
    return {"rows": [before.row_count, after.row_count], "columns": found}


def _profile(store: Store, version: ModelVersion) -> Profile:
    if version.profile_id is None:
        raise Refused(
            f"{version.model}/{version.version} was registered without a reference",
            "log the model with reference=<training data>",
        )
    return stored_profiles.get(store.read(), version.profile_id)


def _columns(store: Store, before: Profile, after: Profile) -> Any:
    from mlops_tui.drift import columns, kinds, profiles  # numpy, which no screen loads

    frames = [profiles.sample(store, profile) for profile in (before, after)]
    known, now = (profile.summary.get("columns") or {} for profile in (before, after))
    for name in dict.fromkeys((*frames[0].columns, *frames[1].columns)):
        if name not in frames[1].columns or name not in frames[0].columns:
            change = "removed" if name in frames[0].columns else "added"
            kind = (known.get(name) or now.get(name) or {}).get("kind", "")
            yield _row(str(name), change, kind, said=(_said(known.get(name)), _said(now.get(name))))
            continue
        column = frames[0][name]
        kind = (known.get(name) or {}).get("kind") or kinds.infer(column)
        report = columns.compare(columns.prepare(column, kind, name=str(name)), frames[1][name], columns.Settings())
        change = "unknown" if report.score is None else "changed" if report.is_drifted else "same"
        yield _row(str(name), change, kind, report, (_said(known.get(name)), _said(now.get(name))))


def _row(
    name: str, change: str, kind: str, report: ColumnReport | None = None, said: tuple[str, str] = ("", "")
) -> dict[str, Any]:
    detail = report.detail if report else {}
    return {
        "column": name,
        "change": change,
        "kind": kind,
        "method": report.method if report else None,
        "score": report.score if report else None,
        "threshold": report.threshold if report else None,
        "effect": report.effect if report else None,
        "p": detail.get("p_value"),
        "first": said[0],
        "second": said[1],
        "finding": (detail.get("finding") or {}).get("message", ""),
    }


def _said(summary: Mapping[str, Any] | None) -> str:
    """A column in a few words: mean ± sd, or its commonest label."""
    if not summary:
        return ""
    if summary.get("mean") is not None:
        return f"{summary['mean']:.4g} ± {summary.get('std') or 0.0:.2g}"
    if summary.get("labels") and summary.get("count"):
        count, label = max(zip(summary["counts"], summary["labels"], strict=False))
        return f"{label} {100 * count / summary['count']:.0f} %"
    return ""


__all__ = ["KIND", "key", "measured"]
