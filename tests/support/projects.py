"""Projects for tests of screens: a store with runs, and the program that opens it."""

from __future__ import annotations

import sys
from collections.abc import Sequence
from pathlib import Path

from mlops_store import ids, metrics, runs
from mlops_store.store import Store
from mlops_tui.project import Project

STARTED_AT = 1_700_000_000.0


def project_with_runs(root: Path, names: Sequence[str] = ("first", "second", "third")) -> Project:
    """A project whose store has finished runs of these names, the last one the newest."""
    with Store(str(root / ".mlops" / "store.db")) as store:
        add_runs(store, names)
    return Project(str(root))


def add_runs(store: Store, names: Sequence[str], *, status: str = "FINISHED", at: float = STARTED_AT) -> list[str]:
    """Adds runs a minute apart; returns their ids."""
    made = []
    with store.write() as db:
        for place, name in enumerate(names):
            run_id = ids.new_id()
            started_at = at + 60 * place
            runs.create(db, run_id=run_id, name=name, experiment="e", started_at=started_at, status=status)
            metrics.write(db, run_id, [("auc", step, started_at + step, 0.5 + step / 100) for step in range(3)])
            if status != "RUNNING":
                runs.finish(db, run_id, status, started_at + 12.0)
            made.append(run_id)
    return made


def dashboard(root: Path | str) -> list[str]:
    """The command that opens the dashboard."""
    return [sys.executable, "-m", "mlops_tui", str(root)]
