"""Which input columns a model's predictions hang on: permutation importance, and SHAP values where shap is installed.

Measured on logged data only: predictions that were logged with all input columns, which also have the truth, or the
rows that were kept of the training data.
"""

from __future__ import annotations

import importlib.util
import math
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from mlops_store import profiles as stored_profiles
from mlops_store.errors import MlopsError, Refused
from mlops_store.records import ModelVersion
from mlops_store.store import Store
from mlops_tui.compare import predictions
from mlops_tui.drift import profiles
from mlops_tui.prediction_files import Texts
from mlops_tui.registry import formats, signatures
from mlops_tui.registry.formats import Loaded

if TYPE_CHECKING:
    import numpy.typing as npt
    import pandas as pd

#: Rows, shuffles of each column, and the seed of both.
ROWS, REPEATS, SEED = 2000, 5, 0
#: Seconds that all predictions may take, and rows that are used however slow they are.
LONGEST_S, _LEAST_ROWS = 60.0, 100
#: Rows that SHAP explains, and rows that it compares with.
_EXPLAINED, _BACKGROUND = 100, 50
#: Columns beyond which SHAP takes too long.
_MOST_COLUMNS = 100

Score = Callable[[Loaded, Any, Any], float]


@dataclass(frozen=True, slots=True)
class _Rows:
    inputs: pd.DataFrame
    truth: Any
    source: str


def has_shap() -> bool:
    """Whether shap is installed; it is not loaded."""
    return importlib.util.find_spec("shap") is not None


def measured(store: Store, version: ModelVersion) -> dict[str, Any]:
    """All that a card says about importances, as plain data.

    Returns:
        ``score`` (what falls when a column is shuffled), ``base`` (its value before), ``rows``, ``repeats``,
        ``source`` (which rows), ``features``: ``[{"name", "mean", "sd", "shap"}]``, the most important first, and
        ``shap_problem``.

    Raises:
        MlopsError: The model cannot be loaded, or no data were logged with it.

    Source:
        Breiman (2001); sklearn.inspection.permutation_importance. Lundberg and Lee (2017) for SHAP values.
    """
    from sklearn.inspection import permutation_importance

    model = formats.load_version(store, version)
    rows = _rows(store, version, model)
    rows = _bounded(model, rows)
    name, score, base = _score(model, rows)
    truth = rows.truth if rows.truth is not None else [0] * len(rows.inputs)
    found: Any = permutation_importance(
        _Fitted(model),
        rows.inputs,
        truth,
        scoring=lambda fitted, inputs, wanted: score(fitted.model, inputs, wanted),
        n_repeats=REPEATS,
        random_state=SEED,
    )
    values, problem = _shap(model, rows.inputs)
    features: list[dict[str, Any]] = [
        {
            "name": str(column),
            "mean": float(found.importances[place].mean()),
            "sd": float(found.importances[place].std()),
            "shap": values[place] if values else None,
        }
        for place, column in enumerate(rows.inputs.columns)
    ]
    features.sort(key=lambda one: (-one["mean"], one["name"]))
    return {
        "score": name,
        "base": base,
        "rows": len(rows.inputs),
        "repeats": REPEATS,
        "source": rows.source,
        "features": features,
        "shap_problem": problem,
    }


# the rows


def _rows(store: Store, version: ModelVersion, model: Loaded) -> _Rows:
    wanted = _inputs(version, model)
    if version.run_id is not None:
        for name, digest in predictions.files(store.read(), version.run_id).items():
            found = _of_predictions(store, name, digest, wanted)
            if found is not None:
                return found
    if version.profile_id is None:
        raise Refused(
            f"no data were logged with {version.model}/{version.version}",
            "log the model with reference=<training data>, or its predictions with slices=<test data>",
        )
    profile = stored_profiles.get(store.read(), version.profile_id)
    frame = profiles.sample(store, profile)
    prediction = profile.summary.get("prediction")
    columns = wanted or [str(name) for name in frame.columns if name != prediction]
    missing = [name for name in columns if name not in frame.columns]
    if missing:
        raise Refused(f"the kept training data lack the column {missing[0]!r}, which the model takes")
    others = [str(name) for name in frame.columns if name not in columns and name != prediction]
    # one further column is what was to be predicted; of several nobody knows which
    is_known = bool(wanted) and len(others) == 1
    source = f"training data{f', truth in {others[0]}' if is_known else ''}"
    frame = frame.sample(ROWS, random_state=SEED) if len(frame) > ROWS else frame
    return _Rows(frame[columns], frame[others[0]].to_numpy() if is_known else None, source)


def _inputs(version: ModelVersion, model: Loaded) -> list[str]:
    named = list(signatures.columns(version.lineage.get("signature") or {}))
    return named or list(model.columns)


def _of_predictions(store: Store, name: str, digest: str, wanted: Sequence[str]) -> _Rows | None:
    """The rows of logged predictions, where all input columns were logged with them."""
    import numpy as np
    import pandas as pd

    try:
        found = predictions.decoded(store.objects_dir, digest)
    except (OSError, ValueError):
        return None
    if not wanted or not {*wanted} <= {*found.slices}:
        return None
    truth = _plain(found.truth)
    known = np.flatnonzero(~pd.isna(truth))
    if len(known) > ROWS:
        known = np.sort(np.random.default_rng(SEED).choice(known, ROWS, replace=False))
    frame = pd.DataFrame({column: _plain(found.slices[column])[known] for column in wanted})
    return _Rows(frame, truth[known], f"predictions {name}") if len(frame) else None


def _plain(column: npt.NDArray[Any] | Texts) -> npt.NDArray[Any]:
    import numpy as np

    if isinstance(column, Texts):
        return np.array([*column.texts, None], dtype=object)[column.codes]
    return column


def _bounded(model: Loaded, rows: _Rows) -> _Rows:
    """As many rows as can be predicted often enough in the time that there is."""
    start = time.perf_counter()
    model.predict(rows.inputs)
    needed = (time.perf_counter() - start) * len(rows.inputs.columns) * REPEATS
    if needed <= LONGEST_S:
        return rows
    count = max(_LEAST_ROWS, int(len(rows.inputs) * LONGEST_S / needed))
    truth = None if rows.truth is None else rows.truth[:count]
    return _Rows(rows.inputs.iloc[:count], truth, rows.source)


# the score


def _score(model: Loaded, rows: _Rows) -> tuple[str, Score, float | None]:
    """What is measured, how, and its value on rows that are not shuffled; None where that says nothing."""
    import numpy as np

    classes, has_probability = model.classes, model.has_proba
    if rows.truth is None:
        if has_probability:
            before = np.asarray(model.predict_proba(rows.inputs))
            return "change of the predicted probability", lambda m, x, _: _moved(m.predict_proba(x), before), None
        predicted = np.asarray(model.predict(rows.inputs))
        if predicted.dtype.kind in "OUSb":
            return "share of changed predictions", lambda m, x, _: float((m.predict(x) == predicted).mean()), None
        spread = float(predicted.std()) or 1.0
        return (
            "change of the prediction, in standard deviations",
            lambda m, x, _: -float(np.abs(np.asarray(m.predict(x)) - predicted).mean()) / spread,
            None,
        )
    from sklearn.metrics import accuracy_score, r2_score, roc_auc_score

    score: Score
    if has_probability and len(classes) == 2 and len({*_texts(rows.truth)}) == 2:
        positive = _texts([classes[1]])[0]

        def area(m: Loaded, x: Any, y: Any) -> float:
            return float(roc_auc_score([text == positive for text in _texts(y)], m.predict_proba(x)[:, 1]))

        name, score = "fall of ROC AUC", area
    elif has_probability or classes or _is_text(rows.truth):
        name, score = "fall of accuracy", lambda m, x, y: float(accuracy_score(_texts(y), _texts(m.predict(x))))
    else:
        name, score = "fall of R²", lambda m, x, y: float(r2_score(y, m.predict(x)))
    return name, score, score(model, rows.inputs, rows.truth)


def _moved(now: Any, before: Any) -> float:
    """Minus the mean share of probability that went elsewhere: the total variation distance."""
    import numpy as np

    return -float(np.abs(np.asarray(now) - before).sum(axis=-1).mean()) / 2


def _is_text(values: Any) -> bool:
    return getattr(values, "dtype", None) is not None and values.dtype.kind in "OUS"


def _texts(values: Any) -> list[str]:
    """Labels that can be compared: a truth that was logged as numbers is that of a model that gives numbers."""
    return [f"{value:g}" if isinstance(value, int | float) else str(value) for value in _listed(values)]


def _listed(values: Any) -> list[Any]:
    plain = values.tolist() if hasattr(values, "tolist") else list(values)
    return [value.item() if hasattr(value, "item") else value for value in plain]


class _Fitted:
    """A model that is fitted already: scikit-learn asks for a ``fit`` and never calls it."""

    def __init__(self, model: Loaded) -> None:
        self.model = model

    def fit(self) -> None:
        """Does nothing."""


# SHAP


def _shap(model: Loaded, inputs: pd.DataFrame) -> tuple[list[float], str]:
    """The mean absolute SHAP value of each column, and why there are none."""
    if not has_shap():
        return [], "shap is not installed: pip install 'mlops-tui[shap]'"
    if len(inputs.columns) > _MOST_COLUMNS:
        return [], f"{len(inputs.columns)} columns are too many for SHAP values"
    try:
        return _explained(model, inputs), ""
    except MlopsError:
        raise
    except Exception as error:  # a model's own code, and a library that many models are too much for
        return [], f"no SHAP values ({' '.join(str(error).split())[:200]})"


def _explained(model: Loaded, inputs: pd.DataFrame) -> list[float]:
    import numpy as np
    import pandas as pd
    import shap  # pyright: ignore[reportMissingImports] an extra

    # shap takes numbers only: other columns become the numbers of their values, and back before the model sees them
    codes: dict[str, Any] = {}
    table = np.empty(inputs.shape)
    for place, column in enumerate(inputs.columns):
        if inputs[column].dtype.kind in "biuf":
            table[:, place] = inputs[column].to_numpy(dtype=float)
        else:
            numbers, codes[column] = pd.factorize(inputs[column], use_na_sentinel=False)
            table[:, place] = numbers

    def predict(rows: Any) -> Any:
        frame = pd.DataFrame(rows, columns=inputs.columns)
        for name in inputs.columns:
            if name in codes:
                frame[name] = np.asarray(codes[name], dtype=object)[frame[name].to_numpy().astype(int)]
            else:
                frame[name] = frame[name].astype(inputs[name].dtype)
        if model.has_proba:
            return np.asarray(model.predict_proba(frame))
        return np.asarray(model.predict(frame), dtype=float)

    explainer = shap.explainers.Permutation(predict, table[:_BACKGROUND], seed=SEED)
    explained: Any = explainer(table[:_EXPLAINED], silent=True)
    values = np.abs(explained.values)
    while values.ndim > 2:  # each class has its own; a column counts by the class that it moves most
        values = values.max(axis=-1)
    return [float(value) if math.isfinite(value) else 0.0 for value in values.mean(axis=0)]


__all__ = ["ROWS", "has_shap", "measured"]
