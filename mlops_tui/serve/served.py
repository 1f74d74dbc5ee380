"""The model that is served: found by its name in the registry or by its folder, verified, and loaded.

The one place where serving loads a model: whatever has to be checked before is checked here.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from mlops_tui.serve import joining, schemas
from mlops_tui.serve.schemas import Schema

if TYPE_CHECKING:
    from mlops_store.records import ModelVersion
    from mlops_store.store import Store
    from mlops_tui.registry.formats import Loaded


@dataclass(frozen=True, slots=True)
class Served:
    """A model in memory that answers requests.

    ``predict`` takes what ``inputs.take`` gives. ``stage`` and ``version`` are "" for a model in a folder.
    ``is_row_by_row`` is whether it was seen to answer rows the same, bit by bit, alone and together.
    """

    name: str
    version: str
    stage: str
    digest: str
    schema: Schema
    predict: Callable[[Any], Any]
    is_row_by_row: bool = False

    @property
    def title(self) -> str:
        """What people call it."""
        return f"{self.name} version {self.version} ({self.stage})" if self.version else self.name

    @property
    def facts(self) -> dict[str, str]:
        """What tells it from other models, as labels."""
        return {"model": self.name, "version": self.version, "stage": self.stage, "digest": self.digest}

    def is_of(self, version: ModelVersion) -> bool:
        """Whether this is the version where it stands now."""
        return (self.name, self.version, self.stage, self.digest) == (
            *(version.model, str(version.version)),
            *(version.stage, version.digest),
        )


def from_registry(store: Store, reference: str, trusted: Sequence[str] = ()) -> Served:
    """The version that a reference names, verified against its digest.

    Args:
        store: The store that has it.
        reference: ``churn@production``, ``churn/3``, ``churn``; may begin with ``models:/``.
        trusted: Full names of types to trust besides scikit-learn's own.

    Raises:
        NotFound: No such model or version, or it is none that can be loaded.
        Refused: A file is gone or changed, holds a type that is not trusted, or cannot predict.
    """
    from mlops_store import models

    return of_version(store, models.resolve(store.read(), reference), trusted)


def of_version(store: Store, version: ModelVersion, trusted: Sequence[str] = ()) -> Served:
    """A version, verified against its digest; see ``from_registry``.

    Raises:
        NotFound: It is none that can be loaded.
        Refused: See ``from_registry``.
    """
    from mlops_tui.registry import formats

    loaded = formats.load_version(store, version, trusted=trusted)
    return _of_loaded(loaded, version.model, str(version.version), version.stage, version.digest)


def from_folder(
    folder: str,
    name: str | None = None,
    trusted: Sequence[str] = (),
    *,
    allow_pickle: bool = False,
    allow_source: bool = False,
) -> Served:
    """The model in a folder, verified against the digests that it lists; see ``formats.load`` for the arguments.

    It is called like the folder where it is given no name.

    Raises:
        NotFound: There is no model in it.
        Refused: See ``from_registry``; or it would run what is not allowed.
    """
    from mlops_tui.registry import formats

    loaded = formats.load(folder, trusted=trusted, allow_pickle=allow_pickle, allow_source=allow_source)
    return _of_loaded(loaded, name or os.path.basename(os.path.abspath(folder)), "", "", loaded.info.digest)


def _of_loaded(loaded: Loaded, name: str, version: str, stage: str, digest: str) -> Served:
    if loaded.apply is None:
        from mlops_tui.registry.formats import kinds

        raise kinds.not_served(loaded.format)
    schema = schemas.read(loaded.signature)
    is_row_by_row = joining.is_row_by_row(loaded.apply, None if schema.tensors else loaded.example())
    # not loaded.predict, which would look once more for what the signature asks
    return Served(name, version, stage, digest, schema, loaded.apply, is_row_by_row)
