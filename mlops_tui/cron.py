"""When a schedule in cron's syntax comes round, in local time: five fields, or a word like ``@daily``.

What happens when the clocks change is Debian cron's rule: a time of day that is left out comes when the clock has
jumped, one that comes twice counts once; a schedule of every so many minutes or hours goes by the time that passes.
"""

from __future__ import annotations

import os
from datetime import UTC, datetime, timedelta, timezone, tzinfo

_WORDS = {
    "@hourly": "0 * * * *",
    "@daily": "0 0 * * *",
    "@midnight": "0 0 * * *",
    "@weekly": "0 0 * * 0",
    "@monthly": "0 0 1 * *",
    "@yearly": "0 0 1 1 *",
    "@annually": "0 0 1 1 *",
}
_LOCALTIME = "/etc/localtime"


def next_after(schedule: str, after: float, zone: tzinfo) -> float:
    """The first moment after another one at which a schedule comes round.

    Args:
        schedule: For example ``0 3 * * *``.
        after: Unix seconds.
        zone: The time zone that its hours are meant in.

    Returns:
        Unix seconds.

    Raises:
        ValueError: The schedule is not understood, or never comes round.
    """
    from cronsim import CronSim, CronSimError  # most projects have no schedule

    expression = _WORDS.get(schedule.strip().lower(), schedule)
    if len(expression.split()) != 5:
        raise ValueError("needs five fields: minute, hour, day of the month, month, day of the week")
    try:
        for moment in CronSim(expression, datetime.fromtimestamp(after, zone)):
            # the hour that comes twice in autumn is told apart here only
            if (found := moment.timestamp()) > after:
                return found
    except CronSimError as error:
        raise ValueError(str(error).lower()) from error
    raise ValueError("never comes round")


def local_zone() -> tzinfo:
    """The machine's time zone, as ``TZ`` or ``/etc/localtime`` says; UTC's distance of now where neither tells."""
    from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

    name = os.environ.get("TZ", "").removeprefix(":")
    try:
        if name:
            return ZoneInfo(name)
        with open(_LOCALTIME, "rb") as file:
            return ZoneInfo.from_file(file, key="localtime")
    except (OSError, ValueError, ZoneInfoNotFoundError):
        distance = datetime.now(UTC).astimezone().utcoffset()
        return timezone(distance or timedelta())
