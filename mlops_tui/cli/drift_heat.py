"""``mlops-tui drift heat``: columns × windows of a monitor."""

from __future__ import annotations

import os
import sys
from typing import TYPE_CHECKING

import click

from mlops_tui.cli import output, text
from mlops_tui.cli.parameters import NUMBER, json_option
from mlops_tui.cli.workspace import Workspace

if TYPE_CHECKING:
    from mlops_store.heat import Heat, Line

#: Windows read at most; the newest are shown on a terminal as far as there is room.
_WINDOWS = 1000
_ORDERS = ("hot", "now", "began", "name", "report")
_LEGEND = "1-9 drifted, by tenths of the effect; : slight, . steady, x broken, + extra, - not compared"


@click.command()
@click.argument("words", metavar="[WORD]...", nargs=-1)
@click.option("-m", "--monitor", metavar="NAME", default="", help="Whose windows. [the one that checked last]")
@click.option("--sort", type=click.Choice(_ORDERS), default="hot", show_default=True, help="Order of the columns.")
@click.option("-n", "--windows", type=NUMBER, default=_WINDOWS, metavar="N", help="Only the newest N windows.")
@json_option
@click.pass_obj
def heat(workspace: Workspace, words: tuple[str, ...], monitor: str, sort: str, windows: int, as_json: bool) -> None:
    """Show how far each column had drifted in each window: all columns, or those with WORD in their names."""
    from mlops_store import heat as stored
    from mlops_tui.drift import heat_orders
    from mlops_tui.ui.widgets import heat_cells

    found = stored.read(workspace.store().read(), monitor, limit=windows)
    lines = heat_orders.ordered(found, sort, [word.lower() for word in words])
    if as_json:
        output.write_json(_shape(found, lines))
        return
    count = len(found.windows)
    longest = min(40, max((text.width(text.clean(line.column)) for line in lines), default=0))
    room = os.get_terminal_size().columns - longest - 2 if sys.stdout.isatty() else count
    first = max(0, count - max(1, room))
    for line in lines:
        cells = zip(line.states[first:], line.effects[first:], strict=True)
        name = text.pad(text.cut(text.clean(line.column), longest), longest)
        output.say(f"{name}  {''.join(heat_cells.letter(code, effect) for code, effect in cells)}".rstrip())
    of = f"windows {first + 1} to {count} of {found.monitor}: {found.windows[first].batch} … {found.windows[-1].batch}"
    output.remark(text.clean(of))
    output.remark(_LEGEND)


def _shape(found: Heat, lines: list[Line]) -> dict[str, object]:
    """The JSON object: a list of windows, and for each column a state and an effect for each of them."""
    places = range(len(found.windows))
    return {
        "monitor": found.monitor,
        "older_windows": found.left_out,
        "windows": [
            {
                "report_id": window.report_id,
                "batch": window.batch,
                "at": window.at,
                "status": window.status,
                "checked_columns": window.checked_columns,
                "drifted_columns": window.drifted_columns,
            }
            for window in found.windows
        ],
        "columns": [
            {
                "column": line.column,
                "role": line.role,
                "states": [line.state(place) or None for place in places],
                "effects": [line.effect(place) for place in places],
                "drifted_windows": line.drifted(),
                "began": None if (began := line.began()) is None else found.windows[began].report_id,
            }
            for line in lines
        ],
    }
