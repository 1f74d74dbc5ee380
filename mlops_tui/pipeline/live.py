"""What is stale, for whoever is told of each change: only what changed is looked at again.

``state.status`` looks at every file each time, which takes a second where there are a hundred thousand. Here a
fingerprint holds until a change of its path is told. What nobody tells of (links, unwatched directories) is looked at
each time all the same.
"""

from __future__ import annotations

import os
import stat
import threading
import time
from collections.abc import Iterable
from contextlib import suppress
from typing import TYPE_CHECKING

from mlops_tui.pipeline.fingerprints import Fingerprint, Fingerprints, Read
from mlops_tui.pipeline.hashing import hash_file
from mlops_tui.pipeline.ignore import DVC_FILE, Ignores
from mlops_tui.pipeline.listing import Listing
from mlops_tui.pipeline.state import FINGERPRINTS_FILE, Inputs, StageStatus, judge, status
from mlops_tui.project import Project

if TYPE_CHECKING:
    from mlops_tui.pipeline.followed import Followed
    from mlops_tui.pipeline.spec import Pipeline

#: Directories of as many files are walked so slowly that it pays to be prepared for a change in them.
_MANY_FILES = 1000
#: Endings of files that the pipeline may be written in, with what is filled into it.
_LANGUAGE = (".yaml", ".yml", ".json", ".toml", ".dvc", ".dvcignore")


class ToldFingerprints(Fingerprints):
    """Fingerprints that hold until a change is told.

    A directory of which only known files changed is not walked again: those files are hashed, and its hash is made of
    the ones known. Its ``size_bytes`` then is that of the last walk; judging needs the hash alone.

    Args:
        project: The project.
        followed: What is watched.
    """

    def __init__(self, project: Project, followed: Followed) -> None:
        cache_path = os.path.join(project.state_dir, FINGERPRINTS_FILE)
        super().__init__(project.root, cache_path, Ignores(project.root))
        self._followed = followed
        self._top = project.root
        self._guard = threading.Lock()
        self._held: dict[str, Fingerprint | None] = {}
        self._looking: set[str] = set()
        self._looks: dict[str, int] = {}
        self._changed: dict[str, set[str]] = {}
        self._listings: dict[str, Listing] = {}

    def rely_on(self, followed: Followed) -> None:
        """Takes up what is watched from now on; what was watched before and still is holds."""
        with self._guard:
            self._followed = followed
            for path in [path for path in self._held if not followed.is_certain(path)]:
                del self._held[path]

    def tell(self, path: str) -> None:
        """Takes note that an absolute path changed, with all below it."""
        is_file = os.path.isfile(path)
        with self._guard:
            if not is_file:
                for held in (*self._held, *self._looking):
                    if held.startswith(path + os.sep):
                        self._changed.setdefault(held, set()).add("")
            holder, below = path, ""
            while True:
                if holder in self._held or holder in self._looking:
                    self._changed.setdefault(holder, set()).add(below)
                parent, name = os.path.split(holder)
                if parent == holder:
                    return
                holder, below = parent, f"{name}/{below}" if below else name

    def find(self, path: str, read: Read = hash_file) -> Fingerprint | None:
        """The fingerprint of what lies at a path now; see ``Fingerprints.find``."""
        full = os.path.normpath(os.path.join(self._top, path))
        with self._guard:
            names = self._changed.pop(full, None)
            if names is None and full in self._held:
                return self._held[full]
            before = self._held.get(full)
            self._looking.add(full)
            self._looks[full] = self._looks.get(full, 0) + 1
        try:
            found = self._updated(full, names, before) if names and before is not None else None
            if found is None:
                self._listings.pop(full, None)
                found = super().find(path, read)
            with self._guard:
                if self._followed.is_certain(full):
                    self._held[full] = found
                else:
                    self._held.pop(full, None)
        finally:
            with self._guard:
                self._looking.discard(full)
        return found

    def prepare(self, paths: Iterable[str]) -> None:
        """Hashes the large files among these paths at the same time; what still holds is not looked at."""
        with self._guard:
            looked_at = [path for path in paths if not self._holds(os.path.normpath(os.path.join(self._top, path)))]
        super().prepare(looked_at)

    def _holds(self, full: str) -> bool:
        return full in self._held and full not in self._changed

    def read_listings(self) -> None:
        """Reads the listings of large directories, so that the first change in one needs no walk."""
        with self._guard:
            large = [
                (full, self._looks[full])
                for full, found in self._held.items()
                if found is not None and (found.files or 0) >= _MANY_FILES and full not in self._listings
            ]
        for full, looks in large:
            path = os.path.relpath(full, self._top) if full.startswith(self._top + os.sep) else full
            with suppress(OSError):  # gone meanwhile: that is told, too
                listing = Listing(self.listing(path))
                with self._guard:
                    if self._looks[full] == looks:  # else it may lack what was told in between
                        self._listings[full] = listing

    def _updated(self, full: str, names: set[str], before: Fingerprint) -> Fingerprint | None:
        """The fingerprint of a directory of which only these files changed; None when it has to be walked."""
        listing = self._listings.get(full)
        if listing is None or not all(_refresh(listing, full, name) for name in names):
            return None
        return before._replace(md5=listing.md5, files=len(listing))


def _refresh(listing: Listing, full: str, name: str) -> bool:
    """Hashes one file of a directory again; False when more than the content of files changed."""
    path = os.path.join(full, name)
    try:
        if name not in listing or not stat.S_ISREG(os.lstat(path).st_mode):
            return not os.path.lexists(path) and not listing.holds_below(name)  # what an editor wrote in passing
        listing.put(name, hash_file(path))
    except FileNotFoundError:
        listing.remove(name)
    return True


class LiveStatus:
    """The pipeline and what is stale in it. Safe to use from several threads.

    Args:
        project: The project.
    """

    def __init__(self, project: Project) -> None:
        self._project = project
        self._judging = threading.Lock()
        self._followed: Followed | None = None
        self._fingerprints: ToldFingerprints | None = None
        self._inputs: Inputs | None = None
        self._pipeline: Pipeline | None = None
        self._loaded: Pipeline | None = None  # the last one, although it may not be the present one
        self._descriptions = 0  # how often the pipeline may have been described anew
        #: Seconds that the last judgement took.
        self.took_s = 0.0

    def trust(self, followed: Followed | None) -> None:
        """Begins to rely on being told of each change of what is followed; None to look at everything each time."""
        with self._judging:
            self._followed = followed
            if followed is None:
                self._fingerprints = None
            elif self._fingerprints is None:
                self._fingerprints = ToldFingerprints(self._project, followed)
            else:
                self._fingerprints.rely_on(followed)
            self._inputs = self._pipeline = None

    def tell(self, paths: Iterable[str]) -> None:
        """Takes note that these absolute paths changed."""
        for path in paths:
            if os.path.basename(path) in ("dvc.lock", "config", "config.local"):
                self._inputs = None
            if self._describes(path):
                self._pipeline = None
                self._descriptions += 1
            if os.path.basename(path) == DVC_FILE and self._followed is not None:
                self._fingerprints = ToldFingerprints(self._project, self._followed)  # other files count
                self._inputs = None
            elif self._fingerprints is not None:
                self._fingerprints.tell(path)

    def _describes(self, path: str) -> bool:
        """Whether a changed path may change what the pipeline is."""
        pipeline = self._pipeline
        if pipeline is None or path.endswith(_LANGUAGE) or os.path.isdir(path):
            return True
        relative = os.path.relpath(path, self._project.root)
        return relative in pipeline.stamps or relative in pipeline.directories

    def pipeline(self) -> Pipeline:
        """The pipeline as it is described now.

        Raises:
            SpecError: It is not understood.
        """
        from mlops_tui.pipeline import spec

        found, before = self._pipeline, self._descriptions
        if found is None:
            found = self._loaded = spec.load(self._project, self._loaded)
            if self._followed is not None and self._descriptions == before:
                self._pipeline = found
        return found

    def prepare(self) -> None:
        """Uses an idle moment to make the next judgement quick; to be called by whoever tells of changes."""
        if self._fingerprints is not None:
            self._fingerprints.read_listings()

    def statuses(self) -> list[StageStatus]:
        """Every stage with what makes it stale, each after the stages that it needs.

        Raises:
            SpecError: The pipeline, a lock or a params file is not understood.
        """
        with self._judging:
            started = time.monotonic()
            try:
                return self._statuses()
            finally:
                self.took_s = time.monotonic() - started

    def _statuses(self) -> list[StageStatus]:
        from mlops_tui.pipeline import graph

        pipeline = self.pipeline()
        if self._fingerprints is None:
            return status(self._project, pipeline)
        inputs = self._inputs
        if inputs is None:
            inputs = self._inputs = Inputs(self._project, self._fingerprints)
        found = judge(inputs, pipeline, graph.order(pipeline))
        inputs.fingerprints.flush()
        return found
