"""The writing end of a journal: one write system call a record, by any thread, surviving kill -9.

The format is ``mlops_store.journals``. Nothing here raises once the file is open: what cannot be written is reported
once on stderr. A forked child gets a file of its own at its first record.
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

#: A journal with more key sets than this is continued in a new file, so that the store need not remember them all.
_MOST_KEYSETS = 1000

#: Longer names are cut: they are mistakes, and lists must stay fast.
NAME_LIMIT = 16_384

#: The file is continued in a new one at this size, so that what is stored already can be removed.
_MOST_BYTES = 1 << 26

_open_journals: list[Journal] = []


class Journal:
    """Appends the records of one process to one run.

    Args:
        directory: ``.mlops/journals``, which must exist.
        run_id: The run.
        is_owner: Whether the run ends, as killed, when this process is gone.
    """

    __slots__ = ("_directory", "_is_closed", "_is_owner", "_keysets", "_lock", "_lost", "_path", "descriptor", "run_id")

    def __init__(self, directory: str, run_id: str, *, is_owner: bool) -> None:
        self.run_id = run_id
        self.descriptor = -1
        self._directory = directory
        self._is_owner = is_owner
        self._is_closed = False
        self._keysets: dict[tuple[str, ...], tuple[Callable[..., bytes], int, int]] = {}
        self._path = ""
        self._lost = 0
        self._lock = RLock()

    def open(self, first: Mapping[str, object]) -> None:
        """Makes the file with its first record, in one write.

        Raises:
            OSError: The directory or the disk does not allow it.
        """
        self._create(self._writer() + journals.record(first))
        _open_journals.append(self)

    def metrics(self, values: Mapping[str, float], step: int, timestamp: float) -> None:
        """Appends the values of several metrics at one step.

        Args:
            values: Numbers, or what converts to a float.
            step: Signed 64-bit.
            timestamp: Unix seconds.

        Raises:
            ValueError, TypeError, OverflowError, struct.error: A name, value or step is not of its kind; nothing
                was written.
        """
        keys = tuple(values)
        with self._lock:
            known = self._keysets.get(keys)
            if known is not None:
                pack, length, number = known
                if self._append(pack(_METRICS, length, number, step, timestamp, *values.values())):
                    return
                if self.descriptor >= 0:
                    return
            self._first_metrics(keys, values, step, timestamp)

    def record(self, content: Mapping[str, object]) -> None:
        """Appends a record of another kind."""
        frame = journals.record(content)
        with self._lock:
            for _ in range(2):  # again in a new file where the script has closed every descriptor
                if self.descriptor < 0 and not self._reopened():
                    return
                if self._append(frame) or self.descriptor >= 0:
                    return

    def close(self, last: Mapping[str, object]) -> None:
        """Appends the last record and closes the file; a record after that opens another one."""
        with self._lock:
            if self._lost:
                self.record({"t": "problem", "message": f"{self._lost} records could not be written and are lost"})
            self.record(last)
            self._release()
            self._is_closed = True
        if self in _open_journals:
            _open_journals.remove(self)

    def size_bytes(self) -> int:
        """The length of the file; 0 when it is closed."""
        try:
            return os.fstat(self.descriptor).st_size if self.descriptor >= 0 else 0
        except OSError:
            return 0

    def rotate(self) -> None:
        """Continues in a new file when this one has become long. Called now and then by the background thread."""
        with self._lock:
            if self.size_bytes() > _MOST_BYTES:
                self._continue()

    def forget(self) -> None:
        """In a forked child: leaves the parent's file alone."""
        self._lock = RLock()
        self._is_owner = False
        self._release()

    def _first_metrics(self, keys: tuple[str, ...], values: Mapping[str, float], step: int, timestamp: float) -> None:
        if len(self._keysets) >= _MOST_KEYSETS:
            self._continue()
        if self.descriptor < 0 and not self._reopened():
            return
        if not all(type(key) is str and len(key) <= NAME_LIMIT for key in keys):
            raise TypeError("a name that is no text, or too long")
        number = len(self._keysets)
        pack, length = journals.metrics_packer(len(keys)).pack, journals.metrics_length(len(keys))
        frame = pack(_METRICS, length, number, step, timestamp, *values.values())
        if self._append(journals.key_set(keys) + frame):
            self._keysets[keys] = (pack, length, number)

    def _append(self, frame: bytes) -> bool:
        """Writes a frame while the lock is held; False, mostly after a remark, when that failed."""
        try:
            written = os.write(self.descriptor, frame)
            if written == len(frame):
                return True
            # A torn frame would hide all that follows: take it back, then try once to write it whole.
            start = os.lseek(self.descriptor, 0, os.SEEK_CUR) - written
            os.ftruncate(self.descriptor, start)
            if os.write(self.descriptor, frame) == len(frame):
                return True
            os.ftruncate(self.descriptor, start)
            reason: str | None = "no space is left"
        except OSError as error:
            if error.errno == errno.EBADF:
                self.descriptor, self._keysets = -1, {}
                return False
            reason = error.strerror
        self._lost += 1
        _remark("write", f"cannot log to {self._path}: {reason}; what was logged now is lost")
        return False

    def _reopened(self) -> bool:
        """Opens a new file in the place of one that is closed or belongs to a parent process."""
        try:
            self._create(self._writer())
        except OSError as error:
            _remark("write", f"cannot log to {self._directory}: {error.strerror}; what was logged now is lost")
            return False
        return True

    def _writer(self) -> bytes:
        is_owner = self._is_owner and not self._is_closed
        return journals.record({"t": "writer", "run_id": self.run_id, "is_owner": is_owner, **processes.identity()})

    def _continue(self) -> None:
        if self.descriptor >= 0:
            self._append(journals.record({"t": "close"}))
            self._release()
        self._reopened()

    def _create(self, first: bytes) -> None:
        while True:
            path = os.path.join(self._directory, journals.file_name(self.run_id))
            try:
                descriptor = os.open(path, os.O_WRONLY | os.O_APPEND | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, 0o644)
                break
            except FileExistsError:
                continue
        try:
            _lock_shared(descriptor)
            if os.write(descriptor, first) != len(first):
                raise OSError(errno.ENOSPC, "no space left for it")
        except BaseException:
            os.close(descriptor)
            os.unlink(path)
            raise
        self._path, self.descriptor, self._keysets = path, descriptor, {}

    def _release(self) -> None:
        descriptor, self.descriptor, self._keysets = self.descriptor, -1, {}
        if descriptor >= 0:
            try:
                os.close(descriptor)
            except OSError as error:  # the script has closed every descriptor, as daemons do
                _remark("close", f"cannot close {self._path}: {error.strerror}")


def _lock_shared(descriptor: int) -> None:
    """Shows to other containers on this machine that the writer lives; see ``processes.is_gone``."""
    import fcntl

    try:
        fcntl.flock(descriptor, fcntl.LOCK_SH)
    except OSError:
        return  # a file system without locks: the process number has to do


def _remark(topic: str, message: str) -> None:
    from mlops_tui.tracking import remarks  # only now: nearly no script needs it

    remarks.once(topic, message)


def _after_fork() -> None:
    for journal in _open_journals:
        journal.forget()


os.register_at_fork(after_in_child=_after_fork)
