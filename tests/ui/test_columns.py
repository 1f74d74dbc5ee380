"""Which columns fit, and how wide they are."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from mlops_tui.ui.widgets.columns import GAP, Column, place

COLUMNS = st.lists(
    st.builds(
        Column,
        key=st.just("k"),
        label=st.just("label"),
        min_width=st.integers(1, 12),
        max_width=st.integers(12, 40),
        priority=st.integers(0, 5),
        right=st.booleans(),
        grows=st.booleans(),
    ),
    max_size=8,
)


@given(columns=COLUMNS, width=st.integers(0, 150), skipped=st.integers(0, 4), data=st.data())
def test_placed_columns_keep_their_order_and_stay_within_the_width(
    columns: list[Column], width: int, skipped: int, data: st.DataObject
) -> None:
    natural = data.draw(st.lists(st.integers(0, 60), min_size=len(columns), max_size=len(columns)))
    placed = place(columns, natural, width, skipped)
    assert [one.index for one in placed] == sorted(one.index for one in placed)
    end = 0
    for one in placed:
        assert one.x >= end
        assert one.width > 0
        end = one.x + one.width + GAP
    assert not placed or placed[-1].x + placed[-1].width <= width


def test_the_least_important_columns_vanish_first() -> None:
    columns = [Column("a", "a", 10, 10), Column("b", "b", 10, 10, 2), Column("c", "c", 10, 10, 1)]
    shown = [[one.column.key for one in place(columns, [10, 10, 10], width)] for width in (34, 33, 22, 21, 10)]
    assert shown == [["a", "b", "c"], ["a", "c"], ["a", "c"], ["a"], ["a"]]


def test_what_is_left_over_goes_to_the_column_that_grows() -> None:
    columns = [Column("a", "a", 4, 10, grows=True), Column("b", "b", 4, 10)]
    assert [one.width for one in place(columns, [6, 8], 40)] == [30, 8]


def test_scrolled_columns_make_room_for_those_behind_them() -> None:
    columns = [Column("a", "a", 10, 10), Column("b", "b", 10, 10, 1), Column("c", "c", 10, 10, 2)]
    assert [one.column.key for one in place(columns, [10, 10, 10], 22)] == ["a", "b"]
    assert [one.column.key for one in place(columns, [10, 10, 10], 22, 1)] == ["a", "c"]
