"""``mlops-tui drift measures``: what was measured of whole windows, over the windows of a monitor."""

from __future__ import annotations

from dataclasses import asdict

import click

from mlops_tui.cli import output, text
from mlops_tui.cli.parameters import NUMBER, json_option
from mlops_tui.cli.table import write_table
from mlops_tui.cli.workspace import Workspace


@click.command()
@click.argument("words", metavar="[WORD]...", nargs=-1)
@click.option("-m", "--monitor", metavar="NAME", default="", help="Whose windows. [the one that checked last]")
@click.option("-n", "--windows", type=NUMBER, default=20, show_default=True, metavar="N", help="The newest N windows.")
@json_option
@click.pass_obj
def measures(workspace: Workspace, words: tuple[str, ...], monitor: str, windows: int, as_json: bool) -> None:
    """Show what was measured of the windows of a monitor, oldest first: quality, performance, estimates and so on.

    Only measures that have each WORD in their check, their name or what they are about.
    """
    from mlops_store import heat
    from mlops_store import measures as stored

    db = workspace.store().read()
    name = heat.named(db, monitor)
    wanted = [word.lower() for word in words]
    found = [
        (window, one)
        for window in heat.windows(db, name)[-windows:]
        for one in stored.of_report(db, window.report_id)
        if all(word in f"{one.family} {one.name} {one.subject}".lower() for word in wanted)
    ]
    if as_json:
        output.write_json_lines(
            {"monitor": name, "report_id": window.report_id, "batch": window.batch, **asdict(one)}
            for window, one in found
        )
        return
    rows = [
        (
            window.batch,
            one.name,
            one.subject,
            text.number(one.value) or str(one.detail.get("why", "")),
            "" if one.low is None or one.high is None else f"{text.number(one.low)} to {text.number(one.high)}",
            text.number(one.reference),
            text.number(one.threshold),
            str(one.count),
            one.family,
            "beyond" if one.is_breach else "",
        )
        for window, one in found
    ]
    titles = ("window", "measure", "of", "value", "95 %", "reference", "limit", "rows", "check", "")
    if rows:
        write_table(titles, rows, right=("rows",))
    else:
        output.remark("no measures")
