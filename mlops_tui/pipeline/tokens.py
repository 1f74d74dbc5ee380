"""Who has which part of what stages share. Pure bookkeeping: asks no machine and starts nothing."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from mlops_tui.pipeline.capacity import Capacity
from mlops_tui.pipeline.options import Demand


@dataclass(frozen=True, slots=True)
class Holding:
    """What one stage has for itself."""

    cpus: int = 0
    memory_bytes: int = 0
    gpus: tuple[str, ...] = ()
    mutexes: tuple[str, ...] = ()

    @property
    def is_empty(self) -> bool:
        """Whether that is nothing."""
        return not (self.cpus or self.memory_bytes or self.gpus or self.mutexes)

    def as_json(self) -> dict[str, Any]:
        """What ``from_json`` reads back."""
        return {
            "cpus": self.cpus,
            "memory_bytes": self.memory_bytes,
            "gpus": list(self.gpus),
            "mutexes": list(self.mutexes),
        }


def from_json(content: Mapping[str, Any]) -> Holding:
    """The holding that ``as_json`` has written."""
    return Holding(content["cpus"], content["memory_bytes"], tuple(content["gpus"]), tuple(content["mutexes"]))


class Tokens:
    """What is free.

    Args:
        capacity: What there is.
        holdings: What is taken already.
    """

    def __init__(self, capacity: Capacity, holdings: Iterable[Holding]) -> None:
        taken = list(holdings)
        used = {gpu for holding in taken for gpu in holding.gpus}
        self._cpus = capacity.cpus - sum(holding.cpus for holding in taken)
        self._memory_bytes = capacity.memory_bytes - sum(holding.memory_bytes for holding in taken)
        self._gpus = [gpu for gpu in capacity.gpus if gpu not in used]
        self._reserved_gpus = 0
        self._mutexes = {mutex for holding in taken for mutex in holding.mutexes}

    def take(self, demand: Demand) -> Holding | None:
        """What the demand gets; None when not all of it is free."""
        if not self._has(demand):
            return None
        gpus = tuple(self._gpus[: demand.gpus])
        del self._gpus[: demand.gpus]
        self._cpus -= demand.cpus
        self._memory_bytes -= demand.memory_bytes
        self._mutexes.update(demand.mutexes)
        return Holding(demand.cpus, demand.memory_bytes, gpus, demand.mutexes)

    def reserve(self, demand: Demand) -> None:
        """Keeps what a demand waits for from those that ask later, who would else let it wait without end."""
        self._cpus -= demand.cpus
        self._memory_bytes -= demand.memory_bytes
        self._reserved_gpus += demand.gpus
        self._mutexes.update(demand.mutexes)

    def _has(self, demand: Demand) -> bool:
        # what is not asked for may well be overdrawn by reservations
        return (
            (not demand.cpus or demand.cpus <= self._cpus)
            and (not demand.memory_bytes or demand.memory_bytes <= self._memory_bytes)
            and (not demand.gpus or demand.gpus + self._reserved_gpus <= len(self._gpus))
            and self._mutexes.isdisjoint(demand.mutexes)
        )
