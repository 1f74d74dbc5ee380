"""``data diff`` and ``restore``: how versions differ, and bringing one back."""

from __future__ import annotations

from typing import TYPE_CHECKING

import click

from mlops_tui.cli import output, shapes, text
from mlops_tui.cli.data_lists import find, find_in
from mlops_tui.cli.parameters import data_argument, dry_run_option, json_option
from mlops_tui.cli.table import write_table
from mlops_tui.cli.workspace import Workspace

if TYPE_CHECKING:
    from mlops_tui.data.diff import ColumnChange, Difference, Side
    from mlops_tui.data.restore import Plan
    from mlops_tui.data.tables import Column

_SIGNS = {"added": "+", "removed": "-", "changed": "~", "retyped": "!", "same": " "}


@click.command()
@data_argument()
@click.argument("before", metavar="VERSION")
@click.argument("after", metavar="VERSION")
@json_option
@click.pass_obj
def diff(workspace: Workspace, path: str, before: str, after: str, as_json: bool) -> None:
    """Show how two versions of some data differ.

    Directories by their files, CSV and Parquet files by columns, rows and statistics, small texts by their lines.
    PATH may be a file in a tracked directory; VERSION is then one of the directory.
    """
    from mlops_tui.data import diff as differences
    from mlops_tui.data import versions

    inputs, item, member = find_in(workspace, path)
    store = workspace.find()
    old, new = (versions.resolve(inputs, store, item, word) for word in (before, after))
    found = differences.of(inputs, item, old, new, member)
    if as_json:
        output.write_json(shapes.data_difference(found))
    else:
        _write(found)


def _write(found: Difference) -> None:
    output.write_fields([("before", _side(found.before)), ("after", _side(found.after))])
    for note in found.notes:
        output.remark(text.clean(note))
    if found.kind == "same":
        output.remark("the same version")
    if found.files:
        output.say()
        rows = [
            (f"{_SIGNS[file.how]} {file.path}", file.how, text.size(file.before_bytes), text.size(file.after_bytes))
            for file in found.files
        ]
        write_table(("file", "change", "before", "after"), rows, right=("before", "after"))
    if found.columns:
        output.say()
        _write_columns(found.columns)
    if found.lines:
        output.say()
        for line in found.lines:
            output.say(text.clean_line(line))


def _side(side: Side) -> str:
    from mlops_tui.data import contents

    parts = [side.digest[:12], text.size(side.size_bytes)]
    parts += [text.count(side.files, "file")] if side.files is not None else []
    parts += [text.count(side.row_count, "row")] if side.row_count is not None else []
    return ", ".join([*parts, f"from {contents.WORDS[side.where]}"])


def _write_columns(columns: tuple[ColumnChange, ...]) -> None:
    same = sum(column.how == "same" for column in columns)
    rows = []
    for column in columns:
        if column.how != "same":
            rows += [(f"{_SIGNS[column.how]} {column.name}", column.how, *_cells(column.before or column.after))]
            if column.before and column.after:
                rows += [("", "->", *_cells(column.after))]
    if rows:
        titles = ("column", "change", "type", "missing", "mean", "sd", "min", "median", "max", "commonest")
        write_table(titles, rows, right=titles[3:9])
    if same:
        output.remark(f"{text.count(same, 'column')} the same")


def _cells(column: Column | None) -> tuple[str, ...]:
    assert column is not None  # a change has at least one side
    return (
        column.type,
        f"{column.missing:,}",
        *(_value(value) for value in (column.mean, column.sd, column.min, column.quantiles.get("0.5"), column.max)),
        ", ".join(f"{label} ({count:,})" for label, count in column.top) or "-",
    )


def _value(value: float | str | None) -> str:
    return value if isinstance(value, str) else text.number(value)


@click.command()
@data_argument()
@click.argument("version")
@dry_run_option
@click.option("--force", is_flag=True, help="Overwrite content that is not in the cache, even while a pipeline runs.")
@json_option
@click.pass_obj
def restore(workspace: Workspace, path: str, version: str, dry_run: bool, force: bool, as_json: bool) -> None:
    """Bring a version of some data back into the work tree from the cache.

    The lock is not changed: the stages that use the data are stale afterwards, as after an edit.
    """
    from mlops_tui.data import restore as restoring
    from mlops_tui.data import versions

    inputs, item = find(workspace, path)
    store = workspace.find()
    digest = versions.resolve(inputs, store, item, version)
    if dry_run:
        done = restoring.plan(inputs, item, digest)
    else:
        done = restoring.apply(inputs, item, digest, None if force else store, force=force)
        if store is not None:
            restoring.record(store, done)
    if as_json:
        output.write_json(shapes.data_plan(done))
    else:
        _write_plan(done, dry_run)


def _write_plan(done: Plan, is_dry: bool) -> None:
    if not done.changes:
        output.remark(f"{text.clean(done.path)} is at {done.digest[:12]} already")
        return
    for change in done.changes:
        lost = "  (its content is not in the cache)" if change.is_lost and is_dry else ""
        output.say(f"{_SIGNS[change.how]} {text.clean(change.path)}  {text.size(change.size_bytes)}{lost}")
    would = "would be" if is_dry else "is"
    output.remark(
        f"{text.clean(done.path)} {would} at {done.digest[:12]}: {text.count(len(done.changes), 'file')} changed, "
        f"{text.count(done.same_count, 'file')} left as they are"
    )
