"""The router: swaps under load, killed servers, shadows, what it refuses, and what it writes down."""

from __future__ import annotations

import json
import os
import re
import resource
import signal
import socket
import time
from collections.abc import Iterator
from functools import partial
from pathlib import Path

import psutil
import pytest
from drift_builders import keep
from loop_builders import make_report
from registry_builders import CONFIG, make_store, make_version
from routing import Running, routed, until, until_arms
from served_models import Load
from serving import ask

from mlops_store import audit, events, traffic, traffic_counts, traffic_routers
from mlops_store.drift import NewAlert
from mlops_store.records import MonitorReport, Severity
from mlops_store.store import Store
from mlops_tui.config.traffic import TrafficConfig
from mlops_tui.project import Project
from mlops_tui.registry import stages
from mlops_tui.serve.labels import LabelLog
from mlops_tui.traffic import splits, verdicts
from mlops_tui.traffic.verdicts import Verdict


@pytest.fixture(scope="module")
def store(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Store]:
    """Three versions of churn that answer 1, 2 and 3, the first in production; guard rules."""
    root = tmp_path_factory.mktemp("project")
    with make_store(root) as store:
        for _ in range(3):
            make_version(store)
        stages.promote(store, CONFIG, "churn", 1, "production")
        (root / "mlops.toml").write_text(
            '[traffic.churn]\nmax_error_rate = 0.3\nmax_wrong = 0.5\nmin_requests = 20\nmonitors = "production"\n'
            '[monitors.production]\nwatch = "p/*.csv"\n'
        )
        splits.share_out(store, "churn", {"2": 50})
        yield store


@pytest.fixture(scope="module")
def running(store: Store) -> Iterator[Running]:
    """A router in front of them."""
    with routed(Path(store.path).parents[1], "churn", is_small=True) as running:
        yield running


ROW = {"inputs": [[1.0]]}


def children(running: Running) -> list[psutil.Process]:
    return psutil.Process(running.process.pid).children()


def test_splits_change_under_load_and_no_request_is_lost(store: Store, running: Running) -> None:
    with Load(running.port, clients=2) as load:
        for turn in range(20):
            splits.share_out(store, "churn", {"2": 100 * (turn % 2)})
            wanted, seen = str(1 + turn % 2), load.found.total()
            until(partial(has_swapped, running.port, wanted))
            until(partial(has_answered, load, seen + 4))
    assert not load.problems
    assert {status for status, _, _ in load.found} == {200}
    assert {(version, answer) for _, version, answer in load.found} == {("1", 1.0), ("2", 2.0)}


def has_swapped(port: int, version: str) -> bool:
    return ask(port, ROW).headers["x-model-version"] == version


def has_answered(load: Load, count: int) -> bool:
    return load.found.total() > count


def test_the_same_key_gets_the_same_version(store: Store, running: Running) -> None:
    splits.share_out(store, "churn", {"2": 50}, key="header X-User")

    def is_sticky() -> bool:
        found = [{answering(running.port, user) for _ in range(3)} for user in map(str, range(20))]
        return set.union(*found) == {"1", "2"} and all(len(versions) == 1 for versions in found)

    until(is_sticky)
    before = [answering(running.port, user) for user in map(str, range(20))]
    splits.share_out(store, "churn", {"2": 100})
    until(lambda: {answering(running.port, user) for user in map(str, range(20))} == {"2"})
    splits.share_out(store, "churn", {"2": 50})
    until(lambda: [answering(running.port, user) for user in map(str, range(20))] == before)
    splits.share_out(store, "churn", {"2": 50}, key="")


def answering(port: int, user: str) -> str:
    return ask(port, ROW, headers={"X-User": user}).headers["x-model-version"]


def test_what_was_counted_stands_in_the_store(store: Store, running: Running) -> None:
    trial = traffic.find(store.read(), "churn").trial  # type: ignore[union-attr]

    def tallied() -> int:
        periods = traffic_counts.periods(store.read(), "churn", trial, 2, 1)
        return sum(one.of_candidate.requests + one.of_stable.requests for one in periods)

    until(lambda: ask(running.port, ROW).status == 200 and tallied() > 20)
    counts = [count for count in traffic_counts.since(store.read(), "churn", 0) if not count.is_shadow]
    assert {count.version for count in counts} == {1, 2}
    assert not any(count.errors for count in counts)
    assert all(sum(count.lengths.values()) == count.requests for count in counts)


def test_a_killed_server_costs_no_request_and_comes_back(store: Store, running: Running) -> None:
    splits.share_out(store, "churn", {"2": 50})
    with Load(running.port, clients=2) as load:
        until(lambda: {version for _, version, _ in load.found} == {"1", "2"})
        victims = children(running)
        for victim in victims:
            victim.kill()
        until(lambda: not any(victim.is_running() for victim in victims))
        until_arms(store, "churn", {"1": "ready", "2": "ready"})
        seen = load.found.total()
        until(lambda: load.found.total() > seen + 20)
    assert not load.problems
    assert {status for status, _, _ in load.found} == {200}
    until(lambda: any(event.kind == "traffic.server" for event in events.newest(store.read(), 20)))


def test_a_shadows_answers_are_compared_and_given_to_nobody(store: Store, running: Running) -> None:
    splits.share_out(store, "churn", {"2": 0})  # the rules may have done that already
    splits.shadow(store, "churn", "3")
    until_arms(store, "churn", {"1": "ready", "2": "ready", "3 shadow": "ready"})

    def compared() -> bool:
        answer = ask(running.port, ROW)
        assert (answer.json, answer.headers["x-model-version"]) == ({"predictions": [1.0]}, "1")
        return any(count.compared > 3 for count in traffic_counts.shadows(store.read(), "churn", 0))

    until(compared)
    (found,) = traffic_counts.shadows(store.read(), "churn", 0)
    assert (found.version, found.against, found.agreement, found.mean_distance) == (3, 1, 0.0, 2.0)
    splits.shadow(store, "churn", "3", is_removed=True)
    until_arms(store, "churn", {"1": "ready", "2": "ready"})


def test_a_stage_that_is_given_to_another_version_is_followed(store: Store, running: Running) -> None:
    splits.end(store, "churn")
    with Load(running.port, clients=2) as load:
        stages.promote(store, CONFIG, "churn", 3, "production")
        until(lambda: ask(running.port, ROW).headers["x-model-version"] == "3")
        stages.rollback(store, CONFIG, "churn", "production")
        until(lambda: ask(running.port, ROW).headers["x-model-version"] == "1")
    assert not load.problems
    assert {status for status, _, _ in load.found} == {200}
    until_arms(store, "churn", {"1": "ready"})


def test_paths_that_are_no_predictions_go_to_the_stable_version(running: Running) -> None:
    assert ask(running.port, path="/health", method="GET").status == 200
    assert b"mlops_router_share" in ask(running.port, path="/metrics", method="GET").content
    unknown = ask(running.port, path="/nowhere", method="GET")
    assert (unknown.status, unknown.headers["x-model-version"]) == (404, "1")
    answer = ask(running.port, ROW, headers={"X-Request-Id": "mine"})
    assert (answer.headers["x-request-id"], answer.status) == ("mine", 200)


def test_pages_of_other_sites_cannot_ask_by_a_name_of_their_own(running: Running) -> None:
    for path in ("/invocations", "/labels", "/metrics"):
        assert ask(running.port, ROW, path, headers={"Host": f"evil.example:{running.port}"}).status == 403
    for name in ("localhost", f"127.0.0.1:{running.port}", f"[::1]:{running.port}"):
        assert ask(running.port, ROW, headers={"Host": name}).status == 200


def test_predictions_are_shared_out_however_their_path_is_written(store: Store, running: Running) -> None:
    splits.share_out(store, "churn", {"2": 100})
    until(lambda: all(has_swapped(running.port, "2") for _ in range(20)))
    for path in ("/%69nvocations", "http://localhost/invocations", "/invocations?a=%20", "/invocations?#b"):
        assert (path, ask(running.port, ROW, path).headers["x-model-version"]) == (path, "2")
    for path in ("/invocations%0a", "/invocations%3F", "/invocations%23", "*"):
        answer = ask(running.port, ROW, path)
        assert (answer.status, answer.headers.get("x-model-version")) == (404, None)
    splits.end(store, "churn")


def test_a_request_that_ends_servers_ends_no_more_than_it_must(store: Store, running: Running) -> None:
    splits.share_out(store, "churn", {"2": 100})
    until(partial(has_swapped, running.port, "2"))
    answer = ask(running.port, "die 2")
    assert (answer.status, answer.headers["x-model-version"]) == (200, "1")
    assert ask(running.port, "die").status == 503
    until(lambda: ask(running.port, ROW).status == 200)
    nonsense = ask(running.port, "nonsense 1")
    assert nonsense.status in (200, 503)
    splits.end(store, "churn")


def test_what_breaks_a_guard_rule_is_rolled_back_with_the_reason(store: Store, running: Running) -> None:
    splits.share_out(store, "churn", {"2": 50})
    until(lambda: ask(running.port, "fail 2").status == 400)

    def is_back() -> bool:
        ask(running.port, "fail 2")
        return splits.get(store.read(), "churn").weights == {"2": 0.0}

    until(is_back)
    (entry,) = audit.newest(store.read(), 1, "model:churn")
    assert (entry.action, entry.actor) == ("traffic.rollback", "router")
    assert re.search(r"requests failed in 60 s \([\d.]+%, allowed 30.0%\)", entry.reason)
    until(lambda: all(ask(running.port, "fail 2").status == 200 for _ in range(5)))
    # what fails with every version is nobody's fault
    splits.share_out(store, "churn", {"2": 50}, reason="again")
    until(lambda: ask(running.port, "fail").status == 400)
    for _ in range(100):
        ask(running.port, "fail")
    splits.end(store, "churn")


def test_what_no_version_takes_is_the_clients_doing_and_what_one_does_not_take_its_own(
    store: Store, running: Running
) -> None:
    splits.share_out(store, "churn", {"2": 100})
    until(partial(has_swapped, running.port, "2"))

    def counted() -> tuple[int, int]:
        found = [one for one in traffic_counts.since(store.read(), "churn", 0) if one.version == 2]
        return sum(one.requests for one in found), sum(one.errors for one in found)

    until(lambda: counted()[0] > 0)
    time.sleep(1.2)  # what was counted before is written
    requests, errors = counted()
    assert {ask(running.port, "refuse").status for _ in range(60)} == {400}
    answer = ask(running.port, "refuse 2")
    assert (answer.status, answer.headers["x-model-version"]) == (200, "1")
    assert ask(running.port, ROW).status == 200
    until(lambda: counted() == (requests + 2, errors + 1))
    assert splits.get(store.read(), "churn").weights == {"2": 100.0}
    splits.end(store, "churn")


def test_labels_are_joined_with_answers_and_roll_back_what_they_say_is_wrong(store: Store, running: Running) -> None:
    trial = splits.share_out(store, "churn", {"2": 50}).trial

    def is_compared() -> bool:
        ask(running.port, ROW)
        return bool(traffic_counts.periods(store.read(), "churn", trial, 2, 1))

    until(is_compared)
    log = LabelLog(Project(str(Path(store.path).parents[1])).labels_dir("churn"), 1 << 20)
    asked = [ask(running.port, ROW, headers={"X-Request-Id": f"r{turn}"}) for turn in range(60)]
    assert {answer.headers["x-model-version"] for answer in asked} == {"1", "2"}
    log.add([(answer.headers["x-request-id"], 1) for answer in asked] + [("unknown", 1)])
    until(lambda: splits.get(store.read(), "churn").weights == {"2": 0.0})
    (entry,) = audit.newest(store.read(), 1, "model:churn")
    assert re.fullmatch(r"(\d+) of \1 labelled predictions are wrong \(100.0%, allowed 50.0%\)", entry.reason)
    split = splits.get(store.read(), "churn")

    def verdict() -> Verdict:
        (found,) = verdicts.of_split(store.read(), split, TrafficConfig(test="wrong"))
        return found

    until(lambda: verdict().requests + verdict().against_requests == 60)  # the others are joined after the act
    assert (verdict().state, verdict().value, verdict().against_value) == (verdicts.STABLE, 1.0, 0.0)
    splits.end(store, "churn")


def test_an_alert_of_a_monitor_rolls_back_what_was_shared_out_before_it(store: Store, running: Running) -> None:
    make_report(store, "before.csv")
    trial = splits.share_out(store, "churn", {"2": 50}).trial

    def is_counted() -> bool:
        ask(running.port, ROW)
        return bool(traffic_counts.periods(store.read(), "churn", trial, 2, 1))

    until(is_counted)  # in the same breath as rules are looked at
    assert splits.get(store.read(), "churn").weights == {"2": 50.0}
    report = MonitorReport(0, "production", "after.csv", "after.csv", "after", "drift", time.time(), row_count=9)
    with store.write() as db:
        keep(db, report, [NewAlert("schema", Severity.CRITICAL, "a column is missing")])
    until(lambda: splits.get(store.read(), "churn").weights == {"2": 0.0})
    (entry,) = audit.newest(store.read(), 1, "model:churn")
    assert entry.reason == "production: a column is missing (alert 2)"
    splits.end(store, "churn")


def test_a_version_that_cannot_be_served_gets_nothing_and_is_told_of(store: Store, running: Running) -> None:
    broken = Path(store.path).parents[1] / "broken-3"
    broken.touch()
    splits.share_out(store, "churn", {"3": 100})
    until(lambda: any("no such model" in event.message for event in events.newest(store.read(), 5)))
    assert ask(running.port, ROW).headers["x-model-version"] == "1"
    broken.unlink()
    until(partial(has_swapped, running.port, "3"))
    splits.end(store, "churn")


def test_a_head_that_is_asked_for_comes_without_a_body(running: Running) -> None:
    with socket.create_connection(("127.0.0.1", running.port), timeout=30) as client:
        client.sendall(b"HEAD /nowhere HTTP/1.1\r\nhost: localhost\r\n\r\nGET /ping HTTP/1.0\r\n\r\n")
        content = b"".join(iter(lambda: client.recv(4096), b""))
    head, _, rest = content.partition(b"\r\n\r\n")
    assert head.startswith(b"HTTP/1.1 404")
    assert b"content-length: 2" in head
    assert rest.startswith(b"HTTP/1.1 200")


@pytest.mark.slow
def test_a_store_that_is_locked_holds_up_no_request_and_no_count_is_lost(store: Store, running: Running) -> None:
    def counted() -> int:
        return sum(count.requests for count in traffic_counts.since(store.read(), "churn", 0) if not count.is_shadow)

    time.sleep(1.2)  # what was counted before is written
    before = counted()
    with store.write():  # which would never end if requests waited for it
        assert all(ask(running.port, ROW).status == 200 for _ in range(20))
        time.sleep(3)
    until(lambda: counted() == before + 20)


def test_slow_clients_are_sent_away(running: Running) -> None:
    slow = [socket.create_connection(("127.0.0.1", running.port), timeout=30) for _ in range(2)]
    slow[0].sendall(b"POST /invocations HTTP/1.1\r\nhost: localhost\r\ncontent-length: 9\r\n\r\n{")
    slow[1].sendall(b"POST /invoc")
    assert b"DEADLINE_EXCEEDED" in slow[0].recv(4096)
    assert slow[1].recv(100) == b""


@pytest.mark.slow
def test_a_thousand_connections_keep_nobody_from_asking(running: Running) -> None:
    hard = resource.getrlimit(resource.RLIMIT_NOFILE)[1]
    resource.setrlimit(resource.RLIMIT_NOFILE, (hard, hard))
    idle = [socket.create_connection(("127.0.0.1", running.port), timeout=30) for _ in range(1_000)]
    assert ask(running.port, ROW).status == 200
    for client in idle:
        client.close()
    assert ask(running.port, ROW).status == 200


def test_requests_that_are_none_are_refused(running: Running) -> None:
    for sent, status in (
        (b"GARBAGE\r\n\r\n", b"400"),
        (b"GET /ping HTTP/1.1\r\nhost: localhost\r\nx: " + b"y" * 70_000 + b"\r\n\r\n", b"431"),
        (b"POST /invocations HTTP/1.1\r\nhost: localhost\r\ncontent-length: 99999999999\r\n\r\n", b"413"),
        (
            b"POST /a HTTP/1.1\r\nhost: localhost\r\ncontent-length: 1\r\ntransfer-encoding: chunked\r\n\r\n0\r\n\r\n",
            b"400",
        ),
        (b"GET /ping HTTP/1.1\r\nhost: localhost\r\nconnection: upgrade\r\nupgrade: websocket\r\n\r\n", b"400"),
    ):
        with socket.create_connection(("127.0.0.1", running.port), timeout=30) as client:
            client.sendall(sent)
            assert client.recv(1000).startswith(b"HTTP/1.1 " + status), sent[:40]
    assert ask(running.port, b" " * (20 << 20)).status == 413  # read by who sends all of it first


def test_requests_that_follow_each_other_at_once_are_answered_in_order(running: Running) -> None:
    body = json.dumps(ROW).encode()
    one = b"POST /invocations HTTP/1.1\r\nhost: localhost\r\ncontent-type: application/json\r\nx-request-id: %d\r\n"
    with socket.create_connection(("127.0.0.1", running.port), timeout=30) as client:
        client.sendall(
            b"".join(one % turn + b"content-length: %d\r\n\r\n" % len(body) + body for turn in range(20))
            + b"GET /ping HTTP/1.0\r\n\r\n"
        )
        answers = b"".join(iter(lambda: client.recv(65536), b""))
    assert [line for line in answers.split(b"\r\n") if line.startswith(b"x-request-id")][:-1] == [
        b"x-request-id: %d" % turn for turn in range(20)
    ]


def test_the_end_of_the_router_is_the_end_of_its_servers(store: Store, running: Running) -> None:
    servers = children(running)
    assert servers
    os.kill(running.process.pid, signal.SIGTERM)
    assert running.process.wait(60) == 0
    assert not any(server.is_running() for server in servers)
    assert not traffic_routers.running(store.read(), "churn")
