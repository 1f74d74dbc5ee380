"""Pairs of frames whose drift Evidently has judged; the same in every environment.

Only ``random.Random.random`` is used, whose numbers Python promises to keep, and data sets shipped with scikit-learn.
"""

import math
import random
import re
from dataclasses import dataclass

import pandas as pd


@dataclass
class Case:
    """A reference frame, a current frame, and the columns that are categories."""

    reference: pd.DataFrame
    current: pd.DataFrame
    categorical: tuple[str, ...] = ()

    @property
    def numerical(self) -> list[str]:
        return [name for name in self.reference.columns if name not in self.categorical]


def normal(rng: random.Random, n: int, mean: float = 0.0, std: float = 1.0) -> list[float]:
    return [
        round(mean + std * math.sqrt(-2 * math.log(1 - rng.random())) * math.cos(2 * math.pi * rng.random()), 6)
        for _ in range(n)
    ]


def pick(rng: random.Random, n: int, values: list, weights: list[float] | None = None) -> list:
    weights = weights or [1.0] * len(values)
    total = sum(weights)
    edges = [sum(weights[: i + 1]) / total for i in range(len(weights))]
    return [values[next(i for i, edge in enumerate(edges) if u <= edge or i == len(edges) - 1)]
            for u in (rng.random() for _ in range(n))]  # fmt: skip


def holes(rng: random.Random, values: list, share: float, hole: object = None) -> list:
    return [hole if rng.random() < share else value for value in values]


def mixed(n: int, m: int, seed: int) -> Case:
    """Ordinary columns: the same, shifted, wider, skewed, with ties; two and more categories, new and lost ones."""
    frames = []
    for size, shift in ((n, 0.0), (m, 1.0)):
        rng = random.Random(seed + int(shift))
        frames.append(
            pd.DataFrame(
                {
                    "same": normal(rng, size),
                    "slightly": normal(rng, size, 0.15 * shift),
                    "shifted": normal(rng, size, 0.5 * shift),
                    "wider": normal(rng, size, 5, 1 + shift),
                    "skewed": [round(math.exp(x), 4) for x in normal(rng, size, 0.2 * shift)],
                    "ties": [float(round(4 * x)) for x in normal(rng, size, 0.1 * shift)],
                    "whole": [round(30 * x) for x in normal(rng, size, 3, 1 + 0.1 * shift)],
                    "tiny": [round(1e-7 * x, 12) for x in normal(rng, size, shift)],
                    "two": pick(rng, size, [0, 1], [0.6, 0.4 + 0.2 * shift]),
                    "three": pick(rng, size, [1.5, 2.5, 3.5], [0.5, 0.3, 0.2 + 0.1 * shift]),
                    "five": pick(rng, size, [1, 2, 3, 4, 5], [5, 4, 3, 2, 1 + shift]),
                    "six": pick(rng, size, [1, 2, 3, 4, 5, 6], [5, 4, 3, 2, 1 + shift, 1]),
                    "plan": pick(rng, size, ["free", "team", "pro"], [0.7, 0.2, 0.1 + 0.1 * shift]),
                    "sex": pick(rng, size, ["f", "m"], [0.5, 0.5 + 0.1 * shift]),
                    "many": pick(rng, size, [f"k{i}" for i in range(40)]),
                    "new": pick(rng, size, ["a", "b", "c", "d"], [5, 4, 3, 0.5 * shift]),
                    "lost": pick(rng, size, ["a", "b", "c"], [5, 4, 3 * (1 - shift)]),
                    "flag": pick(rng, size, [True, False], [1, 1 + 0.3 * shift]),
                    "code": pick(rng, size, [10, 20, 30, 40], [1, 1, 1, 1 + shift]),
                }
            )
        )
    return Case(*frames, categorical=("plan", "sex", "many", "new", "lost", "flag", "code"))


def gaps(n: int, m: int, seed: int) -> Case:
    """Missing values and ±inf, which decide about the method by what is left."""
    frames = []
    for size, shift in ((n, 0.0), (m, 1.0)):
        rng = random.Random(seed + int(shift))
        frames.append(
            pd.DataFrame(
                {
                    "fifth": holes(rng, normal(rng, size, 0.2 * shift), 0.2, math.nan),
                    "half": holes(rng, normal(rng, size, 0.1 * shift), 0.5, math.nan),
                    # with a missing value as well: without one Evidently's table (not its metric) keeps the ±inf
                    "infinite": [math.nan, *holes(rng, holes(rng, normal(rng, size), 0.05, math.inf), 0.05, -math.inf)][
                        :size
                    ],
                    "whole_gaps": holes(rng, [float(round(20 * x)) for x in normal(rng, size)], 0.1, math.nan),
                    "only_current": normal(rng, size, 0.1 * shift)
                    if not shift
                    else holes(rng, normal(rng, size), 0.3, math.nan),
                    "word": holes(rng, pick(rng, size, ["x", "y", "z"], [3, 2, 1 + shift]), 0.25),
                    "pair": holes(rng, pick(rng, size, ["x", "y"], [3, 2 + shift]), 0.25),
                }
            )
        )
    return Case(*frames, categorical=("word", "pair"))


def constants(n: int, m: int) -> Case:
    """Columns of one value, equal on both sides or not."""
    rng = random.Random(5)
    reference = pd.DataFrame(
        {"one": [1.0] * n, "moved": [1.0] * n, "woke": [2.0] * n, "word": ["a"] * n, "other": ["a"] * n}
    )
    current = pd.DataFrame(
        {"one": [1.0] * m, "moved": [3.0] * m, "woke": normal(rng, m, 2, 0.01), "word": ["a"] * m, "other": ["b"] * m}
    )
    return Case(reference, current, categorical=("word", "other"))


def measured(name: str) -> Case:
    """A data set shipped with scikit-learn, cut by the median of its first column."""
    from sklearn import datasets

    frame = getattr(datasets, f"load_{name}")(as_frame=True).frame
    first = frame.columns[0]
    is_large = frame[first] > frame[first].median()
    reference = frame[~is_large | (frame.index % 3 == 0)].reset_index(drop=True)
    current = frame[is_large & (frame.index % 3 != 0)].reset_index(drop=True)
    return Case(reference, current, categorical=("target",) if name != "diabetes" else ())


CASES = {
    "mixed_small": lambda: mixed(300, 200, 1),
    "mixed_tiny_batch": lambda: mixed(500, 12, 2),
    "mixed_at_1000": lambda: mixed(1000, 700, 3),
    "mixed_at_1001": lambda: mixed(1001, 700, 4),
    "mixed_large": lambda: mixed(3000, 1700, 6),
    "mixed_long_current": lambda: mixed(900, 12000, 7),
    "gaps_small": lambda: gaps(400, 300, 8),
    "gaps_around_1000": lambda: gaps(1001, 900, 9),
    "gaps_large": lambda: gaps(2500, 900, 10),
    "constants_small": lambda: constants(100, 60),
    "constants_large": lambda: constants(1500, 60),
    "breast_cancer": lambda: measured("breast_cancer"),
    "wine": lambda: measured("wine"),
    "diabetes": lambda: measured("diabetes"),
}


_WORDS = re.findall(
    r"\w+", "the order came late but works refund please my parcel never arrived great product love it again box broken"
)
_LATER = re.findall(r"\w+", "app crash login password update screen slow again the please my")


def comments(rows: int, seed: int, later: float = 0.0) -> list[str]:
    """Comments of three to twelve words; a part of them about other things."""
    rng = random.Random(seed)
    return [
        " ".join(pick(rng, 3 + int(10 * rng.random()), _LATER if rng.random() < later else _WORDS)) for _ in range(rows)
    ]


#: Name -> reference and current texts.
TEXTS = {
    "few": (comments(300, 0), comments(200, 1)),
    "few moved": (comments(300, 2), comments(200, 3, 0.4)),
    "many": (comments(1500, 4), comments(800, 5)),
    "many moved": (comments(1500, 6), comments(800, 7, 0.2)),
}
