from __future__ import annotations

from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mlops_store.errors import SpecError
from mlops_tui import config
from mlops_tui.config import Config
from mlops_tui.config.monitor_windows import EarlierConfig, WindowConfig
from mlops_tui.config.monitors import MonitorConfig
from mlops_tui.project import Project

FULL = """
[project]
experiment = "tumour"

[registry]
stages = ["trial", "live", "attic"]
single = ["live"]

[metrics]
auc = "max"
cost = "min"

[monitors.production]
model = "tumour"
watch = ["production/*.csv", "production/*.parquet"]
ignore = ["id"]
drift_share = 0.3
[monitors.production.methods]
radius = "psi"
[monitors.production.thresholds]
ks = 0.01

[ui]
theme = "nord"

[keys]
"runs.compare" = "x"
"""


def test_every_part_of_the_file_is_read() -> None:
    read = config.parse(FULL)
    assert read.experiment == "tumour"
    assert read.registry.stages == ("trial", "live", "attic")
    assert read.registry.first == "trial"
    assert read.registry.archive == "attic"
    monitor = read.monitors["production"]
    assert monitor.watch == ("production/*.csv", "production/*.parquet")
    assert monitor.methods == {"radius": "psi"}
    assert monitor.thresholds == {"ks": 0.01}
    assert monitor.drift_share == 0.3
    assert read.goal("cost") == "min"
    assert read.ui.keys == {"runs.compare": "x"}


def test_a_project_without_the_file_has_the_defaults(tmp_path: Path) -> None:
    assert config.load(Project(str(tmp_path))) == Config()


@pytest.mark.parametrize(
    ("text", "line", "words"),
    [
        ("a = [1,\nb = 2", 2, ""),
        ("[registry]\n\nstagez = []", 3, "did you mean 'stages'?"),
        ("[monitor.x]\n", 1, "did you mean 'monitors'?"),
        ("[registry]\nstages = 'dev'\n", 2, "at least two"),
        ("[registry]\nstages = ['a', 'b']\nsingle = ['c']", 3, "unknown stage 'c'"),
        ("[registry]\nsingle = ['archived']", 2, "is the archive"),
        ("[monitors.p]\nwatch = '../x/*.csv'", 2, "leaves the project"),
        ("[monitors.p]\nwatch = '/etc/*'", 2, "leaves the project"),
        ("[monitors.p]\ndrift_share = 7", 2, "not between 0 and 1"),
        ("[monitors.p]\nquality = true", 2, "must be a table, not a boolean"),
        ("[monitors.p.quality]\nmin_row = 3", 2, "min_rows"),
        ("[monitors.p.quality]\nmin_rows = 9\nmax_rows = 3", 2, "is 9, but max_rows is 3"),
        ("[monitors.p.quality]\nmax_missing = {age = 2}", 2, "2 is not between 0 and 1"),
        ("[monitors.p.quality]\nranges = {age = [3, 1]}", 2, "is empty"),
        ("[monitors.p.quality]\nranges = {age = 3}", 2, "the smallest and the largest"),
        ("[monitors.p.quality]\nvalues = {plan = 'free'}", 2, "must be a list of values"),
        ("[monitors.p.quality]\nfresh = {at = 'soon'}", 2, "no length of time"),
        ("[monitors.p]\ndrift_share = true", 2, "must be a number"),
        ("[monitors.p]\nwindow = '5 lines'", 2, "cannot be '5 lines'"),
        ("[monitors.p]\nwindow = 0", 2, "needs at least one row"),
        ("[monitors.p]\nwindow = '1d'", 2, "needs the column that says when"),
        ("[monitors.p]\nwindow = 9\nwait = '1h'", 3, "only belongs to windows of time"),
        ("[monitors.p]\nquery = 'SELECT 1'", 2, "needs a database"),
        ("[monitors.p]\ninterval = 5", 2, "only belongs to a query"),
        ("[monitors.p]\nwatch = 'in/*'\nquery = 'SELECT 1'\ndatabase = 'a.db'", 3, "cannot stand beside watch"),
        ("[monitors.p]\nreference = { last = 0 }", 2, "needs at least one window"),
        ("[monitors.p]\nreference = { last = 1, first = 2 }", 2, "one kind of windows"),
        ("[monitors.p]\nreference = { weekday = 1 }", 2, "needs the column that says when"),
        ("[monitors.p]\ntime = 't'\nreference = { from = 'May', to = 2026-01-01 }", 3, "must be a date, not 'May'"),
        ("[monitors.p]\ntime = 't'\nreference = { from = 2026-01-02, to = 2026-01-01 }", 3, "not after"),
        ("[metrics]\nauc = 'up'", 2, "cannot be 'up'"),
        ("ui = 3", 1, "must be a table"),
        ("[resources]\ncpu = 4", 2, "did you mean 'cpus'?"),
        ("[resources]\ncpus = -4", 2, "must be a whole number"),
        ("[resources]\nmemory = 'much'", 2, "must be a size"),
        ("[executors.far]\ncommand = 'ssh far'", 2, "must be a list of words"),
        ("[executors.far]\nquote = true", 1, "must be a list of words"),
        ("[executors.far]\ncommand = ['ssh']\nquote = 'yes'", 3, "must be true or false"),
        ("[serve.churn]\ndrop = ['a']\nhash = 'a'", 1, "two rules for the column 'a'"),
        ("[serve.churn]\nhide = 'a'", 2, "is not a key"),
        ("[serve.churn.round]\nage = 0.5", 2, "must be a whole number of digits"),
        ("[executors.local]\ncommand = ['nice']", 1, "is what runs on this machine"),
    ],
)
def test_a_wrong_file_is_refused_with_its_line_and_what_would_help(text: str, line: int, words: str) -> None:
    with pytest.raises(SpecError) as caught:
        config.parse(text)
    assert caught.value.line == line
    assert str(caught.value).startswith(f"mlops.toml:{line}:")
    assert words in str(caught.value)


def test_resources_and_executors_are_read() -> None:
    found = config.parse(
        """
        [resources]
        cpus = 4
        memory = "16GB"
        [executors.cluster]
        command = ["srun", "--gres=gpu:1"]
        [executors.far]
        command = ["ssh", "far"]
        shell = "/bin/bash"
        quote = true
        """
    )
    assert found.resources == config.ResourcesConfig(4, 16 * 10**9, None)
    assert found.executors == {
        "cluster": config.ExecutorConfig("cluster", ("srun", "--gres=gpu:1")),
        "far": config.ExecutorConfig("far", ("ssh", "far"), "/bin/bash", True),
    }


def test_a_file_that_is_not_text_is_refused(tmp_path: Path) -> None:
    (tmp_path / "mlops.toml").write_bytes(b"\xff\xfe\x00")
    with pytest.raises(SpecError, match="not UTF-8"):
        config.load(Project(str(tmp_path)))


@pytest.mark.parametrize(
    ("metric", "goal"),
    [
        ("auc", "max"),
        ("val_loss", "min"),
        ("valloss", "min"),
        ("rmse", "min"),
        ("accuracy", "max"),
        ("log-loss", "min"),
        ("train_seconds", "min"),
        ("samples_per_second", "max"),
        ("train/duration", "min"),
        ("neg_mean_squared_error", "max"),
        ("mean_test_neg_log_loss", "max"),
    ],
)
def test_the_better_direction_of_a_metric_is_guessed_from_its_name(metric: str, goal: str) -> None:
    assert Config().goal(metric) == goal


@given(st.text(max_size=200))
def test_any_text_is_either_read_or_refused_with_the_file_named(text: str) -> None:
    try:
        config.parse(text)
    except SpecError as error:
        assert error.file == "mlops.toml"


def test_how_long_a_run_takes_that_is_told_of_can_be_set() -> None:
    assert config.parse("").ui.notify_after_s == 30
    assert config.parse("[ui]\nnotify_after_s = 0\n").ui.notify_after_s == 0
    with pytest.raises(SpecError, match="notify_after_s") as caught:
        config.parse("[ui]\ntheme = 'x'\nnotify_after_s = -1\n")
    assert caught.value.line == 3


def test_how_pictures_are_drawn_can_be_set() -> None:
    assert config.parse("").ui.images == "auto"
    assert config.parse("[ui]\nimages = 'kitty'\n").ui.images == "kitty"
    with pytest.raises(SpecError, match=r"ui\.images cannot be 'kity'") as caught:
        config.parse("[ui]\nimages = 'kity'\n")
    assert "kitty" in caught.value.hint


def test_windows_and_earlier_ones_as_the_reference_are_read() -> None:
    def monitor(settings: str) -> MonitorConfig:
        return config.parse(f"[monitors.p]\nwatch = 'in/*'\ntime = 'at'\n{settings}").monitors["p"]

    assert monitor("").window.is_batch
    assert monitor("window = '1_000 rows'").window == monitor("window = 1000").window == WindowConfig(rows=1000)
    assert monitor("window = '1d'\nwait = '2h'").window == WindowConfig(length_s=86400.0, wait_s=7200.0)
    assert monitor("reference = { weekday = 4 }").earlier == EarlierConfig("weekday", 4)
    span = monitor("reference = { from = 2026-01-01, to = '2026-01-02T12:00:00Z' }").earlier
    assert span == EarlierConfig("span", 0, 1767225600.0, 1767225600.0 + 36 * 3600)
    assert monitor("reference = 'train.csv'").earlier is None
