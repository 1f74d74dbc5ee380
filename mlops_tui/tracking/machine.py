"""The machine that a run is made on, read from the files that Linux has for it and from ``os``; nothing is started."""

from __future__ import annotations

import os

_CPUS, _GPUS, _DRIVER = "/proc/cpuinfo", "/proc/driver/nvidia/gpus", "/sys/module/nvidia/version"


def hardware() -> dict[str, str]:
    """System, CPU, number of cores, memory and GPUs as texts, as far as they can be found out."""
    system = os.uname()
    found = {
        "system": f"{system.sysname} {system.release} {system.machine}",
        "cpu": _field(_CPUS, "model name"),
        "cores": _cores(),
        "memory": _memory(),
        "gpu": _gpus(),
        "gpu driver": _text(_DRIVER).strip(),
    }
    return {name: value for name, value in found.items() if value}


def _cores() -> str:
    """How many cores the process may use, and of how many where that is another number."""
    every = os.cpu_count() or 0
    usable = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else every
    return "" if not every else str(every) if usable == every else f"{usable} of {every}"


def _memory() -> str:
    try:
        size_bytes = os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES")
    except (OSError, ValueError):
        return ""
    return f"{size_bytes / 1e9:.1f} GB"


def _gpus() -> str:
    """``2 × NVIDIA H100 80GB HBM3``; models in the order of their names."""
    try:
        folders = os.listdir(_GPUS)
    except OSError:
        return ""
    models = [_field(f"{_GPUS}/{folder}/information", "Model") or "NVIDIA" for folder in folders]
    parts = [(models.count(model), model) for model in sorted(set(models))]
    return ", ".join(model if count == 1 else f"{count} × {model}" for count, model in parts)


def _field(path: str, name: str) -> str:
    """The value of the first line ``name: value``."""
    for line in _text(path).splitlines():
        key, _, value = line.partition(":")
        if key.strip() == name:
            return value.strip()
    return ""


def _text(path: str) -> str:
    try:
        with open(path, "rb") as file:
            return file.read(1 << 16).decode("utf-8", "replace")
    except OSError:
        return ""
