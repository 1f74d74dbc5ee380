"""A change of stage that has not happened yet, as lines of text: what moves, what gets better or worse. Pure."""

from __future__ import annotations

import time
from collections.abc import Iterator, Mapping, Sequence

from rich.cells import cell_len

from mlops_store.gate_verdicts import GateVerdict
from mlops_tui.registry.stages import Promotion
from mlops_tui.ui import shown
from mlops_tui.ui.text import Cell, CellValue, Hanging, clean, fit
from mlops_tui.ui.theme import sign, state_sign

#: What is said of a move beside the first one, and of the moves of a rollback.
_REMARKS = {"replace": "makes room", "promote": "", "demote": "", "archive": "", "restore": "comes out of the archive"}
_WIDEST_KEY, _NUMBER = 30, 12
#: Of a recorded verdict that is older it is said from when it is.
_RECENT_S = 600.0


def targets(stages: Sequence[str], chosen: str) -> CellValue:
    """The stages to choose from in a row, the chosen one between angles."""
    cells: list[Cell] = [Cell("stage ", "dim")]
    for stage in stages:
        if stage == chosen:
            cells.append(Cell(f"{sign('left')} {stage} {sign('right')}", "title"))
        else:
            cells.append(Cell(f"  {stage}  ", "dim"))
        cells.append(Cell("  "))
    return tuple(cells)


def lines(promotion: Promotion, gates: Mapping[str, GateVerdict | None] | None = None) -> list[CellValue]:
    """Everything that will change, what the gates say, the metrics side by side, and what speaks against it.

    Args:
        promotion: The change.
        gates: Gate -> what it found, None while it still looks.
    """
    return [
        *_moves(promotion),
        *(Cell(text, "dim") for text in promotion.consequences[len(promotion.moves) :]),
        *_gates(gates or {}),
        *_warnings(promotion),
        "",
        *_metrics(promotion),
    ]


def _moves(promotion: Promotion) -> Iterator[CellValue]:
    is_rollback = promotion.kind == "rollback"
    width = max(cell_len(clean(move.from_stage)) for move in promotion.moves)
    for place, move in enumerate(promotion.moves):
        remark = _REMARKS.get(move.kind, "")
        if is_rollback:
            remark = "comes back" if place == 0 and len(promotion.moves) > 1 else "leaves"
            if len(promotion.moves) == 1 and move.to_stage == promotion.to_stage != move.from_stage:
                remark = ""
        tone = "" if place else "strong"
        yield (
            Cell(f"v{move.version}".ljust(6), tone),
            Cell(fit(clean(move.from_stage), width), "dim"),
            Cell(f" {sign('arrow')} ", "dim"),
            Cell(move.to_stage, tone),
            Cell(f"  {remark}" if remark else "", "dim"),
        )


def _gates(gates: Mapping[str, GateVerdict | None]) -> Iterator[CellValue]:
    if not gates:
        return
    yield ""
    width = min(_WIDEST_KEY, max(cell_len(clean(name, 100)) for name in gates))
    for name, verdict in gates.items():
        label = fit(clean(name, 100), width)
        if verdict is None:
            yield state_sign("waiting"), Cell(f" {label}  ", "dim"), Cell("checking", "dim")
            continue
        mark, tone = ("ok", "") if verdict.has_passed else ("error", "bad")
        when = f"  {shown.moment(verdict.at)}" if verdict.is_recorded and time.time() - verdict.at > _RECENT_S else ""
        name_cell = Cell(f" {label}  ", "strong" if tone else "")
        yield Hanging((state_sign(mark), name_cell, Cell(verdict.message, tone), Cell(when, "dim")))


def _warnings(promotion: Promotion) -> Iterator[CellValue]:
    mark = state_sign("warning")
    if promotion.warnings:
        yield ""
    for warning in promotion.warnings:
        yield Hanging((mark, Cell(" "), Cell(warning, "warning")))


def _metrics(promotion: Promotion) -> Iterator[CellValue]:
    holder = promotion.holder
    if not promotion.metrics:
        yield Cell("no metrics are known of it", "dim")
        return
    width = min(_WIDEST_KEY, max(6, *(cell_len(clean(key, 100)) for key, _, _ in promotion.metrics)))
    candidate = f"v{promotion.version.version}"
    other = f"v{holder.version}" if holder else ""
    if holder:
        yield Cell(f"beside v{holder.version}, which is in {holder.stage}", "dim")
    heading = f"{fit('metric', width)}{candidate:>{_NUMBER}}{other:>{_NUMBER}}"
    yield Cell(heading + (f"{'change':>{_NUMBER}}" if holder else ""), "dim")
    for key, ours, theirs in promotion.metrics:
        cells = [Cell(fit(clean(key, 100), width)), Cell(shown.number(ours).rjust(_NUMBER))]
        if holder:
            cells += [Cell(shown.number(theirs).rjust(_NUMBER), "dim"), *_change(promotion, key, ours, theirs)]
        yield tuple(cells)
    if not holder:
        yield Cell(f"no other version to compare with is in {promotion.to_stage}", "dim")


def _change(promotion: Promotion, key: str, ours: float | None, theirs: float | None) -> Iterator[Cell]:
    verdict = promotion.verdicts.get(key, "")
    mark, tone = {"better": ("ok", "good"), "worse": ("error", "bad")}.get(verdict, ("", "dim"))
    change = ""
    if ours is not None and theirs is not None and verdict in ("better", "worse"):
        change = f"{ours - theirs:+.4g}"
    yield Cell(change.rjust(_NUMBER), tone)
    word = "same" if verdict == "equal" else verdict
    yield Cell(f"  {state_sign(mark).text} {word}" if mark else f"  {word}", tone)
