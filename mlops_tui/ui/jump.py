"""The jump line: ``:`` and the name of a screen, run, model or stage."""

from __future__ import annotations

from textual.app import ComposeResult
from textual.screen import ModalScreen

from mlops_store.errors import MlopsError
from mlops_tui.ui import completion, keymap, places
from mlops_tui.ui.answers import hand
from mlops_tui.ui.places import Place
from mlops_tui.ui.session import session_of
from mlops_tui.ui.widgets.prompt import Completion, Prompt


class JumpScreen(ModalScreen[Place]):
    """A line at the bottom of the screen with completions above it; dismissed with the place, or None.

    Args:
        text: To begin with.
    """

    DEFAULT_CSS = "JumpScreen { background: transparent; }"
    BINDINGS = keymap.bindings("dialog")

    def __init__(self, text: str = "") -> None:
        super().__init__()
        self._text = text

    def compose(self) -> ComposeResult:
        """The prompt alone."""
        yield Prompt(":", self._text, "where to? tab completes")

    def on_mount(self) -> None:
        """Offers the screens."""
        self._complete(self._text)

    def on_prompt_changed(self, message: Prompt.Changed) -> None:
        """Offers what fits."""
        self._complete(message.value)

    def on_prompt_submitted(self, message: Prompt.Submitted) -> None:
        """Goes there, or says why not."""
        offers = message.prompt.offers
        problem = ""
        # what is typed, else the only thing that it may become
        for text in (message.value, *(offer.text for offer in offers if len(offers) == 1)):
            try:
                place = places.parse(text)
            except MlopsError as error:
                problem = problem or str(error)
            else:
                self.dismiss(place)
                return
        message.prompt.say(problem)

    def on_prompt_cancelled(self, _: Prompt.Cancelled) -> None:
        """Closes."""
        self.dismiss(None)

    def action_cancel(self) -> None:
        """Closes."""
        self.dismiss(None)

    def _complete(self, text: str) -> None:
        session = session_of(self)

        def search() -> None:
            found = completion.complete(session, text)
            hand(self, self._offer, text, found)

        self.run_worker(search, thread=True, exclusive=True, group="complete")

    def _offer(self, text: str, found: list[Completion]) -> None:
        prompt = self.query_one(Prompt)
        if prompt.value == text:
            prompt.offer(found)
