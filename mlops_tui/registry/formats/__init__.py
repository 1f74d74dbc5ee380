"""Models as files, in formats that run nothing when they are opened wherever there is one.

``save`` writes a model directory, ``describe`` says what one holds, ``load`` and ``load_version`` open one as
``Loaded``, which predicts the same way whatever the format. ``kinds`` is the table of formats, each one module.
"""

from mlops_tui.registry.formats.description import DESCRIPTION_FILE, ModelInfo, describe
from mlops_tui.registry.formats.loaded import Loaded
from mlops_tui.registry.formats.loading import load, load_version
from mlops_tui.registry.formats.saving import save

__all__ = ["DESCRIPTION_FILE", "Loaded", "ModelInfo", "describe", "load", "load_version", "save"]
