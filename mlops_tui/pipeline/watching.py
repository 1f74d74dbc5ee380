"""Watches a project's files: follows directories as they come and go, and says which changes matter.

Where the system allows no more watches, or other machines write the files, it looks at what the pipeline reads and
makes from time to time, and ``note`` says so. Everything here belongs to one thread; ``live`` may be asked from any.
"""

from __future__ import annotations

import os
import time
from collections.abc import Iterable

from mlops_store.errors import MlopsError
from mlops_tui.config import Config
from mlops_tui.pipeline import ignore
from mlops_tui.pipeline.file_events import FileEvents
from mlops_tui.pipeline.fingerprints import Fingerprints
from mlops_tui.pipeline.followed import Followed
from mlops_tui.pipeline.live import LiveStatus
from mlops_tui.pipeline.spec import Pipeline
from mlops_tui.pipeline.verdicts import stamp_of
from mlops_tui.project import Project

#: Seconds between two looks at the inputs where nothing tells of changes, at least; and how many times as long as a
#: look takes, so that looking never takes more than a twentieth of a processor.
LOOK_S = 2.0
_LOOK_SHARE = 20
#: Seconds after which a changed description is followed: what it says is shown first.
_SOON_S = 0.3
_REMOTE_NOTE = "on a network file system: looking at the pipeline's own files every few seconds"
#: What decides on the directories to follow.
_DECIDING = ("dvc.yaml", ignore.DVC_FILE, ignore.GIT_FILE, "mlops.toml")


class ProjectWatch:
    """The files of one project.

    Attributes:
        live: What is stale, kept up to date by what is told here.
        note: Why the inputs are looked at from time to time; '' while the system tells of changes.
        hint: What helps against that; '' when nothing does.

    Args:
        project: The project.
        config: Its configuration.
        events: Where changes come from.
        always: Directories that are watched besides, for the caller.
        live: Where what is stale is asked for.
    """

    def __init__(
        self, project: Project, config: Config, events: FileEvents, live: LiveStatus, always: Iterable[str] = ()
    ) -> None:
        self._project = project
        self._config = config
        self._events = events
        self._always = set(always)
        self.live = live
        self.note = self.hint = ""
        self._followed = Followed(project, Pipeline(), config)
        self._looked_at: frozenset[str] = frozenset()
        self._stamps: dict[str, str] = {}
        self._look_at: float | None = None
        self._follow_at: float | None = None
        self._follow_s = 0.0

    def follow(self, config: Config | None = None) -> None:
        """Finds all directories anew, after the pipeline, the configuration or an ignore file changed."""
        started = time.monotonic()
        self._config = config or self._config
        self._follow_at = None
        followed = self._followed = Followed(self._project, self._pipeline(), self._config)
        followed.walk()
        if not self._events.is_told:
            self._look_instead("max_user_instances")
        elif not self._events.follow(self._always | followed.directories):
            self._look_instead("max_user_watches")
        else:
            self.live.trust(followed)
            self.note, self.hint = (_REMOTE_NOTE, "") if followed.remote else ("", "")
            self._looked_at = followed.remote
            self._stamps = self._looked()
        self._follow_s = time.monotonic() - started

    def _pipeline(self) -> Pipeline:
        try:
            return self.live.pipeline()
        except MlopsError:
            return Pipeline()  # whoever shows it says what is wrong; the root is watched all the same

    def _look_instead(self, limit: str) -> None:
        self._events.follow(self._always | {self._project.root})
        self.live.trust(None)
        self.note = "inotify limit reached: looking at the pipeline's own files every few seconds"
        self._looked_at = self._followed.inputs
        self.hint = f"more is allowed by: sysctl fs.inotify.{limit}"
        self._stamps = self._looked()

    @property
    def batches(self) -> frozenset[str]:
        """The directories in which monitors look for batches."""
        return self._followed.batches

    @property
    def wait_s(self) -> float | None:
        """Seconds until ``take`` has something to do by itself; None when only a change will tell."""
        moments = [moment for moment in (self._look_at, self._follow_at) if moment is not None]
        return max(0.0, min(moments) - time.monotonic()) if moments else None

    def take(self, paths: Iterable[str]) -> set[str]:
        """Takes up what the events said, and looks where nothing tells.

        Returns:
            The changed paths that matter.
        """
        told: set[str] = set()
        if self._events.has_lost:
            self._events.has_lost = False
            paths = ()
            told.add(self._project.root)
            self._ask_to_follow()
        for path in paths:
            if path in self._followed.directories and path != self._project.root:
                self._lose(path, told)
            elif os.path.isdir(path) and not os.path.islink(path):
                self._gain(path, told)
            elif self._followed.concerns(path):
                if os.path.islink(path):
                    self._followed.note_link(path)
                if os.path.basename(path) in _DECIDING or path.endswith(".dvc"):
                    self._ask_to_follow(_SOON_S)
                told.add(path)
        now = time.monotonic()
        if self._look_at is not None and now >= self._look_at:
            told |= self._look()
        self.live.tell(told)
        if self._follow_at is not None and now >= self._follow_at:
            self.follow()
            told.add(self._project.root)  # what changed before it was followed
        return told

    def _lose(self, path: str, told: set[str]) -> None:
        """A followed directory went away, perhaps for another one."""
        told.add(path)
        if os.path.isdir(path):
            self._gain(path, told)
        self._ask_to_follow()

    def _gain(self, path: str, told: set[str]) -> None:
        """A directory appeared."""
        new = self._followed.walk_below(path)
        if self._followed.concerns(path, is_dir=True):
            told.add(path)
        if not self.hint and new and not self._events.add(new):
            self._ask_to_follow(0.0)

    def _ask_to_follow(self, in_s: float | None = None) -> None:
        # a stage may make and remove directories all the time: finding them all must not take a processor
        due_at = time.monotonic() + (max(0.5, 10 * self._follow_s) if in_s is None else in_s)
        self._follow_at = due_at if self._follow_at is None else min(self._follow_at, due_at)

    # where nothing tells of changes

    def _look(self) -> set[str]:
        before, self._stamps = self._stamps, self._looked()
        return {path for path in self._stamps.keys() | before.keys() if self._stamps.get(path) != before.get(path)}

    def _looked(self) -> dict[str, str]:
        started = time.monotonic()
        prints = Fingerprints(self._project.root, ignores=ignore.Ignores(self._project.root))
        found = {path: _stamp(prints, path) for path in self._looked_at}
        ended = time.monotonic()
        self._look_at = ended + max(LOOK_S, _LOOK_SHARE * (ended - started)) if self._looked_at else None
        return found


def _stamp(prints: Fingerprints, path: str) -> str:
    try:
        return prints.folder_stamp(path) if os.path.isdir(path) else stamp_of(os.stat(path))
    except OSError:
        return ""
