"""Model files made to do harm: nothing in them runs, and each is refused with its reason."""

from __future__ import annotations

import io
import json
import os
import pickle
import struct
import subprocess
import sys
import zipfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import skops.io
from sklearn.datasets import load_breast_cancer
from sklearn.ensemble import HistGradientBoostingClassifier
from sklearn.linear_model import LogisticRegression
from sklearn.neighbors import KNeighborsClassifier
from sklearn.tree import DecisionTreeClassifier

from mlops_store.errors import Refused
from mlops_tui.registry import trust

X, Y = load_breast_cancer(return_X_y=True)
X = X[:, :5]


def rewrite(path: Path, change: Callable[[dict[str, bytes]], None]) -> None:
    """Changes the members of an archive."""
    with zipfile.ZipFile(path) as archive:
        members = {name: archive.read(name) for name in archive.namelist()}
    change(members)
    with zipfile.ZipFile(path, "w") as archive:
        for name, content in members.items():
            archive.writestr(name, content)


def change_schema(path: Path, change: Callable[[dict[str, Any]], None]) -> None:
    def changed(members: dict[str, bytes]) -> None:
        schema = json.loads(members["schema.json"])
        change(schema)
        members["schema.json"] = json.dumps(schema).encode()

    rewrite(path, changed)


def nodes_of(schema: Any, loader: str) -> list[dict[str, Any]]:
    """Every node of a kind, anywhere below."""
    found = []
    if isinstance(schema, dict):
        if schema.get("__loader__") == loader:
            found.append(schema)
        for value in schema.values():
            found += nodes_of(value, loader)
    elif isinstance(schema, list):
        for value in schema:
            found += nodes_of(value, loader)
    return found


def dumped(model: Any, directory: Path) -> Path:
    path = directory / "model.skops"
    skops.io.dump(model, path)
    return path


class Harm:
    """Unpickling it makes a file."""

    def __init__(self, target: Path) -> None:
        self.target = str(target)

    def __reduce__(self) -> tuple[Any, ...]:
        return os.mkdir, (self.target,)


@pytest.mark.parametrize("protocol", range(pickle.HIGHEST_PROTOCOL + 1))
def test_a_renamed_pickle_is_refused_and_never_run(tmp_path: Path, protocol: int) -> None:
    path = tmp_path / "model.skops"
    path.write_bytes(pickle.dumps(Harm(tmp_path / "harm"), protocol))
    with pytest.raises(Refused, match="not a skops file"):
        trust.read(str(path))
    assert not (tmp_path / "harm").exists()


def test_a_pickle_inside_the_archive_is_never_run(tmp_path: Path) -> None:
    path = dumped(LogisticRegression(max_iter=5000).fit(X, Y), tmp_path)
    harm = np.array([Harm(tmp_path / "harm")], dtype=object)
    buffer = io.BytesIO()
    np.save(buffer, harm, allow_pickle=True)

    def replace_arrays(members: dict[str, bytes]) -> None:
        for name in members:
            if name.endswith(".npy"):
                members[name] = buffer.getvalue()

    rewrite(path, replace_arrays)
    with pytest.raises(Refused, match="damaged"):
        trust.read(str(path))
    assert not (tmp_path / "harm").exists()


def test_a_module_named_in_the_file_is_not_even_imported(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "harmful.py").write_text(f"import os\nos.mkdir({str(tmp_path / 'harm')!r})\nclass Model: pass\n")
    monkeypatch.syspath_prepend(str(tmp_path))
    path = dumped(LogisticRegression(max_iter=5000).fit(X, Y), tmp_path)
    change_schema(path, lambda schema: schema.update(__module__="harmful", __class__="Model"))
    with pytest.raises(Refused, match=r"harmful\.Model"):
        trust.read(str(path))
    assert trust.untrusted(str(path)) == ("harmful.Model",)
    assert not (tmp_path / "harm").exists()
    assert "harmful" not in sys.modules


@pytest.mark.parametrize(
    "node",
    [
        {"__class__": "system", "__module__": "os", "__loader__": "FunctionNode"},
        {"__class__": "eval", "__module__": "builtins", "__loader__": "TypeNode"},
        {"__class__": "Popen", "__module__": "subprocess", "__loader__": "TypeNode"},
        {
            "__class__": "Popen",
            "__module__": "subprocess",
            "__loader__": "ConstructorFromReduceNode",
            "content": {
                "__class__": "tuple",
                "__module__": "builtins",
                "__loader__": "TupleNode",
                "content": [
                    {"__class__": "str", "__module__": "builtins", "__loader__": "JsonNode", "content": '"id"'}
                ],
            },
        },
    ],
)
def test_a_function_or_a_class_that_acts_is_refused_by_name(tmp_path: Path, node: dict[str, Any]) -> None:
    path = dumped(LogisticRegression(max_iter=5000).fit(X, Y), tmp_path)
    change_schema(path, lambda schema: schema["content"]["content"].update(C=node))
    with pytest.raises(Refused) as raised:
        trust.read(str(path))
    assert f"{node['__module__']}.{node['__class__']}" in raised.value.message


@pytest.mark.parametrize("name", ["../escaped", "/tmp/escaped", "a/../../escaped", "..\\escaped"])
def test_a_file_name_that_leaves_the_archive_is_refused_and_never_written(tmp_path: Path, name: str) -> None:
    inner = tmp_path / "inner"
    inner.mkdir()
    path = dumped(LogisticRegression(max_iter=5000).fit(X, Y), inner)
    rewrite(path, lambda members: members.update({name: b"harm"}))
    before = sorted(tmp_path.rglob("*"))
    with pytest.raises(Refused, match="which skops does not write"):
        trust.read(str(path))
    assert sorted(tmp_path.rglob("*")) == before
    assert not os.path.exists("/tmp/escaped")


@pytest.mark.filterwarnings("ignore:Duplicate name")
def test_two_files_of_one_name_are_refused(tmp_path: Path) -> None:
    path = dumped(LogisticRegression(max_iter=5000).fit(X, Y), tmp_path)
    with zipfile.ZipFile(path, "a") as archive:
        archive.writestr("schema.json", b"{}")
    with pytest.raises(Refused, match="two files of one name"):
        trust.read(str(path))


def test_an_archive_that_would_fill_the_memory_is_refused(tmp_path: Path) -> None:
    path = dumped(LogisticRegression(max_iter=5000).fit(X, Y), tmp_path)
    content = bytearray(path.read_bytes())
    directory = content.rindex(b"PK\x01\x02")
    content[directory + 24 : directory + 28] = struct.pack("<I", 2**31)  # the size that the member claims to have
    path.write_bytes(content)
    with pytest.raises(Refused, match="would grow"):
        trust.read(str(path))


@pytest.mark.parametrize("content", [b"", b"PK", b"PK\x03\x04" + bytes(100), b"\x1f\x8b\x08", b"#!/bin/sh"])
def test_what_is_no_archive_is_refused(tmp_path: Path, content: bytes) -> None:
    path = tmp_path / "model.skops"
    path.write_bytes(content)
    with pytest.raises(Refused):
        trust.read(str(path))


@pytest.mark.parametrize(
    "schema", ["", "[]", "{}", "7", '{"protocol": 2}', '{"protocol": 10000}', '{"protocol": 2, "__loader__": "No"}']
)
def test_an_archive_with_another_content_is_refused(tmp_path: Path, schema: str) -> None:
    path = tmp_path / "model.skops"
    with zipfile.ZipFile(path, "w") as archive:
        archive.writestr("schema.json", schema)
    with pytest.raises(Refused):
        trust.read(str(path))


def test_an_archive_without_a_schema_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "model.skops"
    with zipfile.ZipFile(path, "w") as archive:
        archive.writestr("x", "")
    with pytest.raises(Refused, match="damaged"):
        trust.read(str(path))


def test_a_file_cut_short_is_refused(tmp_path: Path) -> None:
    path = dumped(LogisticRegression(max_iter=5000).fit(X, Y), tmp_path)
    content = path.read_bytes()
    for length in range(0, len(content), 97):
        path.write_bytes(content[:length])
        with pytest.raises(Refused):
            trust.read(str(path))


def edit_array(path: Path, node: dict[str, Any], change: Callable[[Any], Any]) -> None:
    """Changes one stored array of an archive."""

    def changed(members: dict[str, bytes]) -> None:
        array = np.load(io.BytesIO(members[node["file"]]))
        buffer = io.BytesIO()
        np.save(buffer, change(array))
        members[node["file"]] = buffer.getvalue()

    rewrite(path, changed)


def set_field(field: str, value: int, row: int = 0) -> Callable[[Any], Any]:
    def change(array: Any) -> Any:
        array[field][row] = value
        return array

    return change


def schema_of(path: Path) -> dict[str, Any]:
    with zipfile.ZipFile(path) as archive:
        return json.loads(archive.read("schema.json"))  # type: ignore[no-any-return]


TREE_HARM: dict[str, Callable[[Any], Any]] = {
    "a left child far away": set_field("left_child", 10**12),
    "a right child below zero": set_field("right_child", -7),
    "a circle": set_field("left_child", 0),
    "a circle further down": set_field("left_child", 0, row=1),
    "a feature that is not there": set_field("feature", 5),
    "a feature below zero": set_field("feature", -3),
    "fewer nodes than are counted": lambda nodes: nodes[:1],
    "no nodes": lambda nodes: nodes[:0],
    "another type of nodes": lambda nodes: np.zeros(len(nodes)),
}


@pytest.mark.parametrize("harm", TREE_HARM)
def test_a_tree_with_indices_outside_of_it_is_not_built(tmp_path: Path, harm: str) -> None:
    path = dumped(DecisionTreeClassifier(max_depth=4).fit(X, Y), tmp_path)
    (tree,) = nodes_of(schema_of(path), "TreeNode")
    edit_array(path, tree["content"]["content"]["nodes"], TREE_HARM[harm])
    with pytest.raises(Refused, match="not safe to load"):
        trust.read(str(path))


def test_a_tree_that_asks_for_more_features_than_its_model_checks_is_not_built(tmp_path: Path) -> None:
    path = dumped(DecisionTreeClassifier(max_depth=4, random_state=0).fit(X, Y), tmp_path)

    def narrow(schema: dict[str, Any]) -> None:
        schema["content"]["content"]["n_features_in_"]["content"] = "1"

    change_schema(path, narrow)
    with pytest.raises(Refused, match="names a feature that is not there"):
        trust.read(str(path))


def test_a_tree_with_more_outputs_than_it_has_is_not_built(tmp_path: Path) -> None:
    path = dumped(DecisionTreeClassifier(max_depth=4).fit(X, Y), tmp_path)

    def widen(schema: dict[str, Any]) -> None:
        (tree,) = nodes_of(schema, "TreeNode")
        outputs = tree["__reduce__"]["args"]["content"][2]
        del outputs["__id__"]  # else skops takes the equal number that came before
        outputs["content"] = "1000000"

    change_schema(path, widen)
    with pytest.raises(Refused, match="has wrong outputs"):
        trust.read(str(path))


def test_a_tree_built_by_another_way_than_the_checked_one_is_refused(tmp_path: Path) -> None:
    path = dumped(DecisionTreeClassifier(max_depth=4).fit(X, Y), tmp_path)

    def disguise(schema: dict[str, Any]) -> None:
        (tree,) = nodes_of(schema, "TreeNode")
        arguments = tree["__reduce__"]["args"]
        tree.clear()
        tree.update(
            __class__="Tree",
            __module__="sklearn.tree._tree",
            __loader__="ConstructorFromReduceNode",
            content=arguments,
        )

    change_schema(path, disguise)
    with pytest.raises(Refused, match="is not written as skops writes it"):
        trust.read(str(path))


BOOSTING_HARM: dict[str, Callable[[Any], Any]] = {
    "a child far away": set_field("left", 2**31),
    "a circle": set_field("right", 0),
    "a feature that is not there": set_field("feature_idx", 5),
    "a feature below zero": set_field("feature_idx", -1),
    "a category that is not there": lambda nodes: set_field("bitset_idx", 9)(set_field("is_categorical", 1)(nodes)),
    "no nodes": lambda nodes: nodes[:0],
}


@pytest.mark.parametrize("harm", BOOSTING_HARM)
def test_a_boosted_tree_with_indices_outside_of_it_is_not_built(tmp_path: Path, harm: str) -> None:
    path = dumped(HistGradientBoostingClassifier(max_iter=2).fit(X, Y), tmp_path)
    found = [node for node in nodes_of(schema_of(path), "ObjectNode") if node["__class__"] == "TreePredictor"]
    edit_array(path, found[0]["content"]["content"]["nodes"], BOOSTING_HARM[harm])
    with pytest.raises(Refused, match="not safe to load"):
        trust.read(str(path))


NEIGHBOUR_HARM: dict[str, tuple[int, Callable[[Any], Any]]] = {
    "a row that is not there": (1, lambda order: np.where(order == 0, 10**9, order)),
    "a row below zero": (1, lambda order: order - 1),
    "fewer rows than are ordered": (1, lambda order: order[:-1]),
    "a leaf that goes on": (2, lambda nodes: set_field("idx_end", 10**9, len(nodes) - 1)(nodes)),
    "a last node with children": (2, lambda nodes: set_field("is_leaf", 0, len(nodes) - 1)(nodes)),
    "fewer nodes than are counted": (2, lambda nodes: nodes[:-1]),
    "fewer bounds than nodes": (3, lambda bounds: bounds[:, :-1]),
    "other data": (0, lambda data: data[:, :-1].copy()),
}


@pytest.mark.parametrize("harm", NEIGHBOUR_HARM)
@pytest.mark.parametrize("algorithm", ["kd_tree", "ball_tree"])
def test_a_tree_of_neighbours_with_indices_outside_of_it_is_not_built(
    tmp_path: Path, algorithm: str, harm: str
) -> None:
    path = dumped(KNeighborsClassifier(algorithm=algorithm).fit(X, Y), tmp_path)
    found = [node for node in nodes_of(schema_of(path), "ObjectNode") if node["__class__"] in ("KDTree", "BallTree")]
    position, change = NEIGHBOUR_HARM[harm]
    edit_array(path, found[0]["content"]["content"][position], change)
    with pytest.raises(Refused, match="not safe to load"):
        trust.read(str(path))


def test_an_index_outside_of_a_tree_would_really_crash_the_process(tmp_path: Path) -> None:
    """Says why the checks are there; when this fails, scikit-learn or skops checks by itself."""
    path = dumped(DecisionTreeClassifier(max_depth=4).fit(X, Y), tmp_path)
    (tree,) = nodes_of(schema_of(path), "TreeNode")
    edit_array(path, tree["content"]["content"]["nodes"], set_field("left_child", 10**12))
    code = (
        "import sys, numpy, skops.io\n"
        f"model = skops.io.load({str(path)!r}, trusted=['sklearn.tree._tree.Tree'])\n"
        "model.predict(numpy.zeros((1, 5)))"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, check=False)
    assert done.returncode != 0


def test_every_trusted_name_that_exists_is_a_class_or_a_function(tmp_path: Path) -> None:
    import importlib

    from mlops_tui.registry.trusted_types import TRUSTED

    found = 0
    for name in TRUSTED:
        module, _, attribute = name.rpartition(".")
        try:
            trusted = getattr(importlib.import_module(module), attribute, None)
        except ImportError:  # of another release of scikit-learn
            continue
        if trusted is not None:
            assert callable(trusted)
            found += 1
    assert found > 50
