"""An application that goes from place to place: forward, back, and to where one jumps.

The screens of the last places are kept as they are, so that going back finds the cursor, the marks and the filter.
"""

from __future__ import annotations

from textual.screen import Screen

from mlops_tui.ui import messages, places
from mlops_tui.ui.picture_app import PictureApp
from mlops_tui.ui.places import Place
from mlops_tui.ui.screens.base import ProjectScreen


class TravellingApp(PictureApp):
    """Shows screens by their places.

    Args:
        start: The place to begin at, as typed after ``:``.

    Raises:
        UsageError: There is no such place.
    """

    def __init__(self, start: str) -> None:
        super().__init__()
        self._history: places.History[ProjectScreen] = places.History(places.parse(start))

    def first_screen(self) -> Screen[None]:
        """The screen to begin with."""
        visit = self._history.now
        visit.screen = self._made(visit.place)
        return visit.screen

    @property
    def kept_screens(self) -> list[ProjectScreen]:
        """The screens that are kept, shown or not."""
        return [screen for screen in self._installed_screens.values() if isinstance(screen, ProjectScreen)]

    def go(self, place: Place) -> None:
        """Shows a place, and remembers it."""
        history = self._history
        if place == self._leave_place().place:
            return
        gone = history.visit(place)
        self._present(history.now)
        for screen in [*gone, *history.surplus()]:
            self._drop(screen)

    def _step(self, by: int) -> None:
        history = self._history
        if history.can_go_back if by < 0 else history.can_go_forward:
            self._leave_place()
            self._present(history.step(by))

    def _leave_place(self) -> places.Visit[ProjectScreen]:
        """Closes dialogs, and remembers what the present screen shows by now."""
        while not isinstance(self.screen, ProjectScreen) and len(self.screen_stack) > 1:
            self.pop_screen()
        visit = self._history.now
        if visit.screen is not None:
            visit.place = visit.screen.place
        return visit

    def _present(self, visit: places.Visit[ProjectScreen]) -> None:
        """Shows a visit's screen. The first screen stays at the bottom of the stack; any other lies upon it."""
        bottom = self.screen_stack[0]
        if visit.screen is None:
            if isinstance(bottom, ProjectScreen) and bottom.place == visit.place:
                visit.screen = bottom
            else:
                visit.screen = self._made(visit.place)
        if visit.screen is bottom:
            if len(self.screen_stack) > 1:
                self.pop_screen()
        elif len(self.screen_stack) > 1:
            self.switch_screen(visit.screen)
        else:
            self.push_screen(visit.screen)

    def _made(self, place: Place) -> ProjectScreen:
        """A new screen; installed, which keeps Textual from destroying it when another is shown."""
        screen = places.make(place)
        self.install_screen(screen, f"place-{id(screen)}")
        return screen

    def _drop(self, screen: ProjectScreen) -> None:
        if screen not in self.screen_stack and screen in self.kept_screens:
            self.uninstall_screen(screen)
            self.after_frame(screen.remove)

    def on_go(self, message: messages.Go) -> None:
        """Shows the place that a screen asks for."""
        self.go(Place(message.name, message.argument))

    def on_go_back(self, _: messages.GoBack) -> None:
        """Goes back."""
        self._step(-1)

    async def action_back(self) -> None:
        """Leaves the innermost thing: a filter, marks, the screen."""
        screen = self.screen
        if isinstance(screen, ProjectScreen) and screen.retreat():
            return
        self._step(-1)

    def action_past(self) -> None:
        """Goes to the place before."""
        self._step(-1)

    def action_future(self) -> None:
        """Goes to the place after."""
        self._step(1)

    def action_commands(self) -> None:
        """Shows the command log."""
        self.go(Place("commands"))

    def action_jump(self, text: str = "") -> None:
        """Opens the jump line."""
        from mlops_tui.ui.jump import JumpScreen

        self.push_screen(JumpScreen(text), self._jumped)

    def _jumped(self, place: Place | None) -> None:
        if place is not None:
            self.go(place)
