import hashlib
import os
import time
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from mlops_tui.pipeline import hashing
from mlops_tui.pipeline.fingerprints import Fingerprints


def settle(path: Path) -> None:
    """Waits until the file's change time is past the clock's grain."""
    while time.time_ns() < path.stat().st_ctime_ns + 60_000_000:
        time.sleep(0.005)


def dvc_hash(path: Path) -> tuple[str, int | None, int | None, bool]:
    from dvc_data.hashfile.build import build
    from dvc_data.hashfile.db import HashFileDB
    from dvc_objects.fs import localfs

    _, meta, made = build(HashFileDB(localfs, str(path.parent / "odb")), str(path), localfs, "md5", dry_run=True)
    return made.hash_info.value, meta.size, meta.nfiles, meta.isexec


contents = st.dictionaries(
    st.lists(
        st.text(alphabet="abzAZ01._- é", min_size=1, max_size=4).filter(lambda s: s.strip(". ")), min_size=1, max_size=3
    )
    .map("/".join)
    .filter(lambda name: name == os.path.normpath(name) and ".git" not in name),
    st.binary(max_size=20),
    max_size=6,
)


@settings(deadline=None, max_examples=40)
@given(contents)
def test_a_directory_has_the_hash_that_dvc_gives_it(
    tmp_path_factory: pytest.TempPathFactory, files: dict[str, bytes]
) -> None:
    root = tmp_path_factory.mktemp("d")
    (root / "data").mkdir()
    for name, content in files.items():
        path = root / "data" / name
        if path.is_dir() or any(parent.is_file() for parent in path.parents):
            continue
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(content)
    found = Fingerprints(str(root)).find("data")
    assert found is not None
    assert (found.md5, found.size_bytes, found.files, found.is_executable) == dvc_hash(root / "data")


def test_a_file_has_the_hash_that_dvc_gives_it(tmp_path: Path) -> None:
    path = tmp_path / "run.sh"
    path.write_bytes(b"\r\n" + os.urandom(3 << 20))
    path.chmod(0o755)
    found = Fingerprints(str(tmp_path)).find("run.sh")
    assert found is not None
    assert (found.md5, found.size_bytes, None, found.is_executable) == dvc_hash(path)


def test_links_to_files_count_and_links_to_directories_do_not(tmp_path: Path) -> None:
    data = tmp_path / "data"
    (tmp_path / "other").mkdir()
    (tmp_path / "other" / "x").write_text("x")
    data.mkdir()
    (data / "link").symlink_to(tmp_path / "other" / "x")
    (data / "folder").symlink_to(tmp_path / "other")
    (data / ".git").mkdir()
    (data / ".git" / "HEAD").write_text("x")
    found = Fingerprints(str(tmp_path)).find("data")
    assert found is not None
    assert found.files == 1


def test_nothing_there_is_none(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("x")
    assert Fingerprints(str(tmp_path)).find("nothing") is None
    assert Fingerprints(str(tmp_path)).find("file/below") is None


def test_a_device_is_an_error(tmp_path: Path) -> None:
    with pytest.raises(OSError, match="neither a file nor a directory"):
        Fingerprints(str(tmp_path)).find("/dev/null")


def test_an_unchanged_file_is_not_read_again_by_the_next_process(tmp_path: Path) -> None:
    path, cache = tmp_path / "a", tmp_path / "f.db"
    path.write_text("one")
    settle(path)
    first = Fingerprints(str(tmp_path), str(cache))
    found = first.find("a")
    first.flush()

    path.chmod(0o000)  # root could still read it, so the content is replaced under the same times as well
    again = Fingerprints(str(tmp_path), str(cache))
    known = again.known("a")
    assert known is not None
    assert found is not None
    path.chmod(0o644)
    settle(path)
    assert again.find("a") == found


def test_a_changed_file_is_noticed_whatever_its_modification_time_says(tmp_path: Path) -> None:
    path = tmp_path / "a"
    path.write_text("one")
    settle(path)
    prints = Fingerprints(str(tmp_path))
    before = prints.find("a")
    status = path.stat()
    path.write_text("two")
    os.utime(path, ns=(status.st_atime_ns, status.st_mtime_ns))
    assert prints.find("a") != before


def test_a_file_written_within_the_clocks_grain_is_never_trusted(tmp_path: Path) -> None:
    path = tmp_path / "a"
    prints = Fingerprints(str(tmp_path))
    for number in range(200):
        path.write_text(f"{number:04}")
        found = prints.find("a")
        assert found is not None
        assert found.md5 == hashlib.md5(f"{number:04}".encode()).hexdigest()


def test_a_change_deep_in_a_directory_is_noticed_and_only_that_file_read(tmp_path: Path) -> None:
    data = tmp_path / "data"
    for number in range(20):
        (data / str(number % 3)).mkdir(parents=True, exist_ok=True)
        (data / str(number % 3) / f"{number}.txt").write_text(str(number))
    settle(data / "1" / "19.txt")
    cache = tmp_path / "f.db"
    first = Fingerprints(str(tmp_path), str(cache))
    before = first.find("data")
    first.flush()
    (data / "1" / "4.txt").write_text("changed")
    read = []

    def hash_file(path: str, size_bytes: int) -> str:
        read.append(path)
        return hashing.hash_file(path, size_bytes)

    after = Fingerprints(str(tmp_path), str(cache)).find("data", hash_file)
    assert after != before
    assert [os.path.basename(path) for path in read] == ["4.txt"]


@pytest.mark.parametrize("content", [b"", b"not a database", os.urandom(4096)])
def test_a_damaged_cache_costs_time_only(tmp_path: Path, content: bytes) -> None:
    (tmp_path / "a").write_text("one")
    settle(tmp_path / "a")
    cache = tmp_path / "f.db"
    cache.write_bytes(content)
    prints = Fingerprints(str(tmp_path), str(cache))
    found = prints.find("a")
    prints.flush()
    assert found is not None
    again = Fingerprints(str(tmp_path), str(cache))
    assert again.find("a") == found
    again.flush()
    assert Fingerprints(str(tmp_path), str(cache)).known("a") is not None


def test_names_that_are_not_utf8_are_kept(tmp_path: Path) -> None:
    name = os.fsdecode(b"caf\xe9")
    (tmp_path / name).mkdir()
    (tmp_path / name / name).write_text("x")
    settle(tmp_path / name / name)
    cache = tmp_path / "f.db"
    prints = Fingerprints(str(tmp_path), str(cache))
    found = prints.find(name)
    prints.flush()
    assert Fingerprints(str(tmp_path), str(cache)).known(name) is not None
    assert Fingerprints(str(tmp_path), str(cache)).find(name) == found


@pytest.mark.parametrize("content", [b"a\r\nb\r\n", b"\0\r\n", b"plain\n", b"", b"\xff\xfe\xfd\r\n"])
def test_the_hash_of_dvc_2_is_dvcs(tmp_path: Path, content: bytes) -> None:
    from dvc_data.hashfile.hash import file_md5

    (tmp_path / "a").write_bytes(content)
    assert hashing.legacy_md5(str(tmp_path), "a") == file_md5(str(tmp_path / "a"), name="md5-dos2unix")
