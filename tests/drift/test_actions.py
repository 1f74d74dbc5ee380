"""Notices: each alert is told once by each way, to real programs and real servers; what fails is tried again."""

from __future__ import annotations

import json
import threading
import time
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import pytest
from drift_builders import keep

from mlops_store import deliveries, drift, events, incidents
from mlops_store.records import MonitorReport, Severity
from mlops_store.store import Store
from mlops_tui import config as configs
from mlops_tui.config import Config
from mlops_tui.drift import actions
from mlops_tui.project import Project


class Server:
    """Takes what is posted to it, with the statuses that it is told to answer."""

    def __init__(self) -> None:
        self.posts: list[dict[str, Any]] = []
        self.statuses: list[int] = []
        self.location = ""
        outer = self

        class Handler(BaseHTTPRequestHandler):
            def do_POST(self) -> None:
                body = self.rfile.read(int(self.headers["Content-Length"]))
                outer.posts.append({"path": self.path, **json.loads(body)})
                self.send_response(outer.statuses.pop(0) if outer.statuses else 204)
                if outer.location:
                    self.send_header("Location", outer.location)
                self.end_headers()

            def log_message(self, *_: object) -> None: ...

        self._server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.url = f"http://127.0.0.1:{self._server.server_port}"
        threading.Thread(target=self._server.serve_forever, kwargs={"poll_interval": 0.01}, daemon=True).start()

    def close(self) -> None:
        self._server.shutdown()
        self._server.server_close()


@pytest.fixture
def server() -> Iterator[Server]:
    made = Server()
    yield made
    made.close()


@pytest.fixture
def project(tmp_path: Path) -> Project:
    (tmp_path / ".mlops").mkdir()
    return Project(str(tmp_path))


@pytest.fixture
def store(project: Project) -> Iterator[Store]:
    with Store(project.store_path) as store:
        yield store


def configured(**values: object) -> Config:
    lines = [f"{key} = {json.dumps(value)}" for key, value in values.items()]
    return configs.parse("[monitors.m]\nwatch = 'p/*.csv'\n[monitors.m.actions]\n" + "\n".join(lines) + "\n")


def raised(store: Store, batch: str, *new: tuple[str, Severity], at: float | None = None) -> None:
    report = MonitorReport(0, "m", batch, batch, batch, "drift", at or time.time(), row_count=9)
    with store.write() as db:
        about = [drift.NewAlert(kind, severity, f"{kind} moved", columns=(batch,)) for kind, severity in new]
        keep(db, report, about)


def test_a_webhook_gets_the_alerts_of_a_report_together_and_once(
    project: Project, store: Store, server: Server
) -> None:
    config = configured(webhook=f"{server.url}/hook?key=secret")
    raised(store, "1.csv", ("data_drift", Severity.WARNING), ("schema", Severity.CRITICAL), ("quality", Severity.INFO))
    (sent,) = actions.send(project, store, config)
    assert (sent.state, sent.channel, len(sent.alert_ids)) == ("sent", "webhook", 2)
    assert actions.send(project, store, config) == []
    (post,) = server.posts
    assert post["path"] == "/hook?key=secret"
    assert (post["severity"], post["batch"], post["rows"]) == ("critical", "1.csv", 9)
    assert [alert["kind"] for alert in post["alerts"]] == ["schema", "data_drift"]
    raised(store, "2.csv", ("data_drift", Severity.WARNING))
    assert len(actions.send(project, store, config)) == 1


def test_what_is_refused_is_tried_again_ever_later_and_given_up_at_last(
    project: Project, store: Store, server: Server
) -> None:
    config, now = configured(webhook=f"{server.url}/hook?key=secret"), time.time()
    server.statuses = [500] * 9
    raised(store, "1.csv", ("schema", Severity.CRITICAL))
    (failed,) = actions.send(project, store, config, now=now)
    assert (failed.state, failed.error) == ("failed", "127.0.0.1 answered 500")
    assert actions.send(project, store, config, now=now + 30) == []
    for _ in deliveries.WAITS_S:
        due = actions.next_time(store.read(), config)
        assert due is not None
        (failed,) = actions.send(project, store, config, now=due + 1)
    assert (failed.state, failed.attempts, failed.next_at) == ("given up", 5, None)
    assert actions.send(project, store, config, now=now + 1e6) == []
    told = [event.message for event in events.newest(store.read())]
    assert len(told) > 5
    assert not any("secret" in message for message in told)


def test_nobody_wakes_for_what_failed_by_a_way_that_is_gone(project: Project, store: Store, server: Server) -> None:
    server.statuses = [500]
    raised(store, "1.csv", ("schema", Severity.CRITICAL))
    actions.send(project, store, configured(webhook=server.url))
    assert actions.next_time(store.read(), configured(webhook=server.url)) is not None
    assert actions.next_time(store.read(), configured(command=["true"])) is None


def test_a_redirect_is_not_followed(project: Project, store: Store, server: Server) -> None:
    server.statuses, server.location = [307], f"{server.url}/elsewhere"
    raised(store, "1.csv", ("schema", Severity.CRITICAL))
    (failed,) = actions.send(project, store, configured(webhook=server.url))
    assert "307" in failed.error
    assert len(server.posts) == 1


def test_of_many_that_look_at_once_one_sends(project: Project, store: Store, server: Server) -> None:
    config = configured(webhook=server.url)
    for number in range(3):
        raised(store, f"{number}.csv", ("schema", Severity.CRITICAL))
    barrier = threading.Barrier(6)

    def look() -> None:
        with Store(project.store_path) as own:
            barrier.wait()
            actions.send(project, own, config)

    threads = [threading.Thread(target=look) for _ in range(6)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sorted(post["batch"] for post in server.posts) == [f"{number}.csv" for number in range(3)]


def test_a_sender_that_died_is_followed_by_another(project: Project, store: Store, server: Server) -> None:
    config, now = configured(webhook=server.url), time.time()
    raised(store, "1.csv", ("schema", Severity.CRITICAL))
    with store.write() as db:
        assert deliveries.claim_new(db, "m", "webhook", ("critical",), now=now)
    assert actions.send(project, store, config, now=now + 60) == []
    (sent,) = actions.send(project, store, config, now=now + deliveries.STALE_S + 1)
    assert (sent.state, sent.attempts) == ("sent", 2)


def test_what_somebody_has_seen_and_what_is_old_are_no_news(project: Project, store: Store, server: Server) -> None:
    config = configured(webhook=server.url)
    raised(store, "old.csv", ("schema", Severity.CRITICAL), at=time.time() - 2 * deliveries.NEWS_S)
    raised(store, "seen.csv", ("schema", Severity.CRITICAL))
    with store.write() as db:
        incidents.acknowledge(db, incidents.ranked(db, ["open"])[0].id, "ann")
    assert not actions.is_due(store.read(), config, now=time.time())
    assert actions.send(project, store, config) == []


def test_a_command_gets_json_on_its_input_and_no_shell_looks_at_it(project: Project, store: Store) -> None:
    script = Path(project.root, "page.sh")
    script.write_text('#!/bin/sh\ncat > told.json\nprintf "%s" "$MLOPS_SEVERITY $1" > words\n')
    script.chmod(0o755)
    raised(store, "1.csv", ("schema", Severity.CRITICAL))
    (sent,) = actions.send(project, store, configured(command=["./page.sh", "$(touch hacked); *"]))
    assert sent.state == "sent"
    assert json.loads(Path(project.root, "told.json").read_text())["title"] == "schema moved"
    assert Path(project.root, "words").read_text() == "critical $(touch hacked); *"
    assert not Path(project.root, "hacked").exists()


@pytest.mark.parametrize(
    ("command", "why"),
    [
        (["./nothing"], "cannot be run"),
        (["sh", "-c", "echo no pager >&2; exit 3"], "exited with 3: no pager"),
        (["sh", "-c", "exec <&-; exit 0"], ""),
    ],
)
def test_a_command_that_fails_is_said(project: Project, store: Store, command: list[str], why: str) -> None:
    raised(store, "1.csv", ("schema", Severity.CRITICAL))
    (found,) = actions.send(project, store, configured(command=command))
    assert why in found.error
    assert found.state == ("failed" if why else "sent")


def test_apprise_tells_each_url_by_itself(
    project: Project, store: Store, server: Server, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("ALERT_URL", server.url.replace("http:", "json:") + "/taken")
    config = configured(notify=["env:ALERT_URL", "env:NOT_THERE", "nonsense://x"])
    raised(store, "1.csv", ("schema", Severity.CRITICAL))
    sent = {each.channel: each for each in actions.send(project, store, config)}
    assert {channel: each.state for channel, each in sent.items()} == {
        "notify 1": "sent",
        "notify 2": "failed",
        "notify 3": "failed",
    }
    assert "NOT_THERE" in sent["notify 2"].error
    (post,) = server.posts
    assert (post["path"], post["title"], post["type"]) == ("/taken", "m: schema moved", "failure")
    assert "mlops-tui drift show 1" in post["message"]


def test_texts_from_outside_do_not_reach_the_message_raw(project: Project, store: Store, server: Server) -> None:
    raised(store, "evil\x1b]0;x\x07.csv", ("schema", Severity.CRITICAL))
    Path(project.root, "page.sh").write_text('#!/bin/sh\nprintf "%s" "$MLOPS_TITLE" > title\n')
    Path(project.root, "page.sh").chmod(0o755)
    with store.write() as db:
        db.execute("UPDATE alerts SET title = ?", ("moved\x1b[2J\nmore",))
    actions.send(project, store, configured(command=["./page.sh"]))
    assert Path(project.root, "title").read_text() == "m: moved\\x1b[2J\\nmore"
