"""A Python function as a model: its source as text, run only when somebody who may loads it. Nothing is pickled."""

from __future__ import annotations

import hashlib
import os
from collections.abc import Callable, Sequence
from types import FunctionType

from mlops_store.errors import Refused, nearest
from mlops_tui.registry.formats import environment, sources
from mlops_tui.registry.formats.bundled import Bundle
from mlops_tui.registry.formats.description import ModelInfo
from mlops_tui.registry.formats.loaded import Loaded
from mlops_tui.registry.formats.written import Written, reason

FOLDER = "code"
#: The function that is looked for in a file.
FUNCTION = "predict"

_FOR_MLFLOW = """

def _load_pyfunc(path):
    from types import SimpleNamespace

    return SimpleNamespace(predict=lambda data, params=None: {function}(data))
"""


def write(model: FunctionType, directory: str) -> Written:
    """Writes a function with what it needs of its script, and the project's modules that it imports.

    Raises:
        Refused: It cannot stand alone: the message names what it uses.
    """
    return _written(sources.of_function(model), model.__name__, sources.in_project, directory)


def adopt(path: str, directory: str) -> Written:
    """Describes a Python file that defines ``predict``; it is moved into the code folder with the modules beside it.

    Raises:
        Refused: It is no Python, or defines no such function.
    """
    with open(path, "rb") as file:
        content = file.read()
    try:
        text = content.decode("utf-8")
    except UnicodeDecodeError as error:
        raise Refused(f"{os.path.basename(path)} is no Python ({reason(error)})") from error
    defined = sources.functions(text)
    if FUNCTION not in defined:
        hint = nearest(FUNCTION, defined) or "def predict(frame): …"
        raise Refused(f"{os.path.basename(path)} defines no function {FUNCTION!r}", hint)
    os.unlink(path)
    return _written(text, FUNCTION, sources.below(directory), directory)


def _written(text: str, name: str, find: Callable[[str], str | None], directory: str) -> Written:
    modules, others = sources.local_modules(text, find)
    text += _FOR_MLFLOW.format(function=name)
    # MLflow imports it under its own name: two models in a process need two names
    module = f"{name.lower()}_{hashlib.sha256(text.encode()).hexdigest()[:12]}"
    modules[f"{module}.py"] = text
    for place, content in modules.items():
        target = os.path.join(directory, FOLDER, place)
        os.makedirs(os.path.dirname(target), exist_ok=True)
        with open(target, "w", encoding="utf-8") as file:
            file.write(content)
    entry = f"{FOLDER}/{module}.py"
    flavor = {"loader_module": module, "code": FOLDER, "data": entry}
    return Written(
        entry,
        "function",
        f"{name}()",
        (*environment.distributions_of(others), "pandas"),
        {"python_function": flavor},
        # what was written is what predicts: an object that the script still holds would hide that it is missing
        _opened(directory, module, name),
        {"function": name},
    )


def read(directory: str, info: ModelInfo, trusted: Sequence[str]) -> Loaded:
    """The function. Whoever calls this has been allowed to run the source.

    Raises:
        Refused: The source cannot be run here.
    """
    module = os.path.basename(info.entry).removesuffix(".py")
    function = _opened(directory, module, str(info.options.get("function", FUNCTION)))
    return Loaded(info, function, apply=function)


def _opened(directory: str, module: str, name: str) -> Callable[..., object]:
    root = os.path.join(directory, FOLDER)
    try:
        function: Callable[..., object] = getattr(Bundle(_texts(root)).module(module), name)
    except ImportError as error:
        raise Refused(f"the function needs a module that is not installed here ({reason(error)})") from error
    except Exception as error:  # the source is a person's: it may raise anything
        raise Refused(f"the function's source cannot be run: {type(error).__name__}: {reason(error)}") from error
    return function


def _texts(root: str) -> dict[str, str]:
    """Path below the code folder -> source."""
    found = {}
    for folder, _, names in os.walk(root):
        for name in names:
            if name.endswith(".py"):
                path = os.path.join(folder, name)
                with open(path, encoding="utf-8") as file:
                    found[os.path.relpath(path, root).replace(os.sep, "/")] = file.read()
    return found
