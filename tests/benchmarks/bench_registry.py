"""What the registry's acts cost beside the same rows written by hand with ``sqlite3``, one commit each; then, with
10,000 versions and 100,000 acts, what it takes to read each list, and from the key to the list on a real terminal.

Run it: ``python tests/benchmarks/bench_registry.py``. Prints one line a measure. All times are of the wall clock: on a
busy machine run it with ``chrt -r 1``.
"""

from __future__ import annotations

import hashlib
import json
import os
import random
import statistics
import sys
import tempfile
import time
from collections.abc import Callable, Mapping
from functools import partial
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parents[1] / "support"))

from registry_builders import CONFIG, FILES, log_model, make_run, make_store
from timed_program import TimedProgram

from mlops_store import audit, audit_chain, events, model_versions, models, standings, timeline
from mlops_store.store import Store
from mlops_tui import config
from mlops_tui.registry import aliases, approvals, boards, stages, version_details, versions
from mlops_tui.registry.gates import check

ROUNDS = 300
BAR = 3.0
VERSIONS, ENTRIES, LIST_BAR_MS = 10_000, 100_000, 50.0


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
            "(NULL, 1, ?, ?, ?, 'runs:/x/model', 'sklearn', ?, 30, 'dev', '', ?, NULL, ?, 'user', ?, NULL, ?)",
            (self.versions, self.logged, self.run, "d" * 64, self.lineage, at, at, self.versions - 1),
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


def fill(store: Store) -> None:
    """10,000 versions of 100 models and 100,000 entries: promotions, gates, approvals, aliases and rollbacks."""
    chance, at = random.Random(7), time.time() - 1e7
    known = models.version(store.read(), "churn", 1)
    with store.write() as db:

        def act(action: str, name: str, number: int, after: Mapping[str, object], before: str = "dev") -> int:
            nonlocal at
            at += 60.0
            subject = f"model:{name}/{number}"
            return audit.append(db, action=action, subject=subject, before={"stage": before}, after=after, at=at).id

        for place in range(VERSIONS):
            name = f"model-{place % 100:02d}"
            number, _ = model_versions.add(
                db,
                name,
                stage="dev",
                source=known.source,
                flavor=known.flavor,
                digest=known.digest,
                size_bytes=30,
                created_at=at,
                run_id=known.run_id,
                lineage=known.lineage,
            )
            entry = act("model.register", name, number, {"stage": "dev"})
            model_versions.enter(db, name, number, "dev", audit_id=entry, at=at)
        stage = dict.fromkeys(((f"model-{place % 100:02d}", place // 100 + 1) for place in range(VERSIONS)), "dev")
        keys = list(stage)
        while db.execute("SELECT max(id) FROM audit").fetchone()[0] < ENTRIES:
            key = chance.choice(keys)
            before, after = stage[key], chance.choice(("dev", "staging", "archived"))
            kind = chance.random()
            if kind < 0.02:
                act("alias.set", *key, {"alias": "champion", "version": key[1]})
            elif kind < 0.05:
                act("gate.refuse", *key, {"stage": after, "gates": {"good": "failed"}})
            elif before != after:
                asks = kind < 0.15 or len(keys) - chance.randrange(len(keys)) < 5
                for what in ("request", "approve") if asks else ():
                    act(f"approval.{what}", *key, {"stage": after})
                entry = act("model.promote", *key, {"stage": after, "gates": {"good": "passed"}}, before)
                model_versions.move(db, *key, before, after, kind="promote", audit_id=entry, at=at)
                stage[key] = after
        for key in keys[:50]:
            act("approval.request", *key, {"stage": "production"})


def lists(store: Store) -> None:
    """What it takes until a list of such a registry is read, as its screen reads it."""
    db = store.read()
    total = db.execute("SELECT count(*) FROM audit").fetchone()[0]
    print(f"{VERSIONS:,} versions and {total:,} audit entries")

    def board() -> None:
        for column in boards.columns(db, CONFIG):
            boards.read(db, CONFIG, column.numbers[:24])

    def whole_timeline(**wanted: str) -> None:
        timeline_of = timeline.numbers(db, **wanted)  # type: ignore[arg-type]
        list(timeline.read(db, timeline_of[:100]))

    opened: dict[str, Callable[[], object]] = {
        "models": lambda: models.summaries(db),
        "versions of a model": lambda: models.get(db, "model-07"),
        "board": board,
        "a version's page": lambda: version_details.read(store, CONFIG, "model-07", 7),
        "timeline of all": whole_timeline,
        "timeline, promotions": lambda: whole_timeline(kind="stages"),
        "timeline, gates": lambda: whole_timeline(kind="gates"),
        "timeline of a model": lambda: whole_timeline(model="model-07"),
        "audit, the newest 1,000": lambda: list(audit.entries(db, limit=1000)),
        "approvals": lambda: approvals.queue(db, CONFIG),
        "as of another time": lambda: standings.read(db, total // 2, standings.numbers(db, total // 2)[:80]),
    }
    for name, read in opened.items():
        taken = []
        for _ in range(5):
            start = time.perf_counter()
            read()
            taken.append(time.perf_counter() - start)
        print(f"{name:32} {statistics.median(taken) * 1e3:8.1f} ms  (bar < {LIST_BAR_MS:g})")


#: Place -> what stands on the screen once its list does.
SCREENS = {
    "models": "model-02",
    "models model-07": "v100",
    "board": "model-",
    "timeline": "model-49",
    "timeline model-07": "v1 asked",
    "approvals": "0 of 1",
    "audit": "model-49/1",
    "past": "model-00",
    "version model-07/7": "m3",
}
SIZES = ((80, 24), (120, 40), (160, 50))


def screens(root: Path, rounds: int = 7) -> None:
    """Milliseconds from enter after ``:place`` to the list on a terminal: the first time, and the median of others."""
    for size in SIZES:
        program = TimedProgram([sys.executable, "-m", "mlops_tui", "-C", str(root)], size)
        program.until(lambda text: "model-" in text or "churn" in text)
        program.quiet(1.5)
        for place, words in SCREENS.items():
            taken = []
            for _ in range(rounds + 1):
                program.type(f":{place}")
                title = f"› {place.split()[0]}"
                is_there = partial(_shows, title=title, words=words)
                taken.append(program.press("\r", is_there))
                program.quiet()
                program.type(":overview\r")
            name = f":{place} {size[0]}x{size[1]}"
            print(f"{name:32} {statistics.median(taken[1:]):8.1f} ms  (bar < {LIST_BAR_MS:g}), first {taken[0]:.1f} ms")
        program.close()


def _shows(text: str, *, title: str, words: str) -> bool:
    return title in text.splitlines()[0] and words in text


GUARDS = config.parse(
    """
[gates.good]
kind = "metric"
metric = "m1"
min = 0.1

[gates.small]
kind = "size"
max = "1 MB"
"""
    + "".join(
        f"""
[gates.test-{place}]
kind = "command"
command = ["sleep", "0.4"]
deps = ["tests.py"]
"""
        for place in range(3)
    )
)


def gates(store: Store) -> None:
    """What a person waits for after asking for a promotion that gates guard: two quick ones and three of 0.4 s."""
    Path(store.path).parent.with_name("tests.py").write_text("assert True\n")
    for name in ("gates, nothing recorded", "gates, nothing changed since"):
        told: list[float] = []
        start = time.perf_counter()
        stages.preview(store.read(), GUARDS, "churn", 2, "production")
        report = partial(_note, told, start)
        found = check.check(store, GUARDS, "churn", 2, "production", report=report)
        taken, together = time.perf_counter() - start, sum(one.duration_s for one in found)
        assert all(one.has_passed for one in found)
        print(f"{name:32} first {told[0] * 1e3:5.0f} ms  (bar ≤ 200), all {taken * 1e3:5.0f} ms", end="")
        print(f", one after the other {together * 1e3:5.0f} ms")


def _note(told: list[float], start: float, _: object) -> None:
    told.append(time.perf_counter() - start)


def main() -> None:
    """Compares, then verifies a long log."""
    with (
        tempfile.TemporaryDirectory() as directory,
        prepared(Path(directory, "ours")) as store,
        prepared(Path(directory, "floor")) as other,
    ):
        ours, floor = Ours(store), Floor(other)
        print(f"{'act':32} {'ours':>11} {'floor':>11}  ratio")
        gates(ours.store)
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
    with tempfile.TemporaryDirectory() as directory, prepared(Path(directory)) as store:
        fill(store)
        lists(store)
        screens(Path(directory))


if __name__ == "__main__":
    main()
