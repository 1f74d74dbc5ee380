"""Checks of an XGBoost model before XGBoost reads it, which follows the indices in it and can end the process.

Source:
    https://xgboost.readthedocs.io/en/stable/tutorials/saving_model.html, its JSON schema.
"""

from __future__ import annotations

import json
from typing import Any

from mlops_tui.registry.formats import ubjson


def check(content: bytes) -> None:
    """Reads the whole model, and looks at the indices of its trees.

    Args:
        content: JSON or UBJSON.

    Raises:
        ValueError: It is cut short, no model, or an index in it points outside.
        RecursionError: It is too deep.
    """
    if content[:1] != b"{":
        raise ValueError("it is neither JSON nor UBJSON")
    # UBJSON goes on with the type of a length, JSON with a name in quotes
    model = ubjson.loads(content) if content[1:2] in (b"L", b"i", b"U", b"I", b"l") else json.loads(content)
    learner = _part(model, "learner")
    booster = _part(learner, "gradient_booster")
    feature_count = int(_part(learner, "learner_model_param").get("num_feature", 0))
    name = booster.get("name")
    if name == "dart":
        booster = _part(booster, "gbtree")
    elif name == "gblinear":
        return
    trees = _part(booster, "model").get("trees")
    if not isinstance(trees, list):
        raise ValueError("it has no trees")
    for place, tree in enumerate(trees):
        _check_tree(f"tree {place}", tree, feature_count)


def _check_tree(where: str, tree: Any, feature_count: int) -> None:
    import numpy as np

    left, right, split, parents = (
        np.asarray(_part_of(tree, key)).astype(np.int64)
        for key in ("left_children", "right_children", "split_indices", "parents")
    )
    size = len(left)
    counted = int(_part(tree, "tree_param").get("num_nodes", size))
    _require(size > 0 and counted == size, f"{where} has a wrong number of nodes")
    lengths = {len(part) for part in (left, right, split, parents)} | {
        len(np.asarray(_part_of(tree, "split_conditions")))
    }
    _require(lengths == {size}, f"{where} has a wrong number of nodes")
    inner = (left != -1).nonzero()[0]
    for child in (left[inner], right[inner]):
        # a node after its parent, as XGBoost numbers them, also rules out a circle
        _require(bool(((child > inner) & (child < size)).all()), f"{where} names a node that is not there")
        _require(bool((parents[child] == inner).all()), f"{where} names a node that is not there")
    features = split[inner]
    _require(
        bool(((features >= 0) & (features < max(feature_count, 1))).all()), f"{where} names a feature that is not there"
    )
    nodes, starts, sizes, categories = (
        np.asarray(tree.get(key, ())).astype(np.int64)
        for key in ("categories_nodes", "categories_segments", "categories_sizes", "categories")
    )
    _require(len(nodes) == len(starts) == len(sizes), f"{where} has wrong categories")
    is_inside = ((starts >= 0) & (sizes >= 0) & (starts + sizes <= len(categories))).all()
    _require(bool(is_inside and ((nodes >= 0) & (nodes < size)).all()), f"{where} has wrong categories")
    _require(bool((categories >= 0).all()), f"{where} has wrong categories")


def _part(value: Any, key: str) -> dict[str, Any]:
    found = _part_of(value, key)
    if not isinstance(found, dict):
        raise ValueError(f"its {key} is no object")
    return found


def _part_of(value: Any, key: str) -> Any:
    if not isinstance(value, dict) or key not in value:
        raise ValueError(f"it has no {key}")
    return value[key]


def _require(fact: bool, problem: str) -> None:
    if not fact:
        raise ValueError(problem)
