"""Writes the sample project into a directory, and tells which directories are one."""

from __future__ import annotations

import os
import re

from mlops_store.errors import Refused
from mlops_tui.project import Project

SOURCE = os.path.join(os.path.dirname(os.path.abspath(__file__)), "project")
DEFAULT_DIRECTORY = "mlops-demo"
# Lies in .mlops, so that a copy of the project, which leaves .mlops behind, is the user's own and no demo.
_MARK = "demo"
_IGNORED = {".git", ".DS_Store"}


def is_demo(project: Project) -> bool:
    """Whether ``write`` made this directory."""
    return os.path.exists(os.path.join(project.state_dir, _MARK))


def write(directory: str, *, pace_s: float | None = None) -> Project:
    """Writes the sample project, or completes one that is there; what a person has changed is left as it is.

    Args:
        directory: Made when missing.
        pace_s: Seconds that the training scripts wait after each epoch; the template's value by default.

    Returns:
        The project.

    Raises:
        Refused: The directory holds something else, or cannot be written.
    """
    project = Project(directory)
    if not is_demo(project):
        _require_empty(project.root)
    try:
        os.makedirs(project.state_dir, exist_ok=True)
        _write_text(os.path.join(project.state_dir, ".gitignore"), "*\n")
        _write_text(os.path.join(project.state_dir, _MARK), "written by mlops-tui demo\n")
        _copy(project, pace_s)
    except OSError as error:
        raise Refused(
            f"{project.root} cannot be written ({error.strerror})", "name a directory: mlops-tui demo DIR"
        ) from error
    return project


def _require_empty(root: str) -> None:
    if not os.path.exists(root):
        return
    if not os.path.isdir(root):
        raise Refused(f"{root} is a file", "name a directory: mlops-tui demo DIR")
    if any(name not in _IGNORED for name in os.listdir(root)):
        raise Refused(f"{root} is not empty and not a demo", "name another directory: mlops-tui demo DIR")


def _copy(project: Project, pace_s: float | None) -> None:
    import shutil

    for folder, folders, names in os.walk(SOURCE):
        folders[:] = [name for name in folders if name != "__pycache__"]
        target = os.path.normpath(project.path(os.path.relpath(folder, SOURCE)))
        os.makedirs(target, exist_ok=True)
        for name in names:
            if not os.path.exists(os.path.join(target, name)):
                shutil.copyfile(os.path.join(folder, name), os.path.join(target, name))
    if pace_s is not None:
        _set_pace(project.path("params.yaml"), pace_s)


def _set_pace(path: str, pace_s: float) -> None:
    # by text, not by YAML: the comments are part of what the template teaches
    with open(path, encoding="utf-8") as file:
        text = file.read()
    _write_text(path, re.sub(r"(?m)^pace_s:.*$", f"pace_s: {pace_s:g}", text))


def _write_text(path: str, text: str) -> None:
    part = f"{path}.part"
    with open(part, "w", encoding="utf-8") as file:
        file.write(text)
    os.replace(part, path)
