"""Images that scripts log: arrays, pictures of Pillow and files, alone or as a series; and what is none."""

from __future__ import annotations

import io
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from tracked import content, remarks

import mlops_tui as mlops
from mlops_tui.tracking import png

Image = pytest.importorskip("PIL.Image")


@pytest.fixture
def project(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    monkeypatch.setenv("MLOPS_PROJECT", str(tmp_path))
    monkeypatch.chdir(tmp_path)
    yield tmp_path
    while mlops.active_run():
        mlops.end_run()


def read(data: bytes) -> np.ndarray[Any, Any]:
    return np.asarray(Image.open(io.BytesIO(data)))


@given(st.integers(1, 9), st.integers(1, 9), st.sampled_from([1, 3, 4]), st.randoms(use_true_random=False))
def test_pixels_read_back_from_a_png_unchanged(height: int, width: int, channels: int, random: Any) -> None:
    pixels = np.array([random.randrange(256) for _ in range(height * width * channels)], dtype=np.uint8).reshape(
        height, width, channels
    )
    found = read(png.encode(png.pixels(pixels)))
    assert np.array_equal(found.reshape(height, width, channels), pixels)


@pytest.mark.parametrize(
    ("array", "expected"),
    [
        ([[True, False]], [255, 0]),
        ([[0.0, 0.5, 1.0]], [0, 127, 255]),
        ([[-1.0, 0.0, 3.0]], [0, 63, 255]),
        ([[float("nan"), float("inf"), 1.0]], [0, 0, 255]),
        ([[7.0, 7.0]], [0, 0]),
        ([[0, 255]], [0, 255]),
    ],
)
def test_numbers_become_pixels_as_mlflow_makes_them(array: Any, expected: list[int]) -> None:
    assert png.pixels(np.array(array)).ravel().tolist() == expected


def test_an_image_is_stored_in_the_format_of_its_name(project: Path) -> None:
    array = np.zeros((4, 6, 3), dtype=np.uint8)
    with mlops.start_run():
        mlops.log_image(array, "a/plain.png")
        mlops.log_image(array, "photo.jpg")
        mlops.log_image(Image.new("RGB", (6, 4), "red"), "red.png")
        mlops.log_image([[0.0, 1.0]], "list.png")
    found = content(project)
    assert {path: read(data).shape for path, data in found.items()} == {
        "a/plain.png": (4, 6, 3),
        "photo.jpg": (4, 6, 3),
        "red.png": (4, 6, 3),
        "list.png": (1, 2),
    }
    assert found["photo.jpg"].startswith(b"\xff\xd8")
    assert remarks(project) == []


def test_a_series_of_images_has_names_as_mlflow_gives_them(project: Path) -> None:
    with mlops.start_run():
        for step in (0, 10):
            mlops.log_image(np.zeros((2, 2)), key="dogs/big", step=step, timestamp=1_700_000_000_000)
    pattern = r"images/dogs~big\+step\+(\d+)\+timestamp\+1700000000000\+[0-9a-f-]{36}\.png"
    assert [re.fullmatch(pattern, path)[1] for path in sorted(content(project))] == ["0", "10"]  # type: ignore[index]


def test_a_file_that_is_an_image_is_stored_as_it_is(project: Path) -> None:
    Image.new("RGB", (3, 3)).save(project / "cat.jpg")
    with mlops.start_run():
        mlops.log_image(project / "cat.jpg", "pets/cat.jpg")
        mlops.log_image(str(project / "cat.jpg"), key="cat", step=2)
    found = content(project)
    assert set(found.values()) == {(project / "cat.jpg").read_bytes()}
    assert [path for path in found if path.endswith(".jpg")] == sorted(found)


@pytest.mark.parametrize(
    ("image", "arguments", "reason"),
    [
        ("notes.txt", {"artifact_file": "a.png"}, "notes.txt is no image"),
        ("missing.png", {"artifact_file": "a.png"}, "No such file"),
        (b"\x89PNG", {"artifact_file": "a.png"}, "bytes is no image"),
        (None, {"artifact_file": "a.png"}, "NoneType is no image"),
        (np.zeros(4), {"artifact_file": "a.png"}, r"shape \(4,\) is no image"),
        (np.zeros((2, 2, 2)), {"artifact_file": "a.png"}, r"shape \(2, 2, 2\) is no image"),
        (np.zeros((0, 2)), {"artifact_file": "a.png"}, "without pixels"),
        (np.full((2, 2), 256), {"artifact_file": "a.png"}, "not from 256 to 256"),
        (np.array([["a"]]), {"artifact_file": "a.png"}, "is no image"),
        ([[1], [1, 2]], {"artifact_file": "a.png"}, ""),
        (np.zeros((2, 2)), {"artifact_file": "a.nonsense"}, ""),
        (np.zeros((2, 2)), {"artifact_file": "../a.png"}, "not a path within the run"),
        (np.zeros((2, 2)), {"artifact_file": "a.png", "step": 1}, "cannot go together"),
        (np.zeros((2, 2)), {}, "give artifact_file, or key"),
        (np.zeros((2, 2)), {"key": "a?b"}, "a key may have"),
        (np.zeros((2, 2)), {"key": "a", "step": "x"}, "is none"),
    ],
)
def test_what_is_no_image_is_reported_and_nothing_is_stored(
    project: Path, image: Any, arguments: dict[str, Any], reason: str
) -> None:
    (project / "notes.txt").write_text("GIF of a cat")
    with mlops.start_run():
        mlops.log_image(image, **arguments)
    assert content(project) == {}
    (message,) = remarks(project)
    assert "was not stored" in message
    assert re.search(reason, message)


def test_a_figure_is_sent_to_log_figure(project: Path) -> None:
    figure = pytest.importorskip("matplotlib.figure").Figure()
    with mlops.start_run():
        mlops.log_image(figure, "a.png")
    assert "log_figure" in remarks(project)[0]
