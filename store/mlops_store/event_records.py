"""What happened. Imported from ``records``."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any


@dataclass(frozen=True, slots=True)
class Event:
    """Something that happened, for the event list: never changed afterwards."""

    id: int
    at: float
    kind: str
    subject: str
    message: str
    data: Mapping[str, Any] = field(default_factory=dict)
