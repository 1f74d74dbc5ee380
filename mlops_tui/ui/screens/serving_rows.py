"""A model's traffic as rows and lines: arms with their shares, courses, verdicts, shadows. Pure."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator, Sequence

from mlops_store.records import ShadowCount
from mlops_tui.traffic import standing, verdicts, wording
from mlops_tui.traffic.standing import Arm, Drift, Flow, Standing
from mlops_tui.traffic.verdicts import Verdict
from mlops_tui.ui import shown
from mlops_tui.ui.signs import is_unicode, sign, state_sign, state_tone
from mlops_tui.ui.text import Cell, CellValue
from mlops_tui.ui.widgets.columns import Column
from mlops_tui.ui.widgets.sparkline import bars
from mlops_tui.ui.widgets.window_table import Row

ARMS = (
    Column("sign", "", 1, 1),
    Column("version", "version", 7, 8),
    Column("name", "as", 5, 16, 5),
    Column("part", "part", 9, 9, 3),
    Column("share", "share", 14, 30),
    Column("rate", "req/s", 5, 8, right=True),
    Column("p50", "p50", 7, 8, 2, right=True),
    Column("p95", "p95", 7, 8, 1, right=True),
    Column("p99", "p99", 7, 8, 4, right=True),
    Column("errors", "failed", 6, 7, right=True),
    Column("state", "server", 6, 60, 6, grows=True),
)
#: Cells of a bar of a share, and of the scale of a ratio.
_BAR, _SCALE = 8, 33
#: How many seconds courses may show.
_SPANS_S = (60, 120, 300, standing.SPAN_S)
#: Rows of a course at most.
_TALLEST = 5
#: The least and the greatest ratio that the scale shows.
_LOW, _HIGH = 0.1, 10.0
#: What courses show: title, what is taken of a flow, how that is said.
_COURSES: tuple[tuple[str, Callable[[Flow], float | None], Callable[[float | None], str]], ...] = (
    ("req/s", lambda flow: flow.rate, lambda value: shown.number(value or 0.0, 3)),
    ("p95", lambda flow: flow.p95_s, lambda value: length(value)),
    ("failed", lambda flow: flow.error_rate, lambda value: percent(value)),
)
_TONES = {verdicts.CANDIDATE: "good", verdicts.STABLE: "bad", verdicts.SAME: "strong", verdicts.NOT_YET: "dim"}
_MEASURED = {
    "errors": "failed requests",
    "latency": "time of an answer",
    "wrong": "wrong predictions",
    "distance": "distance from labels",
}
#: State of a server -> the state whose sign it has.
_SIGNS = {"ready": "running", "starting": "queued", "": "skipped", "down": "warning"}


def length(seconds: float | None) -> str:
    """A time in at most 8 characters."""
    if seconds is None:
        return ""
    return f"{seconds * 1e3:.3g} ms" if seconds < 0.9995 else f"{seconds:.3g} s"


def percent(share: float | None) -> str:
    """A share in at most 6 characters."""
    return "" if share is None else "0%" if share == 0 else f"{share:.2%}" if share < 0.1 else f"{share:.1%}"


def arms(found: Standing, now: float) -> list[Row]:
    """A row for each version; its key is the place among the arms."""
    return [_arm(place, arm, found, now) for place, arm in enumerate(found.arms)]


def _arm(place: int, arm: Arm, found: Standing, now: float) -> Row:
    flow = standing.flow(found.counts, arm, now)
    is_live = flow.requests > 0
    return Row(
        place,
        (
            state_sign(_SIGNS.get(arm.state, "failed")),
            Cell(f"v{arm.version}" if arm.version else "gone", "strong" if arm.part == "stable" else ""),
            Cell(arm.name, "dim"),
            Cell(arm.part, "accent" if arm.part == "stable" else ""),
            _share(arm, is_paused=found.split is not None and found.split.is_paused),
            shown.number(flow.rate, 3) if is_live else Cell(sign("line"), "dim"),
            length(flow.p50_s),
            length(flow.p95_s),
            length(flow.p99_s),
            Cell(percent(flow.error_rate), "bad" if flow.errors else "dim"),
            Cell(arm.state, "dim" if arm.state in ("ready", "starting") else "warning"),
        ),
    )


def _share(arm: Arm, *, is_paused: bool) -> CellValue:
    if arm.share is None:
        return Cell("copies", "dim")
    said = f"{arm.share:g}%".rjust(5)
    if is_paused:
        return (Cell(f"{said} ", "dim"), Cell("paused" if arm.part != "stable" else "takes all", "warning"))
    return (Cell(f"{said} "), *share_bar(arm.share))


def share_bar(share: float, width: int = _BAR) -> tuple[Cell, ...]:
    """A bar as long as a share, in per cent; the least that there is gets a cell."""
    filled = min(width, max(1, round(share / 100 * width))) if share > 0 else 0
    return Cell(sign("bar") * filled, "accent"), Cell(sign("bar_empty") * (width - filled), "faint")


def span(found: Standing, now: float) -> int:
    """How many seconds courses show: no more than there is something of, as far as that is a round number."""
    first = found.counts[0].at if found.counts else now
    return next((length_s for length_s in _SPANS_S if now - first <= length_s), standing.SPAN_S)


def span_title(found: Standing, now: float) -> str:
    """The same in words."""
    minutes = span(found, now) // 60
    return "Last minute" if minutes == 1 else f"Last {minutes} minutes"


def courses(found: Standing, now: float, width: int, most: int) -> list[CellValue]:
    """Requests, times and failures of each version along time, as far as there is room.

    Args:
        found: What was counted.
        now: Unix seconds.
        width: Cells of a line.
        most: Lines that there is room for.
    """
    chosen = [arm for arm in found.arms if arm.version]
    if not chosen:
        return []
    steps, span_s = max(1, width - 22), span(found, now)
    step_s = max(1.0, math.ceil(span_s / steps))
    steps = min(steps, int(span_s // step_s))
    # whole stretches: the picture stands still until one is over
    end = now // step_s * step_s
    flows = {arm: standing.course(found.counts, arm, end - steps * step_s, step_s, steps) for arm in chosen}
    present = {arm: standing.flow(found.counts, arm, now) for arm in chosen}
    lines: list[CellValue] = []
    count = max(1, min(len(_COURSES), most // len(chosen)))
    gaps = count - 1 if most >= count * (len(chosen) + 1) else 0
    rows = max(1, min(_TALLEST, (most - gaps) // (count * len(chosen))))
    for title, value, said in _COURSES[:count]:
        if lines and gaps:
            lines.append("")
        top = max((value(flow) or 0.0 for some in flows.values() for flow in some), default=0.0)
        for place, arm in enumerate(chosen):
            drawn = bars([value(flow) for flow in flows[arm]], top, rows, is_ascii=not is_unicode())
            tone = "bad" if title == "failed" else "curve" if arm.part == "stable" else "accent"
            for row, text in enumerate(drawn):
                is_last = row == rows - 1
                lines.append(
                    (
                        Cell((title if place == 0 and row == 0 else "").ljust(7), "dim"),
                        Cell((f"v{arm.version}" if is_last else "").ljust(5), "strong" if arm.part == "stable" else ""),
                        Cell(text, tone),
                        Cell((said(value(present[arm])) if is_last else "").rjust(9)),
                    )
                )
    return lines


def evidence(found: Standing, now: float, width: int) -> list[CellValue]:
    """Verdicts, compared answers of shadows, drift, and guard rules."""
    lines: list[CellValue] = []
    for verdict in found.verdicts:
        lines += _verdict(verdict, width)
    for shadow in found.shadows:
        if any(arm.is_shadow and arm.version == shadow.version for arm in found.arms):
            lines.append(_shadow(shadow))
    lines += [_drift(one, now) for one in found.drift]
    lines += list(_rules(found))
    return lines


def _verdict(verdict: Verdict, width: int) -> Iterator[CellValue]:
    values = wording.values(verdict)
    yield Cell(verdict.sentence, _TONES[verdict.state])
    what = _MEASURED[verdict.test]
    ours = (Cell(f"v{verdict.version} {values.ours}"), Cell(f" of {verdict.requests:,}", "dim"))
    theirs = (Cell(f"v{verdict.against} {values.theirs}"), Cell(f" of {verdict.against_requests:,}", "dim"))
    if len(what) + 2 + sum(len(cell.text) for cell in (*ours, *theirs)) + 2 <= width:
        yield (Cell(f"{what}  ", "dim"), *ours, Cell("  "), *theirs)
    else:  # one below the other
        yield (Cell(f"{what}  ", "dim"), *ours)
        yield (Cell(" " * (len(what) + 2)), *theirs)
    ratio = (Cell("ratio  ", "dim"), Cell(values.ratio))
    drawn = (Cell(f"{_LOW:g} ", "dim"), *scale(verdict), Cell(f" {_HIGH:g}", "dim"))
    used = sum(len(cell.text) for cell in (*ratio, *drawn)) + 2
    if verdict.ratio is None or width < _SCALE + 7:
        yield ratio
    elif used <= width:
        yield (*ratio, Cell("  "), *drawn)
    else:
        yield ratio
        yield drawn


def scale(verdict: Verdict, width: int = _SCALE) -> tuple[Cell, ...]:
    """The ratio with its bounds on a logarithmic scale around 1."""
    low, high = (_place(bound, width) for bound in (verdict.low, verdict.high))
    middle = width // 2
    marks = ("├", "┤", "─", "●", "│", "·") if is_unicode() else ("[", "]", "-", "o", "|", ".")
    cells = [marks[5]] * width
    cells[low : high + 1] = [marks[2]] * (high + 1 - low)
    cells[middle] = marks[4]
    cells[low], cells[high] = marks[0], marks[1]
    if verdict.ratio is not None:
        cells[_place(verdict.ratio, width)] = marks[3]
    return (Cell("".join(cells), _TONES[verdict.state]),)


def _place(ratio: float, width: int) -> int:
    if ratio <= _LOW:
        return 0
    if ratio >= _HIGH:
        return width - 1
    return round(math.log(ratio / _LOW) / math.log(_HIGH / _LOW) * (width - 1))


def _shadow(shadow: ShadowCount) -> CellValue:
    if not shadow.compared:
        return (Cell(f"shadow v{shadow.version}  ", "dim"), Cell("no answer was compared yet"))
    agreement = shadow.agreement or 0.0
    distance = "" if shadow.mean_distance is None else f", differ by {shadow.mean_distance:.3g}"
    failed = f", {shadow.failed:,} failed" if shadow.failed else ""
    return (
        Cell(f"shadow v{shadow.version}  ", "dim"),
        Cell(f"{agreement:.1%} as v{shadow.against}", "good" if agreement > 0.99 else "warning"),
        Cell(f" of {shadow.compared:,}{distance}{failed}", "dim"),
    )


def _drift(one: Drift, now: float) -> CellValue:
    share = "" if one.drift_share is None else f" {one.drift_share:.0%} of columns"
    return (
        Cell(f"{one.monitor}  ", "dim"),
        Cell(f"{one.status}{share}", state_tone(one.status)),
        Cell(f"  {one.batch}  {shown.moment(one.at, now)}", "dim"),
    )


def _rules(found: Standing) -> Iterator[CellValue]:
    rules = found.rules
    said: Sequence[str] = [
        *([f"failures {rules.max_error_rate:.2%}"] if rules.max_error_rate is not None else []),
        *([f"p95 {rules.max_latency_ratio:g} times"] if rules.max_latency_ratio is not None else []),
        *([f"wrong {rules.max_wrong:.2%}"] if rules.max_wrong is not None else []),
        *([f"distance {rules.max_distance_ratio:g} times"] if rules.max_distance_ratio is not None else []),
        *([f"alerts of {', '.join(rules.monitors)}"] if rules.monitors else []),
    ]
    if said:
        yield (Cell("rolls back at  ", "dim"), Cell(", ".join(said)))
    else:
        yield Cell(f"no guard rules: [traffic.{found.model}] in mlops.toml", "dim")
