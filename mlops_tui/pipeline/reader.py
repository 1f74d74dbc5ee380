"""From the nodes of a stage that has been written out to the stage."""

from __future__ import annotations

import os
import re
from collections.abc import Mapping
from typing import Any

from yaml.nodes import MappingNode, Node, SequenceNode

from mlops_store.errors import SpecError
from mlops_tui.pipeline.expansion import Expansion, Written
from mlops_tui.pipeline.interpolation import to_text
from mlops_tui.pipeline.nodes import Page
from mlops_tui.pipeline.params import DEFAULT_FILE
from mlops_tui.pipeline.readings import Readings
from mlops_tui.pipeline.schema import PLOT_FIELDS, check_pipeline
from mlops_tui.pipeline.spec import FILE, Out, Stage

_KINDS = {"outs": "out", "metrics": "metric", "plots": "plot"}
_TOP = ("metrics", "plots", "params", "artifacts", "datasets")
_URL = re.compile(r"^[A-Za-z][A-Za-z0-9+.-]*://")


def read(
    data: bytes, file: str, readings: Readings, parsing: Mapping[str, str]
) -> tuple[dict[str, Stage], dict[str, Any]]:
    """The stages of a ``dvc.yaml`` by address, and its top-level lists that are not empty.

    Args:
        data: All of the file.
        file: Its path, relative to the project's root.
        readings: Reads the files that it names.
        parsing: ``parsing`` of DVC's configuration.

    Raises:
        SpecError: Something is not understood; points at the node.
    """
    page = Page(file, data)
    if page.root is None or page.is_null(page.root):
        return {}, {}
    check_pipeline(page, page.root)
    expansion = Expansion(page, readings, parsing)
    reader = _Reader(page, readings.root)
    stages = {stage.name: stage for stage in map(reader.stage, expansion.stages())}
    found = {key: page.remarks(node) for key in _TOP if (node := expansion.top(key)) is not None}
    return stages, {key: value for key, value in found.items() if value}


def absolute_to_written(path: str, root: str, directory: str) -> str:
    """A path as DVC keeps it: an absolute one inside the project becomes relative.

    Args:
        path: As written.
        root: The project's root.
        directory: What the path is relative to, relative to the root.
    """
    if os.path.isabs(path) and os.path.normpath(path).startswith(root + os.sep):
        return os.path.relpath(path, os.path.join(root, directory))
    return path


class _Reader:
    def __init__(self, page: Page, root: str) -> None:
        self._page = page
        self._root = root
        self._directory = os.path.dirname(page.file)

    def stage(self, written: Written) -> Stage:
        key, body, mark = written.key, written.fields, written.place.start_mark
        place = f"stage {key!r}"
        wdir = self._wdir(body["wdir"], place) if "wdir" in body else self._directory
        deps = self._deps(body["deps"], f"{place}: 'deps'") if "deps" in body else []
        return Stage(
            name=key if self._page.file == FILE else f"{self._page.file}:{key}",
            cmd=self._cmd(body["cmd"], place),
            wdir=wdir,
            deps=tuple(self._local(path, node, f"{place}: dep", wdir) for path, node in deps if not _URL.match(path)),
            urls=tuple(path for path, _ in deps if _URL.match(path)),
            params=self._params(body["params"], place) if "params" in body else {},
            outs=self._outs(body, place, wdir),
            is_frozen=self._flag(body, "frozen", default=False),
            always_changed=self._flag(body, "always_changed", default=False),
            desc=self._words(body, "desc"),
            meta=self._page.remarks(body["meta"]) if "meta" in body else None,
            file=self._page.file,
            line=mark.line + 1,
            column=mark.column + 1,
        )

    def _cmd(self, node: Node, place: str) -> str | tuple[str, ...]:
        what = f"{place}: 'cmd'"
        if isinstance(node, SequenceNode):
            commands = tuple(self._page.string(item, f"{what}: an item") for item in node.value)
            if commands and all(command.strip() for command in commands):
                return commands
        else:
            command = self._page.string(node, what)
            if command.strip():
                return command
        raise self._page.wrong(node, f"{what} is empty")

    def _wdir(self, node: Node, place: str) -> str:
        written = self._page.string(node, f"{place}: 'wdir'")
        path = os.path.normpath(os.path.join(self._root, self._directory, written))
        relative = os.path.relpath(path, self._root)
        return "" if relative == os.curdir else relative

    def _deps(self, node: Node, what: str) -> list[tuple[str, Node]]:
        return [(self._page.string(item, f"{what}: an item"), item) for item in self._page.items(node, what)]

    def _local(self, path: str, node: Node, what: str, wdir: str) -> str:
        if not path:
            raise self._page.wrong(node, f"{what} is empty")
        if _URL.match(path):
            raise self._page.wrong(node, f"{what} {path!r} is not on this machine", "write a path")
        if path.endswith(".dvc") or os.path.basename(path) == FILE:
            raise self._page.wrong(
                node, f"{what} {path!r} describes data", "name the data itself, not the file that describes it"
            )
        return absolute_to_written(path, self._root, wdir)

    def _params(self, node: Node, place: str) -> dict[str, tuple[str, ...]]:
        what = f"{place}: 'params'"
        found: dict[str, list[str]] = {}
        whole: set[str] = set()
        for item in self._page.items(node, what):
            if not isinstance(item, MappingNode):
                found.setdefault(DEFAULT_FILE, []).append(self._page.string(item, "a param's key"))
                continue
            for key, keys in self._page.pairs(item, what):
                file = self._page.string(key, f"{what}: a file's name")
                listed = [] if self._page.is_null(keys) else self._page.items(keys, f"{what}: {file}")
                if not listed:
                    whole.add(file)
                found.setdefault(file, []).extend(self._page.string(one, "a param's key") for one in listed)
        return {file: () if file in whole else tuple(dict.fromkeys(keys)) for file, keys in found.items()}

    def _outs(self, body: Mapping[str, Node], place: str, wdir: str) -> tuple[Out, ...]:
        found = []
        for key, kind in _KINDS.items():
            # DVC joins the flags of a path that stands twice in one list
            merged: dict[str, tuple[Node, dict[str, Node]]] = {}
            for item in self._page.items(body[key], f"{place}: '{key}'") if key in body else ():
                for path, flags in self._flagged(item, place, key):
                    written = self._page.string(path, f"{place}: an output's path")
                    merged.setdefault(written, (path, {}))[1].update(flags)
            found += [self._out(node, written, flags, kind, place, wdir) for written, (node, flags) in merged.items()]
        return tuple(found)

    def _flagged(self, item: Node, place: str, key: str) -> list[tuple[Node, dict[str, Node]]]:
        if not isinstance(item, MappingNode):
            return [(item, {})]
        pairs = self._page.pairs(item, f"{place}: '{key}'")
        return [(path, self._page.fields(flags, f"{place}: output {path.value!r}")) for path, flags in pairs]

    def _out(self, node: Node, written: str, flags: dict[str, Node], kind: str, place: str, wdir: str) -> Out:
        what = f"{place}: output {written!r}"
        path = self._local(written, node, f"{place}: output", wdir)
        labels = self._page.items(flags["labels"], f"{what}: 'labels'") if "labels" in flags else []
        return Out(
            path=path,
            kind=kind,
            cache=self._flag(flags, "cache", default=True),
            persist=self._flag(flags, "persist", default=False),
            push=self._flag(flags, "push", default=True),
            remote=self._words(flags, "remote"),
            desc=self._words(flags, "desc"),
            type=self._words(flags, "type"),
            labels=tuple(to_text(self._page.value(label)) for label in labels),
            meta=self._page.remarks(flags["meta"]) if "meta" in flags else None,
            plot={key: self._page.value(flags[key]) for key in flags if key in PLOT_FIELDS} if kind == "plot" else None,
        )

    def _flag(self, body: Mapping[str, Node], key: str, *, default: bool) -> bool:
        return self._page.flag(body[key], f"'{key}'") if key in body else default

    def _words(self, body: Mapping[str, Node], key: str) -> str:
        """A text for people; a template may have made it something else."""
        return to_text(self._page.value(body[key])) if key in body else ""


__all__ = ["SpecError", "absolute_to_written", "read"]
