"""What the triggers of mlops.toml are about to do, in words."""

from __future__ import annotations

from mlops_tui.ui import shown
from mlops_tui.ui.session import Session


def coming(session: Session, now: float) -> str:
    """Which trigger comes next and when, or which one waits; '' when none does."""
    if not session.config.triggers or session.store is None:
        return ""
    from mlops_store import triggers as triggers_store
    from mlops_tui import cron
    from mlops_tui.pipeline import triggers

    states, zone = triggers_store.states(session.store.read()), cron.local_zone()
    waiting = [name for name in session.config.triggers if name in states and states[name].waits_for]
    if waiting:
        return f"waits: {', '.join(waiting)}"
    times = [
        (at, trigger.name)
        for trigger in session.config.triggers.values()
        if (at := triggers.next_time(trigger, states.get(trigger.name), now, zone)) is not None
    ]
    if not times:
        return ""
    at, name = min(times)
    return f"next: {name} {shown.coming(at, now)}"
