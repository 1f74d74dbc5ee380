"""``mlops-tui serve`` as a person starts it."""

from __future__ import annotations

import json
import os
import re
import resource
import signal
import socket
import subprocess
import sys
import threading
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pandas as pd
import psutil
import pytest
import request_logs
from registry_builders import CONFIG, log_directory, make_run, make_store
from served_models import ROW, Load, register
from serving import ask
from sklearn.datasets import load_iris
from sklearn.linear_model import LogisticRegression

from mlops_store import events
from mlops_tui.cli import main
from mlops_tui.registry import formats, stages, versions

DATA, TARGET = load_iris(return_X_y=True, as_frame=True)
MODEL = LogisticRegression(max_iter=500).fit(DATA, TARGET)
ROWS = {"dataframe_split": {"columns": list(DATA.columns), "data": DATA.to_numpy().tolist()}}


@pytest.fixture(scope="module")
def project(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A project with a model in production; its folder is ``saved``."""
    root = tmp_path_factory.mktemp("project")
    saved = formats.save(MODEL, str(root / "saved"), input_example=DATA[:5])
    with make_store(root) as store:
        run_id = make_run(store)
        log_directory(store, run_id, root / "saved", signature=saved.signature)
        versions.register(store, CONFIG, "iris", run_id=run_id)
        stages.promote(store, CONFIG, "iris", 1, "production")
    return root


@pytest.fixture
def serve(project: Path) -> Iterator[Callable[..., tuple[subprocess.Popen[str], int, str]]]:
    """Starts a server and returns its process, port and first line."""
    started: list[subprocess.Popen[str]] = []

    def start(*arguments: str) -> tuple[subprocess.Popen[str], int, str]:
        process = subprocess.Popen(
            [sys.executable, "-m", "mlops_tui", "serve", "--port", "0", *arguments],
            cwd=project,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        )
        started.append(process)
        assert process.stdout is not None
        line = process.stdout.readline()
        found = re.search(r":(\d+)( by \d+ processes)?$", line.strip())
        assert found, process.communicate(timeout=30)
        return process, int(found[1]), line

    yield start
    for process in started:
        process.kill()
        process.communicate()


def predictions(port: int, body: Any = ROWS) -> list[int]:
    answer = ask(port, body)
    assert answer.status == 200, answer
    return list(answer.json["predictions"])


def is_open(port: int) -> bool:
    try:
        socket.create_connection(("127.0.0.1", port), timeout=5).close()
    except OSError:
        return False
    return True


@pytest.mark.slow
def test_a_version_in_production_answers_as_the_model_does_and_ends_with_what_it_has_begun(serve: Any) -> None:
    process, port, line = serve("iris@production")
    assert line == f"serving iris version 1 (production) on http://127.0.0.1:{port}\n"
    assert predictions(port) == MODEL.predict(DATA).tolist()
    content = json.dumps(ROWS).encode()
    with socket.create_connection(("127.0.0.1", port), timeout=30) as client:
        head = "POST /invocations HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\n"
        head += f"Content-Length: {len(content)}"
        client.sendall(head.encode() + b"\r\n\r\n" + content[:100])
        while b"mlops_requests_in_progress 1" not in ask(port, path="/metrics", method="GET").content:
            pass
        process.send_signal(signal.SIGTERM)
        while is_open(port):
            pass
        client.sendall(content[100:])
        answer = b"".join(iter(lambda: client.recv(65536), b""))
    assert answer.startswith(b"HTTP/1.1 200")
    assert json.loads(answer.partition(b"\r\n\r\n")[2])["predictions"] == MODEL.predict(DATA).tolist()
    assert process.wait(30) == 0
    assert process.communicate() == ("", "")


@pytest.mark.slow
def test_the_version_that_is_promoted_answers_next(serve: Any, project: Path) -> None:
    with make_store(project) as store:
        register(store, project / "constants", 1.0, 2.0)
        stages.promote(store, CONFIG, "churn", 1, "production")
        process, port, _ = serve("churn@production")
        assert ask(port, ROW).json == {"predictions": [1.0]}
        stages.promote(store, CONFIG, "churn", 2, "production")
        while (answer := ask(port, ROW)).headers["x-model-version"] == "1":
            assert answer.status == 200
    assert answer.json == {"predictions": [2.0]}
    process.send_signal(signal.SIGTERM)
    assert "churn@production is served by version 2 now, no longer by version 1" in process.communicate(timeout=30)[1]


def answered(port: int) -> int:
    """The predictions that the server counts."""
    text = ask(port, path="/metrics", method="GET").content.decode()
    return sum(int(count) for count in re.findall(r'path="/invocations",status="200"} (\d+)', text))


@pytest.mark.slow
def test_processes_that_are_killed_are_replaced_and_what_they_counted_stays(serve: Any, project: Path) -> None:
    process, port, line = serve("iris@production", "--workers", "3", "--log")
    assert line == f"serving iris version 1 (production) on http://127.0.0.1:{port} by 3 processes\n"
    server = psutil.Process(process.pid)
    for number in range(60):
        assert ask(port, ROWS, headers={"X-Request-Id": f"before-{number}"}).status == 200
    assert answered(port) == 60
    victims = {child.pid for child in server.children()}
    for pid in sorted(victims)[:2]:
        os.kill(pid, signal.SIGKILL)
    for _ in range(30):
        assert ask(port, ROWS).status == 200, "who is left takes the connections"
    while len([child for child in server.children() if child.pid not in victims]) < 2 or "mlops_processes 3\n" not in (
        text := ask(port, path="/metrics", method="GET").content.decode()
    ):
        pass
    assert "mlops_process_deaths_total 2\n" in text
    assert answered(port) == 90
    with make_store(project) as store:
        died = [event for event in events.newest(store.read()) if event.kind == "serve.died"]
    assert len(died) == 2
    assert re.fullmatch(r"process \d+ of 3 was killed by SIGKILL; another takes its place .+", died[0].message)
    children = server.children()
    process.send_signal(signal.SIGTERM)
    assert process.wait(60) == 0
    assert not any(child.is_running() for child in children)
    logged = {name.partition(":")[0] for name in request_logs.ids(project, "iris")}
    assert {f"before-{number}" for number in range(60)} <= logged


@pytest.mark.slow
def test_what_was_answered_is_in_the_log_of_a_server_that_was_killed(serve: Any, project: Path) -> None:
    names = [f"killed-{turn}-{number}" for turn in range(3) for number in range(20)]
    for turn in range(3):
        process, port, _ = serve("iris@production", "--log")
        for name in names[20 * turn : 20 * (turn + 1)]:
            assert ask(port, ROWS, headers={"X-Request-Id": name}).status == 200
        process.kill()
        process.wait()
    assert set(names) <= {name.partition(":")[0] for name in request_logs.ids(project, "iris")}


@pytest.mark.slow
def test_all_processes_swap_and_end_with_the_one_that_began_them(serve: Any, project: Path) -> None:
    with make_store(project) as store:
        register(store, project / "crewed", 1.0, 2.0, model="crewed")
        stages.promote(store, CONFIG, "crewed", 1, "production")
        process, port, _ = serve("crewed@production", "--workers", "2")
        with Load(port, clients=6) as load:
            for number in range(10):
                stages.promote(store, CONFIG, "crewed", 2 - number % 2, "production")
                swapped = f"mlops_model_swaps_total {2 * (number + 1)}\n".encode()
                while swapped not in ask(port, path="/metrics", method="GET").content:
                    pass
        assert load.problems == []
        assert set(load.found) == {(200, "1", 1.0), (200, "2", 2.0)}
        told = [event for event in events.newest(store.read()) if event.kind == "serve.swapped"]
        assert len([event for event in told if event.subject.startswith("model:crewed/")]) == 10, "one tells of both"
    children = psutil.Process(process.pid).children()
    process.kill()
    psutil.wait_procs(children, timeout=30)
    assert not any(child.is_running() for child in children)


@pytest.mark.slow
def test_processes_that_cannot_begin_say_why(project: Path, capfd: pytest.CaptureFixture[str]) -> None:
    command = [sys.executable, "-m", "mlops_tui", "serve", "--port", "0", "--workers", "2"]
    for model, code, words in (("iris@staging", 2, "no alias or stage 'staging'"), ("irs", 2, "did you mean 'iris'?")):
        assert subprocess.run([*command, model], cwd=project, timeout=60, check=False).returncode == code
        assert words in capfd.readouterr().err


@pytest.mark.slow
def test_processes_answer_however_much_their_model_prints(
    serve: Any, project: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "talker.py").write_text(
        "print('loading')\n\ndef score(rows):\n    print('x' * 1_500, flush=True)\n    return rows['a'] * 2\n"
    )
    monkeypatch.syspath_prepend(tmp_path)
    import talker  # type: ignore[import-not-found]

    formats.save(talker.score, str(project / "talking"), input_example=pd.DataFrame({"a": [1.0, 2.0]}))
    process, port, _ = serve("talking", "--allow-source", "--workers", "2")
    threading.Thread(target=process.stderr.read, daemon=True).start()
    for _ in range(200):  # more than pipes hold
        assert ask(port, ROW).status == 200


@pytest.mark.slow
def test_a_folder_is_served_with_a_token_on_other_addresses(serve: Any, project: Path) -> None:
    (project / "token").write_text("s3cret\n")
    process, port, line = serve("saved", "--host", "0.0.0.0", "--token-file", "token")
    assert line.startswith("serving saved on http://0.0.0.0:")
    assert ask(port, ROWS).status == 401
    assert ask(port, ROWS, headers={"Authorization": "Bearer s3cret"}).status == 200
    process.send_signal(signal.SIGINT)
    assert process.wait(30) == 0


@pytest.mark.slow
def test_a_thousand_idle_connections_keep_nobody_from_asking(serve: Any) -> None:
    hard = resource.getrlimit(resource.RLIMIT_NOFILE)[1]
    resource.setrlimit(resource.RLIMIT_NOFILE, (hard, hard))
    _, port, _ = serve("saved")
    idle = [socket.create_connection(("127.0.0.1", port), timeout=30) for _ in range(1_000)]
    for client in idle[::2]:
        client.sendall(b"POST /invocations HTTP/1.1\r\nHost: localhost\r\nContent-Length: 9\r\n\r\n{")
    assert predictions(port) == MODEL.predict(DATA).tolist()
    for client in idle:
        client.close()
    assert predictions(port) == MODEL.predict(DATA).tolist()


def test_other_addresses_need_a_token(project: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["-C", str(project), "serve", "iris", "--host", "0.0.0.0"]) == 2
    assert "MLOPS_SERVE_TOKEN" in capsys.readouterr().err
    (project / "empty").write_text("\n")
    assert main(["-C", str(project), "serve", "iris", "--token-file", str(project / "empty")]) == 2


def test_what_cannot_be_served_is_told_in_a_sentence(project: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (project / "nothing").mkdir(exist_ok=True)
    for model, code, words in (
        ("iris@staging", 2, "no alias or stage 'staging'"),
        ("irs", 2, "did you mean 'iris'?"),
        (str(project / "nothing"), 2, "holds no model"),
    ):
        assert main(["-C", str(project), "serve", model]) == code
        assert words in capsys.readouterr().err
    with socket.create_server(("127.0.0.1", 0)) as taken:
        assert main(["-C", str(project), "serve", "iris", "--port", str(taken.getsockname()[1])]) == 1
    assert "cannot listen" in capsys.readouterr().err
