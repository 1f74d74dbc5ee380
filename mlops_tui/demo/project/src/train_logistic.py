"""Train a logistic regression by stochastic gradient descent, one epoch at a time."""

from sklearn.linear_model import SGDClassifier
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler
from training import keep, log_settings, log_step, params, read

import mlops_tui as mlops


def main() -> None:
    settings = params()["logistic"]
    features, diagnosis = read("train")

    scaler = StandardScaler().fit(features)
    classifier = SGDClassifier(
        loss="log_loss",
        alpha=settings["l2"],
        learning_rate="constant",
        eta0=settings["learning_rate"],
        random_state=settings["seed"],
    )
    model = make_pipeline(scaler, classifier)

    with mlops.start_run():
        log_settings("logistic")
        for epoch in range(1, settings["epochs"] + 1):
            classifier.partial_fit(scaler.transform(features), diagnosis, classes=[0, 1])
            log_step(model, epoch)
        keep(model, "logistic")


if __name__ == "__main__":
    main()
