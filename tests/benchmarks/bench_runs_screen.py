"""The runs screen over a real pty with 100,000 runs of 40 keys: from a key to the rows that it asks for.

    python tests/benchmarks/bench_runs_screen.py [ROUNDS] [RUNS]

A key counts as answered when the bytes have come with which the run that must be there (asked of SQLite beforehand) is
on the screen: wall-clock time, so other work on the machine shows in it (``nice -n -19`` helps; ``chrt`` does not, as
threads of one priority then wait for each other for a tenth of a second). A thread notes when bytes come, so that what
this program takes to look at them does not count. The floor is a cursor move in a bare Textual application with a
``DataTable`` of 100 rows, in the same terminal. Opening is measured with a hundredth of the runs.
"""

from __future__ import annotations

import sqlite3
import statistics
import sys
import tempfile
from collections.abc import Sequence
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parents[1] / "support"))

from timed_program import TimedProgram

from mlops_store import keys, run_rows
from mlops_store.store import Store

SIZE = (160, 50)
KEYS = 20
BAR_P50_MS, BAR_P95_MS, BAR_OPEN, BAR_MB = 16, 50, 1.3, 150
BARE = """
from textual.app import App
from textual.widgets import DataTable

class Bare(App):
    def compose(self):
        yield DataTable(cursor_type="row")

    def on_mount(self):
        table = self.query_one(DataTable)
        table.add_columns(*"abcdefgh")
        for number in range(100):
            table.add_row(f"run-{number}", *["0.1234"] * 7)

Bare().run()
"""
_KEY = "(SELECT id FROM keys WHERE name = ?)"
_SEEN = "r.deleted_at IS NULL AND r.archived_at IS NULL"


def fill(store: Store, runs: int) -> None:
    """Runs with 20 params and 20 metrics each, names that tell them apart, a few failed and running."""
    with store.write() as db:
        experiment = run_rows.experiment_number(db, "default")
        params = [keys.intern(db, f"param{key:02}") for key in range(KEYS)]
        values = [keys.intern(db, f"metric{key:02}") for key in range(KEYS)]
        numbers = f"WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < {runs})"
        db.execute(
            f"{numbers} INSERT INTO runs(id, run_id, name, experiment_id, kind, status, started_at, ended_at, "
            "updated_at, user) SELECT i, printf('%032x', i), printf('run-%06d', i), ?, 'run', "
            "CASE WHEN i % 100 = 0 THEN 'FAILED' ELSE 'FINISHED' END, i / 7.0, i / 7.0 + 60 + i % 977, i / 7.0, 'ann' "
            "FROM n",
            (experiment,),
        )
        spread = "(r.id * 2654435761 + k.value * 40503) % 1000003"
        of_keys = "FROM runs r CROSS JOIN json_each(?) k"
        db.execute(
            f"INSERT INTO params(run_id, key_id, value, number) SELECT r.id, k.value, {spread} % 20, {spread} % 20 "
            f"{of_keys}",
            (str(params),),
        )
        db.execute(
            "INSERT INTO metrics(run_id, key_id, count, nan_count, last_step, last_ms, last_value, chunked) "
            f"SELECT r.id, k.value, 1, 0, 0, r.id, {spread} / 1000003.0, 0 {of_keys} WHERE (r.id + k.value) % 50 > 0",
            (str(values),),
        )


def tell(name: str, times: Sequence[float], floor: float) -> None:
    """Prints a line: p50 and p95 in milliseconds, and how often the floor goes into p50."""
    ordered = sorted(times)
    p50, p95 = statistics.median(ordered), ordered[min(len(ordered) - 1, int(len(ordered) * 0.95))]
    print(f"{name:<52} {p50:7.1f} ms {p95:7.1f} ms {p50 / floor:6.2f}", flush=True)


def first(db: sqlite3.Connection, sql: str, *arguments: object) -> str:
    """The name of the run that a list begins with."""
    return str(db.execute(f"SELECT r.name FROM {sql} LIMIT 1", arguments).fetchone()[0])


def leads(text: str, name: str) -> bool:
    """Whether a run is the first row of the list, below title bar, frame and header."""
    return name in text.splitlines()[3]


def dashboard(root: Path) -> TimedProgram:
    """The dashboard on its overview."""
    program = TimedProgram([sys.executable, "-m", "mlops_tui", "-C", str(root)], SIZE)
    program.until(lambda text: "Experiments" in text and "run-" in text)
    program.quiet(1.5)
    return program


def opening(root: Path, runs: int, rounds: int) -> list[float]:
    """Milliseconds from ``:runs`` to the newest run in its list."""
    times = []
    for _ in range(rounds):
        program = dashboard(root)
        program.type(":runs")
        times.append(program.press("\r", lambda text: "started" in text and f"run-{runs:06d}" in text))
        program.close()
    return times


def scrolling(program: TimedProgram, names: list[str], rounds: int) -> dict[str, list[float]]:
    """Milliseconds of moves through the list."""
    times: dict[str, list[float]] = {}
    room = sum("run-" in line[:30] for line in program.screen.display)
    place = 0
    for _ in range(rounds * 2):
        place += 1
        times.setdefault("down one row", []).append(program.press("j", lambda text: True))
        program.quiet(0.05)
    for _ in range(rounds * 2):
        place += int(0.5 * room)
        name = names[place]
        times.setdefault("half a page down", []).append(program.press("\x04", lambda text, name=name: name in text))
        program.quiet(0.05)
    for _ in range(rounds):
        times.setdefault("to the end", []).append(program.press("G", lambda text: names[-1] in text))
        program.quiet(0.05)
        times.setdefault("to the beginning", []).append(program.press("g", lambda text: names[0] in text))
        program.quiet(0.05)
    return times


def sorting(program: TimedProgram, db: sqlite3.Connection, rounds: int) -> dict[str, list[float]]:
    """Milliseconds from enter in the dialog to the run that comes first."""
    of_key = f"JOIN runs r ON r.id = v.run_id WHERE v.key_id = {_KEY} AND {_SEEN} ORDER BY"
    metric, param = f"metrics v CROSS {of_key}", f"params v CROSS {of_key}"
    orders = {
        "metric07": first(db, f"{metric} v.last_value DESC, v.run_id DESC", "metric07"),
        "metric09": first(db, f"{metric} v.last_value DESC, v.run_id DESC", "metric09"),
        "param03": first(db, f"{param} v.number, v.run_id", "param03"),
        "best metric05": first(db, f"{metric} v.last_value DESC, v.run_id DESC", "metric05"),
        "mean metric11": first(db, f"{metric} v.last_value DESC, v.run_id DESC", "metric11"),
        "duration": first(db, f"runs r WHERE {_SEEN} ORDER BY ended_at - started_at DESC, started_at DESC"),
        "started": first(db, f"runs r WHERE {_SEEN} ORDER BY started_at DESC"),
    }
    times: dict[str, list[float]] = {}
    for _ in range(rounds):
        for words, name in orders.items():
            times.setdefault("open the dialog of orders", []).append(program.press("s", lambda text: "Sort by" in text))
            program.type(f"/{words}")
            program.type("\r")
            opened = program.press("\r", lambda text, name=name: leads(text, name) and "Sort by" not in text)
            times.setdefault(f"sort by {words}", []).append(opened)
            program.quiet()
    return times


def filtering(program: TimedProgram, db: sqlite3.Connection, rounds: int) -> dict[str, list[float]]:
    """Milliseconds from the last character of a filter to the run that comes first."""
    newest = f"AND {_SEEN} ORDER BY r.started_at DESC"
    of_metric = f"runs r JOIN metrics v ON v.run_id = r.id AND v.key_id = {_KEY} WHERE"
    found = {
        "metrics.metric07 > 0.95": first(db, f"{of_metric} v.last_value > 0.95 {newest}", "metric07"),
        "best(metric02) < 0.02": first(db, f"{of_metric} v.last_value < 0.02 {newest}", "metric02"),
        "metrics.metric07 > 0.9 AND params.param03 = '7'": first(
            db,
            f"{of_metric} v.last_value > 0.9 AND EXISTS (SELECT 1 FROM params p WHERE p.run_id = r.id AND "
            f"p.key_id = {_KEY} AND p.value = '7') {newest}",
            "metric07",
            "param03",
        ),
        "name ~ '77$'": first(db, f"runs r WHERE r.name LIKE '%77' {newest}"),
        "run-0012": first(db, f"runs r WHERE r.name LIKE '%run-0012%' {newest}"),
    }
    times: dict[str, list[float]] = {}
    for _ in range(rounds):
        for text, name in found.items():
            program.type("/")
            program.type(text[:-1])
            took = program.press(text[-1], lambda shown, name=name: leads(shown, name))
            times.setdefault(f"/{text}", []).append(took)
            program.type("\x1b")
    return times


def floor_ms(rounds: int) -> float:
    """Milliseconds of a cursor move in Textual's own table."""
    with tempfile.NamedTemporaryFile("w", suffix=".py") as file:
        file.write(BARE)
        file.flush()
        program = TimedProgram([sys.executable, file.name], SIZE)
        program.until(lambda text: "run-9" in text)
        program.quiet(1.0)
        times = []
        for _ in range(rounds * 4):
            times.append(program.press("\x1b[B", lambda text: True))
            program.quiet(0.05)
        program.close()
    return statistics.median(times)


def main() -> None:
    """Prints all measures."""
    rounds = int(sys.argv[1]) if len(sys.argv) > 1 else 5
    runs = int(sys.argv[2]) if len(sys.argv) > 2 else 100_000
    with tempfile.TemporaryDirectory(prefix="mlops-bench-") as folder:
        root, small = Path(folder, "project"), Path(folder, "small")
        with Store(str(small / ".mlops" / "store.db")) as store:
            fill(store, runs // 100)
        with Store(str(root / ".mlops" / "store.db")) as store:
            fill(store, runs)
            db = store.read()
            names = [
                row[0] for row in db.execute(f"SELECT name FROM runs r WHERE {_SEEN} ORDER BY started_at DESC, id DESC")
            ]
            floor = floor_ms(rounds)
            print(
                f"{runs:,} runs × {2 * KEYS} keys, {SIZE[0]}×{SIZE[1]}; floor: {floor:.1f} ms, a DataTable of 100 rows"
            )
            print(f"{'':<52} {'p50':>10} {'p95':>10} {'÷ floor':>6}   (bar p50 ≤ {BAR_P50_MS}, p95 ≤ {BAR_P95_MS})")
            program = dashboard(root)
            program.type(":runs\r")
            program.quiet(1.0)
            everything: list[float] = []
            for measure in (
                lambda: scrolling(program, names, rounds),
                lambda: sorting(program, db, rounds),
                lambda: filtering(program, db, rounds),
            ):
                for name, times in measure().items():
                    tell(name, times, floor)
                    everything += times
            tell("all of these", everything, floor)
            print(f"{'memory after all of that':<52} {program.memory_mb():7.0f} MB  (bar {BAR_MB})")
            program.close()
            large, little = opening(root, runs, rounds), opening(small, runs // 100, rounds)
            tell(f"open the screen of {runs:,} runs", large, floor)
            tell(f"open the screen of {runs // 100:,} runs", little, floor)
            ratio = statistics.median(large) / statistics.median(little)
            print(f"{'opening: a hundred times the runs':<52} {ratio:7.2f} ×   (bar {BAR_OPEN})")


if __name__ == "__main__":
    main()
