"""Pages of comparisons as lines of text."""

from hypothesis import given
from hypothesis import strategies as st
from rich.cells import cell_len

from mlops_tui.compare.export.document import Cell, Heading, Lines, Sentence, Table
from mlops_tui.ui.screens.page_lines import lines
from mlops_tui.ui.text import pieces

words = st.text(max_size=80)
cells = st.builds(Cell, words, st.sampled_from(["", "best", "worse", "changed"]), words, st.none() | st.floats(0, 1))


def shown(blocks, width):
    return ["".join(piece.text for piece in pieces(line)) for line in lines(blocks, width)]


@given(st.integers(1, 5).flatmap(lambda n: st.lists(st.lists(cells, min_size=n, max_size=n), min_size=1, max_size=4)))
def test_tables_without_texts_too_long_fit_a_wide_page(rows):
    table = Table(tuple("abcde"[: len(rows[0])]), tuple(map(tuple, rows)), frozenset({0}))
    assert all(cell_len(line) <= 300 for line in shown([table], 300))


def test_numbers_stand_below_each_other():
    rows = ((Cell("a"), Cell("1")), (Cell("long name"), Cell("1000")))
    found = [line for line in shown([Table(("key", "value"), rows, frozenset({1}))], 80) if line]
    assert {len(line.rstrip()) for line in found} == {len("long name  value")}


def test_a_last_column_of_sentences_is_broken_beside_or_below_the_row():
    rows = ((Cell("auc"), Cell("word " * 30)),)
    beside = shown([Table(("metric", "verdict"), rows)], 120)
    assert beside[1].startswith("auc     word word")
    assert beside[2].startswith("        word")
    group = Cell("a group whose name takes most of the room")
    below = shown([Table(("metric", "verdict"), ((group, Cell("word " * 30)),))], 60)
    assert below[1].rstrip() == group.text
    assert below[2].startswith("    word")


def test_two_versions_stand_beside_each_other_though_one_says_much():
    rows = ((Cell("stage"), Cell("production"), Cell("dev")), (Cell("about"), Cell("few"), Cell("word " * 20)))
    found = shown([Table(("", "v1", "v2"), rows)], 74)
    assert [line.split() for line in found[:2]] == [["v1", "v2"], ["stage", "production", "dev"]]
    assert found[0].index("v2") == found[1].index("dev") == found[2].index("word") == found[3].index("word")


def test_headings_stand_in_the_frame_and_code_keeps_its_signs():
    found = shown([Heading("Lines", "against a"), Lines("t.py", ("<-x", ">+y", " z")), Sentence("done")], 40)
    assert found == ["against a", "", "t.py", "<-x", ">+y", " z", "done"]
