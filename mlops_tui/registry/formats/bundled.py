"""Runs the source that a model brings along, with modules of its own that no other import sees.

Two versions of a model may each bring a ``features.py``, and neither may replace the project's.
"""

from __future__ import annotations

import builtins
import importlib.util
from collections.abc import Mapping, Sequence
from types import ModuleType
from typing import Any


class Bundle:
    """Modules that are made from texts.

    Args:
        texts: Path below the code folder, such as ``features/mean.py`` -> source.
    """

    def __init__(self, texts: Mapping[str, str]) -> None:
        self._texts = texts
        self._modules: dict[str, ModuleType] = {}
        self._builtins = {**vars(builtins), "__import__": self._import}

    def module(self, name: str) -> ModuleType:
        """A module of the bundle, run when first asked for; whatever its code raises is raised.

        Raises:
            ModuleNotFoundError: The bundle has none of that name.
        """
        if name in self._modules:
            return self._modules[name]
        parent, _, last = name.rpartition(".")
        if parent:
            self.module(parent)
        place = self._place(name)
        if place is None and not self._is_folder(name):
            raise ModuleNotFoundError(f"the model brings no module {name!r}", name=name)
        module = ModuleType(name)
        module.__package__ = name if place is None or place.endswith("__init__.py") else parent
        module.__dict__["__builtins__"] = self._builtins
        self._modules[name] = module
        if place is not None:
            module.__file__ = place
            try:
                exec(compile(self._texts[place], place, "exec"), module.__dict__)  # noqa: S102 it was allowed
            except BaseException:
                del self._modules[name]
                raise
        if parent:
            setattr(self._modules[parent], last, module)
        return module

    def _place(self, name: str) -> str | None:
        path = name.replace(".", "/")
        return next((place for place in (f"{path}.py", f"{path}/__init__.py") if place in self._texts), None)

    def _is_folder(self, name: str) -> bool:
        return any(place.startswith(name.replace(".", "/") + "/") for place in self._texts)

    def _import(
        self,
        name: str,
        globals: Mapping[str, Any] | None = None,  # noqa: A002 the names of __import__
        locals: Mapping[str, Any] | None = None,  # noqa: A002
        fromlist: Sequence[str] = (),
        level: int = 0,
    ) -> ModuleType:
        full = (
            importlib.util.resolve_name("." * level + name, str((globals or {}).get("__package__"))) if level else name
        )
        top = full.partition(".")[0]
        if self._place(top) is None and not self._is_folder(top):
            return builtins.__import__(name, globals, locals, fromlist, level)
        module = self.module(full)
        if not fromlist:
            return module if level else self.module(top)
        for item in fromlist or ():
            if not hasattr(module, item) and (self._place(f"{full}.{item}") or self._is_folder(f"{full}.{item}")):
                self.module(f"{full}.{item}")
        return module
