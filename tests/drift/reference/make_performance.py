"""Writes nannyml_performance.json: NannyML's estimates of performance for every case.

NannyML wants older packages than the project, so this runs in an environment of its own and the figures are kept::

    python -m venv nannyml && nannyml/bin/pip install "nannyml==0.13.1" "pandas<2.3" "numpy<2" "scikit-learn<1.7" \
        statsmodels "setuptools<80"
    nannyml/bin/python tests/drift/reference/make_performance.py
"""

import json
import sys
import warnings
from pathlib import Path

import lightgbm
import nannyml
import numpy
import sklearn
from performance_cases import CASES, Case

CLASSIFICATION = ["roc_auc", "average_precision", "f1", "precision", "recall", "specificity", "accuracy"]
REGRESSION = ["mae", "mape", "mse", "rmse", "msle", "rmsle"]


def estimate(case: Case) -> dict:
    """NannyML's figures for the window as one chunk: value, sampling error and what was realized."""
    if not case.proba:
        made = nannyml.DLE(
            feature_column_names=list(case.features),
            y_pred="predicted",
            y_true="truth",
            metrics=REGRESSION,
            chunk_number=1,
            tune_hyperparameters=False,
        )
    else:
        is_binary = len(case.proba) == 1
        made = nannyml.CBPE(
            y_pred_proba=next(iter(case.proba.values())) if is_binary else case.proba,
            y_pred="predicted",
            y_true="truth",
            metrics=CLASSIFICATION,
            problem_type="classification_binary" if is_binary else "classification_multiclass",
            chunk_number=1,
        )
    made.fit(case.reference)
    found = made.estimate(case.window).filter(period="analysis").to_df()
    names = CLASSIFICATION if case.proba else REGRESSION
    figures = {
        name: {key: float(found[(name, key)].iloc[0]) for key in ("value", "sampling_error", "realized")}
        for name in names
    }
    if case.proba:
        figures["is_calibrated"] = bool(made.needs_calibration) if len(case.proba) == 1 else None
    return figures


def main() -> None:
    """Estimates every case."""
    warnings.filterwarnings("ignore")
    numpy.random.seed(0)
    out = {
        "versions": {
            "lightgbm": lightgbm.__version__,
            "nannyml": nannyml.__version__,
            "numpy": numpy.__version__,
            "scikit-learn": sklearn.__version__,
        },
        "cases": {},
    }
    for name, build in CASES.items():
        print(name, file=sys.stderr)
        out["cases"][name] = estimate(build())
    text = json.dumps(out, indent=1, sort_keys=True)
    (Path(__file__).parent / "nannyml_performance.json").write_text(text + "\n")


if __name__ == "__main__":
    main()
