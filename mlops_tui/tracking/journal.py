"""The writing end of a journal: one write system call a record, by any thread, surviving kill -9.

A process has one file a project, into which all its runs go: making a file costs more than all that a short run
writes. The format is ``mlops_store.journals``. Nothing here raises once a run is started: what cannot be written is
reported once on stderr. A forked child gets a file of its own at its first record.
"""

from __future__ import annotations

import errno
import os
from _thread import RLock

from mlops_store import journals, processes

TYPE_CHECKING = False
if TYPE_CHECKING:  # importing typing or collections.abc costs a script's start some milliseconds
    from collections.abc import Callable, Mapping

_METRICS = journals.METRICS

#: A file with more key sets than this is continued in a new one, so that the store need not remember them all.
_MOST_KEYSETS = 1000

#: A file is continued in a new one at this size, so that what is stored already can be removed.
_MOST_BYTES = 1 << 26

#: Longer names are cut: they are mistakes, and lists must stay fast.
NAME_LIMIT = 16_384

#: The journal of each project's directory of journals.
_journals: dict[str, Journal] = {}


class Journal:
    """The file that this process appends to in one directory; made when the first record comes.

    Args:
        directory: ``.mlops/journals``, which must exist.
    """

    __slots__ = ("_directory", "_path", "count", "descriptor", "generation", "lacks_end", "lock", "lost", "process")

    def __init__(self, directory: str) -> None:
        self._directory = directory
        self._path = ""
        self.descriptor = -1
        self.generation = 0  # moves with the file, because a key set belongs to its file
        self.count = 0
        self.lost = 0
        self.lacks_end = False
        self.process: dict[str, object] = {}  # what all runs of this process have in common
        self.lock = RLock()

    def introduce(self, attributes: Mapping[str, object]) -> None:
        """Adds to what all runs of this process have in common, those that are live included."""
        with self.lock:
            self.process.update(attributes)
            if self.descriptor >= 0:
                self.record(journals.record({"t": "process", "attributes": attributes}))

    def start(self, frame: bytes) -> None:
        """Appends the first record of a run.

        Raises:
            OSError: The directory or the disk does not allow it.
        """
        with self.lock:
            if self.descriptor < 0:
                self._create(frame)
            elif not self._written(frame):
                raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

    def record(self, frame: bytes) -> bool:
        """Appends a frame, in a new file where there is none or the script has closed every descriptor.

        Returns:
            Whether it was written.
        """
        with self.lock:
            for _ in range(2):
                if self.descriptor < 0 and not self.reopen():
                    return False
                if self.append(frame):
                    return True
                if self.descriptor >= 0:
                    return False
            return False

    def append(self, frame: bytes) -> bool:
        """Writes a frame while the lock is held; False, mostly after a remark, when that failed."""
        reason: str | None = "no space is left"
        if len(frame) > journals.MAX_FRAME_BYTES:  # it would count as damage, and hide all that follows
            self.lost += 1
            _remark(f"{len(frame)} bytes at once are too many to log; what was logged now is lost")
            return False
        try:
            if self._written(frame):
                return True
        except OSError as error:
            if error.errno == errno.EBADF:
                self.descriptor = -1
                self.generation += 1
                return False
            reason = error.strerror
        self.lost += 1
        _remark(f"cannot log to {self._path}: {reason}; what was logged now is lost")
        return False

    def reopen(self) -> bool:
        """Makes a new file; False, after a remark, when that failed."""
        try:
            self._create(b"")
        except OSError as error:
            self.lost += 1
            _remark(f"cannot log to {self._directory}: {error.strerror}; what was logged now is lost")
            return False
        return True

    def renew(self) -> None:
        """Continues in a new file; the old one is removed when it is stored."""
        self.close()
        self.reopen()

    def close(self) -> None:
        """Says that nothing more comes, and closes the file; a record after that makes another one."""
        with self.lock:
            # where a run's end could not be written, closing would leave it running for ever: then the process counts
            # as gone without a word
            if self.descriptor >= 0 and (self.lacks_end or self.append(journals.record({"t": "close"}))):
                os.close(self.descriptor)
            self.forget()

    def forget(self) -> None:
        """Leaves the file to its owner."""
        self.descriptor = -1
        self.generation += 1
        self.count = 0

    def size_bytes(self) -> int:
        """The length of the file; 0 when it is closed."""
        try:
            return os.fstat(self.descriptor).st_size if self.descriptor >= 0 else 0
        except OSError:
            return 0

    def _written(self, frame: bytes) -> bool:
        written = os.write(self.descriptor, frame)
        if written == len(frame):
            return True
        # A torn frame would hide all that follows: take it back, then try once to write it whole.
        start = os.lseek(self.descriptor, 0, os.SEEK_CUR) - written
        os.ftruncate(self.descriptor, start)
        if os.write(self.descriptor, frame) == len(frame):
            return True
        os.ftruncate(self.descriptor, start)
        return False

    def _writer(self) -> bytes:
        me = processes.identity()
        ticks = me["ticks"]
        started_at = processes.started_at(ticks) if isinstance(ticks, int) and ticks else None
        return journals.record({"t": "writer", **me, "started_at": started_at, "attributes": self.process})

    def _create(self, frame: bytes) -> None:
        first = self._writer() + frame
        flags = os.O_WRONLY | os.O_APPEND | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC
        while True:
            path = os.path.join(self._directory, journals.file_name())
            try:
                descriptor = os.open(path, flags, 0o644)
            except FileExistsError:
                continue
            _lock_shared(descriptor)
            if os.path.exists(path):
                break
            os.close(descriptor)  # it was taken for one that a killed process left, before it was locked
        try:
            if os.write(descriptor, first) != len(first):
                raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))
        except BaseException:
            os.close(descriptor)
            os.unlink(path)
            raise
        self.forget()
        self._path, self.descriptor = path, descriptor


class Channel:
    """A run's way into the journal of its process.

    Args:
        directory: ``.mlops/journals``, which must exist.
        run_id: The run.
    """

    __slots__ = ("_generation", "_journal", "_keysets", "run_id")

    def __init__(self, directory: str, run_id: str) -> None:
        self.run_id = run_id
        self._journal = _journals.get(directory) or _journals.setdefault(directory, Journal(directory))
        self._generation = -1
        self._keysets: dict[tuple[str, ...], tuple[Callable[..., bytes], int, int]] = {}

    @property
    def process(self) -> Mapping[str, object]:
        """What is known of this process for all its runs."""
        return self._journal.process

    def introduce(self, attributes: Mapping[str, object]) -> None:
        """Adds to what all runs of this process have in common."""
        self._journal.introduce(attributes)

    def start(self, content: Mapping[str, object]) -> None:
        """Appends the record that a run begins with. OSError: the directory or the disk does not allow it."""
        self._journal.start(journals.record({**content, "run": self.run_id}))

    def record(self, content: Mapping[str, object]) -> bool:
        """Appends a record; returns whether it was written."""
        return self._journal.record(journals.record({**content, "run": self.run_id}))

    def end(self, content: Mapping[str, object]) -> None:
        """Appends the last record of the run."""
        lost, self._journal.lost = self._journal.lost, 0
        if lost:
            self.record({"t": "problem", "message": f"{lost} records could not be written and are lost"})
        if not self.record(content):
            self._journal.lacks_end = True

    def metrics(self, values: Mapping[str, float], step: int, timestamp: float) -> None:
        """Appends the values of several metrics at one step.

        Args:
            values: Numbers, or what converts to a float.
            step: Signed 64-bit.
            timestamp: Unix seconds.

        Raises:
            TypeError, OverflowError, struct.error: A name, value or step is not of its kind; nothing was written.
        """
        keys = tuple(values)
        journal = self._journal
        with journal.lock:
            if self._generation == journal.generation:
                known = self._keysets.get(keys)
                if known is not None:
                    pack, length, number = known
                    frame = pack(_METRICS, length, number, step, timestamp, *values.values())
                    if journal.append(frame) or journal.descriptor >= 0:
                        return
            self._first_metrics(keys, values, step, timestamp)

    def _first_metrics(self, keys: tuple[str, ...], values: Mapping[str, float], step: int, timestamp: float) -> None:
        if not all(type(key) is str and len(key) <= NAME_LIMIT for key in keys):
            raise TypeError("a name that is no text, or too long")
        journal = self._journal
        pack, length = journals.metrics_packer(len(keys)).pack, journals.metrics_length(len(keys))
        if journal.count >= _MOST_KEYSETS:
            journal.renew()
        if journal.descriptor < 0 and not journal.reopen():
            return
        if self._generation != journal.generation:
            self._generation, self._keysets = journal.generation, {}
        number = journal.count
        frame = pack(_METRICS, length, number, step, timestamp, *values.values())
        if journal.append(journals.key_set(self.run_id, keys) + frame):
            self._keysets[keys] = (pack, length, number)
            journal.count += 1


def written() -> int:
    """Moves when anything is logged."""
    return sum(journal.size_bytes() for journal in list(_journals.values()))


def rotate() -> None:
    """Continues files that have become long in new ones. Called now and then by the background thread."""
    for journal in list(_journals.values()):
        with journal.lock:
            if journal.size_bytes() > _MOST_BYTES:
                journal.renew()


def close() -> None:
    """Closes the files at the end of the process."""
    for journal in list(_journals.values()):
        journal.close()


def _lock_shared(descriptor: int) -> None:
    """Shows to other containers on this machine that the writer lives; see ``processes.is_gone``."""
    import fcntl

    try:
        fcntl.flock(descriptor, fcntl.LOCK_SH)
    except OSError:
        return  # a file system without locks: the process number has to do


def _remark(message: str) -> None:
    from mlops_tui.tracking import remarks  # only now: nearly no script needs it

    remarks.once("write", message)


def _after_fork() -> None:
    for journal in list(_journals.values()):
        journal.lock = RLock()
        descriptor = journal.descriptor
        journal.forget()
        if descriptor >= 0:
            os.close(descriptor)


os.register_at_fork(after_in_child=_after_fork)
