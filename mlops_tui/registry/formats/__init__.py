"""Models as files, in formats that run nothing when they are opened wherever there is one.

``save`` writes a model directory, ``describe`` says what one holds, ``load`` and ``load_version`` open one as
``Loaded``, which predicts the same way whatever the format. ``kinds`` is the table of formats, each one module.
Everything is imported when it is first used (PEP 562): lists of versions ask the table alone.
"""

from __future__ import annotations

TYPE_CHECKING = False
if TYPE_CHECKING:
    from mlops_tui.registry.formats.description import DESCRIPTION_FILE, ModelInfo, describe
    from mlops_tui.registry.formats.loaded import Loaded
    from mlops_tui.registry.formats.loading import load, load_version
    from mlops_tui.registry.formats.saving import save

__all__ = ["DESCRIPTION_FILE", "Loaded", "ModelInfo", "describe", "load", "load_version", "save"]

_HOMES = {
    "DESCRIPTION_FILE": "description",
    "ModelInfo": "description",
    "describe": "description",
    "Loaded": "loaded",
    "load": "loading",
    "load_version": "loading",
    "save": "saving",
}


def __getattr__(name: str) -> object:
    if name not in _HOMES:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    from importlib import import_module

    found: object = getattr(import_module(f"{__name__}.{_HOMES[name]}"), name)
    globals()[name] = found
    return found
