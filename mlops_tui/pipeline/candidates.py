"""What comes of the runs that triggers started: their versions go through the gates, then a person is asked.

Nobody is promoted here: a version that passes the gates of the trigger's stage gets a request for approval, which
stands in the list of approvals until somebody answers. Whoever looks at triggers does this, one process at a time.
"""

from __future__ import annotations

import os

from mlops_store import firings, models, pipelines, queue
from mlops_store.errors import MlopsError, NotFound, StoreError
from mlops_store.records import Firing, PipelineState
from mlops_store.store import Store
from mlops_tui.config import Config
from mlops_tui.pipeline import hold
from mlops_tui.project import Project

_FILE = "candidates.lock"


def settle(project: Project, store: Store, config: Config, *, now: float) -> None:
    """Records what came of the triggers whose runs have ended, and proposes the versions that they made.

    Cheap when none is open: one query.

    Args:
        project: The project.
        store: Its store, writable.
        config: Its configuration: stages and gates.
        now: Unix seconds.

    Raises:
        StoreError: The store cannot be used.
    """
    if not firings.open_ones(store.read()):
        return
    lock = hold.take(project, _FILE)
    if lock is None:
        return  # another process is at it; what it does is seen with the next look
    try:
        for firing in firings.open_ones(store.read()):
            ended = _ended(store, firing)
            if ended is not None:
                state, note = _judge(store, config, firing, ended)
                with store.write() as db:
                    firings.settle(db, firing, state, note, at=now)
    finally:
        os.close(lock)


def _ended(store: Store, firing: Firing) -> list[PipelineState | None] | None:
    """How the runs have ended, None for one that was taken out of the queue; None as long as one has not."""
    db = store.read()
    found: list[PipelineState | None] = []
    for run_id in firing.run_ids:
        if queue.find(db, run_id) is not None:
            return None
        try:
            state = pipelines.get(db, run_id).state
        except NotFound:
            found.append(None)
            continue
        if state.is_live:
            return None
        found.append(state)
    return found


def _judge(store: Store, config: Config, firing: Firing, ended: list[PipelineState | None]) -> tuple[str, str]:
    """The state of a firing whose runs have ended, and what is to be said about it."""
    if PipelineState.FINISHED not in ended:
        last = ended[-1]
        return "failed", f"the run {last}" if last is not None else "its run was taken out of the queue"
    versions = firings.made(store.read(), firing.run_ids)
    if not versions:
        return ("empty", "its run registered no version") if firing.stage else ("ended", "")
    if not firing.stage:
        return "made", f"registered {', '.join(f'{model}/{version}' for model, version in versions)}"
    if firing.stage not in config.registry.stages:
        return "refused", f"mlops.toml has no stage {firing.stage!r} any more"
    outcomes = [_propose(store, config, firing, model, version) for model, version in versions]
    state = "asked" if any(is_asked for is_asked, _ in outcomes) else "refused"
    return state, "; ".join(note for _, note in outcomes)


def _propose(store: Store, config: Config, firing: Firing, model: str, version: int) -> tuple[bool, str]:
    """Whether a person is asked to approve a version, and why or why not."""
    from mlops_tui.registry import approvals
    from mlops_tui.registry.gates import check

    name = f"{model}/{version}"
    try:
        if models.version(store.read(), model, version).stage == firing.stage:
            return False, f"{name} is in {firing.stage} already"
        # that nobody has approved it yet is no reason not to ask
        verdicts = [
            each for each in check.check(store, config, model, version, firing.stage) if each.kind != "approval"
        ]
        if refusing := check.refused(verdicts):
            said = ", ".join(f"{each.gate} ({each.message})" for each in refusing)
            return False, f"{name} does not pass the gates of {firing.stage}: {said}"
        comment = f"trigger {firing.trigger}: {firing.reason}"
        approvals.act(store, config, model, version, firing.stage, "request", comment=comment)
    except StoreError:
        raise
    except MlopsError as error:
        return False, f"{name} could not be proposed for {firing.stage}: {error.message}"
    passed = f" after {len(verdicts)} gate{'s' if len(verdicts) > 1 else ''}" if verdicts else ""
    return True, f"{name} waits for an approval for {firing.stage}{passed}"
