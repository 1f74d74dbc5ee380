"""What scikit-learn's estimators learn is logged by itself, as MLflow logs it."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
from sklearn.base import BaseEstimator, ClassifierMixin
from sklearn.cluster import KMeans
from sklearn.datasets import load_breast_cancer, load_diabetes
from sklearn.ensemble import RandomForestClassifier
from sklearn.linear_model import LinearRegression, LogisticRegression
from sklearn.model_selection import GridSearchCV
from sklearn.pipeline import Pipeline, make_pipeline
from sklearn.preprocessing import StandardScaler
from sklearn.tree import DecisionTreeClassifier
from tracked import all_runs, detail, only_run, opened, remarks, script

import mlops_tui as mlops
from mlops_store import artifacts
from mlops_store.errors import UsageError
from mlops_store.records import RunStatus

CANCER, SICK = load_breast_cancer(return_X_y=True, as_frame=True)


@pytest.fixture(autouse=True)
def project(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    monkeypatch.setenv("MLOPS_PROJECT", str(tmp_path))
    monkeypatch.chdir(tmp_path)
    yield tmp_path
    mlops.sklearn.autolog(disable=True)
    while mlops.active_run():
        mlops.end_run()


def paths(project: Path, run_id: str = "") -> list[str]:
    return [one.path for one in detail(project, run_id).artifacts]


def text(project: Path, path: str) -> str:
    (digest,) = [one.digest for one in detail(project).artifacts if one.path == path]
    with opened(project) as store, artifacts.open_object(store.objects_dir, digest) as file:
        return file.read().decode()


def test_a_fit_is_a_run_with_params_scores_tags_data_and_model(project: Path) -> None:
    mlops.sklearn.autolog()
    tree = DecisionTreeClassifier(max_depth=3, random_state=0).fit(CANCER, SICK)
    run = only_run(project)
    assert run.status == RunStatus.FINISHED
    assert (run.params["max_depth"], run.params["criterion"]) == ("3", "gini")
    assert run.tags["estimator_name"] == "DecisionTreeClassifier"
    assert run.tags["estimator_class"] == "sklearn.tree._classes.DecisionTreeClassifier"
    assert run.metrics.keys() == {
        "training_precision_score",
        "training_recall_score",
        "training_f1_score",
        "training_accuracy_score",
        "training_log_loss",
        "training_roc_auc",
        "training_score",
    }
    assert run.metrics["training_score"] == tree.score(CANCER, SICK)
    found = detail(project)
    (use,) = found.datasets
    assert (use.context, use.dataset.row_count) == ("train", len(CANCER))
    (model,) = found.models
    assert (model.name, len(model.signature["inputs"])) == ("model", CANCER.shape[1])
    assert "estimator.html" in paths(project)
    assert remarks(project) == []


def test_a_fit_in_an_active_run_is_logged_there_and_leaves_it_active(project: Path) -> None:
    mlops.sklearn.autolog(log_models=False, log_datasets=False, extra_tags={"team": "a"})
    features, target = load_diabetes(return_X_y=True)
    with mlops.start_run(run_name="mine") as run:
        LinearRegression().fit(features, target)
        assert mlops.active_run() == run
    found = only_run(project)
    assert (found.name, found.tags["team"]) == ("mine", "a")
    assert found.metrics.keys() == {
        "training_mean_squared_error",
        "training_mean_absolute_error",
        "training_r2_score",
        "training_root_mean_squared_error",
        "training_score",
    }
    assert detail(project).models == ()
    assert detail(project).datasets == ()


def test_runs_of_the_script_are_left_alone_where_that_is_asked_for(project: Path) -> None:
    mlops.sklearn.autolog(exclusive=True)
    with mlops.start_run():
        LogisticRegression(max_iter=5000).fit(CANCER.iloc[:, :2], SICK)
    assert only_run(project).params == {}


def test_the_parts_of_a_pipeline_belong_to_its_run(project: Path) -> None:
    mlops.sklearn.autolog(log_input_examples=True)
    make_pipeline(StandardScaler(), LogisticRegression(C=0.5)).fit(CANCER, SICK)
    run = only_run(project)
    assert run.tags["estimator_name"] == "Pipeline"
    assert run.params["logisticregression__C"] == "0.5"
    assert "standardscaler__with_mean" in run.params


def test_trees_in_threads_and_transformers_of_columns_make_no_runs(project: Path) -> None:
    mlops.sklearn.autolog(log_models=False)
    StandardScaler().fit(CANCER)
    RandomForestClassifier(n_estimators=8, n_jobs=4).fit(CANCER, SICK)
    assert only_run(project).tags["estimator_name"] == "RandomForestClassifier"


def test_a_search_has_its_best_candidates_as_child_runs(project: Path) -> None:
    mlops.sklearn.autolog(max_tuning_runs=2)
    search = GridSearchCV(DecisionTreeClassifier(random_state=0), {"max_depth": [1, 2, 4]}, cv=3)
    search.fit(CANCER, SICK)
    parent, *children = all_runs(project)
    assert parent.params["best_max_depth"] == str(search.best_params_["max_depth"])
    assert parent.metrics["best_cv_score"] == search.best_score_
    assert {model.name for model in detail(project, parent.run_id).models} == {"model", "best_estimator"}
    assert "cv_results.csv" in paths(project, parent.run_id)
    assert len(children) == 2
    assert {child.parent_run_id for child in children} == {parent.run_id}
    best = min(children, key=lambda child: child.metrics["rank_test_score"])
    assert best.params["max_depth"] == str(search.best_params_["max_depth"])
    assert (best.params["criterion"], best.name) == ("gini", f"max_depth={search.best_params_['max_depth']}")
    assert best.metrics["mean_test_score"] == search.best_score_
    assert not any(key.startswith("split") for key in best.metrics)


def test_a_search_of_several_scores_and_one_without_a_last_fit_have_their_candidates(project: Path) -> None:
    mlops.sklearn.autolog(log_models=False)
    params = {"max_depth": [1, 3]}
    GridSearchCV(DecisionTreeClassifier(), params, scoring={"a": "accuracy", "f": "f1"}, refit="f", cv=2).fit(
        CANCER, SICK
    )
    GridSearchCV(DecisionTreeClassifier(), params, refit=False, cv=2).fit(CANCER, SICK)
    several, _, _, unfitted, *_ = all_runs(project)
    assert "training_score" in several.metrics
    assert unfitted.metrics.keys() == {"best_cv_score"}
    assert len(all_runs(project)) == 6
    assert remarks(project) == []


def test_candidates_that_are_fitted_in_other_processes_make_no_runs(project: Path) -> None:
    done = script(
        project,
        """
from sklearn.datasets import load_iris
from sklearn.model_selection import GridSearchCV
from sklearn.tree import DecisionTreeClassifier

class Own(DecisionTreeClassifier):
    def fit(self, X, y, sample_weight=None):
        return super().fit(X, y, sample_weight)

mlops.sklearn.autolog(log_models=False, max_tuning_runs=0)
GridSearchCV(Own(), {"max_depth": [1, 2]}, n_jobs=2, cv=2).fit(*load_iris(return_X_y=True))
""",
    )
    assert (done.returncode, done.stderr) == (0, "")
    run = only_run(project)
    assert run.tags["estimator_name"] == "GridSearchCV"
    assert "best_cv_score" in run.metrics


def test_what_is_passed_on_by_scikit_learns_routing_is_still_known() -> None:
    import sklearn

    mlops.sklearn.autolog(log_models=False, log_datasets=False)
    with sklearn.config_context(enable_metadata_routing=True):
        model = LogisticRegression().set_fit_request(sample_weight=True)
        pipeline = make_pipeline(StandardScaler().set_fit_request(sample_weight=False), model)
        rows, truth = np.array([[0.0], [1.0], [2.0], [3.0]]), np.array([0, 0, 1, 1])
        pipeline.fit(rows, truth, sample_weight=np.ones(4))
    assert pipeline.score(rows, truth) == 1.0


def test_scores_computed_later_go_to_the_run_of_their_model(project: Path) -> None:
    import sklearn.metrics

    mlops.sklearn.autolog(log_models=False)
    model = LogisticRegression(max_iter=5000).fit(CANCER[:400], SICK[:400])
    held_out, truth = CANCER[400:], SICK[400:]
    predictions = model.predict(held_out)
    accuracy = sklearn.metrics.accuracy_score(truth, predictions)
    sklearn.metrics.f1_score(truth, predictions, average="macro")
    sklearn.metrics.f1_score(truth, predictions)
    sklearn.metrics.f1_score(truth, predictions.copy())  # nobody knows whose they are
    model.score(held_out, truth)
    metrics = only_run(project).metrics
    assert metrics["accuracy_score_held_out"] == accuracy == metrics["LogisticRegression_score_held_out"]
    assert {key for key in metrics if key.startswith("f1")} == {"f1_score_held_out", "f1_score-2_held_out"}
    commands = json.loads(text(project, "metric_info.json"))
    assert commands["f1_score_held_out"] == "f1_score(average='macro') of held_out"


def test_later_scores_are_not_logged_where_that_is_not_wanted(project: Path) -> None:
    mlops.sklearn.autolog(log_models=False, log_post_training_metrics=False)
    LogisticRegression(max_iter=5000).fit(CANCER, SICK).score(CANCER, SICK)
    assert not any(key.endswith("_CANCER") for key in only_run(project).metrics)


def test_training_that_fails_fails_its_run_and_raises_what_it_raised(project: Path) -> None:
    mlops.sklearn.autolog()
    with pytest.raises(ValueError, match="inconsistent numbers of samples"):
        LinearRegression().fit(np.zeros((3, 1)), np.zeros(2))
    assert only_run(project).status == RunStatus.FAILED


class Odd(ClassifierMixin, BaseEstimator):
    """An estimator that can neither predict nor be kept without pickle."""

    def __init__(self, thing: Any = None) -> None:
        self.thing = thing

    def fit(self, X: Any, y: Any) -> Odd:
        self.found_ = lambda: 1
        return self

    def predict(self, X: Any) -> Any:
        raise RuntimeError("no idea")


def test_what_cannot_be_logged_is_a_remark_and_the_estimator_is_fitted(
    project: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    mlops.sklearn.autolog(log_datasets=False)
    fitted = Odd(thing=object).fit(np.zeros((4, 1)), np.array([0, 1, 0, 1]))
    assert fitted.found_() == 1
    assert only_run(project).status == RunStatus.FINISHED
    assert any("no idea" in message for message in remarks(project))
    assert "mlops-tui: autolog: the training's scores could not be logged: no idea" in capsys.readouterr().err


def test_nothing_is_said_where_silence_is_asked_for(project: Path, capsys: pytest.CaptureFixture[str]) -> None:
    mlops.sklearn.autolog(log_datasets=False, silent=True)
    Odd().fit(np.zeros((4, 1)), np.array([0, 1, 0, 1]))
    assert remarks(project) != []
    assert capsys.readouterr().err == ""


def test_classes_made_later_are_logged_too_and_switching_off_restores_all(project: Path) -> None:
    original = LinearRegression.fit
    mlops.sklearn.autolog(log_models=False)

    class Later(LinearRegression):
        def fit(self, X: Any, y: Any, sample_weight: Any = None) -> Any:
            return super().fit(X, y, sample_weight)

    Later().fit([[0.0], [1.0]], [0.0, 1.0])
    assert only_run(project).tags["estimator_name"] == "Later"
    mlops.sklearn.autolog(disable=True)
    assert LinearRegression.fit is original
    Later().fit([[0.0], [1.0]], [0.0, 1.0])
    LinearRegression().fit([[0.0], [1.0]], [0.0, 1.0])
    Pipeline([("a", KMeans(2, n_init=1))]).fit_predict([[0.0], [1.0]])
    assert len(all_runs(project)) == 1


def test_clusterings_have_no_target_and_are_logged_all_the_same(project: Path) -> None:
    mlops.sklearn.autolog()
    KMeans(2, n_init=1).fit_predict(pd.DataFrame({"a": [0.0, 1.0, 5.0]}))
    run = only_run(project)
    assert (run.params["n_clusters"], run.metrics) == ("2", {})


def test_texts_and_sparse_matrices_are_features_too(project: Path) -> None:
    from scipy.sparse import csr_matrix
    from sklearn.feature_extraction.text import TfidfVectorizer

    mlops.sklearn.autolog()
    texts, truth = ["good", "bad", "very good", "very bad", "so good", "so bad"], [1, 0, 1, 0, 1, 0]
    make_pipeline(TfidfVectorizer(), LogisticRegression()).fit(texts, truth)
    LogisticRegression().fit(csr_matrix(np.eye(6)), truth)
    for run in all_runs(project):
        (model,) = detail(project, run.run_id).models
        assert model.signature.keys() == {"inputs", "outputs"}
        assert run.metrics["training_accuracy_score"] == 1.0
    assert remarks(project) == []


def test_a_model_is_registered_where_a_name_is_given(project: Path) -> None:
    mlops.sklearn.autolog(registered_model_name="cancer")
    LogisticRegression(max_iter=5000).fit(CANCER, SICK)
    with opened(project) as store:
        assert store.read().execute("SELECT count(*) FROM model_versions").fetchone()[0] == 1


def test_a_count_that_is_none_is_refused() -> None:
    with pytest.raises(UsageError, match="max_tuning_runs cannot be -1"):
        mlops.sklearn.autolog(max_tuning_runs=-1)
