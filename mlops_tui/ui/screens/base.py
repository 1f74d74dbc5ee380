"""What every full screen has: title bar, key bar, and the ways to ask the application for things."""

from __future__ import annotations

from collections.abc import Callable
from typing import ClassVar

from textual.app import ComposeResult
from textual.widget import Widget

from mlops_store.errors import MlopsError
from mlops_tui.ui import messages
from mlops_tui.ui.loading import Loader, reload_all
from mlops_tui.ui.painting import PaintingScreen
from mlops_tui.ui.places import Place
from mlops_tui.ui.session import Session, session_of
from mlops_tui.ui.widgets.key_bar import KeyBar
from mlops_tui.ui.widgets.pane import Pane
from mlops_tui.ui.widgets.text_view import TextView
from mlops_tui.ui.widgets.title_bar import TitleBar


class Body(Widget):
    """What stands between the title bar and the key bar."""

    BLANK = True  # nothing of its own: so its lines are drawn, and cut where its parts begin, once for all of them


class ProjectScreen(PaintingScreen[None]):
    """A full screen of the dashboard.

    Subclasses set ``NAME`` (as in ``places``), ``BINDINGS = keymap.bindings("<name>")`` and define ``compose_body``.

    Args:
        argument: What to show: a filter, a run's id, a model's name; "" for everything.
    """

    NAME: ClassVar[str] = ""
    #: Whether ``/`` does something here: then ``action_filter`` is defined.
    HAS_FILTER: ClassVar[bool] = False

    #: Ids of keys that do nothing worth naming here.
    HIDDEN_KEYS: ClassVar[frozenset[str]] = frozenset()

    BLANK = True  # as its body

    DEFAULT_CSS = """
    ProjectScreen { background: $background; layout: vertical; layers: default above; }
    ProjectScreen > Prompt { layer: above; margin: 0 0 1 0; }
    ProjectScreen > #body { height: 1fr; width: 1fr; }
    ProjectScreen > #too-small { display: none; }
    ProjectScreen.-tiny-x > *, ProjectScreen.-tiny-y > * { display: none; }
    ProjectScreen.-tiny-x > #too-small, ProjectScreen.-tiny-y > #too-small { display: block; }
    """

    def __init__(self, argument: str = "") -> None:
        super().__init__()
        self.argument = argument
        self._is_stale = False
        self._key_bar = KeyBar()

    # for subclasses

    def compose_body(self) -> ComposeResult:
        """What stands between the title bar and the key bar."""
        yield from ()

    def heading(self) -> str:
        """What the title bar calls this screen."""
        return str(self.place)

    def retreat(self) -> bool:
        """Leaves the innermost temporary state (a filter, marks, a range) for ``escape``.

        Returns:
            False when there was none; the application then goes back to the place before.
        """
        return False

    def copy_text(self) -> tuple[str, str]:
        """What ``y`` copies and what to call it; by default what the focused widget says, ("", "") for nothing."""
        copy: Callable[[], tuple[str, str]] | None = getattr(self.focused, "copy_text", None)
        return copy() if copy is not None else ("", "")

    def filter(self) -> None:
        """Begins filtering, for ``/``; only called when ``HAS_FILTER``."""

    # being opened

    def on_mount(self) -> None:
        """Is painted with the contents of its first part, and not without them before."""
        first = next((part for part in self.query_one("#body").query(Loader)), None)
        if first is not None and not first.has_loaded:
            self.open_with(first)

    # what is shared

    @property
    def session(self) -> Session:
        """The project, its configuration and its store."""
        return session_of(self)

    @property
    def place(self) -> Place:
        """Where this is, for the history: kept up to date by changing ``argument``."""
        return Place(self.NAME, self.argument)

    def compose(self) -> ComposeResult:
        """Title bar, body, key bar."""
        yield TitleBar(self.heading())
        with Body(id="body"):
            yield from self.compose_body()
        yield self._key_bar
        yield TextView(["terminal too", "small"], can_focus=False, id="too-small")

    def retitle(self) -> None:
        """Shows a changed ``heading``."""
        self.query_one(TitleBar).retitle(self.heading())

    @property
    def panes(self) -> tuple[Pane[object], ...]:
        """The numbered panes, by number."""
        found = [pane for pane in self.query(Pane) if pane.number]
        return tuple(sorted(found, key=lambda pane: pane.number))

    def focus_pane(self, number: int) -> bool:
        """Focuses the pane of that number; False when there is none."""
        for pane in self.panes:
            if pane.number == number:
                pane.focus_inside()
                return True
        return False

    # asking the application

    def go(self, name: str, argument: str = "") -> None:
        """Asks for another screen."""
        self.post_message(messages.Go(name, argument))

    def did(self, command: str, *, undo: Callable[[], None] | None = None, notice: str = "") -> None:
        """Records an act with the command line that does the same, and how to take it back (``undo``, in a thread)."""
        self.post_message(messages.Did(command, undo, notice))

    def failed(self, error: MlopsError) -> None:
        """Shows why something did not work."""
        self.post_message(messages.Failed(error))

    def remark(self, text: str, tone: str = "info") -> None:
        """Shows a short remark at the bottom until the next key."""
        self._key_bar.say(text, tone)

    def hush(self) -> None:
        """Ends the remark."""
        self._key_bar.hush()

    # changes

    @property
    def is_visible(self) -> bool:
        """Whether this is the full screen that is shown, be it behind a dialog."""
        return next((s for s in reversed(self.app.screen_stack) if isinstance(s, ProjectScreen)), None) is self

    def on_store_changed(self, _: messages.StoreChanged) -> None:
        """Loads again what is visible; a screen in the background waits until it is shown."""
        self._changed(store=True, project=False)

    def on_project_changed(self, _: messages.ProjectChanged) -> None:
        """Loads again what follows the project's files."""
        self._changed(store=False, project=True)

    def _changed(self, *, store: bool, project: bool) -> None:
        if self.is_visible:
            reload_all(self, store=store, project=project)
        else:
            self._is_stale = True

    def on_screen_resume(self) -> None:
        """Loads what changed while another screen was shown."""
        if self._is_stale:
            self._is_stale = False
            reload_all(self, store=True, project=True)
