"""Keys that come faster than screens open wait for their turn.

Over ssh several keys often come in one packet, and a practised hand types ``:runs⏎`` without looking. Textual hands
each key at once to what has the focus; one that opens a prompt would lose those typed after it.
"""

from __future__ import annotations

import asyncio
import time
from collections import deque
from functools import lru_cache

from textual import events
from textual.app import App
from textual.message_pump import MessagePump
from textual.widget import Widget

from mlops_tui.ui.painting import PaintingScreen

#: Longest wait for the effect of one key: an act that takes longer does its work in a thread anyway.
PATIENCE_S = 0.5

#: Seconds after a key until one looks whether it has had its effect, unless another comes sooner: to look at once would
#: only hold up that effect.
LOOK_S = 0.03

#: Rounds of messages without another screen or focus after which a key has had its effect.
CALM_ROUNDS = 2


class TypeAheadApp(App[int]):
    """Handles a key only after the screens that the key before opened are there."""

    def __init__(self, driver_class: type | None = None) -> None:
        super().__init__(driver_class=driver_class)
        self._typed: deque[events.Key] = deque()
        self._looking: asyncio.TimerHandle | None = None
        self._taking: asyncio.Task[None] | None = None
        #: When the last key came, on the monotonic clock.
        self.typed_at = 0.0

    async def on_event(self, event: events.Event) -> None:
        """Keeps back keys while one before them is at work."""
        if not isinstance(event, events.Key) or event.is_forwarded:
            await super().on_event(event)
            return
        self.typed_at = time.monotonic()
        if self._looking is None and (self._taking is None or self._taking.done()):
            await self._handle(event)
            self._looking = asyncio.get_running_loop().call_later(LOOK_S, self._look)
            return
        self._typed.append(event)
        if self._looking is not None:
            self._looking.cancel()
            self._look()

    async def _handle(self, key: events.Key) -> None:
        """As Textual does it, which has each widget from the focused one up look, in its own turn, for what it does."""
        screen = self.screen
        chain = [node for node in (self.focused or screen).ancestors_with_self if node is not self]
        if screen.maximized is not None or any(_may_take(type(node), *key.name_aliases) for node in chain):
            await super().on_event(key)
            return
        self.app_focus = True
        screen._clear_tooltip()
        key._set_forwarded()  # as it comes back from there
        if not await self._check_bindings(key.key, priority=True):
            await super().on_event(key)

    def _look(self) -> None:
        """Waits for the effect of the key before from here on."""
        self._looking = None
        self._taking = asyncio.create_task(self._take())

    async def _take(self) -> None:
        await self._calm()
        while self._typed:
            try:
                await self._handle(self._typed.popleft())
            except Exception as error:  # this task stands in for the loop that would handle it
                self._handle_exception(error)
                return
            await self._calm()

    async def _calm(self) -> None:
        """Waits until a key's messages are handled, no other screen or focus comes of them, and the screen is there."""
        calm, before = 0, None
        deadline = asyncio.get_running_loop().time() + PATIENCE_S
        while calm < CALM_ROUNDS and self.screen_stack:
            now = (self.screen, self.focused)
            calm = calm + 1 if now == before and self.screen.is_mounted else 0
            before = now
            left = deadline - asyncio.get_running_loop().time()
            if left <= 0 or not await _handled((self, *now), left):
                return
        if self.screen_stack and isinstance(self.screen, PaintingScreen):
            await self.screen.opened(deadline - asyncio.get_running_loop().time())


@lru_cache(maxsize=1024)
def _may_take(kind: type, *names: str) -> bool:
    """Whether widgets of a kind may do something with a key that has these names, other than by a binding."""
    asked = {"on_key", "_on_key", *(f"{begin}key_{name}" for name in names for begin in ("", "_"))}
    own = [vars(one) for one in kind.__mro__ if one is not Widget]  # a plain widget only looks for these methods
    return any(asked & members.keys() or events.Key in members.get("_decorated_handlers", ()) for members in own)


async def _handled(nodes: tuple[MessagePump | None, ...], timeout_s: float) -> bool:
    """Waits until what is queued at each of the nodes now has been handled; False when that took too long."""
    done = [asyncio.Event() for node in nodes if node is not None]
    waiting = [
        event.wait()
        for event, node in zip(done, (node for node in nodes if node is not None), strict=True)
        if node.call_later(event.set)
    ]
    try:
        await asyncio.wait_for(asyncio.gather(*waiting), timeout_s)
    except TimeoutError:
        return False
    return True
