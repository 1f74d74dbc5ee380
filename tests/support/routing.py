"""A router in a process of its own, as a person starts it, and what it says of itself."""

from __future__ import annotations

import re
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import NamedTuple

from mlops_store import traffic_routers
from mlops_store.records import Router
from mlops_store.store import Store

_SMALL = Path(__file__).with_name("small_versions.py")


class Running(NamedTuple):
    process: subprocess.Popen[str]
    port: int


@contextmanager
def routed(project: Path, model: str, *arguments: str, is_small: bool = False) -> Iterator[Running]:
    """A router with its port, until the context ends; ``is_small``: in front of the servers of ``small_versions``."""
    words = [str(_SMALL), str(project), model] if is_small else ["-m", "mlops_tui", "route", model, "--port", "0"]
    process = subprocess.Popen(
        [sys.executable, *words, *arguments], cwd=project, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
    )
    said: list[str] = []
    try:
        assert process.stdout is not None
        assert process.stderr is not None
        found = re.search(r":(\d+)$", process.stdout.readline().strip())
        assert found, process.communicate(timeout=30)
        # a full pipe would hold the router up
        threading.Thread(target=said.extend, args=(process.stderr,), daemon=True).start()
        yield Running(process, int(found[1]))
    finally:
        process.terminate()
        try:
            process.wait(timeout=60)
        finally:
            process.kill()
            print("".join(said))  # shown where a test fails


def until(is_so: Callable[[], bool], limit_s: float = 60.0) -> None:
    """Waits until something is so."""
    deadline = time.monotonic() + limit_s
    while not is_so():
        assert time.monotonic() < deadline
        time.sleep(0.01)


def router(store: Store, model: str) -> Router:
    """What the router says of itself."""
    (found,) = traffic_routers.running(store.read(), model)
    return found


def until_arms(store: Store, model: str, arms: Mapping[str, str]) -> None:
    """Waits until the router has these servers in these states."""
    until(lambda: any(one.arms == arms for one in traffic_routers.running(store.read(), model)))
