"""The parts of the serving screen: who gets what, how it went lately, and what is known of it."""

from __future__ import annotations

import time

from textual import events
from textual.app import ComposeResult
from textual.geometry import Size
from textual.message import Message
from textual.widget import Widget

from mlops_store.errors import MlopsError
from mlops_tui.traffic import standing
from mlops_tui.traffic.standing import Arm, Standing
from mlops_tui.ui.loading import Loader
from mlops_tui.ui.screens import serving_rows
from mlops_tui.ui.session import Session
from mlops_tui.ui.text import Cell
from mlops_tui.ui.widgets.pane import Pane
from mlops_tui.ui.widgets.text_view import TextView
from mlops_tui.ui.widgets.window_table import WindowTable

#: So long after the last request there is something that changes by itself: rates go down.
_LIVE_S = standing.WINDOW_S + 5
#: Cells beside the lines that nothing is written into, and one for the scroll bar.
_PADDING = 3
_NOTHING = (
    "No requests are shared out.",
    "",
    Cell("mlops-tui route MODEL puts one port in front of a model's versions;", "dim"),
    Cell("a lets another version have a share of the requests, S sends it copies.", "dim"),
)


class SplitPane(Pane[None]):
    """The versions with their shares."""

    def __init__(self) -> None:
        super().__init__("Split", 1)

    def compose(self) -> ComposeResult:
        """A list."""
        yield WindowTable(serving_rows.ARMS)

    @property
    def table(self) -> WindowTable:
        """The list."""
        return self.query_one(WindowTable)


class LinesPane(Pane[None]):
    """Lines of text that depend on the room for them."""

    class Resized(Message):
        """There is more or less room than before."""

    def compose(self) -> ComposeResult:
        """The lines."""
        yield TextView(wrap=self.number == 3)

    @property
    def view(self) -> TextView:
        """Where they are."""
        return self.query_one(TextView)

    @property
    def room(self) -> Size:
        """What one sees of them at a time."""
        return Size(max(0, self.content_size.width - _PADDING), self.content_size.height)

    def on_resize(self, _: events.Resize) -> None:
        """Asks for lines that fit."""
        self.post_message(self.Resized())


class Serving(Loader[Standing]):
    """All of a model's traffic.

    Args:
        model: The model; "" for the first one that there is.
    """

    DEFAULT_CSS = """
    Serving { layout: vertical; height: 1fr; width: 1fr; }
    Serving SplitPane { height: auto; max-height: 50%; }
    Serving SplitPane WindowTable { height: auto; }
    Serving > #lower { layout: horizontal; height: 1fr; width: 1fr; }
    Serving #requests { width: 3fr; height: 1fr; }
    Serving #evidence { width: 2fr; height: 1fr; }
    Serving TextView { padding: 0 1; }
    Serving.-nothing > #lower { display: none; }
    Serving.-nothing SplitPane { height: 1fr; max-height: 100%; }
    """

    LOADS_FIRST = True

    def __init__(self, model: str) -> None:
        super().__init__()
        self.model = model
        self.models: tuple[str, ...] = ()
        self._pointed = ""

    def compose(self) -> ComposeResult:
        """The split above, the rest below."""
        yield SplitPane()
        with Widget(id="lower"):
            yield LinesPane("Last 10 minutes", 2, id="requests")
            yield LinesPane("Evidence", 3, id="evidence")

    @property
    def split_pane(self) -> SplitPane:
        """The versions."""
        return self.query_one(SplitPane)

    @property
    def arm(self) -> Arm | None:
        """The version under the cursor."""
        key = self.split_pane.table.cursor_key
        arms = self.records.arms if self.records is not None else ()
        return arms[key] if isinstance(key, int) and key < len(arms) else None

    def load(self, session: Session) -> Standing:
        """Reads how it stands."""
        if session.store is None:
            return Standing("")
        with session.store.snapshot() as db:
            self.models = tuple(standing.models(db))
            model = self.model or next(iter(self.models), "")
            return standing.read(db, session.config, model) if model else Standing("")

    def show(self, records: Standing) -> None:
        """Draws it."""
        self.set_class(not records.arms, "-nothing")
        if records.arms:
            self.split_pane.uncover()
            self._draw(records)
            self._point(records)
        else:
            self.split_pane.entitle("Split")
            self.split_pane.say(_NOTHING)

    def _point(self, records: Standing) -> None:
        """Puts the cursor on the first candidate, which keys are about, once there is one."""
        places = [place for place, arm in enumerate(records.arms) if arm.part == "candidate"]
        if places and records.model != self._pointed:
            self._pointed = records.model
            self.split_pane.table.move_to(places[0])

    def show_problem(self, error: MlopsError) -> None:
        """Says why there is nothing."""
        self.set_class(True, "-nothing")
        self.split_pane.show_problem(error)

    def is_live(self, records: Standing) -> bool:
        """Whether requests came lately."""
        return bool(records.counts) and records.counts[-1].at > time.time() - _LIVE_S

    def tick(self, records: Standing) -> None:
        """Draws rates anew; they go down when nothing comes."""
        self._draw(records)
        self._keep_time()

    def on_lines_pane_resized(self, message: LinesPane.Resized) -> None:
        """Draws as much as there is room for."""
        message.stop()
        if self.records is not None and self.records.arms:
            self._draw(self.records)

    def _draw(self, records: Standing) -> None:
        now = time.time()
        split, pane = records.split, self.split_pane
        note = records.model
        if split is not None:
            note += f" · by {split.key or 'chance'}" + (" · paused" if split.is_paused else "")
        pane.entitle("Split", note)
        pane.subtitle(split.paused_why if split is not None and split.is_paused else "")
        rows = serving_rows.arms(records, now)
        pane.table.styles.height = len(rows) + 1
        pane.table.show(rows)
        requests, evidence = self.query_one("#requests", LinesPane), self.query_one("#evidence", LinesPane)
        requests.entitle(serving_rows.span_title(records, now))
        requests.subtitle(", ".join(router.url for router in records.routers) or f"mlops-tui route {records.model}")
        requests.view.show(serving_rows.courses(records, now, *requests.room))
        evidence.view.show(serving_rows.evidence(records, now, evidence.room.width))
