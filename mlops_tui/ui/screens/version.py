"""One version of a model in full: where it stands and comes from, what gates and people say, what was done to it."""

from __future__ import annotations

import shlex

from textual.app import ComposeResult

from mlops_store.records import ModelVersion
from mlops_tui.registry.gates import check
from mlops_tui.registry.moves import stage_after
from mlops_tui.ui import keymap
from mlops_tui.ui.messages import Did
from mlops_tui.ui.places import Place
from mlops_tui.ui.screens import model_acts
from mlops_tui.ui.screens.acts import perform, store_of
from mlops_tui.ui.screens.version_acts import VersionActs
from mlops_tui.ui.screens.version_body import GATES, VersionBody


class VersionScreen(VersionActs):
    """A version.

    Args:
        argument: ``churn/3``, ``churn@champion``, or ``churn`` for its newest version.
    """

    NAME = "version"
    BINDINGS = keymap.bindings("version")

    def heading(self) -> str:
        """The version's name."""
        return str(Place(self.NAME, self.argument))

    def compose_body(self) -> ComposeResult:
        """The version."""
        yield VersionBody(self.argument)

    @property
    def body(self) -> VersionBody:
        """The version's parts."""
        return self.query_one(VersionBody)

    def on_version_body_found(self, message: VersionBody.Found) -> None:
        """Says which version this is."""
        argument = f"{message.version.model}/{message.version.version}"
        if argument != self.argument:
            self.argument = argument
            self.retitle()

    def on_version_body_leads(self, message: VersionBody.Leads) -> None:
        """Opens a run, a stage, data, or an entry of the audit log."""
        self.go(message.name, message.argument)

    def focus_pane(self, number: int) -> bool:
        """Shows the part of that number."""
        return self.body.show_part(number)

    def action_step(self, by: int) -> None:
        """Shows the next or former part."""
        self.body.step(by)

    def copy_text(self) -> tuple[str, str]:
        """The version's URI."""
        version = self.body.version
        uri = f"models:/{version.model}/{version.version}" if version else ""
        return uri, uri

    # acts

    def chosen(self) -> ModelVersion | None:
        """The version that is shown."""
        version = self.body.version
        if version is None:
            self.remark("the version is still being read", "dim")
        return version

    def action_alias(self) -> None:
        """Asks for an alias."""
        version = self.chosen()
        if version is not None:
            model_acts.alias(self, version, self.body.aliases)

    def action_check(self) -> None:
        """Has the gates of the next stage look."""
        version = self.chosen()
        if version is None:
            return
        stage = stage_after(self.session.config.registry, version.stage)
        if not stage or not self.session.config.gates_of(stage):
            self.remark(f"no gate guards {stage}" if stage else f"no stage follows {version.stage}", "dim")
            return

        def look() -> Did:
            found = check.check(
                store_of(self.session), self.session.config, version.model, version.version, stage, is_fresh=True
            )
            refused = len(check.refused(found))
            said = f"{refused} of {len(found)} gates refuse" if refused else f"all {len(found)} gates let it pass"
            line = shlex.join(["mlops-tui", "models", "gates", version.model, str(version.version), "--to", stage])
            return Did(line, None, f"{said} to {stage}")

        self.remark(f"the gates of {stage} look", "dim")
        self.body.show_part(GATES)
        perform(self, look, group="gates")
