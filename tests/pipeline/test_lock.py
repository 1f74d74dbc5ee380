import io
import os
import stat
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from mlops_store.errors import SpecError
from mlops_tui.pipeline import lock

# ruamel.yaml writes U+0085, U+2028 and U+2029 as they are, and libyaml reads them as line breaks: nobody has them
letters = st.characters(codec="utf-8", exclude_characters="\x85\u2028\u2029\ufeff", exclude_categories=("Cc", "Cs"))
names = st.text(alphabet="abc é:#-'\"\U0001f600\n", min_size=1, max_size=8)
hashes = st.text(alphabet="0123456789abcdef", min_size=32, max_size=32)
items = st.builds(
    lambda path, md5, size: {"path": path, "hash": "md5", "md5": md5, "size": size},
    names,
    hashes,
    st.integers(0, 10**12),
)
params = st.dictionaries(names, st.integers() | st.text(letters, max_size=100) | st.floats(allow_nan=False), max_size=3)
entries = st.fixed_dictionaries(
    {"cmd": st.text(alphabet="abc '\"-=", min_size=1, max_size=120)},
    optional={
        "deps": st.lists(items, min_size=1, max_size=3),
        "params": st.dictionaries(names, params, min_size=1, max_size=2),
        "outs": st.lists(items, min_size=1, max_size=2),
    },
)


def written_by_dvc(stages: dict[str, Any]) -> str:
    from ruamel.yaml import YAML

    yaml = YAML()
    yaml.default_flow_style = False
    stream = io.StringIO()
    yaml.dump({"schema": "2.0", "stages": stages}, stream)
    return stream.getvalue()


@settings(deadline=None)
@given(st.dictionaries(names, entries, min_size=1, max_size=4))
def test_a_lock_made_here_has_the_text_that_dvc_writes(stages: dict[str, Any]) -> None:
    made = lock.Lock()
    for name, entry in stages.items():
        made.put(name, entry)
    assert made.text() == written_by_dvc(stages)


@settings(deadline=None)
@given(st.dictionaries(names, entries, min_size=1, max_size=4), st.data())
def test_replacing_one_entry_changes_nothing_else(stages: dict[str, Any], data: st.DataObject) -> None:
    text = written_by_dvc(stages)
    changed = data.draw(st.sampled_from(sorted(stages)))
    new = {"cmd": "new command", "outs": [{"path": "x", "hash": "md5", "md5": "0" * 32, "size": 1}]}

    found = lock.Lock(text)
    assert {name: found.entry(name) for name in stages} == stages
    assert found.text() == text
    found.put(changed, new)

    assert found.text() == written_by_dvc({**stages, changed: new})


def test_an_entry_that_says_the_same_keeps_its_text() -> None:
    text = "schema: '2.0'\nstages:\n  a:\n    cmd: 'x'   # by hand\n"
    found = lock.Lock(text)
    found.put("a", {"cmd": "x"})
    assert found.text() == text


def test_comments_and_data_sets_around_the_stages_stay() -> None:
    text = "# hello\nschema: '2.0'\ndatasets:\n- name: d\nstages:\n  a:\n    cmd: x\nextra: 1\n"
    found = lock.Lock(text)
    found.put("b", {"cmd": "y"})
    assert found.text() == text.replace("    cmd: x\n", "    cmd: x\n  b:\n    cmd: y\n")


def test_another_style_is_rewritten_in_dvcs(tmp_path: Path) -> None:
    found = lock.Lock("{schema: '2.0', stages: {a: {cmd: x, deps: [{path: p, md5: m}]}}}")
    found.put("b", {"cmd": "y"})
    assert found.text() == written_by_dvc({"a": {"cmd": "x", "deps": [{"path": "p", "md5": "m"}]}, "b": {"cmd": "y"}})


@pytest.mark.parametrize("text", ["schema: '2.0'\n", "schema: '2.0'\nstages: {}\n", "", "\n"])
def test_a_lock_without_stages_gets_its_first(text: str) -> None:
    found = lock.Lock(text)
    found.put("a", {"cmd": "x"})
    assert found.text() == "schema: '2.0'\nstages:\n  a:\n    cmd: x\n"


def test_text_that_yaml_1_1_would_misread_survives() -> None:
    entry = {"cmd": "x", "params": {"params.yaml": {"a": "yes", "b": "012", "c": "1e-4", "d": None, "e": True}}}
    made = lock.Lock()
    made.put("on", entry)
    assert lock.Lock(made.text()).entry("on") == entry
    assert "a: yes\n" in made.text()


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("stages: {}\n", "is not of schema '2.0'"),
        ("train:\n  cmd: x\n", "is not of schema '2.0'"),
        ("- 1\n", "must be a mapping"),
        ("schema: '2.0'\nstages: [a]\n", "'stages' must be a mapping"),
        ("schema: '2.0'\nstages:\n  a: [\n", "did not find expected"),
    ],
)
def test_a_file_that_is_no_lock_is_refused(text: str, message: str) -> None:
    with pytest.raises(SpecError, match=message):
        lock.Lock(text)


@pytest.mark.parametrize(
    "entry", ["[]", "{deps: []}", "{cmd: x, deps: [a]}", "{cmd: x, outs: 3}", "{cmd: x, params: []}"]
)
def test_an_entry_that_makes_no_sense_is_refused_when_it_is_needed(entry: str) -> None:
    found = lock.Lock(f"schema: '2.0'\nstages:\n  a: {entry}\n")
    with pytest.raises(SpecError, match=r"dvc\.lock:3"):
        found.entry("a")


def test_merge_conflict_marks_are_named(tmp_path: Path) -> None:
    (tmp_path / "dvc.lock").write_text("schema: '2.0'\n<<<<<<< HEAD\nstages:\n")
    with pytest.raises(SpecError, match=r"dvc\.lock:2:1: holds the marks of a merge conflict"):
        lock.read(str(tmp_path / "dvc.lock"))


def test_a_file_written_by_somebody_else_meanwhile_is_not_lost(tmp_path: Path) -> None:
    path = tmp_path / "dvc.lock"
    ours = lock.LockFile(str(path))
    ours.put({"a": {"cmd": "x"}})
    path.write_text(path.read_text() + "  theirs:\n    cmd: z\n")
    ours.put({"b": {"cmd": "y"}})
    assert list(lock.Lock(path.read_text())._blocks) == ["a", "theirs", "b"]


def test_the_files_mode_and_link_are_kept_and_nothing_is_left_behind(tmp_path: Path) -> None:
    real = tmp_path / "real.lock"
    real.write_text("")
    real.chmod(0o640)
    (tmp_path / "dvc.lock").symlink_to(real)
    lock.LockFile(str(tmp_path / "dvc.lock")).put({"a": {"cmd": "x"}})
    assert stat.S_IMODE(real.stat().st_mode) == 0o640
    assert (tmp_path / "dvc.lock").is_symlink()
    assert sorted(os.listdir(tmp_path)) == ["dvc.lock", "real.lock"]
