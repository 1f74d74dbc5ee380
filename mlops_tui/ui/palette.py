"""Textual's command palette with the entries of ``:`` and of the keys that work where one is."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator
from functools import partial
from typing import Any, NamedTuple, Protocol, cast

from textual.app import App
from textual.command import CommandPalette, DiscoveryHit, Hit, Hits, Provider
from textual.content import Content
from textual.markup import escape
from textual.widgets import Input

from mlops_tui.ui import completion, keymap, places, theme
from mlops_tui.ui.places import Place
from mlops_tui.ui.session import session_of
from mlops_tui.ui.text import clean

#: Names of the store offered for one query.
NAMES = 10


class Goes(Protocol):
    """The application, as far as the palette needs to know it."""

    def go(self, place: Place) -> None:
        """Shows a place."""


class Entry(NamedTuple):
    """Something that can be found: what it is called, what it does, and how."""

    text: str
    help: str
    act: partial[Any]


class Palette(CommandPalette):
    """Textual's palette without a dimmed background, pictures, or anything that blinks."""

    DEFAULT_CSS = """
    Palette { background: transparent; }
    Palette > Vertical { width: 76; max-width: 96%; margin-top: 2; background: $surface; }
    Palette SearchIcon { display: none; }
    Palette #--input, Palette #--input.--list-visible { border: round $line-focus; background: $surface; height: 3; }
    Palette CommandInput, Palette CommandInput:focus {
        border: none; height: 1; padding: 0 1; background: $surface; background-tint: $surface 0%;
    }
    Palette CommandList { border: round $line; max-height: 70vh; background: $surface; }
    Palette CommandList > .option-list--option-highlighted { background: $cursor; color: $foreground; }
    Palette LoadingIndicator { display: none; }
    """

    def on_mount(self) -> None:
        """Keeps the cursor still."""
        self.query_one(Input).cursor_blink = False


class PaletteProvider(Provider):
    """Finds screens, acts, themes, and what the store has names for."""

    async def discover(self) -> Hits:
        """Everything but names, before anything is typed."""
        for entry in self._entries():
            yield DiscoveryHit(Content(entry.text), entry.act, text=entry.text, help=entry.help)

    async def search(self, query: str) -> Hits:
        """What fits a query."""
        matcher = self.matcher(query)
        for entry in self._entries():
            if (score := matcher.match(entry.text)) > 0:
                yield Hit(score, Content(entry.text), entry.act, text=entry.text, help=entry.help)
        session = session_of(self.screen)
        for word in ("run", "model", "data", "stage"):
            found = await asyncio.to_thread(completion.complete, session, f"{word} {query}")
            for name in found[:NAMES]:
                text = clean(name.text, 120)
                act = partial(self._goes.go, places.parse(name.text))
                yield Hit(0.5, Content(text), act, text=text, help=escape(clean(name.note, 120)))

    @property
    def _goes(self) -> Goes:
        return cast(Goes, self.app)

    def _entries(self) -> Iterator[Entry]:
        for name, destination in places.DESTINATIONS.items():
            if not destination.needs_argument:
                yield Entry(f"Go to {name}", destination.help, partial(self._goes.go, Place(name)))
        seen = set()
        for active in self.screen.active_bindings.values():
            entry = keymap.BY_ID.get(active.binding.id or "")
            if entry is None or not active.enabled or entry.id in seen or entry.where in ("table", "scroll", "prompt"):
                continue
            seen.add(entry.id)
            act = partial(self.app.run_action, active.binding.action, active.node)
            yield Entry(f"{keymap.SECTIONS[entry.where]}: {entry.label}", entry.help, act)
        for name in sorted(self.app.available_themes, key=lambda name: (name not in _OURS, name)):
            yield Entry(f"Theme: {name}", "Change the colours for now", partial(_wear, self.app, name))


_OURS = frozenset(entry.name for entry in theme.THEMES)


def _wear(app: App[object], name: str) -> None:
    app.theme = name
