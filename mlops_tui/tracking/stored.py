"""What scripts read back: MLflow's ``run.info`` and ``run.data`` from the store, after folding."""

from __future__ import annotations

import json
import os
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from typing import TYPE_CHECKING

from mlops_store import fold, metrics, run_lists, runs
from mlops_store.errors import NotFound, StoreBusy
from mlops_store.journal_states import holding
from mlops_store.store import Store
from mlops_tui.tracking.run import Run

if TYPE_CHECKING:
    from mlops_store.records import RunDetail
    from mlops_tui.project import Project


@dataclass(frozen=True, slots=True)
class RunInfo:
    """MLflow's RunInfo; times in Unix milliseconds."""

    run_id: str
    run_name: str
    experiment_id: str
    status: str
    start_time: int
    end_time: int | None
    user_id: str
    lifecycle_stage: str

    @property
    def artifact_uri(self) -> str:
        """What ``register_model`` takes, less the artifact's path."""
        return f"runs:/{self.run_id}"


@dataclass(frozen=True, slots=True)
class RunData:
    """MLflow's RunData: the newest value of each metric, params and tags."""

    metrics: Mapping[str, float]
    params: Mapping[str, str]
    tags: Mapping[str, str]


@dataclass(frozen=True, slots=True)
class Resumable:
    """A run that is to go on.

    Attributes:
        params: Those that it has.
        holders: Number and host of each other process that has started or resumed it and not ended it.
        is_deleted: Whether it has to be restored first.
    """

    params: Mapping[str, str]
    holders: tuple[tuple[int, str], ...]
    is_deleted: bool


@contextmanager
def opened(project: Project) -> Iterator[Store]:
    """The project's store with everything folded that was logged before the call."""
    with Store(project.store_path) as store:
        # while another process writes, what is stored already can be read
        with suppress(StoreBusy):
            fold.fold(store, project.journals_dir)
        yield store


def get(project: Project, run_id: str) -> Run:
    """The run of that id.

    Raises:
        NotFound: No such run.
    """
    with opened(project) as store:
        runs.number(store.read(), run_id)
    return Run(project, run_id)


def exists(project: Project) -> bool:
    """Whether anything was ever logged in a project."""
    return project.has_store or (os.path.isdir(project.journals_dir) and bool(os.listdir(project.journals_dir)))


def has(project: Project, run_id: str) -> bool:
    """Whether the store has a run, with everything folded; makes no store where there is none."""
    if not exists(project):
        return False
    with opened(project) as store:
        return store.read().execute("SELECT 1 FROM runs WHERE run_id = ?", (run_id,)).fetchone() is not None


def info(run: Run) -> RunInfo:
    """Attributes of a run."""
    with opened(run.project) as store, store.snapshot() as db:
        found = runs.get(db, run.run_id)
        number = runs.number(db, run.run_id)
        experiment = db.execute("SELECT experiment_id FROM runs WHERE id = ?", (number,)).fetchone()[0]
    return RunInfo(
        run_id=found.run_id,
        run_name=found.name,
        experiment_id=str(experiment),
        status=str(found.status),
        start_time=round(found.started_at * 1000),
        end_time=None if found.ended_at is None else round(found.ended_at * 1000),
        user_id=found.user,
        lifecycle_stage="active" if found.deleted_at is None else "deleted",
    )


def data(run: Run) -> RunData:
    """Params, tags and newest metric values of a run."""
    with opened(run.project) as store, store.snapshot() as db:
        found = runs.get(db, run.run_id)
    return RunData(metrics=dict(found.metrics), params=dict(found.params), tags=dict(found.tags))


def experiment_id(project: Project, name: str) -> str:
    """The number of an experiment, which is made when it is new."""
    with opened(project) as store, store.write() as db:
        return str(runs.experiment_number(db, name))


def experiment_name(project: Project, experiment_id: str) -> str:
    """The name of the experiment with that number.

    Raises:
        NotFound: No such experiment.
    """
    with opened(project) as store:
        row = (
            store.read().execute("SELECT name FROM experiments WHERE CAST(id AS TEXT) = ?", (experiment_id,)).fetchone()
        )
    if row is None:
        raise NotFound(f"no experiment {experiment_id!r}", "set_experiment takes a name, which may be new")
    return str(row[0])


def resumable(project: Project, run_id: str) -> Resumable | None:
    """What the store has of a run that is to go on; None when it has no such run."""
    if not exists(project):
        return None
    with opened(project) as store, store.snapshot() as db:
        run = run_lists.by_run_id(db, run_id, ("params",))
        rows = db.execute("SELECT name, process FROM journals WHERE instr(runs, ?) ORDER BY name", (holding(run_id),))
        journals = rows.fetchall()
    if run is None:
        return None
    found = [json.loads(one) for name, one in journals if os.path.exists(os.path.join(project.journals_dir, name))]
    known = [(int(one["pid"]), str(one["host"])) for one in found if one.get("pid") and one.get("host")]
    others = tuple(one for one in known if one != (os.getpid(), os.uname().nodename))
    return Resumable(dict(run.params), others, run.deleted_at is not None)


def detail(run: Run) -> RunDetail:
    """Everything that the store has of a run but its metric histories."""
    with opened(run.project) as store, store.snapshot() as db:
        return runs.detail(db, run.run_id)


def next_step(run: Run, prefix: str) -> int:
    """One more than the last step of those metrics of a run whose names begin with ``prefix``; 0 without any."""
    with opened(run.project) as store, store.snapshot() as db:
        found = metrics.summaries(db, run.run_id)
    return max((one.last_step + 1 for one in found if one.key.startswith(prefix)), default=0)
