"""A tracking server in a process of its own, as users start it."""

from __future__ import annotations

import os
import re
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path


@dataclass(frozen=True, slots=True)
class Running:
    """A server: its process, address, store and where it keeps artifacts."""

    process: subprocess.Popen[str]
    url: str
    store: str
    artifacts: Path

    @property
    def port(self) -> int:
        return int(self.url.rpartition(":")[2])


@contextmanager
def tracking_server(directory: Path, *options: str) -> Iterator[Running]:
    """A server over a store in a directory, which ends with the context unless it has ended before."""
    store, artifacts = str(directory / "store.db"), directory / "artifacts"
    own = {key: value for key, value in os.environ.items() if not key.startswith(("MLFLOW_", "MLOPS_"))}
    command = [sys.executable, "-m", "mlops_tui", "server", "--port", "0", "--store", store]
    with subprocess.Popen(
        [*command, "--artifacts", str(artifacts), *options], cwd=directory, env=own, stdout=subprocess.PIPE, text=True
    ) as process:
        try:
            assert process.stdout is not None
            said = process.stdout.readline()
            found = re.search(r"http://\S+", said)
            assert found, said
            yield Running(process, found[0], store, artifacts)
        finally:
            process.terminate()
