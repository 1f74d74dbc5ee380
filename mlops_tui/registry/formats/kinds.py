"""The table of model formats: what each is called, which library it needs, and whether loading it runs foreign code.

Each format is one module of this package with ``write`` (a model in memory into a directory) and ``read`` (back). The
modules, and the libraries behind them, are imported when first used.
"""

from __future__ import annotations

from dataclasses import dataclass
from importlib import import_module
from types import ModuleType

from mlops_store.errors import Refused, nearest

#: What a model can run when it is loaded.
PICKLE, SOURCE = "pickle", "source"


@dataclass(frozen=True, slots=True)
class Kind:
    """A format.

    Attributes:
        name: As versions keep it (their flavor).
        title: For people.
        module: The module of this package that knows it.
        libraries: What has to be importable to load such a model.
        extra: The extra of mlops-tui that brings them, "" when it always has them.
        runs: ``PICKLE`` or ``SOURCE`` where loading runs what the model brings along, else "".
    """

    name: str
    title: str
    module: str
    libraries: tuple[str, ...] = ()
    extra: str = ""
    runs: str = ""


KINDS: dict[str, Kind] = {
    kind.name: kind
    for kind in (Kind("sklearn", "scikit-learn estimator, through skops", "estimator", ("sklearn", "skops")),)
}


def get(name: str) -> Kind:
    """The format of a name.

    Raises:
        Refused: There is no such format.
    """
    try:
        return KINDS[name]
    except KeyError:
        hint = nearest(name, KINDS) or f"known: {', '.join(KINDS)}"
        raise Refused(f"a model of flavor {name!r} cannot be loaded", hint) from None


def module(kind: Kind) -> ModuleType:
    """The module that knows a format; the libraries that it needs are there.

    Raises:
        Refused: A library is not installed: the message says what to install.
    """
    for library in kind.libraries:
        need(library, kind)
    return import_module(f"mlops_tui.registry.formats.{kind.module}")


def need(library: str, kind: Kind) -> ModuleType:
    """A library, imported.

    Raises:
        Refused: It is not installed, or cannot be imported.
    """
    try:
        return import_module(library)
    except ImportError as error:
        wanted = f"mlops-tui[{kind.extra}]" if kind.extra else library
        raise Refused(
            f"a model of the format {kind.name!r} needs {library} ({error})", f"pip install '{wanted}'"
        ) from error


def runs(name: str) -> str:
    """What loading a version of that flavor would run: ``PICKLE``, ``SOURCE`` or ""."""
    kind = KINDS.get(name)
    return kind.runs if kind else ""


def of(model: object) -> Kind | None:
    """The format that takes a model in memory; None when none does. Imports nothing that the model's own type has not.

    Raises:
        Refused: It is a class and no model.
    """
    if isinstance(model, type):
        raise Refused(f"{model.__name__} is a class, not a fitted model", f"log {model.__name__}(…).fit(…)")
    if type(model).__module__.partition(".")[0] in ("xgboost", "lightgbm"):
        return None
    if any(base.__module__ == "sklearn.base" for base in type(model).__mro__):
        return KINDS["sklearn"]
    return None


def unknown(model: object) -> Refused:
    """Says that no format takes a model."""
    return Refused(
        f"a model of type {type(model).__module__}.{type(model).__qualname__} cannot be logged",
        "supported: estimators and pipelines of scikit-learn; log other kinds with log_artifact",
    )
