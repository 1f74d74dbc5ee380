"""A program of the user's must say yes: it exits with 0."""

from __future__ import annotations

import hashlib
import os
import select
import signal
import subprocess
import tempfile
import time
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
#: Seconds between two looks at a program that writes nothing.
_LOOK_S = 0.05
_BLOCK_BYTES = 1 << 16
#: Blocks that are read after the program has ended, of what it or what it left behind has written.
_REST_BLOCKS = 32


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
        try:
            process = subprocess.Popen(
                options["command"],
                cwd=candidate.root,
                env=environment,
                stdin=subprocess.DEVNULL,
                stdout=subprocess.PIPE,
                stderr=subprocess.STDOUT,
                start_new_session=True,
            )
        except OSError as error:
            raise Refused(f"{options['command'][0]!r} cannot be run: {error.strerror}") from error
        try:
            code, written = _followed(process, timeout_s)
        finally:
            _end(process)
    output = written.decode("utf-8", "replace")
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


def _followed(process: subprocess.Popen[bytes], timeout_s: float) -> tuple[int | None, bytes]:
    """The exit code, None after too long a time, and the last of what was written.

    Read as it is written, so that a program that never stops writing fills no disk; and only as long as the program
    itself lives, for what it leaves behind may hold the pipe open for ever.
    """
    assert process.stdout is not None
    deadline, kept, rest = time.monotonic() + timeout_s, b"", _REST_BLOCKS
    is_open, ready = True, select.poll()
    with process.stdout as pipe:
        ready.register(pipe, select.POLLIN)
        while True:
            code = process.poll()
            patience_s = 0.0 if code is not None else max(0.0, min(_LOOK_S, deadline - time.monotonic()))
            if is_open and rest and ready.poll(patience_s * 1000):
                block = os.read(pipe.fileno(), _BLOCK_BYTES)
                kept, is_open, rest = (kept + block)[-KEPT_BYTES:], bool(block), rest - (code is not None)
            elif code is not None:
                return code, kept
            elif not is_open:
                time.sleep(patience_s)
            if code is None and time.monotonic() >= deadline:
                return None, kept


def _digest(root: str, path: str) -> str:
    full = os.path.join(root, path)
    try:
        if os.path.isdir(full):
            return model_digest({name: digest for name, (digest, _) in scan(full).items()})
        with open(full, "rb") as file:
            return hashlib.file_digest(file, "sha256").hexdigest()
    except OSError as error:
        raise Refused(f"{path!r}, which the gate depends on, cannot be read: {error.strerror}") from error
