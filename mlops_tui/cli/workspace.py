"""What a command works on: the project, its configuration and its store."""

from __future__ import annotations

import os
import sys
from collections.abc import Sequence
from contextlib import suppress

from mlops_store.errors import MlopsError, NotFound, StoreBusy, StoreFull, StoreReadOnly
from mlops_tui import project as projects
from mlops_tui.cli.text import clean
from mlops_tui.project import Project

TYPE_CHECKING = False
if TYPE_CHECKING:
    from mlops_store.store import Store
    from mlops_tui.config import Config


class Workspace:
    """The project that the command line names; everything is opened when first asked for.

    Args:
        directory: Where to look for the project; the working directory by default.
    """

    def __init__(self, directory: str | None = None) -> None:
        #: The directory that was named, which the project's root may lie above.
        self.start = os.path.abspath(directory) if directory is not None else os.getcwd()
        self.project: Project = projects.find(directory)
        self._config: Config | None = None
        self._store: Store | None = None

    @property
    def config(self) -> Config:
        """The project's ``mlops.toml``.

        Raises:
            SpecError: It cannot be understood.
        """
        if self._config is None:
            from mlops_tui import config

            self._config = config.load(self.project)
        return self._config

    def addresses(self, words: Sequence[str]) -> tuple[str, ...]:
        """Stages as they were typed, by their addresses from the root; in a subdirectory its own stages come first.

        Raises:
            SpecError: The pipeline cannot be understood.
        """
        where = os.path.relpath(os.path.realpath(self.start), os.path.realpath(self.project.root))
        if not words or where == os.curdir or where.startswith(os.pardir):
            return tuple(words)
        from mlops_tui.pipeline import graph, spec

        pipeline = spec.load(self.project)

        def address(word: str) -> str:
            for found in (f"{where}/{spec.FILE}:{word}", f"{where}/{word}"):
                with suppress(NotFound):
                    graph.chosen(pipeline, found)
                    return found
            return word

        return tuple(address(word) for word in words)

    def find(self) -> Store | None:
        """The store, up to date with all that was logged; None when nothing has been recorded here yet."""
        if self._store is None and self.project.has_store:
            from mlops_store.store import Store

            self._store = Store(self.project.store_path, create=False)
            self._catch_up(self._store)
        return self._store

    def store(self) -> Store:
        """The store, up to date with all that was logged.

        Raises:
            NotFound: Nothing has been recorded here yet.
        """
        store = self.find()
        if store is None:
            raise NotFound(
                f"nothing has been recorded in {self.project.root} yet",
                "mlops-tui run runs the pipeline, mlops-tui init prepares the directory, -C DIR names another",
            )
        return store

    def create(self) -> Store:
        """The store, made when there is none."""
        store = self.find()
        if store is None:
            from mlops_store.store import Store

            store = self._store = Store(self.project.store_path)
        return store

    def close(self) -> None:
        """Closes the store if it was opened."""
        if self._store is not None:
            self._store.close()

    def _catch_up(self, store: Store) -> None:
        """Folds what scripts have logged and settles runs whose processes are gone."""
        from mlops_store import glance

        try:
            if self.project.has_journals:
                from mlops_store import fold  # with all that reads journals

                fold.fold(store, self.project.journals_dir)
            if glance.is_under_way(store.read()):
                from mlops_tui import pipeline

                pipeline.recover(self.project, store)
        except (StoreReadOnly, StoreBusy, StoreFull) as error:
            # what is in the store can still be read; the person is told that newer values may be missing
            warn("what was logged last may be missing", error)


def warn(message: str, cause: MlopsError | None = None) -> None:
    """Writes a remark to stderr."""
    because = f": {cause.message}" if cause is not None else ""
    sys.stderr.write(f"mlops-tui: {clean(message + because, 2000)}\n")
