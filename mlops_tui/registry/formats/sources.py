"""The source of a function, with what it names: other functions and constants of its script, imports, local modules.

A script that trains a model must not run again when the model is loaded, so not its file is kept but what the function
needs of it. Modules of the project that are imported are kept as they are.
"""

from __future__ import annotations

import ast
import dis
import importlib.util
import inspect
import os
import sys
import sysconfig
import textwrap
from collections.abc import Callable, Iterable, Iterator, Sequence
from types import CodeType, FunctionType, ModuleType
from typing import Any

from mlops_store.errors import Refused
from mlops_tui.registry.formats.written import reason

#: More modules, or more text, are no model.
_MOST_MODULES, _MOST_BYTES = 200, 5 << 20


def of_function(function: FunctionType) -> str:
    """A module's source that defines the function, and of its own module only what the function needs.

    Raises:
        Refused: It cannot stand alone: it is a lambda, closes over variables, or uses an object of the script.
    """
    name = function.__name__
    if name == "<lambda>" or function.__qualname__ != name:
        raise Refused(
            f"the function {function.__qualname__} cannot be kept as source", "write it as a def of its module"
        )
    imports: dict[str, str] = {}
    constants: dict[str, str] = {}
    definitions: dict[str, str] = {}
    waiting: list[Any] = [function]
    while waiting:
        item = waiting.pop()
        if item.__name__ in definitions:
            continue
        text = _source(item)
        definitions[item.__name__] = text
        for used in sorted(_used(item, text)):
            space = (
                inspect.unwrap(item).__globals__
                if isinstance(item, FunctionType)
                else vars(sys.modules[item.__module__])
            )
            if used not in space or used in definitions:
                continue
            value = space[used]
            if isinstance(value, ModuleType):
                imports[used] = f"import {value.__name__} as {used}" if used != value.__name__ else f"import {used}"
            elif isinstance(value, FunctionType | type) and value.__module__ == function.__module__:
                waiting.append(value)
            elif _is_importable(value):
                words = value.__name__ if value.__name__ == used else f"{value.__name__} as {used}"
                imports[used] = f"from {value.__module__} import {words}"
            elif _is_constant(value):
                constants[used] = f"{used} = {value!r}"
            else:
                raise Refused(
                    f"{name} uses {used!r}, a {type(value).__name__} that the script made",
                    "log that object as a model, or let the function make what it needs",
                )
    parts = [*sorted(imports.values()), *sorted(constants.values()), *reversed(definitions.values())]
    return "from __future__ import annotations\n\n" + "\n".join(parts) + "\n"


def local_modules(text: str, find: Callable[[str], str | None]) -> tuple[dict[str, str], set[str]]:
    """The modules of the project that a source imports, also through each other, and the names of all others.

    Args:
        text: Python.
        find: The path of a module's source where it is one of the project, else None.

    Returns:
        Path below the code folder -> text; and the top-level names of what is imported from elsewhere.

    Raises:
        Refused: A module cannot be read, or there are too many.
    """
    found: dict[str, str] = {}
    others: set[str] = set()
    waiting = [(text, "")]
    while waiting:
        source, package = waiting.pop()
        for name in _imported(source, package):
            path = find(name)
            if path is None:
                if name.partition(".")[0] not in sys.stdlib_module_names:
                    others.add(name.partition(".")[0])
                continue
            is_package = os.path.basename(path) == "__init__.py"
            place = name.replace(".", "/") + ("/__init__.py" if is_package else ".py")
            if place in found:
                continue
            found[place] = _text(path)
            if len(found) > _MOST_MODULES or sum(map(len, found.values())) > _MOST_BYTES:
                raise Refused("the function's modules are too many to keep", "let it import less of the project")
            waiting.append((found[place], name if is_package else name.rpartition(".")[0]))
    return found, others - {place.partition("/")[0].removesuffix(".py") for place in found}


def in_project(name: str) -> str | None:
    """The path of a module's source where it belongs to the user's project and not to an installed package."""
    if name.partition(".")[0] in sys.stdlib_module_names:
        return None
    try:
        spec = importlib.util.find_spec(name)
    except (ImportError, ValueError, AttributeError):
        return None
    path = getattr(spec, "origin", None)
    if not path or not path.endswith(".py"):
        return None
    installed = {sysconfig.get_path("purelib"), sysconfig.get_path("platlib"), sysconfig.get_path("stdlib")}
    is_installed = any(path.startswith(folder + os.sep) for folder in installed if folder)
    return None if is_installed or "site-packages" in path or "dist-packages" in path else path


def below(folder: str) -> Callable[[str], str | None]:
    """Finds modules that lie in a folder, for ``local_modules``."""
    root = os.path.realpath(folder)

    def find(name: str) -> str | None:
        base = os.path.join(root, *name.split("."))
        for path in (base + ".py", os.path.join(base, "__init__.py")):
            if os.path.isfile(path) and os.path.realpath(path).startswith(root + os.sep):
                return path
        return None

    return find


def functions(text: str) -> tuple[str, ...]:
    """The names of the functions that a source defines.

    Raises:
        Refused: It is no Python.
    """
    return tuple(node.name for node in _tree(text).body if isinstance(node, ast.FunctionDef))


def _source(item: Any) -> str:
    try:
        return textwrap.dedent(inspect.getsource(item))
    except (OSError, TypeError) as error:
        raise Refused(f"the source of {item.__name__} is not known ({reason(error)})", "define it in a file") from error


def _used(item: Any, text: str) -> set[str]:
    """The global names that a function or a class needs; annotations are not evaluated and do not count."""
    tree = _tree(text).body[0]
    if isinstance(tree, ast.FunctionDef) and isinstance(item, FunctionType):
        outside: Sequence[ast.AST] = [
            *tree.decorator_list,
            *tree.args.defaults,
            *(node for node in tree.args.kw_defaults if node),
        ]
        code = inspect.unwrap(item).__code__
        if code.co_freevars:
            raise Refused(f"{item.__name__} uses variables of another function: {', '.join(code.co_freevars)}")
        names = set(_globals(code))
    else:
        outside, names = [tree], set()
    return names | {part.id for node in outside for part in ast.walk(node) if isinstance(part, ast.Name)}


def _globals(code: CodeType) -> Iterator[str]:
    for instruction in dis.get_instructions(code):
        if instruction.opname in ("LOAD_GLOBAL", "LOAD_NAME"):
            yield instruction.argval
    for constant in code.co_consts:
        if isinstance(constant, CodeType):
            yield from _globals(constant)


def _is_importable(value: object) -> bool:
    module, name = getattr(value, "__module__", None), getattr(value, "__name__", None)
    if not isinstance(module, str) or not isinstance(name, str) or module == "__main__":
        return False
    return getattr(sys.modules.get(module), name, None) is value


def _is_constant(value: object) -> bool:
    try:
        return bool(ast.literal_eval(repr(value)) == value)
    except (ValueError, SyntaxError, RecursionError, MemoryError):
        return False


def _imported(text: str, package: str) -> Iterator[str]:
    """The full names of the modules that a source may import, with the packages that they lie in."""
    for node in ast.walk(_tree(text)):
        names: Iterable[str] = ()
        if isinstance(node, ast.Import):
            names = [alias.name for alias in node.names]
        elif isinstance(node, ast.ImportFrom):
            base = node.module or ""
            if node.level:
                above = package.split(".")[: len(package.split(".")) - node.level + 1]
                base = ".".join([*above, *([base] if base else [])])
            names = [base, *(f"{base}.{alias.name}" for alias in node.names)]
        for name in names:
            parts = name.split(".")
            yield from (".".join(parts[:length]) for length in range(1, len(parts) + 1) if all(parts[:length]))


def _text(path: str) -> str:
    try:
        with open(path, encoding="utf-8") as file:
            return file.read(_MOST_BYTES + 1)
    except (OSError, UnicodeDecodeError) as error:
        raise Refused(f"the module {path} cannot be read ({reason(error)})") from error


def _tree(text: str) -> ast.Module:
    try:
        return ast.parse(text)
    except (SyntaxError, ValueError, RecursionError, MemoryError) as error:
        raise Refused(f"the source is no Python ({reason(error)})") from error
