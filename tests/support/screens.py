"""What tests of screens share: waiting for an application to settle, and its screen as text."""

from __future__ import annotations

import asyncio

from textual.app import App
from textual.pilot import Pilot
from textual.worker import WorkerCancelled

from mlops_tui.ui import threads


async def settled(pilot: Pilot[object]) -> None:
    """Waits until nothing is at work in a thread and every message is processed."""
    calm = 0
    for _ in range(1000):
        if at_work := threads.working():
            await asyncio.wait(at_work)
            calm = 0
        try:
            await pilot.app.workers.wait_for_complete()
        except WorkerCancelled:  # superseded by a newer one, which is waited for next
            calm = 0
        else:
            calm += 1
        if calm > 4:
            return
        await pilot.pause()
    raise AssertionError("the application never came to rest")


def rendered(app: App[object]) -> str:
    """The screen as text, a line a row, right-stripped."""
    strips = app.screen._compositor.render_strips()
    return "\n".join("".join(segment.text for segment in strip).rstrip() for strip in strips)
