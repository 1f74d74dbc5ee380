"""``[monitors.NAME]`` of ``mlops.toml``: which batches are checked, and against what."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from functools import partial
from typing import TYPE_CHECKING, Any

from mlops_tui.config import (
    actions,
    alerting,
    monitor_quality,
    monitor_slices,
    monitor_stream,
    monitor_truth,
    monitor_windows,
)
from mlops_tui.config.actions import ActionsConfig
from mlops_tui.config.alerting import AlertRule, MuteRule
from mlops_tui.config.monitor_quality import QualityConfig
from mlops_tui.config.monitor_stream import StreamConfig
from mlops_tui.config.monitor_truth import TruthConfig
from mlops_tui.config.monitor_windows import EarlierConfig, WindowConfig

if TYPE_CHECKING:
    from mlops_tui.config.reader import Reader


#: Measures of all columns together: the first has a threshold, the other is judged by the reference alone.
MULTIVARIATE = ("domain_classifier", "pca")


@dataclass(frozen=True, slots=True)
class MonitorConfig:
    """``[monitors.NAME]``: which batches are checked, and against what.

    At most one of ``watch``, ``query`` and ``requests`` says where rows come from.

    Attributes:
        name: The table's name.
        watch: Globs relative to the project's root.
        model: The registered model whose production version's profile is the reference and which makes predictions.
        reference: A CSV, Parquet or JSON lines file used as the reference instead.
        earlier: Windows of this monitor used as the reference instead (``reference`` as a table).
        columns: The columns to check; empty means every column of the reference.
        ignore: Columns never checked (ids, timestamps).
        categorical: Columns to treat as categories whatever their type.
        prediction: The column of a batch that holds predictions; when absent, the model predicts.
        methods: Column name -> method id, where the default choice is not wanted.
        thresholds: Method id, column name, 'domain_classifier' or 'attribution' -> threshold.
        drift_share: Share of drifted columns from which the data set counts as drifted, 0 to 1.
        query: SQL that gives the rows, run over ``database``.
        database: An SQLite or DuckDB file, relative to the project's root; only read.
        interval_s: ``interval``: the query is run at most once in so many seconds.
        requests: The name of a served model: the requests that its servers have logged.
        window: How the rows become windows.
        time: The column that says when a row is from, never checked itself; with ``requests`` known without it.
        alert: In how many of the last windows something must be seen before it becomes an incident.
        mute: Of what nobody is to be told.
        actions: Whom it tells of its alerts, and how.
        quality: Bounds of the project's own for the rows.
        attribution: Whether the order of the inputs that predictions hang on is compared.
        multivariate: Which measures of all columns together are taken, see ``MULTIVARIATE``.
        slices: Name -> a column, each value of which is looked at on its own, or a condition.
        stream: Which detector follows the rows of a window one after the other.
        target: The column of labels, of the reference and of batches that holds what was to be predicted.
        truth: Where labels come from, and what is measured with them.
    """

    name: str
    watch: tuple[str, ...] = ()
    model: str = ""
    reference: str = ""
    earlier: EarlierConfig | None = None
    columns: tuple[str, ...] = ()
    ignore: tuple[str, ...] = ()
    categorical: tuple[str, ...] = ()
    prediction: str = ""
    methods: Mapping[str, str] = field(default_factory=dict)
    thresholds: Mapping[str, float] = field(default_factory=dict)
    drift_share: float = 0.5
    query: str = ""
    database: str = ""
    interval_s: float = 60.0
    requests: str = ""
    window: WindowConfig = field(default_factory=WindowConfig)
    time: str = ""
    alert: AlertRule = field(default_factory=AlertRule)
    mute: tuple[MuteRule, ...] = ()
    actions: ActionsConfig = field(default_factory=ActionsConfig)
    quality: QualityConfig = field(default_factory=QualityConfig)
    attribution: bool = False
    multivariate: tuple[str, ...] = ()
    slices: Mapping[str, str] = field(default_factory=dict)
    stream: StreamConfig = field(default_factory=StreamConfig)
    target: str = ""
    truth: TruthConfig = field(default_factory=TruthConfig)

    @property
    def awaits_labels(self) -> bool:
        """Whether labels come after the rows: in files, or posted to the server that logs the requests."""
        return bool(self.truth.labels or self.requests)


#: Fields that no key of the same name fills.
_NO_KEYS = ("name", "truth", "earlier", "interval_s")


def read(reader: Reader, name: str, body: object) -> MonitorConfig:
    """The monitor that a table describes.

    Args:
        reader: Makes the errors.
        name: The table's name.
        body: What it holds.

    Raises:
        SpecError: A key or value is not understood.
    """
    place = f"monitors.{name}"
    fields = [key for key in MonitorConfig.__dataclass_fields__ if key not in _NO_KEYS]
    table = reader.table(body, place, (*fields, *monitor_truth.KEYS, "interval", "wait"))

    def get(key: str, read: Callable[[object, str], Any], default: Any) -> Any:
        return read(table[key], f"{place}.{key}") if key in table else default

    monitor_windows.require_one_source(reader, table, place)
    requests = get("requests", reader.text, "")
    usual = monitor_windows.REQUESTS_WINDOW if requests else "batch"
    window = monitor_windows.window(reader, table.get("window", usual), table.get("wait", 0), place)
    time = get("time", reader.text, monitor_windows.REQUESTS_TIME if requests else "")
    if window.length_s and not time:
        raise reader.error(f"{place}.window", "needs the column that says when a row is from", f'{place}.time = "at"')
    given = table.get("reference", "")
    earlier = monitor_windows.earlier(reader, given, f"{place}.reference") if isinstance(given, dict) else None
    if earlier is not None and earlier.kind in ("weekday", "span") and not time:
        raise reader.error(
            f"{place}.reference", "needs the column that says when a row is from", f'{place}.time = "at"'
        )
    share = get("drift_share", reader.number, 0.5)
    if not 0 <= share <= 1:
        raise reader.error(f"{place}.drift_share", f"{share} is not between 0 and 1")
    methods = get("methods", lambda value, where: reader.table(value, where, None), {})
    thresholds = get("thresholds", lambda value, where: reader.table(value, where, None), {})
    return MonitorConfig(
        name=name,
        watch=get("watch", reader.globs, ()),
        query=get("query", reader.text, ""),
        database=get("database", reader.text, ""),
        interval_s=get("interval", lambda value, where: monitor_windows.interval(reader, value, where), 60.0),
        requests=requests,
        window=window,
        time=time,
        model=get("model", reader.text, ""),
        reference=reader.text(given, f"{place}.reference") if earlier is None else "",
        earlier=earlier,
        columns=get("columns", reader.texts, ()),
        ignore=get("ignore", reader.texts, ()),
        categorical=get("categorical", reader.texts, ()),
        prediction=get("prediction", reader.text, ""),
        methods={key: reader.text(value, f"{place}.methods.{key}") for key, value in methods.items()},
        thresholds={key: _threshold(reader, value, f"{place}.thresholds.{key}") for key, value in thresholds.items()},
        drift_share=share,
        alert=get("alert", partial(alerting.read_rule, reader), AlertRule()),
        mute=get("mute", partial(alerting.read_mutes, reader), ()),
        actions=actions.read(reader, f"{place}.actions", table.get("actions", {})),
        quality=get("quality", partial(monitor_quality.read, reader), QualityConfig()),
        attribution=get("attribution", reader.flag, False),
        multivariate=get("multivariate", partial(_multivariate, reader), ()),
        slices=get("slices", partial(monitor_slices.read, reader), {}),
        stream=get("stream", partial(monitor_stream.read, reader), StreamConfig()),
        target=get("target", reader.text, ""),
        truth=monitor_truth.read(reader, place, table, usual_id=monitor_windows.REQUESTS_ID if requests else ""),
    )


def _threshold(reader: Reader, value: object, place: str) -> float:
    found = reader.number(value, place)
    if math.isnan(found):
        raise reader.error(place, "nan is no threshold: nothing is beyond it")
    return found


def _multivariate(reader: Reader, value: object, place: str) -> tuple[str, ...]:
    if isinstance(value, bool):
        return MULTIVARIATE if value else ()
    return tuple(dict.fromkeys(reader.choice(each, place, MULTIVARIATE) for each in reader.texts(value, place)))
