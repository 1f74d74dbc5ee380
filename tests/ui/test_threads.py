"""Work in threads: wanted or not, and what becomes of its errors."""

from __future__ import annotations

import asyncio
import threading

import pytest
from textual.app import App

from mlops_tui.project import Project
from mlops_tui.ui import threads
from mlops_tui.ui.app import MlopsApp


async def test_work_may_ask_whether_it_is_still_wanted() -> None:
    app: App[None] = App()
    async with app.run_test():
        given_up, seen = threading.Event(), list[bool]()

        def work() -> None:
            seen.append(threads.is_wanted())
            given_up.wait(10)
            seen.append(threads.is_wanted())

        threads.begin(app, work, lambda: not given_up.is_set())
        given_up.set()
        await asyncio.wait(threads.working())
        assert seen[-1] is False
        assert threads.is_wanted()


async def test_in_a_worker_of_textual_it_is_wanted_until_that_is_cancelled() -> None:
    app: App[None] = App()
    async with app.run_test():
        begun, cancelled, seen = threading.Event(), threading.Event(), list[bool]()

        def work() -> None:
            seen.append(threads.is_wanted())
            begun.set()
            cancelled.wait(10)
            seen.append(threads.is_wanted())

        worker = app.run_worker(work, thread=True)
        while not begun.is_set():
            await asyncio.sleep(0.01)
        worker.cancel()
        cancelled.set()
        while len(seen) < 2:
            await asyncio.sleep(0.01)
        assert seen == [True, False]


@pytest.mark.parametrize("is_wanted", [True, False])
async def test_an_error_ends_the_application_unless_nobody_waits_any_more(is_wanted: bool) -> None:
    app: App[None] = App()

    async def go() -> None:
        async with app.run_test() as pilot:
            threads.begin(app, lambda: 1 // 0, lambda: is_wanted)  # type: ignore[arg-type,return-value]
            await asyncio.wait(threads.working())
            await pilot.pause()

    if is_wanted:
        with pytest.raises(ZeroDivisionError):
            await go()
    else:
        await go()


async def test_there_are_only_so_many_threads_however_much_is_to_be_done() -> None:
    app = MlopsApp(Project("/nowhere"))
    async with app.run_test():
        go, begun = threading.Event(), list[str]()

        def work() -> None:
            begun.append(threading.current_thread().name)
            go.wait(10)

        for _ in range(4 * threads.THREADS):
            threads.begin(app, work, lambda: True)
        while len(begun) < threads.THREADS:
            await asyncio.sleep(0.001)
        go.set()
        await asyncio.wait(threads.working())
        assert len(begun) == 4 * threads.THREADS
        assert len(set(begun)) <= threads.THREADS
