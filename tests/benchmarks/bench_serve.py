"""A model behind HTTP: `mlops-tui serve`, a bare Starlette app that calls the same model, and MLflow's scoring server.

All three hold the same model directory and are asked the same one-row request in turns, round by round, over kept
connections. Printed are the median of the rounds' p50, the servers' CPU time per request, and what 8 clients at once
get answered (the best of three), each as a ratio; ours once more with no requests joined, and once with a log of them.

    python tests/benchmarks/bench_serve.py [--rounds 15] [--requests 200] [--mlflow OTHER_ENV/bin/mlflow]

The Python needs mlflow-skinny (the test extra has it), whose scoring server is the peer; an environment with all of
mlflow and skops makes that `mlflow models serve`. On a machine with other work run it under `chrt -r 1`.
"""

from __future__ import annotations

import argparse
import http.client
import json
import os
import socket
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from functools import partial
from pathlib import Path

import psutil
from sklearn.datasets import load_breast_cancer
from sklearn.linear_model import LogisticRegression
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler

sys.path.insert(0, str(Path(__file__).parents[1] / "support"))
from asking import Client, throughput, times_s

from mlops_tui.registry import formats

BARE = """
import sys
import pandas as pd
import uvicorn
from starlette.applications import Starlette
from starlette.responses import JSONResponse
from starlette.routing import Route
from mlops_tui.registry import formats

model = formats.load(sys.argv[1]).native

async def predict(request):
    body = (await request.json())["dataframe_split"]
    rows = pd.DataFrame(body["data"], columns=body["columns"])
    return JSONResponse({"predictions": model.predict(rows).tolist()})

async def ping(request):
    return JSONResponse("")

app = Starlette(routes=[Route("/invocations", predict, methods=["POST"]), Route("/ping", ping)])
uvicorn.run(app, port=int(sys.argv[2]), log_level="critical", access_log=False)
"""


def free_port() -> int:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        return int(taken.getsockname()[1])


@contextmanager
def server(command: list[str], port: int, environment: dict[str, str]) -> Iterator[psutil.Process]:
    with subprocess.Popen(
        command, env=os.environ | environment, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL
    ) as process:
        try:
            while True:
                try:
                    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=5)
                    connection.request("GET", "/ping")
                    connection.getresponse().read()
                    break
                except OSError:
                    assert process.poll() is None, command
                    time.sleep(0.05)
            yield psutil.Process(process.pid)
        finally:
            for child in psutil.Process(process.pid).children(recursive=True):
                child.terminate()
            process.terminate()


def cpu_s(process: psutil.Process) -> float:
    used = [each.cpu_times() for each in (process, *process.children(recursive=True))]
    return float(sum(each.user + each.system for each in used))


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--rounds", type=int, default=15)
    parser.add_argument("--requests", type=int, default=200)
    parser.add_argument("--mlflow", help="mlflow of an environment that has all of it, to run mlflow models serve")
    chosen = parser.parse_args()
    data, target = load_breast_cancer(return_X_y=True, as_frame=True)
    model = make_pipeline(StandardScaler(), LogisticRegression()).fit(data, target)
    row = {"columns": list(data.columns), "data": data[:1].to_numpy().tolist()}
    body = json.dumps({"dataframe_split": row}).encode()
    with tempfile.TemporaryDirectory() as directory:
        saved = str(Path(directory) / "model")
        formats.save(model, saved, input_example=data[:5])
        ports = {name: free_port() for name in ("ours", "single", "logged", "bare", "mlflow")}
        ours = [sys.executable, "-m", "mlops_tui", "serve", saved, "--port", str(ports["ours"])]
        bare = [sys.executable, "-c", BARE, saved, str(ports["bare"])]
        single = [*ours[:-1], str(ports["single"]), "--batch-rows", "0"]
        logged = [sys.executable, "-m", "mlops_tui", "-C", directory, *ours[3:-1], str(ports["logged"]), "--log"]
        theirs = [
            *(sys.executable, "-m", "uvicorn"),
            "--port",
            str(ports["mlflow"]),
            "mlflow.pyfunc.scoring_server.app:app",
        ]
        if chosen.mlflow:
            theirs = [
                chosen.mlflow,
                "models",
                "serve",
                "-m",
                saved,
                "-p",
                str(ports["mlflow"]),
                "--env-manager",
                "local",
            ]
        path = os.pathsep.join([str(Path(chosen.mlflow or sys.executable).parent), os.environ["PATH"]])
        with (
            server(ours, ports["ours"], {}) as one,
            server(single, ports["single"], {}) as other,
            server(logged, ports["logged"], {}) as third,
            server(bare, ports["bare"], {}) as two,
            server(theirs, ports["mlflow"], {"__pyfunc_model_path__": saved, "PATH": path}) as three,
        ):
            processes = {"ours": one, "single": other, "logged": third, "bare": two, "mlflow": three}
            clients = {name: Client(port, body) for name, port in ports.items()}
            assert len({json.dumps(json.loads(client.ask())) for client in clients.values()}) == 1
            for client in clients.values():
                client.connection.close()  # the servers close what waits for some seconds
                times_s(client, 50)
            p50s: dict[str, list[float]] = {name: [] for name in clients}
            used: dict[str, float] = dict.fromkeys(clients, 0.0)
            for _ in range(chosen.rounds):
                for name, client in clients.items():
                    client.connection.close()
                    client.ask()
                    before = cpu_s(processes[name])
                    p50s[name].append(statistics.median(times_s(client, chosen.requests)))
                    used[name] += cpu_s(processes[name]) - before
            rates = {name: max(throughput(partial(Client, ports[name], body)) for _ in range(3)) for name in clients}
    count = chosen.rounds * chosen.requests
    print(f"one row of 30 columns, {chosen.rounds} rounds of {chosen.requests} requests each, in turns")
    for name in clients:
        middle = statistics.median(p50s[name])
        print(
            f"{name:7} p50 {middle * 1e3:6.2f} ms   CPU {used[name] / count * 1e3:6.2f} ms   {rates[name]:6.0f}/s of 8"
        )
    for own, peers in (("ours", ("bare", "mlflow")), ("single", ("bare", "mlflow")), ("logged", ("ours", "mlflow"))):
        for peer in peers:
            paired = statistics.median(a / b for a, b in zip(p50s[own], p50s[peer], strict=True))
            print(
                f"{own:6} / {peer:6}  p50 {paired:.2f} x   CPU {used[own] / used[peer]:.2f} x   "
                f"throughput {rates[own] / rates[peer]:.2f} x"
            )


if __name__ == "__main__":
    main()
