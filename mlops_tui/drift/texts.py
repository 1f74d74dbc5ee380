"""A column of free text against its reference: how well a classifier of words tells which of both a text is from.

The area under the ROC curve is of a half of the texts that the classifier has not seen; under no difference it is Mann
and Whitney's statistic, which gives the p-value. The words that tell most are what a drawing and a title show.

Source:
    Evidently 0.7.23, ``abs_text_content_drift`` (from 1001 reference texts on) and ``perc_text_content_drift`` (below),
    which draws its limit from 1000 random classifiers where the statistic's own 95 % point stands here.
"""

from __future__ import annotations

import math
import warnings
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from mlops_store.records import ColumnReport
from mlops_store.texts import storable
from mlops_tui.drift.choice import TESTED_UP_TO
from mlops_tui.drift.columns import Known, Settings, unscored
from mlops_tui.drift.multivariate.auc import Area, area, p_value
from mlops_tui.drift.multivariate.domain import chosen
from mlops_tui.drift.profiles import SMALLEST_REFERENCE
from mlops_tui.drift.summaries import LABEL_LENGTH

if TYPE_CHECKING:
    import pandas as pd

#: The methods, by the size of the reference: up to 1000 texts, and beyond.
METHODS = ("perc_text_content_drift", "abs_text_content_drift")
#: The threshold of the second; that of the first follows from the number of texts.
THRESHOLD = 0.55
_Z95 = 1.6448536269514722
#: Texts of either side that are read, chosen by chance, and characters of each.
_MOST_TEXTS, _MOST_CHARACTERS = 5000, 10_000
#: Words that are shown.
_WORDS = 10


@dataclass(frozen=True, slots=True)
class Word:
    """A word that tells reference and window apart, with how many of the texts of each hold it."""

    text: str
    reference: int
    current: int


def compare(known: Known, reference: pd.Series[Any], column: pd.Series[Any], settings: Settings) -> ColumnReport:
    """The report on one column of texts; where it cannot be compared, ``detail["finding"]`` says why.

    Args:
        known: What is known of the reference's column.
        reference: Its values.
        column: The window's.
        settings: Thresholds by column or method.
    """
    before, now = _texts(reference), _texts(column)
    for count, whose in ((len(before), "reference"), (len(now), "batch")):
        if count < SMALLEST_REFERENCE:
            why = f"the {whose} has {count} values, at least {SMALLEST_REFERENCE} are needed"
            empty = "empty" if whose == "batch" and not count else "unchecked"
            return unscored(known, len(now), empty, why)
    found = _classified(before, now)
    if found is None:
        return unscored(known, len(now), "unchecked", "its texts hold no words that could tell them apart")
    telling, words = found
    error = math.sqrt(telling.null_variance)
    method, default = METHODS[0], 0.5 + _Z95 * error
    if len(before) > TESTED_UP_TO:
        method, default = METHODS[1], THRESHOLD
    threshold = settings.thresholds.get(known.name, settings.thresholds.get(method, default))
    most = max(words, key=lambda word: abs(word.current / len(now) - word.reference / len(before)), default=None)
    shift = {"from": None, "to": None}
    if most is not None:
        shares = {"from": most.reference / len(before), "to": most.current / len(now)}
        shift = {"label": most.text, **shares}  # type: ignore[dict-item]
    return ColumnReport(
        column=known.name,
        role=known.role,
        kind=known.kind,
        method=method,
        score=telling.value,
        threshold=threshold,
        is_drifted=telling.value > threshold,
        effect=max(0.0, 2 * telling.value - 1),
        reference_count=len(before),
        current_count=len(now),
        detail={
            "reference": _summary(reference, before, words, [word.reference for word in words]),
            "current": _summary(column, now, words, [word.current for word in words]),
            "score_is": "AUC",
            "p_value": p_value(telling.value, error),
            "shift": shift,
        },
    )


def _texts(column: pd.Series[Any]) -> list[str]:
    values = column.dropna()
    kept = values.iloc[chosen(len(values), 0, _MOST_TEXTS)]
    return [str(value)[:_MOST_CHARACTERS] for value in kept]


def _classified(before: list[str], now: list[str]) -> tuple[Area, list[Word]] | None:
    """The area of the texts that were not learnt from, and the words that tell most; None without words."""
    from sklearn.exceptions import ConvergenceWarning
    from sklearn.feature_extraction.text import TfidfVectorizer
    from sklearn.linear_model import SGDClassifier
    from sklearn.model_selection import train_test_split

    texts = np.array([*before, *now], dtype=object)
    is_current = np.arange(len(texts)) >= len(before)
    seen, unseen = train_test_split(np.arange(len(texts)), test_size=0.5, random_state=42, shuffle=True)
    if len(np.unique(is_current[seen])) < 2 or len(np.unique(is_current[unseen])) < 2:
        return None
    vectorizer: Any = TfidfVectorizer(sublinear_tf=True, max_df=0.5, stop_words="english")
    try:
        learnt = vectorizer.fit_transform(texts[seen])
    except ValueError:  # no word, or every word in more than half of the texts
        return None
    options: dict[str, Any] = {"alpha": 0.0001, "max_iter": 50, "penalty": "l1", "loss": "modified_huber"}
    with warnings.catch_warnings():
        # scikit-learn says so where 50 rounds, which are Evidently's, are not enough
        warnings.simplefilter("ignore", ConvergenceWarning)
        model: Any = SGDClassifier(random_state=42, **options).fit(learnt, is_current[seen].astype(np.int64))
    scores = np.asarray(model.predict_proba(vectorizer.transform(texts[unseen]))[:, 1], dtype=np.float64)
    weights = np.abs(model.coef_[0])
    places = [place for place in np.argsort(-weights, kind="stable")[:_WORDS].tolist() if weights[place] > 0]
    holds = vectorizer.transform(texts)[:, places] > 0
    counts = [np.asarray(holds[side].sum(axis=0)).ravel() for side in (~is_current, is_current)]
    names = vectorizer.get_feature_names_out()
    words = [
        Word(storable(str(names[place]))[:LABEL_LENGTH], int(old), int(new))
        for place, old, new in zip(places, *counts, strict=True)
    ]
    return area(scores, is_current[unseen]), words


def _summary(column: pd.Series[Any], texts: list[str], words: list[Word], counts: list[int]) -> dict[str, Any]:
    missing = int(column.isna().sum())
    return {
        "count": len(column) - missing,
        "missing": missing,
        "read": len(texts),
        "labels": [word.text for word in words],
        "counts": counts,
        "other": 0,
    }
