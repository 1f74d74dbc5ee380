"""Work in threads that begins at once.

A worker of Textual is announced to its widget three times, and begins after a round of messages: more than a
millisecond, which everybody who asked with a key waits for.
"""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import NoReturn

from textual.message_pump import MessagePump
from textual.worker import NoActiveWorker, get_current_worker

#: Threads at most: each keeps a connection to the store with its cache, and asyncio would start more the more
#: processors there are.
THREADS = 6

_working: set[asyncio.Future[None]] = set()
_here = threading.local()


def limit() -> None:
    """From here on the event loop has ``THREADS`` threads at most, for what Textual begins, too."""
    asyncio.get_running_loop().set_default_executor(ThreadPoolExecutor(THREADS, thread_name_prefix="dashboard"))


def begin(asker: MessagePump, work: Callable[[], None], is_wanted: Callable[[], bool]) -> None:
    """Calls something in a thread; to be called on the event loop. An error ends the application as any other does.

    Args:
        asker: Is told what was found by messages: a thread may post them, and they come to nothing when it is gone.
        work: What to do.
        is_wanted: Whether anybody still waits for it; errors of what nobody waits for are no news.
    """
    future = asyncio.get_running_loop().run_in_executor(None, _work, asker, work, is_wanted)
    _working.add(future)
    future.add_done_callback(_working.discard)


def is_wanted() -> bool:
    """Whether anybody still waits for what this thread, or Textual's worker in it, has begun."""
    asked: Callable[[], bool] | None = getattr(_here, "is_wanted", None)
    if asked is not None:
        return asked()
    try:
        return not get_current_worker().is_cancelled
    except NoActiveWorker:
        return True


def working() -> set[asyncio.Future[None]]:
    """What is at work for this event loop."""
    loop = asyncio.get_running_loop()
    return {future for future in _working if future.get_loop() is loop}


def _work(asker: MessagePump, work: Callable[[], None], is_wanted: Callable[[], bool]) -> None:
    _here.is_wanted = is_wanted
    try:
        work()
    except BaseException as error:
        if is_wanted():
            asker.call_later(_fail, error)
    finally:
        _here.is_wanted = None


def _fail(error: BaseException) -> NoReturn:
    raise error


__all__ = ["THREADS", "begin", "is_wanted", "limit", "working"]
