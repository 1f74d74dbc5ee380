"""``mlops-tui audit`` and ``models at``: the log, whether it is intact, copies of it, and what stood where when."""

from __future__ import annotations

import csv
import hashlib
import io
import json
import sqlite3
from pathlib import Path

import pytest
from registry_builders import CONFIG, log_model, make_run, make_store

from mlops_tui.registry import aliases, stages, versions


@pytest.fixture
def registry(project: Path) -> None:
    """Two versions, the second in production."""
    with make_store(project) as store:
        for _ in range(2):
            run_id = make_run(store)
            log_model(store, run_id)
            versions.register(store, CONFIG, "churn", run_id=run_id)
        stages.promote(store, CONFIG, "churn", 2, "production", reason="=2+2")
        aliases.set(store, "churn", "champion", 2)


def tamper(project: Path, *statements: str) -> None:
    with sqlite3.connect(project / ".mlops" / "store.db") as db:
        for act in ("update", "delete"):
            db.execute(f"DROP TRIGGER audit_no_{act}")
        for statement in statements:
            db.execute(statement)
    db.close()


pytestmark = pytest.mark.usefixtures("registry")


def test_entries_are_listed_newest_first_and_narrowed(cli) -> None:
    found = cli("audit", "list", "--json").json
    assert [entry["action"] for entry in found] == ["alias.set", "model.promote", "model.register", "model.register"]
    assert [entry["id"] for entry in cli("audit", "list", "--action", "model", "-n", "2", "--json").json] == [3, 2]
    assert [entry["id"] for entry in cli("audit", "list", "--subject", "model:churn/1", "--json").json] == [1]
    assert cli("audit", "list", "--until", "-1d", "--json").json == []
    assert cli("audit", "list", "--actor", "nobody", "--json").json == []
    assert len(cli("audit", "list", "--since", "-1d", "--json").json) == 4
    assert "stage dev -> stage production" in cli("audit", "list").stdout


def test_a_time_that_is_none_is_refused(cli) -> None:
    refused = cli("audit", "list", "--since", "soon")
    assert refused.exit_code == 2
    assert "write it as 2026-11-03" in refused.stderr


def test_an_intact_log_says_its_head(cli) -> None:
    verdict = cli("audit", "verify", "--json").json
    assert verdict["ok"]
    assert verdict["entries"] == 4
    assert verdict["head"] in cli("audit", "verify").stdout
    assert cli("audit", "verify", "--head", verdict["head"]).exit_code == 0


def test_the_first_bad_entry_is_named(cli, project: Path) -> None:
    tamper(project, "UPDATE audit SET reason = 'never mind' WHERE id = 3")
    broken = cli("audit", "verify")
    assert broken.exit_code == 1
    assert "entry 3 is not as it was written" in broken.stdout
    assert cli("audit", "verify", "--json").json["broken"]["entry_id"] == 3


def test_a_log_that_was_written_anew_as_a_whole_is_found_by_a_head_noted_before(cli, project: Path) -> None:
    head = cli("audit", "verify", "--json").json["head"]
    tamper(project, "DELETE FROM audit WHERE id = 4")
    assert cli("audit", "verify").exit_code == 0  # nothing refers to the entry of an alias
    broken = cli("audit", "verify", "--head", head)
    assert broken.exit_code == 1
    assert head in broken.stdout


def test_an_exported_log_can_be_checked_with_other_means_and_with_ours(cli, project: Path) -> None:
    path = project / "audit.jsonl"
    assert cli("audit", "export", "-o", str(path)).exit_code == 0
    lines = path.read_text().splitlines()
    assert "\n".join(lines) + "\n" == cli("audit", "export").stdout
    previous = "0" * 64
    for line in lines:
        entry = json.loads(line)
        digest = entry.pop("hash")
        assert entry["previous_hash"] == previous
        text = json.dumps(entry, sort_keys=True, separators=(",", ":"))
        previous = hashlib.sha256(text.encode()).hexdigest()
        assert previous == digest
    assert cli("audit", "verify", "--file", str(path), "--head", previous).exit_code == 0
    for number, line in enumerate(lines):
        forged = [*lines[:number], line.replace("churn", "fraud"), *lines[number + 1 :]]
        path.write_text("\n".join(forged))
        assert cli("audit", "verify", "--file", str(path), "--json").json["broken"]["entry_id"] == number + 1
        path.write_text("\n".join([*lines[:number], *lines[number + 1 :]]))
        at = cli("audit", "verify", "--file", str(path), "--json").json
        assert at["entries"] == number
        assert at["ok"] == (number == 3)


@pytest.mark.parametrize("forged", ['"reason":"I did not", ', '"note":"approved by ann", '])
def test_nothing_can_be_put_into_an_exported_line_beside_what_was_hashed(cli, project: Path, forged: str) -> None:
    path = project / "audit.jsonl"
    lines = cli("audit", "export").stdout.splitlines()
    lines[1] = "{" + forged + lines[1][1:]
    path.write_text("\n".join(lines))
    verdict = cli("audit", "verify", "--file", str(path), "--json").json
    assert (verdict["entries"], verdict["broken"]["problem"]) == (1, "edited")
    assert "entry 2" in verdict["broken"]["message"]


@pytest.mark.parametrize("content", [b"", b"\xff\xfe{", b"{}", b"[1]\n", b'{"id": 1}\n', b"null\n"])
def test_a_file_that_is_no_log_breaks_at_its_first_line(cli, project: Path, content: bytes) -> None:
    (project / "x").write_bytes(content)
    verdict = cli("audit", "verify", "--file", str(project / "x"), "--json").json
    assert verdict["entries"] == 0
    assert verdict["ok"] == (content == b"")


def test_a_missing_file_and_one_that_cannot_be_written_are_said(cli, project: Path) -> None:
    assert "cannot be read" in cli("audit", "verify", "--file", str(project / "none")).stderr
    assert "cannot be written" in cli("audit", "export", "-o", str(project / "no" / "where")).stderr


def test_csv_begins_no_formula(cli) -> None:
    rows = list(csv.DictReader(io.StringIO(cli("audit", "export", "--format", "csv").stdout)))
    assert [row["id"] for row in rows] == ["1", "2", "3", "4"]
    assert rows[2]["reason"] == "'=2+2"


def test_what_stood_where_is_told_for_any_time(cli) -> None:
    stood = cli("models", "at", "now", "--json").json
    assert [(one["version"], one["stage"], one["aliases"]) for one in stood] == [
        (2, "production", ["champion"]),
        (1, "dev", []),
    ]
    assert [one["version"] for one in cli("models", "at", "now", "churn", "--stage", "production", "--json").json] == [
        2
    ]
    assert cli("models", "at", "-1h", "--json").json == []
    assert "nothing stood" in cli("models", "at", "-1h").stderr
    assert "production" in cli("models", "at", "now").stdout


def test_unknown_names_and_times_are_refused_with_the_nearest(cli) -> None:
    assert "churn" in cli("models", "at", "now", "chrn").stderr
    assert "production" in cli("models", "at", "now", "--stage", "prodution").stderr
    assert cli("models", "at", "whenever").exit_code == 2
