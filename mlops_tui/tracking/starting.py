"""How a run begins: new, resumed, part of another, or the one that the pipeline made for this process."""

from __future__ import annotations

import os
import sys

from mlops_store import processes
from mlops_store.ids import new_id
from mlops_tui.project import CONFIG_FILE
from mlops_tui.tracking import session
from mlops_tui.tracking.run import MOST_CHARACTERS, ActiveRun

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Mapping
    from typing import Any

    from mlops_tui.project import Project

NOTE_TAG = "mlflow.note.content"


def start(
    *,
    run_id: str | None,
    experiment: str,
    name: str | None,
    nested: bool,
    parent_run_id: str | None,
    tags: Mapping[str, Any] | None,
    params: Mapping[str, Any] | None,
    description: str | None,
) -> ActiveRun:
    """Starts, resumes or adopts a run and makes it the active one; see ``mlops_tui.start_run``."""
    stack = session.stack()
    if stack and not nested:
        from mlops_store.errors import Refused

        raise Refused(
            f"run {stack[-1].run_id} is active already",
            "end it first with end_run(), or start this one with nested=True",
        )
    project = session.project()
    prepare(project)
    given: dict[str, Any] = {"tags": tags, "params": params}
    content = {kind: _texts(pairs) for kind, pairs in given.items()}
    unread = [kind for kind, pairs in given.items() if pairs is not None and not content[kind]]
    content["tags"].update(_texts(None if description is None else {NOTE_TAG: description}))
    if run_id is not None:
        run = _resume(project, run_id, content)
    elif not stack and not parent_run_id and (adopted := session.adopt()):
        run = _adopt(project, adopted, name, experiment, content)
    else:
        parent = parent_run_id or (stack[-1].run_id if stack else session.parent())
        run = _create(project, name, experiment, parent, content)
    session.attend(run)
    session.push(run)
    for kind, log in (("tags", run.set_tags), ("params", run.log_params)):
        if kind in unread:
            log(given[kind])  # which says what is wrong with it
    return run


def prepare(project: Project) -> None:
    """Makes the directory of the journals.

    Raises:
        StoreReadOnly: It cannot be made.
        StoreFull: The disk is full.
    """
    if os.path.isdir(project.journals_dir):
        return
    try:
        os.makedirs(project.journals_dir, exist_ok=True)
        ignore = os.path.join(project.state_dir, ".gitignore")
        if not os.path.exists(ignore):
            with open(ignore, "w", encoding="utf-8") as file:
                file.write("*\n")
    except OSError as error:
        raise _cannot(project, error) from error


def is_known(project: Project, run_id: str) -> bool:
    """Whether a run was ever started in the project; looks into the store unless it was in this process."""
    if run_id in session.known:
        return True
    from mlops_tui.tracking import stored

    if not stored.has(project, run_id):
        return False
    session.known.add(run_id)
    return True


def _create(
    project: Project, name: str | None, experiment: str, parent: str, content: dict[str, dict[str, str]]
) -> ActiveRun:
    run_id = new_id()
    name = _name(name) if name else _made_up()
    experiment = experiment_of(project, experiment)
    run = ActiveRun(project, run_id, name=name, experiment=experiment, is_owner=True)
    run.is_new = True
    record = {
        "t": "start",
        "name": name,
        "experiment": experiment,
        "parent": parent or None,
        "at": run.started_at,
        "attributes": _introduced(run),
        **content,
    }
    _open(run, record)
    return run


def _adopt(
    project: Project, run_id: str, name: str | None, experiment: str, content: dict[str, dict[str, str]]
) -> ActiveRun:
    stage = os.environ.get("MLOPS_STAGE", "")
    explicit = experiment or session.experiment()
    run = ActiveRun(
        project, run_id, name=name or stage, experiment=explicit or experiment_of(project, ""), is_owner=False
    )
    _introduced(run)
    record = {"t": "adopt", "at": run.started_at, "attributes": {}, **content}
    if name:
        record.update(is_named=True, name=_name(name))
    if explicit:
        record.update(is_placed=True, experiment=_name(explicit))
    _open(run, record)
    return run


def _resume(project: Project, run_id: str, content: dict[str, dict[str, str]]) -> ActiveRun:
    from mlops_store.errors import NotFound, Refused
    from mlops_tui.tracking import stored

    if any(run.run_id == run_id for run in session.live):
        raise Refused(f"run {run_id} is active already", "log into it, or end it first with end_run()")
    found = stored.resumable(project, run_id)
    if found is not None and found.is_deleted:
        raise Refused(f"run {run_id} is deleted", f"restore it first: mlops-tui runs restore {run_id}")
    if found is None and run_id not in session.known:
        raise NotFound(f"no run {run_id!r} in {project.root}", "start_run() without run_id starts a new one")
    run = ActiveRun(project, run_id, name="", experiment="", is_owner=True)
    run.needs_capture = False  # the run has what it was started with
    _introduced(run)
    _open(run, {"t": "resume", "at": run.started_at, "tags": content["tags"], "params": {}})
    if found is not None:  # else it was started here, and the store is busy
        run.note_params(found.params)
        if found.holders:
            who = ", ".join(f"process {pid} on {host}" for pid, host in found.holders)
            run.problem(
                "resumed", f"run {run_id} is running already ({who}): all log into it, and the last one ends it"
            )
    run.log_params(content["params"])
    return run


def _open(run: ActiveRun, record: dict[str, Any]) -> None:
    later: dict[str, dict[str, str]] = {}
    for kind in ("params", "tags"):
        if sum(map(len, record[kind].values())) + sum(map(len, record[kind])) > MOST_CHARACTERS:
            later[kind], record[kind] = record[kind], {}
    try:
        run.journal.start(record)
    except OSError as error:
        raise _cannot(run.project, error) from error
    run.note_params(record["params"] or later.get("params"))
    for kind, texts in later.items():
        run.record_texts(kind, texts)


def _cannot(project: Project, error: OSError) -> Exception:
    import errno

    from mlops_store.errors import StoreFull, StoreReadOnly

    if error.errno in (errno.ENOSPC, errno.EDQUOT):
        return StoreFull(f"the disk that holds {project.state_dir} is full", "free some space")
    reason = error.strerror or str(error)
    return StoreReadOnly(f"{project.state_dir} cannot be written ({reason})", "check its owner and mode")


def experiment_of(project: Project, given: str) -> str:
    """The experiment of a new run: as given, else set_experiment, the environment, mlops.toml, 'default'."""
    chosen = given or session.experiment() or os.environ.get("MLOPS_EXPERIMENT", "")
    return _name(chosen) if chosen else _configured(project)


def _configured(project: Project) -> str:
    try:
        with open(os.path.join(project.root, CONFIG_FILE), "rb") as file:
            text = file.read()
    except OSError:
        return "default"
    if b"experiment" not in text:
        return "default"
    import tomllib  # only now: it costs some milliseconds

    try:
        name = tomllib.loads(text.decode("utf-8", "replace")).get("project", {}).get("experiment", "default")
    except (tomllib.TOMLDecodeError, AttributeError):
        return "default"  # the program that reads the whole file says where it is broken
    return name if isinstance(name, str) and name else "default"


def _name(value: Any) -> str:
    if type(value) is str and len(value) <= 200:
        return value
    from mlops_tui.tracking import values

    return values.name(value)


def _made_up() -> str:
    from mlops_tui.tracking import names

    return names.made_up()


def _texts(pairs: Mapping[str, Any] | None) -> dict[str, str]:
    """The pairs as texts; nothing of what is no mapping."""
    if pairs is None:
        return {}
    from mlops_tui.tracking import values

    try:
        items = list(pairs.items())
    except Exception:  # whatever a script may give: the caller has it reported
        return {}
    return {values.name(key): values.text(value) for key, value in items}


def _introduced(run: ActiveRun) -> dict[str, object]:
    """Says once a journal what all runs of this process have in common; returns what is different for this one."""
    known = run.journal.process
    if not known:
        attributes = {
            "user": processes.user(),
            "command": list(sys.orig_argv),
            "source": _source(run.project.root),
            "cwd": cwd(),
            "python_version": ".".join(map(str, sys.version_info[:3])),
        }
        run.journal.introduce(attributes)
        return {}
    run.needs_capture = run.needs_capture and ("packages" not in known or hasattr(sys, "ps1"))
    here = cwd()
    return {} if here == known["cwd"] else {"cwd": here}


def cwd() -> str:
    """The working directory; "" when it was removed."""
    try:
        return os.getcwd()
    except OSError:
        return ""


def _source(root: str) -> str:
    """The script as a person would name it: relative to the project where it lies inside."""
    path = getattr(sys.modules.get("__main__"), "__file__", None) or sys.argv[0]
    if not path or path == "-c":
        return path or ""
    path = os.path.abspath(path)
    return os.path.relpath(path, root) if path.startswith(root + os.sep) else path
