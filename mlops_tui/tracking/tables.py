"""Logging tables, and reading them back from one run or from many."""

from __future__ import annotations

import json
import posixpath
import warnings
from collections.abc import Iterable
from typing import TYPE_CHECKING, Any

from mlops_store import artifacts
from mlops_tui.tracking import files, fluent, images, session, values

if TYPE_CHECKING:
    import sqlite3

    import pandas as pd

    from mlops_tui.project import Project
    from mlops_tui.tracking.run import ActiveRun

#: MLflow's list of what was logged as a table.
LOGGED_TAG = "mlflow.loggedArtifacts"

_ENDINGS = (".json", ".parquet")

#: The tables of each run that this process has logged, by path: the digest of the newest.
_logged: dict[str, dict[str, str]] = {}


def log_table(data: Any, artifact_file: str, run_id: str | None = None) -> None:
    """Stores a table as an artifact; rows for a path that has a table already are added to it. Never raises.

    Each call writes the whole table anew and keeps what it replaces: of very many rows, log some hundred at a time.

    Args:
        data: A DataFrame, a dict of columns, a dict of single values (one row) or a list of dicts (one a row). Images
            of Pillow in a column are stored beside the table, in ``table_images``.
        artifact_file: Its path within the run; it ends in ``.json`` or ``.parquet``.
        run_id: Another run instead of the active one.
    """
    run = fluent.target(run_id)
    if run is None:
        return
    try:
        path = files.within(artifact_file)
        if not path.endswith(_ENDINGS):
            raise ValueError(f"the path of a table ends in {' or '.join(_ENDINGS)}")
        known = _logged.get(run.run_id)
        if known is None:
            known = _logged[run.run_id] = _stored_before(run)
        frame = _with_images(run, _frame(data), path)
        if path in known:
            frame = _joined(read(run.project.objects_dir, path, known[path]), frame)
        digest, size = artifacts.put_bytes(run.project.objects_dir, _written(frame, path))
    except Exception as error:  # it runs the script's own objects: whatever they raise must not end the training
        run.problem(f"table {artifact_file}", f"table {values.name(artifact_file)!r} was not stored: {error}")
        return
    known[path] = digest
    files.record(run, [(path, digest, size)])
    run.set_tags({LOGGED_TAG: json.dumps([{"path": one, "type": "table"} for one in known])})


def load_table(
    artifact_file: str, run_ids: list[str] | None = None, extra_columns: list[str] | None = None
) -> pd.DataFrame:
    """The table of one run, or those of many put together.

    Args:
        artifact_file: Its path within the runs.
        run_ids: The runs; all of the current experiment by default. Those without such a table are passed over.
        extra_columns: What of each run is added as a column: an attribute such as ``run_id`` or ``status``, or
            ``params.<name>``, ``metrics.<name>``, ``tags.<name>``.

    Raises:
        NotFound: None of the runs has such a table.
        UsageError: There is no such attribute.
    """
    import pandas as pd

    from mlops_store import runs
    from mlops_store.errors import NotFound
    from mlops_tui.tracking import stored

    project = session.project()
    path = files.within(artifact_file)
    found = []
    with stored.opened(project) as store, store.snapshot() as db:
        numbers = _of_experiment(db, project) if run_ids is None else [runs.number(db, run_id) for run_id in run_ids]
        for run in runs.by_ids(db, numbers):
            digests = {one.path: one.digest for one in artifacts.of_run(db, run.run_id)}
            if path in digests:
                frame = read(project.objects_dir, path, digests[path])
                for column in extra_columns or ():
                    frame[f"{column}_" if column in frame.columns else column] = _told(run, column)
                found.append(frame)
    if not found:
        raise NotFound(f"no run has a table {path!r}", "log_table(data, artifact_file) makes one")
    return pd.concat(found, ignore_index=True)


def _of_experiment(db: sqlite3.Connection, project: Project) -> list[int]:
    from mlops_tui.tracking import starting

    chosen = (
        "SELECT id FROM runs WHERE deleted_at IS NULL AND experiment_id = (SELECT id FROM experiments WHERE name = ?)"
    )
    return [number for (number,) in db.execute(f"{chosen} ORDER BY id", (starting.experiment_of(project, ""),))]


def read(objects_dir: str, path: str, digest: str) -> pd.DataFrame:
    """A logged table by its path, whose ending tells the format, and the digest of its object."""
    import pandas as pd

    with artifacts.open_object(objects_dir, digest) as file:
        if path.endswith(".parquet"):
            return pd.read_parquet(file)
        content = json.load(file)
    return pd.DataFrame(content["data"], columns=content["columns"])


def _told(run: Any, column: str) -> Any:
    from mlops_store.errors import UsageError, nearest

    kind, _, name = column.partition(".")
    if name and kind in ("params", "metrics", "tags"):
        return getattr(run, kind).get(name)
    if not hasattr(run, column) or column.startswith("_"):
        raise UsageError(f"runs have no {column!r}", nearest(column, type(run).__slots__))
    return getattr(run, column)


def _frame(data: Any) -> pd.DataFrame:
    import pandas as pd

    if isinstance(data, pd.DataFrame):
        return data
    if not isinstance(data, dict | list):
        raise TypeError(f"{type(data).__name__} is no table: neither a DataFrame, a dict nor a list of dicts")
    try:
        return pd.DataFrame(data)
    except ValueError:  # a dict of single values
        return pd.DataFrame([data])


def _with_images(run: ActiveRun, frame: pd.DataFrame, path: str) -> pd.DataFrame:
    """The table with each image replaced by where it was stored, in MLflow's form."""
    import pandas as pd

    for column in frame.columns:
        cells = frame[column]
        if cells.dtype == object and any(map(images.is_picture, cells)):
            frame = frame.copy(deep=False)
            frame[column] = pd.Series(_stored_images(run, cells, path), index=frame.index, dtype=object)
    return frame


def _stored_images(run: ActiveRun, pictures: Iterable[Any], path: str) -> list[dict[str, str]]:
    from uuid import uuid4

    folder = posixpath.join("table_images", posixpath.splitext(path)[0])
    found = []
    for picture in pictures:
        place = f"{folder}/{uuid4()}.png"
        digest, size = artifacts.put_bytes(run.project.objects_dir, images.encoded(picture, ".png")[1])
        files.record(run, [(place, digest, size)])
        found.append({"type": "image", "filepath": place})
    return found


def _joined(before: pd.DataFrame, added: pd.DataFrame) -> pd.DataFrame:
    import pandas as pd

    with warnings.catch_warnings():
        warnings.simplefilter("ignore", FutureWarning)  # of empty columns, whose type does not matter here
        return pd.concat([before, added], ignore_index=True)


def _written(frame: pd.DataFrame, path: str) -> bytes:
    from io import BytesIO

    if path.endswith(".parquet"):
        buffer = BytesIO()
        frame.to_parquet(buffer, index=False)
        return buffer.getvalue()
    text = frame.to_json(orient="split", index=False, date_format="iso")
    assert text is not None
    return text.encode()


def _stored_before(run: ActiveRun) -> dict[str, str]:
    """Path -> digest of the tables that a run has, where it is not this process alone that logs into it."""
    if run.is_new:
        return {}
    from mlops_tui.tracking import stored

    found = stored.detail(run)
    try:
        listed = {one["path"] for one in json.loads(found.run.tags.get(LOGGED_TAG, "[]"))}
    except (ValueError, TypeError, KeyError):  # something else than MLflow and this module has set that tag
        return {}
    return {one.path: one.digest for one in found.artifacts if one.path in listed}
