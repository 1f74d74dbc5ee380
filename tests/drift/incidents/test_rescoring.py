"""Methods and references that are tried on profiles tell what checks under them would have told."""

from __future__ import annotations

import os
import shutil
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from mlops_store.errors import Refused, SpecError, UsageError
from mlops_store.store import Store
from mlops_tui import config as configs
from mlops_tui.drift import monitors
from mlops_tui.drift.incidents import trials
from mlops_tui.project import Project

TEXT = '[monitors.m]\nwatch = "in/*.csv"\nreference = "train.csv"\n'
SHIFTS = (0.0, 0.25, 0.5, 0.5, 0.0)


def rows(seed: int, shift: float = 0.0) -> pd.DataFrame:
    rng = np.random.default_rng(seed)
    plans = rng.choice(["free", "pro"], 1500, p=[0.5 + shift / 2, 0.5 - shift / 2])
    return pd.DataFrame({"age": rng.normal(shift, 1, 1500), "income": rng.lognormal(0, 1, 1500), "plan": plans})


@pytest.fixture(scope="module")
def project(tmp_path_factory: pytest.TempPathFactory) -> Project:
    """Windows that were checked under ``TEXT``."""
    root = tmp_path_factory.mktemp("rescoring")
    (root / "in").mkdir()
    rows(90).to_csv(root / "train.csv", index=False)
    rows(91, 0.5).to_csv(root / "moved.csv", index=False)
    for number, shift in enumerate(SHIFTS):
        path = root / "in" / f"{number}.csv"
        rows(number, shift).to_csv(path, index=False)
        os.utime(path, (number + 1, number + 1))
    project = Project(str(root))
    checked(project, project.store_path, TEXT)
    return project


def checked(project: Project, path: str, text: str) -> int:
    """Checks all windows into a store; returns how many alerts that raised."""
    with Store(path) as store:
        monitors.check(project, store, configs.parse(text), open_model=None)  # type: ignore[arg-type]
        return int(store.read().execute("SELECT count(*) FROM alerts WHERE kind = 'data_drift'").fetchone()[0])


@pytest.mark.parametrize(
    "settings",
    [
        ("methods.age=kl_div", "methods.plan=psi"),
        ("methods.age=ks", "thresholds.age=1e-30"),
        ('reference="moved.csv"',),
        ("reference={ last = 2 }",),
        ("reference={ first = 3 }", "methods.age=psi"),
    ],
)
def test_trying_is_as_checking_again(project: Project, tmp_path: Path, settings: tuple[str, ...]) -> None:
    with Store(project.store_path) as store:
        tried = trials.run(project, store, TEXT, "m", settings)
    before, after = tried[0].result.alerts, tried[-1].result.alerts
    assert before == 3
    assert after == checked(project, str(tmp_path / "store.db"), tried[-1].text)
    assert (tried[-1].result.windows, len(tried)) == (5, len(settings) + 1 + (len(settings) > 1))


def test_what_profiles_do_not_hold_is_said(project: Project) -> None:
    with Store(project.store_path) as store:
        with pytest.raises(UsageError, match=r"methods\.income cannot be tried on what was kept: anderson"):
            trials.run(project, store, TEXT, "m", ["methods.income=anderson"])
        with pytest.raises(UsageError, match="windows of a weekday cannot be tried"):
            trials.run(project, store, TEXT + 'time = "at"\n', "m", ["reference={ weekday = 2 }"])
        with pytest.raises((UsageError, Refused), match=r"gone\.csv"):
            trials.run(project, store, TEXT, "m", ['reference="gone.csv"'])
        with pytest.raises(UsageError, match="no column 'agee'"):
            trials.run(project, store, TEXT, "m", ["methods.agee=psi"])
        for settings in ("columns=['agee']", "thresholds.agee=0.2"):  # no check would take them
            with pytest.raises(UsageError, match="'agee'"):
                trials.run(project, store, TEXT, "m", [settings])
        with pytest.raises(SpecError, match="nan is no threshold"):
            trials.run(project, store, TEXT, "m", ["thresholds.psi=nan"])


def test_a_damaged_profile_is_named_by_its_window(project: Project, tmp_path: Path) -> None:
    damaged = Project(str(tmp_path))
    shutil.copytree(project.path("."), tmp_path, dirs_exist_ok=True)
    with Store(damaged.store_path) as store:
        for path in Path(store.objects_dir).rglob("*"):
            if path.is_file():
                path.chmod(0o644)
                path.write_bytes(b"garbage")
        with pytest.raises(UsageError, match=r"the profile that was kept of in/0\.csv is damaged"):
            trials.run(damaged, store, TEXT, "m", ["methods.age=psi"])
