"""Following the store: a server answers with the version that its reference names now, not only when it began.

A thread looks whether anything was committed. Where the reference names another version, that is verified and loaded
beside the old one, and takes its place at once; requests under way keep the old one. What cannot be loaded changes
nothing and is told.
"""

from __future__ import annotations

import gc
import logging
import sys
import threading
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager

from mlops_store import events, model_names, models
from mlops_store.errors import MlopsError, NotFound, StoreError
from mlops_store.store import Store
from mlops_tui.registry.formats import loading
from mlops_tui.serve import served
from mlops_tui.serve.app import Server
from mlops_tui.serve.faults import because
from mlops_tui.serve.served import Served

LOOK_S = 0.2
RETRY_S = 30.0
_END_S = 5.0
#: How long a version that is being loaded keeps the interpreter from those that answer, in seconds.
_TURN_S = 0.0005
_log = logging.getLogger("mlops_tui.serve")


def is_followed(reference: str) -> bool:
    """Whether what a reference names can become another version: by an alias or a stage, not by a number or age.

    Raises:
        UsageError: The text is no reference.
    """
    found = model_names.parse(reference)
    return bool(found.alias or found.stage)


@contextmanager
def _yielding() -> Iterator[None]:
    """Keeps what is done in it from holding up the threads that answer.

    They get the interpreter after a shorter time, and what is there already is not searched for garbage meanwhile: of
    the many objects of a model that search would come again and again, and stop all threads for a tenth of a second.
    """
    before = sys.getswitchinterval()
    sys.setswitchinterval(_TURN_S)
    gc.freeze()
    try:
        yield
    finally:
        gc.unfreeze()
        sys.setswitchinterval(before)


class Follower:
    """Keeps a server at the version that a reference names.

    Args:
        open_store: Opens the store for this alone.
        reference: What was asked to be served.
        trusted: Full names of types to trust, for every version that comes.
        server: Whose model is swapped.
        is_recording: Whether what happens becomes an event of the project; of several workers one is enough.
        look_s: How often is looked whether anything was committed; a look costs microseconds.
        retry_s: After how long what failed is tried again: its file may be back, or its signature made.
        check: Raises where a version that was loaded must not answer.
    """

    def __init__(
        self,
        open_store: Callable[[], Store],
        reference: str,
        trusted: Sequence[str],
        server: Server,
        *,
        is_recording: bool = True,
        look_s: float = LOOK_S,
        retry_s: float = RETRY_S,
        check: Callable[[Served], None] | None = None,
    ) -> None:
        self._open_store = open_store
        self._reference = reference
        self._trusted = tuple(trusted)
        self._server = server
        self._check = check
        self._retry_s = retry_s
        self._look_s = look_s
        self._is_recording = is_recording
        self._failed: str | None = None
        self._retry_at = 0.0
        self._said = ""
        self._ending = threading.Event()
        self._thread = threading.Thread(target=self._run, name="follow", daemon=True)

    def __enter__(self) -> Follower:
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        """Follows no longer; a version that takes long to load is left behind."""
        self._ending.set()
        self._thread.join(_END_S)

    def _run(self) -> None:
        store: Store | None = None
        seen = -1
        while not self._ending.wait(self._look_s):
            try:
                store = store or self._open_store()
                now = store.data_version()
                if now != seen or (self._failed is not None and self._is_to_try(self._failed)):
                    self._look(store)
                    seen = now
            except StoreError as error:
                self._say(f"the store cannot be read, and {self._server.served.title} goes on: {error.message}")
        if store is not None:
            store.close()

    def _look(self, store: Store) -> None:
        try:
            version = models.resolve(store.read(), self._reference)
        except NotFound as error:
            if self._is_to_try(""):
                self._keep(store, "", f"{self._reference} is gone", error)
            return
        current = self._server.served
        wanted = f"{version.version} {version.stage} {version.digest}"
        if current.is_of(version):
            self._settle()
        elif self._is_to_try(wanted):
            try:
                with _yielding():
                    found = served.of_version(store, version, self._trusted)
                if self._check is not None:
                    self._check(found)
            except StoreError:
                raise
            except Exception as error:  # whatever a library raises on a file that it cannot read
                self._keep(store, wanted, f"version {version.version} cannot be served", error)
            else:
                self._take(store, current, found)
            finally:
                loading.forget()  # the server holds what it needs

    def _is_to_try(self, wanted: str) -> bool:
        return wanted != self._failed or time.monotonic() > self._retry_at

    def _settle(self) -> None:
        self._failed, self._said = None, ""
        self._server.metrics.is_behind = 0

    def _take(self, store: Store, before: Served, found: Served) -> None:
        self._server.metrics.swaps += 1  # who sees its answers sees it counted
        self._settle()
        self._server.swap(found)
        if before.version == found.version:  # only its stage is another one
            return
        message = f"{self._reference} is served by version {found.version} now, no longer by version {before.version}"
        _log.info("%s", message)
        self._record(store, "serve.swapped", found.version, message)

    def _keep(self, store: Store, wanted: str, what: str, error: Exception) -> None:
        self._server.metrics.failed_swaps += 1
        self._server.metrics.is_behind = 1
        self._failed, self._retry_at = wanted, time.monotonic() + self._retry_s
        current = self._server.served.version
        reason = error.message if isinstance(error, MlopsError) else f"{type(error).__name__}: {because(error)}"
        message = f"{what}, and version {current} goes on: {reason}"
        if self._say(message):
            self._record(store, "serve.kept", current, message)

    def _say(self, message: str) -> bool:
        """Tells of what is wrong; False when that was told already."""
        is_new = message != self._said
        if is_new:
            self._said = message
            _log.warning("%s", message)
        return is_new

    def _record(self, store: Store, kind: str, version: str, message: str) -> None:
        """Writes an event down where the store lets that be done."""
        if not self._is_recording:
            return
        subject = f"model:{self._server.served.name}/{version}"
        try:
            with store.write() as db:
                events.add(db, kind, subject, message, {"reference": self._reference})
        except StoreError as error:
            _log.warning("the event could not be recorded: %s", error.message)
