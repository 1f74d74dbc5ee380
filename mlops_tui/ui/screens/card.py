"""The card of a model version, as a page that people read, write and review."""

from __future__ import annotations

from typing import ClassVar

from textual.app import ComposeResult

from mlops_store import models
from mlops_store.errors import MlopsError, NotFound
from mlops_store.records import ModelVersion
from mlops_tui.registry.card_texts import SECTIONS
from mlops_tui.ui import keymap
from mlops_tui.ui.answers import hand
from mlops_tui.ui.screens import card_acts
from mlops_tui.ui.screens.base import ProjectScreen
from mlops_tui.ui.screens.folded_pages import CardPane


class CardScreen(ProjectScreen):
    """A card.

    Args:
        argument: ``churn/3``, ``churn@champion``, or ``churn`` for its newest version.
    """

    NAME: ClassVar[str] = "card"
    BINDINGS = keymap.bindings("card")

    def compose_body(self) -> ComposeResult:
        """The page."""
        yield CardPane(1)

    def on_mount(self) -> None:
        """Finds out which version is meant."""
        self.run_worker(self._find, thread=True, group="find")

    def _find(self) -> None:
        pane = self.query_one(CardPane)
        try:
            if self.session.store is None:
                raise NotFound("no model is registered yet", "mlops-tui models register MODEL RUN")
            version = models.resolve(self.session.store.read(), self.argument)
        except MlopsError as error:
            hand(pane, pane.refuse, error)
        else:
            hand(pane, pane.choose, (version.model, version.version))

    @property
    def _version(self) -> ModelVersion | None:
        card = self.query_one(CardPane).records
        return card.version if card else None

    def copy_text(self) -> tuple[str, str]:
        """The section under the cursor as it was written, else the URI of the version."""
        card = self.query_one(CardPane).records
        if card is None:
            return "", ""
        section = self._section()
        if section and card.body(section):
            return card.body(section), SECTIONS[section][0]
        uri = f"models:/{card.version.model}/{card.version.version}"
        return uri, uri

    def _section(self) -> str:
        title = self.query_one(CardPane).text.current
        return next((name for name, (one, _) in SECTIONS.items() if one == title), "")

    def action_edit(self) -> None:
        """Writes the section under the cursor, or asks which."""
        card = self.query_one(CardPane).records
        if card is not None:
            card_acts.edit(self, card, self._section())

    def action_review(self) -> None:
        """Asks what to say about the review."""
        card = self.query_one(CardPane).records
        if card is not None:
            card_acts.review(self, card)

    def action_export(self) -> None:
        """Asks for a file and writes the card."""
        card = self.query_one(CardPane).records
        if card is not None:
            card_acts.export(self, card)

    def action_diff(self) -> None:
        """Compares with the version that this one follows."""
        version = self._version
        if version is None:
            return
        if version.parent is None:
            self.remark(f"v{version.version} follows no other version", "dim")
        else:
            self.go("diff", f"{version.model} {version.parent} {version.version}")
