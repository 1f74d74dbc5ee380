"""What servers have logged, whether the files were closed or not, are closed meanwhile, or end in half a line."""

from __future__ import annotations

import json
from contextlib import suppress
from pathlib import Path

import pandas as pd


def ids(project: Path, model: str) -> list[str]:
    """The ids of all rows that the servers of a model have logged."""
    directory = project / ".mlops" / "requests" / model
    found: dict[str, list[str]] = {}
    for file in directory.glob("*.jsonl"):
        with suppress(FileNotFoundError):  # it is Parquet now, and found below
            found[file.stem] = [json.loads(line)["id"] for line in file.read_text().split("\n")[:-1]]
    for file in directory.glob("*.parquet"):
        found[file.stem] = list(pd.read_parquet(file)["id"])
    return [name for names in found.values() for name in names]
