"""The line that a filter of runs is typed into: what may follow, and what is wrong, pointing at the place."""

from __future__ import annotations

from collections.abc import Callable
from functools import lru_cache

from rich.cells import cell_len

from mlops_tui.compare.completion import suggestions
from mlops_tui.compare.filter import parse
from mlops_tui.compare.tokens import FilterError
from mlops_tui.ui.answers import hand
from mlops_tui.ui.session import session_of
from mlops_tui.ui.text import clean, cut
from mlops_tui.ui.widgets.prompt import Completion, Prompt

#: What comparisons begin with: a word on its way to one of these is not yet a word to look for.
_BEGINNINGS = ("metrics.", "params.", "parameters.", "tags.", "attributes.", "datasets.", "status ", "start_time ")
_JOINTS = ("and", "or", "not")


def is_unfinished(text: str) -> bool:
    """Whether a filter ends in what may become the left side of a comparison, or the word between two."""
    before, _, word = text.rpartition(" ")
    if before.strip() and word and any(joint.startswith(word.lower()) for joint in _JOINTS):
        return True
    return bool(word) and any(begin.startswith(word) for begin in _BEGINNINGS)


class FilterPrompt(Prompt):
    """A prompt for filters, with completions of keys and values that the runs have.

    Args:
        text: The filter to begin with.
        problem: What is wrong with it.
    """

    def __init__(self, text: str, problem: str = "") -> None:
        super().__init__("/", text, "best(auc) > 0.9 AND params.family = 'forest'   or a word; tab completes")
        self._problem = problem

    def on_mount(self) -> None:
        """Says what is wrong already."""
        if self._problem:
            self.say(self._problem)

    def on_prompt_changed(self, message: Prompt.Changed) -> None:
        """Says what is wrong, or what may follow; goes on to the screen."""
        text, store = message.value, session_of(self).store
        error, problem = _error(text), filter_problem(text, self.size.width or 80)
        # where only something is missing at the end, completions say it better
        is_at_end = error is None or error.is_open or error.position >= len(text.rstrip())
        if store is None or not is_at_end:
            self.say(problem)
            return

        def search() -> None:
            found = [Completion(one.text, one.note) for one in suggestions(store.read(), text)]
            hand(self, self._offer, text, found, problem)

        # after the list is painted, which both would only hold up
        self.call_after_refresh(self._begin, search)

    def _begin(self, search: Callable[[], None]) -> None:
        if self.is_attached:  # it may be gone by now: enter was typed right after the text
            self.run_worker(search, thread=True, exclusive=True, group="complete")

    def _offer(self, text: str, found: list[Completion], problem: str) -> None:
        if self.value != text:
            return
        if found:
            self.offer(found)
        else:
            self.say(problem)


def filter_problem(text: str, room: int = 80) -> str:
    """What is wrong with a filter, pointing at the place below it; "" when it is understood.

    Args:
        text: The filter.
        room: Cells of the line that it stands in.
    """
    error = _error(text)
    return _told(error, text, room) if error is not None else ""


def _told(error: FilterError, text: str, room: int) -> str:
    remark = f"{error.message} — {error.hint}" if error.hint else error.message
    # two cells stand before the text in the prompt, one before the remark
    column = cell_len(clean(text[: error.position])) + 1
    if cell_len(clean(text)) + 3 >= room:
        return cut(remark, 200)  # the line may be scrolled
    if column + 2 + cell_len(remark) < room or column < room // 2:
        return f"{' ' * column}╭ {remark}"
    return f"{' ' * (column - 1 - cell_len(remark))}{cut(remark, column - 1)} ╮"


@lru_cache(maxsize=8)
def _error(text: str) -> FilterError | None:
    try:
        parse(text)
    except FilterError as error:
        return error
    return None


__all__ = ["FilterPrompt", "filter_problem", "is_unfinished"]
