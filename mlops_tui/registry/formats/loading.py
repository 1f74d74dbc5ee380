"""From the files of a model to something that predicts, whatever the format; nothing runs that was not allowed."""

from __future__ import annotations

import tempfile
import threading
from collections import OrderedDict
from collections.abc import Sequence

from mlops_store.errors import NotFound, Refused
from mlops_store.records import ModelVersion
from mlops_store.store import Store
from mlops_tui.registry import signing
from mlops_tui.registry.files import materialize
from mlops_tui.registry.formats import kinds
from mlops_tui.registry.formats.description import ModelInfo, describe
from mlops_tui.registry.formats.loaded import Loaded

_CACHED_MODELS = 4


def load(
    directory: str, *, trusted: Sequence[str] = (), allow_pickle: bool = False, allow_source: bool = False
) -> Loaded:
    """The model in a directory, after the digests of its files and what it would run were checked.

    Args:
        directory: As ``save`` wrote it.
        trusted: Full names of types to trust besides those that are always trusted (scikit-learn's own).
        allow_pickle: Whether a pickle may be loaded, which runs whatever its author wanted.
        allow_source: Whether source code that the model brings along may be run.

    Raises:
        NotFound: The directory holds no model.
        Refused: A file was changed, is not of its format, holds types that are not trusted (they are named), would run
            what is not allowed, or a library is missing.
    """
    info = describe(directory)
    kind = kinds.get(info.flavor)
    _require_unchanged(directory, info)
    allowed = {kinds.PICKLE: allow_pickle, kinds.SOURCE: allow_source}
    if not allowed.get(kind.runs, True):
        raise kinds.not_allowed(kind.runs)
    loaded: Loaded = kinds.module(kind).read(directory, info, trusted)
    return loaded


_loaded: OrderedDict[tuple[str, tuple[str, ...], tuple[str, ...]], Loaded] = OrderedDict()
_loading = threading.Lock()


def load_version(store: Store, version: ModelVersion, *, trusted: Sequence[str] = ()) -> Loaded:
    """The model of a registered version, verified against its digest; the last few stay in memory.

    A pickle or source code is run, and types of the user's own are trusted, only where that was allowed when the
    version was registered.

    Raises:
        Refused: A file is gone or changed, a type in it is not trusted (see ``load``), or the version's stage enforces
            signatures and it has none that is valid.
        NotFound: The version holds files of another kind than models.
    """
    if not version.lineage.get("files"):
        raise NotFound(
            f"{version.model}/{version.version} has no files here, only the name of their place: {version.source}",
            "register a model whose files are here",
        )
    allowed = consent(version)
    runs = kinds.runs(version.flavor)
    if runs and runs not in allowed:
        raise Refused(
            kinds.not_allowed(runs).message,
            f"when you know where it comes from: mlops-tui models allow {version.model} {version.version} {runs}",
        )
    trusted = (*trusted, *map(str, version.lineage.get("trusted", ())))
    key = (version.digest, tuple(sorted(trusted)), allowed)
    with _loading:
        if key in _loaded:
            signing.admit(store, version)  # what is in memory may be the same files of another version
        else:
            with tempfile.TemporaryDirectory(prefix="mlops-model-") as directory:
                materialize(store, version, directory)
                _loaded[key] = load(
                    directory,
                    trusted=trusted,
                    allow_pickle=kinds.PICKLE in allowed,
                    allow_source=kinds.SOURCE in allowed,
                )
            if len(_loaded) > _CACHED_MODELS:
                _loaded.popitem(last=False)
        _loaded.move_to_end(key)
        return _loaded[key]


def forget() -> None:
    """Drops the models that stay in memory for ``load_version``; whoever uses one keeps it."""
    with _loading:
        _loaded.clear()


def consent(version: ModelVersion) -> tuple[str, ...]:
    """What the person who registered a version allowed it to run: ``kinds.PICKLE``, ``kinds.SOURCE``."""
    allowed = version.lineage.get("allowed", ())
    return tuple(sorted(map(str, allowed))) if isinstance(allowed, list | tuple) else ()


def _require_unchanged(directory: str, info: ModelInfo) -> None:
    for name, digest in {info.entry: "", **info.listed}.items():
        if name not in info.files:
            raise Refused(f"the model's file {name!r} is missing in {directory}", "copy the whole directory again")
        if info.files[name][0] != digest:
            raise Refused(f"the model's file {name!r} was changed after it was saved", "copy the directory again")
