"""What the registry's acts cost beside the same rows written by hand with ``sqlite3``, one commit each.

Run it: ``python tests/benchmarks/bench_registry.py``. Prints one line a measure.
"""

from __future__ import annotations

import hashlib
import json
import os
import statistics
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parents[1] / "support"))

from registry_builders import CONFIG, FILES, log_model, make_run, make_store

from mlops_store import audit, audit_chain, events, models
from mlops_store.store import Store
from mlops_tui.registry import aliases, stages, versions

ROUNDS = 300
BAR = 3.0


class Floor:
    """The same rows in the same schema with bare ``sqlite3``: no rules, no reading, one commit each."""

    def __init__(self, store: Store) -> None:
        self.db = store.read()
        self.lineage = json.dumps(dict(models.version(self.db, "churn", 1).lineage))
        self.run, self.logged = self.db.execute("SELECT run_id, logged_model_id FROM model_versions").fetchone()
        self.versions, self.entries = 2, self.db.execute("SELECT max(id) FROM audit").fetchone()[0]
        self.hash = ""
        self.holder = 1

    def _record(self, action: str, subject: str, before: str, after: str) -> None:
        self.entries += 1
        at, previous = time.time(), self.hash
        self.hash = hashlib.sha256(f"{self.entries}{at}{action}{subject}{before}{after}{previous}".encode()).hexdigest()
        self.db.execute(
            "INSERT INTO audit VALUES (?, ?, 'user', 'host', 'local', ?, ?, ?, ?, '', ?, ?)",
            (self.entries, at, action, subject, before, after, previous, self.hash),
        )
        self.db.execute("INSERT INTO events VALUES (NULL, ?, ?, ?, ?, NULL)", (at, action, subject, "what happened"))

    def register(self) -> None:
        self.versions += 1
        db, at = self.db, time.time()
        db.execute("BEGIN IMMEDIATE")
        db.execute("UPDATE registered_models SET updated_at = ? WHERE id = 1", (at,))
        cursor = db.execute(
            "INSERT INTO model_versions VALUES "
            "(NULL, 1, ?, ?, ?, 'runs:/x/model', 'sklearn', ?, 30, 'dev', '', ?, NULL, ?, 'user', ?, NULL)",
            (self.versions, self.logged, self.run, "d" * 64, self.lineage, at, at),
        )
        self._record("model.register", f"model:churn/{self.versions}", "{}", json.dumps({"stage": "dev"}))
        db.execute(
            "INSERT INTO stage_changes VALUES (NULL, ?, 'register', '', 'dev', NULL, ?, ?)",
            (cursor.lastrowid, at, self.entries),
        )
        db.execute("COMMIT")

    def alias(self) -> None:
        db = self.db
        db.execute("BEGIN IMMEDIATE")
        db.execute("INSERT OR REPLACE INTO model_aliases VALUES (1, 'champion', ?)", (self.holder,))
        self._record("alias.set", f"model:churn/{self.holder}", "{}", json.dumps({"version": self.holder}))
        db.execute("COMMIT")

    def promote(self) -> None:
        db, at = self.db, time.time()
        old, self.holder = self.holder, 3 - self.holder
        db.execute("BEGIN IMMEDIATE")
        self._record("model.promote", f"model:churn/{self.holder}", "{}", json.dumps({"stage": "production"}))
        for version, stage in ((self.holder, "production"), (old, "archived")):
            db.execute("UPDATE model_versions SET stage = ?, updated_at = ? WHERE id = ?", (stage, at, version))
            db.execute(
                "INSERT INTO stage_changes VALUES (NULL, ?, 'promote', 'dev', ?, NULL, ?, ?)",
                (version, stage, at, self.entries),
            )
        db.execute("UPDATE registered_models SET updated_at = ? WHERE id = 1", (at,))
        db.execute("COMMIT")


class Ours:
    """The acts as the program does them."""

    def __init__(self, store: Store) -> None:
        self.store = store
        self.run_id = store.read().execute("SELECT run_id FROM runs").fetchone()[0]
        self.holder = 1

    def register(self) -> None:
        versions.register(self.store, CONFIG, "churn", run_id=self.run_id)

    def alias(self) -> None:
        self.holder = 3 - self.holder
        aliases.set(self.store, "churn", "champion", self.holder)

    def promote(self) -> None:
        self.holder = 3 - self.holder
        stages.promote(self.store, CONFIG, "churn", self.holder, "production")


def prepared(directory: Path) -> Store:
    """A store with one run of ten params and metrics, and two versions of its model."""
    store = make_store(directory)
    run_id = make_run(store, params={f"p{n}": n for n in range(10)}, values={f"m{n}": n / 7 for n in range(10)})
    log_model(store, run_id, files={**FILES, "model.skops": os.urandom(1000)})
    for _ in range(2):
        versions.register(store, CONFIG, "churn", run_id=run_id)
    stages.promote(store, CONFIG, "churn", 1, "production")
    return store


def compare(name: str, ours: Callable[[], None], floor: Callable[[], None]) -> None:
    """Prints the medians of both, taken in turns."""
    times: tuple[list[float], list[float]] = ([], [])
    for _ in range(ROUNDS):
        for act, taken in ((ours, times[0]), (floor, times[1])):
            start = time.perf_counter()
            act()
            taken.append(time.perf_counter() - start)
    a, b = (statistics.median(taken) for taken in times)
    print(f"{name:32} {a * 1e6:8.0f} µs {b * 1e6:8.0f} µs  {a / b:5.2f}  (bar ≤ {BAR:g})")


def main() -> None:
    """Compares, then verifies a long log."""
    with (
        tempfile.TemporaryDirectory() as directory,
        prepared(Path(directory, "ours")) as store,
        prepared(Path(directory, "floor")) as other,
    ):
        ours, floor = Ours(store), Floor(other)
        print(f"{'act':32} {'ours':>11} {'floor':>11}  ratio")
        compare("register a version", ours.register, floor.register)
        compare("set an alias", ours.alias, floor.alias)
        compare("change a stage with its record", ours.promote, floor.promote)
        with store.write() as db:
            for number in range(20_000):
                audit.append(db, action="model.promote", subject=f"model:churn/{number}", after={"stage": "staging"})
        start = time.perf_counter()
        assert audit_chain.verify(store.read()).broken is None
        count = store.read().execute("SELECT count(*) FROM audit").fetchone()[0]
        print(f"{'verify the audit log':32} {count / (time.perf_counter() - start):8.0f} entries/s")
        assert events.newest(store.read(), 1)


if __name__ == "__main__":
    main()
