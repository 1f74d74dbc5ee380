"""Running, following, stopping: with the real supervisor and real stages."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from mlops_store import pipelines
from mlops_store.store import Store


@pytest.fixture
def stages(project: Path) -> Callable[..., None]:
    """Writes dvc.yaml with these commands, each stage after the one before."""

    def write(**commands: str) -> None:
        document: dict[str, dict[str, object]] = {}
        before = ""
        for name, command in commands.items():
            document[name] = {"cmd": f"{command} && touch {name}.out", "outs": [f"{name}.out"]}
            if before:
                document[name]["deps"] = [f"{before}.out"]
            before = name
        (project / "dvc.yaml").write_text(json.dumps({"stages": document}))  # JSON is YAML

    return write


def until(condition: Callable[[], bool]) -> None:
    deadline = time.monotonic() + 30
    while not condition():
        assert time.monotonic() < deadline, "waited too long"
        time.sleep(0.02)


def start(*arguments: str) -> subprocess.Popen[str]:
    return subprocess.Popen(
        [sys.executable, "-m", "mlops_tui", *arguments],
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        start_new_session=True,
    )


def live(project: Path) -> bool:
    with Store(str(project / ".mlops" / "store.db")) as store:
        return bool(pipelines.live(store.read()))


def test_in_a_subdirectory_its_own_stages_are_named_as_dvc_names_them(
    cli, project: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (project / "sub").mkdir()
    (project / "dvc.yaml").write_text("stages: {a: {cmd: 'echo > a.txt', outs: [a.txt]}}\n")
    (project / "sub" / "dvc.yaml").write_text(
        "stages: {a: {cmd: 'echo > b.txt', outs: [b.txt]}, c: {foreach: [1], do: {cmd: 'echo > c', outs: [c]}}}\n"
    )
    (project / "mlops.toml").touch()
    monkeypatch.chdir(project / "sub")

    def planned(*words: str) -> list[str]:
        return [line.split()[0] for line in cli("run", *words, "--dry-run").stdout.splitlines()[1:]]

    assert planned("a") == planned("dvc.yaml:a") == planned("sub/dvc.yaml:a") == ["sub/dvc.yaml:a"]
    assert planned("c") == ["sub/dvc.yaml:c@1"]
    assert len(planned("dvc.yaml")) == 2
    assert cli("pipeline", "why", "a", "--json").json["stage"] == "sub/dvc.yaml:a"
    assert cli("run", "nosuch", "--dry-run").exit_code == 2


def test_output_is_shown_behind_the_stages_name_and_the_run_ends_with_0(cli, stages) -> None:
    stages(first="echo one", second="echo two >&2")
    done = cli("run")
    assert done.exit_code == 0
    lines = done.stdout.splitlines()
    assert "first  | one" in lines
    assert "second | two" in lines
    assert lines.index("first  | one") < lines.index("second | two")
    assert lines[-1].startswith("finished in ")
    assert "2 done" in lines[-1]


def test_nothing_to_do_runs_nothing(cli, stages) -> None:
    stages(first="echo one")
    cli("run")
    done = cli("run")
    assert done.exit_code == 0
    assert "one" not in done.stdout
    assert "one" in cli("run", "--force").stdout


def test_a_failing_stage_ends_with_1_and_says_why(cli, stages) -> None:
    stages(first="echo before; exit 7", second="echo never")
    done = cli("run")
    assert done.exit_code == 1
    assert "first  | before" in done.stdout
    assert "exit code 7" in done.stdout or "7" in done.stdout.splitlines()[-2]
    assert "never" not in done.stdout.replace("echo never", "")


def events(done) -> list[dict[str, Any]]:
    """What ``run --json`` printed."""
    return [json.loads(line) for line in done.stdout.splitlines()]


def kinds(done) -> list[tuple[str, str]]:
    return [(one["event"], one.get("stage", "")) for one in events(done)]


def test_json_is_one_object_an_event_and_the_output_goes_to_stderr(cli, stages) -> None:
    stages(first="echo hello", second="true")
    done = cli("run", "--json")
    assert done.exit_code == 0
    assert kinds(done) == [
        ("run_started", ""),
        ("stage_started", "first"),
        ("stage_finished", "first"),
        ("stage_started", "second"),
        ("stage_finished", "second"),
        ("run_finished", ""),
    ]
    assert "first  | hello" in done.stderr
    start, began, ended, *_, last = events(done)
    assert len({one["run_id"] for one in events(done)}) == 1
    assert [stage["reasons"] for stage in start["stages"]] == [["never run"], ["never run", "upstream first is stale"]]
    assert began["stage_run_id"] == ended["stage_run_id"]
    assert (ended["attempt"], ended["exit_code"], ended["outputs"][0]["path"]) == (1, 0, "first.out")
    assert last["state"] == "finished"
    assert [(stage["stage"], stage["state"], stage["exit_code"]) for stage in last["stages"]] == [
        ("first", "done", 0),
        ("second", "done", 0),
    ]
    assert [one["at"] for one in events(done)] == sorted(one["at"] for one in events(done))


def test_json_tells_of_what_was_up_to_date_failed_or_was_left_out(cli, stages) -> None:
    stages(first="true")
    cli("run")
    stages(first="true", second="exit 7", third="true")
    done = cli("run", "--json")
    assert done.exit_code == 1
    assert sorted(kinds(done)) == sorted(
        [
            ("run_started", ""),
            ("stage_cached", "first"),
            ("stage_started", "second"),
            ("stage_failed", "second"),
            ("stage_skipped", "third"),
            ("run_finished", ""),
        ]
    )
    [failed] = [one for one in events(done) if one["event"] == "stage_failed"]
    assert (failed["exit_code"], failed["error"].splitlines()[0]) == (7, "exit code 7")
    assert events(done)[-1]["state"] == "failed"


def test_json_tells_of_every_attempt(cli, project: Path) -> None:
    stage = {"cmd": "echo x >> count; [ $(wc -l < count) -ge 3 ]", "meta": {"mlops": {"retries": 2}}}
    (project / "dvc.yaml").write_text(json.dumps({"stages": {"flaky": stage}}))
    done = cli("run", "--json")
    assert [(one["event"], one.get("attempt")) for one in events(done)] == [
        ("run_started", None),
        ("stage_started", 1),
        ("stage_attempt", 1),
        ("stage_started", 2),
        ("stage_attempt", 2),
        ("stage_started", 3),
        ("stage_finished", 3),
        ("run_finished", None),
    ]
    assert len({one["stage_run_id"] for one in events(done) if one["event"] == "stage_started"}) == 3


def test_a_run_with_nothing_to_do_has_its_events_too(cli, stages) -> None:
    stages(first="true")
    cli("run")
    assert kinds(cli("run", "--json")) == [("run_started", ""), ("stage_cached", "first"), ("run_finished", "")]


def chain(cli, project: Path) -> None:
    """a ← b ← c, and d by itself, all up to date."""
    document = {
        name: {"cmd": f"echo {name} >> order; echo > {name}.out", "outs": [f"{name}.out"]}
        | ({"deps": [f"{need}.out"]} if need else {})
        for name, need in (("a", ""), ("b", "a"), ("c", "b"), ("d", ""))
    }
    (project / "dvc.yaml").write_text(json.dumps({"stages": document}))
    cli("run")
    (project / "order").unlink()


@pytest.mark.parametrize(
    ("arguments", "order"),
    [
        (("b", "--force"), "ab"),
        (("b", "--force", "-s"), "b"),
        (("b", "--force", "--downstream"), "bc"),
        (("b", "--force", "-p"), "abc"),
        (("d", "--force", "--pipeline"), "d"),
        (("c", "a", "--force", "--single-item"), "ac"),
    ],
)
def test_which_stages_are_meant_can_be_said_as_to_dvc(
    cli, project: Path, arguments: tuple[str, ...], order: str
) -> None:
    chain(cli, project)
    planned = cli("run", "--dry-run", "--json", *arguments).json
    assert "".join(stage["stage"] for stage in planned) == order
    assert cli("run", *arguments).exit_code == 0
    assert (project / "order").read_text().split() == list(order)


def test_two_ways_of_saying_which_stages_exclude_each_other(cli, project: Path) -> None:
    chain(cli, project)
    done = cli("run", "b", "-s", "--downstream")
    assert (done.exit_code, done.stdout) == (2, "")
    assert "exclude each other" in done.stderr


def test_forcing_downstream_runs_what_needs_a_stage_that_has_run(cli, project: Path) -> None:
    chain(cli, project)
    (project / "a.out").unlink()  # it is made the same again, so that its users would be up to date
    assert cli("run", "--force-downstream").exit_code == 0
    assert (project / "order").read_text().split() == ["a", "b", "c"]
    (project / "order").unlink()
    (project / "a.out").unlink()
    cli("run")
    assert (project / "order").read_text().split() == ["a"]
    (project / "b.out").unlink()  # which comes back from the cache, and is new there all the same
    assert cli("run", "c", "--force-downstream", "--json").exit_code == 0
    assert (project / "order").read_text().split() == ["a", "c"]


def test_a_single_stage_runs_on_what_is_there(cli, project: Path) -> None:
    chain(cli, project)
    (project / "a.out").write_text("changed by hand")
    assert cli("run", "b", "-s").exit_code == 0
    assert (project / "order").read_text().split() == ["b"]


def test_options_of_stages_are_checked_before_a_dry_run_too(cli, project: Path) -> None:
    stage = {"cmd": "true", "meta": {"mlops": {"timeot": 5}}}
    (project / "dvc.yaml").write_text(json.dumps({"stages": {"a": stage}}))
    for arguments in (("run",), ("run", "--dry-run")):
        done = cli(*arguments)
        assert done.exit_code == 2
        assert "did you mean 'timeout'?" in done.stderr
    told = cli("status")
    assert told.exit_code == 0
    assert "a run would be refused: dvc.yaml" in told.stderr
    assert "meta.mlops.timeot is unknown" in told.stderr


def test_the_environment_is_passed_on(cli, stages, project: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SOME_COLOUR", "red")
    stages(first="echo $SOME_COLOUR > seen")
    cli("run")
    assert (project / "seen").read_text() == "red\n"


def test_hostile_output_reaches_the_terminal_harmless(cli, stages) -> None:
    stages(first=r"printf '\033[2J\033]0;owned\007red\033[0m\n\377\376bytes\n[bold]text\n'")
    out = cli("run").stdout
    assert "\x1b" not in out
    assert "first | red" in out
    assert "first | \ufffd\ufffdbytes" in out
    assert "first | [bold]text" in out


def test_a_dry_run_names_what_is_stale_and_why_and_runs_nothing(cli, stages, project: Path) -> None:
    stages(first="echo one", second="echo two")
    planned = cli("run", "--dry-run", "--json").json
    assert [stage["stage"] for stage in planned] == ["first", "second"]
    assert all(stage["reasons"] for stage in planned)
    assert [stage["stage"] for stage in cli("run", "first", "--dry-run", "--json").json] == ["first"]
    assert not (project / "first.out").exists()


def test_an_unknown_stage_names_the_nearest(cli, stages) -> None:
    stages(first="true")
    done = cli("run", "frist")
    assert done.exit_code == 2
    assert "'first'" in done.stderr


def test_without_a_pipeline_there_is_nothing_to_run(cli, project: Path) -> None:
    done = cli("run")
    assert done.exit_code != 0
    assert "dvc.yaml" in done.stderr
    assert list(project.iterdir()) == []


def test_a_pipeline_that_is_not_understood_names_the_place(cli, project: Path) -> None:
    (project / "dvc.yaml").write_text("stages:\n  a:\n    cdm: true\n")
    for arguments in (("run",), ("run", "--dry-run"), ("status",)):
        done = cli(*arguments)
        assert (done.exit_code, done.stdout) == (2, "")
        assert "dvc.yaml:3:" in done.stderr


def test_a_detached_run_goes_on_and_can_be_followed(cli, stages, project: Path) -> None:
    stages(first="for i in 1 2 3; do echo line $i; sleep 0.1; done")
    run_id = cli("run", "--detach", "--json").json["run_id"]
    done = cli("logs", "--follow")
    assert done.exit_code == 0
    assert [f"first | line {number}" in done.stdout for number in (1, 2, 3)] == [True] * 3
    assert cli("runs", "show", run_id, "--json").json["status"] == "FINISHED"


def test_interrupting_stops_the_run(stages, project: Path) -> None:
    stages(first="echo started; sleep 60")
    running = start("run")
    until(lambda: (project / ".mlops" / "store.db").exists() and live(project))
    os.kill(running.pid, signal.SIGINT)
    output, _ = running.communicate(timeout=60)
    assert running.returncode == 1
    assert "stopping" in output
    assert "Traceback" not in output
    assert not live(project)
    assert not (project / "first.out").exists()


def test_a_lost_connection_leaves_the_run_alone(cli, stages, project: Path) -> None:
    stages(first="sleep 1; echo survived")
    running = start("run")
    until(lambda: (project / ".mlops" / "store.db").exists() and live(project))
    os.kill(running.pid, signal.SIGHUP)
    running.communicate(timeout=60)
    assert "survived" in cli("logs", "--follow").stdout
    assert (project / "first.out").exists()


def test_a_run_is_stopped_from_elsewhere(cli, stages, project: Path) -> None:
    stages(first="sleep 60")
    cli("run", "--detach")
    done = cli("stop", "--json")
    assert done.exit_code == 0
    assert done.json["state"] == "stopped"
    assert not live(project)


def test_nothing_to_stop_is_refused(cli, stages) -> None:
    stages(first="true")
    cli("run")
    assert cli("stop").exit_code == 1


def test_logs_of_one_stage_and_of_its_last_lines(cli, stages) -> None:
    stages(first="seq 1 500", second="echo two")
    cli("run")
    assert cli("logs", "first").stdout.splitlines() == [str(number) for number in range(1, 501)]
    assert cli("logs", "first", "--tail", "2").stdout == "499\n500\n"
    assert "==> second <==\ntwo\n" in cli("logs").stdout
    [shown] = cli("logs", "second", "--json").json
    assert (shown["stage"], shown["lines"]) == ("second", ["two"])


def test_status_tells_what_is_stale_and_what_has_run(cli, stages) -> None:
    stages(first="echo one", second="echo two")
    before = cli("status", "--json").json
    assert [stage["is_stale"] for stage in before["stages"]] == [True, True]
    assert before["latest_pipeline_run"] is None
    cli("run")
    after = cli("status", "--json").json
    assert [stage["is_stale"] for stage in after["stages"]] == [False, False]
    assert after["latest_pipeline_run"]["state"] == "finished"
    assert after["runs"] >= 1
    assert "up to date" in cli("status").stdout


def test_a_stage_that_logs_is_a_run_below_the_pipelines(cli, project: Path) -> None:
    (project / "train.py").write_text(
        "import mlops_tui as mlops\nwith mlops.start_run():\n    mlops.log_metric('loss', 0.5, step=3)\n"
    )
    (project / "dvc.yaml").write_text(f"stages:\n  train:\n    cmd: {sys.executable} train.py\n    deps: [train.py]\n")
    run = events(cli("run", "--json"))[-1]
    [stage] = cli("runs", "list", "--kind", "stage", "--json").json
    assert stage["parent_run_id"] == run["run_id"]
    assert stage["metrics"] == {"loss": 0.5}
    assert run["stages"][0]["run_id"] == stage["run_id"]


def test_a_run_whose_supervisor_was_killed_goes_on_with_the_next_reader(cli, stages, project: Path) -> None:
    stages(first="sleep 1; echo survived", second="echo and went on")
    cli("run", "--detach")
    with Store(str(project / ".mlops" / "store.db")) as store:
        until(lambda: any(stage.pid for run in pipelines.live(store.read()) for stage in run.stages))
        [run] = pipelines.live(store.read())
        assert run.supervisor_pid is not None
        os.kill(run.supervisor_pid, signal.SIGKILL)
    out = cli("logs", "--follow").stdout
    assert "survived" in out
    assert "and went on" in out
    assert cli("status", "--json").json["latest_pipeline_run"]["state"] == "finished"


def test_why_a_stage_could_not_begin_is_told_by_run_status_and_logs(cli, project) -> None:
    (project / "dvc.yaml").write_text("stages:\n  a:\n    cmd: echo hi\n    deps: [missing.csv]\n    outs: [x]\n")
    assert "missing.csv is missing" in cli("run").stdout
    assert "missing.csv is missing" in cli("status").stdout
    assert "missing.csv is missing" in cli("logs").stderr


def test_a_run_that_had_nothing_to_do_does_not_hide_what_was_written(cli, stages) -> None:
    stages(first="echo one")
    cli("run")
    cli("run")
    assert cli("logs").stdout == "one\n"


def test_a_mistake_in_the_configuration_is_told_by_status(cli, project) -> None:
    (project / "mlops.toml").write_text("[monitor.x]\n")
    told = cli("status")
    assert told.exit_code != 0
    assert "mlops.toml:1:1" in told.stderr
    assert "monitors" in told.stderr
