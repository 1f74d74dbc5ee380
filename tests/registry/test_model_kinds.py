"""Each format beside scikit-learn's: models predict the same when they are loaded again, damaged ones are refused."""

from __future__ import annotations

import json
import math
import os
import pickle
import sys
from pathlib import Path
from typing import Any

import numpy as np
import onnx
import pandas as pd
import pytest
import safetensors.numpy
from onnx_models import linear

from mlops_store.errors import Refused
from mlops_tui.registry import formats
from mlops_tui.registry.formats import bundled, kinds, sources

ROWS = pd.DataFrame({"a": np.linspace(0, 1, 60), "b": np.linspace(1, 0, 60) ** 2})
LABELS = np.array(["no"] * 30 + ["yes"] * 30)
NUMBERS = (LABELS == "yes").astype(int)


# ONNX


def test_an_onnx_model_predicts_a_frame_in_any_order_and_an_array(tmp_path: Path) -> None:
    info = formats.save(linear([1, 2]), str(tmp_path), input_example=ROWS)
    assert (info.flavor, info.signature["outputs"][0]["tensor-spec"]["dtype"]) == ("onnx", "float32")
    loaded = formats.load(str(tmp_path))
    wanted = (ROWS["a"] + 2 * ROWS["b"]).to_numpy(np.float32)
    np.testing.assert_allclose(loaded.predict(ROWS[["b", "a"]].assign(extra="x")), wanted, rtol=1e-6)
    np.testing.assert_allclose(loaded.predict(ROWS.to_numpy()), wanted, rtol=1e-6)
    assert not loaded.has_proba


@pytest.mark.parametrize("location", ["../secret", "/etc/hostname", "gone.data"])
def test_an_onnx_model_cannot_read_files_outside_of_itself(tmp_path: Path, location: str) -> None:
    (tmp_path / "secret").write_bytes(b"\0" * 64)
    (tmp_path / "model").mkdir()
    with pytest.raises(Refused, match="keeps its numbers in"):
        formats.save(linear([1, 2], location), str(tmp_path / "model"))


# tensors


def test_tensors_are_kept_by_name_and_predict_nothing(tmp_path: Path) -> None:
    tensors = {"layer.weight": np.arange(6.0).reshape(2, 3), "layer.bias": np.zeros(2, np.float16)}
    info = formats.save(tensors, str(tmp_path))
    assert info.summary == "2 tensors, 8 numbers"
    loaded = formats.load(str(tmp_path))
    assert set(loaded.native) == set(tensors)
    np.testing.assert_array_equal(loaded.native["layer.weight"], tensors["layer.weight"])
    with pytest.raises(Refused, match="no code that predicts"):
        loaded.predict(ROWS)


# functions

LIMIT = 0.5
FITTED = object()


def doubled(values: pd.Series) -> pd.Series:
    return values * 2


class Scale:
    factor = LIMIT

    def apply(self, values: pd.Series) -> pd.Series:
        return doubled(values) * self.factor


def predict(frame: pd.DataFrame) -> np.ndarray:
    """Uses an import, a constant, a function and a class of this module."""
    return (Scale().apply(frame["a"]) > LIMIT).to_numpy() + math.floor(0.5)


def uses_an_object(frame: pd.DataFrame) -> Any:
    return FITTED


def test_a_function_is_kept_as_the_source_that_it_needs(tmp_path: Path) -> None:
    info = formats.save(predict, str(tmp_path), input_example=ROWS)
    assert (info.flavor, info.warnings) == ("function", ())
    text = (tmp_path / info.entry).read_text()
    assert "def doubled" in text
    assert "LIMIT = 0.5" in text
    assert "FITTED" not in text
    assert "numpy" not in info.options
    with pytest.raises(Refused, match="source code"):
        formats.load(str(tmp_path))
    again = formats.load(str(tmp_path), allow_source=True)
    np.testing.assert_array_equal(again.predict(ROWS), predict(ROWS))
    assert again.native is not predict


def test_a_function_that_cannot_stand_alone_is_refused_by_what_it_uses(tmp_path: Path) -> None:
    def inner(frame: pd.DataFrame) -> Any:
        return tmp_path

    with pytest.raises(Refused, match="'FITTED', a object that the script made"):
        formats.save(uses_an_object, str(tmp_path))
    with pytest.raises(Refused, match="as a def of its module"):
        formats.save(inner, str(tmp_path))


def test_a_function_brings_the_modules_of_its_project_and_hides_none(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    project = tmp_path / "project"
    (project / "shop" / "deep").mkdir(parents=True)
    (project / "shop" / "__init__.py").write_text("")
    (project / "shop" / "deep" / "__init__.py").write_text("from ..mean import mean\n")
    (project / "shop" / "mean.py").write_text("def mean(values):\n    return values.mean()\n")
    (project / "scorer.py").write_text(
        "from shop import deep\n\n\ndef score(frame):\n    import shop.mean as late\n\n"
        "    return frame['a'] - deep.mean(frame['a']) + 0 * late.mean(frame['b'])\n"
    )
    monkeypatch.syspath_prepend(str(project))
    import scorer  # type: ignore[import-not-found]

    info = formats.save(scorer.score, str(tmp_path / "model"), input_example=ROWS)
    assert info.warnings == ()
    assert {path for path in info.files if path.startswith("code/shop")} == {
        "code/shop/__init__.py",
        "code/shop/deep/__init__.py",
        "code/shop/mean.py",
    }
    (project / "shop" / "mean.py").write_text("raise SystemExit")
    for name in [name for name in sys.modules if name.split(".")[0] in ("shop", "scorer")]:
        del sys.modules[name]
    loaded = formats.load(str(tmp_path / "model"), allow_source=True)
    np.testing.assert_allclose(loaded.predict(ROWS), ROWS["a"] - ROWS["a"].mean())
    assert "shop" not in sys.modules


def test_two_bundles_each_have_their_own_module_of_a_name() -> None:
    one, two = (bundled.Bundle({"m.py": "from n import x", "n.py": f"x = {value}"}) for value in (1, 2))
    assert (one.module("m").x, two.module("m").x) == (1, 2)
    with pytest.raises(ModuleNotFoundError):
        one.module("other")


@pytest.mark.parametrize("text", ["def f(:", "\0", "(" * 1000])
def test_what_is_no_python_is_refused(text: str) -> None:
    with pytest.raises(Refused, match="no Python"):
        sources.functions(text)


# pickles


class Stubborn:
    def predict(self, frame: pd.DataFrame) -> np.ndarray:
        return np.zeros(len(frame))


class Evil:
    """Makes a file when it is unpickled."""

    def __init__(self, marker: Path) -> None:
        self.marker = str(marker)

    def __reduce__(self) -> Any:
        return (os.mkdir, (self.marker,))


def test_a_pickle_needs_a_yes_when_it_is_written_and_when_it_is_loaded(tmp_path: Path) -> None:
    with pytest.raises(Refused, match="cannot be logged"):
        formats.save(Stubborn(), str(tmp_path))
    with pytest.raises(Refused, match="runs its author's code"):
        formats.save(Stubborn(), str(tmp_path), format="pickle")
    info = formats.save(Stubborn(), str(tmp_path), input_example=ROWS, allow_pickle=True)
    assert (info.flavor, kinds.runs(info.flavor)) == ("pickle", "pickle")
    with pytest.raises(Refused) as refused:
        formats.load(str(tmp_path), allow_source=True)
    assert "--allow-pickle" in refused.value.hint
    assert formats.load(str(tmp_path), allow_pickle=True).predict(ROWS).sum() == 0


@pytest.mark.parametrize("flavor", ["sklearn", "onnx", "safetensors", "function", "pickle"])
def test_a_malicious_pickle_is_never_run_whatever_its_directory_says(tmp_path: Path, flavor: str) -> None:
    marker = tmp_path / "marker"
    model = {"sklearn": None, "onnx": linear([1, 2]), "safetensors": {"a": np.zeros(2)}, "function": predict}.get(
        flavor
    )
    if model is None:
        formats.save(Stubborn(), str(tmp_path / "model"), allow_pickle=True)
    else:
        formats.save(model, str(tmp_path / "model"))
    description = tmp_path / "model" / "mlops.json"
    entry = formats.describe(str(tmp_path / "model")).entry
    (tmp_path / "model" / entry).write_bytes(pickle.dumps(Evil(marker)))
    digest = formats.describe(str(tmp_path / "model")).files[entry][0]
    described = json.loads(description.read_text())
    described["flavor"] = flavor
    described["files"] = {entry: {"digest": digest}}
    description.write_text(json.dumps(described))
    with pytest.raises(Refused):
        formats.load(str(tmp_path / "model"), allow_source=True)
    assert not marker.exists()
    pickle.loads((tmp_path / "model" / entry).read_bytes())  # it would have
    assert marker.exists()


@pytest.mark.parametrize("name", ["onnx", "safetensors"])
def test_a_file_cut_short_at_any_place_is_refused(tmp_path: Path, name: str) -> None:
    model = linear([1, 2]) if name == "onnx" else {"a": np.arange(9.0)}
    whole = formats.save(model, str(tmp_path))
    content = (tmp_path / whole.entry).read_bytes()
    module = kinds.module(kinds.get(name))
    for length in range(0, len(content), 7):
        (tmp_path / whole.entry).write_bytes(content[:length])
        with pytest.raises(Refused):
            module.read(str(tmp_path), whole, ())


def test_a_library_that_is_missing_is_named_with_what_to_install() -> None:
    with pytest.raises(Refused) as refused:
        kinds.need("no_such_library", kinds.get("xgboost"))
    assert "no_such_library" in refused.value.message
    assert refused.value.hint == "pip install 'mlops-tui[xgboost]'"


def test_the_file_that_is_written_is_the_library_s_own(tmp_path: Path) -> None:
    formats.save(linear([1, 2]), str(tmp_path / "onnx"))
    onnx.checker.check_model(str(tmp_path / "onnx" / "model.onnx"))
    formats.save({"a": np.arange(3.0)}, str(tmp_path / "tensors"))
    np.testing.assert_array_equal(
        safetensors.numpy.load_file(tmp_path / "tensors" / "model.safetensors")["a"], np.arange(3.0)
    )
