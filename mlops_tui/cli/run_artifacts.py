"""``runs artifacts``, ``runs artifact`` and ``runs diff``: what a run has kept, got out again."""

from __future__ import annotations

import os
import posixpath
import shutil
import sys
from collections.abc import Sequence

import click

from mlops_store.errors import MlopsError, Refused, StoreError, UsageError, nearest
from mlops_store.records import Artifact
from mlops_tui.cli import output, text
from mlops_tui.cli.parameters import dry_run_option, json_option, run_argument
from mlops_tui.cli.table import write_table
from mlops_tui.cli.workspace import Workspace

#: Bytes of a text that are looked at for whether a terminal can show it.
_HEAD_BYTES = 8192


@click.command()
@run_argument()
@json_option
@click.pass_obj
def artifacts(workspace: Workspace, run: str, as_json: bool) -> None:
    """List the artifacts of a run by path; 'runs artifact' gets one out."""
    run_id, found = _artifacts(workspace, run)
    if as_json:
        output.write_json_lines(_shape(workspace, run_id, one) for one in found)
        return
    rows = [
        (one.path, text.size(one.size_bytes), text.moment(one.logged_at), "" if _is_there(workspace, one) else "gone")
        for one in found
    ]
    if rows:
        write_table(("artifact", "size", "logged", ""), rows, right=("size",))
    else:
        output.remark("no artifacts")


@click.command()
@run_argument()
@click.argument("path")
@click.option("-o", "--output", "target", metavar="FILE", help="Where to write it: a file, or a directory that exists.")
@click.option("--force", is_flag=True, help="Replace files that are there.")
@dry_run_option
@json_option
@click.pass_obj
def artifact(
    workspace: Workspace, run: str, path: str, target: str | None, force: bool, dry_run: bool, as_json: bool
) -> None:
    """Get the artifact PATH of a run out: to stdout, or to a file with -o.

    A PATH that is a folder needs -o, and everything in it is written below that directory; of files that cannot be
    written the others are, and it exits 1. Bytes are checked against their SHA-256; files that exist are not replaced
    without --force.
    """
    run_id, found = _artifacts(workspace, run)
    path = path.rstrip("/")
    chosen = [one for one in found if one.path == path]
    folder = "" if chosen else path
    chosen = chosen or [one for one in found if one.path.startswith(path + "/")]
    if not chosen:
        hint = nearest(path, (one.path for one in found)) or f"mlops-tui runs artifacts {run_id[-8:]}"
        raise UsageError(f"run {run!r} has no artifact {path!r}", hint)
    if target is None:
        if folder or as_json or dry_run:
            what = "a folder" if folder else "--json" if as_json else "--dry-run"
            raise UsageError(f"{what} needs -o: where to write it")
        _write_out(workspace, chosen[0])
        return
    places = _places(chosen, folder, target)
    for one, place in places:
        if os.path.lexists(place) and not force:
            raise Refused(f"{place} exists already", "give another name, or --force to replace it")
        if not _is_there(workspace, one):
            raise Refused(f"the bytes of {one.path} are gone: no object {one.digest[:12]}")
    failed = {} if dry_run else _copy(workspace, places, force)
    written = [(one, place) for one, place in places if place not in failed]
    if as_json:
        output.write_json_lines({**_shape(workspace, run_id, one), "output": place} for one, place in written)
    else:
        for one, place in written:
            output.say(f"{'would write' if dry_run else 'wrote'} {text.clean(place)}  {text.size(one.size_bytes)}")
    if failed:
        *others, last = failed.values()
        for error in others:
            output.remark(text.clean(error.message, 500))
        raise last


@click.command()
@run_argument()
@json_option
@click.pass_obj
def diff(workspace: Workspace, run: str, as_json: bool) -> None:
    """Print what was not committed when a run began, as a patch for 'git apply'."""
    from mlops_store import runs

    db = workspace.store().read()
    found = runs.detail(db, runs.resolve(db, run))
    if as_json:
        output.write_json(
            {
                "run_id": found.run.run_id,
                "git_commit": found.run.git_commit,
                "git_branch": found.git_branch,
                "git_remote": found.git_remote,
                "git_dirty": found.run.git_dirty,
                "git_diff": found.git_diff,
            }
        )
    elif found.git_diff:
        _print_patch(found.git_diff)
    elif found.run.git_dirty:
        output.remark("there were uncommitted changes, but they were not kept")
    elif found.run.git_commit:
        output.remark(f"everything was committed in {found.run.git_commit[:12]}")
    elif found.git_branch or found.git_remote:
        output.remark("the run began in a Git repository without a commit")
    else:
        output.remark("the run began outside of a Git repository")


def _print_patch(patch: str) -> None:
    patch = patch if patch.endswith("\n") else patch + "\n"
    if sys.stdout.isatty():
        patch = "".join(text.clean_line(line) + "\n" for line in patch.split("\n")[:-1])
    sys.stdout.write(patch)


def _artifacts(workspace: Workspace, run: str) -> tuple[str, tuple[Artifact, ...]]:
    from mlops_store import artifacts, runs

    db = workspace.store().read()
    run_id = runs.resolve(db, run)
    return run_id, artifacts.of_run(db, run_id)


def _is_there(workspace: Workspace, one: Artifact) -> bool:
    from mlops_store.artifacts import object_path

    return os.path.exists(object_path(workspace.store().objects_dir, one.digest))


def _shape(workspace: Workspace, run_id: str, one: Artifact) -> dict[str, object]:
    return {
        "run_id": run_id,
        "path": one.path,
        "size_bytes": one.size_bytes,
        "digest": one.digest,
        "logged_at": one.logged_at,
        "is_present": _is_there(workspace, one),
    }


def _places(chosen: Sequence[Artifact], folder: str, target: str) -> list[tuple[Artifact, str]]:
    if folder:
        return [(one, os.path.join(target, *one.path[len(folder) + 1 :].split("/"))) for one in chosen]
    (one,) = chosen
    is_directory = target.endswith(os.sep) or os.path.isdir(target)
    return [(one, os.path.join(target, posixpath.basename(one.path)) if is_directory else target)]


def _copy(workspace: Workspace, places: Sequence[tuple[Artifact, str]], force: bool) -> dict[str, MlopsError]:
    """Writes what can be written; returns the places of the other files and what was wrong with each."""
    from mlops_store.artifacts import copy_out

    failed: dict[str, MlopsError] = {}
    for one, place in places:
        try:
            copy_out(workspace.store().objects_dir, one.digest, place, replace=force)
        except MlopsError as error:
            failed[place] = error
        except OSError as error:
            failed[place] = StoreError(f"{place} cannot be written: {error.strerror or error}")
    return failed


def _write_out(workspace: Workspace, one: Artifact) -> None:
    """Writes the bytes as they are, but to a terminal only the text of a text."""
    from mlops_store.artifacts import open_object

    try:
        file = open_object(workspace.store().objects_dir, one.digest)
    except OSError as error:
        raise Refused(f"the bytes of {one.path} cannot be read: {error.strerror}") from error
    with file:
        if not sys.stdout.isatty():
            shutil.copyfileobj(file, sys.stdout.buffer)
            return
        if b"\0" in file.read(_HEAD_BYTES):
            raise Refused(f"{one.path} is no text for a terminal", "give -o FILE, or send it to another program")
        file.seek(0)
        for line in file:
            output.say(text.clean_line(line.decode("utf-8", "replace")))
