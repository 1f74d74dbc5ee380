"""The dialog of the back-test: settings of a monitor, and what each would have told of the last windows."""

from __future__ import annotations

import shlex
from collections.abc import Sequence
from dataclasses import replace

from textual import work
from textual.app import ComposeResult

from mlops_store.errors import MlopsError
from mlops_tui.drift.incidents import trials
from mlops_tui.drift.incidents.replay import Replayed
from mlops_tui.drift.incidents.trials import Trial
from mlops_tui.ui import keymap
from mlops_tui.ui.answers import hand
from mlops_tui.ui.messages import Did
from mlops_tui.ui.screens.acts import called, perform, store_of
from mlops_tui.ui.screens.base import ProjectScreen
from mlops_tui.ui.session import Session
from mlops_tui.ui.text import Cell, CellValue, clean
from mlops_tui.ui.theme import is_unicode
from mlops_tui.ui.widgets.columns import Column
from mlops_tui.ui.widgets.dialog import Ask, Dialog
from mlops_tui.ui.widgets.text_view import TextView
from mlops_tui.ui.widgets.window_table import Row, WindowTable

_COLUMNS = (
    Column("settings", "settings", 14, 60, grows=True),
    Column("incidents", "incidents", 9, 9, right=True),
    Column("told", "told", 4, 5, right=True),
    Column("alerts", "alerts", 6, 6, 2, right=True),
    Column("flapping", "flap", 4, 4, 3, right=True),
    Column("course", "newest windows", 12, 40, 1, right=True),
)
#: Letters of a course -> (sign, sign in ASCII, tone).
_LETTERS = {
    "t": ("█", "T", "warning"),
    "o": ("▄", "o", "dim"),
    "p": ("▁", ".", "dim"),
    "?": ("?", "?", "dim"),
    ".": ("·", " ", "faint"),
}
_BUSY = Cell("replaying the last windows …", "dim")
_HELP = "alert=2 of 3, thresholds.psi=0.2, methods.age=psi, reference=may.csv, or several with ; between"


class Backtest(Dialog[Trial]):
    """Asks for one of several settings, after showing what each would have made of the last windows.

    Args:
        session: The project.
        monitor: Whose windows and settings.
    """

    DEFAULT_CSS = """
    Backtest > #dialog { width: 110; }
    Backtest WindowTable { max-height: 14; min-height: 8; }
    """
    BINDINGS = keymap.bindings("backtest")

    def __init__(self, session: Session, monitor: str) -> None:
        super().__init__(f"Back-test of {monitor}", [_BUSY])
        self._session = session
        self._monitor = monitor
        self._tried: list[str] = []
        self._trials: list[Trial] = []

    def compose_answer(self) -> ComposeResult:
        """A list of settings."""
        yield WindowTable(_COLUMNS)

    def on_mount(self) -> None:
        """Begins with the usual rules."""
        self.query_one(WindowTable).focus()
        self.foot("enter save   + try another   esc cancel")
        self._replay()

    @work(thread=True, exclusive=True, group="backtest", exit_on_error=False)
    def _replay(self) -> None:
        problem = ""
        found: list[Trial] = []
        try:
            found = run(self._session, self._monitor, self._tried)
        except MlopsError as error:
            problem = f"{error.message}. {error.hint}".strip()
        hand(self, self._show, found, problem)

    def _show(self, found: Sequence[Trial], problem: str) -> None:
        if problem:
            self._tried = self._tried[:-1]
            self.query_one(TextView).show([Cell(clean(problem, 300), "error")])
            return
        self._trials = list(found)
        windows = found[0].result.windows
        told: list[CellValue] = [
            Cell(f"What the last {windows} windows would have told under each setting:", "dim"),
            _legend(),
        ]
        self.query_one(TextView).show(told)
        table = self.query_one(WindowTable)
        table.show([_row(place, trial) for place, trial in enumerate(found)])
        if self._tried:
            table.move_to(len(found) - 1)

    def action_another(self) -> None:
        """Asks for settings of one's own."""

        def answered(text: str | None) -> None:
            if text and text.strip():
                self._tried.append(text.strip())
                self.query_one(TextView).show([_BUSY, _legend()])  # as high as what it takes the place of
                self._replay()

        self.app.push_screen(Ask("Settings to try", lines=[Cell(_HELP, "dim")], hint="alert=2 of 3"), answered)

    def on_window_table_row_selected(self, message: WindowTable.RowSelected) -> None:
        """Answers with the setting."""
        message.stop()
        if isinstance(message.key, int) and message.key > 0:
            self.dismiss(self._trials[message.key])


def run(session: Session, monitor: str, tried: Sequence[str]) -> list[Trial]:
    """The settings in force, the usual rules, and what was typed, each with what it would have told.

    Raises:
        MlopsError: What was typed is not understood or cannot be tried; there are no windows.
    """
    from mlops_tui.config import editing

    text = editing.read(session.project)
    project, store = session.project, store_of(session)
    found = trials.run(project, store, text, monitor, ())
    for written in tried:
        settings = [part.strip() for part in written.split(";") if part.strip()]
        now, *_, plan = trials.plans(text, monitor, settings)
        if trials.needs_profiles(now.monitor, plan.monitor):
            words = [word for setting in settings for word in ("--set", setting)]
            *_, last = called(project.root, "drift", "backtest", "-m", monitor, *words, "--json")
            del last["settings"]
            found.append(Trial(written, text, plan.text, Replayed(**last)))
        else:
            found.append(replace(trials.run(project, store, text, monitor, settings)[-1], label=written))
    return found


def save(screen: ProjectScreen, monitor: str, trial: Trial) -> None:
    """Writes the settings to ``mlops.toml``; ``u`` brings the former file back."""

    def act() -> Did:
        from mlops_tui.config import editing

        edit = editing.replaced(screen.session.project, trial.before, trial.text)
        settings = [word for part in trial.label.split(";") for word in ("--set", part.strip())]
        command = shlex.join(["mlops-tui", "drift", "backtest", "-m", monitor, *settings, "--save"])

        def undo() -> None:
            editing.undo(screen.session.project, edit)

        return Did(command, undo, f"{clean(trial.label, 60)} saved to mlops.toml · u undoes")

    perform(screen, act)


def _row(place: int, trial: Trial) -> Row:
    result = trial.result
    label = Cell(clean(trial.label, 60)) if place else Cell("as it is", "strong")
    return Row(
        place,
        (
            label,
            Cell(str(result.incidents), "strong"),
            Cell(str(result.told)),
            Cell(str(result.alerts), "dim"),
            Cell(str(result.flapping or ""), "dim"),
            tuple(_sign(letter) for letter in result.course[-40:]),
        ),
    )


def _sign(letter: str) -> Cell:
    unicode, ascii_sign, tone = _LETTERS[letter]
    return Cell(unicode if is_unicode() else ascii_sign, tone)


def _legend() -> CellValue:
    words = {"t": "somebody is told", "o": "goes on", "p": "pending or muted"}
    return tuple(cell for letter, word in words.items() for cell in (_sign(letter), Cell(f" {word}   ", "dim")))
