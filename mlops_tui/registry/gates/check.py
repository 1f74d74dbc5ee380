"""Runs the gates of a stage, in parallel, and keeps what they found."""

from __future__ import annotations

import hashlib
import json
import os
import time
from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor, as_completed
from importlib import import_module
from types import ModuleType

from mlops_store import gate_verdicts, model_facts, models
from mlops_store.errors import MlopsError
from mlops_store.gate_verdicts import GateVerdict
from mlops_store.store import Store
from mlops_tui.config import Config
from mlops_tui.config.gates import GateConfig
from mlops_tui.registry import previews
from mlops_tui.registry.gates.candidate import Candidate, Finding

#: Gates that are checked at the same time.
WORKERS = 4


def check(
    store: Store,
    config: Config,
    name: str,
    version: int,
    stage: str,
    *,
    is_fresh: bool = False,
    report: Callable[[GateVerdict], None] = lambda _: None,
) -> tuple[GateVerdict, ...]:
    """What each gate of a stage finds of a version, in the order of ``mlops.toml``.

    Verdicts whose inputs have not changed are taken as they were recorded; new ones are recorded.

    Args:
        store: The store.
        config: The configuration.
        name: The model.
        version: Its version.
        stage: Where it is to go.
        is_fresh: Whether nothing recorded is to be taken.
        report: Called with each verdict as it is found, in the caller's thread.

    Raises:
        NotFound: No such model or version.
    """
    gates = config.gates_of(stage)
    if not gates:
        return ()
    candidate = _candidate(store, config, name, version, stage)
    recorded = {} if is_fresh else gate_verdicts.of_version(store.read(), name, version, stage)
    found: dict[str, GateVerdict] = {}
    with ThreadPoolExecutor(min(WORKERS, len(gates)), thread_name_prefix="gate") as pool:
        futures = [pool.submit(_verdict, candidate, gate, recorded.get(gate.name)) for gate in gates]
        for future in as_completed(futures):
            verdict = future.result()
            found[verdict.gate] = verdict
            report(verdict)
    new = [verdict for verdict in found.values() if not verdict.is_recorded]
    if new:
        with store.write() as db:
            gate_verdicts.add(db, name, version, stage, new)
    return tuple(found[gate.name] for gate in gates)


def refused(verdicts: Sequence[GateVerdict]) -> tuple[GateVerdict, ...]:
    """Those that let the version not pass."""
    return tuple(verdict for verdict in verdicts if not verdict.has_passed)


def _candidate(store: Store, config: Config, name: str, version: int, stage: str) -> Candidate:
    db = store.read()
    record = models.version(db, name, version)
    others = [number for number in model_facts.stages(db, name, stage) if number != version]
    holder = models.version(db, name, max(others)) if others else None
    return Candidate(
        store=store,
        config=config,
        root=os.path.dirname(os.path.dirname(store.path)),
        version=record,
        stage=stage,
        metrics=previews.measured(db, record),
        holder=holder,
        holder_metrics=previews.measured(db, holder) if holder else {},
    )


def _verdict(candidate: Candidate, gate: GateConfig, recorded: GateVerdict | None) -> GateVerdict:
    kind: ModuleType = import_module(f"mlops_tui.registry.gates.{gate.kind}")
    started, clock, key = time.time(), time.perf_counter(), ""
    try:
        if kind.inputs is not None:
            key = _key(gate, kind.inputs(candidate, gate.options))
            if recorded is not None and recorded.key == key and recorded.state != "error":
                return recorded
        found: Finding = kind.find(candidate, gate.options)
        state, message, facts = "passed" if found.has_passed else "failed", found.message, found.facts
    except MlopsError as error:
        state, message, facts = "error", f"{error.message}; {error.hint}" if error.hint else error.message, {}
    except Exception as error:  # a user's model or program may raise anything, and that must not let a version pass
        state, message, facts = "error", f"{type(error).__name__}: {error}"[:500], {}
    return GateVerdict(gate.name, gate.kind, state, message, facts, started, time.perf_counter() - clock, key)


def _key(gate: GateConfig, inputs: Mapping[str, object]) -> str:
    content = {"kind": gate.kind, "options": dict(gate.options), "inputs": dict(inputs)}
    return hashlib.sha256(json.dumps(content, sort_keys=True, default=str).encode()).hexdigest()
