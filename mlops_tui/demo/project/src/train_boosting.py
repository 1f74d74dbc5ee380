"""Train gradient boosting, one tree a round."""

from sklearn.ensemble import GradientBoostingClassifier
from training import keep, log_settings, log_step, params, read

import mlops_tui as mlops


def main() -> None:
    settings = params()["boosting"]
    features, diagnosis = read("train")

    # warm_start keeps the rounds that are there and adds new ones: the same model as fitting all at once
    model = GradientBoostingClassifier(
        n_estimators=1,
        learning_rate=settings["learning_rate"],
        max_depth=settings["max_depth"],
        subsample=0.8,
        warm_start=True,
        random_state=settings["seed"],
    )

    with mlops.start_run():
        log_settings("boosting")
        for round_number in range(1, settings["rounds"] + 1):
            model.set_params(n_estimators=round_number).fit(features, diagnosis)
            log_step(model, round_number)
        keep(model, "boosting")


if __name__ == "__main__":
    main()
