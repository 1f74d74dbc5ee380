"""``runs plot``."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable

import pytest

from mlops_store import ids, metrics, runs
from mlops_store.store import Store


@pytest.fixture
def record(store: Store) -> Callable[..., str]:
    """Records a run with curves and returns its id."""

    def add(name: str, **curves: Iterable[float]) -> str:
        run_id = ids.new_id()
        with store.write() as db:
            runs.create(db, run_id=run_id, name=name, experiment="default", started_at=1e9)
            for key, values in curves.items():
                points = [(key, step, 1e9 + step / 10, value) for step, value in enumerate(values)]
                metrics.write(db, run_id, points)
        return run_id

    return add


def test_every_metric_with_a_curve_is_drawn_as_wide_and_high_as_asked_for(cli, record) -> None:
    record("one", loss=[3, 2, 1], auc=[0.1, 0.5, 0.7], final=[1])
    lines = cli("runs", "plot", "one", "--width", "50", "--height", "10").stdout.split("\n")
    assert lines[0].startswith("auc")
    assert lines[11].startswith("loss")
    assert len(lines) == 10 + 1 + 10 + 1
    assert max(map(len, lines)) <= 50
    assert not any("\x1b" in line for line in lines)  # a pipe has no colours


def test_json_has_the_points_at_the_resolution_of_the_chart(cli, record) -> None:
    run_id = record("one", loss=[float(step) for step in range(5000)])
    (found,) = cli("runs", "plot", "one", "loss", "--width", "20", "--json").json
    assert (found["key"], found["x"], found["window"]) == ("loss", "step", None)
    (series,) = found["series"]
    assert (series["run_id"], series["name"]) == (run_id, "one")
    assert len(series["points"]) <= 40
    assert series["points"][-1][3] == 4999.0


def test_runs_are_drawn_into_one_chart_and_read_at_one_place(cli, record) -> None:
    record("one", loss=[4, 3, 2])
    record("two", loss=[5, 4, math.nan])
    text = cli("runs", "plot", "one", "loss", "--with", "two", "--at", "1").stdout
    assert "step 1" in text.splitlines()[0]
    assert text.splitlines()[-1].split() == ["●", "one", "3", "■", "two", "4"]
    (found,) = cli("runs", "plot", "one", "loss", "--with", "two", "--at", "2", "--json").json
    assert [one["at"]["last"] for one in found["series"]] == [2.0, "NaN"]


def test_a_part_can_be_drawn_over_time_and_on_logarithmic_axes(cli, record) -> None:
    record("one", loss=[10.0 ** -(step / 20) for step in range(100)])
    (found,) = cli("runs", "plot", "one", "loss", "-x", "time", "--from", "2", "--json").json
    assert found["window"] == [2.0, 9.9]
    text = cli("runs", "plot", "one", "--log-y", "--log-x", "--smooth", "0.9").stdout
    assert "some have no logarithm" in text.splitlines()[0]
    assert "0.01" in text


def test_names_are_matched_by_regular_expressions(cli, record) -> None:
    record("one", val_loss=[1, 2], train_loss=[1, 2], lr=[1, 2])
    found = cli("runs", "plot", "one", "--match", "^(val|lr)", "--json").json
    assert [one["key"] for one in found] == ["val_loss", "lr"]
    refused = cli("runs", "plot", "one", "--match", "(val")
    assert refused.exit_code == 2
    assert "unterminated subpattern" in refused.stderr


def test_what_cannot_be_drawn_is_said(cli, record) -> None:
    record("one", loss=[1, 2], final=[3])
    unknown = cli("runs", "plot", "one", "los")
    assert (unknown.exit_code, "'loss'" in unknown.stderr or "loss?" in unknown.stderr) == (2, True)
    backwards = cli("runs", "plot", "one", "loss", "--from", "5", "--to", "1")
    assert backwards.exit_code == 2
    assert "nothing from 5 to 1" in backwards.stderr
    assert "no metric 'epoch'" in cli("runs", "plot", "one", "loss", "-x", "epoch").stdout
    record("none")
    nothing = cli("runs", "plot", "none")
    assert (nothing.exit_code, nothing.stdout, nothing.stderr) == (0, "", "no metric has a curve\n")
