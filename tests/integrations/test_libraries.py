"""Modules for libraries: loaded when they are used, and clear about what is missing."""

from __future__ import annotations

import subprocess
import sys

import pytest

_BLOCKED = """
import sys
sys.modules[{library!r}] = None
import mlops_tui
print(hasattr(mlops_tui, {name!r}), {name!r} in dir(mlops_tui))
try:
    mlops_tui.{name}
except AttributeError as error:
    print(error)
"""


@pytest.mark.parametrize("name", ["keras", "transformers"])
def test_a_library_that_is_missing_is_named_with_what_to_install(name: str) -> None:
    code = _BLOCKED.format(library=name, name=name)
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, timeout=60)
    assert done.stdout.splitlines() == ["False True", f"mlops_tui.{name} needs {name}: pip install {name}"]


def test_the_module_for_scikit_learn_loads_it_with_the_first_call_only() -> None:
    code = "import sys, mlops_tui; mlops_tui.sklearn; print('sklearn' in sys.modules)\n"
    code += "mlops_tui.sklearn.autolog(); print('sklearn' in sys.modules)"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, timeout=120)
    assert done.stdout == "False\nTrue\n", done.stderr
