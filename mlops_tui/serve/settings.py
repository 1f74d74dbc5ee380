"""What a server was asked to be, as one process hands it to another."""

from __future__ import annotations

import json
from dataclasses import asdict, dataclass
from typing import Any


@dataclass(frozen=True, slots=True)
class Settings:
    """Everything that was said on the command line of a server.

    Attributes:
        root: The project's directory.
        model: A reference, or a folder.
        token: What clients bring along; "" lets everybody in.
        body_bytes: The longest body.
        prediction_s: How long a prediction may take.
        trusted: Types to trust in the model's file.
        is_logged: Whether requests are logged; None where a monitor waits for them.
        log_bytes: What the logs may take.
        name: What a folder's model is called; None for the folder's name.
        allow_pickle: Whether a folder's pickle may be loaded.
        allow_source: Whether a folder's source code may be run.
        batch_rows: How many requests of one row go to the model together; None for as many as is usual, and only where
            it was seen to answer the same.
        batch_wait_s: How long the first of them waits for others.
    """

    root: str
    model: str
    token: str = ""
    body_bytes: int = 16 << 20
    prediction_s: float = 60.0
    trusted: tuple[str, ...] = ()
    is_logged: bool | None = None
    log_bytes: int = 1 << 30
    name: str | None = None
    allow_pickle: bool = False
    allow_source: bool = False
    batch_rows: int | None = None
    batch_wait_s: float = 0.0

    def to_json(self) -> str:
        """All of it on one line."""
        return json.dumps(asdict(self))

    @staticmethod
    def of_json(text: str) -> Settings:
        """What ``to_json`` gave."""
        found: dict[str, Any] = json.loads(text)
        return Settings(**{**found, "trusted": tuple(found["trusted"])})
