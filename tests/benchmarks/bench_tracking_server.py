"""The tracking server and `mlflow server` on SQLite, asked by the real MLflow client in turns.

Measured: `log_metric` and `log_batch` calls a second, `search_runs` over 10,000 runs (filtered, ordered by a metric,
the first 100 found), the time from the start to the first answer, and the memory of all of a server's processes after
that (what they share counts once: PSS). `mlflow server` runs as it does by default, with four workers, and with one.

    python tests/benchmarks/bench_tracking_server.py --mlflow OTHER_ENV/bin/mlflow [--rounds 5] [--runs 10000]

The Python needs mlflow-skinny (the test extra has it), the other environment all of mlflow.
"""

from __future__ import annotations

import argparse
import http.client
import logging
import os
import random
import socket
import sqlite3
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import psutil

#: What is to be reached: calls against mlflow's, then its start and its memory against ours.
LOG_BAR, SEARCH_BAR, START_BAR, MEMORY_BAR = 5.0, 10.0, 1 / 5, 1 / 3
METRICS_A_RUN, PARAMS_A_RUN = 3, 3
FILTER, ORDER = "metrics.auc > 0.5 and params.family = 'tree'", ["metrics.auc DESC"]


@dataclass
class Peer:
    """A server and how long its start took."""

    name: str
    process: psutil.Process
    url: str
    start_s: float

    @property
    def memory_bytes(self) -> int:
        everyone = [self.process, *self.process.children(recursive=True)]
        return sum(one.memory_full_info().pss for one in everyone)


def free_port() -> int:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        return int(taken.getsockname()[1])


@contextmanager
def serving(name: str, command: list[str], directory: Path) -> Iterator[Peer]:
    port = free_port()
    own = {key: value for key, value in os.environ.items() if not key.startswith(("MLFLOW_", "MLOPS_"))}
    begun = time.perf_counter()
    process = subprocess.Popen(
        [*command, "--port", str(port)], cwd=directory, env=own, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL
    )
    try:
        while True:
            try:
                connection = http.client.HTTPConnection("127.0.0.1", port, timeout=30)
                connection.request("GET", "/api/2.0/mlflow/experiments/get?experiment_id=0")
                if connection.getresponse().status == 200:
                    break
            except OSError:
                assert process.poll() is None, command
                time.sleep(0.005)
        yield Peer(name, psutil.Process(process.pid), f"http://127.0.0.1:{port}", time.perf_counter() - begun)
    finally:
        process.terminate()
        process.wait()


def content(count: int) -> Iterator[tuple[str, int, dict[str, float], dict[str, str]]]:
    """Runs: id, start in ms, metrics and params."""
    chance = random.Random(7)
    for number in range(count):
        metrics = {"auc": chance.random(), "loss": chance.random() * 3, "f1": chance.random()}
        params = {
            "family": chance.choice(["tree", "linear", "net"]),
            "lr": f"{chance.random():.4f}",
            "seed": str(number),
        }
        yield f"{number:032x}", 1_700_000_000_000 + number * 1000, metrics, params


def fill_mlflow(path: Path, count: int) -> None:
    with sqlite3.connect(path) as db:
        for run_id, at, metrics, params in content(count):
            db.execute(
                "INSERT INTO runs (run_uuid, name, source_type, user_id, status, start_time, end_time, "
                "lifecycle_stage, artifact_uri, experiment_id) "
                "VALUES (?, ?, 'LOCAL', 'me', 'FINISHED', ?, ?, 'active', ?, 0)",
                (run_id, f"run-{run_id[-6:]}", at, at + 500, f"mlflow-artifacts:/0/{run_id}/artifacts"),
            )
            for key, value in metrics.items():
                for table in ("metrics", "latest_metrics"):
                    db.execute(
                        f"INSERT INTO {table} (key, value, timestamp, run_uuid, step, is_nan) "
                        "VALUES (?, ?, ?, ?, 0, 0)",
                        (key, value, at, run_id),
                    )
            db.executemany(
                "INSERT INTO params (key, value, run_uuid) VALUES (?, ?, ?)",
                [(key, value, run_id) for key, value in params.items()],
            )
            db.execute("INSERT INTO tags (key, value, run_uuid) VALUES ('mlflow.runName', ?, ?)", (run_id, run_id))
    db.close()


def fill_ours(path: Path, count: int) -> None:
    from mlops_store import metrics as points
    from mlops_store import runs
    from mlops_store.store import Store

    with Store(str(path)) as store, store.write() as db:
        for run_id, at, metrics, params in content(count):
            runs.create(
                db,
                run_id=run_id,
                name=f"run-{run_id[-6:]}",
                experiment="default",
                status="FINISHED",
                started_at=at / 1000,
                ended_at=at / 1000 + 0.5,
                user="me",
            )
            runs.set_params(db, run_id, params)
            points.write(db, run_id, [(key, 0, at / 1000, value) for key, value in metrics.items()])


def rate(act: Callable[[int], object], count: int) -> float:
    begun = time.perf_counter()
    for number in range(count):
        act(number)
    return count / (time.perf_counter() - begun)


def measure(peer: Peer, calls: int) -> dict[str, float]:
    """One round: calls a second by what is called."""
    from mlflow import MlflowClient
    from mlflow.entities import Metric, Param

    client = MlflowClient(peer.url)
    run_id = client.create_run("0").info.run_id
    batch = [Metric(f"m{number}", number / 7, 1_700_000_000_000, 0) for number in range(10)]

    def log_batch(number: int) -> None:
        client.log_batch(run_id, [Metric(one.key, one.value, one.timestamp, number) for one in batch])

    found = {
        "log_metric": rate(lambda step: client.log_metric(run_id, "loss", step / 3, step=step), calls),
        "log_batch of 10": rate(log_batch, calls),
        "log_batch of 1,000": rate(
            lambda step: client.log_batch(
                run_id,
                [
                    Metric(f"m{number % 10}", number, 1_700_000_000_000, step * 100 + number // 10)
                    for number in range(900)
                ],
                [Param(f"p{step}.{number}", "x") for number in range(100)],
            ),
            max(2, calls // 30),
        ),
    }
    client.set_terminated(run_id)
    client.delete_run(run_id)
    ids = [run.info.run_id for run in client.search_runs(["0"], FILTER, max_results=100, order_by=ORDER)]
    assert len(ids) == 100
    found["search_runs"] = rate(
        lambda _: client.search_runs(["0"], FILTER, max_results=100, order_by=ORDER), max(3, calls // 40)
    )
    return found


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--mlflow", required=True, help="the mlflow command of an environment with all of mlflow")
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--calls", type=int, default=120)
    parser.add_argument("--runs", type=int, default=10_000)
    chosen = parser.parse_args()
    logging.getLogger("mlflow").setLevel(logging.ERROR)
    with tempfile.TemporaryDirectory() as name:
        home = Path(name)
        ours = [sys.executable, "-m", "mlops_tui", "server", "--store", str(home / "store.db")]
        ours += ["--artifacts", str(home / "ours")]
        theirs = [chosen.mlflow, "server", "--backend-store-uri", f"sqlite:///{home}/mlflow.db"]
        theirs += ["--artifacts-destination", str(home / "theirs")]
        commands = {"ours": ours, "mlflow": theirs, "mlflow, 1 worker": [*theirs, "--workers", "1"]}
        for kind, command in commands.items():
            with serving(kind, command, home):
                pass  # the file and its tables are there now
        fill_ours(home / "store.db", chosen.runs)
        fill_mlflow(home / "mlflow.db", chosen.runs)
        starts: dict[str, list[float]] = {kind: [] for kind in commands}
        rates: dict[str, list[dict[str, float]]] = {kind: [] for kind in commands}
        memory: dict[str, list[int]] = {kind: [] for kind in commands}
        for _ in range(chosen.rounds):
            for kind, command in commands.items():
                with serving(kind, command, home) as peer:
                    starts[kind].append(peer.start_s)
                    rates[kind].append(measure(peer, chosen.calls))
                    memory[kind].append(peer.memory_bytes)
    print(f"{chosen.runs} runs, {chosen.rounds} rounds in turns; medians, and of the ratios too")
    for peer_name in [kind for kind in commands if kind != "ours"]:
        print(f"against {peer_name}")
        for what in rates["ours"][0]:
            mine, other = ([one[what] for one in rates[kind]] for kind in ("ours", peer_name))
            ratio = statistics.median(a / b for a, b in zip(mine, other, strict=True))
            bar = SEARCH_BAR if what == "search_runs" else LOG_BAR
            print(
                f"  {what:20} {statistics.median(mine):7.1f}/s against {statistics.median(other):7.1f}/s: "
                f"{ratio:5.1f} x (bar {bar:g} x)"
            )
        for what, values, unit, bar in (
            ("start to first answer", starts, "s", START_BAR),
            ("memory", {kind: [one / 2**20 for one in values] for kind, values in memory.items()}, "MiB", MEMORY_BAR),
        ):
            mine, other = statistics.median(values["ours"]), statistics.median(values[peer_name])
            print(f"  {what:21} {mine:.2f} {unit} against {other:.2f} {unit}: {mine / other:.2f} x (bar {bar:.2f} x)")


if __name__ == "__main__":
    main()
