"""Split the measurements into training, validation and test rows, and batches that arrive later.

The data: Breast Cancer Wisconsin (Diagnostic), 569 tumours, 30 measurements each, as shipped with scikit-learn.
The first batches are a fair sample of the rows kept back. The last one has only large tumours, as if a clinic that
sees advanced cases had begun to send its data: the same kind of rows, selected differently.
"""

import os
from pathlib import Path

import pandas as pd
import yaml
from sklearn.datasets import load_breast_cancer
from sklearn.model_selection import train_test_split


def take(frame: pd.DataFrame, rows: int, seed: int) -> tuple[pd.DataFrame, pd.DataFrame]:
    """Some random rows with the same share of malignant ones, and the rows that are left."""
    taken, left = train_test_split(frame, train_size=rows, stratify=frame["malignant"], random_state=seed)
    return taken, left


def main() -> None:
    params = yaml.safe_load(Path("params.yaml").read_text())["prepare"]
    seed = params["seed"]

    bunch = load_breast_cancer(as_frame=True)
    frame = bunch.data.rename(columns=lambda name: name.replace(" ", "_"))
    frame["malignant"] = 1 - bunch.target  # scikit-learn calls benign 1

    os.makedirs("data", exist_ok=True)
    left = frame
    for name in ("train", "validation", "test"):
        rows, left = take(left, params[f"{name}_rows"], seed)
        rows.to_csv(f"data/{name}.csv", index=False)
        print(f"{name}: {len(rows)} rows, {rows['malignant'].mean():.0%} malignant")
        if name == "train":
            large = rows["mean_radius"].quantile(2 / 3)

    os.makedirs("incoming", exist_ok=True)
    first, left = take(left, params["batch_rows"], seed)
    second, left = take(left, params["batch_rows"], seed)
    third = left[left["mean_radius"] > large]
    for week, batch in enumerate((first, second, third), start=1):
        # nobody knows the diagnosis yet when a batch arrives
        batch.drop(columns="malignant").to_csv(f"incoming/week_{week}.csv", index=False)
        print(f"week {week}: {len(batch)} rows, mean radius {batch['mean_radius'].mean():.1f} mm")


if __name__ == "__main__":
    main()
