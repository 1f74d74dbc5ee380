"""XGBoost's and LightGBM's own formats."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest

from mlops_store.errors import Refused
from mlops_tui.registry import formats
from mlops_tui.registry.formats import kinds, lightgbm_text, xgboost_trees

pytestmark = pytest.mark.slow  # the libraries take seconds to import

ROWS = pd.DataFrame(
    {"a": np.linspace(0, 1, 90), "b": np.linspace(1, 0, 90) ** 2, "c": pd.Categorical(["u", "v", "w"] * 30)}
)
NUMBERS = np.arange(90) // 45
THREE = np.arange(90) // 30


def models(library: str) -> dict[str, tuple[Any, Any]]:
    """Name -> a fitted model and what it predicts for all rows."""
    if library == "xgboost":
        import xgboost

        matrix = xgboost.DMatrix(ROWS, NUMBERS, enable_categorical=True)
        booster = xgboost.train({"objective": "binary:logistic"}, matrix, 3)
        fitted = [
            xgboost.XGBClassifier(n_estimators=3, enable_categorical=True).fit(ROWS, NUMBERS),
            xgboost.XGBClassifier(n_estimators=3, enable_categorical=True).fit(ROWS, THREE),
            xgboost.XGBRegressor(n_estimators=3, enable_categorical=True).fit(ROWS, ROWS["a"]),
        ]
        return {"booster": (booster, booster.predict(matrix))} | {
            f"{place} {type(model).__name__}": (model, model.predict(ROWS)) for place, model in enumerate(fitted)
        }
    import lightgbm

    options: dict[str, Any] = {"n_estimators": 3, "min_child_samples": 2, "verbose": -1}
    words = np.array(["no", "yes"])[NUMBERS]
    fitted = [
        lightgbm.LGBMClassifier(**options).fit(ROWS, words),
        lightgbm.LGBMClassifier(**options).fit(ROWS, np.array(["x", "y", "z"])[THREE]),
        lightgbm.LGBMRegressor(**options, linear_tree=True).fit(ROWS, ROWS["a"]),
    ]
    booster = fitted[0].booster_
    return {"booster": (booster, booster.predict(ROWS))} | {
        f"{place} {type(model).__name__}": (model, model.predict(ROWS)) for place, model in enumerate(fitted)
    }


@pytest.mark.parametrize("library", ["xgboost", "lightgbm"])
def test_boosters_and_estimators_predict_the_same_again_also_from_texts(tmp_path: Path, library: str) -> None:
    for name, (model, wanted) in models(library).items():
        directory = str(tmp_path / name)
        info = formats.save(model, directory, input_example=ROWS)
        assert (info.flavor, info.warnings) == (library, ())
        assert any(package.startswith(library) for package in info.packages)
        loaded = formats.load(directory)
        np.testing.assert_array_equal(loaded.predict(ROWS), wanted, err_msg=name)
        # a request brings categories as texts, and columns in its own order
        asked = ROWS.iloc[[40, 7]].astype({"c": str})[["c", "b", "a"]]
        np.testing.assert_array_equal(loaded.predict(asked), wanted[[40, 7]], err_msg=name)
        assert loaded.has_proba == hasattr(model, "predict_proba")
        if loaded.has_proba:
            np.testing.assert_allclose(loaded.predict_proba(ROWS), model.predict_proba(ROWS))
            assert list(loaded.classes) == list(model.classes_)
        example = loaded.example()
        np.testing.assert_array_equal(loaded.predict(example), wanted[:5], err_msg=name)


@pytest.mark.parametrize("library", ["xgboost", "lightgbm"])
def test_a_booster_s_file_cut_short_anywhere_is_refused_and_ends_no_process(tmp_path: Path, library: str) -> None:
    model, _ = models(library)["booster"]
    info = formats.save(model, str(tmp_path))
    content = (tmp_path / info.entry).read_bytes()
    module = kinds.module(kinds.get(library))
    last = content.index(b"end of trees") if library == "lightgbm" else len(content)
    for length in [*range(0, last, 97), last - 1]:
        (tmp_path / info.entry).write_bytes(content[:length])
        with pytest.raises(Refused):
            module.read(str(tmp_path), info, ())


@pytest.mark.parametrize(
    ("field", "value"),
    [("left_child", "77"), ("right_child", "-99"), ("split_feature", "5"), ("num_leaves", "9"), ("threshold", ""),
     ("decision_type", "1 1"), ("left_child", "0 0")],
)  # fmt: skip
def test_an_index_outside_of_a_tree_is_refused_before_lightgbm_follows_it(field: str, value: str) -> None:
    model, _ = models("lightgbm")["booster"]
    lines = model.model_to_string().split("\n")
    place = next(place for place, line in enumerate(lines) if line.startswith(f"{field}="))
    lines[place] = f"{field}={value}"
    text = "\n".join(lines)
    # the size of the tree is right again, so that only the index is wrong
    change = len(text) - len(model.model_to_string())
    sizes = next(place for place, line in enumerate(lines) if line.startswith("tree_sizes="))
    first, *others = lines[sizes].removeprefix("tree_sizes=").split(" ")
    lines[sizes] = "tree_sizes=" + " ".join([str(int(first) + change), *others])
    lightgbm_text.check(model.model_to_string())
    with pytest.raises(ValueError, match="tree 0"):
        lightgbm_text.check("\n".join(lines))


@pytest.mark.parametrize(
    ("field", "value"),
    [("left_children", 77), ("right_children", -5), ("split_indices", 9), ("left_children", 0), ("parents", 3)],
)
def test_an_index_outside_of_a_tree_is_refused_before_xgboost_follows_it(
    tmp_path: Path, field: str, value: int
) -> None:
    model, _ = models("xgboost")["booster"]
    model.save_model(tmp_path / "m.json")
    content = json.loads((tmp_path / "m.json").read_text())
    xgboost_trees.check(json.dumps(content).encode())
    tree = content["learner"]["gradient_booster"]["model"]["trees"][0]
    tree[field][1 if field == "parents" else 0] = value
    with pytest.raises(ValueError, match="tree 0"):
        xgboost_trees.check(json.dumps(content).encode())


def test_a_model_that_is_not_fitted_is_refused(tmp_path: Path) -> None:
    import lightgbm
    import xgboost

    for model in (xgboost.XGBClassifier(), lightgbm.LGBMRegressor()):
        with pytest.raises(Refused, match="cannot be written"):
            formats.save(model, str(tmp_path))
