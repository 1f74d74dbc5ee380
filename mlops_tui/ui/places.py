"""Where one can be: the screens by name, and the history of places, back and forward.

A place is a screen's name with an argument (a filter, a run's id, a model's name). Screens are imported when they
are first shown.
"""

from __future__ import annotations

import importlib
from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Generic, NamedTuple, TypeVar

from mlops_store.errors import NotFound, UsageError, nearest

if TYPE_CHECKING:
    from mlops_tui.ui.screens.base import ProjectScreen

#: Screens that are kept as they are for going back; older ones are made anew.
KEPT_SCREENS = 8


class Destination(NamedTuple):
    """A screen that can be gone to.

    Attributes:
        name: The word to jump to it.
        source: ``module:Class`` below ``mlops_tui.ui.screens``.
        help: What it shows.
        takes: What its argument is: "" (none), "filter", "run", "runs", "model", "path", "stage", "time", "alert",
            "monitor", "column" or "loop".
        needs_argument: Whether it cannot be shown without one.
    """

    name: str
    source: str
    help: str
    takes: str = ""
    needs_argument: bool = False


DESTINATIONS: Mapping[str, Destination] = {
    entry.name: entry
    for entry in (
        Destination("overview", "overview:OverviewScreen", "Experiments, pipeline, registry and alerts at a glance"),
        Destination("runs", "runs:RunsScreen", "All runs; ':runs /auc > 0.9' filters them", "filter"),
        Destination("run", "run:RunScreen", "One run: params, metrics, charts, artifacts, logs", "run", True),
        Destination("compare", "compare:CompareScreen", "Two or more runs side by side", "runs", True),
        Destination("pipeline", "pipeline:PipelineScreen", "Stages, what is stale and why, logs", "stage"),
        Destination("data", "data:DataScreen", "Tracked data, its versions, and who used them", "path"),
        Destination("models", "models:ModelsScreen", "Registered models, their versions and stages", "model"),
        Destination("board", "board:BoardScreen", "All versions by stage, moved by keys; ':board churn'", "filter"),
        Destination("version", "version:VersionScreen", "One version of a model in full", "model", True),
        Destination("timeline", "timeline:TimelineScreen", "What was done to a model, or to all, along time", "model"),
        Destination("card", "card:CardScreen", "What to know of a version: ':card churn/3'", "model", True),
        Destination(
            "diff",
            "version_difference:VersionDifferenceScreen",
            "How two versions differ: ':diff churn 2 3'",
            "model",
            True,
        ),
        Destination(
            "past", "past:PastScreen", "Where every version stood at a time: ':past 2026-11-03', ':past -7d'", "time"
        ),
        Destination("approvals", "approvals:ApprovalsScreen", "Versions that wait for somebody's approval"),
        Destination("audit", "audit:AuditScreen", "Who did what to models, and whether the log is intact", "filter"),
        Destination("serving", "serving:ServingScreen", "Requests, split, errors, verdict; ':serving churn'", "model"),
        Destination("drift", "drift:DriftScreen", "Incidents and batches of monitors", "incident"),
        Destination("measures", "measures:MeasuresScreen", "Quality, performance, estimates of a window", "report"),
        Destination("heat", "heat:HeatScreen", "Columns × windows: what drifted when; ':heat production'", "monitor"),
        Destination(
            "column", "column:ColumnScreen", "One column: ':column income', ':column 41 income'", "column", True
        ),
        Destination(
            "loop", "loop:LoopScreen", "From alert to retraining, candidate, gates, promotion: ':loop 3'", "loop"
        ),
        Destination("events", "events:EventsScreen", "What happened, newest first", "filter"),
        Destination("commands", "commands:CommandsScreen", "What was done here, as command lines"),
    )
}

#: Other words for a destination.
ALIASES: Mapping[str, str] = {
    "experiments": "runs",
    "model": "models",
    "registry": "models",
    "kanban": "board",
    "history": "timeline",
    "at": "past",
    "stage": "pipeline",
    "stages": "pipeline",
    "datasets": "data",
    "dataset": "data",
    "alerts": "drift",
    "alert": "drift",
    "incidents": "drift",
    "incident": "drift",
    "heatmap": "heat",
    "loops": "loop",
    "traffic": "serving",
    "router": "serving",
    "home": "overview",
}


class Place(NamedTuple):
    """A screen's name and its argument."""

    name: str
    argument: str = ""

    def __str__(self) -> str:
        if self.argument and DESTINATIONS[self.name].takes == "filter":
            return f"{self.name} /{self.argument}"
        return f"{self.name} {self.argument}".rstrip()


def parse(text: str) -> Place:
    """The place that a jump names: ``runs``, ``runs /auc``, ``model churn``.

    Raises:
        NotFound: No screen of that name; the nearest is named.
        UsageError: The screen needs an argument, or takes none.
    """
    word, _, argument = text.strip().partition(" ")
    if "/" in word:  # ':runs/auc' is meant as ':runs /auc'
        word, _, argument = text.strip().partition("/")
    name = ALIASES.get(word, word)
    if name not in DESTINATIONS:
        raise NotFound(f"no screen is called {word!r}", nearest(word, [*DESTINATIONS, *ALIASES]))
    entry = DESTINATIONS[name]
    argument = argument.strip()
    if entry.takes == "filter":
        argument = argument.removeprefix("/").strip()
    if argument and not entry.takes:
        raise UsageError(f"{name} takes nothing after its name")
    if entry.needs_argument and not argument:
        raise UsageError(f"{name} needs a {entry.takes}: type its name after a space")
    return Place(name, argument)


def make(place: Place) -> ProjectScreen:
    """A new screen for the place."""
    module, _, name = DESTINATIONS[place.name].source.partition(":")
    screen_class = getattr(importlib.import_module(f"mlops_tui.ui.screens.{module}"), name)
    screen: ProjectScreen = screen_class(place.argument)
    return screen


ScreenType = TypeVar("ScreenType")


@dataclass
class Visit(Generic[ScreenType]):
    """A place that was visited, and its screen while that is kept."""

    place: Place
    screen: ScreenType | None = None


class History(Generic[ScreenType]):
    """The places visited, with the present one somewhere among them.

    Args:
        first: The place to begin with.
        screen: Its screen.
    """

    def __init__(self, first: Place, screen: ScreenType | None = None) -> None:
        self._visits: list[Visit[ScreenType]] = [Visit(first, screen)]
        self._now = 0

    @property
    def now(self) -> Visit[ScreenType]:
        """The present place."""
        return self._visits[self._now]

    @property
    def can_go_back(self) -> bool:
        """Whether there is a place before this one."""
        return self._now > 0

    @property
    def can_go_forward(self) -> bool:
        """Whether there is a place after this one."""
        return self._now < len(self._visits) - 1

    def visit(self, place: Place) -> list[ScreenType]:
        """Goes to a new place; what was ahead is forgotten.

        Returns:
            The screens of the forgotten places, to be removed.
        """
        gone = [visit.screen for visit in self._visits[self._now + 1 :] if visit.screen is not None]
        del self._visits[self._now + 1 :]
        self._visits.append(Visit(place))
        self._now += 1
        return gone

    def step(self, by: int) -> Visit[ScreenType]:
        """Goes back (-1) or forward (1), as far as there are places."""
        self._now = min(max(0, self._now + by), len(self._visits) - 1)
        return self.now

    def surplus(self, keep: int = KEPT_SCREENS) -> list[ScreenType]:
        """Lets go of the screens farthest from the present place.

        Returns:
            Those screens, to be removed.
        """
        held = [i for i, visit in enumerate(self._visits) if visit.screen is not None]
        held.sort(key=lambda i: abs(i - self._now))
        gone = []
        for i in held[keep:]:
            screen = self._visits[i].screen
            if screen is not None:
                gone.append(screen)
            self._visits[i].screen = None
        return gone
