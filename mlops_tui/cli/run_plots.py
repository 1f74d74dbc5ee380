"""``runs plot``: the charts of the dashboard, printed."""

from __future__ import annotations

import os
import shutil
import sys
from collections.abc import Sequence
from dataclasses import replace
from typing import TYPE_CHECKING, Any

import click

from mlops_store.errors import UsageError, nearest
from mlops_tui.cli import output
from mlops_tui.cli.parameters import json_option, run_argument
from mlops_tui.cli.workspace import Workspace

if TYPE_CHECKING:
    import sqlite3

    from mlops_store.records import Run
    from mlops_tui.ui.widgets.legend import Drawing
    from mlops_tui.ui.widgets.plot import Options

_X, _WEIGHT = click.Choice(("step", "time", "epoch")), click.FloatRange(0, 1, max_open=True)
_WIDTH, _HEIGHT = click.IntRange(8, 1000), click.IntRange(3, 500)


@click.command()
@run_argument()
@click.argument("keys", metavar="[KEY]...", nargs=-1)
@click.option("--with", "others", multiple=True, metavar="RUN", help="Draw this run into the same charts, too.")
@click.option("--match", "words", default="", metavar="REGEX", help="Metrics whose names match, where no KEY is given.")
@click.option(
    "-x", "x", type=click.Choice(("step", "time", "epoch")), default="step", show_default=True, help="What x is."
)
@click.option("--log-x", "is_log_x", is_flag=True, help="Draw x on a logarithmic axis.")
@click.option("--log-y", "is_log_y", is_flag=True, help="Draw values on a logarithmic axis.")
@click.option(
    "--smooth",
    type=click.FloatRange(0, 1, max_open=True),
    default=0.0,
    metavar="WEIGHT",
    help="Weight of the past, 0 to 1.",
)
@click.option("--from", "low", type=float, metavar="X", help="Draw from here on only.")
@click.option("--to", "high", type=float, metavar="X", help="Draw up to here only.")
@click.option("--at", type=float, metavar="X", help="Read all curves here.")
@click.option("--width", type=_WIDTH, metavar="N", help="Columns of a chart. [the terminal's, or 80]")
@click.option("--height", type=_HEIGHT, default=16, show_default=True, metavar="N", help="Lines of a chart.")
@json_option
@click.pass_obj
def plot(
    workspace: Workspace,
    run: str,
    keys: tuple[str, ...],
    others: tuple[str, ...],
    words: str,
    x: str,
    is_log_x: bool,
    is_log_y: bool,
    smooth: float,
    low: float | None,
    high: float | None,
    at: float | None,
    width: int | None,
    height: int,
    as_json: bool,
) -> None:
    """Draw the metrics KEY of a run, all that have a curve by default.

    Time is in seconds since the start of a run. JSON has the points that would be drawn: x, the least and the greatest
    value around it, and the last one.
    """
    from mlops_store import runs
    from mlops_tui.ui.chart_view import ChartView

    view = ChartView(x, is_log_x, is_log_y, smooth)
    columns = width or (shutil.get_terminal_size().columns if sys.stdout.isatty() else 80)
    with workspace.store().snapshot() as db:
        chosen = [runs.get(db, runs.resolve(db, name)) for name in dict.fromkeys((run, *others))]
        window = _window(db, chosen, view, low, high)
        drawings = [
            replace(_drawing(db, chosen, key, columns, view, window), crosshair=at)
            for key in _keys(db, chosen[0], keys, words)
        ]
    if as_json:
        output.write_json_lines(_shape(drawing, chosen, at) for drawing in drawings)
    elif not drawings:
        output.remark("no metric has a curve")
    else:
        _write(drawings, columns, height, workspace.config.ui.theme)


def _keys(db: sqlite3.Connection, run: Run, keys: Sequence[str], words: str) -> list[str]:
    from mlops_store import metrics
    from mlops_tui.ui.screens import curves
    from mlops_tui.ui.screens.name_filter import matcher, problem

    if wrong := problem(words):
        raise UsageError(f"--match {words!r} is not understood: {wrong}", "for example --match '^val/'")
    found = metrics.summaries(db, run.run_id)
    known = [one.key for one in found]
    for key in keys:
        if key not in known:
            raise UsageError(
                f"run {run.name!r} has no metric {key!r}", nearest(key, known) or "it has logged no metrics"
            )
    wants = matcher(words)
    return list(keys) or [one.key for one in curves.with_history(found) if wants(one.key)]


def _window(
    db: sqlite3.Connection, chosen: Sequence[Run], view: Any, low: float | None, high: float | None
) -> tuple[float, float] | None:
    """The part to draw; an end that was not given is that of the longest metric."""
    if low is None and high is None:
        return None
    from mlops_tui.ui.screens import curves

    spans = [span for run in chosen for span in curves.spans(db, run, view)]
    ends = (
        min((span[0] for span in spans), default=0.0) if low is None else low,
        max((span[1] for span in spans), default=1.0) if high is None else high,
    )
    if not ends[0] < ends[1]:
        raise UsageError(f"there is nothing from {ends[0]:g} to {ends[1]:g}", "--from must lie below --to")
    return ends


def _drawing(
    db: sqlite3.Connection, chosen: Sequence[Run], key: str, columns: int, view: Any, window: tuple[float, float] | None
) -> Drawing:
    from mlops_tui.compare.curves import EPOCH
    from mlops_tui.ui.screens import curves
    from mlops_tui.ui.screens.compare_rows import label
    from mlops_tui.ui.widgets.legend import Drawing

    lines = tuple(
        curves.curve(db, run, key, columns=columns, view=view, window=window, slot=slot, label=label(run, chosen))
        for slot, run in enumerate(chosen)
    )
    note = lines[0].note if len(lines) == 1 else ""
    empty = f"no metric '{EPOCH}'" if view.x == "epoch" else "no points"
    return Drawing(key, tuple(reversed(lines)), note, view, window, empty=empty)


def _shape(drawing: Drawing, chosen: Sequence[Run], at: float | None) -> dict[str, Any]:
    series = []
    for one in sorted(drawing.series, key=lambda one: one.slot):
        run = chosen[one.slot]
        found: dict[str, Any] = {"run_id": run.run_id, "name": run.name, "points": one.points}
        if at is not None:
            near = one.nearest(at)
            found["at"] = None if near is None else dict(zip(("x", "low", "high", "last"), near, strict=True))
        series.append(found)
    return {"key": drawing.title, "x": drawing.view.x, "window": drawing.window, "series": series}


def _write(drawings: Sequence[Drawing], width: int, height: int, theme: str) -> None:
    from mlops_tui.ui.widgets.legend import compose

    paint, options = _painter(theme)
    for place, drawing in enumerate(drawings):
        if place:
            sys.stdout.write("\n")
        for row in compose(drawing, width, height, options).rows:
            sys.stdout.write("".join(paint(*piece) for piece in row).rstrip() + "\n")


def _painter(theme: str) -> tuple[Any, Options]:
    """What gives a piece its colours, and how curves are drawn with as many as there are."""
    from rich.color import ColorSystem
    from rich.style import Style

    from mlops_tui.ui.signs import is_unicode
    from mlops_tui.ui.widgets import canvas, legend, series_colours
    from mlops_tui.ui.widgets.plot import Options

    terminal, kind = os.environ.get("TERM", ""), os.environ.get("COLORTERM", "").lower()
    is_plain = not sys.stdout.isatty() or bool(os.environ.get("NO_COLOR")) or terminal == "dumb"
    many = kind in ("truecolor", "24bit")
    system = ColorSystem.TRUECOLOR if many else ColorSystem.EIGHT_BIT if "256" in terminal else ColorSystem.STANDARD
    options = Options(
        cells=canvas.BRAILLE if is_unicode() else canvas.ASCII,
        has_symbols=is_unicode(),
        is_marked=is_plain or system is ColorSystem.STANDARD,
        is_patterned=is_plain,
    )
    faint, bold = Style(dim=True), Style(bold=True)
    styles = {canvas.AXIS: faint, canvas.GUIDE: faint, canvas.LABEL: faint, legend.TITLE: bold}
    is_dark = "light" not in theme

    def paint(text: str, role: int, _: int) -> str:
        if is_plain or role == canvas.NOTHING:
            return text
        if role < 0:
            return styles.get(role, Style.null()).render(text, color_system=system)
        is_shade, slot = role >= canvas.SHADE, role % canvas.SHADE
        if system is ColorSystem.STANDARD:
            style = series_colours.of_slot_in_16(slot, is_shade=is_shade)
        elif is_shade:
            style = series_colours.of_shade(slot, "#000000" if is_dark else "#ffffff", is_dark=is_dark)
        else:
            style = series_colours.of_slot(slot, is_dark=is_dark)
        return style.render(text, color_system=system)

    return paint, options
