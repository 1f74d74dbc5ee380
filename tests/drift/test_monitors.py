import hashlib
import os
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from mlops_store import drift, events, incidents
from mlops_store.errors import NotFound, Refused, UsageError
from mlops_store.records import ModelVersion, Severity
from mlops_store.store import Store
from mlops_tui import config as configuration
from mlops_tui.config import Config
from mlops_tui.drift import monitors
from mlops_tui.drift.predictions import Model
from mlops_tui.project import Project
from mlops_tui.registry import formats

CONFIG = """
[monitors.churn]
watch = ["production/*"]
reference = "train.csv"
"""


def a_frame(rows: int = 300, seed: int = 0, shift: float = 0.0) -> pd.DataFrame:
    rng = np.random.default_rng(seed)
    return pd.DataFrame(
        {
            "age": rng.normal(40 + 10 * shift, 10, rows).round(3),
            "income": rng.lognormal(3, 1, rows).round(3),
            "plan": rng.choice(["free", "pro"], rows),
        }
    )


class Place:
    """A project with a monitor, and batches that arrived a minute ago."""

    def __init__(self, root: Path, text: str = CONFIG) -> None:
        self.project = Project(str(root))
        self.store = Store(self.project.store_path)
        self.configure(text)
        (root / "production").mkdir()
        a_frame().to_csv(root / "train.csv", index=False)

    def configure(self, text: str) -> None:
        Path(self.project.config_path).write_text(text)
        self.config: Config = configuration.load(self.project)

    def deliver(self, name: str, content: pd.DataFrame | bytes, age_s: float = 60.0) -> Path:
        path = Path(self.project.path("production", name))
        data = content if isinstance(content, bytes) else content.to_csv(index=False).encode()
        path.write_bytes(data)
        then = time.time() - age_s
        os.utime(path, (then, then))
        return path

    def open_model(self, version: ModelVersion) -> Model:
        return formats.load_version(self.store, version)

    def pending(self) -> list[tuple[str, str]]:
        found = monitors.pending(self.project, self.store.read(), self.config).batches
        return [(monitor, os.path.relpath(path, self.project.root)) for monitor, path in found]

    def check(self, **options: object) -> dict[str, str]:
        reports = monitors.check(self.project, self.store, self.config, open_model=self.open_model, **options)  # type: ignore[arg-type]
        return {report.batch: report.status for report in reports}

    def alerts(self) -> list[tuple[str, str, str]]:
        return [(alert.batch, alert.kind, alert.severity) for alert in drift.alerts(self.store.read())]


@pytest.fixture
def place(tmp_path: Path) -> Iterator[Place]:
    place = Place(tmp_path)
    yield place
    place.store.close()


def test_new_batches_wait_and_are_checked_once(place: Place) -> None:
    place.deliver("1.csv", a_frame(seed=1))
    place.deliver("2.csv", a_frame(seed=2, shift=2.0))
    assert place.pending() == [("churn", "production/1.csv"), ("churn", "production/2.csv")]
    assert place.check() == {"production/1.csv": "ok", "production/2.csv": "drift"}
    assert place.pending() == []
    assert place.check() == {}
    assert place.alerts() == [("production/2.csv", "data_drift", "warning")]


def test_a_report_holds_the_columns_the_reference_and_what_it_took(place: Place) -> None:
    path = place.deliver("1.csv", a_frame(200, seed=1))
    (report,) = monitors.check(place.project, place.store, place.config, open_model=place.open_model)
    assert (report.row_count, report.path, report.checked_columns) == (200, str(path), 3)
    assert [column.column for column in report.columns] == ["age", "income", "plan"]
    assert report.duration_s > 0
    assert report == drift.report(place.store.read(), report.id)
    profile = drift.find_profile(place.store.read(), "none")
    assert profile is None
    assert place.store.read().execute("SELECT count(*) FROM profiles").fetchone() == (1,)


def test_touching_a_checked_batch_does_not_check_it_again(place: Place) -> None:
    path = place.deliver("1.csv", a_frame(seed=1))
    place.check()
    os.utime(path, (1.0, 1.0))
    assert place.pending() == []
    assert place.check() == {}


def test_a_replaced_batch_is_checked_again_and_settles_its_former_alerts(place: Place) -> None:
    place.deliver("1.csv", b"")
    place.deliver("2.csv", a_frame(seed=2, shift=2.0))
    place.check()
    assert place.alerts() == [
        ("production/1.csv", "unreadable", "critical"), ("production/2.csv", "data_drift", "warning"),
    ]  # fmt: skip
    place.deliver("1.csv", a_frame(seed=1))
    assert place.check() == {"production/1.csv": "ok"}
    assert place.alerts() == [("production/2.csv", "data_drift", "warning")]


def test_a_good_batch_settles_nothing_about_an_earlier_one(place: Place) -> None:
    place.deliver("1.csv", a_frame(seed=2, shift=2.0))
    place.check()
    place.deliver("2.csv", a_frame(seed=1))
    place.check()
    assert place.alerts() == [("production/1.csv", "data_drift", "warning")]


def test_forcing_checks_again_without_doubling_alerts(place: Place) -> None:
    place.deliver("1.csv", a_frame(seed=2, shift=2.0))
    place.check()
    assert place.check(force=True) == {"production/1.csv": "drift"}
    assert len(place.alerts()) == 1
    (incident,) = incidents.ranked(place.store.read(), ["open"])
    assert incident.windows == 1


@pytest.mark.parametrize(
    ("content", "error"),
    [
        (b"", "is empty"),
        (b"age,income,plan\n", "has a header but no rows"),
        (b"\x00\x01", "holds binary data, and is no Parquet file"),
        (b"a,b\n1,2,3\n", "has rows with more fields than its header has names"),
        (b"PAR1 and no more", "is not a complete Parquet file"),
    ],
)
def test_a_broken_batch_is_reported_as_unreadable(place: Place, content: bytes, error: str) -> None:
    place.deliver("1.csv", content)
    (report,) = monitors.check(place.project, place.store, place.config, open_model=place.open_model)
    assert report.status == "error"
    assert report.error.startswith(error)
    assert (report.row_count, report.columns) == (None, ())
    (alert,) = drift.alerts(place.store.read())
    assert (alert.kind, alert.severity) == ("unreadable", Severity.CRITICAL)
    assert place.check() == {}


@pytest.mark.skipif(os.geteuid() == 0, reason="root may read every file")
def test_a_batch_that_may_not_be_read_is_unreadable(place: Place) -> None:
    place.deliver("1.csv", a_frame()).chmod(0)
    assert place.check() == {"production/1.csv": "error"}


def test_parquet_batches_are_checked(place: Place) -> None:
    a_frame(seed=1).to_parquet(place.project.path("production", "1.parquet"))
    os.utime(place.project.path("production", "1.parquet"), (1.0, 1.0))
    assert place.check() == {"production/1.parquet": "ok"}


def test_what_was_guessed_is_noted(place: Place) -> None:
    place.deliver("1.csv", a_frame(5).to_csv(index=False, sep=";").encode())
    (report,) = monitors.check(place.project, place.store, place.config, open_model=place.open_model)
    assert report.notes == (
        "read with the separator ';'",
        "the batch has only 5 rows: hardly any drift can show",
    )


def test_a_file_still_being_written_waits(place: Place) -> None:
    place.deliver("1.csv", a_frame(seed=1), age_s=0.0)
    place.deliver("2.csv.part", a_frame(seed=1))
    place.deliver(".3.csv", a_frame(seed=1))
    assert place.pending() == []
    assert place.check() == {"production/1.csv": "ok"}, "a check waits until nobody writes"


def test_a_check_sees_the_whole_of_a_file_that_grows_when_it_begins(place: Place) -> None:
    source, target = place.project.path("source.csv"), place.project.path("production", "1.csv")
    a_frame(400, seed=1).to_csv(source, index=False)
    script = (
        "import sys, time\n"
        "lines = open(sys.argv[1]).readlines()\n"
        "with open(sys.argv[2], 'w') as file:\n"
        "    for start in range(0, len(lines), 80):\n"
        "        file.writelines(lines[start:start + 80]); file.flush(); time.sleep(0.15)\n"
    )
    writer = subprocess.Popen([sys.executable, "-c", script, source, target])
    while not os.path.exists(target):
        time.sleep(0.01)
    (report,) = monitors.check(place.project, place.store, place.config, open_model=place.open_model)
    assert writer.wait() == 0
    assert report.row_count == 400


def test_a_batch_that_is_replaced_while_it_is_read_is_taken_as_a_whole(place: Place) -> None:
    for name, rows in (("a", 100), ("b", 20_000)):
        a_frame(rows, seed=1).to_csv(place.project.path(f"{name}.csv"), index=False)
    target = place.deliver("1.csv", a_frame(100, seed=1))
    script = (
        "import os, shutil, sys\n"
        "while True:\n"
        "    for name in ('a', 'b'):\n"
        "        shutil.copyfile(f'{sys.argv[1]}/{name}.csv', f'{sys.argv[1]}/new')\n"
        "        os.utime(f'{sys.argv[1]}/new', (1, 1))\n"
        "        os.replace(f'{sys.argv[1]}/new', sys.argv[2])\n"
    )
    reports = []
    with subprocess.Popen([sys.executable, "-c", script, place.project.root, str(target)]) as replacing:
        try:
            # a check may find that somebody goes on writing, and how many end in a second is up to the machine
            while len(reports) < 8 or {report.row_count for report in reports} != {100, 20_000}:
                assert replacing.poll() is None
                reports += monitors.check(
                    place.project, place.store, place.config, open_model=place.open_model, force=True
                )
        finally:
            replacing.kill()
    digests = {
        hashlib.sha256(Path(place.project.path(f"{name}.csv")).read_bytes()).hexdigest(): rows
        for name, rows in (("a", 100), ("b", 20_000))
    }
    assert all(digests[report.digest] == report.row_count for report in reports)


def test_several_monitors_check_the_same_batch_each_with_its_own_settings(place: Place) -> None:
    second = CONFIG.replace("churn", "strict") + 'drift_share = 0.1\ncolumns = ["age"]\n'
    place.configure(CONFIG + second)
    place.deliver("1.csv", a_frame(seed=2, shift=2.0))
    place.check()
    alerts = {alert.monitor: alert.severity for alert in drift.alerts(place.store.read())}
    assert alerts == {"churn": "warning", "strict": "critical"}
    assert place.check(monitor="strict", force=True) == {"production/1.csv": "drift"}
    assert len(drift.reports(place.store.read(), "strict")) == 2


def test_named_files_go_to_the_monitors_that_watch_them(place: Place) -> None:
    place.configure(CONFIG + CONFIG.replace("churn", "other").replace("production/*", "elsewhere/*"))
    watched = place.deliver("1.csv", a_frame(seed=1))
    place.deliver("2.csv", a_frame(seed=2))
    assert place.check(paths=[str(watched)]) == {"production/1.csv": "ok"}
    assert {report.monitor for report in drift.reports(place.store.read())} == {"churn"}
    outside = Path(place.project.path("loose.csv"))
    a_frame(seed=3).to_csv(outside, index=False)
    with pytest.raises(UsageError, match="no monitor watches"):
        place.check(paths=[str(outside)])
    assert place.check(paths=[str(outside)], monitor="other") == {"loose.csv": "ok"}


def test_a_monitor_or_file_that_is_not_there_is_not_found(place: Place) -> None:
    with pytest.raises(NotFound, match="chrun") as caught:
        place.check(monitor="chrun")
    assert "churn" in caught.value.hint
    with pytest.raises(NotFound, match="nowhere"):
        place.check(paths=["/nowhere/1.csv"])


def test_without_a_reference_nothing_waits_and_a_check_says_what_to_do(place: Place) -> None:
    place.configure('[monitors.churn]\nwatch = ["production/*"]\nmodel = "churn"\n')
    place.deliver("1.csv", a_frame(seed=1))
    assert place.pending() == []
    with pytest.raises(Refused, match=r"no version of churn is in production") as caught:
        place.check()
    assert "promote a version of churn to production" in caught.value.hint
    place.configure('[monitors.churn]\nwatch = ["production/*"]\n')
    with pytest.raises(Refused, match="neither a model nor a file"):
        place.check()


def test_a_monitor_without_a_reference_does_not_keep_the_others_from_their_work(place: Place) -> None:
    place.configure('[monitors.a]\nwatch = ["production/*"]\nmodel = "m"\n' + CONFIG)
    place.deliver("1.csv", a_frame(seed=1))
    with pytest.raises(Refused, match=r"monitors\.a"):
        place.check()
    assert [report.monitor for report in drift.reports(place.store.read())] == ["churn"]


@pytest.mark.parametrize(
    ("content", "message"), [(None, "cannot be read"), (b"", "is empty"), (b"a,b\n1,2,3", "more fields")]
)
def test_a_broken_reference_is_an_error_that_names_it(place: Place, content: bytes | None, message: str) -> None:
    path = Path(place.project.path("train.csv"))
    if content is None:
        path.unlink()
    else:
        path.write_bytes(content)
    place.deliver("1.csv", a_frame(seed=1))
    with pytest.raises(UsageError, match=rf"monitors\.churn\.reference: train\.csv .*{message}"):
        place.check()


def test_a_changed_reference_file_is_used_from_then_on(place: Place) -> None:
    place.deliver("1.csv", a_frame(seed=1))
    place.check()
    a_frame(shift=2.0).to_csv(place.project.path("train.csv"), index=False)
    place.deliver("2.csv", a_frame(seed=1))
    assert place.check() == {"production/2.csv": "drift"}
    assert place.store.read().execute("SELECT count(*) FROM profiles").fetchone() == (2,)


def test_a_small_reference_is_said(place: Place) -> None:
    a_frame(12).to_csv(place.project.path("train.csv"), index=False)
    place.deliver("1.csv", a_frame(seed=1, shift=5.0))
    (report,) = monitors.check(place.project, place.store, place.config, open_model=place.open_model)
    assert (report.status, report.checked_columns) == ("ok", 0)
    assert "the reference has only 12 rows, at least 30 are needed to compare" in report.notes


def test_two_processes_that_check_at_once_report_once(place: Place) -> None:
    for number in range(6):
        place.deliver(f"{number}.csv", a_frame(seed=number, shift=2.0))
    script = (
        "import sys\n"
        "from mlops_store.store import Store\n"
        "from mlops_tui import config\n"
        "from mlops_tui.drift import monitors\n"
        "from mlops_tui.project import Project\n"
        "project = Project(sys.argv[1])\n"
        "print(len(monitors.check(project, Store(project.store_path), config.load(project), open_model=None)))\n"
    )
    command = [sys.executable, "-c", script, place.project.root]
    checkers = [subprocess.Popen(command, stdout=subprocess.PIPE, text=True) for _ in range(3)]
    made = [int(checker.communicate()[0]) for checker in checkers]
    assert sum(made) == 6
    assert len(drift.reports(place.store.read())) == 6
    assert len(place.alerts()) == 6


def test_hostile_file_names_are_batches_like_others(place: Place) -> None:
    names = ["[bold]x.csv", "line\nbreak.csv", "\x1b[31m.csv", os.fsdecode(b"\xff.csv"), "💥" * 50 + ".csv"]
    for name in names:
        place.deliver(name, a_frame(seed=1))
    assert len(place.check()) == len(names)
    assert place.pending() == []


def test_each_check_leaves_an_event(place: Place) -> None:
    place.deliver("1.csv", a_frame(seed=1))
    place.check()
    (event,) = events.newest(place.store.read())
    assert (event.kind, event.message) == ("drift.ok", "churn checked production/1.csv: nothing to report")


def test_the_profile_and_the_predictions_of_the_version_in_production_are_used(
    place: Place, monkeypatch: pytest.MonkeyPatch
) -> None:
    from sklearn.tree import DecisionTreeClassifier

    import mlops_tui as mlops
    from mlops_tui.registry import stages

    place.configure('[monitors.churn]\nwatch = ["production/*"]\nmodel = "churn"\n')
    monkeypatch.chdir(place.project.root)
    frame = a_frame()[["age", "income"]]
    model = DecisionTreeClassifier(max_depth=1).fit(frame, frame["age"] > 40)
    with mlops.start_run():
        logged = mlops.log_model(model, name="model", reference=frame.assign(prediction=model.predict(frame)))
    mlops.register_model(logged.model_uri, "churn")
    place.deliver("1.csv", a_frame(seed=1)[["age", "income"]])
    assert place.pending() == []
    stages.promote(place.store, place.config, "churn", 1, to_stage="production")
    assert place.pending() == [("churn", "production/1.csv")]
    place.deliver("2.csv", a_frame(seed=1, shift=2.0)[["age", "income"]])
    assert place.check() == {"production/1.csv": "ok", "production/2.csv": "drift"}
    assert sorted(place.alerts()) == [
        ("production/2.csv", "data_drift", "critical"), ("production/2.csv", "prediction_drift", "critical"),
    ]  # fmt: skip
    newest = drift.reports(place.store.read())[0]
    assert (newest.model, newest.version) == ("churn", 1)
