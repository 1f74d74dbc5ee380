"""The versions of a path over time, and what names one."""

from __future__ import annotations

import subprocess
from pathlib import Path

import pytest
from data_builders import DataProject

from mlops_store.errors import NotFound, Refused
from mlops_tui.data import contents, diff, versions


@pytest.fixture
def data(tmp_path: Path) -> DataProject:
    return DataProject(tmp_path)


def git(data: DataProject, *words: str) -> str:
    identity = ["-c", "user.name=t", "-c", "user.email=t@example.org", "-c", "commit.gpgsign=false"]
    done = subprocess.run(["git", *identity, *words], cwd=data.root, check=True, capture_output=True, text=True)
    return done.stdout.strip()


def test_versions_come_newest_first_and_say_where_their_bytes_are(data: DataProject) -> None:
    old = data.keep("t.csv", "a\n1\n")
    gone = data.put("t.csv", "a\n2\n")
    new = data.put("t.csv", "a\n3\n")
    data.track("t.csv")
    for at, digest in enumerate((old, gone), 1):
        data.use("t.csv", digest, float(at))
    history = versions.read(data.inputs, data.store(), data.item("t.csv"))
    assert [(one.digest, one.where, one.standing) for one in history.versions] == [
        (new, "work tree", "current locked"),
        (gone, "", ""),
        (old, "cache", ""),
    ]
    assert (history.saving.version_count, history.saving.absent_count) == (1, 2)


def test_a_directory_that_lacks_a_file_in_the_cache_is_not_called_cached(data: DataProject) -> None:
    digest = data.keep("raw", {"a": "1", "b": "2"})
    data.object_path("c4ca4238a0b923820dcc509a6f75849b").unlink()
    data.put("raw", {"a": "other"})
    data.track("raw")
    data.use("raw", digest, 1.0)
    history = versions.read(data.inputs, data.store(), data.item("raw"))
    assert history.versions[-1].where == ""
    found = contents.find(data.inputs, "raw", digest)
    assert found is not None
    assert found.missing == ("a",)


@pytest.mark.needs("git")
def test_commits_name_versions_that_no_run_has_recorded(data: DataProject) -> None:
    git(data, "init", "-q")
    digests = []
    for content in ("one", "two", "one"):
        digests.append(data.put("t.txt", content))
        data.track("t.txt")
        git(data, "add", "-A")
        git(data, "commit", "-qm", content)
    history = versions.read(data.inputs, None, data.item("t.txt"))
    assert [one.digest for one in history.versions] == [digests[0], digests[1]]
    assert history.versions[0].commit == git(data, "rev-parse", "HEAD")
    assert history.versions[1].commit == git(data, "rev-parse", "HEAD~1")
    assert history.versions[0].record.first_at <= history.versions[0].record.since_at


@pytest.mark.needs("git")
def test_a_project_below_the_root_of_its_repository_finds_its_own_commits(tmp_path: Path) -> None:
    subprocess.run(["git", "init", "-q"], cwd=tmp_path, check=True)
    data = DataProject(tmp_path / "a b" / "project")
    digest = data.put("tä.txt", "one")
    data.track("tä.txt")
    git(data, "add", "-A")
    git(data, "commit", "-qm", "one")
    data.put("tä.txt", "two")
    history = versions.read(data.inputs, None, data.item("tä.txt"))
    assert digest in {one.digest for one in history.versions if one.commit}


def test_a_version_is_named_by_its_standing_its_digits_or_a_run(data: DataProject) -> None:
    old = data.keep("t.csv", "old")
    data.track("t.csv")
    run_id = data.use("t.csv", old, 1.0, name="first")
    new = data.put("t.csv", "new")
    item, store = data.item("t.csv"), data.store()
    for word in ("locked", old[:5], old, run_id, run_id[-8:], "first"):
        assert versions.resolve(data.inputs, store, item, word) == old
    assert versions.resolve(data.inputs, store, item, "current") == new
    assert versions.resolve(data.inputs, store, item, new[:4]) == new


def test_what_names_no_version_is_said_to_name_none(data: DataProject) -> None:
    data.put("t.csv", "x")
    data.track("t.csv")
    run_id = data.use("other.csv", "f" * 32, 1.0)
    item, store = data.item("t.csv"), data.store()
    with pytest.raises(NotFound, match="has no version 'nope'"):
        versions.resolve(data.inputs, store, item, "nope")
    with pytest.raises(NotFound, match=r"did not use t\.csv"):
        versions.resolve(data.inputs, store, item, run_id)
    with pytest.raises(NotFound, match="has no version 'nope'"):
        versions.resolve(data.inputs, None, item, "nope")
    (data.root / "t.csv").unlink()
    with pytest.raises(NotFound, match="nothing lies at"):
        versions.resolve(data.inputs, store, data.item("t.csv"), "current")


def test_digits_that_begin_two_versions_are_refused(data: DataProject) -> None:
    data.put("t.csv", "x")
    data.track("t.csv")
    for digest in ("abcd1" + "0" * 27, "abcd2" + "0" * 27):
        data.use("t.csv", digest, 1.0)
    with pytest.raises(NotFound, match="more than one version"):
        versions.resolve(data.inputs, data.store(), data.item("t.csv"), "abcd")


def test_bytes_that_are_nowhere_are_said_to_be_so(data: DataProject) -> None:
    gone = data.put("t.csv", "x")
    data.put("t.csv", "y")
    data.track("t.csv")
    with pytest.raises(Refused, match="neither the cache, the work tree nor Git"):
        versions.content(data.inputs, data.item("t.csv"), gone, str(data.root))


@pytest.mark.needs("git")
def test_what_git_has_beside_the_lock_is_read_from_there_if_its_hash_says_so(data: DataProject) -> None:
    git(data, "init", "-q")
    first = data.put("m.json", "1")
    data.track("m.json")
    git(data, "add", "-A")
    git(data, "commit", "-qm", "both")
    second = data.put("m.json", "2")
    data.track("m.json")
    data.put("m.json", "3")  # the commit's file is not what its .dvc file names
    git(data, "add", "-A")
    git(data, "commit", "-qm", "apart")
    history = versions.read(data.inputs, None, data.item("m.json"))
    assert {one.digest: one.where for one in history.versions} == {
        data.item("m.json").digest: "work tree",
        second: "",
        first: "git",
    }
    found = diff.of(data.inputs, data.item("m.json"), first, data.item("m.json").digest)
    assert (found.before.where, found.lines[1:]) == ("git", ("-1", "+3"))


@pytest.mark.parametrize("name", ["../x", "/etc/passwd", "a/../../x", "", "a//b", "."])
def test_a_directory_object_that_names_other_places_is_refused(data: DataProject, name: str) -> None:
    from mlops_tui.pipeline import cache, hashing

    files = {name: "0" * 32}
    digest = hashing.directory_md5(files)
    target = data.object_path(digest)
    target.parent.mkdir(parents=True)
    target.write_bytes(hashing.directory_object(files))
    with pytest.raises(Refused, match="which is no file of a directory"):
        contents.members(cache.find(data.project), digest)
