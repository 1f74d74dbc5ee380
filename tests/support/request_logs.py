"""What servers have logged, whether the files were closed or not."""

from __future__ import annotations

import json
from pathlib import Path

import pandas as pd


def ids(project: Path, model: str) -> list[str]:
    """The ids of all rows that the servers of a model have logged."""
    directory = project / ".mlops" / "requests" / model
    closed = {file.stem: list(pd.read_parquet(file)["id"]) for file in directory.glob("*.parquet")}
    lines = {
        file.stem: [json.loads(line)["id"] for line in file.read_text().splitlines()]
        for file in directory.glob("*.jsonl")
    }
    return [name for names in (lines | closed).values() for name in names]
