"""Watching a project's files: what is told is enough to know what is stale, whatever happens to the files."""

from __future__ import annotations

import random
import shutil
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from pipeline_builders import make, run

from mlops_tui.config import Config
from mlops_tui.pipeline import spec, state
from mlops_tui.pipeline.file_events import FileEvents, Inotify, Polling, Watchdog
from mlops_tui.pipeline.hashing import directory_md5
from mlops_tui.pipeline.listing import Listing
from mlops_tui.pipeline.live import LiveStatus
from mlops_tui.pipeline.watching import ProjectWatch
from mlops_tui.project import Project

PIPELINE = """
stages:
  prepare:
    cmd: cat data/*.csv data/*/*.csv > all.txt
    deps: [data]
    outs: [all.txt]
  train:
    cmd: cp all.txt model.txt
    deps: [all.txt, train.py]
    params: [lr, whole.json: ]
    outs: [model.txt]
"""


class Watched:
    """A project that is watched, as the dashboard does it."""

    def __init__(self, project: Project, events: FileEvents) -> None:
        self.project = project
        self.events = events
        self.live = LiveStatus(project)
        self.watch = ProjectWatch(project, Config(), events, self.live)
        self.watch.follow()

    def take(self, timeout_s: float = 0.05) -> set[str]:
        """What is told until nothing happens for some time."""
        told: set[str] = set()
        while True:
            wait = self.watch.wait_s
            paths = self.events.wait(timeout_s if wait is None else min(timeout_s, wait))
            new = self.watch.take(paths)
            told |= new
            if not paths and not new and self.watch.wait_s is None:
                return told

    def stale(self) -> dict[str, tuple[str, ...]]:
        return {one.stage: one.reasons for one in self.live.statuses() if one.is_stale}


@pytest.fixture
def project(tmp_path: Path) -> Project:
    """A project that is up to date, with its data ignored by git."""
    made = make(
        tmp_path,
        PIPELINE,
        data___a__csv="a\n",
        data___sub___b__csv="b\n",
        train__py="print()\n",
        params__yaml="lr: 1\n",
        whole__json="{}",
    )
    (tmp_path / ".gitignore").write_text("/data\n/model.txt\n*.log\n")
    assert str(run(made).state) == "finished"
    return made


@pytest.fixture
def watched(project: Project) -> Iterator[Watched]:
    one = Watched(project, Inotify())
    yield one
    one.events.close()


def test_watchdog_tells_as_inotify_does(project: Project) -> None:
    watched = Watched(project, Watchdog())
    try:
        assert watched.stale() == {}
        Path(project.path("data", "sub", "b.csv")).write_text("changed\n")
        assert project.path("data", "sub", "b.csv") in watched.take(2.0)
        assert watched.stale()["prepare"] == ("data changed",)
        Path(project.path("data", "new")).mkdir()
        watched.take(1.0)
        Path(project.path("data", "new", "c.csv")).write_text("c\n")
        assert project.path("data", "new", "c.csv") in watched.take(2.0)
    finally:
        watched.events.close()


def judged(project: Project) -> dict[str, tuple[str, ...]]:
    found = state.status(project, spec.load(project))
    return {one.stage: one.reasons for one in found if one.is_stale}


def test_a_save_of_an_input_makes_it_stale_and_taking_it_back_fresh(watched: Watched) -> None:
    assert watched.stale() == {}
    path = Path(watched.project.path("train.py"))
    path.write_text("print(2)\n")
    assert watched.take() == {str(path)}
    assert watched.stale() == {"train": ("train.py changed",)}
    path.write_text("print()\n")
    watched.take()
    assert watched.stale() == {}


def test_what_git_ignores_is_not_told_unless_the_pipeline_reads_or_makes_it(watched: Watched) -> None:
    root = Path(watched.project.root)
    (root / "train.log").write_text("x")
    (root / ".mlops" / "logs" / "x").write_text("x")
    assert watched.take() == set()
    (root / "model.txt").unlink()
    assert watched.take() == {str(root / "model.txt")}
    assert watched.stale() == {"train": ("output model.txt missing",)}


def test_a_new_dependency_is_followed_once_dvc_yaml_names_it(watched: Watched) -> None:
    root = Path(watched.project.root)
    (root / ".gitignore").write_text("/extra\n")
    (root / "extra" / "deep").mkdir(parents=True)
    watched.take()
    (root / "extra" / "deep" / "x").write_text("1")
    assert watched.take() == set()
    (root / "dvc.yaml").write_text(PIPELINE.replace("train.py]", "train.py, extra]"))
    watched.take()
    assert watched.stale() == {"train": ("extra is a new dependency",)}
    (root / "extra" / "deep" / "x").write_text("2")
    assert watched.take() == {str(root / "extra" / "deep" / "x")}


def test_a_broken_dvc_yaml_is_said_and_mended(watched: Watched) -> None:
    path = Path(watched.project.path("dvc.yaml"))
    path.write_text("stages: [")
    watched.take()
    with pytest.raises(spec.SpecError):
        watched.live.statuses()
    path.write_text(PIPELINE)
    watched.take()
    assert watched.stale() == {}


def test_a_directory_that_is_moved_away_is_not_told_of_any_more(watched: Watched) -> None:
    root = Path(watched.project.root)
    (root / "data").rename(root.parent / f"{root.name}-away")
    watched.take()
    assert "prepare" in watched.stale()
    (root.parent / f"{root.name}-away" / "a.csv").write_text("other")
    assert watched.take() == set()
    (root.parent / f"{root.name}-away").rename(root / "data")
    watched.take()
    assert watched.stale()["prepare"] == ("data changed",)
    (root / "data" / "a.csv").write_text("a\n")
    watched.take()
    assert watched.stale() == {}


def test_a_lost_count_is_made_up_for(watched: Watched) -> None:
    assert watched.stale() == {}
    with_lost = watched.events
    Path(watched.project.path("data", "sub", "b.csv")).write_text("lost\n")
    with_lost.wait(5)  # as if the kernel's queue had been full
    with_lost.has_lost = True
    watched.take()
    assert watched.stale()["prepare"] == ("data changed",)


@pytest.mark.parametrize("seed", range(4))
def test_what_is_told_is_all_that_needs_to_be_known(watched: Watched, seed: int) -> None:
    """Random edits by several means: each time the same is stale as for whoever looks at every file."""
    random_ = random.Random(seed)
    root = Path(watched.project.root)
    watched.live.statuses()
    names = (
        "data/a.csv",
        "data/sub/b.csv",
        "data/new/c.csv",
        "data/sub/deep/d.csv",
        "train.py",
        "params.yaml",
        "all.txt",
    )

    def write(path: Path) -> None:
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(random_.choice(("lr: 1\n", "lr: 2\n", "x: a\n", "x: b\n", "{}")))

    def replace(path: Path) -> None:
        path.parent.mkdir(parents=True, exist_ok=True)
        other = path.with_name(f".{path.name}.swp")
        other.write_text(random_.choice(("lr: 1\n", "lr: 2\n", "x: a\n", "x: b\n")))
        other.replace(path)

    def remove(path: Path) -> None:
        path.unlink(missing_ok=True)

    def remove_tree(path: Path) -> None:
        if path.parent != root:
            shutil.rmtree(path.parent, ignore_errors=True)

    def move_tree(path: Path) -> None:
        if path.parent not in (root, root / "data") and path.parent.exists():
            shutil.rmtree(root / "data" / "moved", ignore_errors=True)
            path.parent.rename(root / "data" / "moved")

    acts: tuple[Callable[[Path], None], ...] = (write, write, replace, remove, remove_tree, move_tree)
    watched.live.prepare()
    for _ in range(40):
        for _ in range(random_.randrange(1, 4)):
            random_.choice(acts)(root / random_.choice(names))
        watched.take(0.02)
        assert watched.stale() == judged(watched.project)


def test_a_listing_gives_the_hash_that_its_files_give() -> None:
    files = {f"d{number % 7}/ü{number}": f"{number:032}" for number in range(50)}
    listing = Listing(files)
    assert listing.md5 == directory_md5(files)
    listing.put("d1/ü1", "f" * 32)
    listing.remove("d2/ü2")
    listing.remove("nothing")
    files["d1/ü1"] = "f" * 32
    del files["d2/ü2"]
    assert listing.md5 == directory_md5(files)
    assert "d1/ü1" in listing
    assert listing.holds_below("d1")
    assert not listing.holds_below("d")


def test_a_large_directory_is_not_walked_for_a_known_file(project: Project) -> None:
    folder = Path(project.path("data", "many"))
    folder.mkdir()
    for number in range(1200):
        (folder / f"{number}.csv").write_text(str(number))
    watched = Watched(project, Inotify())
    try:
        before = watched.stale()["prepare"]
        watched.live.prepare()
        for text in ("changed", "again"):
            (folder / "7.csv").write_text(text)
            watched.take()
            assert watched.stale()["prepare"] == before
            assert judged(project)["prepare"] == before
        (folder / "7.csv").unlink()
        (folder / "new.csv").write_text("1")
        watched.take()
        md5 = {one.stage: one.changes for one in watched.live.statuses()}["prepare"][0].new
        found = state.status(project, spec.load(project))
        assert md5 == found[0].changes[0].new
    finally:
        watched.events.close()


def test_where_no_instance_is_left_the_inputs_are_looked_at(project: Project) -> None:
    watched = Watched(project, Polling())
    assert "inotify limit" in watched.watch.note
    assert "max_user_instances" in watched.watch.hint
    path = Path(project.path("data", "sub", "b.csv"))
    path.write_text("changed\n")
    deadline = time.monotonic() + 60
    while project.path("data") not in watched.watch.take(watched.events.wait(watched.watch.wait_s or 1.0)):
        assert time.monotonic() < deadline
    assert watched.stale()["prepare"] == ("data changed",)


_IN_A_SMALL_ALLOWANCE = """
import sys
from mlops_tui.config import Config
from mlops_tui.pipeline.file_events import Inotify
from mlops_tui.pipeline.live import LiveStatus
from mlops_tui.pipeline.watching import ProjectWatch
from mlops_tui.project import Project
project = Project(sys.argv[1])
events = Inotify()
watch = ProjectWatch(project, Config(), events, LiveStatus(project))
watch.follow()
print(watch.note, watch.hint)
open(project.path("data", "sub", "b.csv"), "w").write("changed")
told = set()
while not told:
    told = watch.take(events.wait(watch.wait_s))
print(sorted(told), [one.reasons for one in watch.live.statuses() if one.is_stale][0])
"""


@pytest.mark.needs("unshare")
def test_where_no_watch_is_left_the_inputs_are_looked_at(project: Project) -> None:
    allow = 'echo 2 > /proc/sys/user/max_inotify_watches || exit 77; exec "$@"'
    words = ["unshare", "-Ur", "sh", "-c", allow, "sh", sys.executable, "-c", _IN_A_SMALL_ALLOWANCE, project.root]
    done = subprocess.run(words, capture_output=True, text=True, timeout=120)
    if done.returncode == 77 or "unshare" in done.stderr:
        pytest.skip("no user namespace is to be had here")
    assert done.returncode == 0, done.stderr
    note, told = done.stdout.splitlines()
    assert "max_user_watches" in note
    assert told == f"['{project.path('data')}'] ('data changed',)"
