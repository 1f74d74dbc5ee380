"""What the router adds to a request: the same model server asked directly and through `mlops-tui route`.

The router's own server of the version is the one that is asked directly, in turns with the router, round by round, over
kept connections. Printed are the medians of the rounds' p50 and p99, what the router adds to each (the median of the
differences of paired rounds), its CPU time per request, and how many requests of 8 clients are answered in a second.

    python tests/benchmarks/bench_router.py [--rounds 15] [--requests 200]
"""

from __future__ import annotations

import argparse
import json
import os
import statistics
import subprocess
import sys
import tempfile
from functools import partial
from pathlib import Path

import psutil
from sklearn.datasets import load_breast_cancer
from sklearn.linear_model import LogisticRegression
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler

sys.path.insert(0, str(Path(__file__).parents[1] / "support"))
from asking import Client, throughput, times_s
from registry_builders import CONFIG, log_directory, make_run, make_store

from mlops_tui.registry import formats, stages, versions
from mlops_tui.serve.launching import TOKEN_VARIABLE
from mlops_tui.traffic import splits


def cpu_s(process: psutil.Process) -> float:
    used = process.cpu_times()
    return float(used.user + used.system)


def project(root: Path) -> bytes:
    """A model of two versions; returns the body of a request."""
    data, target = load_breast_cancer(return_X_y=True, as_frame=True)
    saved = str(root / "model")
    info = formats.save(
        make_pipeline(StandardScaler(), LogisticRegression()).fit(data, target), saved, input_example=data[:5]
    )
    with make_store(root) as store:
        for _ in range(2):
            run_id = make_run(store)
            log_directory(store, run_id, Path(saved), signature=info.signature)
            versions.register(store, CONFIG, "cancer", run_id=run_id)
        stages.promote(store, CONFIG, "cancer", 1, "production")
        splits.share_out(store, "cancer", {"2": 0})
    return json.dumps(
        {"dataframe_split": {"columns": list(data.columns), "data": data[:1].to_numpy().tolist()}}
    ).encode()


def server_of(router: psutil.Process) -> tuple[int, str]:
    """Port and token of the server of version 1."""
    for child in router.children():
        if "cancer/1" in child.cmdline():
            (port,) = {one.laddr.port for one in child.net_connections("tcp") if one.status == "LISTEN"}
            return port, child.environ()[TOKEN_VARIABLE]
    raise AssertionError("version 1 is not served")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--rounds", type=int, default=15)
    parser.add_argument("--requests", type=int, default=200)
    chosen = parser.parse_args()
    with tempfile.TemporaryDirectory() as directory:
        root = Path(directory)
        body = project(root)
        command = [sys.executable, "-m", "mlops_tui", "-C", directory, "route", "cancer", "--port", "0", "--no-log"]
        environment = {name: value for name, value in os.environ.items() if name != TOKEN_VARIABLE}
        with subprocess.Popen(command, stdout=subprocess.PIPE, env=environment, text=True) as process:
            try:
                assert process.stdout is not None
                port = int(process.stdout.readline().rpartition(":")[2])
                router = psutil.Process(process.pid)
                own_port, token = server_of(router)
                connects = {"direct": partial(Client, own_port, body, token), "routed": partial(Client, port, body)}
                clients = {name: connect() for name, connect in connects.items()}
                assert clients["direct"].ask() == clients["routed"].ask()
                for client in clients.values():
                    times_s(client, 100)
                found: dict[str, list[list[float]]] = {name: [] for name in clients}
                used = cpu_s(router)
                for _ in range(chosen.rounds):
                    for name, client in clients.items():
                        found[name].append(times_s(client, chosen.requests))
                used = cpu_s(router) - used
                rates = {name: throughput(connect) for name, connect in connects.items()}
            finally:
                process.terminate()
    count = chosen.rounds * chosen.requests
    print(f"one row of 30 columns, {chosen.rounds} rounds of {chosen.requests} requests each, in turns")
    for name, rounds in found.items():
        p50, p99 = (statistics.median(one[int(share * len(one))] for one in rounds) for share in (0.5, 0.99))
        print(f"{name:7} p50 {p50 * 1e3:6.2f} ms   p99 {p99 * 1e3:6.2f} ms   {rates[name]:6.0f}/s of 8")
    for share in (0.5, 0.99):
        added = statistics.median(
            routed[int(share * len(routed))] - direct[int(share * len(direct))]
            for routed, direct in zip(found["routed"], found["direct"], strict=True)
        )
        print(f"the router adds {added * 1e3:.2f} ms to p{share * 100:g}")
    print(f"router's CPU {used / count * 1e3:.2f} ms a request; throughput {rates['routed'] / rates['direct']:.2f} x")


if __name__ == "__main__":
    main()
