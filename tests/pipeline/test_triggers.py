"""Triggers: what is due and when, once for all that was missed, by one of many processes."""

from __future__ import annotations

import os
import subprocess
import sys
import time
from datetime import UTC, datetime
from pathlib import Path
from zoneinfo import ZoneInfo

import pytest
from drift_builders import keep
from hypothesis import given
from hypothesis import strategies as st
from pipeline_builders import make, until

from mlops_store import drift, events, incidents, pipelines, processes
from mlops_store import triggers as triggers_store
from mlops_store.records import Alert, MonitorReport, Severity, TriggerState
from mlops_store.store import Store
from mlops_tui import config as configs
from mlops_tui import cron
from mlops_tui.config import Config
from mlops_tui.config.triggers import TriggerConfig
from mlops_tui.pipeline import firing, launch, triggers
from mlops_tui.project import Project

PIPELINE = """
stages:
  copy:
    cmd: cat in.txt >> ran.log && cp in.txt out.txt
    deps: [in.txt]
    outs: [out.txt]
"""
HOURLY = TriggerConfig("hourly", schedule="0 * * * *")
BERLIN = ZoneInfo("Europe/Berlin")
#: A moment on the hour.
NOON = datetime(2026, 3, 10, 12, tzinfo=UTC).timestamp()


def state(since: float, **values: object) -> TriggerState:
    return TriggerState("hourly", "schedule 0 * * * *", since, **values)  # type: ignore[arg-type]


def alert(number: int) -> Alert:
    return Alert(number, 1, "production", "b.csv", "data_drift", Severity.CRITICAL, "drifted", 0.0)


# deciding


@given(since=st.floats(0, 2e9), late=st.floats(0, 1e8))
def test_a_schedule_is_due_once_it_came_round_and_once_for_all_that_was_missed(since: float, late: float) -> None:
    now = since + late
    due = triggers.decide(HOURLY, state(since), now=now, zone=UTC)
    assert (due is not None) == (now // 3600 > since // 3600)
    if due is not None:
        assert triggers.decide(HOURLY, state(now, fired_at=now), now=now, zone=UTC) is None
        assert triggers.decide(HOURLY, state(now, fired_at=now), now=now + 3600, zone=UTC) is not None


@given(
    fired=st.floats(1e9, 1e9 + 1e5),
    cooldown=st.floats(0, 1e5),
    later=st.floats(-1e5, 1e6),
    digest=st.sampled_from("ab"),
)
def test_in_the_cool_down_nothing_fires_and_afterwards_what_happened_meanwhile_does(
    fired: float, cooldown: float, later: float, digest: str
) -> None:
    trigger = TriggerConfig("t", change=("*.csv",), cooldown_s=cooldown)
    before = TriggerState("t", trigger.definition, fired, digest="a", fired_at=fired)
    now = fired + later
    due = triggers.decide(trigger, before, now=now, zone=UTC, digest=digest)
    is_cooling = fired <= now < fired + cooldown
    assert (due is not None) == (digest != "a" and not is_cooling)


@given(
    now=st.floats(1e9, 1.9e9),
    since=st.floats(-1e7, 1e7),
    expression=st.sampled_from(["*/7 * * * *", "30 2 * * *", "0 0 29 2 *"]),
)
def test_the_next_time_is_the_first_at_which_it_is_due(now: float, since: float, expression: str) -> None:
    trigger = TriggerConfig("t", schedule=expression)
    known = TriggerState("t", trigger.definition, now + since)
    at = triggers.next_time(trigger, known, now, BERLIN)
    assert at is not None
    assert at >= now
    looked_from = known.since if known.since <= now else now  # a clock that was put back: counted from now on
    fresh = TriggerState("t", trigger.definition, looked_from)
    assert triggers.decide(trigger, fresh, now=at, zone=BERLIN) is not None
    if at > now:
        assert triggers.decide(trigger, fresh, now=at - 1, zone=BERLIN) is None


def test_files_that_are_being_written_do_not_count_yet() -> None:
    trigger = TriggerConfig("t", change=("*.csv",))
    before = TriggerState("t", trigger.definition, 0.0, digest="a")
    assert triggers.decide(trigger, before, now=9.0, zone=UTC, digest=None) is None


def test_an_alert_is_answered_once() -> None:
    trigger = TriggerConfig("t", drift="production")
    before = TriggerState("t", trigger.definition, 0.0, alert_id=4)
    assert triggers.decide(trigger, before, now=9.0, zone=UTC, alert=alert(4)) is None
    due = triggers.decide(trigger, before, now=9.0, zone=UTC, alert=alert(5))
    assert due is not None
    assert due.alert_id == 5
    assert "alert 5: drifted" in due.reason


def test_what_is_switched_off_is_never_due() -> None:
    trigger = TriggerConfig("hourly", schedule="0 * * * *", is_enabled=False)
    assert triggers.decide(trigger, state(0.0), now=NOON, zone=UTC) is None
    assert triggers.next_time(trigger, state(0.0), NOON, UTC) is None


# clocks


def local(*parts: int, fold: int = 0) -> float:
    return datetime(*parts, tzinfo=BERLIN, fold=fold).timestamp()  # type: ignore[misc,arg-type]


def test_an_hour_that_is_left_out_in_spring_comes_when_the_clock_has_jumped() -> None:
    found = cron.next_after("30 2 * * *", local(2026, 3, 29, 0), BERLIN)
    assert found == local(2026, 3, 29, 3)
    assert cron.next_after("30 2 * * *", found, BERLIN) == local(2026, 3, 30, 2, 30)


@pytest.mark.parametrize(
    "since", [local(2026, 10, 25, 2, 30), local(2026, 10, 25, 2, 10, fold=1), local(2026, 10, 25, 2, 59)]
)
def test_an_hour_that_comes_twice_in_autumn_counts_once(since: float) -> None:
    assert cron.next_after("30 2 * * *", since, BERLIN) == local(2026, 10, 26, 2, 30)


def test_every_quarter_of_an_hour_goes_by_the_time_that_passes() -> None:
    at = local(2026, 10, 25, 1, 50)
    for _ in range(8):
        after = cron.next_after("*/15 * * * *", at, BERLIN)
        assert after - at <= 900
        at = after
    assert at == local(2026, 10, 25, 2, 45, fold=1)


@pytest.mark.parametrize("text", ["", "* * * *", "* * * * * *", "61 * * * *", "0 3 * * 9", "x", "@never", "0 0 31 2 *"])
def test_what_is_no_schedule_is_refused(text: str) -> None:
    with pytest.raises(ValueError, match=r"\w"):
        cron.next_after(text, 0.0, UTC)


@given(st.text(alphabet="*/-, 0123456789LW#@SUNJAdaily", max_size=20))
def test_any_text_is_a_schedule_or_refused(text: str) -> None:
    try:
        assert cron.next_after(text, 1e9, UTC) > 1e9
    except ValueError as error:
        assert str(error)


def test_the_zone_is_that_of_the_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TZ", "Asia/Kathmandu")
    assert cron.local_zone() == ZoneInfo("Asia/Kathmandu")
    monkeypatch.setenv("TZ", "No/Such")
    assert datetime.now(cron.local_zone()).utcoffset() == datetime.now().astimezone().utcoffset()
    monkeypatch.delenv("TZ")
    assert datetime.now(cron.local_zone()).utcoffset() == datetime.now().astimezone().utcoffset()


# looking and firing


@pytest.fixture
def project(tmp_path: Path) -> Project:
    return make(tmp_path, PIPELINE, in__txt="1\n")


@pytest.fixture
def store(project: Project) -> Store:
    return Store(project.store_path)


def configured(text: str) -> Config:
    """A configuration that no supervisor finds, so that it fires nothing at the end of a run."""
    return configs.parse(text)


def written(project: Project, text: str) -> Config:
    Path(project.config_path).write_text(text)
    return configs.load(project)


def ended(project: Project, store: Store) -> None:
    """Waits until no run goes on and no supervisor looks for triggers any more."""
    until(lambda: not pipelines.live(store.read()), "the end of the run")
    run = pipelines.latest(store.read())
    assert run is not None
    pid, ticks = run.supervisor_pid, run.supervisor_ticks

    def is_gone() -> bool:
        launch.reap()
        return pid is None or processes.start_ticks(pid) != ticks

    until(is_gone, "the supervisor's end")


def ran(project: Project) -> int:
    path = Path(project.path("ran.log"))
    return len(path.read_text().splitlines()) if path.exists() else 0


def kinds(store: Store) -> list[str]:
    return [event.kind for event in reversed(events.newest(store.read())) if event.kind.startswith("trigger.")]


def test_a_new_schedule_does_not_catch_up_and_a_known_one_does_so_once(project: Project, store: Store) -> None:
    config = configured('[triggers.hourly]\nschedule = "0 * * * *"\n')
    assert firing.tick(project, store, config, now=NOON + 100, zone=UTC) == []
    (outcome,) = firing.tick(project, store, config, now=NOON + 9 * 3600, zone=UTC)
    assert outcome.trigger == "hourly"
    assert outcome.reason == "scheduled for 2026-03-10 13:00"
    assert firing.tick(project, store, config, now=NOON + 9 * 3600 + 1, zone=UTC) == []
    ended(project, store)
    assert ran(project) == 1
    known = triggers_store.states(store.read())["hourly"]
    assert (known.run_id, known.fired_at) == (outcome.run_id, NOON + 9 * 3600)
    assert kinds(store) == ["trigger.fired"]


def test_a_dry_run_fires_nothing(project: Project, store: Store) -> None:
    config = configured('[triggers.hourly]\nschedule = "0 * * * *"\n')
    firing.tick(project, store, config, now=NOON + 100, zone=UTC)
    (outcome,) = firing.tick(project, store, config, now=NOON + 3600, zone=UTC, dry_run=True)
    assert not outcome.run_id
    assert kinds(store) == []
    assert len(firing.tick(project, store, config, now=NOON + 3600, zone=UTC, dry_run=True)) == 1


def test_what_was_missed_while_switched_off_or_under_another_schedule_is_not_made_up(
    project: Project, store: Store
) -> None:
    text = '[triggers.hourly]\nschedule = "0 * * * *"\n'
    firing.tick(project, store, configured(text), now=NOON + 100, zone=UTC)
    firing.tick(project, store, configured(text + "enabled = false\n"), now=NOON + 200, zone=UTC)
    assert firing.tick(project, store, configured(text), now=NOON + 9 * 3600 + 1, zone=UTC) == []
    other = configured(text.replace("0 *", "30 *"))
    assert firing.tick(project, store, other, now=NOON + 11 * 3600, zone=UTC) == []


def test_a_clock_that_was_put_back_does_not_silence_a_schedule(project: Project, store: Store) -> None:
    config = configured('[triggers.hourly]\nschedule = "0 * * * *"\n')
    firing.tick(project, store, config, now=NOON + 1e8, zone=UTC)
    firing.tick(project, store, config, now=NOON + 1, zone=UTC)
    assert len(firing.tick(project, store, config, now=NOON + 3600, zone=UTC)) == 1
    ended(project, store)


def test_a_change_of_matching_files_fires_once_and_what_stages_make_does_not_count(
    project: Project, store: Store
) -> None:
    config = configured('[triggers.data]\nchange = ["*.txt", "more/**/*.csv"]\n')
    later = time.time() + 10
    firing.tick(project, store, config, now=later)
    assert firing.tick(project, store, config, now=later) == []
    Path(project.path("more", "deep")).mkdir(parents=True)
    Path(project.path("more", "deep", "x.csv")).write_text("1")
    assert firing.tick(project, store, config) == []  # perhaps still being written
    (outcome,) = firing.tick(project, store, config, now=later)
    assert outcome.reason == "*.txt, more/**/*.csv changed"
    ended(project, store)
    assert ran(project) == 1
    assert firing.tick(project, store, config, now=later + 60) == []  # out.txt is new


def raised(store: Store, digest: str, severity: Severity = Severity.CRITICAL, column: str = "") -> None:
    """An alert about a column, by default one of which no alert was before."""
    report = MonitorReport(0, "production", f"{digest}.csv", "b.csv", digest, "drift", time.time(), row_count=9)
    with store.write() as db:
        keep(db, report, [drift.NewAlert("data_drift", severity, "alcohol moved", columns=(column or digest,))])


def test_an_open_alert_that_is_severe_enough_fires_once_with_cool_down(project: Project, store: Store) -> None:
    config = configured(
        '[monitors.production]\nwatch = "p/*.csv"\n[triggers.retrain]\ndrift = "production"\ncooldown = "1h"\n'
    )
    raised(store, "0", Severity.WARNING)
    assert firing.tick(project, store, config) == []
    raised(store, "1")
    now = time.time()
    (outcome,) = firing.tick(project, store, config, now=now)
    assert "alcohol moved" in outcome.reason
    ended(project, store)
    raised(store, "2")
    raised(store, "3")
    assert firing.tick(project, store, config, now=now + 3599) == []
    assert len(firing.tick(project, store, config, now=now + 3600)) == 1
    ended(project, store)
    assert firing.tick(project, store, config, now=now + 9999) == []
    raised(store, "4", column="3")
    assert firing.tick(project, store, config, now=now + 9999) == [], "the cause has been answered"
    raised(store, "5")
    with store.write() as db:
        newest = max(each.id for each in incidents.ranked(db, ["open"]))
        incidents.acknowledge(db, newest, "somebody")
    assert firing.tick(project, store, config, now=now + 99999) == []


def test_a_busy_pipeline_is_waited_for_and_its_supervisor_fires_what_waited(project: Project, store: Store) -> None:
    from mlops_tui import pipeline

    Path(project.path("dvc.yaml")).write_text(
        "stages:\n  slow:\n    cmd: while [ ! -e go ]; do sleep 0.02; done; echo >> ran.log\n    deps: [in.txt]\n"
    )
    config = written(project, '[triggers.yearly]\nschedule = "@yearly"\nforce = true\ncooldown = "1h"\n')
    firing.tick(project, store, config, now=time.time() - 400 * 86400)
    pipeline.start(project)
    for _ in range(3):
        (outcome,) = firing.tick(project, store, config)
        assert "is going on" in outcome.waits_for
    assert kinds(store) == ["trigger.waits"]
    assert triggers_store.states(store.read())["yearly"].waits_for
    Path(project.path("go")).touch()
    until(lambda: triggers_store.states(store.read())["yearly"].run_id, "the trigger's run")
    ended(project, store)
    assert kinds(store) == ["trigger.waits", "trigger.fired"]
    assert not triggers_store.states(store.read())["yearly"].waits_for
    assert ran(project) == 2


def test_a_pipeline_that_cannot_be_read_is_said_once_and_tried_again(project: Project, store: Store) -> None:
    config = configured('[triggers.hourly]\nschedule = "0 * * * *"\ntargets = ["nothing"]\n')
    firing.tick(project, store, config, now=NOON + 100, zone=UTC)
    for _ in range(2):
        (outcome,) = firing.tick(project, store, config, now=NOON + 3600, zone=UTC)
        assert "nothing" in outcome.waits_for
    assert kinds(store) == ["trigger.waits"]
    mended = configured('[triggers.hourly]\nschedule = "0 * * * *"\n')
    assert firing.tick(project, store, mended, now=NOON + 3600, zone=UTC)[0].run_id
    ended(project, store)


_RACE = """
import sys, time
from mlops_tui import config
from mlops_tui.pipeline import firing
from mlops_tui.project import Project
from mlops_store.store import Store
project = Project(sys.argv[1])
while time.time() < float(sys.argv[2]):
    pass
with Store(project.store_path) as store:
    for outcome in firing.tick(project, store, config.load(project)):
        print(outcome.run_id or "waits")
"""


def test_of_many_processes_exactly_one_fires(project: Project, store: Store) -> None:
    text = '[triggers.a]\nschedule = "@yearly"\nforce = true\n'
    for round_ in range(3):
        firing.tick(project, store, written(project, text + "enabled = false\n"))
        firing.tick(project, store, written(project, text), now=time.time() - 400 * 86400)
        begins = str(time.time() + 1.5)
        racing = [
            subprocess.Popen(
                [sys.executable, "-c", _RACE, project.root, begins], stdout=subprocess.PIPE, text=True, env=os.environ
            )
            for _ in range(6)
        ]
        told = [line for one in racing for line in one.communicate(timeout=60)[0].split()]
        assert len([line for line in told if line != "waits"]) == 1, told
        ended(project, store)
        assert ran(project) == round_ + 1
        assert kinds(store).count("trigger.fired") == round_ + 1
