"""What a folder has to have installed: exact versions, those that the model was made with before any others."""

from __future__ import annotations

from collections.abc import Mapping
from importlib import metadata

from packaging.utils import canonicalize_name

from mlops_store.errors import Refused
from mlops_tui.registry.formats import environment

#: What the server itself imports, whatever the model is.
SERVER = ("click", "httptools", "numpy", "pandas", "psutil", "pyarrow", "pyyaml", "starlette", "uvicorn")


def locked(recorded: Mapping[str, str], of_run: Mapping[str, str]) -> dict[str, str]:
    """Name -> version of all that the folder needs, by name.

    Args:
        recorded: The packages that the model needs, with the versions that it was made with.
        of_run: All packages of the run that made it: they say the versions of what those need in their turn.

    Raises:
        Refused: A part of the server is not installed here, so that nothing says its version.
    """
    for name in SERVER:
        try:
            metadata.version(name)
        except metadata.PackageNotFoundError as error:
            raise Refused(
                f"{name} is not installed, so its version cannot be locked", "pip install 'mlops-tui[serve]'"
            ) from error
    run = {str(canonicalize_name(name)): version for name, version in of_run.items()}
    model = environment.locked(recorded)
    made_with = {name: run.get(name, version) for name, version in model.items()}
    own = {str(canonicalize_name(name)): version for name, version in recorded.items()}
    return dict(sorted({**environment.locked(SERVER), **made_with, **own}.items()))
