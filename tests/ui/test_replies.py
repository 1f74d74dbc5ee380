"""What the terminal replies never counts as typed, however it comes; and what is typed always arrives."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from mlops_tui.ui.replies import Replies, Reply

LAST = "\x1b[?62;4;22c"
REPLIES = {
    "\x1b_Gi=31;OK\x1b\\": Reply("graphics", "i=31;OK"),
    "\x1b_Gi=31;ENOENT:no such thing\x1b\\": Reply("graphics", "i=31;ENOENT:no such thing"),
    "\x1bP>|kitty(0.41.1)\x1b\\": Reply("name", "kitty(0.41.1)"),
    "\x1b[6;18;9t": Reply("cell", "18;9"),
    LAST: Reply("attributes", "62;4;22"),
}
KEYS = ["x", "é", "\r", "_G", "\x1b[A", "\x1b[6~", "\x1b[?2026;2$y", "\x1b[<35;10;6M", "\x1b[27u", "\x1bOP", "\x1b[I"]


@given(
    st.tuples(
        st.lists(st.sampled_from([part for part in (*REPLIES, *KEYS) if part != LAST]), max_size=12),
        st.sampled_from([[], [LAST]]),
        st.lists(st.sampled_from(KEYS), max_size=5),
    ).map(lambda parts: parts[0] + parts[1] + parts[2]),
    st.lists(st.integers(1, 9), max_size=40),
)
def test_replies_are_taken_out_wherever_what_comes_is_cut(parts: list[str], lengths: list[int]) -> None:
    replies = Replies()
    replies.expect()
    rest, typed, found = "".join(parts), "", []
    for length in [*lengths, 1000]:
        keys, some = replies.sift(rest[:length])
        rest, typed, found = rest[length:], typed + keys, found + some
    assert typed + replies.release() == "".join(part for part in parts if part in KEYS)
    assert found == [REPLIES[part] for part in parts if part in REPLIES]


def test_before_anything_was_asked_all_is_typed() -> None:
    assert Replies().sift("\x1b[?62;c\x1b") == ("\x1b[?62;c\x1b", [])


def test_after_the_last_reply_an_escape_is_a_key_at_once() -> None:
    replies = Replies()
    replies.expect()
    assert replies.sift(f"{LAST}\x1b") == ("\x1b", [REPLIES[LAST]])
    replies.wait()


def test_an_escape_key_is_released_and_half_a_reply_is_not() -> None:
    replies = Replies()
    replies.expect()
    assert replies.sift("\x1b") == ("", [])
    assert replies.release() == "\x1b"
    assert replies.sift("a\x1b_Gi=3") == ("a", [])
    assert replies.release() == ""
    assert replies.sift("1;OK\x1b\\b") == ("b", [Reply("graphics", "i=31;OK")])
