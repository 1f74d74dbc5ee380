"""Files, texts, dicts, figures and data sets that scripts log."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
from tracked import content, detail, only_run, remarks

import mlops_tui as mlops
from mlops_tui.pipeline.fingerprints import Fingerprints


@pytest.fixture(autouse=True)
def project(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    monkeypatch.setenv("MLOPS_PROJECT", str(tmp_path))
    monkeypatch.chdir(tmp_path)
    yield tmp_path
    while mlops.active_run():
        mlops.end_run()


def test_texts_and_dicts_are_stored_as_files(project: Path) -> None:
    with mlops.start_run():
        mlops.log_text("héllo\ud800", "notes/a.txt")
        mlops.log_dict({"ä": [1, None]}, "config.json")
        mlops.log_dict({"b": 1, "a": "yes"}, "config.yaml")
        mlops.log_dict({"path": Path("x")}, "odd.json")
    found = content(project)
    assert found["notes/a.txt"] == "héllo\\ud800".encode()
    assert json.loads(found["config.json"]) == {"ä": [1, None]}
    assert found["config.yaml"].decode() == "b: 1\na: 'yes'\n"
    assert json.loads(found["odd.json"]) == {"path": "x"}


def test_files_and_directories_keep_their_names(project: Path) -> None:
    (project / "out" / "deep").mkdir(parents=True)
    (project / "out" / "a.bin").write_bytes(b"\0\1")
    (project / "out" / "deep" / "b.txt").write_text("b")
    (project / "c.txt").write_text("c")
    with mlops.start_run():
        mlops.log_artifact("c.txt")
        mlops.log_artifact(project / "c.txt", "folder")  # type: ignore[arg-type]
        mlops.log_artifacts("out", "all")
        mlops.log_artifact("out")
    assert sorted(content(project)) == [
        "all/a.bin", "all/deep/b.txt", "c.txt", "folder/c.txt", "out/a.bin", "out/deep/b.txt",
    ]  # fmt: skip


@pytest.mark.parametrize(
    ("paths", "both"), [(["x/a", "x/a/b", "x/a/c"], "x/a"), (["x/a/b/c", "x", "x/d"], "x"), (["x", "x/a/b"], "x")]
)
def test_a_path_that_is_a_file_and_a_folder_is_told_and_all_is_kept(project: Path, paths: list[str], both: str) -> None:
    with mlops.start_run():
        for path in paths:
            mlops.log_text(path, path)
    (told,) = remarks(project)
    assert f"{both!r} is a file and a folder now" in told
    assert sorted(content(project)) == sorted(paths)


def test_files_beside_each_other_and_logged_again_are_no_problem(project: Path) -> None:
    with mlops.start_run():
        for path in ("x/a", "x/ab", "x/a", "x/b/a", "x/b/c", "a"):
            mlops.log_text(path, path)
    assert remarks(project) == []


def test_a_matplotlib_figure_is_stored_in_the_format_of_its_name(project: Path) -> None:
    figure = pytest.importorskip("matplotlib.figure").Figure()
    figure.subplots().plot([1, 2, 3])
    with mlops.start_run():
        mlops.log_figure(figure, "curve.png")
        mlops.log_figure(figure, "curve.svg", save_kwargs={"dpi": 50})
    found = content(project)
    assert found["curve.png"].startswith(b"\x89PNG")
    assert b"<svg" in found["curve.svg"]


def test_a_plotly_figure_is_stored_as_html_or_an_image(project: Path) -> None:
    class Plotly:
        def to_html(self, **_: Any) -> str:
            return "<html>"

        def to_image(self, **options: Any) -> bytes:
            return str(options["format"]).encode()

    with mlops.start_run():
        mlops.log_figure(Plotly(), "a.html")
        mlops.log_figure(Plotly(), "a.webp")
    assert content(project) == {"a.html": b"<html>", "a.webp": b"webp"}


@pytest.mark.parametrize("path", ["../up.txt", "/abs.txt", "", ".", "a/../../b", "..\\up.txt", "nul\0"])
def test_a_path_that_leads_out_of_the_run_is_refused(project: Path, path: str) -> None:
    with mlops.start_run():
        mlops.log_text("x", path)
    assert content(project) == {}
    assert "not a path within the run" in remarks(project)[0]


def test_a_file_that_is_missing_is_reported_and_the_others_are_stored(project: Path) -> None:
    with mlops.start_run():
        mlops.log_artifact("missing.txt")
        mlops.log_artifacts("missing")
        mlops.log_figure(object(), "a.png")
        mlops.log_text("here", "a.txt")
    assert list(content(project)) == ["a.txt"]
    assert len(remarks(project)) == 3


def test_a_pipe_among_the_files_holds_nothing_up(project: Path) -> None:
    folder = project / "data"
    folder.mkdir()
    os.mkfifo(folder / "pipe")
    (folder / "a.txt").write_text("a")
    with mlops.start_run():
        mlops.log_artifacts("data")
        mlops.log_artifact("data/pipe")
        mlops.log_image("data/pipe", "b.png")
        mlops.log_dataset("data/pipe", "pipe")
        mlops.log_dataset("data", "folder")
    assert content(project) == {"a.txt": b"a"}
    assert sum("no regular file" in remark for remark in remarks(project)) == 3


def test_a_file_logged_again_replaces_the_earlier_one(project: Path) -> None:
    with mlops.start_run():
        mlops.log_text("one", "a.txt")
        mlops.log_text("two", "a.txt")
    assert content(project) == {"a.txt": b"two"}


def test_hostile_names_of_files_are_kept(project: Path) -> None:
    (project / "[b]x\n\x1b[0m.txt").write_text("x")
    with mlops.start_run():
        mlops.log_artifact("[b]x\n\x1b[0m.txt")
    assert list(content(project)) == ["[b]x\n\x1b[0m.txt"]


def test_the_address_of_an_artifact_names_run_and_path(project: Path) -> None:
    with mlops.start_run() as run:
        assert mlops.get_artifact_uri("a/b") == f"runs:/{run.run_id}/a/b"


def test_files_directories_and_frames_are_recorded_as_data(project: Path) -> None:
    (project / "data").mkdir()
    (project / "data" / "a.csv").write_text("x\n1\n")
    frame = pd.DataFrame({"x": [1, 2], "y": ["a", "b"]})
    with mlops.start_run():
        mlops.log_input("data/a.csv", "training")
        mlops.log_input(project / "data", tags={"source": "lab"})
        mlops.log_input(frame, "validation", name="holdout")
    found = {use.dataset.name: use for use in detail(project).datasets}
    assert sorted(found) == ["data", "data/a.csv", "holdout"]
    assert (found["data/a.csv"].context, found["data/a.csv"].dataset.size_bytes) == ("training", 4)
    assert (found["data"].dataset.files, found["data"].context) == (1, "input")
    assert found["holdout"].dataset.row_count == 2
    assert only_run(project).tags == {"source": "lab"}


def test_data_has_the_hash_that_a_pipeline_gives_it(project: Path) -> None:
    (project / "data").mkdir()
    (project / "data" / "a.csv").write_text("x\n1\n")
    with mlops.start_run():
        mlops.log_input("data/a.csv")
        mlops.log_input("data")
    fingerprints = Fingerprints(str(project))
    for use in detail(project).datasets:
        found = fingerprints.find(use.dataset.name)
        assert found is not None
        assert use.dataset.digest == found.md5


def test_frames_with_the_same_rows_have_the_same_hash(project: Path) -> None:
    with mlops.start_run():
        for frame in (pd.DataFrame({"x": [1]}), pd.DataFrame({"x": [1]}), pd.DataFrame({"x": [2]})):
            mlops.log_input(frame)
    assert len(detail(project).datasets) == 2


def test_data_that_cannot_be_read_is_reported(project: Path) -> None:
    with mlops.start_run():
        mlops.log_input("missing.csv")
        mlops.log_input(object())
    assert detail(project).datasets == ()
    assert len(remarks(project)) >= 1


def test_arrays_are_data_with_a_hash_of_type_shape_and_content(project: Path) -> None:
    array = np.arange(6.0).reshape(3, 2)
    with mlops.start_run():
        mlops.log_dataset(array, "features", context="training")
        mlops.log_dataset(array.copy(), "features", context="validation")
        mlops.log_dataset(array.reshape(2, 3), "features")
        mlops.log_dataset(np.array([object()]), "objects")
    first, second, third = sorted(detail(project).datasets, key=lambda use: use.context == "input")
    assert (first.dataset.name, first.dataset.row_count, first.dataset.size_bytes) == ("features", 3, 48)
    assert first.dataset.digest == second.dataset.digest != third.dataset.digest
    assert "Python objects" in remarks(project)[0]


def test_files_that_vanish_while_a_directory_is_stored_are_reported_and_the_others_kept(project: Path) -> None:
    for number in range(200):
        (project / "out" / str(number)).parent.mkdir(exist_ok=True)
        (project / "out" / str(number)).write_bytes(bytes([number]) * 50_000)
    with mlops.start_run():
        # one by one from the end, while they are copied from the beginning
        remover = subprocess.Popen(
            [sys.executable, "-c", "import os\nfor n in sorted(os.listdir('out'), reverse=True): os.unlink(f'out/{n}')"]
        )
        mlops.log_artifacts("out", "kept")
        remover.wait()
    found = content(project)
    assert all(data == bytes([int(path.rpartition("/")[2])]) * 50_000 for path, data in found.items())
    assert all("was not stored" in message for message in remarks(project))
    assert len(found) + len(remarks(project)) >= min(200, len(found) + 100)
