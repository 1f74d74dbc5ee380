"""The serving screen: a model's live traffic, its split changed by keys, what is known of its candidates."""

from __future__ import annotations

from textual.app import ComposeResult

from mlops_store.records import Split
from mlops_store.store import Store
from mlops_tui.traffic import splits
from mlops_tui.traffic.standing import Arm, Standing
from mlops_tui.ui import keymap
from mlops_tui.ui.screens import serving_acts, serving_load
from mlops_tui.ui.screens.base import ProjectScreen
from mlops_tui.ui.screens.serving_panes import Serving
from mlops_tui.ui.widgets.window_table import WindowTable


class ServingScreen(ProjectScreen):
    """One model's traffic.

    Args:
        argument: The model; the first one by default.
    """

    NAME = "serving"
    BINDINGS = keymap.bindings("serving")

    DEFAULT_CSS = """
    ServingScreen.-narrow Serving > #lower { layout: vertical; }
    ServingScreen.-narrow Serving #requests { width: 1fr; height: 1fr; }
    ServingScreen.-narrow Serving #evidence { width: 1fr; height: 1fr; }
    """

    def compose_body(self) -> ComposeResult:
        """All of it."""
        yield Serving(self.argument)

    def on_mount(self) -> None:
        """Puts the focus on the versions."""
        self._serving.split_pane.table.focus()

    @property
    def _serving(self) -> Serving:
        return self.query_one(Serving)

    @property
    def _standing(self) -> Standing:
        return self._serving.records or Standing(self.argument)

    def on_window_table_row_selected(self, message: WindowTable.RowSelected) -> None:
        """Opens the version."""
        message.stop()
        arm = self._serving.arm
        if arm is not None:
            self.go("version", f"{self._standing.model}/{arm.version}")

    def copy_text(self) -> tuple[str, str]:
        """The address of the router."""
        routers = self._standing.routers
        return (routers[0].url, "") if routers else ("", "")

    # models

    def action_model(self, by: int) -> None:
        """Shows the next model."""
        names = self._serving.models
        shown = self._standing.model
        if len(names) < 2:
            self.remark("no other model's requests are shared out", "dim")
            return
        place = names.index(shown) if shown in names else 0
        self.argument = self._serving.model = names[(place + by) % len(names)]
        self.retitle()
        self._serving.reload(restart=True)

    def action_history(self) -> None:
        """Shows what was done to the model."""
        if self._standing.model:
            self.go("timeline", self._standing.model)

    def action_drift(self) -> None:
        """Goes to what monitors found."""
        self.go("drift")

    def action_load(self) -> None:
        """Sends what was asked before once more."""
        if self._standing.model:
            serving_load.ask(self, self._standing)

    # acts

    def _candidate(self) -> Arm | None:
        """The candidate under the cursor."""
        arm = self._serving.arm
        if arm is not None and arm.part == "candidate":
            return arm
        what = "no version is chosen" if arm is None else f"{arm.name} is {_ARTICLES[arm.part]}: choose a candidate"
        self.remark(what, "dim")
        return None

    def _split(self) -> Split | None:
        """The split, where there is one."""
        split = self._standing.split
        if split is None:
            self.remark("no requests are shared out: a lets a version have a share", "dim")
        return split

    def action_step(self, by: int) -> None:
        """Gives the candidate more or less."""
        arm = self._candidate()
        if arm is None:
            return
        percent = serving_acts.stepped(arm.share or 0.0, by)
        if percent == arm.share:
            self.remark(f"{arm.name} gets {percent:g}% already", "dim")
        else:
            serving_acts.share(self, self._standing.model, arm, percent)

    def action_share(self) -> None:
        """Asks for the candidate's share."""
        arm = self._candidate()
        if arm is not None:
            serving_acts.ask_share(self, self._standing.model, arm)

    def action_pause(self) -> None:
        """Pauses the split, or resumes it."""
        split = self._split()
        if split is None:
            return
        act, word = (splits.resume, "resume") if split.is_paused else (splits.pause, "pause")
        serving_acts.change(
            self,
            f"{word.capitalize()} the split of {split.model}?",
            [word, split.model],
            lambda store: act(store, split.model),
        )

    def action_rollback(self) -> None:
        """Takes all candidates down to nothing."""
        split = self._split()
        if split is not None:
            serving_acts.change(
                self,
                f"Roll back the split of {split.model}?",
                ["rollback", split.model],
                lambda store: splits.roll_back(store, split.model),
            )

    def action_add(self) -> None:
        """Lets another version have a share."""
        if self._standing.model:
            serving_acts.add(self, self._standing, is_shadow=False)

    def action_shadow(self) -> None:
        """Sends another version copies."""
        if self._standing.model:
            serving_acts.add(self, self._standing, is_shadow=True)

    def action_remove(self) -> None:
        """Takes the version under the cursor out of the split."""
        arm, split = self._serving.arm, self._split()
        if arm is None or split is None:
            return
        if arm.part == "stable":
            self.remark(f"{arm.name} takes what the others do not get: x ends the split", "dim")
            return
        model, name = split.model, arm.name
        title = f"Take {name} out of the split of {model}?"
        if arm.is_shadow:
            words = ["shadow", model, name, "--remove"]
            serving_acts.change(self, title, words, lambda store: splits.shadow(store, model, name, is_removed=True))
        else:
            words = ["set", model, "--remove", name]
            serving_acts.change(self, title, words, lambda store: splits.remove(store, model, name))

    def action_key(self) -> None:
        """Asks what decides who gets which version."""
        split = self._split()
        if split is not None:
            serving_acts.ask_key(self, split)

    def action_end(self) -> None:
        """Ends the split."""
        split = self._split()
        if split is not None:

            def act(store: Store) -> None:
                splits.end(store, split.model)

            serving_acts.change(self, f"End the split of {split.model}?", ["end", split.model], act)


_ARTICLES = {"stable": "the stable version", "shadow": "a shadow"}
