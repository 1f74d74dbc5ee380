"""DVCLive's folder: ``metrics.json``, a table of steps for each metric below ``plots/metrics``, ``params.yaml``."""

from __future__ import annotations

import os
from collections.abc import Iterator
from typing import Any

from mlops_store.curves import Point
from mlops_store.errors import Refused
from mlops_store.import_records import ImportedRun
from mlops_store.records import RunStatus
from mlops_store.texts import storable
from mlops_tui.interop import folders, json_values, plain_yaml
from mlops_tui.interop.source import Found, Problems, Source, SourceFile, made_id, texts, whole

KIND = "dvclive"
_METRICS, _SUMMARY, _PARAMS = os.path.join("plots", "metrics"), "metrics.json", "params.yaml"
_MAX_TABLE_BYTES = 1 << 30


def recognises(path: str) -> bool:
    """Whether a path is such a folder."""
    return os.path.isfile(os.path.join(path, _SUMMARY)) and (
        os.path.isdir(os.path.join(path, _METRICS)) or os.path.basename(os.path.abspath(path)) == KIND
    )


def read(path: str, problems: Problems, artifact_roots: tuple[str, ...] = ()) -> Source:
    """Opens the folder.

    Raises:
        Refused: It is none.
    """
    top = os.path.abspath(path)
    if not os.path.isfile(os.path.join(top, _SUMMARY)) and not os.path.isdir(os.path.join(top, _METRICS)):
        raise Refused(f"{path} is no folder of DVCLive", "name the folder that has metrics.json in it")
    return Source(KIND, top, lambda: iter((_run(top, problems),)), 1, is_by_path=True)


def _run(top: str, problems: Problems) -> Found:
    changed = list(_changed_at(top))
    started_at, ended_at = min(changed, default=0.0), max(changed, default=0.0)
    summary = _summary(os.path.join(top, _SUMMARY), top, problems)
    step = whole(summary.pop("step", None))
    has_times = True
    series: dict[str, list[Point]] = {}
    for file in folders.below(os.path.join(top, _METRICS), top, "", problems):
        if file.path.endswith(".tsv"):
            points, is_timed = _table(file.origin, round(ended_at * 1000), problems)
            has_times = has_times and is_timed
            if points:
                series[file.path.removesuffix(".tsv")] = points
    for key, value in summary.items():
        number = json_values.number(value)
        if number is None:
            problems.add(os.path.join(top, _SUMMARY), f"{key} is no number")
        elif key not in series:
            has_times = False
            series[key] = [(step or 0, round(ended_at * 1000), number)]
    timed = [points[0][1] / 1000 for points in series.values()] if has_times else []
    project = os.path.basename(os.path.dirname(top)) or KIND
    run = ImportedRun(
        run_id=made_id(KIND, os.path.realpath(top)),
        name=storable(os.path.basename(top)),
        experiment=storable(project),
        status=RunStatus.FINISHED,
        started_at=min([started_at, *timed]),
        ended_at=ended_at,
        params=_params(os.path.join(top, _PARAMS), top, problems),
        series=series,
        has_times=has_times,
    )
    return Found(run, tuple(_files(top, problems)))


def _changed_at(top: str) -> Iterator[float]:
    for directory, _, names in os.walk(top):
        for name in names:
            try:
                yield os.lstat(os.path.join(directory, name)).st_mtime
            except OSError:
                continue


def _summary(path: str, top: str, problems: Problems) -> dict[str, Any]:
    """The newest values by the names that their tables have."""
    if not os.path.exists(path):
        return {}
    try:
        if reason := folders.unreadable(path, top):
            raise ValueError(reason)
        content = json_values.loads(folders.small_text(path))
        if not isinstance(content, dict):
            raise ValueError("it is no mapping")
    except (OSError, ValueError) as error:
        problems.add(path, f"it is not read: {error}")
        return {}
    return {storable(key): _special(value) for key, value in json_values.leaves(content, "/")}


def _special(value: object) -> object:
    """DVCLive writes what JSON does not have as ``"nan"``, ``"inf"`` and ``"-inf"``."""
    return float(value) if isinstance(value, str) and value in ("nan", "inf", "-inf") else value


def _params(path: str, top: str, problems: Problems) -> dict[str, str]:
    if not os.path.exists(path):
        return {}
    try:
        if reason := folders.unreadable(path, top):
            raise ValueError(reason)
        return texts(dict(json_values.leaves(plain_yaml.mapping(path))))
    except (OSError, ValueError) as error:
        problems.add(path, f"it is not read: {error}")
        return {}


def _table(path: str, now_ms: int, problems: Problems) -> tuple[list[Point], bool]:
    """The points of a table, and whether it says when they were logged."""
    try:
        head, *lines = folders.small_text(path, _MAX_TABLE_BYTES).split("\n")
    except (OSError, ValueError) as error:
        problems.add(path, f"it is not read: {error}")
        return [], True
    names = head.rstrip("\r").split("\t")
    rest = lines.pop() if lines else ""
    if rest or (not lines and names == [""]):
        problems.add(path, "its last line was cut short" if rest else "it is empty")
    if "step" not in names or not lines:
        if lines:
            problems.add(path, "it has no column 'step'")
        return [], True
    at = names.index("timestamp") if "timestamp" in names else None
    columns = [place for place, name in enumerate(names) if name not in ("step", "timestamp")]
    if len(columns) != 1:
        problems.add(path, "it has other columns than a step, a time and a value")
        return [], True
    points = [
        point for line in lines if (point := _point(line, names.index("step"), columns[0], at, now_ms)) is not None
    ]
    if wrong := len(lines) - len(points):
        problems.add(path, f"{wrong:,} of {len(lines):,} lines are no points")
    return points, at is not None


def _point(line: str, step: int, value: int, at: int | None, now_ms: int) -> Point | None:
    cells = line.rstrip("\r").split("\t")
    try:
        place = whole(int(cells[step]))
        ms = now_ms if at is None else whole(int(cells[at]))
        return None if place is None or ms is None else (place, ms, float(cells[value]))
    except (ValueError, IndexError):
        return None


def _files(top: str, problems: Problems) -> Iterator[SourceFile]:
    """What else is there: images, plots, models, the report."""
    for file in folders.below(top, top, "", problems):
        is_table = file.path.startswith("plots/metrics/") and file.path.endswith(".tsv")
        if not is_table and file.path not in (_SUMMARY, _PARAMS):
            yield file
