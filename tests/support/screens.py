"""What tests of screens share: waiting for an application to settle, and its screen as text."""

from __future__ import annotations

from textual.app import App
from textual.pilot import Pilot


async def settled(pilot: Pilot[object]) -> None:
    """Waits until no worker runs and every message is processed."""
    for _ in range(4):
        await pilot.app.workers.wait_for_complete()
        await pilot.pause()


def rendered(app: App[object]) -> str:
    """The screen as text, a line a row, right-stripped."""
    strips = app.screen._compositor.render_strips()
    return "\n".join("".join(segment.text for segment in strip).rstrip() for strip in strips)
