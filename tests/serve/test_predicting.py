"""Requests that are joined: each gets what it would have got alone, and what is wrong with one is its own."""

from __future__ import annotations

import asyncio
import json
import threading
from collections.abc import Callable
from typing import Any

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from sklearn.ensemble import RandomForestClassifier
from sklearn.linear_model import LinearRegression

from mlops_tui.serve import joining, schemas
from mlops_tui.serve.faults import Fault
from mlops_tui.serve.metrics import Metrics
from mlops_tui.serve.predicting import Joining, Predictor, Work
from mlops_tui.serve.served import Served

SIGNATURE = {
    "inputs": [
        {"name": "a", "type": "double"},
        {"name": "b", "type": "double"},
        {"name": "plan", "type": "string", "required": False},
    ]
}
PLAIN = {"inputs": SIGNATURE["inputs"][:2]}


def ask_all(served: Served, bodies: list[Any], how: Joining) -> tuple[list[Any], Metrics]:
    """What each of some requests gets that wait together, the body or the fault's code and message."""
    metrics = Metrics({})
    begin = threading.Event()

    async def ask() -> list[Any]:
        predictor = Predictor(metrics, how, 1)
        first = Work(Served("x", "", "", "", schemas.read({}), lambda _: begin.wait(30)), b'{"inputs": 1}', JSON)
        busy = asyncio.create_task(predictor.predict(first, 30))
        await asyncio.sleep(0)
        works = [Work(served, json.dumps(body).encode(), JSON) for body in bodies]
        waiting = asyncio.gather(*(predictor.predict(work, 30) for work in works), return_exceptions=True)
        await asyncio.sleep(0)
        begin.set()
        await busy
        found = await waiting
        predictor.close()
        return [(one.code, one.message) if isinstance(one, Fault) else getattr(one, "content", one) for one in found]

    return asyncio.run(ask()), metrics


JSON = "application/json"
NUMBERS = st.floats(allow_nan=False, width=32) | st.integers(-9, 9)
ROWS = st.fixed_dictionaries({"a": NUMBERS, "b": NUMBERS | st.none()}, optional={"plan": st.sampled_from("xyz")})
BODIES = st.one_of(
    ROWS.map(lambda row: {"dataframe_records": [row]}),
    st.lists(ROWS, max_size=3).map(lambda rows: {"dataframe_records": rows}),
    st.tuples(NUMBERS, NUMBERS).map(lambda row: {"dataframe_split": {"columns": ["b", "a"], "data": [row]}}),
    ROWS.map(lambda row: {"inputs": row}),
    st.sampled_from([{"inputs": {"a": 1}}, {"dataframe_records": [{"a": "x", "b": 1}]}, [], {}]),
)


def total(rows: pd.DataFrame) -> Any:
    if (rows["a"] == 7).any():
        raise RuntimeError("seven")
    return (rows["a"] * 2 + rows["b"].fillna(0)).to_numpy()


def table(rows: pd.DataFrame) -> Any:
    return pd.DataFrame({"sum": rows["a"] + rows["b"], "plan": rows.get("plan", "none")})


@settings(max_examples=25, deadline=None)
@given(
    st.lists(BODIES, min_size=2, max_size=9),
    st.sampled_from([SIGNATURE, PLAIN, {}]),
    st.sampled_from([total, table, lambda rows: list(rows["a"]), lambda rows: {"n": len(rows)}]),
)
def test_answers_are_the_same_joined_and_alone(
    bodies: list[Any], signature: dict[str, Any], predict: Callable[[Any], Any]
) -> None:
    served = Served("x", "", "", "", schemas.read(signature), predict)
    alone, _ = ask_all(served, bodies, Joining(rows=0))
    together, _ = ask_all(served, bodies, Joining(rows=4, is_forced=True))
    assert together == alone


def test_requests_that_wait_go_to_the_model_together() -> None:
    calls: list[int] = []

    def predict(rows: pd.DataFrame) -> Any:
        calls.append(len(rows))
        return total(rows)

    bodies = [{"dataframe_records": [{"a": float(number), "b": 1.0}]} for number in (1, 2, 3, 4, 5, 6)]
    for how, is_row_by_row, expected in (
        (Joining(rows=4), True, [4, 2]),
        (Joining(rows=4), False, [1] * 6),
        (Joining(rows=0, is_forced=True), True, [1] * 6),
    ):
        calls.clear()
        served = Served("x", "", "", "", schemas.read(PLAIN), predict, is_row_by_row)
        found, metrics = ask_all(served, bodies, how)
        assert found == [b'{"predictions": [%.1f]}' % (2 * number + 1) for number in (1, 2, 3, 4, 5, 6)]
        assert calls == expected
        assert f"mlops_batch_rows_sum {sum(expected) + 1}.0\n" in metrics.text()


def test_a_row_that_the_model_fails_for_fails_alone() -> None:
    bodies = [{"dataframe_records": [{"a": float(number), "b": 1.0}]} for number in (6, 7, 8)]
    served = Served("x", "", "", "", schemas.read(PLAIN), total, is_row_by_row=True)
    first, second, third = ask_all(served, [*bodies], Joining())[0]
    assert (first, third) == (b'{"predictions": [13.0]}', b'{"predictions": [17.0]}')
    assert second[0] == "BAD_REQUEST"
    assert second[1].endswith("Error: seven")


async def test_an_answer_says_how_many_bytes_were_asked_and_answered() -> None:
    served = Served("x", "", "", "", schemas.read({}), lambda _: [7])
    predictor = Predictor(Metrics({}), Joining(), 1)
    found = await predictor.predict(Work(served, b'{"inputs": [1]}', JSON), 30)
    assert found.size == len(b'{"inputs": [1]}{"predictions": [7]}')
    predictor.close()


def test_rows_that_cannot_be_joined_are_answered_alone(monkeypatch: pytest.MonkeyPatch) -> None:
    def failing(_: Any) -> Any:
        raise MemoryError

    monkeypatch.setattr(joining, "joined", failing)
    served = Served("x", "", "", "", schemas.read(PLAIN), total, is_row_by_row=True)
    bodies = [{"dataframe_records": [{"a": float(number), "b": 1.0}]} for number in (1, 2)]
    assert ask_all(served, bodies, Joining())[0] == [b'{"predictions": [3.0]}', b'{"predictions": [5.0]}']


@pytest.mark.parametrize(
    ("answer", "rows"),
    [
        ({"low": np.zeros(3), "high": [1, 2, 3]}, 3),
        ({"n": 3, "mean": 0.5}, 1),
        ({"a": [1], "b": [1, 2]}, 1),
        ({}, 1),
        ("a cat", 1),
        ([1, 2], 2),
    ],
)
async def test_an_answer_has_as_many_rows_as_it_says_something_of(answer: Any, rows: int) -> None:
    served = Served("x", "", "", "", schemas.read({}), lambda _: answer)
    predictor = Predictor(Metrics({}), Joining(), 1)
    assert (await predictor.predict(Work(served, b'{"inputs": [1]}', JSON), 30)).rows == rows
    predictor.close()


async def test_who_is_asked_to_waits_for_others() -> None:
    served = Served("x", "", "", "", schemas.read(PLAIN), lambda rows: [len(rows)] * len(rows), is_row_by_row=True)
    predictor = Predictor(Metrics({}), Joining(rows=2, wait_s=30), 1)
    works = [Work(served, b'{"dataframe_records": [{"a": 1, "b": 2}]}', JSON) for _ in range(2)]
    first = asyncio.create_task(predictor.predict(works[0], 30))
    await asyncio.sleep(0.01)
    assert not first.done()
    assert (await predictor.predict(works[1], 30)).content == b'{"predictions": [2]}'
    assert (await first).content == b'{"predictions": [2]}'
    predictor.close()


RNG = np.random.default_rng(4)
EXAMPLE = pd.DataFrame(RNG.normal(size=(5, 30)), columns=[f"x{number}" for number in range(30)])


def test_what_is_joined_by_itself_was_seen_to_answer_the_same() -> None:
    forest = RandomForestClassifier(3, random_state=0).fit(EXAMPLE, [0, 1, 0, 1, 1])
    assert joining.is_row_by_row(forest.predict, EXAMPLE)
    for predict in (
        lambda rows: rows["x0"] - rows["x0"].mean(),
        lambda rows: float(len(rows)),
        lambda rows: rows["x0"].to_numpy() + len(rows) * 1e-16,
        lambda rows: 1 / 0,
    ):
        assert not joining.is_row_by_row(predict, EXAMPLE)
    assert not joining.is_row_by_row(forest.predict, None)
    assert not joining.is_row_by_row(forest.predict, EXAMPLE[:0])


def test_a_model_whose_sums_end_in_other_bits_together_is_not_joined() -> None:
    model = LinearRegression().fit(EXAMPLE, RNG.normal(size=5))
    wide = pd.concat([EXAMPLE] * 7, ignore_index=True)[:32]
    alone = np.concatenate([model.predict(wide[place : place + 1]) for place in range(32)])
    if (alone == model.predict(wide)).all():
        pytest.skip("this machine's library sums in one way")
    assert not joining.is_row_by_row(model.predict, EXAMPLE)
