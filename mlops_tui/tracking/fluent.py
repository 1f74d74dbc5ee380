"""The functions of ``mlops_tui`` that log: MLflow's names, arguments and meanings.

Nothing here raises once a run is started; what cannot be logged is said once on stderr and kept as an event of the
run. Values of ``synchronous`` make no difference: a log call returns when what it logged survives the process.
"""

from __future__ import annotations

import os

from mlops_tui.tracking import session
from mlops_tui.tracking.run import STATUSES, ActiveRun, Run

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Mapping
    from typing import Any

#: MLflow's switch for system metrics; see ``system_metrics``.
_ENABLED = "MLFLOW_ENABLE_SYSTEM_METRICS_LOGGING"

_others: dict[str, ActiveRun] = {}


def start_run(
    run_id: str | None = None,
    experiment_id: str | None = None,
    run_name: str | None = None,
    nested: bool = False,
    parent_run_id: str | None = None,
    tags: Mapping[str, Any] | None = None,
    description: str | None = None,
    log_system_metrics: bool | None = None,
    *,
    name: str | None = None,
    experiment: str | None = None,
    params: Mapping[str, Any] | None = None,
) -> ActiveRun:
    """Starts a run and makes it the active one; use it with ``with``, or call ``end_run`` at the end.

    Inside a pipeline's stage the first run is the stage's own, which the pipeline made and ends; further ones are its
    children.

    Args:
        run_id: Resumes this run instead of making one.
        experiment_id: The experiment's number, as MLflow has it.
        run_name: What people call it; made up by default.
        nested: Allows a run within the active one, as its child.
        parent_run_id: The run that it is part of.
        tags: Tags to begin with.
        description: A note shown with the run.
        log_system_metrics: Whether what the machine and this process use is sampled while the run goes on; by default
            when ``enable_system_metrics_logging`` was called or MLFLOW_ENABLE_SYSTEM_METRICS_LOGGING is set. A stage's
            run is sampled by the pipeline in any case.
        name: The same as ``run_name``.
        experiment: The experiment's name; made when it is new.
        params: Params to begin with.

    Raises:
        Refused: A run is active and ``nested`` is false, or the run ``run_id`` is active or deleted.
        NotFound: No run ``run_id``, or no experiment ``experiment_id``.
        StoreError: The project's directory cannot be written.
    """
    from mlops_tui.tracking import starting

    if experiment_id is not None and not experiment:
        from mlops_tui.tracking import stored

        experiment = stored.experiment_name(session.project(), str(experiment_id))
    run = starting.start(
        run_id=run_id,
        experiment=experiment or "",
        name=run_name or name,
        nested=nested,
        parent_run_id=parent_run_id,
        tags=tags,
        params=params,
        description=description,
    )
    if log_system_metrics or (log_system_metrics is None and _ENABLED in os.environ):
        from mlops_tui.tracking import system_metrics

        if log_system_metrics or system_metrics.is_enabled():
            system_metrics.attend(run, is_resumed=run_id is not None)
    return run


def end_run(status: str = "FINISHED") -> None:
    """Ends this thread's active run.

    Args:
        status: 'FINISHED', 'FAILED' or 'KILLED'.
    """
    stack = session.stack()
    if not stack:
        return
    run = stack[-1]
    word = str(getattr(status, "value", status)).upper()
    if word not in STATUSES:
        run.problem("status", f"a run cannot end as {word[:80]!r}; FINISHED is taken instead")
        word = "FINISHED"
    run.end(word)


def active_run() -> ActiveRun | None:
    """The run that log calls of this thread mean, or None."""
    return session.active()


def last_active_run() -> ActiveRun | None:
    """The active run, or the one of this process that ended last."""
    return session.last_active()


def get_run(run_id: str) -> Run:
    """The run with this id, with ``info`` and ``data``.

    Raises:
        NotFound: No such run.
    """
    from mlops_tui.tracking import stored

    return stored.get(session.project(), run_id)


def set_experiment(experiment_name: str | None = None, experiment_id: str | None = None) -> Any:
    """Later runs go into this experiment, which is made when it is new.

    Args:
        experiment_name: Its name.
        experiment_id: Its number instead, as MLflow has it.

    Returns:
        The experiment: ``name``, ``experiment_id``.

    Raises:
        NotFound: No experiment of that number.
    """
    from mlops_tui.tracking.experiment import ActiveExperiment

    if experiment_name is None and experiment_id is not None:
        from mlops_tui.tracking import stored

        experiment_name = stored.experiment_name(session.project(), str(experiment_id))
    session.set_experiment(experiment_name or "")
    return ActiveExperiment(session.project(), experiment_name or "default")


def log_metric(
    key: str,
    value: float,
    step: int | None = None,
    synchronous: bool | None = None,
    timestamp: int | None = None,
    run_id: str | None = None,
    model_id: str | None = None,
    dataset: Any = None,
) -> None:
    """Appends a value of a metric to the active run.

    Args:
        key: Any text.
        value: A number; NaN and infinities are legal.
        step: A whole number, 0 by default.
        synchronous: Makes no difference.
        timestamp: Unix milliseconds (or seconds); now by default.
        run_id: Another run instead of the active one.
        model_id: Accepted for MLflow's sake.
        dataset: Accepted for MLflow's sake.
    """
    run = target(run_id)
    if run is not None:
        run.log_metrics({key: value}, step, timestamp)


def log_metrics(
    metrics: Mapping[str, float],
    step: int | None = None,
    synchronous: bool | None = None,
    run_id: str | None = None,
    timestamp: int | None = None,
    model_id: str | None = None,
    dataset: Any = None,
) -> None:
    """Appends values of several metrics to the active run in one write; see ``log_metric``."""
    run = session.active() if run_id is None else target(run_id)
    if run is None:
        run = target(run_id)
    if run is not None:
        run.log_metrics(metrics, step, timestamp)


def log_param(key: str, value: Any, synchronous: bool | None = None) -> Any:
    """Stores a param of the active run; the first value of a name stays.

    Args:
        key: Any text.
        value: Kept as text.
        synchronous: Makes no difference.

    Returns:
        The value.
    """
    log_params({key: value})
    return value


def log_params(params: Mapping[str, Any], synchronous: bool | None = None, run_id: str | None = None) -> None:
    """Stores several params in one write; see ``log_param``."""
    run = target(run_id)
    if run is not None:
        run.log_params(params)


def set_tag(key: str, value: Any, synchronous: bool | None = None) -> None:
    """Stores a tag of the active run, replacing the one of that name."""
    set_tags({key: value})


def set_tags(tags: Mapping[str, Any], synchronous: bool | None = None) -> None:
    """Stores several tags in one write; see ``set_tag``."""
    run = target(None)
    if run is not None:
        run.set_tags(tags)


def delete_tag(key: str) -> None:
    """Removes a tag of the active run."""
    run = target(None)
    if run is not None:
        run.delete_tag(key)


def target(run_id: str | None) -> ActiveRun | None:
    """The run that a log call means: the active one, started when there is none, or the one that is named."""
    if run_id is None:
        return session.active() or start_run()
    for run in (*session.live, *_others.values()):
        if run.run_id == run_id:
            return run
    return _other(run_id)


def _other(run_id: str) -> ActiveRun | None:
    """A run that this process did not start, opened for logging; None, after a remark, when there is none."""
    from mlops_store.errors import MlopsError
    from mlops_tui.tracking import remarks, starting

    project = session.project()
    try:
        starting.prepare(project)
        if starting.is_known(project, run_id):
            run = ActiveRun(project, run_id, name="", experiment="", is_owner=False)
            run.needs_capture = False
            _others[run_id] = run
            session.attend(run)
            return run
    except (MlopsError, OSError) as error:
        remarks.once(f"run {run_id}", f"cannot log to run {run_id}: {error}")
        return None
    remarks.once(f"run {run_id}", f"no run {run_id} in {project.root}: what is logged to it is lost")
    return None
