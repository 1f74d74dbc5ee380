"""A card, and the difference of two versions, as panes that any screen can hold: pages of parts that fold.

What was measured already is shown at once; what was not is measured by the command line in a process of its own.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import ClassVar, Generic, TypeVar

from textual.app import ComposeResult

from mlops_store.errors import MlopsError, NotFound
from mlops_store.store import Store
from mlops_tui.cards import card as cards
from mlops_tui.cards import difference_page, differences, measures, page
from mlops_tui.cards.card import Card
from mlops_tui.cards.differences import Difference
from mlops_tui.compare.export.document import Block, Heading
from mlops_tui.ui import spawn
from mlops_tui.ui.screens import page_lines
from mlops_tui.ui.session import Session
from mlops_tui.ui.widgets.folding_text import FoldingText, Part
from mlops_tui.ui.widgets.pane import Pane

Records = TypeVar("Records")
Wanted = TypeVar("Wanted")


class _PagePane(Pane[Records], Generic[Records, Wanted]):
    """A page of parts that fold, of what was chosen."""

    #: What stands there while nothing is chosen, and what helps.
    NOTHING: ClassVar[tuple[str, str]]

    def __init__(self, title: str, number: int = 0, *, id: str | None = None) -> None:
        super().__init__(title, number, id=id)
        self._wanted: Wanted | None = None
        self._tried: object = None
        self._refused: MlopsError | None = None

    def compose(self) -> ComposeResult:
        """The parts."""
        yield FoldingText()

    @property
    def text(self) -> FoldingText:
        """The page."""
        return self.query_one(FoldingText)

    def on_folding_text_resized(self, message: FoldingText.Resized) -> None:
        """Lays the lines out for another width."""
        message.stop()
        if self.records is not None:
            self.show(self.records)

    def choose(self, wanted: Wanted | None) -> None:
        """Shows the page of something else."""
        if wanted != self._wanted or self._refused is not None:
            self._wanted, self._refused = wanted, None
            self.reload(restart=True)

    def refuse(self, error: MlopsError) -> None:
        """Says why nothing can be chosen, until something is."""
        self._refused = error
        self.reload(restart=True)

    def early(self, session: Session) -> Records | None:
        """What is known without measuring anything."""
        return None if self._wanted is None else self._gathered(session)

    def _gathered(self, session: Session) -> Records:
        if self._refused is not None:
            raise self._refused
        if session.store is None or self._wanted is None:
            raise NotFound(*self.NOTHING)
        return self._gather(session, session.store, self._wanted)

    def _gather(self, session: Session, store: Store, wanted: Wanted) -> Records:
        """Reads what is to be told of it."""
        raise NotImplementedError

    def _draw(self, blocks: Iterable[Block]) -> None:
        self.uncover()
        self.text.show_parts(parts(blocks, self.text.room))

    def _measure(self, session: Session, *words: str) -> None:
        """Has it measured, once for each choice: in a store that cannot be written it would begin again and again."""
        if self._tried != words:
            self._tried = words
            spawn.verb(session.project, "models", *words)


class CardPane(_PagePane[Card, tuple[str, int]]):
    """The card of a version: of a model and its number."""

    NOTHING = ("no version is registered yet", "mlops-tui models register MODEL RUN makes one")

    def __init__(self, number: int = 0) -> None:
        super().__init__("Card", number, id="card")

    def _gather(self, session: Session, store: Store, wanted: tuple[str, int]) -> Card:
        return cards.gather(store, *wanted)

    def load(self, session: Session) -> Card:
        """The card, with everything measured."""
        found = self._gathered(session)
        if len(found.measured) == len(measures.KINDS):
            return found
        self._measure(session, "card", found.version.model, str(found.version.version))
        return self._gathered(session)

    def show(self, records: Card) -> None:
        """Draws it."""
        self.entitle("Card", f"{records.version.model}/{records.version.version} · {page.review(records)}")
        missing = [kind for kind in measures.KINDS if kind not in records.measured]
        told = f"not written: {', '.join(records.missing)}" if records.missing else ""
        self.subtitle(f"measuring {', '.join(missing)}" if missing and self._tried is None else told)
        self._draw(page.document(records).blocks)


class VersionDifferencePane(_PagePane[Difference, tuple[str, int, int]]):
    """How two versions of a model differ: of the model and their numbers."""

    NOTHING = ("no two versions are chosen", ":diff MODEL 2 3")

    def __init__(self, number: int = 0) -> None:
        super().__init__("Difference", number, id="version-difference")
        self._with_equal = False

    def turn_equal(self) -> None:
        """Shows what is equal too, or only what differs."""
        self._with_equal = not self._with_equal
        if self.records is not None:
            self.show(self.records)

    def _gather(self, session: Session, store: Store, wanted: tuple[str, int, int]) -> Difference:
        return differences.gather(store, session.config, *wanted)

    def load(self, session: Session) -> Difference:
        """The difference, with everything measured."""
        found = self._gathered(session)
        if found.is_measured:
            return found
        numbers = (str(card.version.version) for card in (found.first, found.second))
        self._measure(session, "diff", found.first.version.model, *numbers)
        return self._gathered(session)

    def show(self, records: Difference) -> None:
        """Draws it."""
        first, second = records.first.version, records.second.version
        self.entitle("Difference", f"{first.model}: v{second.version} against v{first.version}")
        is_measuring = not records.is_measured and self._tried is None
        told = "" if self._with_equal else "only differences: = shows the rest"
        self.subtitle("measuring what was not measured yet" if is_measuring else told)
        self._draw(difference_page.document(records, with_equal=self._with_equal).blocks)


def parts(blocks: Iterable[Block], width: int) -> list[Part]:
    """The parts of a page, each with its lines."""
    grouped: list[tuple[Heading, list[Block]]] = []
    for block in blocks:
        if isinstance(block, Heading):
            grouped.append((block, []))
        else:
            if not grouped:
                grouped.append((Heading("Nothing differs"), []))
            grouped[-1][1].append(block)
    found = []
    for heading, inside in grouped:
        lines = page_lines.lines(inside, width)
        while lines and lines[-1] == "":
            lines.pop()
        found.append(Part(heading.text, heading.note, tuple(lines)))
    return found


__all__ = ["CardPane", "VersionDifferencePane", "parts"]
