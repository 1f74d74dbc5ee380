"""A program of the user's must say yes: it exits with 0."""

from __future__ import annotations

import hashlib
import os
import signal
import subprocess
import tempfile
from collections.abc import Mapping
from typing import Any

from mlops_store.errors import Refused
from mlops_tui.quantities import time_text
from mlops_tui.registry.files import materialize, model_digest, scan
from mlops_tui.registry.gates.candidate import Candidate, Finding

#: Seconds that a program gets where nothing is configured.
TIMEOUT_S = 600.0
#: Bytes of its output that are kept.
KEPT_BYTES = 4000


def inputs(candidate: Candidate, options: Mapping[str, Any]) -> Mapping[str, Any]:
    """The model's files, the holder, and the content of the files that the gate says it depends on."""
    return {
        "digest": candidate.version.digest,
        "holder": candidate.holder.digest if candidate.holder else None,
        "deps": {path: _digest(candidate.root, path) for path in options.get("deps", ())},
    }


def find(candidate: Candidate, options: Mapping[str, Any]) -> Finding:
    """Runs it in the project's directory, with the model's files in a folder of their own.

    The program finds the folder in ``MLOPS_MODEL_DIR``, and what it is to judge in ``MLOPS_MODEL``, ``MLOPS_VERSION``,
    ``MLOPS_STAGE`` and ``MLOPS_HOLDER`` (a version's number, or empty).
    """
    version, timeout_s = candidate.version, options.get("timeout", TIMEOUT_S)
    with tempfile.TemporaryDirectory(prefix="mlops-gate-") as directory:
        materialize(candidate.store, version, directory)
        environment = {
            **os.environ,
            "MLOPS_MODEL": version.model,
            "MLOPS_VERSION": str(version.version),
            "MLOPS_STAGE": candidate.stage,
            "MLOPS_HOLDER": str(candidate.holder.version) if candidate.holder else "",
            "MLOPS_MODEL_DIR": directory,
        }
        with tempfile.TemporaryFile() as written:
            try:
                process = subprocess.Popen(
                    options["command"],
                    cwd=candidate.root,
                    env=environment,
                    stdin=subprocess.DEVNULL,
                    stdout=written,
                    stderr=subprocess.STDOUT,
                    start_new_session=True,
                )
            except OSError as error:
                raise Refused(f"{options['command'][0]!r} cannot be run: {error.strerror}") from error
            try:
                code: int | None = process.wait(timeout_s)
            except subprocess.TimeoutExpired:
                code = None
            finally:
                _end(process)
            output = _tail(written)
    facts = {"exit_code": code, "output": output}
    said = next((line.strip() for line in reversed(output.splitlines()) if line.strip()), "")
    if code is None:
        return Finding(False, f"was stopped after {time_text(timeout_s)}", facts)
    if code:
        return Finding(False, f"exit code {code}" + (f": {said[:200]}" if said else ""), facts)
    return Finding(True, said[:200] or "exit code 0", facts)


def _end(process: subprocess.Popen[bytes]) -> None:
    """Ends whatever it has left behind, too."""
    try:
        os.killpg(process.pid, signal.SIGKILL)
    except ProcessLookupError:
        return
    finally:
        process.wait()


def _tail(written: Any) -> str:
    size = written.seek(0, os.SEEK_END)
    written.seek(max(0, size - KEPT_BYTES))
    return bytes(written.read()).decode("utf-8", "replace")


def _digest(root: str, path: str) -> str:
    full = os.path.join(root, path)
    try:
        if os.path.isdir(full):
            return model_digest({name: digest for name, (digest, _) in scan(full).items()})
        with open(full, "rb") as file:
            return hashlib.file_digest(file, "sha256").hexdigest()
    except OSError as error:
        raise Refused(f"{path!r}, which the gate depends on, cannot be read: {error.strerror}") from error
