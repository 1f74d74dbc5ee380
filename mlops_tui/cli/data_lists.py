"""``data list``, ``show`` and ``runs``: what is tracked, its versions, and who used them."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING

import click

from mlops_store.errors import NotFound
from mlops_tui.cli import output, shapes, text
from mlops_tui.cli.parameters import data_argument, json_option, limit_option
from mlops_tui.cli.table import write_table
from mlops_tui.cli.workspace import Workspace

if TYPE_CHECKING:
    from mlops_tui.data.catalogue import Item
    from mlops_tui.data.savings import Saving
    from mlops_tui.data.versions import Version
    from mlops_tui.pipeline.state import Inputs

_DIGITS = 12


def find(workspace: Workspace, path: str) -> tuple[Inputs, Item]:
    """The data that a person means by a path, and what the files of the project are known to be.

    Raises:
        NotFound: Nothing of that path is tracked.
    """
    inputs, item, below = find_in(workspace, path)
    if below:
        raise NotFound(
            f"{path} is a file in {item.path}, whose versions are of the whole", f"mlops-tui data show {item.path}"
        )
    return inputs, item


def find_in(workspace: Workspace, path: str) -> tuple[Inputs, Item, str]:
    """The same for a path that may lie in a tracked directory: that directory, and the path below it ('' for itself).

    Raises:
        NotFound: Nothing of that path, or above it, is tracked.
    """
    from mlops_tui.data import catalogue, versions
    from mlops_tui.pipeline.state import Inputs

    inputs = Inputs(workspace.project)
    items = catalogue.read(workspace.project, workspace.find(), inputs)
    if path not in {item.path for item in items}:
        typed = os.path.normpath(os.path.join(workspace.start, path))
        below = os.path.relpath(typed, workspace.project.root)
        path = typed if below.startswith(os.pardir) else below
    return inputs, *versions.holder(items, path)


@click.command("list")
@json_option
@click.pass_obj
def list_(workspace: Workspace, as_json: bool) -> None:
    """List what is tracked as data: state, size, versions and who used it last."""
    from mlops_tui.data import catalogue, savings
    from mlops_tui.pipeline.state import Inputs

    inputs, store = Inputs(workspace.project), workspace.find()
    items = catalogue.read(workspace.project, store, inputs)
    if as_json:
        output.write_json_lines(map(shapes.data_item, items))
        return
    if not items:
        output.remark("nothing is tracked; deps and outs of a dvc.yaml, .dvc files and log_input are")
        return
    rows = [_row(item) for item in items]
    columns = ("path", "state", "size", "versions", "files", "last changed", "last used by", "role", "digest")
    write_table(columns, rows, right=("size", "versions", "files"))
    _remark(savings.of(savings.Objects(inputs), savings.known(store, items)))


def _row(item: Item) -> tuple[str, ...]:
    summary = item.summary
    return (
        item.path,
        item.state,
        text.size(item.size_bytes),
        str(item.version_count),
        "-" if item.files is None else f"{item.files:,}",
        text.moment(summary.since_at if summary else None),
        f"{summary.run_name} {text.short(summary.run_id)}" if summary and summary.run_id else "-",
        item.role,
        (item.digest or item.locked)[:_DIGITS],
    )


def _remark(saving: Saving) -> None:
    if saving.version_count:
        output.remark(
            f"{text.count(saving.version_count, 'version')} in the cache: {text.size(saving.logical_bytes)} kept in "
            f"{text.size(saving.stored_bytes)}, {text.size(saving.saved_bytes)} saved"
        )


@click.command()
@data_argument()
@json_option
@click.pass_obj
def show(workspace: Workspace, path: str, as_json: bool) -> None:
    """Show the versions of some data over time, and where their bytes are."""
    from mlops_tui.data import versions

    inputs, item = find(workspace, path)
    history = versions.read(inputs, workspace.find(), item)
    if as_json:
        output.write_json(shapes.data_history(item, history))
        return
    output.write_fields(
        [
            ("path", item.path),
            ("state", item.state),
            ("role", item.role),
            ("made by", ", ".join(item.written_by)),
            ("read by", ", ".join(item.read_by)),
            ("size", text.size(item.size_bytes)),
            ("files", "" if item.files is None else f"{item.files:,}"),
        ]
    )
    output.say()
    columns = (
        "version",
        "standing",
        "bytes in",
        "size",
        "files",
        "first used",
        "last used",
        "read",
        "written",
        "commit",
    )
    rows = [_version_row(version) for version in history.versions]
    write_table(columns, rows, right=("size", "files", "read", "written"))
    _remark(history.saving)


def _version_row(version: Version) -> tuple[str, ...]:
    record = version.record
    return (
        record.digest[:_DIGITS],
        version.standing or "-",
        version.where or "nowhere",
        text.size(record.size_bytes),
        "-" if record.files is None else f"{record.files:,}",
        text.moment(record.first_at or None),
        text.moment(record.used_at or None),
        str(record.read_count),
        str(record.written_count),
        version.commit[:10] or "-",
    )


@click.command()
@data_argument()
@click.argument("version")
@limit_option
@json_option
@click.pass_obj
def runs(workspace: Workspace, path: str, version: str, limit: int, as_json: bool) -> None:
    """List the runs that used a version of some data, the newest first."""
    from mlops_store import datasets
    from mlops_tui.data import versions

    inputs, item = find(workspace, path)
    store = workspace.find()
    digest = versions.resolve(inputs, store, item, version)
    found = () if store is None else datasets.uses(store.read(), item.path, digest, limit)
    if as_json:
        output.write_json_lines(map(shapes.data_use, found))
    elif found:
        rows = [
            (
                text.short(use.run_id),
                use.run_name,
                ", ".join(use.contexts),
                use.kind,
                use.status.lower(),
                text.moment(use.started_at),
                use.user,
            )
            for use in found
        ]
        write_table(("run", "name", "used as", "kind", "status", "started", "by"), rows)
    else:
        output.remark(f"no run used {text.clean(item.path)} at {digest[:_DIGITS]}")
