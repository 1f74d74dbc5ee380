"""From a training script to the version in production and back, with the real parts."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import numpy as np
from sklearn.datasets import load_breast_cancer

from mlops_store import audit_chain, fold, models
from mlops_store.store import Store
from mlops_tui.config import Config
from mlops_tui.project import Project
from mlops_tui.registry import formats, stages, versions

SCRIPT = """
import mlops_tui as mlops
import numpy as np
from sklearn.datasets import load_breast_cancer
from sklearn.ensemble import GradientBoostingClassifier, RandomForestClassifier

data, target = load_breast_cancer(return_X_y=True, as_frame=True)
models = {"forest": RandomForestClassifier(10), "boosting": GradientBoostingClassifier(n_estimators=10)}
for name, model in models.items():
    with mlops.start_run(run_name=name):
        model.fit(data[:400], target[:400])
        mlops.log_param("rows", 400)
        mlops.log_metric("accuracy", model.score(data[400:], target[400:]))
        registered = "cancer" if name == "forest" else None
        mlops.log_model(model, "model", input_example=data[:5], registered_model_name=registered)
        np.save(name + ".npy", model.predict(data))
"""


def test_a_logged_model_goes_to_production_and_back_and_predicts_the_same(tmp_path: Path) -> None:
    (tmp_path / "train.py").write_text(SCRIPT)
    (tmp_path / ".mlops").mkdir()
    subprocess.run([sys.executable, "train.py"], cwd=tmp_path, check=True, timeout=120)
    project, config = Project(str(tmp_path)), Config()
    data, _ = load_breast_cancer(return_X_y=True, as_frame=True)
    with Store(project.store_path) as store:
        fold.fold(store, project.journals_dir)
        versions.register(store, config, "cancer", run_id="boosting")
        for number, family in ((1, "forest"), (2, "boosting")):
            stages.promote(store, config, "cancer", number, "production")
            version = models.resolve(store.read(), "cancer@production")
            assert version.lineage["params"] == {"rows": "400"}
            assert version.lineage["run_name"] == family
            predicted = formats.load_version(store, version).predict(data)
            np.testing.assert_array_equal(predicted, np.load(tmp_path / f"{family}.npy"))
        shown = stages.preview_rollback(store.read(), config, "cancer")
        assert [key for key, _, _ in shown.metrics] == ["accuracy"]
        stages.rollback(store, config, "cancer")
        assert models.resolve(store.read(), "models:/cancer/production").version == 1
        assert audit_chain.verify(store.read()).broken is None
