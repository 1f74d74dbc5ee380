"""Data that ``.dvc`` files track: whether it has changed, and saving it as it is now, as ``dvc repro`` does.

What was imported is left to DVC, which knows where it came from.
"""

from __future__ import annotations

import os
from collections.abc import Iterable, Mapping
from typing import Any

from yaml.nodes import MappingNode, Node, SequenceNode

from mlops_store.errors import Refused
from mlops_tui.pipeline import data_files, graph, links, lock, state, yaml12, yaml_text
from mlops_tui.pipeline.reasons import Change
from mlops_tui.pipeline.spec import Out, Pipeline, Source
from mlops_tui.pipeline.state import Inputs

#: What a ``.dvc`` file says of an output's content, in DVC's order; the rest is left as it is.
_CONTENT = ("md5", "size", "nfiles", "isexec", "hash")


def changed(inputs: Inputs, pipeline: Pipeline) -> dict[str, tuple[Change, ...]]:
    """The ``.dvc`` files whose data is not what they say, with how it differs."""
    found = {}
    for name, source in pipeline.sources.items():
        if changes := tuple(state.out_changes(inputs, source, source.entry)):
            found[name] = changes
    return found


def to_save(inputs: Inputs, pipeline: Pipeline, stages: Iterable[str]) -> tuple[str, ...]:
    """The ``.dvc`` files whose changed data a run of these stages saves first; see ``read_by``."""
    return tuple(changed(inputs, Pipeline(sources=read_by(pipeline, stages))))


def read_by(pipeline: Pipeline, stages: Iterable[str]) -> dict[str, Source]:
    """The ``.dvc`` files whose data these stages read and nobody has imported."""
    needs = graph.links(pipeline)
    read = {name for stage in stages for name in needs[stage] if not pipeline.stages[stage].is_frozen}
    return {
        name: source
        for name, source in pipeline.sources.items()
        if name in read and not source.is_frozen and not source.entry.get("deps")
    }


def save(inputs: Inputs, name: str) -> bool:
    """Takes the data of a ``.dvc`` file into the cache, and its hash into the file; whether there was anything new.

    Args:
        inputs: Knows the root and the cache.
        name: The file, relative to the project's root.

    Raises:
        SpecError: The file is not understood.
        Refused: Data is missing.
        OSError: It cannot be read, or the cache or the file cannot be written.
    """
    path = os.path.join(inputs.root, name)
    with open(path, "rb") as file:
        data = file.read()
    source = data_files.read(data, name, inputs.root)
    items = {}
    for out in source.outs:
        items[out.path] = _saved(inputs, source, out)
    text = yaml12.decode(data, name)
    written = _rewritten(text, name, [items[out.path] for out in source.outs])
    if written == text:
        return False
    mode = os.stat(path).st_mode
    with links.replacing(path) as temporary:
        with open(temporary, "w", encoding="utf-8", newline="") as file:
            file.write(written)
        os.chmod(temporary, mode)
    return True


def _saved(inputs: Inputs, source: Source, out: Out) -> Mapping[str, Any]:
    where = source.path(out.path)
    if out.cache:
        found = inputs.cache.save(where, inputs.fingerprints, root=inputs.root)
    else:
        found = inputs.fingerprints.find(where)
    if found is None:
        raise Refused(f"{where} is missing", f"mlops-tui checkout {source.name} restores it from the cache")
    known: Mapping[str, Any] = next((item for item in source.entry.get("outs", ()) if item.get("path") == out.path), {})
    if "hash" not in known and known.get("md5") and state.is_same(inputs, where, found, known):
        return {key: known[key] for key in _CONTENT if key in known}  # unchanged since DVC before 3.0
    return {key: value for key, value in lock.item(out.path, found).items() if key != "path"}


def _rewritten(text: str, file: str, items: list[Mapping[str, Any]]) -> str:
    """The text with other content for each output; comments and everything else stay."""
    root = yaml12.compose(text, file)
    nodes = _outs(root, file)
    edits: list[tuple[int, int, str]] = []
    for node, item in zip(nodes, items, strict=True):
        edits += _edits(text, node, item, file)
    for start, end, replacement in sorted(edits, reverse=True):
        text = text[:start] + replacement + text[end:]
    return text


def _outs(root: Node | None, file: str) -> list[MappingNode]:
    if isinstance(root, MappingNode):
        for key, node in yaml12.items(root, file):
            if yaml12.value(key, file) == "outs" and isinstance(node, SequenceNode):
                return [one for one in node.value if isinstance(one, MappingNode)]
    return []


def _edits(text: str, node: MappingNode, item: Mapping[str, Any], file: str) -> list[tuple[int, int, str]]:
    """Start, end and new text of each piece that changes in the description of one output."""
    found = []
    pairs = {str(yaml12.value(key, file)): (key, value) for key, value in node.value}
    added = {key: item[key] for key in _CONTENT if key in item and key not in pairs}
    for key, (name, value) in pairs.items():
        if key in item and yaml12.value(value, file) != item[key]:
            found.append((value.start_mark.index, value.end_mark.index, _scalar(item[key])))
        elif key in _CONTENT and key not in item:
            found.append(_removal(text, node, name, value))
    if not added:
        return found
    if node.flow_style:
        end = node.value[-1][1].end_mark.index
        return [*found, (end, end, "".join(f", {key}: {_scalar(value)}" for key, value in added.items()))]
    # after the comments and empty lines that follow, where DVC's writer puts a new key as well
    end = node.end_mark.index
    place = end if end == len(text) else text.rfind("\n", 0, end) + 1
    lines = "".join(f"{' ' * node.start_mark.column}{key}: {_scalar(value)}\n" for key, value in added.items())
    if place == len(text) and not text.endswith("\n"):
        lines = "\n" + lines.removesuffix("\n")
    return [*found, (place, place, lines)]


def _removal(text: str, node: MappingNode, name: Node, value: Node) -> tuple[int, int, str]:
    """The edit that removes a key with its value, and with its line in block style."""
    place = next(number for number, (key, _) in enumerate(node.value) if key is name)
    if place + 1 < len(node.value):
        return name.start_mark.index, node.value[place + 1][0].start_mark.index, ""
    if place:
        return node.value[place - 1][1].end_mark.index, value.end_mark.index, ""
    return name.start_mark.index, value.end_mark.index, "{}"


def _scalar(value: Any) -> str:
    return yaml_text.dump({"k": value})[len("k: ") :].rstrip("\n")
