"""Which ``python`` the stages of a pipeline find.

An ordinary ``dvc.yaml`` says ``python train.py``. Started as ``.venv/bin/mlops-tui`` without activating the
environment, that word would find another interpreter or none. So a run acts as if the environment that mlops-tui
is installed in were activated, except where that is surely wrong: another environment is active, or mlops-tui was
installed as a stand-alone tool (pipx, uv tool). The demo, whose scripts need nothing else, always uses our own.
"""

from __future__ import annotations

import os
import sys
from collections.abc import Mapping

from mlops_tui.demo.template import is_demo
from mlops_tui.project import Project

_TOOL_RECEIPTS = ("pipx_metadata.json", "uv-receipt.toml")


def prefer_own_interpreter(project: Project) -> None:
    """Changes this process's PATH, which a supervisor inherits, where the rule above says so."""
    own = os.path.dirname(os.path.abspath(sys.executable))
    if is_demo(project) or is_environment_wanted(os.environ, sys.prefix, sys.base_prefix):
        os.environ["PATH"] = preferred(os.environ.get("PATH", os.defpath), own)


def is_environment_wanted(environ: Mapping[str, str], prefix: str, base_prefix: str) -> bool:
    """Whether stages shall find the interpreter of the virtual environment that this program is part of.

    Args:
        environ: The process's environment variables.
        prefix: ``sys.prefix``.
        base_prefix: ``sys.base_prefix``; differs from ``prefix`` in a virtual environment.
    """
    is_other_active = bool(environ.get("VIRTUAL_ENV") or environ.get("CONDA_PREFIX"))
    is_tool = any(os.path.exists(os.path.join(prefix, receipt)) for receipt in _TOOL_RECEIPTS)
    return prefix != base_prefix and not is_other_active and not is_tool


def preferred(path: str, directory: str) -> str:
    """A PATH that looks into ``directory`` first."""
    others = [entry for entry in path.split(os.pathsep) if entry != directory]
    return os.pathsep.join([directory, *others])
