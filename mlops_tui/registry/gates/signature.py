"""The model must take what its signature says, and give what it says."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from mlops_tui.registry import signatures
from mlops_tui.registry.gates.candidate import Candidate, Finding


def inputs(candidate: Candidate, options: Mapping[str, Any]) -> Mapping[str, Any]:
    """The files and the signature."""
    return {"digest": candidate.version.digest, "signature": candidate.version.lineage.get("signature")}


def find(candidate: Candidate, options: Mapping[str, Any]) -> Finding:
    """Has the model predict its own input example, and compares columns and types."""
    signature = candidate.version.lineage.get("signature") or {}
    if not signature.get("inputs") or not signature.get("outputs"):
        return Finding(False, "has no signature of both inputs and outputs")
    model, rows = candidate.model()
    wanted, given = list(signatures.columns(signature)), [str(name) for name in getattr(rows, "columns", ())]
    if wanted and wanted != given:
        missing = sorted({*wanted} ^ {*given})
        return Finding(False, f"its input example has other columns: {', '.join(missing[:5])}", {"columns": missing})
    found = signatures.schema(signatures.frame(model.predict(rows)))
    differing = [
        (str(was.get("name") or "output"), was.get("type"), is_now.get("type"))
        for was, is_now in zip(signature["outputs"], found, strict=False)
        if was.get("type") != is_now.get("type")
    ]
    if len(found) != len(signature["outputs"]):
        return Finding(False, f"gives {len(found)} outputs, its signature says {len(signature['outputs'])}")
    if differing:
        name, was, is_now = differing[0]
        return Finding(False, f"{name} is {is_now}, its signature says {was}")
    columns = f"{len(signature['inputs'])} input{'s' if len(signature['inputs']) != 1 else ''}"
    return Finding(True, f"predicts its own example: {columns}, {len(found)} output{'s' if len(found) != 1 else ''}")
