"""Pasted text: no control character of it is a key, however it comes in pieces; all else comes through as it is."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st
from textual import events
from textual._xterm_parser import XTermParser

from mlops_tui.ui.pastes import Pastes

BEGIN, END = "\x1b[200~", "\x1b[201~"
pieces = st.lists(
    st.sampled_from(["\x1b", "\x1b[", "[2", "00~", "\x1b[31m", "\x1b[20", "d", "\n", "\t", "é", "\x03", "\x9b"])
)


def came(text: str, cuts: list[int]) -> str:
    """What comes of a text that comes in pieces."""
    found, start, pastes = "", 0, Pastes()
    for cut in [*sorted(cut % (len(text) + 1) for cut in cuts), len(text)]:
        found, start = found + pastes.clean(text[start:cut]), cut
    return found


@given(pieces, pieces, st.lists(st.integers(0, 200), max_size=6))
def test_what_is_pasted_has_no_control_characters_and_what_is_typed_all(
    typed: list[str], pasted: list[str], cuts: list[int]
) -> None:
    keys, text = "".join(typed), "".join(pasted)
    if BEGIN in keys or END in text:
        return
    plain = "".join(c for c in text if c in "\t\n" or (c >= " " and not "\x7f" <= c <= "\x9f"))
    assert came(keys + BEGIN + text + END + keys, cuts) == keys + BEGIN + plain + END + keys


def test_nothing_that_is_typed_is_kept_back() -> None:
    pastes = Pastes()
    assert [pastes.clean(text) for text in ("\x1b", "[", "2", "0", "0~a\x1b", "[31mb", "\x1b[201~d\x1b")] == [
        "\x1b",
        "[",
        "2",
        "0",
        "0~a",
        "[31mb",
        "\x1b[201~d\x1b",
    ]


def test_textual_reads_it_as_one_paste() -> None:
    text = Pastes().clean(f"{BEGIN}a\x1b[31m=b\x1b\nd{END}")
    messages = [*XTermParser().feed(text)]
    assert [message.text for message in messages if isinstance(message, events.Paste)] == ["a[31m=b\nd"]
    assert not any(isinstance(message, events.Key) for message in messages)
