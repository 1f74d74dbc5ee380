"""How pictures are drawn follows from what was wished, where this runs, and what the terminal says of itself."""

from __future__ import annotations

import pytest

from mlops_tui.ui.graphics import BLOCKS, KITTY, SIXEL, decided, has_placeholders, told

OK = "i=31;OK"


@pytest.mark.parametrize(
    ("wish", "environ", "has_colours", "kind"),
    [
        ("auto", {"TERM": "xterm-256color"}, True, ""),
        ("auto", {"TERM": "xterm-256color"}, False, BLOCKS),
        ("kitty", {"TERM": "xterm-256color"}, False, BLOCKS),
        ("sixel", {"TERM": "xterm"}, True, SIXEL),
        ("kitty", {"TERM": "xterm", "STY": "1.tty"}, True, KITTY),
        ("kitty", {"TERM": "linux"}, True, BLOCKS),
        ("auto", {"TERM": "screen", "STY": "1.tty"}, True, BLOCKS),
        ("auto", {"TERM": "xterm", "TERM_PROGRAM": "Apple_Terminal"}, True, BLOCKS),
        ("blocks", {"TERM": "xterm-kitty"}, True, BLOCKS),
    ],
)
def test_what_is_clear_is_not_asked(wish: str, environ: dict[str, str], has_colours: bool, kind: str) -> None:
    assert decided(wish, environ, has_colours=has_colours) == kind


@pytest.mark.parametrize(
    ("replies", "kind"),
    [
        ({"graphics": OK}, ""),
        ({"graphics": OK, "name": "kitty(0.28.0)"}, KITTY),
        ({"graphics": OK, "name": "ghostty 1.2.0"}, KITTY),
        ({"graphics": "i=31;ENOTSUP", "name": "kitty(0.41.1)", "attributes": "62"}, BLOCKS),
        ({"graphics": OK, "name": "WezTerm 20240203", "attributes": "65;4;6;18;22"}, SIXEL),
        ({"attributes": "63;1;2;4;6"}, SIXEL),
        ({"graphics": OK, "name": "Konsole 25.04.2", "attributes": "62;1;4"}, BLOCKS),
        ({"attributes": "4"}, BLOCKS),  # the first is its class
        ({"attributes": "62;22"}, BLOCKS),
    ],
)
def test_replies_decide(replies: dict[str, str], kind: str) -> None:
    assert told(replies, knows_cell=True) == kind
    assert told(replies, knows_cell=False) == (BLOCKS if kind == SIXEL else kind)


@pytest.mark.parametrize(
    ("name", "has"),
    [("kitty(0.27.1)", False), ("kitty(1.0.0)", True), ("kitty", True), ("ghostty", True), ("ghostty-web 0.4", False)],
)
def test_placeholders_are_known_by_name(name: str, has: bool) -> None:
    assert has_placeholders(name) is has
