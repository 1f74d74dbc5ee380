"""From the YAML nodes of a ``dvc.yaml`` to its stages, checked against DVC's schema."""

from __future__ import annotations

import os
import re
from collections.abc import Callable, Iterable
from typing import Any

from yaml.nodes import MappingNode, Node, ScalarNode, SequenceNode

from mlops_store.errors import SpecError, nearest
from mlops_tui.pipeline import yaml12
from mlops_tui.pipeline.params import DEFAULT_FILE
from mlops_tui.pipeline.spec import Out, Pipeline, Stage

_TOP = ("stages", "vars", "metrics", "params", "plots", "artifacts", "datasets")
_STAGE = (
    "cmd", "wdir", "deps", "params", "outs", "metrics", "plots", "vars", "frozen", "always_changed", "desc", "meta",
    "matrix", "foreach", "do",
)  # fmt: skip
_OUT = ("cache", "persist", "checkpoint", "remote", "push", "desc", "type", "labels", "meta")
_PLOT = ("template", "x", "y", "x_label", "y_label", "title", "header")
_KINDS = {"outs": "out", "metrics": "metric", "plots": "plot"}
_INTERPOLATION = re.compile(r"(?<!\\)\$\{.*?\}")
_URL = re.compile(r"^[A-Za-z][A-Za-z0-9+.-]*://")


def read(node: Node, root: str, file: str) -> Pipeline:
    """The pipeline that a node tree describes; its graph is not checked yet.

    Raises:
        SpecError: Something is not understood; points at the node.
    """
    return _Reader(root, file).pipeline(node)


class _Reader:
    def __init__(self, root: str, file: str) -> None:
        self._root = root
        self._file = file
        self._directory = os.path.dirname(file)

    def pipeline(self, node: Node) -> Pipeline:
        top = self.mapping(node, f"{self._file} must be", _TOP)
        stages = {}
        for key, item in self.pairs(top["stages"], "'stages' must be") if "stages" in top else ():
            name = self.text(key, "a stage's name")
            stages[name] = self.stage(name, key, item)
        for ignored in ("vars", "datasets"):
            if ignored in top:
                self.value(top[ignored])
        return Pipeline(
            stages=stages,
            metrics=self.texts(top, "metrics", "'metrics'"),
            params=self.texts(top, "params", "'params'"),
            plots=tuple(self.list(top["plots"], "'plots'", self.value)) if "plots" in top else (),
            artifacts=self.artifacts(top["artifacts"]) if "artifacts" in top else {},
            file=self._file,
        )

    def artifacts(self, node: Node) -> dict[str, Any]:
        known = ("path", "desc", "type", "labels", "meta")
        found = {}
        for key, item in self.pairs(node, "'artifacts' must be"):
            name = self.text(key, "an artifact's name")
            body = self.mapping(item, f"artifact {name!r} must be", known)
            if "path" not in body:
                raise self.wrong(key, f"artifact {name!r} has no 'path'")
            found[name] = {field: self.value(content) for field, content in body.items()}
        return found

    def stage(self, name: str, key: Node, node: Node) -> Stage:
        place = f"stage {name!r}"
        body = self.mapping(node, f"{place} must be", _STAGE)
        for later in ("foreach", "do", "matrix"):
            if later in body:
                raise self.wrong(
                    body[later],
                    f"{place} uses '{later}', which this version cannot run yet",
                    "write the stages out one by one",
                )
        if "cmd" not in body:
            raise self.wrong(key, f"{place} has no 'cmd'")
        if "vars" in body:
            self.value(body["vars"])
        wdir = self.wdir(body["wdir"], place) if "wdir" in body else self._directory
        return Stage(
            name=name,
            cmd=self.cmd(body["cmd"], place),
            wdir=wdir,
            deps=self.deps(body, place, wdir),
            params=self.params(body["params"], place) if "params" in body else {},
            outs=self.outs(body, place, wdir),
            is_frozen=self.flag(body["frozen"], f"{place}: 'frozen'") if "frozen" in body else False,
            always_changed=self.flag(body["always_changed"], f"{place}: 'always_changed'")
            if "always_changed" in body
            else False,
            desc=self.text(body["desc"], f"{place}: 'desc'") if "desc" in body else "",
            meta=self.value(body["meta"]) if "meta" in body else None,
            line=key.start_mark.line + 1,
            column=key.start_mark.column + 1,
        )

    def cmd(self, node: Node, place: str) -> str | tuple[str, ...]:
        what = f"{place}: 'cmd'"
        if isinstance(node, SequenceNode):
            commands = tuple(self.list(node, what, lambda item: self.text(item, f"{what}: an item")))
            empty = not commands or not all(command.strip() for command in commands)
        else:
            commands = self.text(node, what)  # type: ignore[assignment]
            empty = not commands.strip()  # type: ignore[attr-defined]
        if empty:
            raise self.wrong(node, f"{what} is empty")
        return commands

    def wdir(self, node: Node, place: str) -> str:
        written = self.text(node, f"{place}: 'wdir'")
        path = os.path.normpath(os.path.join(self._root, self._directory, written))
        relative = os.path.relpath(path, self._root)
        if relative.split(os.sep)[0] == os.pardir:
            raise self.wrong(node, f"{place}: 'wdir' {written!r} is outside the project")
        if not os.path.isdir(path):
            missing = "is not a directory" if os.path.exists(path) else "does not exist"
            raise self.wrong(node, f"{place}: 'wdir' {written!r} {missing}", "create it or correct the path")
        return "" if relative == os.curdir else relative

    def deps(self, body: dict[str, Node], place: str, wdir: str) -> tuple[str, ...]:
        if "deps" not in body:
            return ()
        what = f"{place}: 'deps'"
        seen: dict[str, None] = {}
        for path, node in self.list(body["deps"], what, lambda item: (self.text(item, f"{what}: an item"), item)):
            local = self.local(path, node, f"{place}: dep", wdir)
            if local in seen:
                raise self.wrong(node, f"{place}: dep {path!r} stands twice")
            seen[local] = None
        return tuple(seen)

    def local(self, path: str, node: Node, what: str, wdir: str) -> str:
        """A path as DVC writes it in the lock: an absolute one inside the project becomes relative."""
        if not path:
            raise self.wrong(node, f"{what} is empty")
        if _URL.match(path):
            raise self.wrong(
                node, f"{what} {path!r} is not on this machine", "this version can only use local files and directories"
            )
        if os.path.isabs(path) and (path + os.sep).startswith(self._root + os.sep):
            return os.path.relpath(path, os.path.join(self._root, wdir))
        return path

    def params(self, node: Node, place: str) -> dict[str, tuple[str, ...]]:
        what = f"{place}: 'params'"
        found: dict[str, list[str]] = {}
        whole: set[str] = set()
        for item in self.list(node, what, lambda item: item):
            if isinstance(item, MappingNode):
                for key, keys in self.pairs(item, f"{what} must be"):
                    file = self.text(key, f"{what}: a file's name")
                    names = [] if self.is_null(keys) else self.list(keys, f"{what}: {file}", self.param)
                    if not names:
                        whole.add(file)
                    found.setdefault(file, []).extend(names)
            else:
                found.setdefault(DEFAULT_FILE, []).append(self.param(item))
        return {file: () if file in whole else tuple(dict.fromkeys(names)) for file, names in found.items()}

    def param(self, node: Node) -> str:
        return self.text(node, "a param's key")

    def outs(self, body: dict[str, Node], place: str, wdir: str) -> tuple[Out, ...]:
        found: list[Out] = []
        for key, kind in _KINDS.items():
            if key not in body:
                continue
            for item in self.list(body[key], f"{place}: '{key}'", lambda item: item):
                if isinstance(item, MappingNode):
                    for path, flags in self.pairs(item, f"{place}: '{key}' must be"):
                        found.append(self.out(path, flags, kind, place, wdir))
                else:
                    found.append(self.out(item, None, kind, place, wdir))
        return tuple(found)

    def out(self, node: Node, flags: Node | None, kind: str, place: str, wdir: str) -> Out:
        written = self.text(node, f"{place}: an output's path")
        path = self.local(written, node, f"{place}: output", wdir)
        what = f"{place}: output {written!r}"
        known = _OUT + _PLOT if kind == "plot" else _OUT
        if kind == "plot" and isinstance(flags, SequenceNode):  # several plots of one file: none has out flags
            return Out(path=path, kind=kind, plot=self.value(flags))
        body = self.mapping(flags, f"{what} must be", known) if flags is not None else {}

        def get(key: str, check: Callable[[Node, str], Any], default: Any) -> Any:
            return check(body[key], f"{what}: '{key}'") if key in body else default

        out = Out(
            path=path,
            kind=kind,
            cache=get("cache", self.flag, True),
            persist=get("persist", self.flag, False),
            push=get("push", self.flag, True),
            remote=get("remote", self.text, ""),
            desc=get("desc", self.text, ""),
            type=get("type", self.text, ""),
            labels=self.texts(body, "labels", f"{what}: 'labels'"),
            meta=self.value(body["meta"]) if "meta" in body else None,
            plot={key: self.value(item) for key, item in body.items() if key in _PLOT} if kind == "plot" else None,
        )
        if out.cache and self.is_outside(path, wdir):
            raise self.wrong(
                node, f"{what} is outside the project and cannot be cached", "add 'cache: false' to the output"
            )
        return out

    def is_outside(self, path: str, wdir: str) -> bool:
        full = os.path.normpath(os.path.join(self._root, wdir, path))
        return os.path.relpath(full, self._root).split(os.sep)[0] == os.pardir

    # Typed access to nodes

    def mapping(self, node: Node, what: str, known: Iterable[str]) -> dict[str, Node]:
        found = {}
        for key, item in self.pairs(node, what):
            name = self.text(key, "a key")
            if name not in known:
                raise self.wrong(key, f"unknown key {name!r}", nearest(name, known))
            found[name] = item
        return found

    def pairs(self, node: Node, what: str) -> list[tuple[Node, Node]]:
        if not isinstance(node, MappingNode):
            raise self.wrong(node, f"{what} a mapping, not {self.kind(node)}")
        return yaml12.items(node, self._file)

    def list(self, node: Node, what: str, check: Callable[[Node], Any]) -> list[Any]:
        if not isinstance(node, SequenceNode):
            raise self.wrong(node, f"{what} must be a list, not {self.kind(node)}")
        return [check(item) for item in node.value]

    def texts(self, body: dict[str, Node], key: str, what: str) -> tuple[str, ...]:
        if key not in body:
            return ()
        return tuple(self.list(body[key], what, lambda item: self.text(item, f"{what}: an item")))

    def text(self, node: Node, what: str) -> str:
        if not isinstance(node, ScalarNode) or not isinstance(text := yaml12.value(node, self._file), str):
            raise self.wrong(node, f"{what} must be text, not {self.kind(node)}", self.quote_hint(node))
        self.refuse_interpolation(text, node)
        return text.replace("\\${", "${")

    def flag(self, node: Node, what: str) -> bool:
        value = yaml12.value(node, self._file) if isinstance(node, ScalarNode) else None
        if not isinstance(value, bool):
            raise self.wrong(node, f"{what} must be true or false, not {self.kind(node)}")
        return value

    def value(self, node: Node) -> Any:
        """Any value, with the interpolation in its texts refused."""
        found = yaml12.value(node, self._file)
        pending = [node]
        seen: set[int] = set()
        while pending:
            current = pending.pop()
            if id(current) in seen:
                continue
            seen.add(id(current))
            if isinstance(current, ScalarNode):
                self.refuse_interpolation(current.value, current)
            elif isinstance(current, MappingNode):
                pending += [part for pair in current.value for part in pair]
            else:
                pending += current.value
        return found

    def refuse_interpolation(self, text: str, node: Node) -> None:
        if match := _INTERPOLATION.search(text):
            raise self.wrong(
                node,
                f"{match[0]} is interpolation, which this version cannot resolve yet",
                "write the value itself; for a shell variable write \\${NAME}",
            )

    def is_null(self, node: Node) -> bool:
        return isinstance(node, ScalarNode) and yaml12.value(node, self._file) is None

    def kind(self, node: Node) -> str:
        if isinstance(node, MappingNode):
            return "a mapping"
        if isinstance(node, SequenceNode):
            return "a list"
        value = yaml12.value(node, self._file)
        names = {bool: "a boolean", int: "a number", float: "a number", str: "text", type(None): "nothing"}
        return names.get(type(value), type(value).__name__)

    def quote_hint(self, node: Node) -> str:
        is_plain = isinstance(node, ScalarNode) and yaml12.value(node, self._file) is not None
        return "put it in quotes" if is_plain else ""

    def wrong(self, node: Node, message: str, hint: str = "") -> SpecError:
        return yaml12.wrong(node, message, self._file, hint)
