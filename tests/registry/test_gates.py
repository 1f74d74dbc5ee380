"""Gates: what each kind finds, what is recorded, and that no version passes one that refuses."""

from __future__ import annotations

import json
import os
import shutil
import sqlite3
import sys
import time
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import psutil
import pytest
from registry_builders import log_directory, make_run, make_store, make_version
from sklearn.linear_model import LogisticRegression

from mlops_store import audit, audit_chain, drift, gate_verdicts, model_facts, model_versions, notes
from mlops_store.errors import MlopsError, Refused, SpecError
from mlops_store.gate_verdicts import GateVerdict
from mlops_store.store import Store
from mlops_tui import config
from mlops_tui.config import Config
from mlops_tui.drift import monitors, profiles
from mlops_tui.project import Project
from mlops_tui.registry import formats, stages, versions
from mlops_tui.registry.gates import check


@pytest.fixture
def store(tmp_path: Path) -> Iterator[Store]:
    with make_store(tmp_path) as store:
        yield store


def gated(text: str) -> Config:
    """A configuration with one gate of production called 'it'."""
    return config.parse(f"[gates.it]\n{text}")


def found(store: Store, text: str, version: int = 1, **options: Any) -> GateVerdict:
    (verdict,) = check.check(store, gated(text), "churn", version, "production", **options)
    return verdict


def python(code: str) -> str:
    return f'kind = "command"\ncommand = {json.dumps([sys.executable, "-c", code])}'


# what each kind finds


@pytest.mark.parametrize(
    ("bounds", "state", "message"),
    [
        ("min = 0.9", "passed", "auc 0.9 ≥ 0.9"),
        ("min = 0.91", "failed", "auc 0.9 is under 0.91"),
        ("max = 0.8", "failed", "auc 0.9 is over 0.8"),
        ("min = 0.1\nmax = 1", "passed", "auc 0.9 ≥ 0.1 and ≤ 1"),
    ],
)
def test_a_metric_must_lie_within_bounds(store: Store, bounds: str, state: str, message: str) -> None:
    make_version(store, values={"auc": 0.9})
    verdict = found(store, f'kind = "metric"\nmetric = "auc"\n{bounds}')
    assert (verdict.state, verdict.message) == (state, message)


@pytest.mark.parametrize(("values", "message"), [({}, "was not logged"), ({"auc": float("nan")}, "is NaN")])
def test_a_metric_that_is_missing_or_nan_does_not_pass(store: Store, values: dict[str, float], message: str) -> None:
    make_version(store, values=values)
    verdict = found(store, 'kind = "metric"\nmetric = "auc"\nmin = 0')
    assert verdict.state == "failed"
    assert message in verdict.message


@pytest.mark.parametrize(
    ("key", "ours", "theirs", "margin", "state"),
    [
        ("auc", 0.90, 0.90, 0.0, "passed"),
        ("auc", 0.89, 0.90, 0.0, "failed"),
        ("auc", 0.89, 0.90, 0.02, "passed"),
        ("loss", 0.5, 0.4, 0.0, "failed"),
        ("loss", 0.3, 0.4, 0.0, "passed"),
    ],
)
def test_a_version_must_not_be_worse_than_the_one_it_replaces(
    store: Store, key: str, ours: float, theirs: float, margin: float, state: str
) -> None:
    make_version(store, values={key: theirs})
    make_version(store, values={key: ours})
    text = f'kind = "holder"\nmetric = "{key}"\nmargin = {margin}'
    assert found(store, text, 2).message.startswith("no version is in production")
    stages.promote(store, Config(), "churn", 1, "production")
    assert found(store, text, 2).state == state


def test_size_age_and_code_are_compared_with_what_the_version_says(store: Store) -> None:
    make_version(store)
    make_version(store, git_dirty=1)
    make_version(store, git_commit="")
    assert found(store, 'kind = "size"\nmax = "1GB"').has_passed
    assert not found(store, 'kind = "size"\nmax = 3').has_passed
    assert found(store, 'kind = "age"\nmax = "1d"').has_passed
    time.sleep(0.02)
    assert not found(store, 'kind = "age"\nmax = "1ms"').has_passed
    assert [found(store, 'kind = "code"', version).state for version in (1, 2, 3)] == ["passed", "failed", "failed"]
    assert "uncommitted changes" in found(store, 'kind = "code"', 2).message


def test_a_card_names_what_is_missing(store: Store) -> None:
    make_version(store)
    text = 'kind = "card"\nrequires = ["note", "tag:owner"]'
    assert found(store, text).message == "its card has no note, tag:owner"
    with store.write() as db:
        notes.add(db, "model:churn/1", "looked at by ana", "ana")
        model_versions.set_tags(db, "churn", {"owner": "ana"}, version=1)
    assert found(store, text).has_passed
    assert found(store, 'kind = "card"\nrequires = ["picture"]').state == "error"


@pytest.fixture
def fitted(store: Store, tmp_path: Path) -> None:
    """Version 1 of churn is a real model with an example, 2 one whose signature is wrong, 3 one without an example."""
    rows = pd.DataFrame({"a": range(40), "b": [value % 7 for value in range(40)]})
    model = LogisticRegression().fit(rows, rows["a"] > 20)
    wrong = {"inputs": [{"name": "a", "type": "long"}, {"name": "b", "type": "long"}], "outputs": [{"type": "string"}]}
    for signature, example in ((None, rows.head(3)), (wrong, rows.head(3)), (None, None)):
        shutil.rmtree(tmp_path / "m", ignore_errors=True)
        info = formats.save(model, str(tmp_path / "m"), input_example=example, signature=signature)
        run_id = make_run(store)
        log_directory(store, run_id, tmp_path / "m", signature=info.signature)
        versions.register(store, Config(), "churn", run_id=run_id)


@pytest.mark.usefixtures("fitted")
def test_a_model_is_tried_on_its_own_example(store: Store) -> None:
    assert found(store, 'kind = "signature"').message == "predicts its own example: 2 inputs, 1 output"
    assert "its signature says string" in found(store, 'kind = "signature"', 2).message
    fast = found(store, 'kind = "latency"\nmax = "1m"\nrows = 5')
    assert fast.has_passed
    assert fast.facts["rows"] == 5
    assert 0 < fast.facts["p50_s"] <= fast.facts["p95_s"]
    assert not found(store, 'kind = "latency"\nmax = 0').has_passed


@pytest.mark.usefixtures("fitted")
def test_what_cannot_be_checked_does_not_pass(store: Store) -> None:
    verdict = found(store, 'kind = "latency"\nmax = "1m"', 3)
    assert verdict.state == "error"
    assert "input example" in verdict.message
    assert not verdict.has_passed


# commands


def test_a_program_says_yes_by_exiting_with_0_and_is_told_what_to_judge(store: Store) -> None:
    make_version(store)
    code = (
        "import os; print(os.environ['MLOPS_MODEL'], os.environ['MLOPS_VERSION'], os.environ['MLOPS_STAGE'], "
        "sorted(os.listdir(os.environ['MLOPS_MODEL_DIR'])))"
    )
    verdict = found(store, python(code))
    assert verdict.has_passed
    assert verdict.message == "churn 1 production ['mlops.json', 'model.skops']"
    refused = found(store, python("import sys; print('2 failed'); sys.exit(3)"))
    assert (refused.state, refused.message) == ("failed", "exit code 3: 2 failed")


def test_a_program_that_hangs_is_stopped_with_what_it_started(store: Store, tmp_path: Path) -> None:
    make_version(store)
    (tmp_path / "check.sh").write_text("sleep 61.5 & echo $! > child; echo begun; wait\n")
    verdict = found(store, 'kind = "command"\ncommand = ["sh", "check.sh"]\ntimeout = "2s"')
    assert (verdict.state, verdict.message) == ("failed", "was stopped after 2s")
    assert verdict.facts["output"] == "begun\n"
    child = int((tmp_path / "child").read_text())
    while psutil.pid_exists(child) and psutil.Process(child).status() != psutil.STATUS_ZOMBIE:
        time.sleep(0.01)


def test_garbage_from_a_program_is_kept_as_text_and_bounded(store: Store) -> None:
    make_version(store)
    verdict = found(store, python("import sys; sys.stdout.buffer.write(b'\\xff\\x1b[2J' * 100000); sys.exit(1)"))
    assert verdict.state == "failed"
    assert len(verdict.facts["output"]) <= 4000
    assert gate_verdicts.of_version(store.read(), "churn", 1, "production")["it"].message == verdict.message


def test_a_program_that_never_stops_writing_fills_no_disk_and_is_stopped(store: Store) -> None:
    make_version(store)
    code = "import os, stat; print(stat.S_ISREG(os.fstat(1).st_mode), flush=True)"
    assert found(store, python(code)).message == "False", "what it writes goes into no file"
    verdict = found(store, 'kind = "command"\ncommand = ["yes"]\ntimeout = "500ms"')
    assert (verdict.state, verdict.message) == ("failed", "was stopped after 0.5s")
    assert len(verdict.facts["output"]) <= 4000


def test_what_a_program_leaves_behind_holds_nothing_up(store: Store) -> None:
    make_version(store)
    verdict = found(store, 'kind = "command"\ncommand = ["sh", "-c", "setsid sleep 7.25 & echo passed"]')
    assert (verdict.state, verdict.message) == ("passed", "passed")
    assert verdict.duration_s < 7


def test_a_program_that_closes_its_output_is_waited_for(store: Store) -> None:
    make_version(store)
    code = "import os, sys, time; print('kept', flush=True); os.close(1); os.close(2); time.sleep(0.2); os._exit(4)"
    verdict = found(store, python(code))
    assert (verdict.state, verdict.message) == ("failed", "exit code 4: kept")


def test_a_program_that_is_not_there_is_an_error(store: Store) -> None:
    make_version(store)
    assert "cannot be run" in found(store, 'kind = "command"\ncommand = ["no-such-program"]').message


# what is recorded


def test_a_gate_whose_inputs_did_not_change_does_not_look_again(store: Store, tmp_path: Path) -> None:
    make_version(store)
    count, dep = tmp_path / "count", tmp_path / "checks.py"
    dep.write_text("1")
    text = python(f"open({str(count)!r}, 'a').write('x')") + '\ndeps = ["checks.py"]'
    first, second = found(store, text), found(store, text)
    assert (first.is_recorded, second.is_recorded, count.read_text()) == (False, True, "x")
    assert second.at == first.at
    dep.write_text("2")
    assert not found(store, text).is_recorded
    assert not found(store, text, is_fresh=True).is_recorded
    make_version(store)
    stages.promote(store, Config(), "churn", 2, "production")
    assert not found(store, text).is_recorded  # another version holds the stage now
    assert count.read_text() == "xxxx"


def test_each_verdict_is_told_as_it_is_found(store: Store) -> None:
    make_version(store, values={"auc": 0.9})
    text = '[gates.a]\nkind = "metric"\nmetric = "auc"\nmin = 0.5\n[gates.b]\n' + python("import time; time.sleep(0.3)")
    told: list[str] = []
    verdicts = check.check(
        store, config.parse(text), "churn", 1, "production", report=lambda verdict: told.append(verdict.gate)
    )
    assert told == ["a", "b"]
    assert [verdict.gate for verdict in verdicts] == ["a", "b"]


# what it means for a promotion

STRICT = gated('kind = "metric"\nmetric = "auc"\nmin = 0.95')


def test_a_version_that_a_gate_refuses_stays_where_it_is(store: Store) -> None:
    make_version(store, values={"auc": 0.9})
    with pytest.raises(Refused, match=r"gate 'it' of production did not let churn/1 pass: it: auc 0.9 is under 0.95"):
        stages.promote(store, STRICT, "churn", 1, "production")
    assert model_facts.stage_of(store.read(), "churn", 1) == "dev"
    refusal, _ = audit.newest(store.read())
    assert (refusal.action, refusal.subject) == ("gate.refuse", "model:churn/1")
    assert refusal.after == {"stage": "production", "gates": {"it": "failed"}}
    stages.promote(store, STRICT, "churn", 1, "staging")  # which no gate guards


def test_an_override_needs_a_reason_and_is_recorded(store: Store) -> None:
    make_version(store, values={"auc": 0.9})
    with pytest.raises(Refused):
        stages.promote(store, STRICT, "churn", 1, "production", override="  ")
    stages.promote(store, STRICT, "churn", 1, "production", override="the only one we have")
    entry = audit.newest(store.read(), 1)[0]
    assert entry.after["gates"] == {"it": "failed"}
    assert entry.after["override"] == "the only one we have"
    assert audit_chain.verify(store.read()).broken is None


def test_passed_gates_are_recorded_with_the_promotion(store: Store) -> None:
    make_version(store, values={"auc": 0.99})
    stages.promote(store, STRICT, "churn", 1, "production", override="not needed")
    after = audit.newest(store.read(), 1)[0].after
    assert after["gates"] == {"it": "passed"}
    assert "override" not in after


def test_gates_guard_the_way_up_only(store: Store) -> None:
    make_version(store, values={"auc": 0.99})
    make_version(store, values={"auc": 0.98})
    stages.promote(store, STRICT, "churn", 1, "production")
    stages.promote(store, STRICT, "churn", 2, "production")
    stricter = gated('kind = "metric"\nmetric = "auc"\nmin = 2\nstage = ["staging", "production"]')
    assert stages.rollback(store, stricter, "churn").version == 1
    stages.promote(store, stricter, "churn", 1, "staging")  # down
    stages.archive(store, stricter, "churn", 1)


# what can be written in mlops.toml


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("", "gates.it.kind is missing"),
        ('kind = "metrc"', "cannot be 'metrc'"),
        ('kind = "metric"', "needs 'metric'"),
        ('kind = "metric"\nmetric = "auc"', "needs 'min', 'max' or both"),
        ('kind = "metric"\nmetric = "auc"\nmin = nan', "must be a finite number"),
        ('kind = "size"\nmax = "big"', "must be a size"),
        ('kind = "age"\nmax = "old"', "must be a length of time"),
        ('kind = "command"\ncommand = "rm -rf /"', "must be a list of words"),
        ('kind = "code"\nmargin = 1', "gates.it.margin is not a key"),
        ('kind = "code"\nstage = "dev"', "'dev' is where versions begin"),
        ('kind = "code"\nstage = "prod"', "'prod' is no stage"),
        ('kind = "holder"\nmetric = "auc"\nmargin = -1', "must be 0 or more"),
    ],
)
def test_a_gate_that_cannot_be_understood_is_refused_with_its_line(text: str, message: str) -> None:
    with pytest.raises(SpecError, match=r"gates\.it") as caught:
        gated(text)
    assert message in str(caught.value)
    assert caught.value.line


def test_nothing_is_kept_of_a_version_that_is_not_there(store: Store) -> None:
    with pytest.raises(MlopsError):
        check.check(store, STRICT, "churn", 7, "production")
    with store.write() as db:
        gate_verdicts.add(db, "churn", 7, "production", [GateVerdict("a", "code", "passed", "", {}, 0.0)])
    assert gate_verdicts.of_version(store.read(), "churn", 7, "production") == {}


# the training data


def trained_on(store: Store, frame: pd.DataFrame) -> None:
    """Version 1 with training data."""
    with store.write() as db:
        profile_id = drift.add_profile(db, **profiles.keep(store.objects_dir, frame, "training"))
    make_version(store)
    with store.write() as db:
        db.execute("UPDATE model_versions SET profile_id = ?", (profile_id,))


def table(count: int = 200, shift: float = 0.0) -> pd.DataFrame:
    """Two columns that repeat no row."""
    numbers = np.random.default_rng(0).normal(size=(count, 2)).round(6)
    return pd.DataFrame(numbers + np.array([shift, 0.0]), columns=["age", "pay"])


@pytest.mark.parametrize(
    ("options", "state", "message"),
    [
        ("min_rows = 200", "passed", "200 rows, at most 10.0% missing in a column"),
        ("min_rows = 201", "failed", "200 rows, under 201"),
        ("max_missing = 0.1", "passed", "200 rows"),
        ("max_missing = 0.09", "failed", "more than 9.0% missing in pay (10.0%)"),
        ("constants = true", "passed", "200 rows"),
        ("constants = false", "failed", "one value only in kind"),
        ("max_duplicates = 0.05", "passed", "200 rows"),
        ("max_duplicates = 0.01", "failed", "2.0% of the rows stand there before, over 1.0%"),
    ],
)
def test_training_data_must_be_whole(store: Store, options: str, state: str, message: str) -> None:
    frame = table()
    frame.loc[:19, "pay"] = [np.nan, np.inf] * 10
    frame["kind"] = "a"
    frame.loc[196:] = frame.loc[192:195].to_numpy()
    trained_on(store, frame)
    verdict = found(store, f'kind = "quality"\n{options}')
    assert verdict.state == state
    assert message in verdict.message


def test_a_version_without_training_data_cannot_be_judged_by_them(store: Store) -> None:
    make_version(store)
    for text in ('kind = "quality"\nmin_rows = 1', 'kind = "drift"\n[monitors.web]\nwatch = "*.csv"\nmodel = "churn"'):
        verdict = found(store, text)
        assert verdict.state == "error"
        assert "without its training data" in verdict.message


WEB = '[monitors.web]\nwatch = "now*.csv"\nmodel = "churn"'


@pytest.mark.parametrize(
    ("shift", "options", "state", "message"),
    [
        (0.0, "", "passed", "0 of 2 columns differ from now2.csv (300 rows)"),
        (2.0, "", "failed", "1 of 2 columns differ from now2.csv (300 rows): age (effect 0."),
        (2.0, "max = 0.6", "passed", "1 of 2 columns differ"),
        (2.0, "max = 0.6\nbatches = 2", "passed", "1 of 2 columns differ from the newest 2 batches (600 rows)"),
    ],
)
def test_training_data_must_look_like_production(
    store: Store, shift: float, options: str, state: str, message: str
) -> None:
    trained_on(store, table())
    root = Path(store.path).parent.parent
    for number, moved in ((1, 5.0 if not options else shift), (2, shift)):
        path = root / f"now{number}.csv"
        table(300, moved).to_csv(path, index=False)
        os.utime(path, (number, number))
    verdict = found(store, f'kind = "drift"\n{options}\n{WEB}')
    assert (verdict.state, verdict.message[: len(message)]) == (state, message)


def test_columns_that_production_lacks_fail_the_drift_gate(store: Store) -> None:
    trained_on(store, table())
    path = Path(store.path).parent.parent / "now.csv"
    table()[["age"]].to_csv(path, index=False)
    verdict = found(store, f'kind = "drift"\n{WEB}')
    assert (verdict.state, verdict.message) == ("failed", "pay not in now.csv (200 rows)")


def test_a_drift_verdict_holds_until_a_batch_comes(store: Store) -> None:
    trained_on(store, table())
    root = Path(store.path).parent.parent
    text = f'kind = "drift"\n{WEB}'
    assert "sees no batch yet" in found(store, text).message
    table().to_csv(root / "now1.csv", index=False)
    assert not found(store, text).is_recorded
    assert found(store, text).is_recorded
    table(shift=3.0).to_csv(root / "now2.csv", index=False)
    verdict = found(store, text)
    assert (verdict.state, verdict.is_recorded) == ("failed", False)


def test_a_damaged_batch_is_no_reason_to_let_a_version_pass(store: Store) -> None:
    trained_on(store, table())
    (Path(store.path).parent.parent / "now.csv").write_bytes(b"PAR1garbage")
    verdict = found(store, f'kind = "drift"\n{WEB}')
    assert verdict.state == "error"
    assert "the batch now.csv" in verdict.message


def test_the_drift_gate_compares_with_windows_of_a_query_that_were_checked(store: Store) -> None:
    trained_on(store, table())
    project = Project(str(Path(store.path).parent.parent))
    table().to_csv(project.path("train.csv"), index=False)
    with closing(sqlite3.connect(project.path("calls.db"))) as db:
        pd.concat([table(300), table(300, shift=2.0)]).to_sql("calls", db, index=False)
    text = (
        'kind = "drift"\n[monitors.sql]\nquery = "SELECT age, pay FROM calls"\ndatabase = "calls.db"\n'
        'window = "300 rows"\nmodel = "churn"\nreference = "train.csv"'
    )
    verdict = found(store, text)
    assert (verdict.state, "drift check" in verdict.message) == ("error", True)
    reports = monitors.check(project, store, gated(text), open_model=None)  # type: ignore[arg-type]
    assert [report.batch for report in reports] == ["rows 1-300", "rows 301-600"]
    verdict = found(store, text)
    assert (verdict.state, verdict.message[:54]) == ("failed", "1 of 2 columns differ from rows 301-600 (300 rows): ag")


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ('kind = "quality"', "checks nothing"),
        ('kind = "quality"\nmax_missing = 5', "must be a share from 0 to 1"),
        (f'kind = "drift"\nmonitor = "wep"\n{WEB}', "'wep' is no monitor"),
    ],
)
def test_mistakes_in_gates_of_training_data_are_told(text: str, message: str) -> None:
    with pytest.raises(SpecError, match=message):
        gated(text)
