"""Earlier windows of a monitor as the reference of later ones: the first ones, the last ones, or the same weekday's.

Rows of every checked window are kept for that, as far as they are needed, because files and tables do not stay.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from mlops_store import windows as stored
from mlops_store.records import Profile
from mlops_store.windows import Kept
from mlops_tui.config.monitor_windows import EarlierConfig
from mlops_tui.config.monitors import MonitorConfig
from mlops_tui.drift import cutting, profiles, times
from mlops_tui.drift.references import Reference

if TYPE_CHECKING:
    import pandas as pd

    from mlops_store.records import ModelVersion
    from mlops_store.store import Store

#: Of one window at least so many rows are kept; all of a reference's windows together keep as many as a profile.
_FEWEST_ROWS = 1_000
#: Into so many windows a fixed span of time is thought to be cut.
_SPAN_WINDOWS = 10


@dataclass(frozen=True, slots=True)
class Chosen:
    """What a window is compared with.

    Attributes:
        windows: The earlier windows; empty where there are none yet.
        note: Why it is compared with none, or with fewer than are wanted.
    """

    windows: tuple[Kept, ...] = ()
    note: str = ""


def position(store: Store, monitor: MonitorConfig, batch: str, own: float | None) -> float:
    """The place of a window among those that were kept: its own, or the one after the last."""
    if own is not None:
        return own
    kept = stored.kept(store.read(), monitor.name, cutting.plan(monitor))
    found = next((each.position for each in kept if each.batch == batch), None)
    return found if found is not None else (kept[-1].position + 1 if kept else 0.0)


def choose(store: Store, monitor: MonitorConfig, batch: str, place: float, start: float | None) -> Chosen:
    """The windows that one is compared with, by what ``reference = {…}`` says.

    Args:
        store: Where windows were kept.
        monitor: The monitor, with such a reference.
        batch: The window.
        place: Its ``position``.
        start: Where its time begins, if that is known.
    """
    wanted = monitor.earlier
    assert wanted is not None
    kept = [each for each in stored.kept(store.read(), monitor.name, cutting.plan(monitor)) if each.batch != batch]
    if wanted.kind == "span":
        return _span(kept, wanted, start)
    before = [each for each in kept if each.position < place]
    if wanted.kind == "first":
        if len(before) < wanted.count:
            return Chosen(note=f"kept as window {len(before) + 1} of {wanted.count} that later ones are compared with")
        return Chosen(tuple(before[: wanted.count]))
    if wanted.kind == "weekday":
        before = [each for each in before if _is_same_weekday(each.start, start, monitor.window.length_s)]
    found = tuple(before[-wanted.count :])
    what = "earlier window of the same weekday" if wanted.kind == "weekday" else "earlier window"
    if not found:
        return Chosen(note=f"there is no {what} to compare with yet")
    few = f"compared with {len(found)} {what}{'s' if len(found) > 1 else ''}, {wanted.count} are wanted"
    return Chosen(found, few if len(found) < wanted.count else "")


def _span(kept: list[Kept], wanted: EarlierConfig, start: float | None) -> Chosen:
    if start is not None and wanted.start <= start < wanted.end:
        return Chosen(note="belongs to the span that other windows are compared with")
    found = tuple(each for each in kept if each.start is not None and wanted.start <= each.start < wanted.end)
    return Chosen(found, "" if found else "no window of the span to compare with was seen yet")


def _is_same_weekday(one: float | None, other: float | None, length_s: float) -> bool:
    if one is None or other is None:
        return False
    if 0 < length_s < times.DAY_S:  # then also the same time of day
        return (one - other) % times.WEEK_S == 0
    return (int(one // times.DAY_S) - int(other // times.DAY_S)) % 7 == 0


def load(store: Store, monitor: MonitorConfig, chosen: Chosen, version: ModelVersion | None) -> Reference:
    """The rows of earlier windows as a reference.

    Raises:
        UsageError: What was kept of one is gone or damaged.
    """
    import pandas as pd

    frames = [_sample(store, each) for each in chosen.windows]
    column = monitor.prediction or "prediction"
    if not all(column in frame.columns for frame in frames):
        frames = [frame.drop(columns=column, errors="ignore") for frame in frames]
    frame = frames[0] if len(frames) == 1 else pd.concat(frames, ignore_index=True)
    prediction = column if column in frame.columns else None
    titles = [each.batch for each in chosen.windows]
    name = titles[0] if len(titles) == 1 else f"{titles[0]} to {titles[-1]}"
    summary = profiles.described(frame, prediction, sample_rows=len(frame), sample_seed=profiles.SAMPLE_SEED)
    rows = sum(each.row_count for each in chosen.windows)
    # of no row in the table of profiles: the windows are what is kept
    return Reference(Profile(0, "", name, rows, summary, None, 0.0), frame, version)


def _sample(store: Store, kept: Kept) -> pd.DataFrame:
    return profiles.sample(store, Profile(0, "", kept.batch, kept.row_count, {}, kept.sample_digest, 0.0))


def keep(
    store: Store,
    monitor: MonitorConfig,
    batch: str,
    place: float,
    start: float | None,
    frame: pd.DataFrame,
    predictions: pd.Series[Any] | None,
) -> None:
    """Keeps rows of a checked window, with the predictions that were made on them."""
    from mlops_store.artifacts import put_bytes

    assert monitor.earlier is not None
    most = max(_FEWEST_ROWS, profiles.SAMPLE_ROWS // (monitor.earlier.count or _SPAN_WINDOWS))
    column = monitor.prediction or "prediction"
    if predictions is not None and column not in frame.columns:
        frame = frame.assign(**{column: predictions})
    rows = len(frame)
    if rows > most:
        frame = frame.sample(most, random_state=profiles.SAMPLE_SEED).sort_index()
    digest, _ = put_bytes(store.objects_dir, profiles.to_parquet(frame))
    with store.write() as db:
        stored.keep(db, monitor.name, cutting.plan(monitor), Kept(batch, place, start, rows, digest))
