"""Models from outside: files and MLflow directories are copied, checked and registered, or refused with a reason."""

from __future__ import annotations

import hashlib
import json
import os
import pickle
import shutil
import threading
import zipfile
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
import safetensors.numpy
import skops.io
from registry_builders import CONFIG, log_model, make_run, make_store
from sklearn.base import BaseEstimator
from sklearn.linear_model import LogisticRegression

from mlops_store import artifacts
from mlops_store.errors import NotFound, Refused
from mlops_store.records import ModelVersion
from mlops_store.store import Store
from mlops_tui.registry import formats, incoming, versions
from mlops_tui.registry.incoming import Terms

ROWS = pd.DataFrame({"a": np.linspace(0, 1, 40), "b": np.linspace(1, 0, 40) ** 2})
MODEL = LogisticRegression().fit(ROWS, np.arange(40) > 20)


class Own(BaseEstimator):
    def predict(self, frame: pd.DataFrame) -> np.ndarray:
        return np.zeros(len(frame))


class Evil:
    """Makes a directory when it is unpickled."""

    def __init__(self, marker: Path) -> None:
        self.marker = str(marker)

    def __reduce__(self) -> Any:
        return (os.mkdir, (self.marker,))


@pytest.fixture
def store(tmp_path: Path) -> Store:
    return make_store(tmp_path)


@pytest.fixture
def directory(tmp_path: Path) -> Path:
    """A model directory as MLflow has it: without our description."""
    formats.save(MODEL, str(tmp_path / "m"), input_example=ROWS)
    (tmp_path / "m" / "mlops.json").unlink()
    return tmp_path / "m"


def register(store: Store, content: versions.Content, **kept: Any) -> ModelVersion:
    return versions.add(store, CONFIG, "churn", content, **kept)


def objects(store: Store) -> set[str]:
    return {os.path.join(folder, name) for folder, _, names in os.walk(store.objects_dir) for name in names}


# files


def test_a_skops_file_becomes_a_version_with_all_that_belongs_beside_it(store: Store, tmp_path: Path) -> None:
    skops.io.dump(MODEL, tmp_path / "clf.bin")
    content = incoming.of_file(store, str(tmp_path / "clf.bin"), Terms(example=ROWS))
    version = register(store, content, description="by hand", tags={"team": "risk"}, reason="a try")
    (tmp_path / "clf.bin").unlink()
    assert (version.flavor, version.run_id) == ("sklearn", None)
    assert version.source == f"file:{tmp_path / 'clf.bin'}"
    assert version.tags == {"team": "risk"}
    assert {"MLmodel", "requirements.txt", "mlops.json", "model.skops"} <= set(version.lineage["files"])
    assert version.lineage["environment"]["packages"]["numpy"] == np.__version__
    assert [column["name"] for column in version.lineage["signature"]["inputs"]] == ["a", "b"]
    np.testing.assert_array_equal(formats.load_version(store, version).predict(ROWS), MODEL.predict(ROWS))


def test_a_python_file_runs_only_when_that_was_said_and_brings_its_neighbours(store: Store, tmp_path: Path) -> None:
    path = tmp_path / "score.py"
    path.write_text("open('/nonexistent/marker')\ndef predict(frame):\n    return frame['a']\n")
    with pytest.raises(Refused, match="source code"):
        incoming.of_file(store, str(path), Terms())
    path.write_text("def predict(frame):\n    return frame['a'] * 2\n")
    version = register(store, incoming.of_file(store, str(path), Terms(allowed={"source"})), allowed={"source"})
    assert version.lineage["allowed"] == ["source"]
    np.testing.assert_array_equal(formats.load_version(store, version).predict(ROWS), ROWS["a"] * 2)


def test_a_trial_leaves_no_object_and_no_directory(store: Store, tmp_path: Path) -> None:
    skops.io.dump(MODEL, tmp_path / "clf.skops")
    before = objects(store)
    with store.trial():
        register(store, incoming.of_file(store, str(tmp_path / "clf.skops"), Terms(is_trial=True)))
    assert objects(store) == before
    assert not list(Path(store.objects_dir).parent.glob(".incoming-model-*"))


def test_a_type_of_somebody_s_own_is_named_and_trusted_only_by_name(store: Store, tmp_path: Path) -> None:
    skops.io.dump(Own(), tmp_path / "own.skops")
    with pytest.raises(Refused, match="not trusted") as refused:
        incoming.of_file(store, str(tmp_path / "own.skops"), Terms())
    name = f"{Own.__module__}.Own"
    assert f"--trust {name}" in refused.value.hint
    content = incoming.of_file(store, str(tmp_path / "own.skops"), Terms(trusted=[name]))
    version = register(store, content, trusted=[name])
    assert formats.load_version(store, version).predict(ROWS).sum() == 0
    with pytest.raises(Refused, match="not trusted"):
        formats.load_version(store, register(store, content))


def evil_skops(path: Path, marker: Path) -> None:
    """A skops file whose array is a pickle."""
    skops.io.dump(MODEL, path)
    content = path.read_bytes()
    with zipfile.ZipFile(path, "w") as archive, zipfile.ZipFile(path.with_suffix(".old"), "w"):
        path.with_suffix(".old").write_bytes(content)
        with zipfile.ZipFile(path.with_suffix(".old")) as old:
            for name in old.namelist():
                archive.writestr(name, old.read(name) if name == "schema.json" else pickle.dumps(Evil(marker)))


@pytest.mark.parametrize(
    "name", ["m.onnx", "m.skops", "m.safetensors", "m.ubj", "m.txt", "m.py", "m.pkl", "m.bin", "z.skops"]
)
@pytest.mark.parametrize("protocol", [0, 4])
def test_a_malicious_pickle_by_any_name_is_refused_and_not_run(
    store: Store, tmp_path: Path, name: str, protocol: int
) -> None:
    marker = tmp_path / "marker"
    path = tmp_path / name
    path.write_bytes(pickle.dumps(Evil(marker), protocol))
    if name == "z.skops":
        evil_skops(path, marker)
    with pytest.raises(Refused):
        incoming.of_file(store, str(path), Terms(allowed={"source"}))
    assert not marker.exists()


def test_a_pickle_that_was_allowed_is_not_opened_by_registering_it(store: Store, tmp_path: Path) -> None:
    (tmp_path / "m.pkl").write_bytes(pickle.dumps(Evil(tmp_path / "marker")))
    version = register(
        store, incoming.of_file(store, str(tmp_path / "m.pkl"), Terms(allowed={"pickle"})), allowed={"pickle"}
    )
    assert (version.flavor, version.lineage["allowed"]) == ("pickle", ["pickle"])
    assert not (tmp_path / "marker").exists()
    formats.load_version(store, version)
    assert (tmp_path / "marker").exists()


@pytest.mark.parametrize(
    ("content", "name", "message"),
    [
        (b"", "m.onnx", "is empty"),
        (b"tree\nhello", "m.txt", "damaged"),
        (b"\x08\x00\x00\x00\x00\x00\x00\x00{}", "m.safetensors", "damaged"),
        (b"PK\x03\x04", "m.skops", "damaged"),
        (b"{}", "m.json", "damaged"),
        (b"hello", "m.xyz", "nothing in m.xyz tells"),
        (b"def f(): pass", "m.py", "defines no function 'predict'"),
    ],
)
def test_a_damaged_or_unknown_file_is_refused(
    store: Store, tmp_path: Path, content: bytes, name: str, message: str
) -> None:
    (tmp_path / name).write_bytes(content)
    with pytest.raises(Refused, match=message):
        incoming.of_file(store, str(tmp_path / name), Terms(allowed={"source"}))


def test_what_is_no_plain_file_of_a_size_that_fits_is_refused(store: Store, tmp_path: Path) -> None:
    with pytest.raises(NotFound):
        incoming.of_file(store, str(tmp_path / "gone.onnx"), Terms())
    os.mkfifo(tmp_path / "pipe.onnx")
    with pytest.raises(Refused, match="no plain file"):
        incoming.of_file(store, str(tmp_path / "pipe.onnx"), Terms())
    with open(tmp_path / "huge.onnx", "wb") as file:
        file.truncate(incoming.MOST_BYTES + 1)  # sparse: it takes no room
    with pytest.raises(Refused, match="a model has at most"):
        incoming.of_file(store, str(tmp_path / "huge.onnx"), Terms())
    with pytest.raises(Refused, match="is a directory"):
        incoming.of_file(store, str(tmp_path), Terms())


def test_a_file_that_is_written_meanwhile_is_refused(store: Store, tmp_path: Path) -> None:
    path = tmp_path / "big.safetensors"
    safetensors.numpy.save_file({"a": np.zeros(3_000_000)}, path)
    ended = threading.Event()

    def write() -> None:
        while not ended.is_set():
            os.utime(path)

    writer = threading.Thread(target=write)
    writer.start()
    try:
        with pytest.raises(Refused, match="changed while it was copied"):
            incoming.of_file(store, str(path), Terms())
    finally:
        ended.set()
        writer.join()


# MLflow's directories


def test_an_mlflow_directory_becomes_a_version_file_by_file(store: Store, directory: Path) -> None:
    version = register(store, incoming.of_mlflow(store, str(directory), Terms()), parent="")
    assert version.flavor == "sklearn"
    assert (
        version.lineage["files"]["MLmodel"]["digest"]
        == hashlib.sha256((directory / "MLmodel").read_bytes()).hexdigest()
    )
    shutil.rmtree(directory)
    loaded = formats.load_version(store, version)
    np.testing.assert_array_equal(loaded.predict(ROWS), MODEL.predict(ROWS))
    pd.testing.assert_frame_equal(loaded.example(), ROWS.head(5))
    child = register(
        store, incoming.of_mlflow(store, directory_of(store, version, directory), Terms()), parent="churn/1"
    )
    assert child.lineage["parent"] == "churn/1"
    with pytest.raises(NotFound):
        register(store, incoming.of_mlflow(store, str(directory), Terms()), parent="churn/9")


def directory_of(store: Store, version: ModelVersion, directory: Path) -> str:
    formats.loading.materialize(store, version, str(directory))
    return str(directory)


@pytest.mark.parametrize("target", ["../../secret", "/etc/hostname", ".."])
def test_a_link_that_leaves_the_directory_is_refused(store: Store, directory: Path, target: str) -> None:
    (directory.parent / "secret").write_text("x")
    (directory / "data").symlink_to(target)
    with pytest.raises(Refused, match="link"):
        incoming.of_mlflow(store, str(directory), Terms())


@pytest.mark.parametrize("entry", ["../secret.skops", "/etc/hostname", "gone.skops", "code/../../secret.skops", ""])
def test_a_description_that_names_a_file_elsewhere_is_refused(store: Store, directory: Path, entry: str) -> None:
    skops.io.dump(MODEL, directory.parent / "secret.skops")
    text = (directory / "MLmodel").read_text().replace("model.skops", json.dumps(entry))
    (directory / "MLmodel").write_text(text)
    with pytest.raises(Refused):
        incoming.of_mlflow(store, str(directory), Terms())


@pytest.mark.parametrize(
    "text",
    ["", "[]", "flavors: 3", "{", "flavors: {sklearn: {}}", "flavors: {keras: {data: x}}", "a: &a [1]\nb: *a",
     "!!python/object/apply:os.system ['touch marker']", "flavors: {onnx: {data: 7}}", "x" * (1 << 21)],
)  # fmt: skip
def test_a_damaged_mlmodel_is_refused(store: Store, directory: Path, text: str) -> None:
    (directory / "MLmodel").write_text(text)
    with pytest.raises(Refused):
        incoming.of_mlflow(store, str(directory), Terms())


@pytest.mark.parametrize("flavor", ["sklearn", "python_function"])
def test_a_pickle_in_an_mlflow_directory_is_refused_and_not_run(store: Store, directory: Path, flavor: str) -> None:
    marker = directory.parent / "marker"
    (directory / "model.pkl").write_bytes(pickle.dumps(Evil(marker)))
    told = {
        "sklearn": {"pickled_model": "model.pkl", "serialization_format": "cloudpickle"},
        "python_function": {"loader_module": "mlflow.sklearn", "model_path": "model.pkl"},
    }
    (directory / "MLmodel").write_text(json.dumps({"flavors": {flavor: told[flavor]}}))
    with pytest.raises(Refused, match="pickle"):
        incoming.of_mlflow(store, str(directory), Terms(allowed={"source"}))
    assert not marker.exists()


def test_a_directory_without_an_mlmodel_or_without_files_is_not_found(store: Store, tmp_path: Path) -> None:
    (tmp_path / "empty").mkdir()
    for path in (tmp_path / "empty", tmp_path / "gone"):
        with pytest.raises(NotFound):
            incoming.of_mlflow(store, str(path), Terms())


# what a run logged


def test_a_file_and_a_folder_that_a_run_logged_become_versions_with_its_lineage(store: Store, directory: Path) -> None:
    run_id = make_run(store, name="train", values={"auc": 0.9})
    files = {path.name: path.read_bytes() for path in directory.iterdir()}
    log_model(store, run_id, name="kept", files=files)
    for path in ("kept", "kept/model.skops"):
        version = register(store, incoming.of_artifact(store, run_id, path, Terms()))
        assert (version.flavor, version.run_id, version.lineage["metrics"]) == ("sklearn", run_id, {"auc": 0.9})
        np.testing.assert_array_equal(formats.load_version(store, version).predict(ROWS), MODEL.predict(ROWS))
    with pytest.raises(NotFound, match="logged no model's file 'kept/model'"):
        incoming.of_artifact(store, run_id, "kept/model", Terms())


def test_registering_never_changes_an_object(store: Store, tmp_path: Path) -> None:
    skops.io.dump(MODEL, tmp_path / "clf.skops")
    incoming.of_file(store, str(tmp_path / "clf.skops"), Terms(example=ROWS))
    for path in objects(store):
        digest = os.path.basename(os.path.dirname(path)) + os.path.basename(path)
        with artifacts.open_object(store.objects_dir, digest) as file:
            assert hashlib.sha256(file.read()).hexdigest() == digest
