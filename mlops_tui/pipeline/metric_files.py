"""Numbers in the metrics files that a stage writes."""

from __future__ import annotations

import os
from typing import Any

from mlops_store.errors import SpecError
from mlops_tui.pipeline.params import flatten, read_file
from mlops_tui.pipeline.spec import Stage


def read(root: str, stage: Stage) -> tuple[dict[str, float], list[str]]:
    """The numbers in a stage's metrics files, by dotted key, and what could not be read.

    Where two files have the same key, the later file's key gets the file's name in front. NaN and ±inf are numbers;
    texts, lists and booleans are not.

    Args:
        root: The project's root.
        stage: The stage; only its outputs of kind 'metric' are read.
    """
    values: dict[str, float] = {}
    problems = []
    for out in stage.outs:
        if out.kind != "metric":
            continue
        path = stage.path(out.path)
        try:
            content = read_file(os.path.join(root, path), path, has_dates=True)
        except SpecError as error:
            problems.append(f"metrics cannot be read: {error.message}")
            continue
        except FileNotFoundError:
            continue
        for key, value in numbers(content).items():
            values[key if key not in values else f"{os.path.splitext(os.path.basename(path))[0]}.{key}"] = value
    return values, problems


def numbers(content: Any) -> dict[str, float]:
    """The numbers at the leaves of a metrics file; one that is a bare number is called 'value'."""
    leaves = flatten(content) if isinstance(content, dict) else {"value": content}
    found = {}
    for key, value in leaves.items():
        if isinstance(value, int | float) and not isinstance(value, bool):
            try:
                found[key] = float(value)
            except OverflowError:
                continue  # a whole number beyond any float is no metric
    return found
