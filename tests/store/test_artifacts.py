"""Content-addressed objects and the artifacts that name them."""

from __future__ import annotations

import hashlib
import os
import threading
from collections.abc import Iterator
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from mlops_store import artifacts, runs
from mlops_store.errors import NotFound
from mlops_store.store import Store

RUN = "r" * 32


@pytest.fixture
def store(tmp_path: Path) -> Iterator[Store]:
    with Store(str(tmp_path / ".mlops" / "store.db")) as store:
        with store.write() as db:
            runs.create(db, run_id=RUN, name="r", experiment="default", started_at=0.0)
        yield store


def files_of(directory: str) -> list[str]:
    return [name for _, _, names in os.walk(directory) for name in names]


@given(data=st.binary(max_size=5000))
@settings(max_examples=30)
def test_an_object_is_found_by_the_hash_of_its_bytes(tmp_path_factory: pytest.TempPathFactory, data: bytes) -> None:
    folder = str(tmp_path_factory.mktemp("objects"))
    digest, size = artifacts.put_bytes(folder, data)
    assert (digest, size) == (hashlib.sha256(data).hexdigest(), len(data))
    with artifacts.open_object(folder, digest) as file:
        assert file.read() == data


def test_a_file_is_copied_and_the_copy_is_read_only(store: Store, tmp_path: Path) -> None:
    source = tmp_path / "model.bin"
    source.write_bytes(b"x" * 3_000_000)
    digest, size = artifacts.put_file(store.objects_dir, str(source))
    path = artifacts.object_path(store.objects_dir, digest)
    assert size == 3_000_000
    assert os.stat(path).st_mode & 0o777 == 0o444
    source.write_bytes(b"changed")
    assert Path(path).read_bytes() == b"x" * 3_000_000


def test_the_same_bytes_are_stored_once(store: Store) -> None:
    for _ in range(3):
        artifacts.put_bytes(store.objects_dir, b"same")
    assert len(files_of(store.objects_dir)) == 1


def test_a_file_that_cannot_be_read_leaves_nothing_behind(store: Store, tmp_path: Path) -> None:
    with pytest.raises(IsADirectoryError):
        artifacts.put_file(store.objects_dir, str(tmp_path))
    with pytest.raises(FileNotFoundError):
        artifacts.put_file(store.objects_dir, str(tmp_path / "missing"))
    assert files_of(store.objects_dir) == []


def test_an_object_of_a_missing_digest_is_not_found(store: Store) -> None:
    with pytest.raises(FileNotFoundError):
        artifacts.open_object(store.objects_dir, "0" * 64)


def test_threads_can_store_the_same_bytes_at_once(store: Store) -> None:
    threads = [threading.Thread(target=artifacts.put_bytes, args=(store.objects_dir, b"same")) for _ in range(20)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(files_of(store.objects_dir)) == 1


def test_the_newest_file_of_a_path_is_the_run_s_artifact(store: Store) -> None:
    with store.write() as db:
        artifacts.record(db, RUN, "plots/b.png", "1" * 64, 1, 1.0)
        artifacts.record(db, RUN, "a.txt", "2" * 64, 2, 2.0)
        artifacts.record(db, RUN, "a.txt", "3" * 64, 3, 3.0)
    found = artifacts.of_run(store.read(), RUN)
    assert [(artifact.path, artifact.digest[0], artifact.size_bytes) for artifact in found] == [
        ("a.txt", "3", 3),
        ("plots/b.png", "1", 1),
    ]


def test_an_artifact_of_an_unknown_run_is_refused(store: Store) -> None:
    with pytest.raises(NotFound), store.write() as db:
        artifacts.record(db, "nobody", "a.txt", "1" * 64, 1, 1.0)
