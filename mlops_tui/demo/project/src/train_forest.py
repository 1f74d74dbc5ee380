"""Train a random forest, a few trees at a time."""

from sklearn.ensemble import RandomForestClassifier
from training import keep, log_settings, log_step, params, read

import mlops_tui as mlops


def main() -> None:
    settings = params()["forest"]
    features, diagnosis = read("train")

    # warm_start keeps the trees that are there and adds new ones
    model = RandomForestClassifier(
        n_estimators=0, max_depth=settings["max_depth"], warm_start=True, random_state=settings["seed"]
    )

    with mlops.start_run():
        log_settings("forest")
        for trees in range(settings["trees_per_step"], settings["trees"] + 1, settings["trees_per_step"]):
            model.set_params(n_estimators=trees).fit(features, diagnosis)
            log_step(model, trees)
        keep(model, "forest")


if __name__ == "__main__":
    main()
