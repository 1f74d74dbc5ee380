"""``[traffic.MODEL]``: when a candidate loses its share of the requests by itself, and how versions are compared."""

from __future__ import annotations

import math
from collections.abc import Collection
from dataclasses import dataclass
from typing import TYPE_CHECKING

from mlops_store.errors import nearest

if TYPE_CHECKING:
    from mlops_tui.config.reader import Reader

#: What a test compares: the share of requests that fail, how long answers take, and, where labels come, the share of
#: predictions that are wrong and how far numbers are off.
TESTS = ("errors", "latency", "wrong", "distance")
_KEYS = (
    *("max_error_rate", "max_latency_ratio", "max_wrong", "max_distance_ratio", "monitors", "window", "min_requests"),
    *("test", "margin", "confidence"),
)
_LEAST_S = 5.0


@dataclass(frozen=True, slots=True)
class TrafficConfig:
    """Guard rules and the test of a model's traffic split.

    Attributes:
        max_error_rate: The largest share of a candidate's requests that may fail; None for no rule.
        max_latency_ratio: The largest ratio of a candidate's 95th percentile of time to the stable version's.
        max_wrong: The largest share of a candidate's predictions that labels may say are wrong; None for no rule.
        max_distance_ratio: The largest ratio of a candidate's mean distance from labels to the stable version's.
        monitors: Monitors whose critical alerts take the candidates out.
        window_s: What the rules look back on, in seconds.
        min_requests: How many requests of a version a rule wants to see in that time.
        test: What versions are compared by, one of ``TESTS``.
        margin: Ratios from 1 / (1 + margin) to 1 + margin are no difference.
        confidence: How sure a verdict is, between 0 and 1.
    """

    max_error_rate: float | None = None
    max_latency_ratio: float | None = None
    max_wrong: float | None = None
    max_distance_ratio: float | None = None
    monitors: tuple[str, ...] = ()
    window_s: float = 60.0
    min_requests: int = 50
    test: str = "errors"
    margin: float = 0.1
    confidence: float = 0.95

    @property
    def wants_labels(self) -> bool:
        """Whether answers are compared with labels."""
        return self.test in ("wrong", "distance") or self.max_wrong is not None or self.max_distance_ratio is not None


def read(reader: Reader, model: str, body: object, monitors: Collection[str]) -> TrafficConfig:
    """What a table says.

    Args:
        reader: Reads values of the file.
        model: The table's name.
        body: Its content.
        monitors: The monitors that there are.

    Raises:
        SpecError: A key or value is not understood.
    """
    place = f"traffic.{model}"
    default = TrafficConfig()
    table = reader.table(body, place, _KEYS)

    def number(key: str, low: float, high: float = math.inf, *, is_open: bool = False) -> float | None:
        if key not in table:
            return None
        found = reader.number(table[key], f"{place}.{key}")
        if not low <= found <= high or not math.isfinite(found) or (is_open and found in (low, high)):
            to = f"to {high:g}" if math.isfinite(high) else "on"
            raise reader.error(f"{place}.{key}", f"must be a number from {low:g} {to}, not {found:g}")
        return found

    watched = reader.texts(table.get("monitors", []), f"{place}.monitors")
    for monitor in watched:
        if monitor not in monitors:
            raise reader.error(f"{place}.monitors", f"{monitor!r} is no monitor", nearest(monitor, monitors))
    window_s = reader.length(table["window"], f"{place}.window") if "window" in table else default.window_s
    if window_s < _LEAST_S:
        raise reader.error(f"{place}.window", f"must be {_LEAST_S:g} s or more, not {window_s:g} s")
    margin, confidence = number("margin", 0), number("confidence", 0.5, 1, is_open=True)
    return TrafficConfig(
        max_error_rate=number("max_error_rate", 0, 1),
        max_latency_ratio=number("max_latency_ratio", 1),
        max_wrong=number("max_wrong", 0, 1),
        max_distance_ratio=number("max_distance_ratio", 1),
        monitors=watched,
        window_s=window_s,
        min_requests=max(1, reader.count(table.get("min_requests", default.min_requests), f"{place}.min_requests")),
        test=reader.choice(table.get("test", default.test), f"{place}.test", TESTS),
        margin=default.margin if margin is None else margin,
        confidence=default.confidence if confidence is None else confidence,
    )
