"""Pictures of a page as SVG inside of HTML: curves, scatter plots, parallel coordinates. Colours come from the page."""

from __future__ import annotations

import html
import math
from collections.abc import Callable, Sequence

from mlops_tui.compare import wording
from mlops_tui.compare.axes import Axis, Scatter
from mlops_tui.compare.curves import Overlay
from mlops_tui.compare.export.document import Picture
from mlops_tui.compare.export.safe import visible

#: Colours that the page has for runs.
COLOURS = 8
_WIDTH, _HEIGHT = 760.0, 280.0
_LEFT, _RIGHT, _TOP, _BOTTOM = 64.0, 14.0, 12.0, 34.0
_LARGEST = 1e300
_LABEL = 18


def draw(picture: Picture) -> str:
    """The picture as an ``svg`` element."""
    subject = picture.subject
    if isinstance(subject, Overlay):
        return _curves(subject, picture)
    return _scatter(subject, picture) if isinstance(subject, Scatter) else _parallel(subject, picture)


def text(value: str, limit: int = 200) -> str:
    """Text for HTML and SVG."""
    return html.escape(visible(value, limit))


def ticks(low: float, high: float, count: int = 5) -> list[float]:
    """About ``count`` round numbers within a range."""
    rough = (high - low) / count
    power = 10.0 ** math.floor(math.log10(rough)) if 0 < rough < math.inf else 0.0
    if not power:  # an empty range, or one as small as the least number there is
        return [low]
    step = next((factor * power for factor in (1, 2, 5, 10) if factor * power >= rough), 10 * power)
    first = math.ceil(low / step - 1e-9)
    return [number * step for number in range(first, min(math.floor(high / step + 1e-9), first + 4 * count) + 1)]


def _frame(
    x: tuple[float, float], y: tuple[float, float], x_name: str, y_name: str
) -> tuple[list[str], Callable[[float], float], Callable[[float], float]]:
    """Axes with their ticks and names, and the places of x and y."""

    def place_x(value: float) -> float:
        return _LEFT + (value - x[0]) / (x[1] - x[0]) * (_WIDTH - _LEFT - _RIGHT)

    def place_y(value: float) -> float:
        return _HEIGHT - _BOTTOM - (value - y[0]) / (y[1] - y[0]) * (_HEIGHT - _TOP - _BOTTOM)

    parts = []
    for tick in ticks(*y):
        at = place_y(tick)
        parts.append(f'<path class="grid" d="M{_LEFT:g} {at:.1f}H{_WIDTH - _RIGHT:g}"/>')
        parts.append(f'<text class="tick" x="{_LEFT - 6:g}" y="{at + 4:.1f}" text-anchor="end">{_tick(tick)}</text>')
    for tick in ticks(*x, count=8):
        at = place_x(tick)
        parts.append(
            f'<text class="tick" x="{at:.1f}" y="{_HEIGHT - _BOTTOM + 15:g}" text-anchor="middle">{_tick(tick)}</text>'
        )
    parts.append(f'<path class="axis" d="M{_LEFT:g} {_TOP:g}V{_HEIGHT - _BOTTOM:g}H{_WIDTH - _RIGHT:g}"/>')
    parts.append(
        f'<text class="name" x="{_WIDTH - _RIGHT:g}" y="{_HEIGHT - 4:g}" text-anchor="end">{text(x_name, 60)}</text>'
    )
    parts.append(f'<text class="name" x="{_LEFT + 6:g}" y="{_TOP + 4:g}">{text(y_name, 60)}</text>')
    return parts, place_x, place_y


def _tick(value: float) -> str:
    return text(f"{value:.4g}" if abs(value) > 1e-12 else "0")


def _range(values: Sequence[float], margin: float = 0.0) -> tuple[float, float]:
    low, high = min(values, default=0.0), max(values, default=1.0)
    pad = (high - low) * margin if high > low else abs(low) * 0.1 or 1.0
    return low - pad, high + pad


def _svg(parts: Sequence[str], label: str, height: float = _HEIGHT) -> str:
    return f'<svg viewBox="0 0 {_WIDTH:g} {height:g}" role="img" aria-label="{text(label)}">{"".join(parts)}</svg>'


def _curves(overlay: Overlay, picture: Picture) -> str:
    column = {run_id: number for number, run_id in enumerate(picture.run_ids)}
    finite = [
        (curve, [point for point in curve.points if max(map(abs, point[1:])) < _LARGEST and point[3] == point[3]])
        for curve in overlay.curves
    ]
    points = [point for _, mine in finite for point in mine]
    x = _range([point[0] for point in points])
    y = _range([value for point in points for value in point[1:3]], 0.03)
    parts, place_x, place_y = _frame(x, y, overlay.x if overlay.x != "time" else "seconds", overlay.key)
    for curve, mine in reversed(finite):
        number = column[curve.run_id]
        name = text(picture.names[number])
        path = "".join(
            f"{'L' if at else 'M'}{place_x(px):.1f} {place_y(low):.1f}"
            + (f"V{place_y(high):.1f}V{place_y(last):.1f}" if high > low else "")
            for at, (px, low, high, last) in enumerate(mine)
        )
        if mine:
            colour, again = number % COLOURS, " again" if number >= COLOURS else ""
            parts.append(f'<path class="line s{colour}{again}" d="{path}"><title>{name}</title></path>')
            end = mine[-1]
            parts.append(
                f'<circle class="dot s{colour}" cx="{place_x(end[0]):.1f}" cy="{place_y(end[3]):.1f}" r="3">'
                f"<title>{name}: {text(wording.number(end[3]))}</title></circle>"
            )
    legend = "".join(
        f'<span class="key s{column[curve.run_id] % COLOURS}">{text(picture.names[column[curve.run_id]], 60)} '
        f"<small>{text(wording.number(curve.points[-1][3]))}</small></span>"
        for curve in overlay.curves
        if curve.points
    )
    more = f"<span>and {overlay.left_out} more</span>" if overlay.left_out else ""
    return f"<figure>{_svg(parts, overlay.key)}<figcaption>{legend}{more}</figcaption></figure>"


def _scatter(plot: Scatter, picture: Picture) -> str:
    points = [
        (number, x, y)
        for number, (x, y) in enumerate(zip(plot.x.values, plot.y.values, strict=True))
        if x is not None and y is not None
    ]
    x_range, y_range = (_range([point[side] for point in points], 0.06) for side in (1, 2))
    parts, place_x, place_y = _frame(x_range, y_range, plot.x.key, plot.y.key)
    if plot.front:
        steps = sorted((point for point in points if point[0] in plot.front), key=lambda point: point[1])
        path = "".join(f"{'L' if at else 'M'}{place_x(x):.1f} {place_y(y):.1f}" for at, (_, x, y) in enumerate(steps))
        parts.append(f'<path class="front" d="{path}"/>')
    for number, x, y in points:
        kind = " base" if number == picture.baseline else " front-dot" if number in plot.front else ""
        told = f"{picture.names[number]}: {wording.axis_value(plot.x, number)}, {wording.axis_value(plot.y, number)}"
        parts.append(
            f'<circle class="dot s{number % COLOURS}{kind}" cx="{place_x(x):.1f}" cy="{place_y(y):.1f}" '
            f'r="{6 if kind else 5}"><title>{text(told)}</title></circle>'
        )
        if len(points) <= _LABEL:
            at = f'x="{place_x(x) + 8:.1f}" y="{place_y(y) + 4:.1f}"'
            parts.append(f'<text class="tick" {at}>{text(picture.names[number], 24)}</text>')
    return f"<figure>{_svg(parts, plot.y.key + ' by ' + plot.x.key)}</figure>"


def _parallel(axes: tuple[Axis, ...], picture: Picture) -> str:
    gap = (_WIDTH - 2 * _LEFT) / max(1, len(axes) - 1)
    top, bottom = 44.0, _HEIGHT - 24
    parts, places = [], []
    for number, axis in enumerate(axes):
        x = _LEFT + gap * number if len(axes) > 1 else _WIDTH / 2
        known = [value for value in axis.values if value is not None]
        low, high = min(known, default=0.0), max(known, default=1.0)
        places.append((x, low, high))
        parts.append(f'<path class="axis" d="M{x:.1f} {top:g}V{bottom:g}"/>')
        lift = 12 if number % 2 and len(axes) > 6 else 26
        parts.append(f'<text class="name" x="{x:.1f}" y="{lift}" text-anchor="middle">{text(axis.name, 18)}</text>')
        for value, y in ((high, top - 5), (low, bottom + 13)):
            said = axis.texts[int(value)] if axis.texts else wording.number(value)
            parts.append(f'<text class="tick" x="{x:.1f}" y="{y:g}" text-anchor="middle">{text(said, 12)}</text>')
    for number, name in enumerate(picture.names):
        path, is_on = "", False
        for axis, (x, low, high) in zip(axes, places, strict=True):
            found = axis.values[number]
            if found is None:
                is_on = False
                continue
            share = (found - low) / (high - low) if high > low else 0.5
            path += f"{'L' if is_on else 'M'}{x:.1f} {bottom - share * (bottom - top):.1f}"
            is_on = True
        if path:
            kind = " base" if number == picture.baseline else ""
            parts.append(
                f'<path class="line thin s{number % COLOURS}{kind}" d="{path}"><title>{text(name)}</title></path>'
            )
    return f"<figure>{_svg(parts, 'parallel coordinates')}</figure>"


__all__ = ["COLOURS", "draw", "text", "ticks"]
