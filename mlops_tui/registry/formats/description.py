"""What a model directory says of itself, in ``mlops.json`` or MLflow's ``MLmodel``, without loading anything.

Owns ``mlops.json``: what the model was made with, what it takes and gives, the digest of each file.
"""

from __future__ import annotations

import json
import os
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import Any

from mlops_store.errors import NotFound, Refused
from mlops_tui.registry.files import model_digest, scan
from mlops_tui.registry.formats import mlflow_models, mlmodel

FORMAT = 1
DESCRIPTION_FILE = "mlops.json"

#: Longer ones are not read to their end.
MAX_BYTES = 16 << 20


@dataclass(frozen=True, slots=True)
class ModelInfo:
    """What a model directory holds.

    Attributes:
        flavor: The name of its format; see ``kinds``.
        digest: The model's; see ``model_digest``.
        size_bytes: Of all its files.
        files: Path -> SHA-256 and size in bytes.
        entry: The path of the file that is loaded.
        class_name: The full name of the model's class.
        summary: A word or two for people.
        signature: What it takes and gives, in MLflow's words.
        input_example: A few rows, as the body of a scoring request.
        packages: Installed distribution -> version of everything that the model needs.
        python_version: Of the interpreter that wrote it.
        platform: Where it was written, such as ``Linux-x86_64``.
        options: What the format itself has to remember.
        untrusted_types: Names of types that have to be trusted when it is loaded.
        listed: Path -> SHA-256 as the description names them, for the check before loading.
        warnings: Sentences for the person who logs the model.
    """

    flavor: str
    digest: str
    size_bytes: int
    files: Mapping[str, tuple[str, int]]
    entry: str = ""
    class_name: str = ""
    summary: str = ""
    signature: Mapping[str, Any] = field(default_factory=dict)
    input_example: Mapping[str, Any] | None = None
    packages: Mapping[str, str] = field(default_factory=dict)
    python_version: str = ""
    platform: str = ""
    options: Mapping[str, Any] = field(default_factory=dict)
    untrusted_types: tuple[str, ...] = ()
    listed: Mapping[str, str] = field(default_factory=dict)
    warnings: tuple[str, ...] = ()


def written(directory: str, described: dict[str, Any], warnings: tuple[str, ...] = ()) -> ModelInfo:
    """Writes ``mlops.json`` beside the model's files, with their digests.

    Raises:
        OSError: The directory cannot be written.
    """
    described["files"] = {
        path: {"digest": digest, "size_bytes": size}
        for path, (digest, size) in scan(directory).items()
        if path != DESCRIPTION_FILE
    }
    with open(os.path.join(directory, DESCRIPTION_FILE), "w", encoding="utf-8") as file:
        json.dump(described, file, indent=1, sort_keys=True, allow_nan=False)
    return _info(described, directory, warnings)


def describe(directory: str) -> ModelInfo:
    """What a model directory says of itself; nothing in it is loaded.

    Raises:
        NotFound: It has neither ``mlops.json`` nor MLflow's ``MLmodel``.
        Refused: That file is damaged, of a newer program, or names no flavor that can be loaded.
    """
    path = os.path.join(directory, DESCRIPTION_FILE)
    if not os.path.lexists(path) and os.path.lexists(os.path.join(directory, mlmodel.MLMODEL_FILE)):
        found = _info(mlflow_models.described(directory), directory, ())
        # MLflow notes no digests: that the file is there is all that can be asked of it
        return replace(found, listed={found.entry: found.files.get(found.entry, ("",))[0]})
    try:
        with open(path, "rb") as file:
            content = file.read(MAX_BYTES)
    except FileNotFoundError as error:
        raise NotFound(f"{directory} holds no model: it has no {DESCRIPTION_FILE}", "log it with log_model") from error
    except OSError as error:
        raise Refused(f"{path} cannot be read ({error.strerror})", "log the model again") from error
    return _info(parsed(content, path), directory, ())


def parsed(content: bytes, path: str = DESCRIPTION_FILE) -> dict[str, Any]:
    """The description in the bytes of an ``mlops.json``.

    Raises:
        Refused: They are damaged or of a newer program.
    """
    try:
        described = json.loads(content)
    except (ValueError, RecursionError) as error:
        raise Refused(f"{path} cannot be read ({' '.join(str(error).split())[:200]})", "log the model again") from error
    if not isinstance(described, dict) or not isinstance(described.get("format"), int):
        raise Refused(f"{path} does not describe a model", "log the model again")
    if described["format"] > FORMAT:
        raise Refused(
            f"the model was written by a newer program (format {described['format']}, this one knows {FORMAT})",
            "install a newer mlops-tui: pip install --upgrade mlops-tui",
        )
    return described


def environment(described: Mapping[str, Any]) -> dict[str, Any]:
    """What a description says of the environment: ``packages`` (name -> version), ``python_version``, ``platform``."""
    return {
        "packages": _mapping(described.get("packages")),
        "python_version": str(described.get("python_version", "")),
        "platform": str(described.get("platform", "")),
    }


def _info(described: Mapping[str, Any], directory: str, warnings: tuple[str, ...]) -> ModelInfo:
    files = scan(directory)
    example = described.get("input_example")
    return ModelInfo(
        flavor=str(described.get("flavor", "")),
        digest=model_digest({path: digest for path, (digest, _) in files.items()}),
        size_bytes=sum(size for _, size in files.values()),
        files=files,
        entry=str(described.get("entry", "model.skops")),
        class_name=str(described.get("class", "")),
        summary=str(described.get("summary", "")),
        signature=_mapping(described.get("signature")),
        input_example=example if isinstance(example, dict) else None,
        options=_mapping(described.get("options")),
        untrusted_types=tuple(map(str, described.get("untrusted_types", ()))),
        listed=_digests(described),
        warnings=warnings,
        **environment(described),
    )


def _digests(described: Mapping[str, Any]) -> dict[str, str]:
    entries = _mapping(described.get("files"))
    return {name: str(entry.get("digest", "")) if isinstance(entry, dict) else "" for name, entry in entries.items()}


def _mapping(value: object) -> dict[str, Any]:
    return value if isinstance(value, dict) else {}
