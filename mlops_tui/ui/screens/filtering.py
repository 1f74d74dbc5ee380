"""A filter by words for screens whose lists are in memory: narrowed as one types, kept or removed with one key."""

from __future__ import annotations

from collections.abc import Sequence
from typing import ClassVar

from textual.widget import Widget

from mlops_tui.ui.screens.base import ProjectScreen
from mlops_tui.ui.widgets.prompt import Prompt
from mlops_tui.ui.widgets.window_table import WindowTable


def matches(words: Sequence[str], *texts: str) -> bool:
    """Whether each word of a filter, in lower case, is somewhere in the texts."""
    searched = " ".join(texts).lower()
    return all(word in searched for word in words)


class WordFilter(ProjectScreen):
    """A screen with such a filter; a subclass says what to narrow and what takes the focus afterwards."""

    HAS_FILTER: ClassVar[bool] = True
    #: What can be typed, shown while nothing is.
    FILTER_HINT: ClassVar[str] = "words"

    def __init__(self, argument: str = "") -> None:
        super().__init__(argument)
        self.words: tuple[str, ...] = ()

    def narrow(self, words: tuple[str, ...]) -> None:
        """Shows only what matches the words."""
        raise NotImplementedError

    def filtered_table(self) -> Widget:
        """What is looked at."""
        raise NotImplementedError

    def filter_by(self, text: str) -> None:
        """Filters by the words of a text; by none of them, everything is shown."""
        words = tuple(text.lower().split())
        if words != self.words:
            self.words = words
            self.narrow(words)

    def filter(self) -> None:
        """Opens the line to type words into."""
        if not self.query(Prompt):
            self.mount(Prompt("/", " ".join(self.words), self.FILTER_HINT))

    def on_prompt_changed(self, message: Prompt.Changed) -> None:
        """Filters at once."""
        self.filter_by(message.value)

    def on_prompt_submitted(self, message: Prompt.Submitted) -> None:
        """Keeps the filter."""
        self._leave(message.prompt)

    def on_prompt_cancelled(self, message: Prompt.Cancelled) -> None:
        """Removes the filter."""
        self.filter_by("")
        self._leave(message.prompt)

    def _leave(self, prompt: Prompt) -> None:
        prompt.remove()
        self.filtered_table().focus()

    def retreat(self) -> bool:
        """Removes the filter."""
        if self.words:
            self.filter_by("")
            return True
        return False


class WordFilterScreen(WordFilter):
    """The same for lists in which rows can be marked."""

    def filtered_table(self) -> WindowTable:
        """The list that is looked at."""
        raise NotImplementedError

    def retreat(self) -> bool:
        """Ends a range, then removes the marks, then the filter."""
        table = self.filtered_table()
        if table.end_range():
            return True
        if table.marks:
            table.set_marks(())
            return True
        return super().retreat()
