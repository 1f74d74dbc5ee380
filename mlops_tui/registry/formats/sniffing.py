"""Which format a file is of, by its first bytes and then by its name."""

from __future__ import annotations

import os

from mlops_store.errors import Refused
from mlops_tui.registry.formats import kinds

_HEAD_BYTES = 4096
_COMPRESSED = (
    b"\x1f\x8b",
    b"BZh",
    b"\xfd7zXZ",
    b"\x78\x01",
    b"\x78\x5e",
    b"\x78\x9c",
    b"\x78\xda",
    b"\x04\x22\x4d\x18",
)


def kind_of(path: str, wanted: str | None = None, name: str = "") -> kinds.Kind:
    """The format of a model's file.

    Args:
        path: The file; nothing in it is run.
        wanted: The format that a person named.
        name: The file's own name, where ``path`` is a copy of another.

    Raises:
        Refused: It is a pickle and something else was said, or nothing tells what it is.
    """
    with open(path, "rb") as file:
        head = file.read(_HEAD_BYTES)
    name = name or os.path.basename(path)
    suffix = os.path.splitext(name)[1].lower()
    kind = _by_content(head) or next((kind for kind in kinds.KINDS.values() if suffix in kind.suffixes), None)
    if kind is not None and kind.runs == kinds.PICKLE and (wanted or kind.name) != kind.name:
        raise Refused(f"{name} is a pickle and no {wanted} model", "a pickle is never opened without --allow-pickle")
    if wanted is not None:
        named = kinds.get(wanted)
        if not named.suffixes:
            raise Refused(f"a file alone is no {wanted} model", "register its directory: --mlflow DIR")
        return named
    if kind is None:
        known = ", ".join(kind.name for kind in kinds.KINDS.values() if kind.suffixes)
        raise Refused(f"nothing in {name} tells what kind of model it is", f"say it with --format: {known}")
    return kind


def _by_content(head: bytes) -> kinds.Kind | None:
    found = ""
    if head[:1] == b"\x80" and head[1:2] in (b"\x02", b"\x03", b"\x04", b"\x05"):
        found = "pickle"
    elif head.startswith(b"PK\x03\x04"):
        found = "sklearn"
    elif head.startswith(b"tree\n"):
        found = "lightgbm"
    elif head.startswith(b"{") and b"learner" in head:
        found = "xgboost"
    elif head[8:9] == b"{" and len(head) > 8 and int.from_bytes(head[:8], "little") < 1 << 30:
        found = "safetensors"
    elif head.startswith(_COMPRESSED):
        found = "pickle"  # joblib's
    return kinds.KINDS.get(found)
