"""Frames whose reconstruction error NannyML has computed; the same in every environment."""

import random

import pandas as pd
from cases import holes, normal, pick


def frame(rows: int, seed: int, *, flip: bool = False) -> pd.DataFrame:
    """Numbers that belong together (otherwise when flipped), gaps, a constant, and categories, some of them new."""
    rng = random.Random(seed)
    base = normal(rng, rows)
    sign = -1.0 if flip else 1.0
    return pd.DataFrame(
        {
            "a": base,
            "b": [sign * value + noise for value, noise in zip(base, normal(rng, rows, 0.0, 0.3), strict=True)],
            "c": holes(rng, normal(rng, rows, 100.0, 15.0), 0.1, float("nan")),
            "d": normal(rng, rows, 1.0, 1e-3),
            "e": [7.0] * rows,
            "plan": pick(rng, rows, ["free", "pro", "team", "gold"], [6, 3, 1, 0.5 if flip else 0]),
            "city": holes(rng, pick(rng, rows, [f"c{i}" for i in range(30)]), 0.05, float("nan")),
        }
    )


REFERENCE = (2000, 0, False)
WINDOWS = {"same": (500, 1, False), "flipped": (500, 2, True), "few": (60, 3, False), "two": (2, 4, False)}
CATEGORICAL = ("plan", "city")
