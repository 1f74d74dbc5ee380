"""What a training script pays: which modules are loaded, seen in a fresh interpreter."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

from tracked import environment

#: Everything that the standard library or a dependency would bring in by accident.
FORBIDDEN = {
    "asyncio", "click", "collections", "contextlib", "dataclasses", "enum", "functools", "hashlib", "inspect",
    "importlib.metadata", "json", "logging", "numpy", "pandas", "pathlib", "psutil", "re", "rich", "sklearn",
    "socket", "sqlite3",
    "sqlite_utils", "subprocess", "tempfile", "textual", "threading", "tomllib", "typing", "uuid", "yaml",
}  # fmt: skip


def loaded(project: Path, code: str) -> set[str]:
    """The modules that a script has loaded beyond those of a bare interpreter."""
    tail = "\nimport sys\nprint('\\n'.join(sys.modules))"
    # -I and -S: what site and the working directory bring in is not ours
    bare, ours = (
        subprocess.run(
            [sys.executable, "-S", "-c", f"import os, sys; sys.path += {sys.path!r}\n{part}{tail}"],
            cwd=project,
            env=environment(project),
            capture_output=True,
            text=True,
            check=True,
        ).stdout.split()
        for part in ("", code)
    )
    return set(ours) - set(bare)


def test_the_import_loads_nothing_but_itself(tmp_path: Path) -> None:
    assert loaded(tmp_path, "import mlops_tui") == {"__future__", "mlops_tui"}


def test_the_first_metric_is_logged_with_a_handful_of_light_modules(tmp_path: Path) -> None:
    code = "import mlops_tui as mlops; mlops.start_run(name='a', params={'lr': 0.1}); mlops.log_metric('a', 1.0)"
    found = loaded(tmp_path, code)
    assert found & FORBIDDEN == set()
    assert len(found) <= 22, sorted(found)


def test_all_of_logging_and_ending_loads_nothing_heavy(tmp_path: Path) -> None:
    code = """
import mlops_tui as mlops
with mlops.start_run():
    mlops.log_params({"lr": 0.1}); mlops.log_metrics({"a": 1.0}); mlops.set_tags({"a": "b"})
    mlops.log_text("hello", "a.txt"); mlops.log_dict({"a": 1}, "a.json"); mlops.log_metric("bad", "x")
"""
    heavy = {
        "asyncio",
        "click",
        "logging",
        "numpy",
        "pandas",
        "psutil",
        "rich",
        "sklearn",
        "sqlite_utils",
        "textual",
        "yaml",
    }
    assert loaded(tmp_path, code) & heavy == set()
