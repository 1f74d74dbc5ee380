"""Handing what a thread found to the widget that asked, if that is still there to take it."""

from __future__ import annotations

from collections.abc import Callable
from typing import ParamSpec

from textual._context import NoActiveAppError
from textual.dom import DOMNode

from mlops_tui.ui import threads

P = ParamSpec("P")


def hand(asker: DOMNode, take: Callable[P, object], *args: P.args, **options: P.kwargs) -> None:
    """Has the application call ``take``; to be called in a thread that works for the asker.

    Nothing is called when nobody waits for the thread any more, or its asker is being removed by then: parts of a
    widget are gone before the widget is.
    """
    if not threads.is_wanted():
        return
    try:
        app = asker.app
    except NoActiveAppError:
        return  # it was taken out of the screen just now

    def call() -> None:
        if asker.is_attached and not (asker._pruning or asker._closing):
            take(*args, **options)

    app.call_from_thread(call)


__all__ = ["hand"]
