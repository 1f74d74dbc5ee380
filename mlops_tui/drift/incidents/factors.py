"""What an incident is ranked by, in words. Imports nothing heavy, for lists and screens."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any


def told(factors: Mapping[str, Any]) -> str:
    """``importance 2.1 x effect 0.43 x loss 3.2 % of roc_auc (estimated)``, saying what is not known."""
    if not factors:
        return ""
    importance = f"importance {factors['importance']:.2g}" if factors.get("has_importances") else "importances unknown"
    parts = [importance, f"effect {factors['effect']:.2f}"]
    if factors.get("is_broken"):
        parts.append("the model's input is broken")
    elif factors.get("loss") is None:
        parts.append("loss of performance unknown")
    else:
        how = "measured" if factors["loss_from"] == "performance" else "estimated"
        parts.append(f"loss {factors['loss']:.1%} of {factors['loss_of']} ({how})")
    return " × ".join(parts)
