from collections.abc import Collection

import numpy as np
import pandas as pd

from mlops_tui.drift.columns import Known, Settings, compare, prepare
from mlops_tui.drift.kinds import infer
from mlops_tui.drift.schemas import Schema, examine


def a_frame(rows: int = 200, seed: int = 0) -> pd.DataFrame:
    rng = np.random.default_rng(seed)
    return pd.DataFrame(
        {
            "mean radius": rng.normal(14, 3, rows),
            "mean area": rng.normal(600, 200, rows),
            "plan": rng.choice(["free", "pro"], rows),
        }
    )


def known(frame: pd.DataFrame) -> list[Known]:
    return [prepare(frame[name], infer(frame[name]), name=name) for name in frame.columns]


def examined(reference: list[Known], batch: pd.DataFrame, ignored: Collection[str] = ()) -> Schema:
    names = [str(name) for name in batch.columns]
    return examine(reference, names, lambda lost, name: compare(lost, batch[name], Settings()), ignored=ignored)


def test_the_same_columns_in_another_order_are_no_finding() -> None:
    schema = examined(known(a_frame()), a_frame(seed=1)[["plan", "mean area", "mean radius"]])
    assert (schema.missing, schema.extra, schema.renamed) == ((), (), {})


def test_missing_and_extra_columns_are_told() -> None:
    batch = a_frame(seed=1).drop(columns="plan").assign(colour="red", noted="x")
    schema = examined(known(a_frame()), batch, ignored={"noted"})
    assert (schema.missing, schema.extra, schema.renamed) == (("plan",), ("colour",), {})


def test_a_column_with_a_similar_name_and_distribution_may_be_renamed() -> None:
    batch = a_frame(seed=1).rename(columns={"mean radius": "Mean_Radius", "plan": "Plan "})
    schema = examined(known(a_frame()), batch)
    assert schema.renamed == {"mean radius": "Mean_Radius", "plan": "Plan "}


def test_a_similar_name_with_other_values_is_not_the_same_column() -> None:
    batch = a_frame(seed=1).drop(columns="mean radius").assign(**{"main radios": 10_000.0})
    assert examined(known(a_frame()), batch).renamed == {}


def test_equal_values_under_an_unrelated_name_are_not_the_same_column() -> None:
    batch = a_frame(seed=1).rename(columns={"mean radius": "temperature"})
    assert examined(known(a_frame()), batch).renamed == {}


def test_each_extra_column_stands_for_one_missing_at_most() -> None:
    reference = a_frame().assign(**{"mean radius 2": a_frame()["mean radius"]})
    batch = a_frame(seed=1).drop(columns="mean radius").assign(mean_radius=a_frame(seed=2)["mean radius"])
    schema = examined(known(reference), batch)
    assert schema.missing == ("mean radius", "mean radius 2")
    assert schema.renamed == {"mean radius": "mean_radius"}


def test_a_thousand_missing_and_extra_columns_are_told_at_once() -> None:
    reference = pd.DataFrame(np.zeros((40, 1000)), columns=[f"a{i}" for i in range(1000)])
    schema = examined(known(reference), reference.add_prefix("b"))
    assert (len(schema.missing), len(schema.extra), schema.renamed) == (1000, 1000, {})
