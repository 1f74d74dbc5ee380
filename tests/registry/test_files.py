"""Files of versions: their digest, and copies that are verified and stay where they belong."""

from __future__ import annotations

import dataclasses
import hashlib
import os
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from registry_builders import CONFIG, log_model, make_run, make_store

from mlops_store import artifacts
from mlops_store.errors import Refused, StoreError
from mlops_store.records import ModelVersion
from mlops_store.store import Store
from mlops_tui.registry import files, versions

CONTENT = {"model.skops": b"model", "mlops.json": b"{}", "code/train.py": b"print()", "empty": b""}


@pytest.fixture
def store(tmp_path: Path) -> Store:
    return make_store(tmp_path)


@pytest.fixture
def version(store: Store) -> ModelVersion:
    run_id = make_run(store)
    log_model(store, run_id, files=CONTENT)
    return versions.register(store, CONFIG, "churn", run_id=run_id)


def renamed(version: ModelVersion, old: str, new: str) -> ModelVersion:
    """The version with a file under another name and a digest that fits."""
    listed = {new if path == old else path: entry for path, entry in version.lineage["files"].items()}
    digest = files.model_digest({path: entry["digest"] for path, entry in listed.items()})
    return dataclasses.replace(version, lineage={**version.lineage, "files": listed}, digest=digest)


def test_the_files_of_a_version_are_written_as_they_were_logged(
    store: Store, version: ModelVersion, tmp_path: Path
) -> None:
    target = tmp_path / "out"
    assert set(files.materialize(store, version, str(target))) == set(CONTENT)
    assert {str(path.relative_to(target)): path.read_bytes() for path in target.rglob("*") if path.is_file()} == CONTENT


def test_the_digest_is_that_of_the_sorted_lines() -> None:
    expected = hashlib.sha256(b"a\x001\nb\x002\n").hexdigest()
    assert files.model_digest({"b": "2", "a": "1"}) == files.model_digest({"a": "1", "b": "2"}) == expected


def test_a_scan_of_a_directory_gives_the_same_digest(store: Store, version: ModelVersion, tmp_path: Path) -> None:
    files.materialize(store, version, str(tmp_path / "out"))
    scanned = files.scan(str(tmp_path / "out"))
    assert files.model_digest({path: digest for path, (digest, _) in scanned.items()}) == version.digest
    assert sum(size for _, size in scanned.values()) == version.size_bytes


@pytest.mark.parametrize("path", ["../out", "/etc/out", "a/../../out", "a//b", ".", "a\\b", "", "a\0b"])
def test_a_file_name_that_leaves_the_directory_is_refused(
    store: Store, version: ModelVersion, tmp_path: Path, path: str
) -> None:
    hostile = renamed(version, "empty", path)
    with pytest.raises(Refused, match="cannot hold a file named"):
        files.materialize(store, hostile, str(tmp_path / "target"))
    assert not (tmp_path / "out").exists()


def test_a_link_in_the_directory_does_not_lead_out_of_it(store: Store, version: ModelVersion, tmp_path: Path) -> None:
    (tmp_path / "target").mkdir()
    (tmp_path / "elsewhere").mkdir()
    (tmp_path / "target" / "code").symlink_to(tmp_path / "elsewhere")
    with pytest.raises(Refused, match="through a link"):
        files.materialize(store, version, str(tmp_path / "target"))
    assert list((tmp_path / "elsewhere").iterdir()) == []


def test_a_link_at_the_place_of_a_file_is_replaced_not_followed(
    store: Store, version: ModelVersion, tmp_path: Path
) -> None:
    (tmp_path / "target").mkdir()
    (tmp_path / "elsewhere").write_bytes(b"mine")
    (tmp_path / "target" / "empty").symlink_to(tmp_path / "elsewhere")
    files.materialize(store, version, str(tmp_path / "target"))
    assert (tmp_path / "elsewhere").read_bytes() == b"mine"
    assert (tmp_path / "target" / "empty").read_bytes() == b""


def test_a_changed_object_is_named_and_nothing_of_it_is_left(
    store: Store, version: ModelVersion, tmp_path: Path
) -> None:
    path = Path(artifacts.object_path(store.objects_dir, version.lineage["files"]["model.skops"]["digest"]))
    path.unlink()
    path.write_bytes(b"harm!")
    with pytest.raises(Refused, match=r"'model\.skops' of churn/1 was changed"):
        files.materialize(store, version, str(tmp_path / "out"))
    assert not any(file.read_bytes() == b"harm!" for file in (tmp_path / "out").rglob("*") if file.is_file())


def test_a_missing_object_is_named(store: Store, version: ModelVersion, tmp_path: Path) -> None:
    listed = files.manifest("churn", 1, version.digest, version.lineage["files"])
    files.require(store, "churn", 1, listed)
    os.unlink(artifacts.object_path(store.objects_dir, version.lineage["files"]["mlops.json"]["digest"]))
    with pytest.raises(Refused, match=r"'mlops\.json' of churn/1 is gone"):
        files.require(store, "churn", 1, listed)
    with pytest.raises(Refused, match=r"'mlops\.json' of churn/1 is gone"):
        files.materialize(store, version, str(tmp_path / "out"))


def test_a_record_that_was_changed_is_refused(store: Store, version: ModelVersion, tmp_path: Path) -> None:
    listed = {**version.lineage["files"], "extra": {"digest": "0" * 64, "size_bytes": 1}}
    forged = dataclasses.replace(version, lineage={**version.lineage, "files": listed})
    with pytest.raises(Refused, match="does not fit its digest"):
        files.materialize(store, forged, str(tmp_path / "out"))


def test_a_directory_that_cannot_be_made_is_an_error_with_a_hint(
    store: Store, version: ModelVersion, tmp_path: Path
) -> None:
    (tmp_path / "file").write_text("")
    with pytest.raises(StoreError, match="cannot be written"):
        files.materialize(store, version, str(tmp_path / "file" / "below"))


names = st.lists(st.text("abc.- é", min_size=1, max_size=6), min_size=1, max_size=3).map("/".join)


@settings(max_examples=60, deadline=None)
@given(st.sets(names, min_size=1, max_size=6))
def test_whatever_the_names_nothing_is_written_outside(
    tmp_path_factory: pytest.TempPathFactory, paths: set[str]
) -> None:
    base = tmp_path_factory.mktemp("base")
    with make_store(base) as store:
        run_id = make_run(store)
        log_model(store, run_id, files={path: path.encode() for path in paths})
        version = versions.register(store, CONFIG, "churn", run_id=run_id)
        before = {path for path in base.rglob("*") if "target" not in path.parts}
        try:
            files.materialize(store, version, str(base / "target"))
        except (Refused, StoreError):
            pass
        else:
            assert set(files.scan(str(base / "target"))) == paths
        assert {path for path in base.rglob("*") if "target" not in path.parts} == before
