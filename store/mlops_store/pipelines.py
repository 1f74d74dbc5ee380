"""Pipeline runs and the state of each of their stages.

The row in ``runs`` with the same id is made by the caller (``runs.create(kind="pipeline")``) in the same transaction.
Nothing here starts or looks at a process: pids are only kept, and whoever uses one checks when it started and the boot.
"""

from __future__ import annotations

import json
import sqlite3
from collections.abc import Iterable, Mapping, Sequence
from typing import Any, NamedTuple

from mlops_store.errors import NotFound
from mlops_store.records import PipelineRun, PipelineState, StageAttempt, StageRun, StageState

_RUN_COLUMNS = (
    "p.run_id, r.run_id, r.name, p.state, p.jobs, r.started_at, r.ended_at, p.host, p.supervisor_pid, "
    "p.supervisor_ticks, p.boot_id, p.stop_requested_at, p.request"
)
_RUNS = f"SELECT {_RUN_COLUMNS} FROM pipeline_runs p JOIN runs r ON r.id = p.run_id"
_STAGE_COLUMNS = frozenset(
    (
        "run_id", "state", "reasons", "command", "attempt", "pid", "process_ticks", "exit_code", "started_at",
        "ended_at", "log_path", "inputs", "outputs", "error", "retry_at", "holding",
    )
)  # fmt: skip
_JSON_COLUMNS = frozenset({"reasons", "inputs", "outputs", "holding"})


class StageProcess(NamedTuple):
    """The process group that a stage was started as.

    ``pid`` is also the group's id; ``ticks`` is when its leader started, in clock ticks since boot.
    """

    stage: str
    pid: int
    ticks: int


def create(
    db: sqlite3.Connection,
    run_id: str,
    *,
    stages: Sequence[StageRun],
    jobs: int,
    request: Mapping[str, Any],
    state: PipelineState = PipelineState.QUEUED,
) -> None:
    """Records a pipeline run and its planned stages beside the run ``run_id``, which exists already.

    Args:
        db: A connection inside a write transaction.
        run_id: The run of kind 'pipeline'.
        stages: In the order in which they are to be shown; positions are kept as given.
        jobs: How many stages may run at once.
        request: What was asked for, as JSON can hold it.
        state: The state to begin with.
    """
    key = _key(db, run_id)
    db.execute(
        "INSERT INTO pipeline_runs (run_id, request, jobs, state) VALUES (?, ?, ?, ?)",
        (key, _dump(request), jobs, str(state)),
    )
    db.executemany(
        "INSERT INTO stage_runs (pipeline_run_id, stage, position, state, reasons, command, attempt, log_path) "
        "VALUES (?, ?, ?, ?, ?, ?, ?, ?)",
        [
            (key, stage.stage, stage.position, str(stage.state), _dump(stage.reasons), stage.command, stage.attempt,
             stage.log_path)
            for stage in stages
        ],
    )  # fmt: skip


def claim(db: sqlite3.Connection, run_id: str, *, host: str, pid: int, ticks: int, boot_id: str) -> None:
    """Records which process supervises the run from now on, and that the run is running."""
    db.execute(
        "UPDATE pipeline_runs SET host = ?, supervisor_pid = ?, supervisor_ticks = ?, boot_id = ?, "
        "state = 'running' WHERE run_id = ?",
        (host, pid, ticks, boot_id, _key(db, run_id)),
    )


def set_state(db: sqlite3.Connection, run_id: str, state: PipelineState) -> None:
    """Records a new state of the pipeline run; its row in ``runs`` is the caller's affair."""
    db.execute("UPDATE pipeline_runs SET state = ? WHERE run_id = ?", (str(state), _key(db, run_id)))


def request_stop(db: sqlite3.Connection, run_id: str, *, by: str, at: float) -> None:
    """Records that somebody wants the run to stop; a request made before keeps its time and name."""
    db.execute(
        "UPDATE pipeline_runs SET stop_requested_at = ?, stop_requested_by = ? "
        "WHERE run_id = ? AND stop_requested_at IS NULL",
        (at, by, _key(db, run_id)),
    )


def update_stage(db: sqlite3.Connection, run_id: str, stage: str, /, **attributes: Any) -> None:
    """Sets columns of one stage of a pipeline run.

    Args:
        db: A connection inside a write transaction.
        run_id: The pipeline run.
        stage: The stage's name.
        **attributes: Columns of ``stage_runs``. ``run_id`` is the stage's own run (its public id); ``reasons``,
            ``inputs`` and ``outputs`` are given as lists, ``holding`` as a mapping or None.
    """
    unknown = attributes.keys() - _STAGE_COLUMNS
    if unknown:
        raise TypeError(f"no such columns of stage_runs: {sorted(unknown)}")
    names, values = [], []
    for name, value in attributes.items():
        if name == "run_id":
            names.append("run_id = (SELECT id FROM runs WHERE run_id = ?)")
        else:
            names.append(f"{name} = ?")
        if value is not None and name in _JSON_COLUMNS:
            value = _dump(value)
        values.append(str(value) if name == "state" else value)
    db.execute(
        f"UPDATE stage_runs SET {', '.join(names)} "
        "WHERE pipeline_run_id = (SELECT id FROM runs WHERE run_id = ?) AND stage = ?",
        (*values, run_id, stage),
    )


def retry_stage(db: sqlite3.Connection, run_id: str, stage: str, *, retry_at: float, **attempt: Any) -> None:
    """Lets a stage that has failed wait for another attempt, and keeps what is known about the one that failed.

    Args:
        db: A connection inside a write transaction.
        run_id: The pipeline run.
        stage: The stage's name.
        retry_at: When it may start again, in Unix seconds.
        **attempt: ``exit_code``, ``ended_at`` and ``error`` of the attempt that has failed.
    """
    db.execute(
        "INSERT INTO stage_attempts (pipeline_run_id, stage, attempt, run_id, started_at, exit_code, ended_at, error) "
        "SELECT pipeline_run_id, stage, attempt, run_id, started_at, ?, ?, ? FROM stage_runs "
        "WHERE pipeline_run_id = (SELECT id FROM runs WHERE run_id = ?) AND stage = ?",
        (attempt["exit_code"], attempt["ended_at"], attempt["error"], run_id, stage),
    )
    update_stage(
        db, run_id, stage, state=StageState.WAITING, pid=None, process_ticks=None, holding=None, retry_at=retry_at,
        **attempt,
    )  # fmt: skip


def attempts(db: sqlite3.Connection, run_id: str, stage: str) -> list[StageAttempt]:
    """The attempts of a stage that have failed and were followed by another, in order."""
    rows = db.execute(
        "SELECT a.attempt, r.run_id, a.exit_code, a.started_at, a.ended_at, a.error "
        "FROM stage_attempts a LEFT JOIN runs r ON r.id = a.run_id "
        "WHERE a.pipeline_run_id = (SELECT id FROM runs WHERE run_id = ?) AND a.stage = ? ORDER BY a.attempt",
        (run_id, stage),
    )
    return [StageAttempt(*row) for row in rows]


def holdings(db: sqlite3.Connection, host: str, run_id: str) -> list[Mapping[str, Any]]:
    """What stages have for themselves on a machine, but for those of one pipeline run.

    Args:
        db: A connection.
        host: The machine.
        run_id: The pipeline run to leave out.
    """
    rows = db.execute(
        "SELECT s.holding FROM pipeline_runs p JOIN stage_runs s ON s.pipeline_run_id = p.run_id "
        "WHERE p.state IN ('queued', 'running') AND p.host = ? AND s.holding IS NOT NULL "
        "AND s.state IN ('waiting', 'running') AND p.run_id != (SELECT id FROM runs WHERE run_id = ?)",
        (host, run_id),
    )
    return [json.loads(holding) for (holding,) in rows]


def end_stages(db: sqlite3.Connection, run_id: str, before: StageState, after: StageState, error: str = "") -> None:
    """Gives every stage that is in the state ``before`` the final state ``after``."""
    db.execute(
        "UPDATE stage_runs SET state = ?, error = ? "
        "WHERE pipeline_run_id = (SELECT id FROM runs WHERE run_id = ?) AND state = ?",
        (str(after), error, run_id, str(before)),
    )


def newest(db: sqlite3.Connection, limit: int = 20) -> list[PipelineRun]:
    """The newest pipeline runs that are not deleted, newest first, each with its stages."""
    return _load(db, f"{_RUNS} WHERE r.deleted_at IS NULL ORDER BY p.run_id DESC LIMIT ?", (limit,))


def latest(db: sqlite3.Connection) -> PipelineRun | None:
    """The newest pipeline run in the project itself, not in a copy of it; None when there is none."""
    condition = "r.deleted_at IS NULL AND json_extract(p.request, '$.in_workspace') IS NOT 1"
    found = _load(db, f"{_RUNS} WHERE {condition} ORDER BY p.run_id DESC LIMIT 1", ())
    return found[0] if found else None


def last_logs(db: sqlite3.Connection, stages: Iterable[str]) -> dict[str, tuple[str, float]]:
    """What each stage wrote when it last ran: its file, and when it began (Unix seconds); only those that ever ran."""
    found = {}
    for stage in stages:
        row = db.execute(
            "SELECT log_path, started_at FROM stage_runs WHERE stage = ? AND started_at IS NOT NULL "
            "ORDER BY started_at DESC LIMIT 1",
            (stage,),
        ).fetchone()
        if row is not None and row[0]:
            found[stage] = (row[0], row[1])
    return found


def live(db: sqlite3.Connection) -> list[PipelineRun]:
    """The pipeline runs that have not ended, newest first. Their supervisors may be dead all the same."""
    return _load(db, f"{_RUNS} WHERE p.state IN ('queued', 'running') ORDER BY p.run_id DESC", ())


def is_live(db: sqlite3.Connection, run_id: str) -> bool:
    """Whether a pipeline run has not ended; False when there is none of this id."""
    row = db.execute(
        "SELECT state FROM pipeline_runs WHERE run_id = (SELECT id FROM runs WHERE run_id = ?)", (run_id,)
    ).fetchone()
    return row is not None and PipelineState(row[0]).is_live


def exists(db: sqlite3.Connection, run_id: str) -> bool:
    """Whether there is a pipeline run of this id."""
    statement = "SELECT 1 FROM pipeline_runs WHERE run_id = (SELECT id FROM runs WHERE run_id = ?)"
    return db.execute(statement, (run_id,)).fetchone() is not None


def get(db: sqlite3.Connection, run_id: str) -> PipelineRun:
    """One pipeline run with its stages.

    Raises:
        NotFound: No pipeline run has this id.
    """
    found = _load(db, f"{_RUNS} WHERE r.run_id = ?", (run_id,))
    if not found:
        raise NotFound(f"no pipeline run {run_id!r}", "'mlops-tui status' names the newest one")
    return found[0]


def processes(db: sqlite3.Connection, run_id: str) -> list[StageProcess]:
    """The process groups of the stages that are recorded as running."""
    rows = db.execute(
        "SELECT stage, pid, process_ticks FROM stage_runs "
        "WHERE pipeline_run_id = (SELECT id FROM runs WHERE run_id = ?) AND state = 'running' AND pid IS NOT NULL "
        "ORDER BY position",
        (run_id,),
    )
    return [StageProcess(stage, pid, ticks or 0) for stage, pid, ticks in rows]


#: Each attempt of a stage has a run of its own.
_FIRST_ATTEMPT = (
    "(SELECT min(r.started_at) FROM runs AS r "
    "WHERE r.parent_id = stage_runs.pipeline_run_id AND r.kind = 'stage' AND r.name = stage_runs.stage)"
)


def history_s(db: sqlite3.Connection, stage: str, limit: int = 10, *, with_retries: bool = False) -> list[float]:
    """How long the newest successful runs of a stage took, in seconds, newest first.

    Args:
        db: A connection.
        stage: The stage.
        limit: How many at most.
        with_retries: From the start of the first attempt on, not of the last.
    """
    start = f"CASE WHEN attempt > 1 THEN coalesce({_FIRST_ATTEMPT}, started_at) ELSE started_at END"
    rows = db.execute(
        f"SELECT ended_at - {start if with_retries else 'started_at'} FROM stage_runs "
        "WHERE stage = ? AND state = 'done' AND ended_at IS NOT NULL AND started_at IS NOT NULL "
        "ORDER BY started_at DESC LIMIT ?",
        (stage, limit),
    )
    return [max(0.0, duration_s) for (duration_s,) in rows]


def _key(db: sqlite3.Connection, run_id: str) -> int:
    row = db.execute("SELECT id FROM runs WHERE run_id = ?", (run_id,)).fetchone()
    if row is None:
        raise NotFound(f"no run {run_id!r}")
    key: int = row[0]
    return key


def _load(db: sqlite3.Connection, statement: str, arguments: Iterable[object]) -> list[PipelineRun]:
    rows = db.execute(statement, tuple(arguments)).fetchall()
    stages = _stages(db, [row[0] for row in rows])
    return [
        PipelineRun(
            run_id=run_id,
            name=name,
            state=PipelineState(state),
            jobs=jobs,
            started_at=started_at,
            ended_at=ended_at,
            host=host or "",
            supervisor_pid=pid,
            supervisor_ticks=ticks,
            boot_id=boot_id or "",
            stop_requested_at=stop_requested_at,
            request=json.loads(request),
            stages=tuple(stages.get(key, ())),
        )
        for (
            key, run_id, name, state, jobs, started_at, ended_at, host, pid, ticks, boot_id,
            stop_requested_at, request,
        ) in rows
    ]  # fmt: skip


def _stages(db: sqlite3.Connection, keys: Sequence[int]) -> dict[int, list[StageRun]]:
    found: dict[int, list[StageRun]] = {}
    for (
        key, stage, position, state, run_id, reasons, command, attempt, pid, exit_code, started_at, ended_at, log_path,
        inputs, outputs, error, retry_at, holding,
    ) in db.execute(
        "SELECT s.pipeline_run_id, s.stage, s.position, s.state, r.run_id, s.reasons, s.command, s.attempt, s.pid, "
        "s.exit_code, s.started_at, s.ended_at, s.log_path, s.inputs, s.outputs, s.error, s.retry_at, s.holding "
        "FROM stage_runs s LEFT JOIN runs r ON r.id = s.run_id "
        "WHERE s.pipeline_run_id IN (SELECT value FROM json_each(?)) ORDER BY s.pipeline_run_id, s.position",
        (json.dumps(list(keys)),),
    ):  # fmt: skip
        found.setdefault(key, []).append(
            StageRun(
                stage=stage,
                position=position,
                state=StageState(state),
                run_id=run_id,
                reasons=tuple(json.loads(reasons)) if reasons else (),
                command=command or "",
                attempt=attempt,
                pid=pid,
                exit_code=exit_code,
                started_at=started_at,
                ended_at=ended_at,
                log_path=log_path or "",
                inputs=tuple(json.loads(inputs)) if inputs else (),
                outputs=tuple(json.loads(outputs)) if outputs else (),
                error=error or "",
                retry_at=retry_at,
                holding=json.loads(holding) if holding else None,
            )
        )
    return found


def _dump(value: object) -> str:
    # ASCII escapes keep the lone surrogates of undecodable file names, which SQLite's UTF-8 would refuse
    return json.dumps(value)
