"""Points in time as people write them: ``2026-11-03``, ``2026-11-03 14:05``, ``-7d``, ``2h ago``, ``now``."""

from __future__ import annotations

import re
import time
from datetime import date, datetime, timedelta

from mlops_tui import quantities

#: What is said where a text is none.
FORMS = "write it as 2026-11-03, '2026-11-03 14:05', -7d or '2h ago'"

_DAY = re.compile(r"\d{4}-\d{2}-\d{2}")
_CLOCK = re.compile(r"\d{1,2}:\d{2}(:\d{2})?")


def parse(written: str, *, now: float | None = None, is_end: bool = False) -> float:
    """The point in time, in Unix seconds, that a text means.

    An ISO 8601 date and time (in the local zone where none is written), a time of today (``14:05``), how long ago
    (``-7d``, ``1h30m ago``), ``now``, ``today`` or ``yesterday``.

    Args:
        written: The text.
        now: What the present is, in Unix seconds; the clock's by default.
        is_end: Whether a day alone means its last moment rather than its first.

    Raises:
        ValueError: It means no point in time.
    """
    now = time.time() if now is None else now
    text = written.strip().lower()
    try:
        if text == "now":
            return now
        if text.startswith("-") or text.endswith(" ago"):
            return now - quantities.seconds(text.removeprefix("-").removesuffix(" ago"))
        if text in ("today", "yesterday"):
            day = date(*time.localtime(now)[:3]) - timedelta(days=int(text == "yesterday"))
            text = day.isoformat()
        elif _CLOCK.fullmatch(text):
            today = time.strftime("%Y-%m-%d", time.localtime(now))
            text = f"{today} {text if text[1] != ':' else '0' + text}"
        found = datetime.fromisoformat(text.upper())
        if is_end and _DAY.fullmatch(text):
            found += timedelta(days=1, microseconds=-1)
        return found.timestamp()
    except (ValueError, OverflowError, OSError) as error:
        raise ValueError(f"{written!r} is no point in time; {FORMS}") from error


def ahead(written: str, *, now: float | None = None) -> float:
    """The coming point in time, in Unix seconds, that a text means: ``2h``, ``3d``, ``2026-12-01``, ``17:00``.

    A time of day that has gone by is meant of tomorrow.

    Raises:
        ValueError: It means no point in time that is to come.
    """
    now = time.time() if now is None else now
    text = written.strip().lower()
    try:
        return now + quantities.seconds(text)
    except ValueError:
        pass
    if text == "tomorrow":
        return parse((date(*time.localtime(now)[:3]) + timedelta(days=1)).isoformat())
    found = parse(text, now=now)
    if found <= now and _CLOCK.fullmatch(text):
        found = parse(text, now=now + 86400)
    if found <= now:
        raise ValueError(f"{written!r} has gone by; write 2h, 3d or a date to come")
    return found
