"""Whatever a script passes is logged or reported, and never raises."""

from __future__ import annotations

import math
from collections.abc import Iterator
from decimal import Decimal
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from tracked import all_runs, only_run, opened, remarks, values

import mlops_tui as mlops
from mlops_store import events, journals, metrics
from mlops_store.errors import MlopsError

HOSTILE = [
    "[bold]x[/bold]",
    "two\nlines",
    "\x1b[31mred\x1b[0m",
    "\u202egnp.exe",
    "💥",
    "",
    "\0",
    "x" * 10_000,
    "\ud800",
]


class Angry:
    """Raises whenever it is looked at."""

    def __float__(self) -> float:
        raise RuntimeError("no")

    def __str__(self) -> str:
        raise RuntimeError("no")

    __repr__ = __str__


class Tensor:
    """A scalar as torch has it: no float, but converts to one."""

    def __float__(self) -> float:
        return 0.25


@pytest.fixture(autouse=True)
def project(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    monkeypatch.setenv("MLOPS_PROJECT", str(tmp_path))
    yield tmp_path
    while mlops.active_run():
        mlops.end_run()


@pytest.mark.parametrize("text", HOSTILE, ids=ascii)
def test_any_text_is_a_name_a_key_and_a_value(project: Path, text: str, capsys: pytest.CaptureFixture[str]) -> None:
    with mlops.start_run(run_name=text or None, experiment=text or None, tags={text: text}, params={text: text}):
        mlops.log_metric(text, 0.5)
        mlops.log_param(text + "2", text)
        mlops.set_tag(text + "2", text)
    kept = text.encode("utf-8", "backslashreplace").decode()
    run = only_run(project)
    if text:
        assert (run.name, run.experiment) == (kept, kept)
    assert run.metrics == {kept: 0.5}
    assert run.params == run.tags == {kept: kept, kept + "2": kept}
    assert capsys.readouterr().err == ""


def test_longer_names_and_texts_are_cut(project: Path) -> None:
    with mlops.start_run():
        mlops.log_metric("k" * 100_000, 1.0)
        mlops.log_param("p", "v" * 3_000_000)
    run = only_run(project)
    assert [len(key) for key in run.metrics] == [16_384]
    assert len(run.params["p"]) == 1 << 20


@pytest.mark.slow
def test_many_long_texts_at_once_do_not_count_as_damage(project: Path) -> None:
    texts = {f"text {n}": "\U0001f600" * (1 << 20) for n in range(25)}  # 300 MB as a journal holds them
    with mlops.start_run(params={f"first {key}": text for key, text in texts.items()}):
        mlops.log_params(texts)
        mlops.set_tags(texts)
        mlops.log_metric("after", 1.0)
    run = only_run(project)
    assert (run.metrics, str(run.status)) == ({"after": 1.0}, "FINISHED")
    assert run.tags == texts
    assert len(run.params) == 50
    assert remarks(project) == []


def test_what_is_too_long_for_a_journal_is_told_and_does_not_hide_what_follows(
    project: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(journals, "MAX_FRAME_BYTES", 200_000)
    with mlops.start_run():
        mlops.log_param("p", "v" * 300_000)
        mlops.log_metric("after", 1.0)
    run = only_run(project)
    assert (run.metrics, run.params) == ({"after": 1.0}, {})
    assert remarks(project) == ["1 records could not be written and are lost"]
    assert "bytes at once are too many to log" in capsys.readouterr().err


@pytest.mark.parametrize(
    ("value", "expected"),
    [
        (1, 1.0),
        (True, 1.0),
        (10**400, math.inf),
        (-(10**400), -math.inf),
        (Decimal("0.1"), 0.1),
        (np.float32(0.5), 0.5),
        (np.int64(3), 3.0),
        (np.array(0.75), 0.75),
        (np.array([[0.75]]), 0.75),
        (Tensor(), 0.25),
        ("0.5", 0.5),
        (math.inf, math.inf),
        (-math.inf, -math.inf),
        (5e-324, 5e-324),
    ],
    ids=lambda value: type(value).__name__,
)
def test_whatever_converts_to_a_number_is_one(project: Path, value: Any, expected: float) -> None:
    with mlops.start_run():
        mlops.log_metrics({"a": value, "b": 2.0}, step=np.int64(4))
    assert only_run(project).metrics == {"a": expected, "b": 2.0}
    assert remarks(project) == []


def test_nan_is_a_value(project: Path) -> None:
    with mlops.start_run():
        mlops.log_metrics({"a": math.nan, "b": np.nan})
    assert all(math.isnan(value) for value in only_run(project).metrics.values())


@pytest.mark.parametrize(
    "value", ["high", None, [1], {}, b"x", 1j, Angry(), np.zeros(3), object()], ids=lambda v: type(v).__name__
)
def test_what_is_no_number_is_reported_once_and_the_rest_is_logged(
    project: Path, value: Any, capsys: pytest.CaptureFixture[str]
) -> None:
    with mlops.start_run():
        for step in range(3):
            mlops.log_metrics({"bad": value, "good": 1.0}, step=step)
    assert only_run(project).metrics == {"good": 1.0}
    assert values(project, "good") == [1.0] * 3
    (line,) = capsys.readouterr().err.splitlines()
    assert line.startswith("mlops-tui: metric 'bad' is not a number")
    assert len(remarks(project)) == 1


def test_many_problems_are_told_up_to_a_number_and_that_there_are_more(
    project: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    with mlops.start_run():
        mlops.log_metrics({f"bad{number}": "high" for number in range(300)})
    lines = capsys.readouterr().err.splitlines()
    assert len(lines) == len(remarks(project)) == 100
    assert [line for line in lines if "not told any more" in line] == lines[-1:]


@pytest.mark.parametrize(
    ("step", "expected"), [(2.0, 2), (True, 1), (2**70, 2**63 - 1), (-(2**70), -(2**63)), ("3", 0)]
)
def test_a_step_that_is_nearly_one_is_taken(project: Path, step: Any, expected: int) -> None:
    with mlops.start_run() as run:
        mlops.log_metric("a", 1.0, step=step)
    with opened(project) as store:
        assert [point.step for point in metrics.history(store.read(), run.run_id, "a")] == [expected]


@pytest.mark.parametrize("step", [1.5, "x", [], math.nan, math.inf, Angry()], ids=lambda v: type(v).__name__)
def test_a_step_that_is_none_is_reported_and_the_value_kept(project: Path, step: Any) -> None:
    with mlops.start_run():
        mlops.log_metric("a", 1.0, step=step)
    assert values(project, "a") == [1.0]
    assert "is not a whole number" in remarks(project)[0]


@pytest.mark.parametrize("timestamp", ["x", math.nan, math.inf, 1e300, Angry()], ids=lambda v: type(v).__name__)
def test_a_time_that_is_none_is_reported_and_the_value_kept(project: Path, timestamp: Any) -> None:
    with mlops.start_run():
        mlops.log_metric("a", 1.0, timestamp=timestamp)
    assert values(project, "a") == [1.0]
    assert "is not a time" in remarks(project)[0]


@pytest.mark.parametrize("wrong", [None, 3, "text", [("a", 1)], Angry()], ids=lambda v: type(v).__name__)
def test_something_else_than_a_dict_is_reported(project: Path, wrong: Any) -> None:
    with mlops.start_run():
        mlops.log_metrics(wrong)
        mlops.log_params(wrong)
        mlops.set_tags(wrong)
        mlops.log_metric("a", 1.0)
    assert only_run(project).metrics == {"a": 1.0}
    assert sum("must be given as a dict" in remark for remark in remarks(project)) >= 2


def test_keys_that_are_no_text_become_text(project: Path) -> None:
    with mlops.start_run():
        mlops.log_metrics({1: 1.0, None: 2.0, (1, 2): 3.0, b"x": 4.0})  # type: ignore[dict-item]
        mlops.log_params({1: Angry(), Angry(): 1})
    run = only_run(project)
    assert run.metrics == {"1": 1.0, "None": 2.0, "(1, 2)": 3.0, "b'x'": 4.0}
    assert run.params == {"1": "<Angry: RuntimeError>", "<Angry: RuntimeError>": "1"}


def test_a_status_that_is_none_is_reported(project: Path) -> None:
    mlops.start_run()
    mlops.end_run("DONE")
    assert str(only_run(project).status) == "FINISHED"
    assert "'DONE'" in remarks(project)[0]


def test_remarks_are_printable_whatever_they_quote(project: Path, capsys: pytest.CaptureFixture[str]) -> None:
    with mlops.start_run():
        for text in HOSTILE:
            mlops.log_metric(text, text)
    for line in capsys.readouterr().err.splitlines():
        assert line.startswith("mlops-tui: ")
        assert line.isprintable()
        assert len(line) < 600


@pytest.mark.parametrize("text", [text for text in HOSTILE if text.strip()], ids=ascii)
def test_errors_are_printable_whatever_they_quote(project: Path, text: str) -> None:
    with pytest.raises(MlopsError) as raised:
        mlops.start_run(run_id=text)
    assert all(one.isprintable() or one in "\n\t" for one in str(raised.value))


def test_a_script_that_logs_nonsense_for_ever_gets_a_bounded_number_of_remarks(
    project: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    with mlops.start_run():
        for number in range(1000):
            mlops.log_metric(f"m{number}", "bad")
    assert len(capsys.readouterr().err.splitlines()) == 100
    with opened(project) as store:
        assert len(events.newest(store.read(), limit=2000)) == 100


anything = st.one_of(
    st.floats(), st.integers(), st.text(max_size=20), st.none(), st.booleans(), st.binary(max_size=5),
    st.lists(st.integers(), max_size=2), st.decimals(), st.complex_numbers(),
)  # fmt: skip


keys = st.one_of(st.text(max_size=30), st.floats(), st.integers(), st.none(), st.booleans(), st.binary(max_size=5))


@given(
    pairs=st.dictionaries(keys, anything),
    step=anything,
    timestamp=anything,
)
@settings(max_examples=150, suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=None)
def test_no_log_call_ever_raises(project: Path, pairs: Any, step: Any, timestamp: Any) -> None:
    with mlops.start_run():
        mlops.log_metrics(pairs, step=step, timestamp=timestamp)
        mlops.log_params(pairs)
        mlops.set_tags(pairs)
    assert all(run.ended_at for run in all_runs(project))
