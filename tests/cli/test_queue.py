"""Waiting for a turn, and experiments, from the command line."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from mlops_store import pipelines, queue
from mlops_store.store import Store

#: Notes its params and waits until it is let go.
SLOW = {"cmd": "cat params.yaml; until [ -e {0}/go ]; do sleep 0.02; done; cp params.yaml out", "outs": ["out"]}


@pytest.fixture
def slow(project: Path, cli: Callable[..., Any]) -> Iterator[Path]:
    """A project whose one stage runs until a file named ``go`` appears; nothing of it outlives the test."""
    stage = {**SLOW, "cmd": SLOW["cmd"].format(project), "params": ["lr"]}  # type: ignore[attr-defined]
    (project / "dvc.yaml").write_text(json.dumps({"stages": {"train": stage}}))
    (project / "params.yaml").write_text("lr: 0.1  # rate\n")
    yield project
    (project / "go").touch()
    until(lambda: is_idle(project, cli))


def store_of(project: Path) -> Store:
    return Store(str(project / ".mlops" / "store.db"))


def is_idle(project: Path, cli: Callable[..., Any]) -> bool:
    if not (project / ".mlops" / "store.db").exists():
        return True
    cli("status")
    with store_of(project) as store:
        return queue.is_empty(store.read()) and not pipelines.live(store.read())


def until(condition: Callable[[], Any]) -> Any:
    deadline = time.monotonic() + 60
    while not (found := condition()):
        assert time.monotonic() < deadline, "waited too long"
        time.sleep(0.02)
    return found


def events(text: str) -> list[dict[str, Any]]:
    return [json.loads(line) for line in text.splitlines()]


def start(*arguments: str) -> subprocess.Popen[str]:
    return subprocess.Popen(
        [sys.executable, "-m", "mlops_tui", *arguments],
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        start_new_session=True,
    )


def waiting(cli: Callable[..., Any]) -> list[dict[str, Any]]:
    return list(cli("queue", "list", "--json").json)


def test_a_second_run_is_refused_and_told_what_it_could_do(cli, slow: Path) -> None:
    cli("run", "--detach")
    done = cli("run")
    assert (done.exit_code, done.stdout) == (1, "")
    assert "is going on" in done.stderr
    assert "--queue" in done.stderr


def test_a_queued_run_waits_and_is_shown_moved_and_removed(cli, slow: Path) -> None:
    cli("run", "--detach")
    assert "waits in place 1" in cli("run", "--queue", "--name", "b").stdout
    [queued] = events(cli("run", "--queue", "--name", "urgent", "--priority", "5", "--force", "--json").stdout)
    assert (queued["event"], queued["place"], queued["priority"], queued["name"]) == ("run_queued", 1, 5, "urgent")
    assert [one["name"] for one in waiting(cli)] == ["urgent", "b"]
    assert waiting(cli)[0]["request"]["force"] is True

    moved = cli("queue", "move", "b", "--first", "--dry-run", "--json").json
    assert (moved["from"], moved["to"]) == (0, 6)
    assert [one["name"] for one in waiting(cli)] == ["urgent", "b"]
    assert cli("queue", "move", "b", "--first").exit_code == 0
    assert [one["name"] for one in waiting(cli)] == ["b", "urgent"]
    cli("queue", "move", "b", "--last")
    assert [one["name"] for one in waiting(cli)] == ["urgent", "b"]
    cli("queue", "move", "b", "--priority", "9")
    assert [one["priority"] for one in waiting(cli)] == [9, 5]
    assert "urgent" in cli("queue", "list").stdout

    assert cli("queue", "remove", "b", "urgent", "--dry-run", "--json").json["dry_run"] is True
    assert len(waiting(cli)) == 2
    assert cli("queue", "remove", "b", "urgent").exit_code == 0
    assert waiting(cli) == []
    assert cli("queue", "list").stdout == "nothing is waiting\n"
    done = cli("queue", "remove", "b")
    assert (done.exit_code, "no run 'b' is waiting" in done.stderr) == (2, True)


def test_a_move_says_where_to_once(cli, slow: Path) -> None:
    cli("run", "--detach")
    cli("run", "--queue", "--name", "b")
    for arguments in ((), ("--first", "--last"), ("--first", "--priority", "1")):
        done = cli("queue", "move", "b", *arguments)
        assert done.exit_code == 2
        assert "--first" in done.stderr


def test_with_nothing_under_way_a_queued_run_is_a_run(cli, slow: Path) -> None:
    (slow / "go").touch()
    done = cli("run", "--queue")
    assert done.exit_code == 0
    assert "1 done" in done.stdout


def test_a_mistake_is_told_when_it_is_queued(cli, slow: Path) -> None:
    cli("run", "--detach")
    done = cli("run", "--queue", "trian")
    assert done.exit_code == 2
    assert "did you mean 'train'?" in done.stderr
    assert waiting(cli) == []


def test_a_run_that_waits_begins_when_the_other_has_ended(cli, slow: Path) -> None:
    cli("run", "--detach")
    second = start("run", "--wait", "--json", "--force")
    until(lambda: waiting(cli))
    (slow / "go").touch()
    output, _ = second.communicate(timeout=60)
    assert second.returncode == 0
    found = [json.loads(line) for line in output.splitlines() if line.startswith("{")]
    assert [one["event"] for one in found] == [
        "run_queued", "run_started", "stage_started", "stage_finished", "run_finished",
    ]  # fmt: skip
    assert len({one["run_id"] for one in found}) == 1


def test_interrupting_a_run_that_waits_takes_it_out_of_the_queue(cli, slow: Path) -> None:
    cli("run", "--detach")
    second = start("run", "--wait")
    until(lambda: waiting(cli))
    os.kill(second.pid, signal.SIGINT)
    output, _ = second.communicate(timeout=60)
    assert second.returncode == 1
    assert "taken out of the queue" in output
    assert waiting(cli) == []


def test_several_values_are_several_runs_in_their_own_copies(cli, slow: Path) -> None:
    (slow / "go").touch()
    done = cli("run", "--set", "lr=0.2,0.3", "--parallel", "2", "--name", "try")
    assert done.exit_code == 0
    assert "try-1 (lr=0.2)" in done.stdout
    assert "train | lr: 0.3  # rate" in done.stdout
    assert (slow / "params.yaml").read_text() == "lr: 0.1  # rate\n"
    assert not (slow / "out").exists()
    found = cli("runs", "list", "--kind", "pipeline", "--filter", "params.lr = '0.3'", "--json").json
    assert [one["name"] for one in found] == ["try-2"]
    assert found[0]["tags"] == {"mlops.set": "lr=0.3"}


def test_the_events_of_experiments_name_their_runs(cli, slow: Path) -> None:
    (slow / "go").touch()
    found = events(cli("run", "--set", "lr=0.2,0.3", "--json").stdout)
    assert [one["event"] for one in found] == ["run_queued"] * 2 + [
        "run_started", "stage_started", "stage_finished", "run_finished",
    ] * 2  # fmt: skip
    queued = [one["run_id"] for one in found[:2]]
    assert [one["run_id"] for one in found[2:]] == [queued[0]] * 4 + [queued[1]] * 4
    assert [one["changes"] for one in found[:2]] == [{"params.yaml": {"lr": lr}} for lr in (0.2, 0.3)]


def test_a_dry_run_names_the_combinations_and_makes_nothing(cli, slow: Path) -> None:
    done = cli("run", "--set", "lr=0.2,0.3", "--dry-run", "--json")
    assert [one["changes"] for one in done.json] == [{"params.yaml": {"lr": lr}} for lr in (0.2, 0.3)]
    assert "would run with params.yaml:lr=0.2" in cli("run", "--set", "lr=0.2", "--dry-run").stdout
    assert not (slow / ".mlops").exists()


def test_an_unknown_param_names_the_nearest_and_nothing_is_made(cli, slow: Path) -> None:
    done = cli("run", "--set", "lrr=1")
    assert (done.exit_code, done.stdout) == (2, "")
    assert "did you mean 'lr'?" in done.stderr
    assert not (slow / ".mlops").exists()


def test_a_detached_experiment_is_applied_when_it_has_ended(cli, slow: Path) -> None:
    [queued] = events(cli("run", "--set", "lr=0.2", "--detach", "--json").stdout)
    run_id = queued["run_id"]
    until(lambda: not waiting(cli))
    done = cli("queue", "apply", run_id)
    assert (done.exit_code, "has not finished" in done.stderr) == (1, True)
    (slow / "go").touch()
    until(lambda: is_idle(slow, cli))
    planned = cli("queue", "apply", run_id, "--dry-run", "--json").json
    assert planned == {
        "run_id": run_id,
        "params": [{"file": "params.yaml", "key": "lr", "old": 0.1, "new": 0.2}],
        "outs": ["out"],
        "stages": ["train"],
        "dry_run": True,
    }
    assert "params.yaml: lr" in cli("queue", "apply", run_id).stdout
    assert (slow / "params.yaml").read_text() == "lr: 0.2  # rate\n"
    assert (slow / "out").read_text() == "lr: 0.2  # rate\n"
    assert "up to date" in cli("status").stdout
    assert "already" in cli("queue", "apply", run_id).stdout


def test_copies_of_ended_experiments_are_cleaned_up(cli, slow: Path) -> None:
    (slow / "go").touch()
    cli("run", "--set", "lr=0.2")
    copies = slow / ".mlops" / "workspaces"
    [name] = os.listdir(copies)
    assert cli("queue", "clean", "--dry-run", "--json").json["removed"][0]["run_id"] == name
    assert os.listdir(copies) == [name]
    assert "removed the copy" in cli("queue", "clean").stdout
    assert os.listdir(copies) == []
    assert "nothing to remove" in cli("queue", "clean").stdout
    refused = cli("queue", "apply", name).stderr
    assert "has been removed by 'queue clean'" in refused
    assert "mlops-tui run --set lr=0.2 makes it anew" in refused


def test_removing_an_experiment_that_waits_removes_its_copy(cli, slow: Path) -> None:
    first, second = events(cli("run", "--set", "lr=0.2,0.3", "--detach", "--json").stdout)
    until(lambda: len(waiting(cli)) == 1)
    cli("queue", "remove", second["run_id"])
    assert os.listdir(slow / ".mlops" / "workspaces") == [first["run_id"]]


def test_interrupting_experiments_stops_them_all(cli, slow: Path) -> None:
    running = start("run", "--set", "lr=0.2,0.3,0.4", "--parallel", "2")
    until(lambda: (slow / ".mlops" / "store.db").exists() and len(waiting(cli)) == 1)
    until(lambda: cli("runs", "list", "--kind", "stage", "--json").json)
    os.kill(running.pid, signal.SIGINT)
    output, _ = running.communicate(timeout=60)
    assert running.returncode == 1
    assert "Traceback" not in output
    assert is_idle(slow, cli)
    assert not (slow / "go").exists()


@pytest.mark.parametrize(
    ("arguments", "words"), [(("--parallel", "2"), "--set"), (("--priority", "2"), "--queue"), (("--set", "lr"), "lr")]
)
def test_options_that_mean_nothing_are_refused(cli, slow: Path, arguments: tuple[str, ...], words: str) -> None:
    done = cli("run", *arguments)
    assert done.exit_code == 2
    assert words in done.stderr
