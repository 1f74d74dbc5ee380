"""What a monitor is told of the truth: where labels arrive, how they are joined, what is measured and estimated."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from mlops_tui.config.reader import Reader

#: The keys of a monitor's table that are read here.
KEYS = ("labels", "id", "positive", "proba", "metrics", "estimate")
_ESTIMATE = ("reference", "enabled")


@dataclass(frozen=True, slots=True)
class TruthConfig:
    """What a monitor knows of labels, beside its column ``target``.

    Attributes:
        labels: Globs relative to the project's root of the files that bring labels.
        id: The column by which rows and labels are joined.
        positive: Of two classes the one that metrics are about; "" means the last in order.
        proba: Class -> column of a batch that holds its probability; of a single column the class is "".
        metrics: What is measured; the first is what alerts are about, and all that are named; empty means the default.
        bounds: Metric -> value that it must reach.
        estimates: Whether performance is estimated where labels are missing.
        labelled: A file of labelled rows that the model was not trained on, which estimates learn from.
    """

    labels: tuple[str, ...] = ()
    id: str = ""
    positive: str = ""
    proba: Mapping[str, str] = field(default_factory=dict)
    metrics: tuple[str, ...] = ()
    bounds: Mapping[str, float] = field(default_factory=dict)
    estimates: bool = True
    labelled: str = ""


def read(reader: Reader, place: str, table: Mapping[str, Any], *, usual_id: str = "") -> TruthConfig:
    """What the keys of ``KEYS`` say.

    Args:
        reader: Makes the errors.
        place: The monitor's table.
        table: What it holds.
        usual_id: The column by which labels are joined where nothing else is said.

    Raises:
        SpecError: A value is not understood.
    """

    def text(key: str) -> str:
        return reader.text(table[key], f"{place}.{key}") if key in table else ""

    labels = reader.globs(table.get("labels", []), f"{place}.labels")
    for key in ("id", "target"):
        if labels and not text(key) and not (key == "id" and usual_id):
            raise reader.error(f"{place}.labels", f"needs {place}.{key}", f"name the column under {key}")
    metrics, bounds = _metrics(reader, f"{place}.metrics", table.get("metrics", []))
    estimates, labelled = _estimate(reader, f"{place}.estimate", table.get("estimate", True))
    return TruthConfig(
        labels=labels,
        id=text("id") or usual_id,
        positive=text("positive"),
        proba=_proba(reader, f"{place}.proba", table["proba"]) if "proba" in table else {},
        metrics=metrics,
        bounds=bounds,
        estimates=estimates,
        labelled=labelled,
    )


def _proba(reader: Reader, place: str, value: object) -> dict[str, str]:
    """Class -> column; of one column that stands alone the class is ""."""
    if not isinstance(value, dict):
        return {"": reader.text(value, place)}
    return {key: reader.text(column, f"{place}.{key}") for key, column in reader.table(value, place, None).items()}


def _metrics(reader: Reader, place: str, value: object) -> tuple[tuple[str, ...], dict[str, float]]:
    """Names, and the bounds of those that have one."""
    if not isinstance(value, dict):
        return reader.texts(value, place), {}
    bounds = {key: reader.number(bound, f"{place}.{key}") for key, bound in reader.table(value, place, None).items()}
    return tuple(bounds), bounds


def _estimate(reader: Reader, place: str, value: object) -> tuple[bool, str]:
    """Whether to estimate, and from which file."""
    if isinstance(value, bool):
        return value, ""
    table = reader.table(value, place, _ESTIMATE)
    is_wanted = reader.flag(table.get("enabled", True), f"{place}.enabled")
    return is_wanted, reader.text(table.get("reference", ""), f"{place}.reference")
