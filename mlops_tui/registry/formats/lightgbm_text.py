"""Checks of a LightGBM model's text before LightGBM reads it.

LightGBM ends the whole process over a text that was cut short, and follows the indices in it without looking.

Source:
    ``GBDT::LoadModelFromString`` and ``Tree::Tree`` of LightGBM 4.
"""

from __future__ import annotations

from collections.abc import Sequence

_CATEGORICAL = 1


def check(text: str) -> None:
    """Looks at the heading and at every tree.

    Raises:
        ValueError: The text is cut short, or an index in it points outside.
    """
    head, _, body = text.partition("\nTree=")
    _require(head.startswith("tree\n"), "it does not begin as one")
    heading = _fields(head)
    feature_count = _number(heading, "max_feature_idx") + 1
    _require(_number(heading, "num_tree_per_iteration") >= 1, "it has no trees in an iteration")
    sizes = _numbers(heading, "tree_sizes")
    trees = ("Tree=" + body).encode() if body else b""
    start = 0
    for place, size in enumerate(sizes):
        tree = trees[start : start + size].decode("utf-8", "replace")
        _require(
            len(tree.encode()) == size and tree.startswith(f"Tree={place}\n"), f"tree {place} is not where it should be"
        )
        _check_tree(_fields(tree), place, feature_count)
        start += size
    rest = trees[start:].decode("utf-8", "replace") if sizes else text
    _require("end of trees" in rest and not rest.startswith("Tree="), "its end is missing")


def _check_tree(tree: dict[str, str], place: int, feature_count: int) -> None:
    where = f"tree {place}"
    leaves = _number(tree, "num_leaves")
    _require(leaves >= 1, f"{where} has no leaf")
    _require(len(_texts(tree, "leaf_value")) == leaves, f"{where} has a wrong number of leaves")
    if leaves == 1:
        return
    split, left, right = (_numbers(tree, name) for name in ("split_feature", "left_child", "right_child"))
    kinds = _numbers(tree, "decision_type") if "decision_type" in tree else [0] * (leaves - 1)
    limits = _texts(tree, "threshold")
    _require(
        {len(part) for part in (split, left, right, kinds, limits)} == {leaves - 1},
        f"{where} has a wrong number of nodes",
    )
    _require(all(0 <= feature < feature_count for feature in split), f"{where} names a feature that is not there")
    for node, (one, other) in enumerate(zip(left, right, strict=True)):
        for child in (one, other):
            # a node after its parent, as LightGBM numbers them, also rules out a circle
            _require(-leaves <= child < 0 or node < child < leaves - 1, f"{where} names a node that is not there")
    _check_categories(tree, where, [limit for limit, kind in zip(limits, kinds, strict=True) if kind & _CATEGORICAL])
    if tree.get("is_linear", "0").strip() == "1":
        counts, features = _numbers(tree, "num_features"), _numbers(tree, "leaf_features")
        _require(len(counts) == leaves and sum(counts) == len(features), f"{where} has wrong linear leaves")
        _require(len(_texts(tree, "leaf_coeff")) == len(features), f"{where} has wrong linear leaves")
        _require(
            all(0 <= feature < feature_count for feature in features), f"{where} names a feature that is not there"
        )


def _check_categories(tree: dict[str, str], where: str, limits: Sequence[str]) -> None:
    count = _number(tree, "num_cat")
    bounds = _numbers(tree, "cat_boundaries") if count else [0]
    bits = _numbers(tree, "cat_threshold") if count else []
    _require(
        count >= 0
        and len(bounds) == count + 1
        and bounds[0] == 0
        and bounds == sorted(bounds)
        and bounds[-1] == len(bits),
        f"{where} has wrong categories",
    )
    _require(all(0 <= float(limit) < count for limit in limits), f"{where} names a category that is not there")


def _fields(text: str) -> dict[str, str]:
    found: dict[str, str] = {}
    for line in text.splitlines():
        key, equals, value = line.partition("=")
        if equals:
            _require(key not in found, f"it says {key} twice")
            found[key] = value
    return found


def _texts(fields: dict[str, str], key: str) -> list[str]:
    _require(key in fields, f"it has no {key}")
    return fields[key].split()


def _numbers(fields: dict[str, str], key: str) -> list[int]:
    return [int(word) for word in _texts(fields, key)]


def _number(fields: dict[str, str], key: str) -> int:
    found = _numbers(fields, key)
    _require(len(found) == 1, f"it has a wrong {key}")
    return found[0]


def _require(fact: bool, problem: str) -> None:
    if not fact:
        raise ValueError(problem)
