"""The dialog before a version changes its stage: shows exactly what will change, and does it after a yes."""

from __future__ import annotations

from collections.abc import Callable
from typing import ClassVar, TypeVar

from textual.app import ComposeResult
from textual.widgets import Input

from mlops_store.errors import MlopsError, Refused
from mlops_store.gate_verdicts import GateVerdict
from mlops_tui.registry.stages import Promotion
from mlops_tui.ui import keymap
from mlops_tui.ui.answers import hand
from mlops_tui.ui.messages import Did
from mlops_tui.ui.screens import promotion_lines
from mlops_tui.ui.screens.moves import StageAct
from mlops_tui.ui.text import Cell, CellValue, clean
from mlops_tui.ui.widgets.dialog import Dialog
from mlops_tui.ui.widgets.text_view import TextView

Result = TypeVar("Result")


class StageDialog(Dialog[Did]):
    """Chooses a stage, shows what changes, takes a reason, and acts; dismissed with what was done, or None.

    What was shown is what is done: when somebody else moved one of the versions meanwhile, the dialog says so, shows
    the new state of things and waits for another yes.

    Args:
        act: A promotion or a rollback.
    """

    BINDINGS = keymap.bindings("promote")

    DEFAULT_CSS = """
    StageDialog > #dialog { width: 92; max-width: 96%; max-height: 96%; }
    StageDialog #stage-targets { height: 1; margin: 0 0 1 0; }
    StageDialog #stage-preview { height: auto; max-height: 66vh; }
    StageDialog.-told #stage-preview { max-height: 50vh; }
    StageDialog #stage-problem { display: none; height: auto; margin: 1 0 0 0; }
    StageDialog #stage-problem.-told { display: block; }
    """
    AUTO_FOCUS: ClassVar[str | None] = "#stage-preview"

    def __init__(self, act: StageAct) -> None:
        super().__init__(act.title("promote"))
        self._act = act
        self._stage = act.start
        self._promotion: Promotion | None = None
        self._gates: dict[str, GateVerdict | None] = {}
        self._is_acting = False

    def compose_answer(self) -> ComposeResult:
        """The stages, the preview, room for an error, and a line for the reason."""
        yield TextView(can_focus=False, id="stage-targets")
        yield TextView(wrap=True, id="stage-preview")
        yield TextView(can_focus=False, wrap=True, id="stage-problem")
        yield Input(placeholder="why? (r; kept in the audit log)", select_on_focus=False, id="stage-reason")

    def on_mount(self) -> None:
        """Shows the stage to begin with."""
        self.query_one(Input).cursor_blink = False
        self._call("promote")
        if self._stage:
            self._choose(self._stage)
            return
        self.query_one("#stage-targets", TextView).show([promotion_lines.targets(self._act.targets, "")])
        self._show([Cell(self._act.unchosen)])
        self.foot("← → stage   esc cancel")

    def _call(self, kind: str) -> None:
        """Names the act and its keys as what it is: going down is no promotion."""
        from textual.content import Content

        self.query_one("#dialog").border_title = Content(clean(self._act.title(kind), 100))
        act = "o override" if self._is_refused else f"enter {self._act.word(kind)}"
        self.foot(f"← → stage   r reason   {act}   esc cancel")

    # choosing

    def action_stage(self, by: int) -> None:
        """Chooses the next stage to the right (1) or left (-1)."""
        targets = self._act.targets
        place = targets.index(self._stage) + by if self._stage else self._act.place + min(by, 0)
        if 0 <= place < len(targets) and not self._is_acting:
            self._choose(targets[place])

    def _choose(self, stage: str, problem: MlopsError | None = None) -> None:
        self._stage, self._promotion, self._gates = stage, None, {}
        self.query_one("#stage-targets", TextView).show([promotion_lines.targets(self._act.targets, stage)])
        self._tell(problem)
        self._in_thread(lambda: self._act.preview(stage), self._previewed)

    def _previewed(self, promotion: Promotion | None, problem: MlopsError | None) -> None:
        self._promotion = promotion
        if promotion is not None:
            self._gates = dict.fromkeys(self._act.gates(promotion))
            self._call(promotion.kind)
            self._show(promotion_lines.lines(promotion, self._gates))
            if self._gates:
                self._check()
        elif problem is not None:
            self._show([Cell(problem.message), Cell(problem.hint, "dim")])

    def _check(self) -> None:
        """Has the gates look, and shows what each finds as it is found."""
        stage = self._stage

        def found(verdict: GateVerdict) -> None:
            if self._stage == stage and self._promotion is not None:
                self._gates[verdict.gate] = verdict
                view = self.query_one("#stage-preview", TextView)
                view.show(promotion_lines.lines(self._promotion, self._gates))
                view.refresh(layout=True)
                self._call(self._promotion.kind)

        def look() -> None:
            def report(verdict: GateVerdict) -> None:
                hand(self, found, verdict)

            try:
                self._act.check(stage, report)
            except MlopsError as error:
                hand(self, self._tell, error)

        self.run_worker(look, thread=True, exclusive=True, group="gates", exit_on_error=True)

    @property
    def _is_refused(self) -> bool:
        return any(verdict is not None and not verdict.has_passed for verdict in self._gates.values())

    def _show(self, lines: list[CellValue]) -> None:
        view = self.query_one("#stage-preview", TextView)
        view.show(lines)
        view.scroll_to(y=0, animate=False)
        view.refresh(layout=True)

    def _tell(self, problem: MlopsError | None) -> None:
        view = self.query_one("#stage-problem", TextView)
        view.show([] if problem is None else [Cell(problem.message, "error"), Cell(problem.hint, "dim")])
        view.set_class(problem is not None, "-told")
        self.set_class(problem is not None, "-told")
        view.refresh(layout=True)

    # acting

    def action_reason(self) -> None:
        """Goes to the line for the reason."""
        self.query_one(Input).focus()

    def action_confirm(self) -> None:
        """Does what is shown, unless gates refuse it."""
        refusing = [name for name, verdict in self._gates.items() if verdict is not None and not verdict.has_passed]
        if refusing:
            named = "a gate refuses" if len(refusing) == 1 else f"{len(refusing)} gates refuse"
            self._tell(Refused(f"{named}: {', '.join(refusing)}", "o overrides, with a reason"))
        else:
            self._perform(is_override=False)

    def action_override(self) -> None:
        """Does what is shown though gates refuse it; asks for a reason first."""
        if not self._is_refused:
            return
        if self.query_one(Input).value.strip():
            self._perform(is_override=True)
        else:
            self._tell(Refused("to override gates, say why", "r opens the line for it; esc leaves it, then press o"))

    def _perform(self, *, is_override: bool) -> None:
        promotion, stage = self._promotion, self._stage
        if promotion is None or self._is_acting:
            return
        self._is_acting = True
        reason = self.query_one(Input).value.strip()
        self._in_thread(lambda: self._act.perform(promotion, stage, reason, is_override=is_override), self._performed)

    def on_input_submitted(self, event: Input.Submitted) -> None:
        """A reason that is complete is a yes."""
        event.stop()
        self.action_confirm()

    def _performed(self, did: Did | None, problem: MlopsError | None) -> None:
        self._is_acting = False
        if did is not None:
            self.dismiss(did)
        else:
            self._choose(self._stage, problem)

    def action_cancel(self) -> None:
        """Leaves the line for the reason, then the dialog."""
        if self.query_one(Input).has_focus:
            self.query_one("#stage-preview", TextView).focus()
        elif not self._is_acting:
            self.dismiss(None)

    def _in_thread(self, work: Callable[[], Result], then: Callable[[Result | None, MlopsError | None], None]) -> None:
        """Does the work in a thread and then hands over its result or its error, unless newer work has begun."""

        def run() -> None:
            result: Result | None = None
            problem: MlopsError | None = None
            try:
                result = work()
            except MlopsError as error:
                problem = error
            hand(self, then, result, problem)

        self.run_worker(run, thread=True, exclusive=True, group="stage", exit_on_error=True)
