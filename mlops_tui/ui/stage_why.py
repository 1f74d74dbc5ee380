"""Why a stage is in its state, line by line: what changed from what to what, what runs because of it, and for how long.

For the screen and for print: cells with tones, no widget.
"""

from __future__ import annotations

import difflib
import json
import re
from collections.abc import Iterator, Mapping
from typing import TYPE_CHECKING, Any

from mlops_tui.pipeline import graph
from mlops_tui.pipeline.params import differing, flatten
from mlops_tui.ui import shown
from mlops_tui.ui.signs import sign, state_cell
from mlops_tui.ui.stage_rows import PipelineShown, StageShown
from mlops_tui.ui.text import Cell, CellValue

if TYPE_CHECKING:
    from mlops_tui.pipeline.reasons import Change

#: Lines of an error, stages and leaves of a param that are shown.
_LAST_LINES = 20
_MOST = 30
_HOW = {"deleted": "is missing", "new": "is new", "not in cache": "is not in the cache", "modified": "changed"}


def lines(stage: StageShown, pipeline: PipelineShown | None = None) -> list[CellValue]:
    """Everything that tells why.

    Args:
        stage: The stage.
        pipeline: What it belongs to; None to leave out what would run.
    """
    found: list[CellValue] = [state_cell(stage.state)]
    if stage.changes and stage.state not in ("running", "waiting"):
        for change in stage.changes:
            found += _change(change)
    else:
        found += [(Cell(f"  {sign('dot')} ", "dim"), Cell(reason)) for reason in stage.reasons]
    if pipeline is not None and stage.changes and not pipeline.is_past:
        found += ["", *_consequences(stage, pipeline)]
    elif stage.state == "stale":
        found += ["", Cell("r runs what is stale", "dim")]
    return [*found, "", *_facts(stage)]


def _change(change: Change) -> Iterator[CellValue]:
    """What changed, and below it from what to what."""
    mark = Cell(f"  {sign('dot')} ", "dim")
    if change.kind in ("dep", "out") and change.how != "unreadable":
        what = "output " if change.kind == "out" else ""
        yield (mark, Cell(f"{what}{change.path}", "strong"), Cell(f" {_HOW.get(change.how, change.how)}"))
        if change.old is not None or change.new is not None:
            old, new = _file(change.old, change.old_size), _file(change.new, change.new_size)
            yield (Cell("      "), *_arrow(old, new))
    elif change.kind == "param" and change.key:
        yield from _param(mark, change)
    elif change.kind == "command":
        yield (mark, Cell("command", "strong"), Cell(" changed"))
        yield from _command(change.old, change.new)
    else:
        yield (mark, Cell(change.reason))


def _param(mark: Cell, change: Change) -> Iterator[CellValue]:
    name = (mark, Cell(change.key, "strong"), Cell(f" in {change.path}", "dim"))
    if change.how == "deleted":
        yield (*name, Cell(f" is missing, was {_value(change.old)}" if change.old is not None else " is missing"))
        return
    if not isinstance(change.old, Mapping) or not isinstance(change.new, Mapping):
        yield (*name, Cell("  "), *_arrow(_value(change.old) if change.how == "modified" else "", _value(change.new)))
        return
    yield name
    old, new = flatten(change.old), flatten(change.new)
    keys = differing(old, new)
    for key in keys[:_MOST]:
        before, after = (_value(leaves[key]) if key in leaves else "" for leaves in (old, new))
        yield (Cell(f"      {key}  "), *_arrow(before, after))
    if len(keys) > _MOST:
        yield Cell(f"      and {len(keys) - _MOST} more", "dim")


def _arrow(old: str, new: str) -> tuple[Cell, ...]:
    """``old → new``; one that is not there says so."""
    return (
        Cell(old or "nothing", "bad" if old else "dim"),
        Cell(f" {sign('arrow')} ", "dim"),
        Cell(new or "nothing", "good" if new else "dim"),
    )


def _file(md5: object, size: int | None) -> str:
    if md5 is None:
        return ""
    text = str(md5)
    return f"{text[:8]}{'.dir' if text.endswith('.dir') else ''}{f' {shown.size(size)}' if size is not None else ''}"


def _value(value: Any) -> str:
    """A param as it would be written."""
    if isinstance(value, str):
        return value or '""'
    if isinstance(value, tuple):
        value = list(value)
    return json.dumps(value, ensure_ascii=False, default=str)


def _command(old: object, new: object) -> Iterator[CellValue]:
    """The lines of two commands that differ, with the words that do."""
    before, after = _command_lines(old), _command_lines(new)
    for tag, low, high, start, stop in difflib.SequenceMatcher(None, before, after, autojunk=False).get_opcodes():
        if tag == "equal":
            yield from (Cell(f"        {line}", "dim") for line in before[low:high])
            continue
        gone, come = before[low:high], after[start:stop]
        for place, line in enumerate(gone):
            other = come[place] if place < len(come) else ""
            yield (Cell("      - ", "bad"), *_words(line, other, "bad"))
        for place, line in enumerate(come):
            other = gone[place] if place < len(gone) else ""
            yield (Cell("      + ", "good"), *_words(line, other, "good"))


def _command_lines(command: object) -> list[str]:
    commands = [command] if isinstance(command, str) else command if isinstance(command, list | tuple) else []
    return [line for one in commands for line in str(one).splitlines()]


def _words(line: str, other: str, tone: str) -> Iterator[Cell]:
    words, others = re.findall(r"\s+|\S+", line), re.findall(r"\s+|\S+", other)
    for tag, low, high, _, _ in difflib.SequenceMatcher(None, words, others, autojunk=False).get_opcodes():
        if low < high:
            yield Cell("".join(words[low:high]), "dim" if tag == "equal" else tone)


def _consequences(stage: StageShown, pipeline: PipelineShown) -> Iterator[CellValue]:
    """What would run because of the stage, and how long that and everything would take."""
    estimate = pipeline.estimate
    if estimate is None:
        return
    then = follow_up(stage, pipeline)
    usual = {one.name: one.usual_s for one in pipeline.stages}
    yield (Cell("would run ", "dim"), Cell(stage.name, "strong"), Cell(f"  {_usually(usual[stage.name])}", "dim"))
    for place, name in enumerate(then[:_MOST]):
        yield (
            Cell("then      " if place == 0 else "          ", "dim"),
            Cell(name),
            Cell(f"  {_usually(usual[name])}", "dim"),
        )
    if len(then) > _MOST:
        yield Cell(f"          and {len(then) - _MOST} more", "dim")
    yield (Cell("in all    ", "dim"), Cell(total(pipeline)))


def follow_up(stage: StageShown, pipeline: PipelineShown) -> list[str]:
    """The stages that would run after a stage because they need it, in order."""
    below = graph.downstream({one.name: one.needs for one in pipeline.stages}, [stage.name])
    return [name for name in pipeline.estimate.would_run if name in below] if pipeline.estimate is not None else []


def total(pipeline: PipelineShown) -> str:
    """How many stages would run and for how long: ``3 stages, about 2m 10s with -j 2; train never ran``."""
    estimate = pipeline.estimate
    if estimate is None or not estimate.would_run:
        return ""
    text = shown.count(len(estimate.would_run), "stage")
    if estimate.total_s is not None:
        text += f", about {shown.duration(estimate.total_s)}"
    text += f" with -j {estimate.jobs}" if estimate.jobs > 1 else ""
    if estimate.unknown:
        names = ", ".join(estimate.unknown[:3]) + (", …" if len(estimate.unknown) > 3 else "")
        text += f"; not known how long: {names}"
    return text


def _usually(seconds: float | None) -> str:
    return "never ran" if seconds is None else f"usually {shown.duration(seconds)}"


def _facts(stage: StageShown) -> Iterator[CellValue]:
    """What it needs, runs, read and wrote, and how it ended."""
    if stage.needs:
        yield (Cell("after     ", "dim"), Cell(", ".join(stage.needs)))
    for place, command in enumerate(stage.command.splitlines()):
        yield (Cell("command   " if place == 0 else "          ", "dim"), Cell(command))
    if stage.usual_s is not None:
        yield (Cell("usually   ", "dim"), Cell(shown.duration(stage.usual_s)))
    run = stage.run
    if run is None:
        return
    if run.exit_code is not None:
        yield (Cell("exit      ", "dim"), Cell(str(run.exit_code)))
    for word, files in (("read      ", run.inputs), ("wrote     ", run.outputs)):
        for place, file in enumerate(files):
            facts = f"  {shown.size(file.get('size_bytes'))}  {str(file.get('md5') or '')[:8]}"
            yield (Cell(word if place == 0 else "          ", "dim"), Cell(str(file["path"])), Cell(facts, "dim"))
    if run.error:
        yield ""
        yield from (Cell(line, "failed") for line in run.error.splitlines()[-_LAST_LINES:])
