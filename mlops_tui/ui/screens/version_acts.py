"""What every screen that shows versions lets one do with the version under the cursor."""

from __future__ import annotations

from typing import Protocol

from mlops_tui.ui.messages import Did
from mlops_tui.ui.screens import approval_acts, model_acts, model_export
from mlops_tui.ui.screens.base import ProjectScreen
from mlops_tui.ui.screens.moves import Promote, RollBack, StageAct
from mlops_tui.ui.screens.promote import StageDialog


class ChosenVersion(Protocol):
    """What an act has to know of a version."""

    @property
    def model(self) -> str:
        """The model's name."""
        ...

    @property
    def version(self) -> int:
        """Its number."""
        ...

    @property
    def stage(self) -> str:
        """Where it stands."""
        ...


class VersionActs(ProjectScreen):
    """A screen with a version under its cursor; a subclass says which."""

    def chosen(self) -> ChosenVersion | None:
        """The version to act on; where there is none, that is said."""
        raise NotImplementedError

    def ask(self, act: StageAct) -> None:
        """Shows what a change of stage would do, and does it after a yes."""

        def answered(did: Did | None) -> None:
            if did is not None:
                self.post_message(did)

        self.app.push_screen(StageDialog(act), answered)

    def action_promote(self) -> None:
        """Asks where the version is to go, and shows what that changes."""
        version = self.chosen()
        if version is not None:
            self.ask(Promote(self.session, version.model, version.version, version.stage))

    def action_rollback(self) -> None:
        """Shows what a rollback of the model would bring back."""
        version = self.chosen()
        if version is not None:
            self.ask(RollBack(self.session, version.model))

    def action_approval(self, what: str) -> None:
        """Asks for an approval, gives or refuses it."""
        version = self.chosen()
        if version is not None:
            approval_acts.ask(self, version.model, version.version, version.stage, what)

    def action_note(self) -> None:
        """Asks for a note."""
        version = self.chosen()
        if version is not None:
            model_acts.note(self, version.model, version.version)

    def action_export(self) -> None:
        """Asks for a folder and writes the version to it, with what serves it."""
        version = self.chosen()
        if version is not None:
            model_export.ask(self, version.model, version.version)

    def action_timeline(self) -> None:
        """Goes to what was done to the model."""
        version = self.chosen()
        if version is not None:
            self.go("timeline", version.model)

    def action_loop(self) -> None:
        """Goes to what led to the version."""
        version = self.chosen()
        if version is not None:
            self.go("loop", f"model:{version.model}/{version.version}")

    def action_sign(self) -> None:
        """Asks whether to sign the version."""
        version = self.chosen()
        if version is not None:
            model_acts.ask_to_sign(self, version.model, version.version)

    def action_verify(self) -> None:
        """Says whether the version's signature is good."""
        version = self.chosen()
        if version is not None:
            model_acts.start_verifying(self, version.model, version.version)

    def action_card(self) -> None:
        """Goes to the card of the version."""
        version = self.chosen()
        if version is not None:
            self.go("card", f"{version.model}/{version.version}")

    def action_diff(self) -> None:
        """Asks which version to compare with, and goes to the difference."""
        version = self.chosen()
        if version is not None:
            model_acts.diff(self, version.model, version.version)
