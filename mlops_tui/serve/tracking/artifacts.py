"""Proxied artifacts: put, listed, read and deleted by their paths, as ``mlflow server`` does with a local folder.

The bytes are objects of the store; names are in it. A file is there when it is whole, and not before.
"""

from __future__ import annotations

import asyncio
import errno
import mimetypes
import os
import posixpath
import re
import shutil
import sqlite3
from collections.abc import Mapping
from typing import Any, NamedTuple
from urllib.parse import quote, urlsplit

from starlette.requests import ClientDisconnect, Request
from starlette.responses import FileResponse, JSONResponse, Response

from mlops_store import artifacts, logged_models, models, placed_files, runs
from mlops_store.errors import NotFound
from mlops_store.placed_files import Place, PlacedFile
from mlops_tui.registry import logged
from mlops_tui.serve.faults import INVALID_PARAMETER_VALUE, Fault
from mlops_tui.serve.tracking import places, version_files
from mlops_tui.serve.tracking.places import Found
from mlops_tui.serve.tracking.problems import absent, invalid, unsupported
from mlops_tui.serve.tracking.routes import Call, Context, Endpoint, Stream
from mlops_tui.serve.tracking.version_files import InVersion

_BLOCK_BYTES = 1 << 20
#: What MLflow's pages can send.
_UPLOADED_BYTES = 10 << 20
_TOKEN = re.compile(r"[\w!#$&+.^|~\-]+", re.ASCII)
#: How long a client may take to send the next bytes of a file.
_IDLE_S = 60.0
#: Endings of names whose files are text, as MLflow has them; ``MLmodel`` and ``mlproject`` have none.
_TEXT = re.compile(
    r"txt|log|err|cfg|conf|cnf|cf|ini|properties|prop|hocon|toml|ya?ml|xml|json|js|py3?|csv|tsv|md|rst|ipynb|MLmodel|mlproject"
)
_PREFIXES = ("/api/2.0/mlflow-artifacts/", "/ajax-api/2.0/mlflow-artifacts/")
_NO_PARTS = "Multipart upload is not supported for the current artifact repository"
_NO_URLS = "Presigned download is not supported for the current artifact repository"


class ListPlaced(NamedTuple):
    """ListArtifacts of the artifacts' own service."""

    path: str = ""


class ListOfRun(NamedTuple):
    """ListArtifacts of the tracking service."""

    run_id: str
    path: str = ""


class ListOfModel(NamedTuple):
    """ListLoggedModelArtifacts."""

    model_id: str
    artifact_directory_path: str = ""


class Parts(NamedTuple):
    """CreateMultipartUpload, CompleteMultipartUpload, AbortMultipartUpload and GetPresignedDownloadUrl."""

    at: str = ""
    path: str = ""


def list_placed(context: Context, asked: ListPlaced) -> Mapping[str, Any]:
    """What lies in a folder, by names relative to it."""
    path = places.safe(asked.path)
    with context.store.snapshot() as db:
        registered = version_files.inside(db, path)
        if registered is not None:
            return _files(registered.listed())
        found = places.resolve(db, path)
        return _files(placed_files.listed(db, found.place, found.path))


def list_of_run(context: Context, asked: ListOfRun) -> Mapping[str, Any]:
    """What lies in a folder of a run's artifacts, by paths within the run."""
    path = places.safe(asked.path)
    with context.store.snapshot() as db:
        place, root = _of_run(db, asked.run_id)
        return {**_files(placed_files.listed(db, place, path), path), "root_uri": root}


def list_of_model(context: Context, asked: ListOfModel) -> Mapping[str, Any]:
    """What lies in a folder of a logged model, by paths within the model."""
    path = places.safe(asked.artifact_directory_path)
    with context.store.snapshot() as db:
        place, folder, root = _of_model(db, asked.model_id)
        inside = posixpath.join(folder, path) if path else folder
        return {**_files(placed_files.listed(db, place, inside), path), "root_uri": root}


def no_parts(_context: Context, asked: Parts) -> Mapping[str, Any]:
    """Says that files are put in one piece here, after which clients do so."""
    places.safe(asked.at)
    raise unsupported(_NO_PARTS)


def no_urls(_context: Context, asked: Parts) -> Mapping[str, Any]:
    """Says that files are read from here and nowhere else."""
    places.safe(asked.at)
    raise unsupported(_NO_URLS)


async def put(context: Context, request: Request) -> Response:
    """Takes a file."""
    path = places.safe(request.path_params["path"])
    if not path:
        raise invalid("Invalid path")
    version_files.require_none(path)
    objects_dir = context.store.objects_dir
    _require_room(objects_dir, request.headers.get("content-length", ""))
    try:
        incoming = await asyncio.to_thread(artifacts.Incoming, objects_dir)
    except OSError as error:
        raise _unwritable(objects_dir, error) from error
    try:
        waiting = bytearray()
        chunks = request.stream()
        while True:
            async with asyncio.timeout(_IDLE_S):
                chunk = await anext(chunks, None)
            if chunk is not None:
                waiting += chunk
            if len(waiting) >= _BLOCK_BYTES or (chunk is None and waiting):
                await asyncio.to_thread(incoming.write, bytes(waiting))
                waiting.clear()
            if chunk is None:
                break
        await asyncio.to_thread(_place, context, path, incoming)
    except TimeoutError as error:
        message = f"Nothing of the file came for {_IDLE_S:g} seconds"
        raise Fault(message, "DEADLINE_EXCEEDED", 408, is_final=True) from error
    except ClientDisconnect as error:
        raise Fault("The client has gone", status=499, is_final=True) from error
    except OSError as error:
        raise _unwritable(objects_dir, error) from error
    finally:
        incoming.abandon()
    return JSONResponse({})


async def upload(context: Context, request: Request) -> Response:
    """Takes a small file of a run, as MLflow's pages send it."""
    query = request.query_params
    for name in ("run_uuid", "path"):
        if not query.get(name):
            raise invalid(f"Request must specify {name}.")
    path = places.safe(query["path"])
    _require_own_page(request)
    content = bytearray()
    async for chunk in request.stream():
        content += chunk
        if len(content) > _UPLOADED_BYTES:
            raise Fault("Artifact size is too large. Max size is 10MB.", INVALID_PARAMETER_VALUE, is_final=True)
    if not content:
        raise invalid("Request must specify data.")
    await asyncio.to_thread(_upload, context, query["run_uuid"], path, bytes(content))
    return JSONResponse({})


async def get(context: Context, request: Request) -> Response:
    """Gives a file."""
    return await asyncio.to_thread(_placed, context, request.path_params["path"])


async def delete(context: Context, request: Request) -> Response:
    """Removes a file, or a folder with all in it."""
    path = places.safe(request.path_params["path"])
    if not path:  # all files that are of no run and no model
        raise invalid("Invalid path")
    version_files.require_none(path)
    await asyncio.to_thread(_remove, context, path)
    return JSONResponse({})


async def of_run(context: Context, request: Request) -> Response:
    """Gives a file of a run."""
    query = request.query_params
    run_id = query.get("run_id") or query.get("run_uuid") or ""
    return await asyncio.to_thread(_file_of_run, context, run_id, _path(request, "path"))


async def of_version(context: Context, request: Request) -> Response:
    """Gives a file of a version of a registered model."""
    query = request.query_params
    name, version, path = query.get("name", ""), query.get("version", ""), _path(request, "path")
    return await asyncio.to_thread(_file_of_version, context, name, version, path)


async def of_model(context: Context, request: Request) -> Response:
    """Gives a file of a logged model."""
    model_id, path = request.path_params["model_id"], _path(request, "artifact_file_path")
    return await asyncio.to_thread(_file_of_model, context, model_id, path)


def _upload(context: Context, run_id: str, path: str, content: bytes) -> None:
    digest, size = artifacts.put_bytes(context.store.objects_dir, content)
    with context.store.write() as db:
        place, _ = _of_run(db, run_id)
        _put(context, db, Found(place, path), path, digest, size)


def _place(context: Context, path: str, incoming: artifacts.Incoming) -> None:
    digest, size = incoming.finish()
    with context.store.write() as db:
        _put(context, db, places.resolve(db, path), path, digest, size)


def _put(context: Context, db: sqlite3.Connection, found: Found, path: str, digest: str, size: int) -> None:
    if not found.path or placed_files.is_folder(db, found.place, found.path):
        raise invalid(f"Artifact path refers to a directory, not a file: '{path}'")
    if placed_files.has_file_above(db, found.place, found.path):
        raise invalid(f"A part of the path '{path}' is a file")
    placed_files.put(db, found.place, found.path, digest, size)
    if found.place.kind == "model":
        logged.refresh(context.store.objects_dir, db, found.place.owner)


def _placed(context: Context, path: str) -> Response:
    path = places.safe(path)
    with context.store.snapshot() as db:
        registered = version_files.inside(db, path)
        if registered is not None:
            return _answer(context, registered.file())
        found = places.resolve(db, path)
        file = _find(db, found.place, found.path, path)
    return _answer(context, file)


def _remove(context: Context, path: str) -> None:
    with context.store.write() as db:
        found = places.resolve(db, path)
        places.require_within(db, found)
        placed_files.remove(db, found.place, found.path)
        if found.place.kind == "model":
            logged.refresh(context.store.objects_dir, db, found.place.owner)


def _file_of_run(context: Context, run_id: str, path: str) -> Response:
    with context.store.snapshot() as db:
        place, _ = _of_run(db, run_id)
        file = _find(db, place, path, path)
    return _answer(context, file)


def _file_of_model(context: Context, model_id: str, path: str) -> Response:
    with context.store.snapshot() as db:
        place, folder, _ = _of_model(db, model_id)
        file = _find(db, place, posixpath.join(folder, path), path)
    return _answer(context, file)


def _file_of_version(context: Context, name: str, version: str, path: str) -> Response:
    if not version.isascii() or not version.isdecimal():
        raise invalid(f"Parameter 'version' must be an integer, got '{version}'.")
    with context.store.snapshot() as db:
        try:
            found = models.version(db, name, int(version[:18]))
        except NotFound:
            raise absent(f"Model Version (name={name}, version={version}) not found") from None
    return _answer(context, InVersion(version_files.files(found), path).file())


def _of_run(db: sqlite3.Connection, run_id: str) -> tuple[Place, str]:
    """The place of a run's artifacts and its URI."""
    try:
        number = runs.number(db, run_id)
    except NotFound:
        raise absent(f"Run with id={run_id} not found") from None
    return Place("run", number), places.run_root(db, number)


def _of_model(db: sqlite3.Connection, model_id: str) -> tuple[Place, str, str]:
    """The place of a logged model's files, their folder in it, and their URI."""
    found = logged_models.get(db, model_id)
    if found.has_own_files:
        return Place("model", found.number), "", found.location
    place, _ = _of_run(db, found.run_id)
    return place, found.name, found.location


def _find(db: sqlite3.Connection, place: Place, path: str, shown: str) -> PlacedFile:
    file = placed_files.find(db, place, path)
    if file is not None:
        return file
    if not path or placed_files.is_folder(db, place, path):
        raise invalid(f"Artifact path refers to a directory, not a file: '{shown}'")
    raise absent(f"No such artifact: '{shown}'")


def _answer(context: Context, file: PlacedFile) -> Response:
    """The bytes, always as something to be saved: a page among artifacts is none of this server's."""
    path = artifacts.object_path(context.store.objects_dir, file.digest)
    try:
        status = os.stat(path)
    except OSError:
        raise absent(f"The bytes of '{file.path}' are gone") from None
    name = posixpath.basename(file.path)
    answer = _File(path, stat_result=status)
    # set afterwards, because Starlette would name an encoding that nobody knows
    answer.headers["content-type"] = media_type(name)
    answer.headers["content-disposition"] = f"attachment; {_named(name)}"
    answer.headers["x-content-type-options"] = "nosniff"
    return answer


class _File(FileResponse):
    """A file in larger pieces than Starlette's: each is read in another thread, which costs more than reading it."""

    chunk_size = 1 << 20


def _named(name: str) -> str:
    """A file's name as a header has it."""
    if _TOKEN.fullmatch(name):
        return f"filename={name}"
    if name.isascii():
        escaped = name.replace("\\", "\\\\").replace('"', '\\"')
        return f'filename="{escaped}"'
    return f"filename*=UTF-8''{quote(name, safe='')}"


def media_type(name: str) -> str:
    """The type of a file by its name, as MLflow guesses it."""
    stem, dot, ending = name.rpartition(".")
    if _TEXT.fullmatch(ending if dot and stem else name):
        return "text/plain"
    return mimetypes.guess_type(name)[0] or "application/octet-stream"


def _files(listed: list[placed_files.Listed], folder: str = "") -> dict[str, Any]:
    files = []
    for name, size in listed:
        one: dict[str, Any] = {"path": posixpath.join(folder, name), "is_dir": size is None}
        if size:
            one["file_size"] = size
        files.append(one)
    return {"files": files} if files else {}


def _path(request: Request, name: str) -> str:
    given = request.query_params.get(name, "")
    if not given:
        raise Fault(f'Request must include the "{name}" query parameter.')
    return places.safe(given)


def _unwritable(objects_dir: str, error: OSError) -> Exception:
    """What is said where a file cannot be kept; the connection ends, because not all of it was read."""
    if error.errno in (errno.ENOSPC, errno.EDQUOT):
        message = f"The disk of {objects_dir} is full"
        return Fault(message, "TEMPORARILY_UNAVAILABLE", 503, is_final=True)
    return Fault(f"{objects_dir} cannot be written ({error.strerror})", "PERMISSION_DENIED", 403, is_final=True)


def _require_own_page(request: Request) -> None:
    """Refuses what a page of another site lets a browser send, which asks nobody before."""
    origin = request.headers.get("origin")
    if origin is not None and urlsplit(origin).netloc != request.headers.get("host"):
        raise Fault("Pages of other sites put no files here", "PERMISSION_DENIED", 403, is_final=True)


def _require_room(objects_dir: str, announced: str) -> None:
    """Refuses a file that says that it is larger than the disk has room for."""
    if not announced.isdecimal():
        return
    os.makedirs(objects_dir, exist_ok=True)
    free = shutil.disk_usage(objects_dir).free
    if int(announced[:20]) > free:
        message = f"The file has {announced} bytes and the disk has {free} left"
        raise Fault(message, "RESOURCE_EXHAUSTED", 413, is_final=True)


ENDPOINTS: tuple[Endpoint, ...] = (
    Call("GET", "artifacts", ListPlaced, list_placed, prefixes=_PREFIXES),
    Stream("GET", "artifacts/{path:path}", get, prefixes=_PREFIXES),
    Stream("PUT", "artifacts/{path:path}", put, prefixes=_PREFIXES),
    Stream("DELETE", "artifacts/{path:path}", delete, prefixes=_PREFIXES),
    *(
        Call("POST", f"mpu/{act}/{{at:path}}", Parts, no_parts, prefixes=_PREFIXES)
        for act in ("create", "complete", "abort")
    ),
    Call("GET", "presigned/{at:path}", Parts, no_urls, prefixes=_PREFIXES),
    Call("GET", "artifacts/list", ListOfRun, list_of_run),
    Call("GET", "logged-models/{model_id}/artifacts/directories", ListOfModel, list_of_model),
    Stream("GET", "logged-models/{model_id}/artifacts/files", of_model, prefixes=("/ajax-api/2.0/mlflow/",)),
    Stream("POST", "upload-artifact", upload, prefixes=("/ajax-api/2.0/mlflow/",)),
    Stream("GET", "get-artifact", of_run),
    Stream("GET", "model-versions/get-artifact", of_version),
)
