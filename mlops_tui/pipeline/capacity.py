"""What this machine has for stages to share: processors, memory, GPUs. What ``mlops.toml`` says counts first."""

from __future__ import annotations

import os
import re
from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from mlops_store.errors import Refused
from mlops_tui import quantities

if TYPE_CHECKING:
    from mlops_tui.config import ResourcesConfig
    from mlops_tui.pipeline.options import Options

_CGROUP_LIMIT = "/sys/fs/cgroup/memory.max"
_LISTED = re.compile(r"GPU (\d+): ")


@dataclass(frozen=True, slots=True)
class Capacity:
    """What stages may use together; ``gpus`` are the words that CUDA_VISIBLE_DEVICES knows them by."""

    cpus: int = 0
    memory_bytes: int = 0
    gpus: tuple[str, ...] = ()


def find(resources: ResourcesConfig, options: Mapping[str, Options]) -> Capacity:
    """The capacity as far as the stages ask for it: looking for GPUs takes a second.

    Args:
        resources: What the project says instead of asking the machine.
        options: The options of the stages that may run.
    """
    demands = [one.demand for one in options.values()]
    cpus, memory_bytes = resources.cpus, resources.memory_bytes
    return Capacity(
        cpus=_cpus() if cpus is None and any(demand.cpus for demand in demands) else cpus or 0,
        memory_bytes=_memory()
        if memory_bytes is None and any(one.memory_bytes for one in demands)
        else memory_bytes or 0,
        gpus=_gpus(resources.gpus) if any(demand.gpus for demand in demands) else (),
    )


def assumed(resources: ResourcesConfig, options: Mapping[str, Options]) -> Capacity:
    """The capacity for an estimate: GPUs are not looked for, and each stage is taken to find what it asks for."""
    demands = [one.demand for one in options.values()]
    known = find(replace(resources, gpus=resources.gpus or 0), options)
    gpus = max(len(known.gpus), max((demand.gpus for demand in demands), default=0))
    return Capacity(
        cpus=max((known.cpus, *(demand.cpus for demand in demands))),
        memory_bytes=max((known.memory_bytes, *(demand.memory_bytes for demand in demands))),
        gpus=tuple(str(number) for number in range(gpus)),
    )


def check(capacity: Capacity, options: Mapping[str, Options]) -> None:
    """Refuses stages that this machine can never run.

    Raises:
        Refused: A stage needs more than there is.
    """
    for name, one in options.items():
        demand = one.demand
        for wanted, there, unit in (
            (demand.cpus, capacity.cpus, "CPU"),
            (demand.gpus, len(capacity.gpus), "GPU"),
        ):
            if wanted > there:
                plural = "" if wanted == 1 else "s"
                raise _too_much(name, f"{wanted} {unit}{plural}", str(there) if there else "none", f"{unit.lower()}s")
        if demand.memory_bytes > capacity.memory_bytes:
            wanted_text = f"{quantities.size_text(demand.memory_bytes)} of memory"
            raise _too_much(name, wanted_text, quantities.size_text(capacity.memory_bytes), "memory")


def _too_much(stage: str, wanted: str, there: str, key: str) -> Refused:
    return Refused(
        f"stage {stage!r} needs {wanted}, and this machine has {there}",
        f"change its meta.mlops.{key}, or say in mlops.toml what there is: [resources] {key} = …",
    )


def _cpus() -> int:
    if hasattr(os, "sched_getaffinity"):
        return len(os.sched_getaffinity(0))
    return os.cpu_count() or 1


def _memory() -> int:
    """The machine's memory, or the container's limit where that is less."""
    import psutil

    total: int = psutil.virtual_memory().total
    try:
        with open(_CGROUP_LIMIT, encoding="ascii") as file:
            return min(total, int(file.read()))
    except (OSError, ValueError):  # no such limit
        return total


def _gpus(count: int | None) -> tuple[str, ...]:
    visible = os.environ.get("CUDA_VISIBLE_DEVICES")
    if visible is not None:  # a batch system has given us these
        found = tuple(word.strip() for word in visible.split(",") if word.strip() not in ("", "-1"))
    elif count is not None:
        return tuple(str(number) for number in range(count))
    else:
        found = _listed_gpus()
    return found if count is None else found[:count]


def _listed_gpus() -> tuple[str, ...]:
    from mlops_tui.usage.gpus import Gpus

    return tuple(map(str, Gpus().numbers)) or _named_by_nvidia_smi()


def _named_by_nvidia_smi() -> tuple[str, ...]:
    import subprocess

    try:
        done = subprocess.run(["nvidia-smi", "-L"], capture_output=True, text=True, timeout=30, check=False)
    except (OSError, subprocess.TimeoutExpired):
        return ()
    return tuple(_LISTED.findall(done.stdout)) if done.returncode == 0 else ()
