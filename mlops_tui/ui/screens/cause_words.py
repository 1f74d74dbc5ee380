"""What ``drift cause`` found out, as lines. Pure; what it reads is the JSON of that verb."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from mlops_tui.ui import shown
from mlops_tui.ui.text import Cell, CellValue
from mlops_tui.ui.theme import sign

#: Characters of a commit's name.
_SHA = 10


def lines(found: Mapping[str, Any], now: float) -> list[CellValue]:
    """Headings with what belongs to them: the rows, the predictions, the data, what was trained on it."""
    parts: tuple[tuple[str, Sequence[CellValue]], ...] = (
        ("In which rows", tuple(_slice(found))),
        ("What it did to predictions", tuple(_predictions(found["predictions"]))),
        ("Where the window's data came from", tuple(_origin(found["window_origin"], now))),
        ("Where the reference came from", tuple(_origin(found["reference_origin"], now))),
        ("What was trained on the reference", tuple(_trained(found))),
    )
    told: list[CellValue] = []
    for heading, body in parts:
        if body:
            told += [*([""] if told else []), Cell(heading, "title"), *body]
    return [*told, *([""] if found["notes"] else []), *(Cell(note, "dim") for note in found["notes"])]


def _slice(found: Mapping[str, Any]) -> Iterator[CellValue]:
    one = found["slice"]
    if one is None:
        yield Cell(found["slice_why"])
    else:
        yield Cell(one["text"], "strong")
        yield Cell(
            f"{one['current_share']:.1%} of the rows ({one['reference_share']:.1%} of the reference) explain "
            f"{one['explained']:.0%} of it (95 % {one['low']:.0%} to {one['high']:.0%}): effect "
            f"{one['effect_inside']:.2f} within, {one['effect_outside']:.2f} among the others"
        )
    if found["slices_tried"]:
        windows = f" of {shown.count(len(found['batches']), 'window')}" if len(found["batches"]) > 1 else ""
        yield Cell(
            f"{found['slices_tried']:,} slices tried on {found['rows_searched']:,} rows{windows}, "
            f"tested on {found['rows_tested']:,} others",
            "dim",
        )


def _predictions(share: Mapping[str, Any]) -> Iterator[CellValue]:
    if share["share"] is None or share["why"]:
        yield Cell(share["why"], "dim" if share["share"] is None else "")
        return
    yield (
        Cell(f"{share['share']:.1%}", "strong"),
        Cell(f" would be others (95 % {share['low']:.1%} to {share['high']:.1%}, {share['rows']:,} rows)"),
    )
    if share["step"] is not None:
        yield Cell(f"others: further apart than {shown.number(share['step'])}", "dim")


def _origin(origin: Mapping[str, Any] | None, now: float) -> Iterator[CellValue]:
    if origin is None:
        return
    yield (
        Cell(origin["path"]),
        Cell(f" {sign('dot')} stage " if origin["stage"] else "", "dim"),
        Cell(origin["stage"], "accent"),
    )
    if origin["run_id"]:
        on = f", commit {origin['git_commit'][:_SHA]}" if origin["git_commit"] else ""
        yield Cell(f"run {origin['run_name']}, {shown.moment(origin['run_at'], now)}{on}")
    for one in origin["commits"]:
        yield (
            Cell(one["sha"][:_SHA], "accent"),
            Cell(f" {shown.moment(one['at'], now)} {one['author']}: ", "dim"),
            Cell(one["subject"]),
        )
    if origin["note"]:
        yield Cell(origin["note"], "dim")


def _trained(found: Mapping[str, Any]) -> Iterator[CellValue]:
    for one in found["versions"]:
        reads = {None: "", True: ", reads the column", False: ", does not read the column"}[one["reads"]]
        stage = f" ({one['stage']})" if one["stage"] else ""
        yield (Cell(f"{one['model']}/{one['version']}", "accent"), Cell(f"{stage}{reads}"))
    for one in found["runs"]:
        yield (Cell(f"run {one['run_name']}"), Cell(f" {one['run_id']}", "dim"))
