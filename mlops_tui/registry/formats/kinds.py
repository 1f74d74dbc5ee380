"""The table of model formats: what each is called, which library it needs, and whether loading it runs foreign code.

Each format is one module of this package with ``write`` (a model in memory into a directory) and ``read`` (back). The
modules, and the libraries behind them, are imported when first used.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from types import FunctionType, ModuleType

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
        suffixes: How the names of its files end; empty where a single file is no model.
        predicts: Whether it holds what predicts, and not only numbers.
    """

    name: str
    title: str
    module: str
    libraries: tuple[str, ...] = ()
    extra: str = ""
    runs: str = ""
    suffixes: tuple[str, ...] = ()
    predicts: bool = True


KINDS: dict[str, Kind] = {
    kind.name: kind
    for kind in (
        Kind("sklearn", "scikit-learn through skops", "estimator", ("sklearn", "skops"), suffixes=(".skops",)),
        Kind("xgboost", "XGBoost's own JSON", "xgboost", ("xgboost",), "xgboost", suffixes=(".ubj", ".json")),
        Kind("lightgbm", "LightGBM's own text", "lightgbm", ("lightgbm",), "lightgbm", suffixes=(".lgb", ".txt")),
        Kind("onnx", "ONNX", "onnx", ("onnx", "onnxruntime"), "onnx", suffixes=(".onnx",)),
        Kind("safetensors", "tensors", "safetensors", ("safetensors",), "safetensors", "", (".safetensors",), False),
        Kind("function", "a Python function as source", "function", runs=SOURCE, suffixes=(".py",)),
        Kind("pickle", "a pickle", "pickled", ("joblib",), runs=PICKLE, suffixes=(".pkl", ".pickle", ".joblib")),
        Kind("pyfunc-source", "MLflow's model from code", "pyfunc", ("mlflow",), runs=SOURCE),
        Kind("pyfunc-pickle", "MLflow's model with a pickle", "pyfunc", ("mlflow",), runs=PICKLE),
    )
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


def not_served(name: str) -> Refused:
    """Says that a model of a format has nothing that predicts."""
    return Refused(f"a model of the format {name!r} cannot be served", "it holds no code that predicts")


def module(kind: Kind) -> ModuleType:
    """The module that knows a format; the libraries that it needs are there.

    Raises:
        Refused: A library is not installed: the message says what to install.
    """
    for library in kind.libraries:
        need(library, kind)
    from importlib import import_module

    return import_module(f"mlops_tui.registry.formats.{kind.module}")


def need(library: str, kind: Kind) -> ModuleType:
    """A library, imported.

    Raises:
        Refused: It is not installed, or cannot be imported.
    """
    from importlib import import_module

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
    top = type(model).__module__.partition(".")[0]
    if top in ("xgboost", "lightgbm", "onnx"):
        return KINDS[top]
    if isinstance(model, FunctionType):
        return KINDS["function"]
    if isinstance(model, Mapping):
        is_named = model and all(isinstance(name, str) and hasattr(value, "dtype") for name, value in model.items())
        return KINDS["safetensors"] if is_named else None
    if any(base.__module__ == "sklearn.base" for base in type(model).__mro__):
        return KINDS["sklearn"]
    return None


def mark(name: str) -> str:
    """What a person must know of versions of that flavor, in a few words; "" for formats that run nothing."""
    return {PICKLE: "pickle: runs its author's code", SOURCE: "runs the source that it brings"}.get(runs(name), "")


def not_allowed(what: str) -> Refused:
    """Says that loading would run something that nobody allowed.

    Args:
        what: ``PICKLE`` or ``SOURCE``.
    """
    if what == PICKLE:
        message = "the model is a pickle, which runs its author's code when it is loaded"
    else:
        message = "the model is source code, which runs when it is loaded"
    return Refused(message, f"when you know where it comes from: --allow-{what}, or allow_{what}=True")


def unknown(model: object) -> Refused:
    """Says that no format takes a model."""
    if any(base.__module__.startswith("torch.nn") for base in type(model).__mro__):
        return Refused("a module of torch cannot be logged as it is", "log its tensors: log_model(model.state_dict())")
    return Refused(
        f"a model of type {type(model).__module__}.{type(model).__qualname__} cannot be logged",
        "supported: scikit-learn, XGBoost, LightGBM, ONNX, named tensors, a function; any other with allow_pickle=True",
    )
