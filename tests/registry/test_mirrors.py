"""MLflow's registry and GTO's tags follow ours, never hold it up, and are never overwritten unasked."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs, urlsplit

import pytest
from registry_builders import make_store, make_version, stages_of

from mlops_store import events
from mlops_store.errors import Refused, SpecError
from mlops_store.mirror_marks import Mark
from mlops_store.store import Store
from mlops_tui import config as configuration
from mlops_tui.config import Config
from mlops_tui.registry import stages
from mlops_tui.registry.mirrors import marks, mlflow_servers, reconcile
from mlops_tui.registry.mirrors.reconcile import Outcome

# which of two has changed


@pytest.mark.parametrize(
    ("ours", "theirs", "agreed", "before", "state"),
    [
        ("3", "3", None, None, ""),
        ("3", "", None, None, "behind"),
        ("3", "2", None, None, "conflict"),
        ("3", "", None, "2", "behind"),
        ("3", "2", None, "2", "behind"),
        ("3", "2", "2", None, "behind"),
        ("3", "2", "3", None, "ahead"),
        ("3", "2", "1", None, "conflict"),
        ("3", "", "3", None, "ahead"),
        ("", "2", "2", None, "behind"),
    ],
)
def test_who_has_changed_is_told_by_what_both_held_before(
    ours: str, theirs: str, agreed: str | None, before: str | None, state: str
) -> None:
    known = {} if agreed is None else {"@production": Mark(agreed, "", 0.0)}
    past = None if before is None else {"@production": before}
    found = marks.differences("mlflow", "churn", {"@production": ours}, {"@production": theirs}, known, past)
    assert [one.state for one in found] == ([state] if state else [])


# GTO

GTO = configuration.parse("[registry.gto]\ntags = true\n")


def git(directory: Path, *words: str) -> str:
    own = ("-c", "user.name=Ann", "-c", "user.email=ann@example.org")
    done = subprocess.run(["git", *own, *words], cwd=directory, check=True, capture_output=True, text=True)
    return done.stdout.strip()


@pytest.fixture
def repository(tmp_path: Path) -> Iterator[Store]:
    """A project in a Git repository with two versions, each from a commit of its own."""
    git(tmp_path, "init", "-q")
    with make_store(tmp_path) as store:
        for message in ("one", "two"):
            git(tmp_path, "commit", "-q", "--allow-empty", "-m", message)
            make_version(store, git_commit=git(tmp_path, "rev-parse", "HEAD"))
        yield store


def tags(root: Path) -> list[str]:
    """GTO's tags, the oldest first."""
    return git(root, "for-each-ref", "refs/tags", "--sort=taggerdate", "--format=%(refname:short)").split()


def settled(store: Store, config: Config, take: str = "", **options: bool) -> list[Outcome]:
    return reconcile.settle(store, config, ["churn"], take, **options)


def pending(store: Store) -> list[str]:
    return [event.message for event in events.newest(store.read()) if event.kind == "model.pending"]


def test_changes_of_stage_are_tags_as_gto_makes_them(repository: Store, tmp_path: Path) -> None:
    hook = tmp_path / ".git" / "hooks" / "reference-transaction"
    hook.write_text("#!/bin/sh\ntouch ran\n")
    hook.chmod(0o755)
    for version in (1, 2):
        stages.promote(repository, GTO, "churn", version, "production")
    stages.rollback(repository, GTO, "churn")
    assert tags(tmp_path) == [
        *("churn@v1.0.0", "churn#production#1", "churn#production!#2", "churn@v2.0.0", "churn#production#3"),
        *("churn#production#4", "churn#production!#5"),
    ]
    assert git(tmp_path, "rev-parse", "churn#production#3^{}") == git(tmp_path, "rev-parse", "HEAD")
    assert not (tmp_path / "ran").exists(), "no hook ran"
    assert settled(repository, GTO) == []
    assert pending(repository) == []


def test_a_version_that_no_tag_can_hold_is_pending_and_moves_all_the_same(repository: Store, tmp_path: Path) -> None:
    make_version(repository, git_commit="")
    make_version(repository, git_commit=git(tmp_path, "rev-parse", "HEAD"))
    stages.promote(repository, GTO, "churn", 2, "staging")
    stages.promote(repository, GTO, "churn", 3, "staging")
    stages.promote(repository, GTO, "churn", 4, "staging")
    assert "churn/3 was trained outside of a Git commit" in pending(repository)[1]
    assert "GTO holds one version a commit" in pending(repository)[0]
    assert {one.message[:20]: one.done for one in settled(repository, GTO, is_trial=True)} == {
        "churn/3 was trained ": "would fail",
        "GTO holds one versio": "would fail",
    }
    assert stages_of(repository)[4] == "staging"


def test_a_tag_of_somebody_else_is_left_until_a_person_chooses(repository: Store, tmp_path: Path) -> None:
    stages.promote(repository, GTO, "churn", 1, "production")
    git(tmp_path, "tag", "-a", "-m", "by hand", "churn@v2.0.0", "HEAD")
    git(tmp_path, "tag", "-a", "-m", "by hand", "churn#staging#9", "HEAD")
    [left] = settled(repository, GTO)
    assert (left.done, left.difference.mark, left.difference.theirs) == ("left", "v2", "staging")
    [would] = settled(repository, GTO, "theirs", is_trial=True)
    assert (would.done, stages_of(repository)[2]) == ("would take", "dev")
    assert settled(repository, GTO, "theirs")[0].done == "taken"
    assert stages_of(repository)[2] == "staging"
    assert settled(repository, GTO) == []


def test_names_that_git_or_gto_would_read_otherwise_are_refused(repository: Store, tmp_path: Path) -> None:
    make_version(repository, "--help", git_commit=git(tmp_path, "rev-parse", "HEAD"))
    make_version(repository, "my model", git_commit=git(tmp_path, "rev-parse", "HEAD"))
    for name in ("--help", "my model"):
        stages.promote(repository, GTO, name, 1, "production")
    assert all("GTO allows no artifact named" in message for message in pending(repository))
    assert tags(tmp_path) == []


def test_a_project_outside_of_git_is_told_so(tmp_path: Path) -> None:
    with make_store(tmp_path) as store:
        make_version(store)
        stages.promote(store, GTO, "churn", 1, "production")
        assert "not a git repository" in pending(store)[0]
        [outcome] = settled(store, GTO)
        assert (outcome.done, outcome.difference.state) == ("failed", "unread")


@pytest.mark.slow
@pytest.mark.skipif(shutil.which("gto") is None, reason="needs the package gto")
def test_gto_itself_reads_the_same(repository: Store, tmp_path: Path) -> None:
    for version in (1, 2):
        stages.promote(repository, GTO, "churn", version, "production")
    stages.rollback(repository, GTO, "churn")
    done = subprocess.run(["gto", "show", "--json"], cwd=tmp_path, check=True, capture_output=True, text=True)
    assert json.loads(done.stdout)["churn"]["stage"] == {"production": "v1.0.0"}


# MLflow


class Registry(BaseHTTPRequestHandler):
    """The answers of MLflow 3's REST interface on one model; not MLflow."""

    versions: dict[str, str]
    aliases: dict[str, str]
    seen: list[str]

    def do_GET(self) -> None:
        self._answer({})

    def do_POST(self) -> None:
        self._answer(json.loads(self.rfile.read(int(self.headers["Content-Length"]))))

    do_DELETE = do_POST  # noqa: N815 — the name that the base class looks for

    def _answer(self, body: dict[str, Any]) -> None:
        url = urlsplit(self.path)
        path = url.path.removeprefix("/api/2.0/mlflow/")
        self.seen.append(f"{self.command} {path} {self.headers.get('Authorization')}")
        if path == "registered-models/get":
            assert parse_qs(url.query) == {"name": ["churn"]}
            named = [{"alias": alias, "version": version} for alias, version in self.aliases.items()]
            self._send(200, {"registered_model": {"name": "churn", "aliases": named}})
        elif path == "model-versions/search":
            assert parse_qs(url.query)["filter"] == ["name='churn'"]
            found = [{"version": version, "current_stage": stage} for version, stage in self.versions.items()]
            self._send(200, {"model_versions": found})
        elif path == "registered-models/alias":
            self.aliases.pop(body["alias"], None)
            if self.command == "POST":
                self.aliases[body["alias"]] = body["version"]
            self._send(200, {})
        elif path == "model-versions/transition-stage":
            self.versions[body["version"]] = body["stage"]
            self._send(200, {})
        else:
            self._send(404, {"error_code": "ENDPOINT_NOT_FOUND", "message": "no such thing"})

    def _send(self, status: int, body: dict[str, Any]) -> None:
        content = json.dumps(body).encode()
        self.send_response(status)
        self.send_header("Content-Length", str(len(content)))
        self.end_headers()
        self.wfile.write(content)

    def log_message(self, *_: object) -> None:
        pass


@pytest.fixture
def served() -> Iterator[tuple[Config, type[Registry]]]:
    """A server that knows versions 1 and 2, and the configuration that names it."""

    class Own(Registry):
        versions = {"1": "None", "2": "None"}  # noqa: RUF012
        aliases: dict[str, str] = {}  # noqa: RUF012
        seen: list[str] = []  # noqa: RUF012

    server = ThreadingHTTPServer(("127.0.0.1", 0), Own)
    thread = threading.Thread(target=server.serve_forever, args=(0.01,))
    thread.start()
    yield configuration.parse(f'[registry.mlflow]\nuri = "http://127.0.0.1:{server.server_port}/"\n'), Own
    server.shutdown()
    server.server_close()
    thread.join()


@pytest.fixture
def store(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Store]:
    for name in ("TOKEN", "USERNAME", "PASSWORD"):
        monkeypatch.delenv(f"MLFLOW_TRACKING_{name}", raising=False)
    with make_store(tmp_path) as store:
        make_version(store)
        make_version(store)
        yield store


def test_alias_and_stage_of_mlflow_follow(store: Store, served: tuple[Config, type[Registry]]) -> None:
    config, theirs = served
    for version in (1, 2):
        stages.promote(store, config, "churn", version, "production")
    assert (theirs.aliases, theirs.versions) == ({"production": "2"}, {"1": "Archived", "2": "Production"})
    stages.rollback(store, config, "churn")
    assert (theirs.aliases, theirs.versions) == ({"production": "1"}, {"1": "Production", "2": "None"})
    stages.archive(store, config, "churn", 1)
    assert (theirs.aliases, theirs.versions) == ({}, {"1": "Archived", "2": "None"})
    assert settled(store, config) == []
    assert pending(store) == []


def test_a_server_that_is_down_is_written_later(store: Store, served: tuple[Config, type[Registry]]) -> None:
    config, theirs = served
    down = configuration.parse('[registry.mlflow]\nuri = "http://127.0.0.1:9"\n')
    stages.promote(store, down, "churn", 1, "production")
    assert "MLflow at http://127.0.0.1:9 cannot be reached" in pending(store)[0]
    assert [one.done for one in settled(store, down)] == ["failed"]
    assert {one.done for one in settled(store, config, is_trial=True)} == {"would write"}
    assert theirs.aliases == {}
    assert {one.done for one in settled(store, config)} == {"written"}
    assert (theirs.aliases, theirs.versions["1"]) == ({"production": "1"}, "Production")
    assert settled(store, config) == []


def test_what_somebody_else_has_set_there_is_not_overwritten(
    store: Store, served: tuple[Config, type[Registry]]
) -> None:
    config, theirs = served
    stages.promote(store, config, "churn", 1, "production")
    theirs.aliases["production"] = "2"
    stages.promote(store, config, "churn", 2, "staging")
    assert theirs.aliases["production"] == "2"
    assert [(one.done, one.difference.state) for one in settled(store, config)] == [("left", "ahead")]
    assert [one.done for one in settled(store, config, "ours")] == ["written"]
    assert theirs.aliases["production"] == "1"


def test_credentials_come_from_the_environment_and_go_nowhere_else(
    store: Store, served: tuple[Config, type[Registry]], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    config, theirs = served
    monkeypatch.setenv("MLFLOW_TRACKING_TOKEN", "s3cret-token")
    stages.promote(store, config, "churn", 1, "production")
    assert all(line.endswith("Bearer s3cret-token") for line in theirs.seen)
    stages.promote(store, configuration.parse('[registry.mlflow]\nuri = "http://127.0.0.1:9"\n'), "churn", 2)
    written = b"".join(path.read_bytes() for path in tmp_path.rglob("*") if path.is_file())
    assert b"s3cret" not in written
    with pytest.raises(SpecError, match="holds a password"):
        configuration.parse('[registry.mlflow]\nuri = "http://ann:secret@host"\n')


def test_a_redirection_is_not_followed(store: Store, served: tuple[Config, type[Registry]]) -> None:
    config, theirs = served

    class Elsewhere(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            self.send_response(302)
            self.send_header("Location", config.registry.mirrors.mlflow_uri + self.path)
            self.end_headers()

        def log_message(self, *_: object) -> None:
            pass

    with ThreadingHTTPServer(("127.0.0.1", 0), Elsewhere) as server:
        thread = threading.Thread(target=server.serve_forever, args=(0.01,))
        thread.start()
        with pytest.raises(Refused, match="302"):
            mlflow_servers.server(f"http://127.0.0.1:{server.server_port}").held("churn")
        server.shutdown()
        thread.join()
    assert theirs.seen == []


@pytest.mark.slow
def test_a_registry_in_a_file_is_opened_with_mlflow_itself(store: Store, tmp_path: Path) -> None:
    os.environ["MLFLOW_DISABLE_TELEMETRY"] = "true"
    from mlflow import MlflowClient

    uri = f"sqlite:///{tmp_path}/mlflow.db"
    client = MlflowClient(tracking_uri=uri, registry_uri=uri)
    client.create_registered_model("churn")
    for _ in range(2):
        client.create_model_version("churn", "s3://bucket/model")
    config = configuration.parse(f'[registry.mlflow]\nuri = "{uri}"\n')
    for version in (1, 2):
        stages.promote(store, config, "churn", version, "production")
    assert client.get_model_version_by_alias("churn", "production").version in ("2", 2)
    assert client.get_model_version("churn", "1").current_stage == "Archived"
    make_version(store)
    stages.promote(store, config, "churn", 3, "staging")
    assert "MLflow has no version 3" in pending(store)[0]
