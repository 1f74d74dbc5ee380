"""Logging files: the bytes go into the objects first, then the journal names them."""

from __future__ import annotations

import os
import posixpath
import time
from collections.abc import Callable, Iterator
from typing import TYPE_CHECKING, Any

from mlops_store import artifacts
from mlops_tui.tracking import fluent, values

if TYPE_CHECKING:
    from mlops_tui.tracking.run import ActiveRun

#: Files in one record: with the longest names these are far below ``journals.MAX_FRAME_BYTES``.
_MOST_FILES = 1000


def log_text(text: str, artifact_file: str, run_id: str | None = None) -> None:
    """Stores a text as an artifact.

    Args:
        text: Written as UTF-8.
        artifact_file: Its path within the run, e.g. ``notes/readme.md``.
        run_id: Another run instead of the active one.
    """
    _log(run_id, artifact_file, lambda: values.text_bytes(text))


def log_dict(dictionary: Any, artifact_file: str, run_id: str | None = None) -> None:
    """Stores a dict or list as an artifact: YAML when the name ends in ``.yml`` or ``.yaml``, else JSON."""

    def dumped() -> bytes:
        if artifact_file.endswith((".yml", ".yaml")):
            import yaml

            return yaml.safe_dump(dictionary, allow_unicode=True, sort_keys=False, encoding="utf-8")
        import json

        return values.text_bytes(json.dumps(dictionary, indent=2, default=str, ensure_ascii=False))

    _log(run_id, artifact_file, dumped)


def log_figure(figure: Any, artifact_file: str, *, save_kwargs: dict[str, Any] | None = None) -> None:
    """Stores a matplotlib or plotly figure as an artifact.

    Args:
        figure: A matplotlib figure, or a plotly one, which is written as HTML or as an image by the name's ending.
        artifact_file: Its path within the run; the ending decides the format.
        save_kwargs: Passed to the figure's own way of writing.
    """

    def drawn() -> bytes:
        from io import BytesIO

        options = dict(save_kwargs or {})
        ending = posixpath.splitext(artifact_file)[1].lstrip(".").lower()
        if hasattr(figure, "savefig"):
            buffer = BytesIO()
            figure.savefig(buffer, **{"format": ending or "png", **options})
            return buffer.getvalue()
        if ending == "html":
            return values.text_bytes(figure.to_html(**options))
        image: bytes = figure.to_image(**{"format": ending or "png", **options})
        return image

    _log(None, artifact_file, drawn)


def log_artifact(local_path: str, artifact_path: str | None = None, run_id: str | None = None) -> None:
    """Stores a file, or a directory with all in it, as artifacts.

    Args:
        local_path: The file.
        artifact_path: The folder within the run that it goes to.
        run_id: Another run instead of the active one.
    """
    path = os.fspath(local_path)
    if os.path.isdir(path):
        log_artifacts(path, posixpath.join(artifact_path or "", os.path.basename(os.path.abspath(path))), run_id)
        return
    _store(run_id, [(path, posixpath.join(artifact_path or "", os.path.basename(path)))])


def log_artifacts(local_dir: str, artifact_path: str | None = None, run_id: str | None = None) -> None:
    """Stores all files below a directory as artifacts, with their paths relative to it; see ``log_artifact``."""
    top = os.fspath(local_dir)
    if not os.path.isdir(top):
        run = fluent.target(run_id)
        if run is not None:
            run.problem(f"artifact {top}", f"{top} is not a directory: nothing was stored")
        return
    _store(run_id, list(_files(top, artifact_path or "")))


def get_artifact_uri(artifact_path: str | None = None) -> str:
    """``runs:/<run id>/<path>`` of an artifact of the active run."""
    run = fluent.target(None)
    return posixpath.join(f"runs:/{run.run_id if run else ''}", artifact_path or "")


def record(run: ActiveRun, files: list[tuple[str, str, int]]) -> None:
    """Appends the names of objects: path, digest and size of each."""
    for first in range(0, len(files), _MOST_FILES):
        some = [list(file) for file in files[first : first + _MOST_FILES]]
        run.journal.record({"t": "artifact", "files": some, "at": time.time()})
    for path, _, _ in files:
        _place(run, path)


def _place(run: ActiveRun, path: str) -> None:
    """Remembers where an artifact is, and says so when a path is a file and a folder, which no disk can hold."""
    both = path if path in run.folder_paths else ""
    run.file_paths.add(path)
    folder = posixpath.dirname(path)
    while folder and folder not in run.folder_paths:
        run.folder_paths.add(folder)
        both = folder if folder in run.file_paths else both
        folder = posixpath.dirname(folder)
    if both:
        run.problem(
            f"artifact {both}",
            f"artifact {path!r} is kept, but {both!r} is a file and a folder now: they cannot be written out together",
        )


def _files(top: str, folder: str) -> Iterator[tuple[str, str]]:
    for directory, folders, names in os.walk(top):
        folders.sort()
        for name in sorted(names):
            path = os.path.join(directory, name)
            yield path, posixpath.join(folder, os.path.relpath(path, top).replace(os.sep, "/"))


def _log(run_id: str | None, path: str, make: Callable[[], bytes]) -> None:
    run = fluent.target(run_id)
    if run is not None:
        store(run, path, make)


def store(run: ActiveRun, path: str, make: Callable[[], bytes]) -> None:
    """Stores what ``make`` returns as an artifact of a run. Never raises."""
    try:
        name = within(path)
        digest, size = artifacts.put_bytes(run.project.objects_dir, make())
    except Exception as error:  # it runs the script's own objects: whatever they raise must not end the training
        run.problem(f"artifact {path}", f"artifact {values.name(path)!r} was not stored: {error}")
        return
    record(run, [(name, digest, size)])


def _store(run_id: str | None, files: list[tuple[str, str]]) -> None:
    run = fluent.target(run_id)
    if run is None:
        return
    stored = []
    for path, name in files:
        try:
            stored.append((within(name), *artifacts.put_file(run.project.objects_dir, path)))
        except (OSError, ValueError) as error:
            run.problem(f"artifact {path}", f"artifact {path!r} was not stored: {error}")
    if stored:
        record(run, stored)


def within(path: str) -> str:
    """An artifact's path in normal form.

    Raises:
        ValueError: It is empty, absolute or leads out of the run.
    """
    normal = posixpath.normpath(values.name(path).replace("\\", "/"))
    if normal in (".", "..", "/") or normal.startswith(("../", "/")) or "\0" in normal:
        raise ValueError("not a path within the run")
    return normal
