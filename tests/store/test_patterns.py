import re2
from hypothesis import example, given
from hypothesis import strategies as st

from mlops_store import patterns

SPECIAL = r". ^ $ * + ? {2} {0,1} ( ) (?i) (?: | [ab] [[:alpha:]] []a] [^b] \. \d \\ \Qa.\E \Q \E \x61 { é"
PIECES = st.sampled_from(["a", "b", "ab", *SPECIAL.split()])


@example(["a", "b", "?"], "a")
@example(["ab", "{0,1}"], "")
@example(["(?i)", "ab"], "AB")
@given(st.lists(PIECES, max_size=6), st.text("ab.AB1\\{é ", max_size=6))
def test_a_text_in_which_a_pattern_is_found_has_its_literal(pieces, text):
    pattern = "".join(pieces)
    try:
        patterns.compiled(pattern)
    except ValueError:
        return
    is_found = re2.search(pattern, text) is not None
    assert patterns.matches(text, pattern) == is_found
    if is_found:
        assert patterns.literal(pattern) in text


def test_a_pattern_that_takes_much_memory_is_searched_with_too():
    assert patterns.matches("é" * 200, r"\pL{150}")
    assert not patterns.matches("é" * 100, r"\pL{150}")
    assert patterns.matches("a1" * 30, r"(é?\pL{0,10}\d){20}")


def test_the_longest_literal_is_taken():
    assert patterns.literal(r"^run-\d+\.final$") == "run"
    assert patterns.literal(r"^v.*resnet\.50") == "resnet.50"
    assert patterns.literal("77$") == "77"
    assert patterns.literal("(?i)loss") == patterns.literal("a|b") == ""
