"""``dvc.lock`` 2.0: what each stage's files and params were when it last ran, byte for byte as DVC writes it.

A new entry replaces the text of the old one or is appended; every other byte stays. Entries of stages that are gone
stay too, as DVC keeps them.
"""

from __future__ import annotations

import os
import threading
from collections.abc import Iterable, Mapping
from typing import Any

from yaml.nodes import MappingNode, Node

from mlops_store.errors import SpecError
from mlops_tui.pipeline import yaml12
from mlops_tui.pipeline.fingerprints import Fingerprint
from mlops_tui.pipeline.params import DEFAULT_FILE
from mlops_tui.pipeline.spec import Stage
from mlops_tui.project import Project

FILE = "dvc.lock"
_INDENT = 2
_HEAD = "schema: '2.0'\nstages:\n"

Entry = Mapping[str, Any]


def entry(
    stage: Stage, deps: Mapping[str, Entry], params: Mapping[str, Mapping[str, Any]], outs: Mapping[str, Entry]
) -> dict[str, Any]:
    """The lock's entry for a stage that has just run.

    Args:
        stage: The stage.
        deps: Path as written -> what ``item`` made of it.
        params: Params file as written -> key -> value.
        outs: Path as written -> what ``item`` made of it.
    """
    made: dict[str, Any] = {"cmd": stage.cmd if isinstance(stage.cmd, str) else list(stage.cmd)}
    if deps:
        made["deps"] = [deps[path] for path in sorted(deps)]
    if params:
        files = sorted(params, key=lambda file: (file != DEFAULT_FILE, file))
        made["params"] = {file: {key: params[file][key] for key in sorted(params[file])} for file in files}
    if outs:
        made["outs"] = [outs[path] for path in sorted(outs)]
    return made


def item(path: str, found: Fingerprint, *, legacy_md5: str = "") -> dict[str, Any]:
    """The lock's words for a dep or an output.

    Args:
        path: As written in the stage.
        found: Its fingerprint.
        legacy_md5: The hash of DVC before 3.0, which an unchanged entry of that time keeps.
    """
    made: dict[str, Any] = {"path": path}
    if legacy_md5:
        made["md5"] = legacy_md5
    else:
        made.update(hash="md5", md5=found.md5)
    made["size"] = found.size_bytes
    if found.files is not None:
        made["nfiles"] = found.files
    if found.is_executable:
        made["isexec"] = True
    return made


def checked(node: Node, file: str, place: str) -> Entry:
    """The entry of a stage in a file.

    Args:
        node: Its YAML.
        file: How errors name the file.
        place: How they name the entry.

    Raises:
        SpecError: It is none.
    """
    content = yaml12.value(node, file)
    if not isinstance(content, dict) or not isinstance(content.get("cmd"), str | list):
        raise yaml12.wrong(node, f"{place} has no 'cmd'", file)
    for key in ("deps", "outs"):
        items = content.get(key, [])
        if not isinstance(items, list) or not all(isinstance(one, dict) and "path" in one for one in items):
            raise yaml12.wrong(node, f"{place}: '{key}' must be a list of paths with their hashes", file)
    params = content.get("params", {})
    if not isinstance(params, dict) or not all(isinstance(values, dict) for values in params.values()):
        raise yaml12.wrong(node, f"{place}: 'params' must map files to values", file)
    return content


class Lock:
    """The content of a ``dvc.lock``.

    Args:
        text: The whole file; '' for none.
        file: How errors name it.

    Raises:
        SpecError: Not YAML, or not of schema 2.0.
    """

    def __init__(self, text: str = "", file: str = FILE) -> None:
        self._file = file
        self._head = _HEAD
        self._tail = ""
        self._blocks: dict[str, str] = {}
        self._nodes: dict[str, Node] = {}
        self._entries: dict[str, Entry] = {}
        if text.strip():
            self._read(text)

    def entry(self, stage: str) -> Entry | None:
        """What the lock says about a stage; None when nothing.

        Raises:
            SpecError: The entry is not understood.
        """
        if stage not in self._entries:
            node = self._nodes.get(stage)
            if node is None:
                return None
            self._entries[stage] = checked(node, self._file, f"the entry of stage {stage!r}")
        return self._entries[stage]

    def put(self, stage: str, entry: Entry) -> None:
        """Sets the entry of a stage; one that says the same keeps its text."""
        if stage in self._blocks and self.entry(stage) == entry:
            return
        from mlops_tui.pipeline import yaml_text  # most processes only read

        self._blocks[stage] = yaml_text.dump({stage: entry}, _INDENT)
        self._entries[stage] = entry

    def text(self) -> str:
        """The file's text."""
        return "".join((self._head, *self._blocks.values(), self._tail))

    def _read(self, text: str) -> None:
        root = yaml12.compose(text, self._file)
        if root is None:
            return
        if not isinstance(root, MappingNode):
            raise self._wrong(root, "must be a mapping")
        top = {yaml12.value(key, self._file): (key, node) for key, node in yaml12.items(root, self._file)}
        if "schema" not in top or yaml12.value(top["schema"][1], self._file) != "2.0":
            raise self._wrong(
                root, "is not of schema '2.0'", "remove the file: every stage then counts as never run, and runs again"
            )
        if "stages" not in top:
            self._head = text.rstrip("\n") + "\nstages:\n"
            return
        key, stages = top["stages"]
        if isinstance(stages, MappingNode) and not stages.value:
            stages_end = stages.end_mark.index
            self._head, self._tail = text[: key.start_mark.index] + "stages:\n", text[stages_end:].lstrip("\n")
            return
        if not isinstance(stages, MappingNode):
            raise self._wrong(stages, "'stages' must be a mapping")
        self._split(text, root, stages)

    def _split(self, text: str, root: MappingNode, stages: MappingNode) -> None:
        """Cuts the text into one block a stage; rewrites it when it is not in DVC's block style."""
        pairs = yaml12.items(stages, self._file)
        self._nodes = {str(yaml12.value(key, self._file)): node for key, node in pairs}
        marks = [key.start_mark for key, _ in pairs]
        if any(mark.column != _INDENT or text[mark.index - _INDENT : mark.index] != " " * _INDENT for mark in marks):
            self._rewrite(yaml12.value(root, self._file))
            return
        later = [key.start_mark.index for key, _ in root.value if key.start_mark.index > marks[0].index]
        starts = [mark.index - _INDENT for mark in marks]
        ends = [*starts[1:], min(later, default=len(text))]
        self._head, self._tail = text[: starts[0]], text[ends[-1] :]
        for name, start, end in zip(self._nodes, starts, ends, strict=True):
            block = text[start:end]
            self._blocks[name] = block if block.endswith("\n") else block + "\n"

    def _rewrite(self, content: dict[str, Any]) -> None:
        from mlops_tui.pipeline import yaml_text

        others = {key: value for key, value in content.items() if key not in ("schema", "stages")}
        self._head, self._tail = _HEAD, yaml_text.dump(others) if others else ""
        self._blocks = {name: yaml_text.dump({name: value}, _INDENT) for name, value in content["stages"].items()}

    def _wrong(self, node: Node, message: str, hint: str = "") -> SpecError:
        return yaml12.wrong(node, message, self._file, hint)


class LockFile:
    """A ``dvc.lock`` on disk, read again when somebody else has written it. Safe to use from several threads.

    Args:
        path: Where it is; need not exist.
        name: How errors name it.
    """

    def __init__(self, path: str, name: str = FILE) -> None:
        self.path = path
        self._name = name
        self._mutex = threading.Lock()
        self._seen: tuple[int, int, int] | None = None
        self._lock = Lock()

    def entry(self, stage: str) -> Entry | None:
        """What the file says about a stage now; None when nothing.

        Raises:
            SpecError: The file is not understood.
        """
        with self._mutex:
            self._refresh()
            return self._lock.entry(stage)

    def put(self, entries: Mapping[str, Entry]) -> None:
        """Sets the entries of stages and replaces the file in one step.

        Raises:
            OSError: It cannot be written; the old file stays.
            SpecError: Somebody has made it something that is not understood.
        """
        with self._mutex:
            self._refresh()
            for stage, entry in entries.items():
                self._lock.put(stage, entry)
            _replace(self.path, self._lock.text())
            self._seen = _seen(self.path)

    def _refresh(self) -> None:
        seen = _seen(self.path)
        if seen == self._seen:
            return
        self._lock = read(self.path, self._name) if seen else Lock()
        self._seen = seen


class Locks:
    """The locks of a project: a ``dvc.lock`` beside each ``dvc.yaml``. Safe to use from several threads.

    Args:
        project: The project.
    """

    def __init__(self, project: Project) -> None:
        self._project = project
        self._mutex = threading.Lock()
        self._files: dict[str, LockFile] = {}

    def entry(self, stage: Stage) -> Entry | None:
        """What a stage's lock says about it now; None when nothing.

        Raises:
            SpecError: The file is not understood.
        """
        return self._file(stage.file).entry(stage.key)

    def put(self, entries: Iterable[tuple[Stage, Entry]]) -> None:
        """Sets the entries of stages; each file is replaced in one step.

        Raises:
            OSError: A file cannot be written; the old one stays.
            SpecError: Somebody has made one something that is not understood.
        """
        by_file: dict[str, dict[str, Entry]] = {}
        for stage, one in entries:
            by_file.setdefault(stage.file, {})[stage.key] = one
        for file, changed in by_file.items():
            self._file(file).put(changed)

    def _file(self, description: str) -> LockFile:
        with self._mutex:
            if description not in self._files:
                name = os.path.join(os.path.dirname(description), FILE)
                self._files[description] = LockFile(self._project.path(name), name)
            return self._files[description]


def read(path: str, name: str = FILE) -> Lock:
    """The lock of a file; an empty one when there is none.

    Raises:
        SpecError: It cannot be read or understood.
    """
    try:
        with open(path, "rb") as file:
            data = file.read()
    except FileNotFoundError:
        return Lock()
    except OSError as error:
        raise SpecError(f"cannot be read ({error.strerror})", file=name) from error
    text = yaml12.decode(data, name)
    for number, line in enumerate(text.splitlines(), 1):
        if line.startswith(("<<<<<<< ", ">>>>>>> ")):
            raise SpecError("holds the marks of a merge conflict", file=name, line=number, column=1)
    return Lock(text, name)


def _seen(path: str) -> tuple[int, int, int] | None:
    try:
        status = os.stat(path)
    except FileNotFoundError:
        return None
    return status.st_mtime_ns, status.st_size, status.st_ino


def _replace(path: str, text: str) -> None:
    target = os.path.realpath(path)
    temporary = f"{target}.{os.getpid()}.tmp"
    try:
        mode = os.stat(target).st_mode & 0o7777
    except FileNotFoundError:
        mode = None
    try:
        with open(temporary, "w", encoding="utf-8", newline="") as file:
            file.write(text)
        if mode is not None:
            os.chmod(temporary, mode)
        os.replace(temporary, target)
    except BaseException:
        if os.path.exists(temporary):
            os.unlink(temporary)
        raise
