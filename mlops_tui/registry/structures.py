"""Checks of the index arrays in a model file that compiled code follows without looking.

scikit-learn's trees hold node and feature numbers that its predictors use as they are: a file made by hand could
crash the process or read foreign memory with them, which is why skops does not trust these types. Here every index is
checked before the object is built. This covers the trees; a file made to attack other compiled code (libsvm's arrays,
say) passes, so models from strangers still deserve a process of their own.

Knows skops' nodes (``skops.io._audit.Node``) and no registry.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from mlops_store.errors import Refused

_TREE = "sklearn.tree._tree.Tree"
_PREDICTOR = "sklearn.ensemble._hist_gradient_boosting.predictor.TreePredictor"
_NEIGHBOURS = ("sklearn.neighbors._kd_tree.KDTree", "sklearn.neighbors._ball_tree.BallTree")
_METRICS = ("EuclideanDistance64", "ManhattanDistance64", "ChebyshevDistance64")
_PLAIN = ("builtins", "numpy")

#: The types that may be built because they are checked here.
CHECKED: tuple[str, ...] = (_TREE, _PREDICTOR, *_NEIGHBOURS)

#: How skops writes each of them; another node of that name would be a way around the checks.
_LOADERS = {_TREE: "TreeNode", _PREDICTOR: "ObjectNode", **dict.fromkeys(_NEIGHBOURS, "ObjectNode")}


def check(root: Any) -> None:
    """Looks at every tree below a node.

    Args:
        root: A node of skops; its types are trusted already.

    Raises:
        Refused: An index of a tree points outside of it, or a tree is not written as skops writes one.
    """
    seen = set()
    waiting: list[tuple[Any, int | None]] = [(root, None)]
    while waiting:
        node, features = waiting.pop()
        if (id(node), features) in seen:
            continue
        seen.add((id(node), features))
        name = f"{node.module_name}.{node.class_name}"
        if name in _LOADERS:
            _require(type(node).__name__ == _LOADERS[name], name, "is not written as skops writes it")
            try:
                _CHECKS[name](name, node, features)
            except (AttributeError, IndexError, KeyError, TypeError, ValueError) as error:
                raise _refused(name, f"cannot be read ({error})") from error
        else:
            # an estimator's own number of features bounds what its trees may ask for
            inner = _feature_count(node) or features
            waiting.extend((child, inner) for child in _children(node))


def _check_tree(name: str, node: Any, features: int | None) -> None:
    feature_count, class_counts, output_count = _plain(name, node.children["args"])
    state = _plain(name, node.children["attrs"])
    nodes = state["nodes"]
    size = len(nodes)
    _require(output_count == len(class_counts) and output_count >= 1, name, "has wrong outputs")
    _require(min(class_counts) >= 1 and max(class_counts) < 1 << 31, name, "has a wrong number of classes")
    _require(state["node_count"] == size and nodes.ndim == 1 and size > 0, name, "has a wrong number of nodes")
    limit = feature_count if features is None else min(features, feature_count)
    inner = nodes[nodes["left_child"] != -1]
    here = (nodes["left_child"] != -1).nonzero()[0]
    _check_children(name, size, here, inner["left_child"], inner["right_child"])
    _require(
        bool(((inner["feature"] >= 0) & (inner["feature"] < limit)).all()), name, "names a feature that is not there"
    )


def _check_predictor(name: str, node: Any, features: int | None) -> None:
    state = _plain(name, node.children["attrs"])
    nodes, bitsets = state["nodes"], state["raw_left_cat_bitsets"]
    size = len(nodes)
    _require(size > 0 and nodes.ndim == 1, name, "has no nodes")
    is_inner = nodes["is_leaf"] == 0
    inner = nodes[is_inner]
    _check_children(name, size, is_inner.nonzero()[0], inner["left"].astype("i8"), inner["right"].astype("i8"))
    index = inner["feature_idx"]
    _require(bool((index >= 0).all()), name, "names a feature that is not there")
    _require(features is not None and bool((index < features).all()), name, "names a feature that is not there")
    categories = inner[inner["is_categorical"] != 0]
    _require(bitsets.ndim == 2 and bitsets.shape[1] == 8, name, "has wrong categories")
    _require(bool((categories["bitset_idx"] < len(bitsets)).all()), name, "names a category that is not there")


def _check_neighbours(name: str, node: Any, features: int | None) -> None:
    *parts, metric, weights = node.children["attrs"].children["content"]
    data, order, nodes, bounds, leaf_size, _, node_count, *_ = (_plain(name, part) for part in parts)
    sample_weight = _plain(name, weights)
    _require(metric.module_name == "sklearn.metrics._dist_metrics", name, "has an unknown distance")
    _require(metric.class_name in _METRICS and type(metric).__name__ == "ObjectNode", name, "has an unknown distance")
    rows, width = data.shape
    _require(features in (None, width), name, "has another number of features than its model")
    _require(len(order) == rows and bool(((order >= 0) & (order < rows)).all()), name, "names a row that is not there")
    size = len(nodes)
    sides = 2 if name.endswith("KDTree") else 1
    _require(node_count == size > 0 and bounds.shape == (sides, size, width), name, "has wrong bounds")
    start, end = nodes["idx_start"], nodes["idx_end"]
    _require(bool(((start >= 0) & (start <= end) & (end <= rows)).all()), name, "names a row that is not there")
    inner = (nodes["is_leaf"] == 0).nonzero()[0]
    _require(bool((2 * inner + 2 < size).all()), name, "names a node that is not there")
    _require(leaf_size >= 1 and (sample_weight is None or len(sample_weight) == rows), name, "has wrong weights")


def _check_children(name: str, size: int, here: Any, left: Any, right: Any) -> None:
    for child in (left, right):
        # a child after its parent, as scikit-learn numbers them, also rules out a circle
        _require(bool(((child > here) & (child < size)).all()), name, "names a node that is not there")


_CHECKS = {_TREE: _check_tree, _PREDICTOR: _check_predictor, **dict.fromkeys(_NEIGHBOURS, _check_neighbours)}


def _plain(name: str, node: Any) -> Any:
    """The value of a node that holds only numbers, texts, arrays and containers of such."""
    waiting, seen = [node], set()
    while waiting:
        part = waiting.pop()
        if id(part) not in seen:
            seen.add(id(part))
            _require(part.module_name in _PLAIN, name, f"holds a {part.module_name}.{part.class_name}")
            waiting.extend(_children(part))
    return node.construct()


def _children(node: Any) -> Iterator[Any]:
    for child in node.children.values():
        parts = child if isinstance(child, list) else child.values() if isinstance(child, dict) else (child,)
        yield from (part for part in parts if hasattr(part, "children"))


def _feature_count(node: Any) -> int | None:
    attributes = node.children.get("attrs")
    content = getattr(attributes, "children", {}).get("content")
    found = content.get("n_features_in_") if isinstance(content, dict) else None
    value = found.construct() if found is not None and type(found).__name__ == "JsonNode" else None
    return value if isinstance(value, int) else None


def _require(fact: bool, name: str, problem: str) -> None:
    if not fact:
        raise _refused(name, problem)


def _refused(name: str, problem: str) -> Refused:
    return Refused(f"the model file is not safe to load: its {name} {problem}", "train and log the model again")
