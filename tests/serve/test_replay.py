"""Load tests with recorded requests: what is sent, and what is told of the answers."""

from __future__ import annotations

import json
import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import pandas as pd
import pytest
from serving import running

from mlops_store.errors import UsageError
from mlops_tui.cli import main
from mlops_tui.config.serving import ServeConfig
from mlops_tui.serve import replay, schemas, segments
from mlops_tui.serve.app import Server
from mlops_tui.serve.redaction import Redaction
from mlops_tui.serve.replay import Outcome, Plan
from mlops_tui.serve.request_log import RequestLog
from mlops_tui.serve.requests import Limits
from mlops_tui.serve.served import Served

SIGNATURE = {"inputs": [{"name": "a", "type": "double"}, {"name": "plan", "type": "string"}]}


def double(rows: pd.DataFrame) -> Any:
    if (rows["a"] < 0).any():
        raise ValueError("below 0")
    return rows["a"].to_numpy() * 2


SERVED = Served("churn", "3", "", "", schemas.read(SIGNATURE), double)
ROWS = pd.DataFrame({"a": [1.5, 2.5, 3.5], "plan": ["x", None, "y"]})


def test_what_a_server_has_logged_is_asked_again(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (tmp_path / "rows.csv").write_text("a,plan\n1.5,x\n-1,y\n")
    with running(Server(SERVED, "", Limits(), log=RequestLog(str(tmp_path / "log")))) as port:
        url = f"http://127.0.0.1:{port}"
        first = replay.run(url, replay.of_frame(ROWS), Plan(rate=200, concurrency=4, duration_s=0.3))
        assert (first.errors, first.versions) == ({}, {"3": first.requests})
        assert 0 < first.requests <= 60  # no faster than asked for; slower where the machine is
        assert first.latencies_s == sorted(first.latencies_s)
        command = ["-C", str(tmp_path), "load", url, "--duration", "0.2"]
        assert main([*command, "--rows", "rows.csv", "--json"]) == 1
        told = json.loads(capsys.readouterr().out)
        assert set(told["errors"]) == {"status 400"}
        assert "Error: below 0" in told["messages"]["status 400"]
        assert told["failed"] * 2 == pytest.approx(told["requests"], abs=1)
        assert 0 < told["latency_s"]["p50"] <= told["latency_s"]["p99"] <= told["latency_s"]["max"]
    assert segments.close_all(str(tmp_path / "log")) == 1
    bodies = replay.of_log(str(tmp_path / "log"))
    assert {json.dumps(json.loads(body)) for body in bodies} >= {
        json.dumps(json.loads(body)) for body in replay.of_frame(ROWS)
    }
    with running(Server(SERVED, "", Limits())) as port:
        assert main(["-C", str(tmp_path), "load", f"127.0.0.1:{port}", "--duration", "0.2", "--log", "log"]) == 0
    assert "versions  3: " in capsys.readouterr().out


def test_a_server_that_goes_away_is_asked_for_a_few_seconds_more(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(replay, "_SILENT_S", 0.2)
    with ThreadPoolExecutor() as threads:
        with running(Server(SERVED, "", Limits())) as port:
            plan = Plan(concurrency=2, duration_s=60)
            found = threads.submit(replay.run, f"http://127.0.0.1:{port}", replay.of_frame(ROWS), plan)
            time.sleep(0.2)
        outcome = found.result(timeout=30)
    assert outcome.is_cut_short
    assert sum(outcome.errors.values()) < 50
    assert outcome.latencies_s


def test_a_log_without_a_column_is_not_asked_again(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    directory = str(tmp_path / "log")
    rules = Redaction(ServeConfig(drop=("plan", "prediction"), hash=("a",)), b"k" * 32)
    for redaction in (rules, None):
        with running(Server(SERVED, "", Limits(), log=RequestLog(directory, redaction=redaction))) as port:
            replay.run(f"http://127.0.0.1:{port}", replay.of_frame(ROWS), Plan(rate=100, duration_s=0.03))
        if redaction is not None:
            assert main(["-C", str(tmp_path), "load", "http://127.0.0.1:1", "--log", "log"]) == 1
            assert "a, plan cannot be asked again: a rule of [serve.MODEL] leaves that out" in capsys.readouterr().err
    assert json.loads(replay.of_log(directory)[0])["dataframe_split"]["columns"] == ["a", "plan"]  # since the rule went


def test_arrays_are_sent_as_arrays_and_what_is_missing_as_null() -> None:
    assert replay.of_frame(pd.DataFrame({"0": [1.0], "1": [float("nan")]})) == [b'{"instances": [[1.0, null]]}']
    assert json.loads(replay.of_frame(ROWS)[1])["dataframe_split"]["data"] == [[2.5, None]]


def test_percentiles_are_times_that_were_measured() -> None:
    outcome = Outcome(4, {}, {}, 2.0, [1.0, 2.0, 3.0, 4.0])
    assert [outcome.percentile_s(share) for share in (25, 50, 51, 99, 100)] == [1.0, 2.0, 3.0, 4.0, 4.0]
    assert outcome.rate == 2.0
    assert Outcome(0, {}, {}, 1.0, []).percentile_s(50) is None


def test_what_cannot_be_asked_is_told_in_a_sentence(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (tmp_path / "rows.csv").write_text("a\n1\n")
    (tmp_path / "empty").mkdir()
    rows = ["--rows", "rows.csv"]
    for arguments, words in (
        (["http://127.0.0.1:1"], "--log DIR or --rows FILE"),
        (["http://127.0.0.1:1", *rows, "--log", "empty"], "--log DIR or --rows FILE"),
        (["http://127.0.0.1:1", "--log", "empty"], "holds no requests"),
        (["http://127.0.0.1:1", "--log", "nowhere"], "cannot be read"),
        (["http://127.0.0.1:1", "--rows", "nothing.csv"], "cannot be read"),
        (["ftp://127.0.0.1", *rows], "is no address"),
        (["http://127.0.0.1:nine", *rows], "is no address"),
        (["http://x/a\r\nb c", *rows], "is no address"),
    ):
        assert main(["-C", str(tmp_path), "load", *arguments]) == 2, arguments
        assert words in capsys.readouterr().err
    assert main(["-C", str(tmp_path), "load", "http://127.0.0.1:1", *rows]) == 1
    said = capsys.readouterr()
    assert (said.out, "nothing answers at http://127.0.0.1:1 (" in said.err) == ("", True)
    with pytest.raises(UsageError):
        replay.run("http://", [b""], Plan())
