"""What the command line loads, seen in a fresh interpreter: the static import graph cannot see deferred imports."""

from __future__ import annotations

import re
import subprocess
import sys
from pathlib import Path

import pytest

import mlops_tui
from mlops_store import ids, runs
from mlops_store.store import Store

HEAVY = {"pandas", "numpy", "scipy", "sklearn", "skops", "pyarrow", "textual", "rich", "sqlite_utils", "watchdog"}
_CALL = """
import sys
from mlops_tui.cli import main
code = main(sys.argv[1:])
sys.stderr.write("\\nloaded " + " ".join(sorted(name.partition(".")[0] for name in sys.modules)))
sys.exit(code)
"""


@pytest.fixture
def directory(tmp_path: Path) -> Path:
    """A project whose store is up to date and has a run."""
    with Store(str(tmp_path / ".mlops" / "store.db")) as store, store.write() as db:
        runs.create(db, run_id=ids.new_id(), name="a", experiment="e", started_at=1e9)
    (tmp_path / "dvc.yaml").write_text("stages:\n  hello:\n    cmd: echo hello\n")
    return tmp_path


def loaded(directory: Path, *arguments: str) -> set[str]:
    done = subprocess.run(
        [sys.executable, "-c", _CALL, *arguments], cwd=directory, capture_output=True, text=True, timeout=60
    )
    assert done.returncode == 0, done.stderr
    return set(done.stderr.rpartition("\nloaded ")[2].split())


@pytest.mark.parametrize(
    "arguments",
    [
        ("--version",),
        ("--help",),
        ("runs", "list"),
        ("runs", "list", "--json", "--filter", "metrics.auc > 0.5"),
        ("runs", "show", "a"),
        ("models", "list"),
        ("data", "list"),
        ("drift", "list"),
        ("events",),
        ("status",),
        ("init", "--dry-run"),
        ("completion", "bash"),
        ("run", "--dry-run"),
        ("run",),
        ("logs",),
        ("checkout",),
    ],
    ids=" ".join,
)
def test_a_verb_loads_nothing_heavy(directory: Path, arguments: tuple[str, ...]) -> None:
    if arguments == ("logs",):
        loaded(directory, "run")
    assert loaded(directory, *arguments) & HEAVY == set()


def test_a_graph_is_drawn_without_the_interface(directory: Path) -> None:
    assert loaded(directory, "pipeline", "graph") & HEAVY <= {"rich"}  # measures how wide characters are


def test_the_command_line_itself_loads_no_store_and_no_interface() -> None:
    code = "import sys, mlops_tui.cli; sys.exit('click' in sys.modules or 'mlops_store' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", code], timeout=60).returncode == 0


def test_no_screen_loads_what_only_checks_need() -> None:
    code = (
        "import sys, importlib\n"
        "from mlops_tui.ui.places import DESTINATIONS\n"
        "for one in DESTINATIONS.values():\n"
        "    importlib.import_module('mlops_tui.ui.screens.' + one.source.partition(':')[0])\n"
        "sys.exit(' '.join({'numpy', 'pandas', 'scipy', 'sklearn', 'pyarrow'} & set(sys.modules)))"
    )
    done = subprocess.run([sys.executable, "-c", code], timeout=60, capture_output=True, text=True)
    assert done.stderr.strip() == ""


def test_no_process_runs_a_module_of_the_working_directory_for_one_of_the_standard_library() -> None:
    started = re.compile(r'sys\.executable\)?,\s*"(-\w)"')
    for file in sorted(Path(mlops_tui.__file__).parent.rglob("*.py")):
        if file.parent.name != "demo":
            assert "-m" not in started.findall(file.read_text("utf-8")), f"{file} starts python -m without -P"
