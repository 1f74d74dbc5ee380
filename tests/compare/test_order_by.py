import pytest

from mlops_store.run_columns import Column, Order
from mlops_tui.compare.columns import order
from mlops_tui.compare.order_by import orders
from mlops_tui.compare.tokens import FilterError
from mlops_tui.config import Config

TIES = (Order(Column("", "started_at"), True), Order(Column("", "run_id")))
goal = Config().goal


def test_clauses_order_one_after_the_other_and_then_the_newest_first():
    assert orders([], goal) == TIES
    assert orders(["metrics.auc DESC", "params.`a b`"], goal) == (
        Order(Column("metrics", "auc"), True),
        Order(Column("params", "a b")),
        *TIES,
    )


def test_an_order_by_the_start_needs_no_other():
    assert orders(["created"], goal) == (Order(Column("", "started_at")), Order(Column("", "run_id")))


@pytest.mark.parametrize(
    ("clause", "part", "is_descending"),
    [
        ("best(auc)", "max", True),
        ("best(val_loss)", "min", False),
        ("best(auc) ASC", "max", False),
        ("mean(metrics.auc)", "mean", False),
        ("step(auc) DESC", "step", True),
    ],
)
def test_what_is_kept_of_a_metric_orders(clause, part, is_descending):
    found = orders([clause], goal)[0]
    assert (found.column.part, found.is_descending) == (part, is_descending)


def test_a_minus_turns_an_order_round():
    assert order("best(auc)", goal) == Order(Column("metrics", "auc", "max"), True)
    assert order("-best(auc)", goal) == Order(Column("metrics", "auc", "max"))
    assert order("best(loss)", goal) == Order(Column("metrics", "loss", "min"))
    assert order("-name", goal) == Order(Column("", "name"), True)


@pytest.mark.parametrize(
    ("clause", "position"),
    [
        ("", 0),
        ("foo", 0),
        ("metrics.a up", 10),
        ("metrics.a DESC x", 15),
        ("best(a", 6),
        ("best(", 5),
        ("dataset.name", 0),
    ],
)
def test_an_error_points_at_what_is_wrong(clause, position):
    with pytest.raises(FilterError) as caught:
        orders([clause], goal)
    assert caught.value.position == position


def test_the_same_twice_is_refused():
    with pytest.raises(FilterError, match="already"):
        orders(["metrics.a", "last(a) DESC"], goal)
