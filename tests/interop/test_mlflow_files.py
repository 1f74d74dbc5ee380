"""A folder that MLflow 3.17 wrote."""

from __future__ import annotations

import math
import os
import re
import shutil
from collections.abc import Callable
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from mlops_store.records import RunStatus
from mlops_tui.interop import kinds, plain_yaml
from mlops_tui.interop.source import Problems

Make = Callable[..., Path]


def run_folder(root: Path, name: str) -> Path:
    """The folder of the run of that name."""
    return next(
        path.parents[1]
        for path in root.rglob("tags/mlflow.runName")
        if path.read_text() == name and "models" not in str(path)
    )


def test_runs_come_with_all_that_belongs_to_them(folder: Make, runs_of: Callable) -> None:
    runs = runs_of(folder("mlruns"))
    parent = runs["parent"]
    assert parent.params == {"lr": "0.1", "depth": "4"}
    assert [(step, value) for step, _, value in parent.series["loss"]] == [(step, 1 / (step + 1)) for step in range(5)]
    values = [value for _, _, value in parent.series["odd"]]
    assert math.isnan(values[0])
    assert values[1:] == [math.inf, -math.inf]
    assert (parent.note, parent.tags["team"], parent.attributes["user"]) == ("a *note*", "a", "root")
    assert runs["child"].parent_run_id == parent.run_id
    assert list(runs["child"].series) == ["a/b c"]
    (use,) = runs["child"].datasets
    assert (use.dataset.name, use.dataset.row_count, use.context) == ("train", 3, "training")


def test_states_and_deletions_are_kept(folder: Make, runs_of: Callable) -> None:
    runs = runs_of(folder("mlruns"))
    assert runs["bad"].status is RunStatus.FAILED
    assert runs["live"].status is RunStatus.KILLED
    assert runs["gone"].deleted_at is not None
    assert runs["of old"].deleted_at is not None
    assert runs["of old"].experiment == "old"


def test_artifacts_and_models_are_files_of_their_run(folder: Make) -> None:
    problems = Problems()
    found = {one.run.name: one for one in kinds.open_source(str(folder("mlruns")), problems).runs()}
    assert [file.path for file in found["parent"].files] == ["docs/note.txt"]
    assert "clf/MLmodel" in [file.path for file in found["model"].files]
    assert [problem.place for problem in problems.kept] == ["registered model churn-model"]


def with_own_location(root: Path, place: Path) -> None:
    """Makes the run 'parent' one of an experiment whose artifacts go elsewhere, as MLflow's file store does."""
    run = run_folder(root, "parent")
    place.mkdir()
    shutil.move(run / "artifacts", place / run.name / "artifacts")
    (run / "artifacts").mkdir()
    meta = run / "meta.yaml"
    meta.write_text(
        re.sub("artifact_uri: .*", f"artifact_uri: {(place / run.name / 'artifacts').as_uri()}", meta.read_text())
    )


def read_parent(root: Path, *artifact_roots: Path) -> tuple[list[str], list[str]]:
    """The files of the run 'parent', and what is said of its artifacts."""
    problems = Problems()
    source = kinds.open_source(str(root), problems, artifact_roots=tuple(map(str, artifact_roots)))
    found = {one.run.name: one for one in source.runs()}
    said = [one.message for one in problems.kept if not one.place.startswith("registered model")]
    return [file.path for file in found["parent"].files], said


def test_artifacts_of_an_experiment_with_a_location_of_its_own_are_read(folder: Make, tmp_path: Path) -> None:
    root, place = folder("mlruns"), tmp_path / "art2"
    with_own_location(root, place)
    files, (said,) = read_parent(root)
    assert not files
    assert "its artifacts lie elsewhere" in said
    assert read_parent(root, place) == (["docs/note.txt"], [])
    moved = place.rename(tmp_path / "art3")
    assert read_parent(root, moved) == (["docs/note.txt"], [])
    files, (said,) = read_parent(root)
    assert not files
    assert said.startswith(f"no artifacts at {place}")


def test_a_run_without_artifacts_in_a_location_of_its_own_is_no_problem(folder: Make, tmp_path: Path) -> None:
    root, place = folder("mlruns"), tmp_path / "art2"
    with_own_location(root, place)
    shutil.rmtree(place / run_folder(root, "parent").name)
    assert read_parent(root) == ([], [])


def test_a_moved_folder_whose_run_has_no_artifacts_is_no_problem(folder: Make) -> None:
    root = folder("mlruns")  # its URIs name the folder where it was made
    shutil.rmtree(run_folder(root, "parent") / "artifacts" / "docs")
    assert read_parent(root) == ([], [])


def test_artifacts_that_a_tracking_server_keeps_are_read_or_listed(folder: Make, tmp_path: Path) -> None:
    root = folder("mlruns")
    run = run_folder(root, "parent")
    inner = Path(run.parent.name, run.name, "artifacts")
    with_own_location(root, tmp_path / "art2")
    meta = run / "meta.yaml"
    meta.write_text(re.sub("artifact_uri: .*", f"artifact_uri: mlflow-artifacts:/{inner}", meta.read_text()))
    assert read_parent(root)[1] == [f"its artifacts are with the tracking server: mlflow-artifacts:/{inner}"]
    shutil.move(tmp_path / "art2" / run.name, tmp_path / "mlartifacts" / inner.parent)
    assert read_parent(root, tmp_path / "mlartifacts") == (["docs/note.txt"], [])


def test_the_files_of_a_model_in_a_location_of_its_own_are_read(folder: Make, tmp_path: Path) -> None:
    root, place = folder("mlruns"), tmp_path / "art2"
    model = next(path for path in root.rglob("models/m-*"))
    meta = model / "meta.yaml"
    at = place / "models" / model.name / "artifacts"
    shutil.move(model / "artifacts", at)
    meta.write_text(re.sub("artifact_location: .*", f"artifact_location: {at.as_uri()}", meta.read_text()))
    source = kinds.open_source(str(root), Problems(), artifact_roots=(str(place),))
    assert "clf/MLmodel" in [file.path for one in source.runs() for file in one.files]


def test_links_that_lead_out_are_listed_and_not_followed(folder: Make, tmp_path: Path) -> None:
    root = folder("mlruns")
    secret = tmp_path / "secret"
    secret.write_text("secret")
    artifacts = run_folder(root, "parent") / "artifacts"
    (artifacts / "link").symlink_to(secret)
    (artifacts / "up").symlink_to(tmp_path)
    (artifacts / "same").symlink_to("docs/note.txt")
    os.mkfifo(artifacts / "pipe")
    (run_folder(root, "parent") / "params" / "stolen").symlink_to(secret)
    problems = Problems()
    found = {one.run.name: one for one in kinds.open_source(str(root), problems).runs()}["parent"]
    assert sorted(file.path for file in found.files) == ["docs/note.txt", "same"]
    assert "stolen" not in found.run.params
    listed = {os.path.basename(problem.place): problem.message for problem in problems.kept}
    assert {"link", "up", "pipe", "stolen"} <= set(listed)
    assert "leads out" in listed["link"]


def test_a_run_whose_description_is_gone_keeps_its_metrics(folder: Make, runs_of: Callable) -> None:
    root = folder("mlruns")
    (run_folder(root, "parent") / "meta.yaml").write_text("")
    problems = Problems()
    run = runs_of(root, problems)["parent"]
    assert run.status is RunStatus.KILLED
    assert len(run.series["loss"]) == 5
    assert run.started_at == run.series["loss"][0][1] / 1000
    assert any(problem.message == "it is empty" for problem in problems.kept)


def test_yaml_that_builds_objects_or_grows_is_not_read() -> None:
    for text in ("a: &x [1, 1]\nb: [*x, *x]", "a: !!python/object/apply:os.system ['true']", "- 1", "a: ["):
        with pytest.raises(ValueError, match="it"):
            plain_yaml.parsed(text)
    with pytest.raises(ValueError, match="it is no YAML"):
        plain_yaml.parsed("[" * 100_000)


@given(st.integers(0, 300), st.sampled_from(["metrics/loss", "meta.yaml", "params/lr", "metrics/odd"]))
@settings(max_examples=25, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_a_file_cut_anywhere_gives_what_was_complete(folder: Make, runs_of: Callable, size: int, name: str) -> None:
    root = folder("mlruns")
    path = run_folder(root, "parent") / name
    whole = path.read_bytes()
    path.write_bytes(whole[:size])
    problems = Problems()
    try:
        run = runs_of(root, problems)["parent"]
    finally:
        path.write_bytes(whole)
    if name == "metrics/loss":
        lines = whole[:size].count(b"\n")
        assert len(run.series.get("loss", [])) == lines
        assert any("cut short" in problem.message for problem in problems.kept) == (
            not whole[:size].endswith(b"\n") and size > 0
        )
    else:
        assert len(run.series["loss"]) == 5


@given(st.binary(max_size=200))
@settings(max_examples=25, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_any_bytes_in_the_place_of_a_file_are_survived(folder: Make, runs_of: Callable, data: bytes) -> None:
    root = folder("mlruns")
    for name in ("metrics/loss", "meta.yaml", "params/lr"):
        (run_folder(root, "parent") / name).write_bytes(data)
    assert "parent" in runs_of(root)
