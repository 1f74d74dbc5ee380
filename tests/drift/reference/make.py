"""Writes evidently.json: what Evidently says about every case.

Evidently does not import with pandas 3, so this runs in an environment of its own and the figures are kept::

    python -m venv evidently && evidently/bin/pip install "evidently==0.7.23" "pandas<3" scikit-learn
    evidently/bin/python tests/drift/reference/make.py
"""

import json
import math
import sys
import warnings
from pathlib import Path

import numpy
import pandas
import scipy
from cases import CASES, TEXTS, Case
from evidently import DataDefinition, Dataset, Report
from evidently import __version__ as evidently_version
from evidently.legacy.utils.data_drift_utils import calculate_text_drift_score
from evidently.presets import DataDriftPreset

IDS = {
    "K-S p_value": "ks",
    "chi-square p_value": "chisquare",
    "Z-test p_value": "z",
    "Jensen-Shannon distance": "jensenshannon",
    "Wasserstein distance (normed)": "wasserstein",
    "PSI": "psi",
    "Anderson-Darling": "anderson",
    "Cramer-Von-Mises": "cramer_von_mises",
    "Energy-distance": "ed",
    "Fisher's Exact test": "fisher_exact",
    "Hellinger distance": "hellinger",
    "Kullback-Leibler divergence": "kl_div",
    "t_test": "t_test",
    "Epps-Singleton": "es",
}
EXPLICIT = {
    "ks": ("numerical",),
    "wasserstein": ("numerical",),
    "jensenshannon": ("numerical", "categorical"),
    "psi": ("numerical", "categorical"),
    "chisquare": ("categorical",),
    "anderson": ("numerical",),
    "cramer_von_mises": ("numerical",),
    "ed": ("numerical",),
    "hellinger": ("numerical", "categorical"),
    "kl_div": ("numerical", "categorical"),
    "t_test": ("numerical",),
    "es": ("numerical",),
}


def judge(case: Case, method: str | None = None, kinds: tuple[str, ...] = ("numerical", "categorical")) -> dict:
    """Evidently's verdict on each column: method, threshold, score and drift; and on the data set."""
    numerical = case.numerical if "numerical" in kinds else []
    categorical = list(case.categorical) if "categorical" in kinds else []
    if not numerical + categorical:
        return {}
    definition = DataDefinition(numerical_columns=numerical, categorical_columns=categorical)
    columns = numerical + categorical
    report = Report([DataDriftPreset(columns=columns, method=method)], include_tests=True)
    result = report.run(
        Dataset.from_pandas(case.current[columns], definition), Dataset.from_pandas(case.reference[columns], definition)
    ).dict()
    verdicts = {}
    dataset = {}
    tests = {test["bound_test"]["metric_fingerprint"]: test["status"] for test in result["tests"]}
    for metric in result["metrics"]:
        config = metric["config"]
        if config["type"].endswith("ValueDrift"):
            score = float(metric["value"])
            verdicts[config["column"]] = {
                "method": IDS.get(config["method"], config["method"]),
                "threshold": config["threshold"],
                "score": None if math.isnan(score) else score,
                "drifted": tests[metric["id"]] == "FAIL",
            }
        else:
            dataset = {"count": metric["value"]["count"], "share": metric["value"]["share"]}
    return {"columns": verdicts, "dataset": dataset}


def main() -> None:
    """Judges every case by the default methods and by each method alone."""
    warnings.filterwarnings("ignore")
    out: dict = {
        "versions": {
            "evidently": evidently_version,
            "numpy": numpy.__version__,
            "pandas": pandas.__version__,
            "scipy": scipy.__version__,
        },
        "cases": {},
    }
    for name, build in CASES.items():
        case = build()
        print(name, file=sys.stderr)
        out["cases"][name] = {"default": judge(case)}
        for method, kinds in EXPLICIT.items():
            try:
                out["cases"][name][method] = judge(case, method, kinds)
            except ValueError as error:  # some methods know no columns of one value
                print(f"  {method}: {error}", file=sys.stderr)
                out["cases"][name][method] = {}
    out["texts"] = {
        name: dict(
            zip(
                ("score", "drifted"),
                map(
                    float,
                    calculate_text_drift_score(
                        pandas.Series(reference), pandas.Series(current), bootstrap=len(reference) <= 1000
                    ),
                ),
                strict=True,
            )
        )
        for name, (reference, current) in TEXTS.items()
    }
    text = json.dumps(out, indent=1, sort_keys=True)
    (Path(__file__).parent / "evidently.json").write_text(text + "\n")


if __name__ == "__main__":
    main()
