"""What cards and differences have measured of a version: once for the same inputs, then kept in the store."""

from __future__ import annotations

import hashlib
import json
import platform
import time
from collections.abc import Callable, Iterable, Mapping
from contextlib import suppress
from functools import partial
from typing import Any

from mlops_store import gate_verdicts, profiles, version_measures
from mlops_store.errors import MlopsError, NotFound, StoreReadOnly
from mlops_store.records import ModelVersion
from mlops_store.store import Store
from mlops_store.version_measures import Measured
from mlops_tui.compare import predictions

#: What is measured of one version. ``data`` is measured of a pair, see ``data_differences``.
KINDS = ("scores", "importances", "latency")
#: Goes up when a measure changes its meaning.
_FORMAT = 1


def kept(store: Store, version: ModelVersion, kind: str) -> Measured | None:
    """What was measured of a version as it is now, None when it was not measured yet; measures nothing.

    A latency that a gate measured counts.
    """
    db = store.read()
    if kind == "latency":
        found = _of_gate(store, version)
        if found is not None:
            return found
    return version_measures.find(db, version.model, version.version, kind, key(store, version, kind))


def measure(
    store: Store,
    version: ModelVersion,
    kinds: Iterable[str] = KINDS,
    *,
    is_fresh: bool = False,
    report: Callable[[str], None] = lambda _: None,
) -> dict[str, Measured]:
    """What was measured, and what is measured now because it was not.

    What cannot be measured is kept too, with a sentence under ``problem``, so that it is not tried again and again.

    Args:
        store: The store; where it cannot be written, nothing is kept.
        version: The version.
        kinds: Some of ``KINDS``.
        is_fresh: Measure all again.
        report: Called with a kind before it is measured.
    """
    found = {}
    for kind in kinds:
        known = None if is_fresh else kept(store, version, kind)
        if known is None:
            report(kind)
            known = keep(store, version, kind, key(store, version, kind), partial(_MEASURES[kind], store, version))
        found[kind] = known
    return found


def keep(
    store: Store, version: ModelVersion, kind: str, digest: str, find: Callable[[], Mapping[str, Any]]
) -> Measured:
    """Measures something and keeps it with the version."""
    at, clock = time.time(), time.perf_counter()
    try:
        body = find()
    except MlopsError as error:
        body = {"problem": error.message, "hint": error.hint}
    except Exception as error:  # a model's own code may raise anything
        body = {"problem": f"{type(error).__name__}: {' '.join(str(error).split())[:300]}", "hint": ""}
    measured = Measured(kind, digest, body, at, time.perf_counter() - clock)
    with suppress(StoreReadOnly), store.write() as db:
        version_measures.add(db, version.model, version.version, measured)
    return measured


def key(store: Store, version: ModelVersion, kind: str) -> str:
    """The digest of all that a measure depends on."""
    inputs: dict[str, Any] = {"format": _FORMAT}
    if kind in ("scores", "importances"):
        inputs["predictions"] = _predictions(store, version)
    if kind == "importances":
        from mlops_tui.cards import importances

        profile = "" if version.profile_id is None else profiles.get(store.read(), version.profile_id).digest
        inputs |= {"model": version.digest, "profile": profile, "shap": importances.has_shap()}
    if kind == "latency":
        inputs |= {"model": version.digest, "host": platform.node()}
    return digest_of(inputs)


def digest_of(inputs: Mapping[str, Any]) -> str:
    """The digest of JSON values."""
    return hashlib.sha256(json.dumps(inputs, sort_keys=True).encode()).hexdigest()


def _predictions(store: Store, version: ModelVersion) -> dict[str, str]:
    if version.run_id is None:
        return {}
    try:
        return predictions.files(store.read(), version.run_id)
    except NotFound:
        return {}


def _of_gate(store: Store, version: ModelVersion) -> Measured | None:
    """The newest latency of single rows that a gate measured."""
    recorded = [
        verdict
        for verdicts in gate_verdicts.all_of(store.read(), version.model, version.version).values()
        for verdict in verdicts
        if verdict.kind == "latency" and verdict.facts.get("rows") == 1 and "p50_s" in verdict.facts
    ]
    if not recorded:
        return None
    newest = max(recorded, key=lambda verdict: verdict.at)
    body = {name: newest.facts[name] for name in ("p50_s", "p95_s", "predictions")}
    return Measured("latency", newest.key, {**body, "gate": newest.gate}, newest.at, newest.duration_s)


def _scores(store: Store, version: ModelVersion) -> Mapping[str, Any]:
    from mlops_tui.cards import scores

    found: list[dict[str, Any]] = []
    for name, digest in _predictions(store, version).items():
        try:
            found.append({"name": name, **scores.measured(predictions.decoded(store.objects_dir, digest))})
        except (OSError, ValueError) as error:
            found.append({"name": name, "problem": f"cannot be read: {error}"})
    return {"sets": found}


def _importances(store: Store, version: ModelVersion) -> Mapping[str, Any]:
    from mlops_tui.cards import importances

    return importances.measured(store, version)


def _latency(store: Store, version: ModelVersion) -> Mapping[str, Any]:
    from mlops_tui.registry import latencies
    from mlops_tui.registry.gates import candidate

    model, example = candidate.opened(store, version)
    return {**latencies.timed(model, example)._asdict(), "host": platform.node()}


_MEASURES: Mapping[str, Callable[[Store, ModelVersion], Mapping[str, Any]]] = {
    "scores": _scores,
    "importances": _importances,
    "latency": _latency,
}

__all__ = ["KINDS", "digest_of", "keep", "kept", "key", "measure"]
