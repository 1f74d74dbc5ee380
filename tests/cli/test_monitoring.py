"""Monitors that init and the registration of a model put into mlops.toml."""

from __future__ import annotations

from pathlib import Path

import pytest

from mlops_tui import config
from mlops_tui.config.monitor_windows import EarlierConfig
from mlops_tui.config.monitors import MonitorConfig
from mlops_tui.project import Project


def monitors(project: Path) -> dict[str, MonitorConfig]:
    return dict(config.load(Project(str(project))).monitors)


@pytest.fixture
def model(project: Path) -> Path:
    (project / "model.py").write_text("def predict(rows):\n    return rows\n")
    return project / "model.py"


REGISTER = ("--allow-source", "--file")


def test_init_watches_a_folder_that_looks_like_production_data(cli, project: Path) -> None:
    (project / "data" / "batches").mkdir(parents=True)
    for name in ("1.csv", "2.csv", "3.jsonl.gz", "notes.md", "4.csv.part"):
        (project / "data" / "batches" / name).write_text("a\n1\n")
    (project / "data" / "train.csv").write_text("a\n1\n")
    assert cli("init").exit_code == 0
    [monitor] = monitors(project).values()
    assert (monitor.watch, monitor.reference) == (("data/batches/*.csv", "data/batches/*.jsonl.gz"), "data/train.csv")


def test_without_anything_to_compare_with_init_only_shows_how(cli, project: Path) -> None:
    (project / "production").mkdir()
    (project / "production" / "1.csv").write_text("a\n1\n")
    cli("init")
    assert monitors(project) == {}
    assert "# [monitors.production]" in (project / "mlops.toml").read_text()


def test_a_new_model_gets_a_monitor_of_the_requests_to_its_server(cli, project: Path, model: Path) -> None:
    cli("init")
    before = (project / "mlops.toml").read_text()
    done = cli("models", "register", "churn", *REGISTER, str(model))
    assert "added [monitors.churn] to mlops.toml" in done.stderr
    [monitor] = monitors(project).values()
    assert (monitor.model, monitor.requests, monitor.window.length_s) == ("churn", "churn", 86400.0)
    assert monitor.earlier == EarlierConfig("first", 3), "nothing is known of its training data"
    assert (project / "mlops.toml").read_text().startswith(before), "what was there stays as it was written"
    again = cli("models", "register", "churn", *REGISTER, str(model))
    assert "added" not in again.stderr


def test_a_new_model_gets_a_monitor_of_the_folder_that_none_watches(cli, project: Path, model: Path) -> None:
    cli("init")
    (project / "mlops.toml").write_text("[monitors.churn]\nwatch = 'batches/*.csv'")
    for folder in ("batches", "production"):
        (project / folder).mkdir()
        (project / folder / "1.csv").write_text("a\n1\n")
    cli("models", "register", "churn", *REGISTER, str(model))
    found = monitors(project)
    assert list(found) == ["churn", "churn-production"]
    assert found["churn-production"].watch == ("production/*.csv",)


def test_no_monitor_is_added_where_one_is_there_or_none_is_wanted(cli, project: Path, model: Path) -> None:
    cli("init")
    for name in ('odd "name"', "dry", "unwanted", "watched"):
        (project / "mlops.toml").write_text("[monitors.own]\nmodel = 'watched'\n")
        words = {"dry": ["--dry-run"], "unwanted": ["--no-monitor"]}.get(name, [])
        cli("models", "register", name, *words, *REGISTER, str(model))
        assert len(monitors(project)) == 1 + (name == 'odd "name"')
    (project / "mlops.toml").unlink()
    cli("models", "register", "other", *REGISTER, str(model))
    assert not (project / "mlops.toml").exists(), "a project without the file gets none"


def test_a_model_that_a_script_registered_gets_a_monitor_with_its_first_version_in_charge(
    cli, project: Path, model: Path
) -> None:
    cli("init")
    before = (project / "mlops.toml").read_text()
    cli("models", "register", "churn", "--no-monitor", *REGISTER, str(model))
    assert "added" not in cli("models", "promote", "churn", "1", "--to", "staging").stderr
    assert "added [monitors.churn] to mlops.toml" in cli("models", "promote", "churn", "1", "--to", "production").stderr
    assert list(monitors(project)) == ["churn"]
    (project / "mlops.toml").write_text(before)
    for stage in ("staging", "production"):
        assert "added" not in cli("models", "promote", "churn", "1", "--to", stage).stderr
    assert monitors(project) == {}, "somebody took it away on purpose"
