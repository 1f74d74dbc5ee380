"""Compare the three models on the test rows; the one that was best on the validation rows is chosen.

Choosing by validation and reporting on test keeps the reported figures honest.
"""

import json
from pathlib import Path

import pandas as pd
import skops.io
from sklearn.metrics import accuracy_score, log_loss, recall_score, roc_auc_score, roc_curve

import mlops_tui as mlops

# skops loads no type that is not named here
TRUSTED = ["sklearn.tree._tree.Tree"]


def main() -> None:
    frame = pd.read_csv("data/test.csv")
    features, diagnosis = frame.drop(columns="malignant"), frame["malignant"]

    infos, results, curves = [], {}, []
    for path in sorted(Path("models").glob("*/info.json")):
        info = json.loads(path.read_text())
        model = skops.io.load(path.with_name("model.skops"), trusted=TRUSTED)
        probability = model.predict_proba(features)[:, 1]
        false_positive_rate, true_positive_rate, _ = roc_curve(diagnosis, probability)
        curves.append(
            pd.DataFrame({"false_positive_rate": false_positive_rate, "true_positive_rate": true_positive_rate}).assign(
                family=info["family"]
            )
        )
        results[info["family"]] = {
            "auc": roc_auc_score(diagnosis, probability),
            "log_loss": log_loss(diagnosis, probability),
            "accuracy": accuracy_score(diagnosis, probability >= 0.5),
            "recall": recall_score(diagnosis, probability >= 0.5),
        }
        infos.append(info)
        print(f"{info['family']:10}", "  ".join(f"{key} {value:.4f}" for key, value in results[info["family"]].items()))

    best = min(infos, key=lambda info: info["validation_log_loss"])
    print("best on the validation rows:", best["family"])

    Path("metrics.json").write_text(json.dumps(results, indent=2))
    Path("best.json").write_text(json.dumps(best | {"test": results[best["family"]]}, indent=2))
    pd.concat(curves).to_csv("roc.csv", index=False)

    with mlops.start_run():
        mlops.set_tag("best", best["family"])
        mlops.log_artifact("roc.csv")


if __name__ == "__main__":
    main()
