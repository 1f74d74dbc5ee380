import math

import pytest
from hypothesis import given
from hypothesis import strategies as st
from rich.cells import cell_len

from mlops_store.records import ColumnReport
from mlops_tui.ui.text import clean
from mlops_tui.ui.widgets import bars, figures, samples
from mlops_tui.ui.widgets.bars import BOTH, CURRENT, REFERENCE, Shapes
from mlops_tui.ui.widgets.distribution import compose

HOSTILE = ["\U0001f3fb", "[bold]x[/]", "\x1b]0;title\x07", "a\nb", "表情" * 40, "right\u202eleft", "", "  ", "x" * 3000]
NAMES = pytest.mark.parametrize("name", HOSTILE, ids=range(len(HOSTILE)))
ALL_SHAPES = [Shapes(), Shapes(has_eighths=False), Shapes(has_colours=False), Shapes(False, False)]


def numbers(reference, current, **more):
    edges = [float(edge) for edge in range(len(reference) + 1)]
    return {
        "reference": {"edges": edges, "counts": reference, "count": sum(reference), "missing": 0, **more},
        "current": {"edges": edges, "counts": current, "count": sum(current), "missing": 0, **more},
    }


def labels(names, reference, current, other=(0, 0)):
    sides = zip(("reference", "current"), (reference, current), other, strict=True)
    return {
        side: {"labels": names, "counts": counts, "count": sum(counts) + rest, "missing": 0, "other": rest}
        for side, counts, rest in sides
    }


def column(detail, **changes) -> ColumnReport:
    values = {
        "column": "age", "role": "feature", "kind": "numerical", "method": "ks", "score": 0.001, "threshold": 0.05,
        "is_drifted": True, "effect": 0.4, "reference_count": 10, "current_count": 10, "detail": detail,
    }  # fmt: skip
    return ColumnReport(**{**values, **changes})


def draw(detail, width=60, height=10, shapes=None):
    drawable = samples.read(detail)
    assert drawable is not None
    return bars.draw(drawable, width, height, shapes)


def text(rows) -> list[str]:
    return ["".join(piece[0] for piece in row) for row in rows]


def cells_of(rows, tone) -> int:
    return sum(cell_len(piece[0].strip()) for row in rows for piece in row if piece[1] == tone and "▲" not in piece[0])


def test_samples_that_agree_have_only_one_colour():
    rows = draw(numbers([5, 10, 20, 10], [10, 20, 40, 20]))
    assert cells_of(rows, BOTH) > 0
    assert cells_of(rows, REFERENCE) == cells_of(rows, CURRENT) == 0


def test_samples_that_share_nothing_have_no_common_colour():
    rows = draw(numbers([10, 0], [0, 10]))
    assert cells_of(rows, BOTH) == 0
    assert cells_of(rows, REFERENCE) == cells_of(rows, CURRENT) > 0


def test_a_shift_to_the_right_stands_right_of_where_it_came_from():
    rows = draw(numbers([10, 10, 0, 0], [0, 0, 10, 10]), 60, 8)
    line = rows[4]
    tones = [piece[1] for piece in line if piece[1] in (REFERENCE, CURRENT)]
    assert tones == [REFERENCE, CURRENT]


def test_bars_are_as_high_as_their_shares():
    rows = draw(numbers([1, 2, 4], [1, 2, 4]), 30, 10)  # 8 rows of bars, the highest bin takes all of them
    width = text(rows)[7].count("█") // 3
    heights = [sum(line[4:][place * width + 1] in "▁▂▃▄▅▆▇█" for line in text(rows)[:8]) for place in range(3)]
    assert heights == [2, 4, 8]


def test_the_means_stand_on_the_axis():
    detail = numbers([10, 5, 1, 1], [1, 1, 5, 10])
    detail["reference"]["mean"], detail["current"]["mean"] = 0.5, 3.5
    axis = next(row for row in draw(detail) if row[0][0].startswith(" ") and any("▲" in piece[0] for piece in row))
    line = "".join(piece[0] for piece in axis)
    assert line.index("△") < line.index("▲")


def test_without_colours_the_samples_differ_by_shape():
    shapes = Shapes(has_colours=False)
    lines = text(draw(numbers([10, 0], [0, 10]), 40, 10, shapes))
    assert lines[2].count("│") == 2  # the axis and the reference
    assert "█" in lines[2]
    only_before, only_now, both = text(draw(labels(["a", "b", "c"], [5, 0, 5], [0, 5, 5]), 60, 5, shapes))
    assert "▀" in only_before
    assert "▄" in only_now
    assert "█" in both


def test_too_many_bins_are_put_together():
    many = numbers(list(range(1, 21)), list(range(20, 0, -1)))
    rows = draw(many, 12, 3)
    assert all(cell_len(line) <= 12 for line in text(rows))
    merged = samples.merged(samples.read(many), 10)
    assert len(merged.reference) == 10
    assert sum(merged.reference) == pytest.approx(1)


@pytest.mark.parametrize("shapes", ALL_SHAPES)
def test_bins_that_were_put_together_have_a_scale_of_their_own(shapes):
    reference, current = [4] * 20, [2] * 20
    current[0] = current[1] = 40
    rows = text(draw(numbers(reference, current), 40, 10, shapes))
    assert all(line[5:].strip() for line in rows[:8])  # the highest bin takes all rows
    assert 1 <= rows[0].count("█") <= 4  # and it alone reaches the top


def test_labels_are_named_with_both_shares():
    line = text(draw(labels(["rain", "sun"], [25, 75], [50, 50]), 70, 5))[0]
    assert line.startswith("rain")
    assert line.index("25.0%") < line.index("50.0%")


def test_new_and_lost_labels_are_named_so():
    lines = text(draw(labels(["old", "new one"], [10, 0], [0, 10]), 70, 5))
    assert lines[0].rstrip().endswith("gone")
    assert lines[1].rstrip().endswith("new")


def test_the_labels_that_changed_most_come_first_when_not_all_have_room():
    names = [f"label {n}" for n in range(12)]
    reference, current = [10] * 12, [10] * 12
    current[7] = 50
    lines = text(draw(labels(names, reference, current), 70, 4))
    assert len(lines) == 4
    assert lines[0].startswith("label 7")
    assert lines[3].startswith("others")


def test_all_labels_keep_their_order_when_they_have_room():
    lines = text(draw(labels(["1", "2", "10"], [1, 2, 3], [30, 2, 1]), 70, 6))
    assert [line.split()[0] for line in lines] == ["1", "2", "10"]


def test_rare_labels_that_are_not_listed_are_counted_as_others():
    lines = text(draw(labels(["a"], [50], [10], other=(50, 90)), 70, 5))
    assert lines[1].startswith("others")
    assert "50.0%" in lines[1]
    assert "90.0%" in lines[1]


@pytest.mark.parametrize("shapes", ALL_SHAPES)
@NAMES
def test_hostile_labels_stay_on_their_line(name, shapes):
    for line in text(draw(labels([name, "b"], [1, 2], [2, 1]), 50, 5, shapes)):
        assert cell_len(line) == 50
        assert clean(line) == line


@pytest.mark.parametrize(
    "detail",
    [
        {},
        {"reference": None, "current": None},
        {"finding": {"kind": "unchecked", "message": "free text"}},
        numbers([0, 0], [0, 0]),
        {"reference": {"edges": [0, None], "counts": [1]}, "current": {"edges": [0, None], "counts": [1]}},
        {"reference": {"edges": [-1e308, 1e308], "counts": [1]}, "current": {"edges": [], "counts": [1]}},
        {"reference": {"edges": [0, 1, 2], "counts": [1, "2"]}, "current": {"counts": [1, 2]}},
        {"reference": {"labels": ["a"], "counts": [1, 2]}, "current": {"labels": ["a"], "counts": [1, 2]}},
        labels(["a"], [0], [0]),
    ],
)
def test_what_cannot_be_drawn_is_not_drawn(detail):
    assert samples.read(detail) is None


counts = st.lists(st.integers(0, 10**9), min_size=1, max_size=30)


@given(
    counts, counts, st.integers(4, 220), st.integers(1, 40), st.sampled_from(ALL_SHAPES),
    st.floats(-1e9, 1e9), st.floats(1e-6, 1e9),
)  # fmt: skip
def test_a_histogram_never_leaves_its_area(reference, current, width, height, shapes, low, bin_width):
    size = min(len(reference), len(current))
    detail = numbers(reference[:size], current[:size])
    detail["reference"]["edges"] = [low + bin_width * place for place in range(size + 1)]
    detail["reference"]["mean"] = low + bin_width / 3
    drawable = samples.read(detail)
    if drawable is None:
        assert sum(reference[:size] + current[:size]) == 0 or low + bin_width == low
        return
    rows = bars.draw(drawable, width, height, shapes)
    assert len(rows) <= height
    assert all(cell_len(line) <= width for line in text(rows))


@given(
    st.lists(st.text(max_size=60), min_size=1, max_size=30),
    st.data(), st.integers(4, 220), st.integers(1, 40), st.sampled_from(ALL_SHAPES),
)  # fmt: skip
def test_bars_of_labels_never_leave_their_area(names, data, width, height, shapes):
    both = st.lists(st.integers(0, 1000), min_size=len(names), max_size=len(names))
    others = st.tuples(st.integers(0, 50), st.integers(0, 50))
    drawable = samples.read(labels(names, data.draw(both), data.draw(both), data.draw(others)))
    if drawable is None:
        return
    rows = bars.draw(drawable, width, height, shapes)
    assert 1 <= len(rows) <= height
    assert all(cell_len(line) <= width for line in text(rows))
    assert all(clean(line) == line for line in text(rows))


# figures


def test_a_drifted_column_that_raised_no_alert_is_called_slight():
    assert column({"notable": True}).state == "drifted"
    assert column({"notable": False}).state == "slight"
    assert column({"notable": False}, is_drifted=False).state == "steady"
    assert column({}, score=None).state == "unchecked"


def test_the_verdict_names_method_score_threshold_and_effect():
    assert figures.verdict(column({"score_is": "p-value"})) == "ks p 0.001 < 0.05, effect 0.40 of 1"
    assert figures.verdict(column({"score_is": "distance"}, score=0.3, method="psi", threshold=0.1, effect=None)) == (
        "psi distance 0.3 > 0.1"
    )


def test_a_column_that_was_not_compared_says_why():
    detail = {"finding": {"kind": "unchecked", "message": "free\ntext"}}
    assert figures.verdict(column(detail, score=None, threshold=None)) == "free⏎text"


def test_how_a_column_moved_is_said_in_words():
    assert figures.moved(column({"shift": {"from": 14.0, "to": 17.5, "std": 1.1}})) == "mean 14 → 17.50 (+1.1 sd)"
    assert figures.moved(column({"shift": {"label": "rain", "from": 0.08, "to": 0.21}})) == "'rain' 8% → 21%"
    assert figures.moved(column({"shift": {"from": None, "to": 1.0}})) == ""


def test_the_table_keeps_the_most_telling_figures_when_it_is_narrow():
    detail = numbers([5, 5], [5, 5], mean=1.5, std=0.5, min=0.1, max=3.0, quantiles={"0.5": 1.4, "0.25": 1.1})
    wide, narrow = text(figures.table(column(detail), 100)), text(figures.table(column(detail), 32))
    assert wide[0].split() == ["n", "missing", "mean", "std", "min", "25%", "median", "max"]
    assert narrow[0].split() == ["n", "missing", "mean"]
    assert wide[1].split()[:2] == ["reference", "10"]


def test_rows_without_a_usable_value_are_shown_as_a_share():
    detail = numbers([5, 5], [5, 5])
    detail["current"] |= {"missing": 5, "infinite": 3, "unparsable": 2}
    reference, current = text(figures.table(column(detail), 60))[1:]
    assert reference.split()[-1] == "0"
    assert current.split()[-1] == "50.0%"


@pytest.mark.parametrize("shapes", ALL_SHAPES)
@NAMES
@pytest.mark.parametrize(("width", "height"), [(10, 3), (36, 9), (78, 12), (120, 30)])
def test_a_whole_column_never_leaves_its_area(width, height, name, shapes):
    shift = {"label": name, "from": 0.1, "to": 0.9}
    for detail in (numbers([1, 9], [9, 1], mean=1.0), labels([name], [3], [4]), {"finding": {"message": name}}, {}):
        rows = compose(column({**detail, "shift": shift}, column=name), width, height, shapes)
        assert len(rows) <= height
        for line in text(rows):
            assert cell_len(line) <= width
            assert clean(line) == line


def test_numbers_of_any_size_have_an_axis():
    detail = numbers([1, 2], [2, 1])
    for edges in ([0.0, 1e-300, 2e-300], [0.0, 1e307, 2e307], [1e15, 1e15 + 1, 1e15 + 2]):
        detail["reference"]["edges"] = edges
        assert all(math.isfinite(edge) for edge in samples.read(detail).edges)
        assert len(draw(detail, 60, 10)) == 10
