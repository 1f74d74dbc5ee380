"""The tracking server of a pipeline run's stages: ``python -m mlops_tui.serve.tracking.for_stages ROOT RUN_ID SOCKET``.

The run's supervisor starts it when a script connects. It ends with the supervisor; where that was killed, as soon as no
stage of the run is left, unless another supervisor has taken it over by then.
"""

from __future__ import annotations

import asyncio
import json
import os
import signal
import socket
import sys
import threading
import time
from collections.abc import Mapping
from typing import Any

from starlette.requests import Request

from mlops_store import experiments, pipelines, runs
from mlops_store.errors import NotFound, StoreError
from mlops_store.store import Store
from mlops_tui import config
from mlops_tui.pipeline import groups
from mlops_tui.project import Project
from mlops_tui.serve import launching, server_log
from mlops_tui.serve.requests import Limits
from mlops_tui.serve.tracking.app import TrackingServer
from mlops_tui.serve.tracking.routes import Call, Context

_LOOK_EVERY_S = 2.0


class StageServer(TrackingServer):
    """A tracking server that knows which stage asks: a stage's token is its run's id, a dot, and the secret.

    A script that chooses an experiment before it begins its run takes the stage's run there: MLflow's client goes on
    with a given run only if it lies in the experiment that was chosen last.

    Args:
        context: What the endpoints work on.
        secret: What all stages' tokens end with.
    """

    def __init__(self, context: Context, secret: str) -> None:
        super().__init__(context, "", Limits(body_bytes=1 << 25), secret, is_local=True)
        #: Run of a stage -> the number of the experiment that its script has named last.
        self._named: dict[str, int] = {}

    def _is_token(self, given: str, request: Request) -> bool:
        request.state.stage_run, _, secret = given.partition(".")
        return super()._is_token(secret, request)

    async def _answered(self, call: Call[Any], given: Mapping[str, Any], request: Request, *, is_large: bool) -> bytes:
        stage_run = request.state.stage_run
        if call.path == "runs/get" and stage_run in self._named and given.get("run_id") == stage_run:
            number = self._named.pop(stage_run)
            await asyncio.get_running_loop().run_in_executor(self._threads, self._place, stage_run, number)
        answer = await super()._answered(call, given, request, is_large=is_large)
        if call.path in ("experiments/get", "experiments/get-by-name"):
            self._named[stage_run] = int(json.loads(answer)["experiment"]["experiment_id"])
        return answer

    def _place(self, stage_run: str, number: int) -> None:
        with self._context.store.write() as db:
            found = experiments.get(db, number)
            if found.deleted_at is None and runs.get(db, stage_run).experiment != found.name:
                runs.update(db, stage_run, experiment=found.name)


def main(arguments: list[str]) -> None:
    """Serves until it is told to end, or the supervisor and its stages are gone.

    Args:
        arguments: The project's root, the pipeline run, and the descriptor of the listening socket.
    """
    server_log.write_to_stderr()
    root, run_id, descriptor = arguments
    project = Project(root)
    secret = os.environ.pop(launching.TOKEN_VARIABLE)
    server = StageServer(Context(Store(project.store_path), lambda: config.load(project)), secret)
    threading.Thread(target=_end_with_run, args=(project, run_id, os.getppid()), daemon=True).start()
    launching.run(server, socket.socket(fileno=int(descriptor)), lambda: None)


def _end_with_run(project: Project, run_id: str, supervisor: int) -> None:
    """Ends this process when the supervisor that started it is gone, and no stage of the run lives."""
    while os.getppid() == supervisor or _has_stages(project, run_id):
        time.sleep(_LOOK_EVERY_S)
    os.kill(os.getpid(), signal.SIGTERM)


def _has_stages(project: Project, run_id: str) -> bool:
    try:
        with Store(project.store_path, create=False) as store:
            run = pipelines.get(store.read(), run_id)
            ticks = {one.stage: one.ticks for one in pipelines.processes(store.read(), run_id)}
    except NotFound:
        return False  # nothing of what its stages log could be kept any more
    except StoreError:
        return True  # as far as anybody can say now; it is looked for again
    return any(
        groups.is_alive(one.pid, ticks[one.stage], one.run_id)
        for one in run.stages
        if one.stage in ticks and one.pid is not None and one.run_id is not None
    )


if __name__ == "__main__":
    main(sys.argv[1:])
