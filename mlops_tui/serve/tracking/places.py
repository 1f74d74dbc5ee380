"""Where proxied artifacts lie: paths and URIs of clients, and the run or logged model whose files they are.

A path that could lead out of its place in any spelling is refused before anything is looked up.
"""

from __future__ import annotations

import posixpath
import re
import sqlite3
from typing import NamedTuple
from urllib.parse import unquote, urlsplit

from mlops_store import experiments, logged_models, runs
from mlops_store.errors import NotFound
from mlops_store.placed_files import Place
from mlops_store.records import Experiment
from mlops_store.run_columns import ARTIFACT_URI
from mlops_tui.serve.tracking import names
from mlops_tui.serve.tracking.problems import invalid

#: Below which clients put and get the bytes of artifacts, as their URIs name it.
ROUTE = "api/2.0/mlflow-artifacts/artifacts"
SCHEME = "mlflow-artifacts"
_ARTIFACTS, _MODELS = "artifacts", "models"
_LONGEST_PATH = 2_000
#: How often a path may be encoded.
_ROUNDS = 10
_DRIVE = re.compile(r"[A-Za-z]:")


class Found(NamedTuple):
    """A place, and a path in it; "" for the place itself."""

    place: Place
    path: str


def safe(path: str) -> str:
    """A path in normal form: relative, with ``/``, and never leading out.

    Raises:
        Fault: It is absolute, leads out, or has characters that no artifact's path has, in any encoding.
    """
    plain = path
    for _ in range(_ROUNDS):
        try:
            decoded = unquote(plain, errors="strict")
        except UnicodeDecodeError:
            raise invalid("Invalid path") from None
        if decoded == plain:
            break
        plain = decoded
    else:
        raise invalid("Invalid path")
    if (
        len(plain) > _LONGEST_PATH
        or ".." in plain.split("/")
        or plain.startswith("/")
        or "\\" in plain
        or "#" in plain
        or _DRIVE.match(plain)
        or plain.lower().startswith("file:")
        or any(ord(character) < 32 or 0x7F <= ord(character) < 0xA0 for character in plain)
        or not _is_encodable(plain)
    ):
        raise invalid("Invalid path")
    normal = posixpath.normpath(plain) if plain else ""
    return "" if normal == "." else normal


def resolve(db: sqlite3.Connection, path: str) -> Found:
    """The place that a path below the route of artifacts is in, and where in it."""
    parts = path.split("/")
    for at in range(len(parts) - 1):
        if parts[at + 1] == _ARTIFACTS:
            owner = parts[at]
            found = _model(db, owner, parts[: at + 2]) if at and parts[at - 1] == _MODELS else None
            found = found or _run(db, owner, parts[: at + 2])
            if found is not None:
                return Found(found, "/".join(parts[at + 2 :]))
    return Found(Place("loose"), path)


def require_within(db: sqlite3.Connection, found: Found) -> None:
    """Refuses a folder that places of runs and models lie in, whose files are not deleted with it. Fault: it is one."""
    if found.place.kind != "loose":
        return
    roots = [path_of(one.artifact_location or f"{SCHEME}:/{one.number}") for one in experiments.listed(db, "TRUE", ())]
    is_above = any(root and f"{root}/{_MODELS}/".startswith(f"{found.path}/") for root in roots)
    if is_above or resolve(db, f"{found.path}/{_ARTIFACTS}").place.kind != "loose":
        raise invalid(f"'{found.path}' holds the artifacts of runs and models: name those of one of them")


def path_of(uri: str) -> str | None:
    """The path below the route of artifacts that a URI names; None where it names another place."""
    split = urlsplit(uri)
    if split.scheme.lower() == SCHEME:
        return split.path.strip("/")
    if split.scheme.lower() in ("http", "https"):
        _, found, rest = f"{split.path}/".partition(f"/{ROUTE}/")
        return rest.strip("/") if found else None
    return None


def run_root(db: sqlite3.Connection, number: int) -> str:
    """The URI of the artifacts of a run (``runs.id``)."""
    row = db.execute(f"SELECT {ARTIFACT_URI} FROM runs r WHERE r.id = ?", (number,)).fetchone()
    return str(row[0])


def model_root(experiment: Experiment, model_id: str) -> str:
    """The URI of the files of a logged model that has its own."""
    root = experiment.artifact_location or f"{SCHEME}:/{experiment.number}"
    path, mark, question = root.partition("?") if "://" in root else (root, "", "")
    return f"{path.rstrip('/')}/{_MODELS}/{model_id}/{_ARTIFACTS}{mark}{question}"


def _model(db: sqlite3.Connection, model_id: str, root: list[str]) -> Place | None:
    found = logged_models.find(db, model_id)
    if found is None:
        return None
    number, location, _ = found
    return Place("model", number) if path_of(location) == "/".join(root) else None


def _run(db: sqlite3.Connection, run_id: str, root: list[str]) -> Place | None:
    if not names.is_run_id(run_id):
        return None
    try:
        number = runs.number(db, run_id)
    except NotFound:
        return None
    return Place("run", number) if path_of(run_root(db, number)) == "/".join(root) else None


def _is_encodable(path: str) -> bool:
    try:
        path.encode()
    except UnicodeEncodeError:
        return False
    return True
