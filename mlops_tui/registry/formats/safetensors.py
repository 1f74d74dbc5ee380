"""Named tensors in a ``.safetensors`` file: numbers only. Nothing in it predicts."""

from __future__ import annotations

import os
from collections.abc import Mapping, Sequence
from importlib import import_module
from typing import Any

from mlops_store.errors import Refused
from mlops_tui.registry.formats.description import ModelInfo
from mlops_tui.registry.formats.loaded import Loaded
from mlops_tui.registry.formats.written import Written, reason

MODEL_FILE = "model.safetensors"


def write(model: Mapping[str, Any], directory: str) -> Written:
    """Writes a dictionary of numpy arrays or of torch's tensors, such as a ``state_dict``.

    Raises:
        Refused: A tensor cannot be written: it shares memory with another, say.
    """
    path = os.path.join(directory, MODEL_FILE)
    is_torch = any(type(value).__module__.partition(".")[0] == "torch" for value in model.values())
    library = import_module("safetensors.torch" if is_torch else "safetensors.numpy")
    try:
        library.save_file(dict(model), path)
    except Exception as error:  # the library's own, and torch's
        raise Refused(f"the tensors cannot be written ({reason(error)})", "give arrays of numbers by name") from error
    return adopt(path, directory, ("torch",) if is_torch else ("numpy",))


def adopt(path: str, directory: str, distributions: tuple[str, ...] = ("numpy",)) -> Written:
    """Describes a file that was copied into a directory.

    Raises:
        Refused: It is damaged or of another kind.
    """
    library = import_module("safetensors")
    try:
        with library.safe_open(path, framework="np") as file:
            shapes = [file.get_slice(name).get_shape() for name in file.keys()]  # noqa: SIM118 it is no mapping
    except Exception as error:
        raise _damaged(path, error) from error
    count = sum(_product(shape) for shape in shapes)
    summary = f"{len(shapes)} tensors, {count:,} numbers"
    distributions = ("safetensors", *distributions)
    return Written(os.path.relpath(path, directory), "safetensors", summary, distributions, {}, None)


def read(directory: str, info: ModelInfo, trusted: Sequence[str]) -> Loaded:
    """The tensors by name: numpy's arrays, or torch's tensors where numpy has no such type of number.

    Raises:
        Refused: The file is damaged or of another kind.
    """
    path = os.path.join(directory, info.entry)
    try:
        try:
            tensors = import_module("safetensors.numpy").load_file(path)
        except (KeyError, TypeError, AttributeError):  # bfloat16 and its like
            tensors = import_module("safetensors.torch").load_file(path)
    except ImportError as error:
        raise Refused("the tensors are of a type that numpy does not have", "pip install torch") from error
    except Exception as error:
        raise _damaged(path, error) from error
    return Loaded(info, tensors, apply=None)


def _damaged(path: str, error: Exception) -> Refused:
    return Refused(f"{os.path.basename(path)} is damaged or no safetensors file ({reason(error)})")


def _product(shape: Sequence[int]) -> int:
    count = 1
    for size in shape:
        count *= size
    return count
