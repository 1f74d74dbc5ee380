"""What processes and the whole machine use: read here for stages of pipelines and for runs of scripts alike.

Knows no run and no store. psutil and NVML are loaded when the first figure is due.
"""

from __future__ import annotations

#: Before the names of all system metrics, as MLflow has it.
PREFIX = "system/"

#: MLflow's megabyte.
MEGABYTE = 1e6

#: Name and value of a figure.
Figure = tuple[str, float]

__all__ = ["MEGABYTE", "PREFIX", "Figure"]
