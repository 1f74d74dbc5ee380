"""Labelled reference rows and windows without labels, the same for NannyML's environment and the tests'."""

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
import pandas as pd

NAMES = ("basic", "plus", "top")


@dataclass(frozen=True)
class Case:
    """A model's rows: the reference with ``truth``, and a window; ``proba`` maps classes to columns."""

    reference: pd.DataFrame
    window: pd.DataFrame
    proba: dict[str, str]
    features: tuple[str, ...] = ()


def binary(rows: int = 3000, *, sure: float = 1.0, shift: float = 0.0, seed: int = 0) -> Case:
    """Two classes; ``sure`` above 1 makes the model's probabilities too extreme, ``shift`` moves the window."""
    rng = np.random.default_rng(seed)

    def draw(count: int, moved: float) -> pd.DataFrame:
        x = rng.normal(moved, 1, count)
        chance = 1 / (1 + np.exp(-1.2 * x + 0.5))
        said = (1 / (1 + np.exp(sure * (-1.2 * x + 0.5)))).round(4)
        truth = (rng.random(count) < chance).astype(int)
        return pd.DataFrame({"x": x, "p": said, "predicted": (said >= 0.5).astype(int), "truth": truth})

    return Case(draw(rows, 0.0), draw(rows // 3, shift), {"1": "p"})


def multiclass(rows: int = 3000, *, sure: float = 1.0, shift: float = 0.0, seed: int = 1) -> Case:
    """Three classes."""
    rng = np.random.default_rng(seed)

    def draw(count: int, moved: float) -> pd.DataFrame:
        x = rng.normal(moved, 1, (count, 3))
        chance = np.exp(x) / np.exp(x).sum(axis=1, keepdims=True)
        said = np.exp(sure * x) / np.exp(sure * x).sum(axis=1, keepdims=True)
        truth = np.array([rng.choice(3, p=row) for row in chance])
        frame = pd.DataFrame(said, columns=[f"p_{name}" for name in NAMES])
        names = np.array(NAMES, dtype=object)
        return frame.assign(predicted=names[said.argmax(axis=1)], truth=names[truth])

    reference = draw(rows, 0.0)
    window = draw(rows // 3, 0.0)
    if shift:
        window = window.sort_values("p_top").iloc[len(window) // 2 :].reset_index(drop=True)
    return Case(reference, window, {name: f"p_{name}" for name in NAMES})


def regression(rows: int = 3000, *, shift: float = 0.0, seed: int = 2) -> Case:
    """A number whose noise grows with one input and depends on a category; some inputs are missing."""
    rng = np.random.default_rng(seed)

    def draw(count: int, moved: float) -> pd.DataFrame:
        x, z = rng.normal(moved, 1, count), rng.uniform(0, 3, count)
        town = rng.choice(["a", "b", "c"], count)
        noise = rng.normal(0, 0.2 + 0.4 * np.abs(x) + 0.3 * (town == "c"), count)
        predicted = 20 + 2 * x + z
        frame = pd.DataFrame({"x": x, "z": z, "town": town, "predicted": predicted, "truth": predicted + noise})
        frame.loc[rng.random(count) < 0.05, "z"] = np.nan
        return frame

    return Case(draw(rows, 0.0), draw(rows // 3, shift), {}, ("x", "z", "town"))


CASES: dict[str, Callable[[], Case]] = {
    "binary": binary,
    "binary, too sure": lambda: binary(sure=2.5, seed=10),
    "binary, moved": lambda: binary(sure=1.5, shift=1.0, seed=11),
    "binary, few rows": lambda: binary(300, seed=21),
    "multiclass": multiclass,
    "multiclass, too sure": lambda: multiclass(sure=2.5, seed=13),
    "multiclass, moved": lambda: multiclass(shift=1.0, seed=14),
    "regression": regression,
    "regression, moved": lambda: regression(shift=1.0, seed=15),
}
