"""Looking at another tool's store without taking it over: a copy of its runs below the user's cache directory.

The copy is brought up to date when it is opened and, while it is looked at, now and then; nobody else writes to it.
"""

from __future__ import annotations

import os
import threading
import time
from collections.abc import Callable
from contextlib import suppress

from mlops_store.errors import MlopsError
from mlops_store.store import Store
from mlops_tui.interop import importing, kinds
from mlops_tui.interop.importing import Options, Report
from mlops_tui.interop.source import Problems, made_id
from mlops_tui.project import Project

#: Larger files are not copied: a preview shows no more of them.
MAX_FILE_BYTES = 256 * 1024
#: Seconds between two looks at the source at least, and how many times as long as the look itself takes.
PACE_S, PACE_SHARE = 3.0, 20


class View:
    """A source that is looked at.

    Args:
        path: A file or folder of another tool, or a directory with one.
        kind: What it is; found out where it is not given.

    Raises:
        UsageError: There is nothing there that could be read, or more than one thing.
        Refused: It cannot be read.
    """

    def __init__(self, path: str, kind: str = "") -> None:
        self._problems = Problems()
        source = kinds.open_source(path, self._problems, kind)
        self._kind, self._path = source.kind, source.path
        self.count = source.count
        name = os.path.basename(source.path) or source.kind
        place = made_id("view", source.kind, os.path.realpath(source.path))
        #: The project that the dashboard shows.
        self.project = Project(os.path.join(cache_dir(), "views", place, name), view_of=source.path)
        self._stopping = threading.Event()

    def fill(self, progress: Callable[[Report], None] = lambda _: None) -> Report:
        """Brings the copy up to date.

        Raises:
            StoreError: The cache directory cannot be written.
            Refused: The source cannot be read.
        """
        problems = Problems()
        source = kinds.open_source(self._path, problems, self._kind)
        options = Options(max_file_bytes=MAX_FILE_BYTES, is_mirror=True)
        with Store(self.project.store_path) as store:
            return importing.take_over(store, source, problems, options, progress)

    def follow(self) -> None:
        """Brings the copy up to date now and then from here on, in a thread that ends with the process."""
        threading.Thread(target=self._follow, name="view", daemon=True).start()

    def stop(self) -> None:
        """Follows no more."""
        self._stopping.set()

    def _follow(self) -> None:
        took_s, state = 0.0, 0
        while not self._stopping.wait(max(PACE_S, PACE_SHARE * took_s)):
            began = time.monotonic()
            # what was read before stays on the screen; the source may be readable again soon
            with suppress(MlopsError, OSError):
                now = _state(self._path)
                if now != state:
                    self.fill()
                state = now
            took_s = time.monotonic() - began


def _state(path: str) -> int:
    """A number that changes when a file of a source does: one in the folder, or the database or its log."""
    found = 0
    for place in (path, path + "-wal"):
        if os.path.isfile(place):
            status = os.stat(place)
            found ^= hash((place, status.st_mtime_ns, status.st_size))
    for directory, _, _ in os.walk(path):
        with os.scandir(directory) as entries:
            for entry in entries:
                status = entry.stat(follow_symlinks=False)
                found ^= hash((entry.path, status.st_mtime_ns, status.st_size))
    return found


def cache_dir() -> str:
    """Where copies lie."""
    home = os.environ.get("XDG_CACHE_HOME") or os.path.join(os.path.expanduser("~"), ".cache")
    return os.path.join(home, "mlops-tui")
