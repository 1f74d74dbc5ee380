"""What a thread found reaches the widget that asked, and nobody when that is gone."""

from __future__ import annotations

import asyncio
import contextvars
import threading

import pytest
from textual.app import App, ComposeResult
from textual.widget import Widget
from textual.widgets import Label

from mlops_tui.ui.answers import hand


class Lasting(Widget):
    """Goes when it is let."""

    def __init__(self) -> None:
        super().__init__()
        self.go = asyncio.Event()

    async def on_unmount(self) -> None:
        await self.go.wait()


class Asker(Widget):
    """Asks a thread, and writes the answer into its part."""

    def __init__(self) -> None:
        super().__init__()
        self.come, self.gone = threading.Event(), threading.Event()

    def compose(self) -> ComposeResult:
        yield Label("nothing yet")
        yield Lasting()

    def ask(self) -> None:
        def look() -> None:
            self.come.wait(10)
            try:
                hand(self, self.take, "found")
            finally:
                self.gone.set()

        self.run_worker(look, thread=True)

    def take(self, found: str) -> None:
        self.query_one(Label).update(found)


@pytest.mark.parametrize("is_removed", [False, True])
async def test_an_answer_that_comes_while_its_asker_is_being_removed_is_dropped(is_removed: bool) -> None:
    app: App[None] = App()
    async with app.run_test():
        asker = Asker()
        await app.mount(asker)
        label, lasting = asker.query_one(Label), asker.query_one(Lasting)
        asker.ask()
        removed = asker.remove() if is_removed else None
        while removed is not None and not label._closed:  # parts go first
            await asyncio.sleep(0.001)
        asker.come.set()
        while not asker.gone.is_set():
            await asyncio.sleep(0.001)
        lasting.go.set()
        if removed is not None:
            await removed
        assert str(label.content) == ("nothing yet" if is_removed else "found")


async def test_an_answer_for_what_was_taken_out_of_the_screen_is_dropped_in_a_thread_that_knows_no_application() -> (
    None
):
    app: App[None] = App()
    async with app.run_test():
        asker = Asker()
        await app.mount(asker)
        asker.come.set()
        asker.query_one(Lasting).go.set()
        await asker.remove()
        worker = asker.run_worker(lambda: None, thread=True)  # begun by a message that was still on its way
        await worker.wait()
        contextvars.Context().run(hand, asker, asker.take, "found")
