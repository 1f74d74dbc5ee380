"""Where a project is and where its files lie. The one module that knows directories.

Imported by training scripts through the tracking API: it must stay as light as this.
"""

from __future__ import annotations

import os

from mlops_store import object_folders

STATE_DIRECTORY = ".mlops"
CONFIG_FILE = "mlops.toml"
#: What makes a directory the root of a project.
_MARKERS = (STATE_DIRECTORY, CONFIG_FILE, ".dvc")
#: A commit needs some pages in the write-ahead log.
_ROOM_BYTES = 64 * 1024


class Project:
    """The paths of a project, or of a copy of one that keeps its records with the project it was copied from.

    Args:
        root: The project's directory.
        main: The project that this is a copy of.
        state_dir: Where the copy keeps what is about its own files only.
        view_of: Another tool's store whose runs are shown and not changed; the project is a copy of it then.
    """

    __slots__ = ("_main_state_dir", "main_root", "root", "state_dir", "view_of")

    def __init__(self, root: str, *, main: Project | None = None, state_dir: str = "", view_of: str = "") -> None:
        self.root = os.path.abspath(root)
        #: Of everything that mlops-tui keeps about the files here; never committed.
        self.state_dir: str = state_dir or os.path.join(self.root, STATE_DIRECTORY)
        #: The root of the project that has the store: another one's only for a copy.
        self.main_root: str = main.main_root if main is not None else self.root
        self.view_of = view_of
        self._main_state_dir = main.state_dir if main is not None else self.state_dir

    def path(self, *parts: str) -> str:
        """An absolute path below the root."""
        return os.path.join(self.root, *parts)

    @property
    def name(self) -> str:
        """The directory's own name."""
        return os.path.basename(self.root) or self.root

    @property
    def workspaces_dir(self) -> str:
        """The copies in which experiments run."""
        return os.path.join(self._main_state_dir, "workspaces")

    def workspace(self, run_id: str) -> Project:
        """The copy of this project in which a pipeline run works by itself: own files, the same store."""
        directory = os.path.join(self.workspaces_dir, run_id)
        return Project(os.path.join(directory, "files"), main=self, state_dir=directory)

    @property
    def store_path(self) -> str:
        """The SQLite file."""
        return os.path.join(self._main_state_dir, "store.db")

    @property
    def journals_dir(self) -> str:
        """Where running scripts append what they log."""
        return os.path.join(self._main_state_dir, "journals")

    @property
    def objects_dir(self) -> str:
        """Content-addressed artifacts."""
        return object_folders.of(self.store_path)

    @property
    def logs_dir(self) -> str:
        """Outputs of stages, one folder a pipeline run."""
        return os.path.join(self._main_state_dir, "logs")

    def requests_dir(self, model: str) -> str:
        """What the servers of a model were asked and answered."""
        return os.path.join(self._main_state_dir, "requests", _file_name(model))

    @property
    def hash_key_path(self) -> str:
        """What the logs of requests hash columns with."""
        return os.path.join(self._main_state_dir, "requests.key")

    def labels_dir(self, model: str) -> str:
        """Labels that were posted to the servers of a model."""
        return os.path.join(self._main_state_dir, "labels", _file_name(model))

    @property
    def cache_dir(self) -> str:
        """Contents of outputs by their hash, where the project is no DVC repository with a cache of its own."""
        return os.path.join(self._main_state_dir, "cache")

    @property
    def config_path(self) -> str:
        """The optional ``mlops.toml``."""
        return os.path.join(self.root, CONFIG_FILE)

    @property
    def pipeline_path(self) -> str:
        """``dvc.yaml`` at the root."""
        return os.path.join(self.root, "dvc.yaml")

    @property
    def has_store(self) -> bool:
        """Whether anything has been recorded here yet."""
        return os.path.exists(self.store_path)

    @property
    def has_journals(self) -> bool:
        """Whether scripts have logged what is not stored yet, or may be logging."""
        try:
            return any(name.endswith(".journal") for name in os.listdir(self.journals_dir))
        except OSError:
            return False

    @property
    def is_full(self) -> bool:
        """Whether the disk of the state directory has no room left for another commit."""
        try:
            disk = os.statvfs(self.state_dir)
        except OSError:
            return False
        return disk.f_bavail * disk.f_frsize < _ROOM_BYTES

    def __repr__(self) -> str:
        return f"Project({self.root!r})"

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Project) and other.root == self.root

    def __hash__(self) -> int:
        return hash(self.root)


def _file_name(model: str) -> str:
    return model.replace("%", "%25").replace(os.sep, "%2F")


def is_root(directory: str) -> bool:
    """Whether a directory itself is a project's, by what is in it."""
    return any(os.path.exists(os.path.join(directory, marker)) for marker in (*_MARKERS, "dvc.yaml"))


def of_store(store_path: str) -> Project | None:
    """The project whose store lies at a path; None where no project has it."""
    state = os.path.dirname(os.path.abspath(store_path))
    project = Project(os.path.dirname(state))
    is_there = os.path.realpath(project.store_path) == os.path.realpath(store_path)
    return project if os.path.basename(state) == STATE_DIRECTORY and is_there else None


def find(start: str | None = None) -> Project:
    """The project that a directory belongs to.

    The nearest directory upwards that has ``.mlops``, ``mlops.toml`` or ``.dvc`` is the root; else the nearest
    with a ``dvc.yaml``; else ``start`` itself. ``MLOPS_PROJECT`` in the environment decides when ``start`` is not
    given.

    Args:
        start: Where to begin; the working directory by default.
    """
    if start is None:
        named = os.environ.get("MLOPS_PROJECT")
        if named:
            return Project(named)
        start = os.getcwd()
    here = os.path.abspath(start)
    with_pipeline = ""
    directory = here
    while True:
        for marker in _MARKERS:
            if os.path.exists(os.path.join(directory, marker)):
                return Project(directory)
        if not with_pipeline and os.path.exists(os.path.join(directory, "dvc.yaml")):
            with_pipeline = directory
        parent = os.path.dirname(directory)
        if parent == directory:
            return Project(with_pipeline or here)
        directory = parent
