"""Pipelines: what ``dvc.yaml`` describes, what of it is stale and why, and runs that outlive whoever started them.

``start``, ``stop``, ``wait`` and ``recover`` are those of ``pipeline.control``, loaded when first used.
"""

from __future__ import annotations

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

    from mlops_tui.pipeline.control import recover, start, stop, wait

__all__ = ["recover", "start", "stop", "wait"]


def __getattr__(name: str) -> Any:
    if name in __all__:
        from mlops_tui.pipeline import control

        return getattr(control, name)
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
