"""What locks and .dvc files of any time point at."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from mlops_tui.data import pointers
from mlops_tui.data.pointers import Pointer

MD5 = "a" * 32


def test_a_lock_names_deps_and_outs_relative_to_where_its_stages_run() -> None:
    lock = f"""
schema: '2.0'
stages:
  train:
    cmd: x
    deps:
    - {{path: ../raw, hash: md5, md5: {MD5}.dir, size: 7, nfiles: 2}}
    outs:
    - {{path: model, hash: md5, md5: {MD5}, size: 3}}
""".encode()
    assert pointers.of(lock, "sub/dvc.lock") == [
        Pointer("raw", MD5 + ".dir", 7, 2, is_dep=True),
        Pointer("sub/model", MD5, 3, None),
    ]
    assert [one.path for one in pointers.of(lock, "sub/dvc.lock", {"train": "other/place"})] == [
        "other/raw",
        "other/place/model",
    ]


def test_the_locks_of_before_schema_2_have_their_stages_at_the_top() -> None:
    lock = f"train:\n  cmd: x\n  outs:\n  - {{path: model, md5: {MD5}}}\n".encode()
    assert pointers.of(lock, "dvc.lock") == [Pointer("model", MD5, is_legacy=True)]


def test_a_dvc_file_names_its_data_beside_it_or_in_its_wdir() -> None:
    text = f"outs:\n- {{md5: {MD5}, size: 1, hash: md5, path: a.csv}}\n"
    assert pointers.of(text.encode(), "data/a.csv.dvc") == [Pointer("data/a.csv", MD5, 1)]
    assert pointers.of(f"wdir: ..\n{text}".encode(), "data/a.csv.dvc") == [Pointer("a.csv", MD5, 1)]


@given(st.one_of(st.binary(max_size=80), st.text(alphabet="outs:-{}[]md5path \n'\"&*", max_size=80).map(str.encode)))
def test_what_is_not_understood_points_at_nothing(data: bytes) -> None:
    assert pointers.of(data, "dvc.lock") == []
    assert pointers.of(data, "a.dvc") == []
