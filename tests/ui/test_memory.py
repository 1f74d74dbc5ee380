"""Memory that threads took and let go of is given back to the system."""

from __future__ import annotations

import subprocess
import sys

import pytest

_PROGRAM = """
import threading, psutil
from mlops_tui.ui import memory

memory.restrain()

def take():
    kept = []
    for _ in range(4):
        kept.append([bytes(2000) for _ in range(8000)])
    kept.append(bytes(1))
    del kept[:4]

before = psutil.Process().memory_info().rss
threads = [threading.Thread(target=take) for _ in range(4)]
for thread in threads: thread.start()
for thread in threads: thread.join()
memory.tidy_up()
print((psutil.Process().memory_info().rss - before) / 1e6)
"""


@pytest.mark.skipif(sys.platform != "linux", reason="the C library of Linux is asked")
def test_what_threads_took_and_let_go_of_is_given_back() -> None:
    ended = subprocess.run([sys.executable, "-c", _PROGRAM], capture_output=True, text=True, check=True)
    assert float(ended.stdout) < 20  # of some 250
