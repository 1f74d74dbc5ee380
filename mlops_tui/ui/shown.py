"""Numbers, times and sizes as a person reads them. Widths are bounded, so that columns stay still."""

from __future__ import annotations

import math
import time


def number(value: float | None, digits: int = 4) -> str:
    """A metric value in at most ``digits + 7`` characters; NaN and infinities are named.

    Args:
        value: None shows as an empty text.
        digits: Significant digits.
    """
    if value is None:
        return ""
    if value != value:
        return "NaN"
    if math.isinf(value):
        return "inf" if value > 0 else "-inf"
    if value == int(value) and abs(value) < 10 ** (digits + 2):
        return str(int(value))
    magnitude = abs(value)
    if magnitude >= 10 ** (digits + 2) or magnitude < 10**-digits:
        return f"{value:.{digits - 1}e}"
    decimals = max(0, digits - 1 - math.floor(math.log10(magnitude))) if magnitude >= 1 else digits
    return f"{value:.{decimals}f}"


def duration(seconds: float | None) -> str:
    """A length of time in at most 7 characters: ``0.34s``, ``12.0s``, ``3m 05s``, ``2h 07m``, ``4d 03h``."""
    if seconds is None:
        return ""
    if seconds < 0.995:
        return f"{max(0.0, seconds):.2f}s"
    if seconds < 59.95:
        return f"{seconds:.1f}s"
    whole = round(seconds)
    if whole < 3600:
        return f"{whole // 60}m {whole % 60:02d}s"
    if whole < 86400:
        return f"{whole // 3600}h {whole % 3600 // 60:02d}m"
    return f"{whole // 86400}d {whole % 86400 // 3600:02d}h"


def running(seconds: float) -> str:
    """A length of time that is still growing, in whole seconds so that it changes once a second: ``42s``."""
    return f"{int(seconds)}s" if seconds < 60 else duration(int(seconds))


def moment(at: float | None, now: float | None = None) -> str:
    """A local date or time in at most 12 characters, which only changes when the day does.

    Today ``14:03:12``, this year ``Nov 21 14:03``, else ``2024-11-21``.
    """
    if at is None:
        return ""
    try:
        then = time.localtime(at)
        today = time.localtime(now)
    except (ValueError, OverflowError, OSError):
        return "?"
    if then[:3] == today[:3]:
        return time.strftime("%H:%M:%S", then)
    if then.tm_year == today.tm_year:
        return time.strftime("%b %d %H:%M", then)
    return time.strftime("%Y-%m-%d", then)


def coming(at: float, now: float) -> str:
    """A local time to come, to the minute: ``03:00`` today, ``Nov 21 03:00`` on another day."""
    then = time.localtime(at)
    return time.strftime("%H:%M" if then[:3] == time.localtime(now)[:3] else "%b %d %H:%M", then)


def size(size_bytes: int | None) -> str:
    """A size in at most 8 characters: ``812 B``, ``1.4 kB``, ``23 MB``."""
    if size_bytes is None:
        return ""
    if size_bytes < 1000:
        return f"{size_bytes} B"
    value = float(size_bytes)
    for unit in ("kB", "MB", "GB", "TB"):
        value /= 1000
        if value < 9.95:
            return f"{value:.1f} {unit}"
        if value < 999.5:
            return f"{value:.0f} {unit}"
    return f"{value / 1000:.0f} PB"


def count(number_of: int, noun: str, plural: str = "") -> str:
    """``1 run``, ``3 runs``, ``12,345 runs``."""
    return f"{number_of:,} {noun if number_of == 1 else plural or noun + 's'}"


def short_path(path: str, home: str = "") -> str:
    """A path with the home directory as ``~``."""
    import os

    home = home or os.path.expanduser("~")
    if path == home:
        return "~"
    return "~" + path[len(home) :] if home != "/" and path.startswith(home.rstrip("/") + "/") else path


def short_id(run_id: str) -> str:
    """The last 8 characters of a run id: the first ones are a time and equal among runs started together."""
    return run_id[-8:]
