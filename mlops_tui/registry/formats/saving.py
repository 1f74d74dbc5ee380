"""From a model in memory to a directory that this program and MLflow can open.

The directory holds the model's file, ``mlops.json`` (ours), ``MLmodel`` (MLflow's), and ``requirements.txt`` with the
exact versions of all that the model needs.
"""

from __future__ import annotations

import os
import platform
from typing import Any

from mlops_store.errors import Refused
from mlops_tui.registry import signatures
from mlops_tui.registry.formats import description, environment, kinds, mlmodel
from mlops_tui.registry.formats.description import ModelInfo
from mlops_tui.registry.formats.written import Written


def save(
    model: Any,
    directory: str,
    *,
    input_example: Any = None,
    signature: Any = None,
    format: str | None = None,  # noqa: A002 the word of the command line
    allow_pickle: bool = False,
) -> ModelInfo:
    """Writes a model as a model directory.

    Args:
        model: See ``kinds.KINDS`` for what can be written.
        directory: Made when missing.
        input_example: A few rows as the model takes them; gives the signature, and its first five rows are kept.
        signature: What the model takes and gives, where it should not be inferred; MLflow's ``ModelSignature`` or its
            dictionary.
        format: The format's name, where the model's type should not decide.
        allow_pickle: Whether a model that no other format takes may be pickled.

    Raises:
        Refused: No format takes the model, it would have to be pickled, or a library is missing.
        OSError: The directory cannot be written.
    """
    kind = kinds.of(model) if format is None else kinds.get(format)
    if kind is None and allow_pickle:
        kind = kinds.KINDS["pickle"]
    if kind is None:
        raise kinds.unknown(model)
    if kind.runs == kinds.PICKLE and not allow_pickle:
        raise Refused("a pickle runs its author's code when it is loaded", "say so: allow_pickle=True")
    module = kinds.module(kind)
    os.makedirs(directory, exist_ok=True)
    written: Written = module.write(model, directory)
    return described(directory, kind, written, input_example, signature)


def described(
    directory: str, kind: kinds.Kind, written: Written, input_example: Any = None, signature: Any = None
) -> ModelInfo:
    """Writes what stands beside a model's own files: signature, example, environment and both descriptions.

    Raises:
        UsageError: The example is no table, or the signature is none.
        OSError: The directory cannot be written.
    """
    warnings = [f"it holds {name}, which must be trusted by name when it is loaded" for name in written.untrusted_types]
    given = signatures.given(signature) if signature is not None else {}
    example = None
    if input_example is not None:
        rows = signatures.frame(input_example)
        example = signatures.example(rows)
        if signature is None:
            given = _infer(written, rows, warnings)
    return _finish(directory, kind, written, given, example, tuple(warnings))


def _finish(
    directory: str,
    kind: kinds.Kind,
    written: Written,
    signature: dict[str, Any],
    example: dict[str, Any] | None,
    warnings: tuple[str, ...],
) -> ModelInfo:
    packages = environment.locked(written.distributions)
    with open(os.path.join(directory, environment.REQUIREMENTS_FILE), "w", encoding="utf-8") as file:
        file.write(environment.requirements(packages))
    mlmodel.write(directory, written.flavors, signature, example)
    content: dict[str, Any] = {
        "format": description.FORMAT,
        "flavor": kind.name,
        "entry": written.entry,
        "class": written.class_name,
        "summary": written.summary,
        "python_version": platform.python_version(),
        "platform": environment.system(),
        "packages": packages,
        "signature": signature,
        "options": dict(written.options),
        "untrusted_types": list(written.untrusted_types),
    }
    if example is not None:
        content["input_example"] = example
    return description.written(directory, content, warnings)


def _infer(written: Written, rows: Any, warnings: list[str]) -> dict[str, Any]:
    found = {"inputs": signatures.schema(rows)}
    if written.apply is not None:
        try:
            found["outputs"] = signatures.schema(signatures.frame(written.apply(rows)))
        except Exception as error:  # a model that was trained for hours is kept although its example is wrong
            warnings.append(f"it cannot predict its input example ({' '.join(str(error).split())[:200]})")
    return found
