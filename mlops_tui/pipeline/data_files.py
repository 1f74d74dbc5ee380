"""``.dvc`` files: data that no stage makes, as ``dvc add`` and ``dvc import`` describe it."""

from __future__ import annotations

import os
from collections.abc import Mapping
from typing import Any

from mlops_tui.pipeline.nodes import Page
from mlops_tui.pipeline.reader import absolute_to_written
from mlops_tui.pipeline.schema import check_data
from mlops_tui.pipeline.spec import Out, Source


def read(data: bytes, file: str, root: str) -> Source:
    """What a ``.dvc`` file describes.

    Args:
        data: All of the file.
        file: Its path, relative to the project's root.
        root: The project's root.

    Raises:
        SpecError: It is not a ``.dvc`` file as DVC knows them; points at the node.
    """
    page = Page(file, data)
    if page.root is None or page.is_null(page.root):
        return Source(name=file, wdir=os.path.dirname(file), line=1, column=1)
    check_data(page, page.root)
    content = page.remarks(page.root)
    wdir = os.path.normpath(os.path.join(os.path.dirname(file), content.get("wdir") or ""))
    wdir = "" if wdir == os.curdir else wdir
    outs = [_item(item, root, wdir) for item in content.get("outs") or ()]
    deps = [_item(item, root, wdir) for item in content.get("deps") or ()]
    return Source(
        name=file,
        outs=tuple(map(_out, outs)),
        entry={key: items for key, items in (("deps", deps), ("outs", outs)) if items},
        wdir=wdir,
        is_frozen=bool(content.get("locked") or content.get("frozen")),
        desc=content.get("desc", ""),
        meta=content.get("meta"),
        line=1,
        column=1,
    )


def _item(item: Mapping[str, Any], root: str, wdir: str) -> dict[str, Any]:
    return {**item, "path": absolute_to_written(item["path"], root, wdir)} if "path" in item else dict(item)


def _out(item: Mapping[str, Any]) -> Out:
    return Out(
        path=item["path"],
        cache=item.get("cache", True),
        persist=item.get("persist", False),
        push=item.get("push", True),
        remote=item.get("remote", ""),
        desc=item.get("desc", ""),
        type=item.get("type", ""),
        labels=tuple(item.get("labels", ())),
        meta=item.get("meta"),
    )
