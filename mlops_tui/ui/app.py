"""The application: opens a project, knows the screens by name, and does what is the same on all of them.

Nothing here knows what a run, a stage or a model is.
"""

from __future__ import annotations

import asyncio
import gc
import os
import sys
import time
from typing import TYPE_CHECKING, cast

from textual import events
from textual.screen import Screen
from textual.scrollbar import ScrollBar

from mlops_store.errors import Busy, MlopsError, Refused, SpecError, UsageError, nearest
from mlops_tui import config
from mlops_tui.config import IMAGES, Config
from mlops_tui.project import CONFIG_FILE, Project
from mlops_tui.ui import keymap, loading, memory, messages, shown, terminal, theme, threads
from mlops_tui.ui.screens.base import ProjectScreen
from mlops_tui.ui.session import AT_WORK, LATE_S, Session
from mlops_tui.ui.signs import state_tone, state_word
from mlops_tui.ui.travelling import TravellingApp
from mlops_tui.ui.widgets.scroll_bar import ThinScrollBar

if TYPE_CHECKING:
    from textual.app import App
    from textual.command import Provider

    from mlops_tui.ui.watch import Watch

#: The environment's word on how pictures are drawn: which terminal one sits at is no property of a project.
IMAGES_VARIABLE = "MLOPS_IMAGES"
#: Seconds that the first screen waits for its contents before it is drawn without them.
FIRST_SCREEN_S = 0.3
#: Seconds without a key after which garbage is looked for.
REST_S = 1.0
#: Seconds for which a thread may be kept waiting by another one at work: one with an answer, or with bytes to write,
#: would wait through the painting of a screen by Python's own measure.
SWITCH_S = 0.0005


def _palette() -> type[Provider]:
    from mlops_tui.ui.palette import PaletteProvider  # with all that Textual's palette needs

    return PaletteProvider


class MlopsApp(TravellingApp):
    """The dashboard.

    Args:
        project: What to show; its directory may be empty, and nothing is made in it.
        config: The project's configuration.
        start: The place to begin at.
    """

    TITLE = "mlops-tui"
    BINDINGS = keymap.bindings("app")
    COMMANDS = frozenset((_palette,))  # type: ignore[assignment]

    def __init__(self, project: Project, config: Config | None = None, *, start: str = "overview") -> None:
        super().__init__(start)
        self.HORIZONTAL_BREAKPOINTS = [(0, "-tiny-x"), (36, "-narrow"), (100, "-wide"), (160, "-very-wide")]
        self.VERTICAL_BREAKPOINTS = [(0, "-tiny-y"), (9, "-low"), (18, "-short"), (32, "-tall")]
        self.session = Session(project, config or Config())
        self._watch: Watch | None = None
        self._rest: asyncio.TimerHandle | None = None
        self._tidies_up = False
        ScrollBar.renderer = ThinScrollBar
        for entry in theme.THEMES:
            self.register_theme(entry)
        self._dress(self.session.config.ui.theme or theme.DARK.name)
        self.set_keymap(keymap.overrides(self.session.config.ui.keys))

    def get_theme_variable_defaults(self) -> dict[str, str]:
        """Variables of ours, for themes that are not ours."""
        colours = self.current_theme.to_color_system().generate()
        return {name: colours.get(variable, "#888888") for name, variable in theme.EXTRA_VARIABLES.items()}

    def _dress(self, name: str) -> None:
        if name not in self.available_themes:
            hint = nearest(name, self.available_themes)
            raise SpecError(f"ui.theme: no theme is called {name!r}", file=CONFIG_FILE, hint=hint)
        self.theme = name

    # life

    def on_load(self) -> None:
        """Begins with few threads."""
        threads.limit()

    def get_default_screen(self) -> Screen[None]:
        """The first screen."""
        self.session.open_store()
        return self.first_screen()

    def on_mount(self) -> None:
        """Begins to watch the project."""
        if self.is_colour_poor:
            self.add_class("-poor")
        self._opening = asyncio.create_task(self._open())

    async def _open(self) -> None:
        """Draws the first screen once, with its contents, and watches the project from then on."""
        deadline = time.monotonic() + FIRST_SCREEN_S
        with self.batch_update():
            while time.monotonic() < deadline and not loading.has_loaded(self.screen):
                await asyncio.sleep(0.001)
        self.screen.refresh(layout=True)
        self.screen._on_timer_update()  # Textual would wait up to a 60th of a second for its timer
        # not before: what the watch imports is not needed for the first screen
        self.call_after_refresh(self._begin_to_watch)

    def _begin_to_watch(self) -> None:
        if not gc.isenabled():  # from here on there is garbage; all that was loaded so far is none
            gc.freeze()
            memory.restrain()
            gc.enable()
            self._tidies_up = True
        from mlops_tui.ui.watch import Watch

        self._watch = Watch(self.session, self.post_message)
        self._watch.start()

    def on_unmount(self) -> None:
        """Stops watching."""
        if self._watch is not None:
            self._watch.stop()

    def on_store_changed(self, _: messages.StoreChanged) -> None:
        """Tells the screens."""
        self._tell_of_store()

    def _tell_of_store(self) -> None:
        for screen in self.kept_screens:
            screen.post_message(messages.StoreChanged())

    def on_project_changed(self, message: messages.ProjectChanged) -> None:
        """Takes up a changed configuration, and tells the screens."""
        if self.session.project.config_path in message.paths:
            self._configure_again()
        for screen in self.kept_screens:
            screen.post_message(messages.ProjectChanged(message.paths))

    @property
    def picture_wish(self) -> str:
        """How pictures are to be drawn: by what the environment says, else by the configuration."""
        return os.environ.get(IMAGES_VARIABLE) or self.session.config.ui.images

    def _configure_again(self) -> None:
        try:
            found = config.load(self.session.project)
            self.set_keymap(keymap.overrides(found.ui.keys))
            self._dress(found.ui.theme or self.theme)
        except MlopsError as error:
            self.post_message(messages.Failed(error))  # the one before stays in force
        else:
            before, self.session.config = self.session.config, found
            if found.ui.images != before.ui.images:
                self.ask_for_pictures_again()

    # keys that work everywhere

    def action_help(self) -> None:
        """Shows the keys that work here."""
        from mlops_tui.ui.screens.help import HelpScreen

        if isinstance(self.screen, HelpScreen):
            return
        ids = [active.binding.id or "" for active in self.screen.active_bindings.values() if active.enabled]
        self.push_screen(HelpScreen(ids, self.session.config.ui.keys))

    def action_command_palette(self) -> None:
        """Opens the palette."""
        from mlops_tui.ui.palette import Palette

        if not Palette.is_open(cast("App[object]", self)):
            self.push_screen(Palette(placeholder="a screen, an act, a name", id="--command-palette"))

    def action_undo(self) -> None:
        """Takes back the last act that can be, once those that are still at work have ended."""
        session = self.session
        before = tuple(session.acting)
        if not before and not session.undos:
            self._say("nothing to undo", "dim")
            return
        begun = session.begin_act()

        def work() -> None:
            try:
                for act in before:
                    act.wait()
                self._take_back()
            finally:
                session.end_act(begun)

        def say() -> None:
            if not begun.is_set():
                self._say(AT_WORK, "dim")

        self.run_worker(work, thread=True, group="undo")
        self.set_timer(LATE_S, say)

    def _take_back(self) -> None:
        session = self.session
        if not session.undos:
            self.post_message(messages.Notice("nothing to undo", "dim"))
            return
        undo = session.undos.pop()
        place = len(session.undos)
        try:
            undo.act()
        except MlopsError as error:
            if isinstance(error, Busy) or not isinstance(error, Refused):
                session.undos.insert(place, undo)  # it may work the next time
            self.post_message(messages.Failed(error))
        else:
            session.record(f"# undone: {undo.line}")
            self.post_message(messages.StoreChanged())
            self.post_message(messages.Notice(f"undone: {undo.words}", "good"))

    def action_pane(self, number: int) -> None:
        """Focuses a pane of this screen."""
        if isinstance(self.screen, ProjectScreen):
            self.screen.focus_pane(number)

    def action_filter(self) -> None:
        """Begins filtering where the screen can."""
        if isinstance(self.screen, ProjectScreen) and self.screen.HAS_FILTER:
            self.screen.filter()

    def check_action(self, action: str, parameters: tuple[object, ...]) -> bool | None:
        """Offers what makes sense on this screen."""
        screen = self.screen if self.screen_stack else None
        if action == "filter":
            return isinstance(screen, ProjectScreen) and screen.HAS_FILTER
        return True

    # acts

    def record_command(self, line: str) -> None:
        """Keeps the command line that does what was just done."""
        self.session.record(line)

    def on_did(self, message: messages.Did) -> None:
        """Keeps the act for the command log and for undo, and shows what came of it without waiting for the watch."""
        message.record(self.session)
        self._tell_of_store()
        self._say(message.notice or message.command, "good" if message.notice else "dim")

    def on_failed(self, message: messages.Failed) -> None:
        """Shows what went wrong."""
        error = message.error
        self._say(f"{error.message} — {error.hint}" if error.hint else error.message, "error")

    def on_notice(self, message: messages.Notice) -> None:
        """Shows a remark."""
        self._say(message.text, message.tone)

    def on_run_ended(self, message: messages.RunEnded) -> None:
        """Has the terminal tell of the end of a long run, also to somebody who looks at another window."""
        run = message.run
        text = f"{run.name} {state_word(run.status)} after {shown.duration(run.duration_s)}"
        self._say(text, state_tone(run.status))
        self.announce(text)

    def on_alerted(self, message: messages.Alerted) -> None:
        """Rings for new alerts."""
        self._say(message.text, "error")
        self.announce(message.text)

    def on_copy(self, message: messages.Copy) -> None:
        """Copies."""
        self.copy_to_clipboard(message.text)
        self._say(f"copied {message.what or message.text}", "dim")

    def action_copy(self) -> None:
        """Copies what the screen says is under the cursor."""
        if isinstance(self.screen, ProjectScreen):
            text, what = self.screen.copy_text()
            if text:
                self.post_message(messages.Copy(text, what))

    async def on_event(self, event: events.Event) -> None:
        """A key ends the remark about what was done before it."""
        if isinstance(event, events.Key) and not event.is_forwarded:
            if self._is_blind and not self._leaves(event.key):
                return  # nobody could see what it does
            for screen in self.screen_stack:
                if isinstance(screen, ProjectScreen):
                    screen.hush()
            self._tidy_up_later()
        await super().on_event(event)

    def _tidy_up_later(self) -> None:
        if self._tidies_up:
            if self._rest is not None:
                self._rest.cancel()
            self._rest = asyncio.get_running_loop().call_later(REST_S, memory.tidy_up)

    @property
    def _is_blind(self) -> bool:
        """Whether the terminal is so small that nothing is shown."""
        return any(self.screen.has_class(name) for name in ("-tiny-x", "-tiny-y")) if self.screen_stack else False

    def _leaves(self, key: str) -> bool:
        """Whether a key only leads out: of a dialog, or of the program."""
        active = self.screen.active_bindings.get(key)
        return key == "escape" or (active is not None and active.binding.id == "app.quit")

    def _say(self, text: str, tone: str) -> None:
        for screen in reversed(self.screen_stack):
            if isinstance(screen, ProjectScreen):
                screen.remark(text, tone)
                return

    def action_leave(self) -> None:
        """Quits; runs go on."""
        self.leave(0)


def run(project: Project, *, start: str = "overview") -> int:
    """Runs the dashboard until it is left.

    Args:
        project: What to show.
        start: The place to begin at, as typed after ``:``.

    Returns:
        The exit code: 0, or 128 plus the number of the signal that ended it.

    Raises:
        UsageError: There is no terminal to draw on, the configuration or the environment is wrong, or there is no
            such place.
    """
    terminal.require()
    _check_environment()
    sys.setswitchinterval(SWITCH_S)
    app = MlopsApp(project, config.load(project), start=start)
    app.run()
    if app.problem is not None:
        raise app.problem
    return app.return_value or 0


def _check_environment() -> None:
    wish = os.environ.get(IMAGES_VARIABLE, "")
    if wish and wish not in IMAGES:
        raise UsageError(f"{IMAGES_VARIABLE} is {wish!r}", nearest(wish, IMAGES))
