"""The cache and its links beside DVC's own, and what happens when it cannot be written."""

import hashlib
import os
import stat
import subprocess
import time
from collections.abc import Iterator
from pathlib import Path

import pytest
from disks import mounted
from pipeline_builders import dvc, make, run, stage, states, until

from mlops_store import pipelines
from mlops_store.store import Store
from mlops_tui import pipeline
from mlops_tui.pipeline import cache, links, spec, state
from mlops_tui.pipeline.cache import Cache
from mlops_tui.pipeline.fingerprints import Fingerprints
from mlops_tui.project import Project

pytestmark = pytest.mark.filterwarnings("ignore::DeprecationWarning:dvc")

TEXT = """
    stages:
      a:
        cmd: mkdir -p d/s && cp raw d/x && cp raw d/s/y && touch d/empty && cp raw f && chmod +x f && cp raw m
        deps: [raw]
        outs: [d, f]
        metrics: [m: {cache: false}]
      grow:
        cmd: echo more >> grown
        deps: [raw]
        outs: [grown: {persist: true}]
    """


def facts(project: Project) -> dict[str, tuple[str, bool, bool]]:
    """Of each file that is made: what the owner may do, whether it is a symbolic link, whether a hard link."""
    found = {}
    for name in ("d/x", "d/s/y", "d/empty", "f", "m", "grown"):
        path = project.path(name)
        status = os.lstat(path)
        mode = oct(os.stat(path).st_mode & stat.S_IRWXU)
        found[name] = (mode, stat.S_ISLNK(status.st_mode), status.st_nlink > 1 and not stat.S_ISLNK(status.st_mode))
    return found


def objects(directory: str) -> dict[str, str]:
    """The files of a cache with their modes."""
    top = Path(directory)
    return {
        str(path.relative_to(top)): oct(stat.S_IMODE(path.stat().st_mode))
        for path in top.rglob("*")
        if path.is_file() and "runs" not in path.parts
    }


@pytest.mark.parametrize("types", ["reflink,copy", "copy", "hardlink", "symlink", "hardlink,copy"])
def test_files_are_linked_as_dvc_links_them(tmp_path: Path, types: str) -> None:
    ours, theirs = (make(tmp_path / side / "p", TEXT, raw="data\n") for side in ("ours", "theirs"))
    for project in (ours, theirs):
        with dvc(project.root, init=True):
            pass
        Path(project.path(".dvc", "config")).write_text(f"[core]\nno_scm = true\n[cache]\ntype = {types}\n")
    for content in ("data\n", "new\n"):
        for project in (ours, theirs):
            Path(project.path("raw")).write_text(content)
        with dvc(theirs.root) as repo:
            repo.reproduce()
        assert run(ours).state == "finished"
        assert facts(ours) == facts(theirs)
        assert objects(ours.path(".dvc", "cache")) == objects(theirs.path(".dvc", "cache"))
    assert Path(ours.path("grown")).read_text() == "more\nmore\n"
    with dvc(ours.root) as repo:
        assert repo.status() == {}


def test_a_project_without_dvc_has_a_cache_of_its_own(tmp_path: Path) -> None:
    project = make(tmp_path, TEXT, raw="data\n")
    run(project)
    md5 = hashlib.md5(b"data\n").hexdigest()
    assert Path(project.path(".mlops", "cache", "files", "md5", md5[:2], md5[2:])).read_text() == "data\n"
    assert not Path(project.path(".gitignore")).exists()
    for directory in Path(project.path(".mlops", "cache")).glob("files/md5/*"):
        for path in directory.iterdir():
            path.unlink()
    # nobody but DVC asks for objects: what is there and unchanged is up to date
    assert set(states(run(project)).values()) == {"cached"}


@pytest.fixture
def place(tmp_path: Path) -> tuple[Cache, Fingerprints, str]:
    root = tmp_path / "p"
    root.mkdir()
    return Cache(str(tmp_path / "cache"), uses_git=False), Fingerprints(str(root)), str(root)


def reads(act: object) -> int:
    """How many bytes of files this process reads meanwhile."""

    def count() -> int:
        text = Path("/proc/self/io").read_text()
        return int(text.split("rchar: ")[1].split()[0])

    before = count()
    assert callable(act)
    act()
    return count() - before


@pytest.mark.parametrize("types", [("reflink", "copy"), ("copy",), ("hardlink",), ("symlink",)])
def test_a_large_output_is_read_once(place: tuple[Cache, Fingerprints, str], types: tuple[str, ...]) -> None:
    store, prints, root = place
    store.link_types = types
    size = 24 << 20
    Path(root, "big").write_bytes(os.urandom(size))
    data = Path(root, "big").read_bytes()

    read = reads(lambda: store.save("big", prints, root=root))

    assert size <= read < size + (1 << 20)
    md5 = hashlib.md5(data).hexdigest()
    assert Path(store.path(md5)).read_bytes() == data
    assert Path(root, "big").read_bytes() == data
    # and what is known of it still holds, although a link has taken its place
    assert reads(lambda: prints.find("big")) < 1 << 20


def test_no_copy_is_made_where_links_do(place: tuple[Cache, Fingerprints, str]) -> None:
    store, prints, root = place
    store.link_types = ("hardlink",)
    Path(root, "big").write_bytes(os.urandom(9 << 20))
    inode = os.stat(os.path.join(root, "big")).st_ino
    found = store.save("big", prints, root=root)
    assert found is not None
    assert os.stat(store.path(found.md5)).st_ino == inode == os.stat(os.path.join(root, "big")).st_ino


@pytest.fixture
def small_disk(tmp_path: Path) -> Iterator[Path]:
    """A file system of one megabyte."""
    with mounted(tmp_path, 1) as made:
        yield made


def grow(disk: Path) -> None:
    subprocess.run(["mount", "-o", "remount,size=64m", str(disk)], check=True)


@pytest.mark.parametrize("size", [900_000, 3 << 20])
def test_a_full_disk_leaves_no_half_object(tmp_path: Path, small_disk: Path, size: int) -> None:
    (tmp_path / "out").write_bytes(os.urandom(size))
    (small_disk / "other").write_bytes(os.urandom(500_000))
    store, prints = Cache(str(small_disk), uses_git=False), Fingerprints(str(tmp_path))
    with pytest.raises(OSError, match="No space"):
        store.save("out", prints, root=str(tmp_path))
    assert [path.name for path in small_disk.rglob("*") if path.is_file()] == ["other"]
    grow(small_disk)
    found = store.save("out", prints, root=str(tmp_path))
    assert found is not None
    assert store.holds(found.md5)


def test_a_stage_whose_output_finds_no_room_is_not_run_twice(tmp_path: Path, small_disk: Path) -> None:
    text = "stages: {a: {cmd: echo x >> ../ran && head -c 3000000 /dev/zero > o, deps: [raw], outs: [o]}}"
    project = make(tmp_path / "p", text, raw="1")
    with dvc(project.root, init=True):
        pass
    Path(project.path(".dvc", "config")).write_text(f"[core]\nno_scm = true\n[cache]\ndir = {small_disk}\n")
    run_id = pipeline.start(project)
    until(lambda: (tmp_path / "ran").exists() and os.path.exists(project.path("o")))
    with Store(project.store_path, create=False) as opened:
        until(lambda: list(small_disk.glob("files/md5")) and pipelines.get(opened.read(), run_id).state == "running")
    grow(small_disk)
    assert pipeline.wait(project, run_id).state == "finished"
    assert (tmp_path / "ran").read_text() == "x\n"
    with dvc(project.root) as repo:
        assert repo.status() == {}


def test_a_damaged_object_is_not_held_and_is_replaced(place: tuple[Cache, Fingerprints, str]) -> None:
    store, prints, root = place
    Path(root, "out").write_text("content")
    found = store.save("out", prints, root=root)
    assert found is not None
    target = Path(store.path(found.md5))
    target.chmod(0o644)
    target.write_text("something else")
    fresh = Cache(store.directory, uses_git=False)
    assert not fresh.holds(found.md5)
    fresh.save("out", prints, root=root)
    assert target.read_text() == "content"
    assert fresh.holds(found.md5)


def test_an_object_that_lost_its_bytes_with_the_power_is_not_held_and_is_replaced(
    place: tuple[Cache, Fingerprints, str],
) -> None:
    store, prints, root = place
    (Path(root) / "out").write_text("bytes")
    (Path(root) / "empty").write_text("")
    found, empty = (store.save(name, prints, root=root) for name in ("out", "empty"))
    assert found is not None
    assert empty is not None
    path = Path(store.path(found.md5))
    path.chmod(0o644)
    path.write_text("")
    path.chmod(0o444)
    again = Cache(store.directory, uses_git=False)
    assert (again.holds(found.md5), again.holds(empty.md5)) == (False, True)
    again.save("out", Fingerprints(root), root=root)
    assert path.read_text() == "bytes"


def test_a_directory_object_may_not_name_files_outside(place: tuple[Cache, Fingerprints, str]) -> None:
    store, _, _ = place
    target = Path(store.path("ab" * 16 + ".dir"))
    target.parent.mkdir(parents=True)
    for name in ("../../etc/passwd", "/etc/passwd", "a/../../b", ""):
        target.write_text(f'[{{"md5": "{"cd" * 16}", "relpath": "{name}"}}]')
        with pytest.raises(cache.Damaged):
            store.members("ab" * 16 + ".dir")


def test_what_a_killed_copy_left_goes_after_an_hour(place: tuple[Cache, Fingerprints, str]) -> None:
    store, prints, root = place
    staging = Path(store.directory, "files", "md5")
    staging.mkdir(parents=True)
    for name, age_s in (("killed.tmp", 4000), ("busy.tmp", 10)):
        (staging / name).touch()
        os.utime(staging / name, (time.time() - age_s,) * 2)
    Path(root, "big").write_bytes(os.urandom(2 << 20))
    store.save("big", prints, root=root)
    assert [path.name for path in staging.iterdir() if path.is_file()] == ["busy.tmp"]


def test_a_shared_cache_lets_the_group_write(tmp_path: Path) -> None:
    store = Cache(str(tmp_path / "cache"), uses_git=False, is_shared=True)
    (tmp_path / "out").write_text("x")
    found = store.save("out", Fingerprints(str(tmp_path)), root=str(tmp_path))
    assert found is not None
    assert stat.S_IMODE(os.stat(os.path.dirname(store.path(found.md5))).st_mode) == 0o2775


def test_directories_are_hashed_without_what_is_ignored(tmp_path: Path) -> None:
    text = "stages: {a: {cmd: mkdir -p o && cp d/x o/x && cp d/x o/x.log, deps: [d], outs: [o]}}"
    sides = [make(tmp_path / side / "p", text, d___x="1", d___y__tmp="2", d___sub___z="3") for side in "ab"]
    for project in sides:
        with dvc(project.root, init=True):
            pass
        Path(project.path(".dvcignore")).write_text("*.tmp\n*.log\n")
        os.makedirs(project.path("d", "other", ".dvc"))
        Path(project.path("d", "other", "file")).write_text("of another repository")
    with dvc(sides[0].root) as repo:
        repo.reproduce()
    assert run(sides[1]).state == "finished"
    assert Path(sides[1].path("dvc.lock")).read_text() == Path(sides[0].path("dvc.lock")).read_text()
    Path(sides[1].path("d", "new.tmp")).write_text("not seen")
    assert not any(one.is_stale for one in state.status(sides[1], spec.load(sides[1])))
    Path(sides[1].path("d", "sub", ".dvcignore")).write_text("z\n")
    with pytest.raises(OSError, match="may not"):
        state.Inputs(sides[1]).fingerprints.find("d")
    os.unlink(sides[1].path("d", "sub", ".dvcignore"))
    Path(sides[1].path(".dvcignore")).write_text("")
    assert [one.stage for one in state.status(sides[1], spec.load(sides[1])) if one.is_stale] == ["a"]


def test_a_persisting_output_is_made_writable_and_not_shared(tmp_path: Path) -> None:
    object_, file = tmp_path / "object", tmp_path / "file"
    for make_link in (os.link, os.symlink):
        object_.write_text("cached")
        object_.chmod(0o444)
        make_link(object_, file)
        links.unprotect(str(file))
        file.write_text("changed")
        assert object_.read_text() == "cached"
        assert not file.is_symlink()
        file.unlink()


def test_stages_say_which_output_is_missing(tmp_path: Path) -> None:
    project = make(tmp_path, "stages: {a: {cmd: 'true', outs: [nothing]}}")
    assert stage(run(project), "a").error.startswith("output nothing is missing")
