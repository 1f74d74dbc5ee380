"""``models export``: a folder that serves a version where neither the project nor mlops-tui is."""

from __future__ import annotations

import click

from mlops_tui import strict_json
from mlops_tui.cli import output, text
from mlops_tui.cli.parameters import dry_run_option, json_option
from mlops_tui.cli.workspace import Workspace


@click.command()
@click.argument("version", metavar="MODEL@STAGE")
@click.option("--to", "directory", required=True, metavar="DIR", help="The folder to write; made when missing.")
@click.option("--force", is_flag=True, help="Write into a folder that holds something, over an earlier export.")
@dry_run_option
@json_option
@click.pass_obj
def export(workspace: Workspace, version: str, directory: str, force: bool, dry_run: bool, as_json: bool) -> None:
    """Write a folder that serves a version: model, code, locked requirements, Dockerfile, start command.

    MODEL@STAGE is churn@production, churn@champion or churn/3. The folder needs nothing but Python and what its
    requirements.txt lists; its README.md tells how to start it.
    """
    from mlops_store import models
    from mlops_tui.serve.export import folder

    store = workspace.store()
    chosen = models.resolve(store.read(), version)
    done = folder.export(store, workspace.project, chosen, directory, is_forced=force, is_trial=dry_run)
    if as_json:
        output.write_json({**strict_json.plain(done), "files": _files(done.files), "dry_run": dry_run})
        return
    would = "would write" if dry_run else "wrote"
    size = text.size(sum(size_bytes for _, size_bytes in done.files))
    output.say(
        f"{would} {text.clean(done.model)} version {done.version} to {text.clean(directory)}: "
        f"{text.count(len(done.files), 'file')}, {size}, {text.count(len(done.packages), 'locked package')}"
    )
    for path, size_bytes in done.files:
        output.say(f"  {text.clean(path)}  {text.size(size_bytes)}")
    if done.code.problem:
        output.remark(f"about its code: {done.code.problem}")
    if done.code.left_out:
        output.remark(f"left out, links or larger than code is: {text.clean(', '.join(done.code.left_out), 500)}")


def _files(files: tuple[tuple[str, int], ...]) -> list[dict[str, object]]:
    return [{"path": path, "size_bytes": size_bytes} for path, size_bytes in files]
