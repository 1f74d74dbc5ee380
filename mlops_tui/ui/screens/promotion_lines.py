"""A change of stage that has not happened yet, as lines of text: what moves, what gets better or worse. Pure."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from rich.cells import cell_len

from mlops_tui.registry.stages import Promotion
from mlops_tui.ui import shown
from mlops_tui.ui.text import Cell, CellValue, clean, fit
from mlops_tui.ui.theme import sign, state_sign

#: What is said of a move beside the first one, and of the moves of a rollback.
_REMARKS = {"replace": "makes room", "promote": "", "demote": "", "archive": "", "restore": "comes out of the archive"}
_WIDEST_KEY, _NUMBER = 30, 12


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


def lines(promotion: Promotion) -> list[CellValue]:
    """Everything that will change, the metrics side by side, and what speaks against it."""
    return [
        *_moves(promotion),
        *(Cell(text, "dim") for text in promotion.consequences[len(promotion.moves) :]),
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


def _warnings(promotion: Promotion) -> Iterator[CellValue]:
    mark = state_sign("warning")
    if promotion.warnings:
        yield ""
    for warning in promotion.warnings:
        yield mark, Cell(f" {warning}", "warning")


def _metrics(promotion: Promotion) -> Iterator[CellValue]:
    holder = promotion.holder
    if not promotion.metrics:
        yield Cell("no metrics are known of it", "dim")
        return
    width = min(_WIDEST_KEY, max(6, *(cell_len(clean(key, 100)) for key, _, _ in promotion.metrics)))
    candidate = f"v{promotion.version.version}"
    other = f"v{holder.version}" if holder else ""
    heading = f"{fit('metric', width)}{candidate:>{_NUMBER}}{other:>{_NUMBER}}"
    yield Cell(heading + (f"{'change':>{_NUMBER}}  v{holder.version} is in {holder.stage}" if holder else ""), "dim")
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
