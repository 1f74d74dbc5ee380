"""How two versions of a model differ, as plain data: what was recorded, written and measured of both."""

from __future__ import annotations

import difflib
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from typing import Any

from mlops_store import version_measures
from mlops_store.errors import UsageError
from mlops_store.origins import Origin
from mlops_store.store import Store
from mlops_store.version_measures import Measured
from mlops_tui.cards import card as cards
from mlops_tui.cards import data_differences, measures
from mlops_tui.cards.card import Card
from mlops_tui.compare import predictions, wording
from mlops_tui.compare import runs as run_differences
from mlops_tui.compare.runs import MetricRow, Row
from mlops_tui.config import Config
from mlops_tui.quantities import size_text
from mlops_tui.registry.card_texts import SECTIONS
from mlops_tui.registry.formats import kinds

#: Parts in their order.
PARTS = (
    *("model", "metrics", "predictions", "params", "signature", "datasets", "data", "importances", "latency"),
    *("code", "environment", "hardware", "card"),
)


@dataclass(frozen=True, slots=True)
class TextDifference:
    """A section of both cards: its lines after '<' (only the first), '>' (only the second) or ' ' (both)."""

    section: str
    lines: tuple[str, ...]
    is_same: bool


@dataclass(frozen=True, slots=True)
class Difference:
    """Two versions side by side; rows have two values, the first version's and the second's.

    Attributes:
        first: The card of the version that the other is measured against.
        second: The card of the other.
        metrics: As they were registered.
        tables: Part -> its rows; the parts of ``PARTS`` that are not told below.
        importances: Column -> the importance in each, None where it has none; the greatest change first.
        data: The columns of the data, see ``data_differences``; None where it was not measured yet.
        predictions: Which predictions were compared and what came of it; None where it was not measured yet.
        texts: The sections of the cards that either has.
    """

    first: Card
    second: Card
    metrics: tuple[MetricRow, ...]
    tables: Mapping[str, tuple[Row, ...]]
    importances: tuple[tuple[str, float | None, float | None], ...]
    data: Measured | None
    predictions: Measured | None
    texts: tuple[TextDifference, ...]

    @property
    def is_measured(self) -> bool:
        """Whether everything that is measured was."""
        has_all = all(kind in card.measured for card in (self.first, self.second) for kind in measures.KINDS)
        return has_all and self.data is not None and self.predictions is not None


def gather(store: Store, config: Config, name: str, first: int, second: int) -> Difference:
    """How two versions differ; measures nothing.

    Raises:
        NotFound: No such version.
        UsageError: It is the same version twice.
    """
    if first == second:
        raise UsageError(f"version {first} of {name} cannot differ from itself", "name two versions")
    with store.snapshot() as db:
        one, two = cards.gather(store, name, first), cards.gather(store, name, second)
        pair = {
            kind: version_measures.find(db, name, second, kind, key) for kind, key, _ in _pair_measures(store, one, two)
        }
    makers: Mapping[str, Callable[[Card], dict[str, str]]] = {
        "model": _model,
        "params": _params,
        "signature": _signature,
        "datasets": _datasets,
        "latency": _latency,
        "code": _code,
        "environment": _environment,
        "hardware": lambda card: dict(card.run.hardware) if card.run else {},
    }
    return Difference(
        one,
        two,
        run_differences.metric_rows([one.metrics, two.metrics], 0, config),
        {
            part: run_differences.rows([make(one), make(two)], is_sorted=part in ("params", "environment"))
            for part, make in makers.items()
        },
        _importances(one, two),
        pair[data_differences.KIND],
        pair["predictions"],
        tuple(_texts(one, two)),
    )


def measure(
    store: Store,
    config: Config,
    name: str,
    first: int,
    second: int,
    *,
    is_fresh: bool = False,
    report: Callable[[str], None] = lambda _: None,
) -> Difference:
    """The same, after what was not measured yet was measured and kept.

    Args:
        store: The store.
        config: Says which direction of a metric is better.
        name: The model.
        first: The version that the other is measured against.
        second: The other.
        is_fresh: Measure all again.
        report: Called with what is measured, before it is.

    Raises:
        NotFound: No such version.
        UsageError: It is the same version twice.
    """
    found = gather(store, config, name, first, second)
    for card in (found.first, found.second):
        told = partial(_tell, report, card.version.version)
        measures.measure(store, card.version, is_fresh=is_fresh, report=told)
    for kind, key, find in _pair_measures(store, found.first, found.second):
        if is_fresh or version_measures.find(store.read(), name, second, kind, key) is None:
            report(f"{kind} of both")
            measures.keep(store, found.second.version, kind, key, find)
    return gather(store, config, name, first, second)


def shape(found: Difference, parts: Sequence[str] = PARTS) -> dict[str, Any]:
    """The difference for programs; also what is equal."""
    told = {
        "metrics": found.metrics,
        **found.tables,
        "importances": [{"column": name, "first": one, "second": two} for name, one, two in found.importances],
        "data": None if found.data is None else found.data.body,
        "predictions": None if found.predictions is None else found.predictions.body,
        "card": found.texts,
    }
    return {
        "model": found.first.version.model,
        "first": found.first.version.version,
        "second": found.second.version.version,
        "parts": {part: told[part] for part in PARTS if part in parts},
    }


def _tell(report: Callable[[str], None], number: int, kind: str) -> None:
    report(f"{kind} of v{number}")


def _pair_measures(store: Store, one: Card, two: Card) -> tuple[tuple[str, str, Callable[[], Mapping[str, Any]]], ...]:
    """What is measured of both together: its kind, the digest of its inputs, and how; kept with the second."""
    first, second = one.version, two.version
    return (
        (
            data_differences.KIND,
            data_differences.key(store, first, second),
            partial(data_differences.measured, store, first, second),
        ),
        (
            "predictions",
            measures.digest_of(
                {"first": measures.key(store, first, "scores"), "of": measures.key(store, second, "scores")}
            ),
            partial(_predicted, store, one, two),
        ),
    )


def _predicted(store: Store, one: Card, two: Card) -> Mapping[str, Any]:
    """The verdict on the predictions that both logged under one name, row by row."""
    ids = [card.version.run_id for card in (one, two)]
    if ids[0] is None or ids[1] is None or ids[0] == ids[1]:
        return {"name": "", "said": "" if ids[0] != ids[1] else "both come from the same run", "verdict": ""}
    run_ids = [str(run_id) for run_id in ids]
    found = predictions.compare(store.read(), store.objects_dir, run_ids, run_ids[0], with_slices=())
    if not found.pairs or found.baseline != run_ids[0]:
        return {"name": "", "said": "no predictions were logged by both", "verdict": ""}
    (pair,) = found.pairs
    said = wording.verdict(pair, f"v{one.version.version}", f"v{two.version.version}")
    return {"name": found.name, "said": said, "verdict": pair.verdict}


def _model(card: Card) -> dict[str, str]:
    version = card.version
    found = {
        "stage": version.stage,
        "aliases": ", ".join(version.aliases),
        "description": version.description,
        "tags": ", ".join(f"{key}={value}" for key, value in sorted(version.tags.items())),
        "parent": f"v{version.parent}" if version.parent else "",
        "run": str(version.lineage.get("run_name") or ""),
        "made": wording.moment(version.created_at),
        "made by": version.created_by,
        "format": f"{version.flavor} ({kinds.mark(version.flavor)})" if kinds.runs(version.flavor) else version.flavor,
        "size": size_text(version.size_bytes),
        "digest": version.digest[:16],
        "card": card.review.state,
    }
    files = version.lineage.get("files") or {}
    found |= {f"file {path}": size_text(int(entry.get("size_bytes", 0))) for path, entry in sorted(files.items())}
    return {key: value for key, value in found.items() if value}


def _params(card: Card) -> dict[str, str]:
    return {key: str(value) for key, value in (card.version.lineage.get("params") or {}).items()}


def _signature(card: Card) -> dict[str, str]:
    found = {}
    signature = card.version.lineage.get("signature") or {}
    for label, part in (("takes", "inputs"), ("gives", "outputs"), ("param", "params")):
        for place, column in enumerate(signature.get(part) or ()):
            tensor = column.get("tensor-spec") or {}
            kind = f"{tensor.get('dtype')} {tensor.get('shape')}" if tensor else str(column.get("type", ""))
            optional = "" if column.get("required", True) else ", may be missing"
            found[f"{label} {column.get('name') or place + 1}"] = f"{kind}{optional}"
    return found


def _datasets(card: Card) -> dict[str, str]:
    return {f"{use.context} {use.dataset.name}": use.dataset.digest[:12] for use in card.datasets}


def _latency(card: Card) -> dict[str, str]:
    found = card.measured.get("latency")
    if found is None:
        return {}
    body = found.body
    if "p50_s" not in body:
        return {"a row": str(body.get("problem", ""))}
    return {
        "a row, median": f"{1000 * body['p50_s']:.3g} ms",
        "a row, 95 % under": f"{1000 * body['p95_s']:.3g} ms",
        "measured on": str(body.get("host") or f"gate {body.get('gate')}"),
        "measured at": wording.moment(found.at),
    }


def _origin(card: Card) -> Origin | None:
    run = card.run
    if run is None:
        return None
    return Origin(run.command, run.python_version, run.git_branch, run.git_diff, run.packages, run.hardware)


def _code(card: Card) -> dict[str, str]:
    origin = _origin(card)
    if card.run is not None and origin is not None:
        return run_differences.code(card.run.run, origin)
    lineage = card.version.lineage
    found = {"commit": lineage.get("git_commit"), "branch": lineage.get("git_branch"), "source": lineage.get("source")}
    return {key: str(value) for key, value in found.items() if value}


def _environment(card: Card) -> dict[str, str]:
    origin = _origin(card)
    if origin is not None:
        return run_differences.environment(origin)
    python = str(card.version.lineage.get("python_version") or "")
    return {"python": python} if python else {}


def _importances(one: Card, two: Card) -> tuple[tuple[str, float | None, float | None], ...]:
    """Empty where what was measured of both is not the same."""
    found = [card.measured.get("importances") for card in (one, two)]
    bodies = [measured.body for measured in found if measured is not None and not measured.body.get("problem")]
    if len(bodies) < 2 or bodies[0]["score"] != bodies[1]["score"]:
        return ()
    first, second = ({feature["name"]: feature["mean"] for feature in body["features"]} for body in bodies)
    rows = [(name, first.get(name), second.get(name)) for name in dict.fromkeys((*first, *second))]
    return tuple(sorted(rows, key=lambda row: -abs((row[2] or 0.0) - (row[1] or 0.0))))


def _texts(one: Card, two: Card) -> list[TextDifference]:
    found = []
    for section in SECTIONS:
        first, second = one.body(section), two.body(section)
        if first or second:
            signs = {"- ": "<", "+ ": ">", "  ": " "}
            lines = difflib.ndiff(first.splitlines(), second.splitlines())
            told = tuple(f"{signs[line[:2]]} {line[2:]}" for line in lines if line[:2] in signs)
            found.append(TextDifference(section, told, first == second))
    return found


__all__ = ["PARTS", "Difference", "TextDifference", "gather", "measure", "shape"]
