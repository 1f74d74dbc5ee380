import codecs

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mlops_tui.artifacts.texts import decode, laid_out


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "utf-16", "utf-32", "utf-16-le", "utf-16-be"])
def test_a_text_is_read_in_its_own_encoding(encoding):
    found = decode(
        "id;Größe\n1;2,5\nплюс\n".encode(encoding) if "16-" not in encoding else "id;size\n".encode(encoding)
    )
    assert found is not None
    assert found.content.startswith("id;")
    assert found.encoding == encoding.removesuffix("-sig")


def test_what_is_not_utf_8_is_taken_for_western_european():
    found = decode("Größe".encode("latin-1"))
    assert found is not None
    assert (found.content, found.encoding) == ("Größe", "cp1252")


def test_a_character_that_is_cut_at_the_end_does_not_change_the_encoding():
    found = decode("Łódź".encode()[:-1])
    assert found is not None
    assert found.encoding == "utf-8"


@pytest.mark.parametrize("head", [b"\x80\x04\x95\x00\x00\x00", bytes(range(32)) * 20, b"PAR1\x15\x04\x15\x00\x00"])
def test_bytes_that_are_no_text_are_none(head):
    assert decode(head) is None


@given(st.binary(max_size=400))
def test_any_bytes_are_a_text_or_none(head):
    for mark in (b"", codecs.BOM_UTF16_LE, codecs.BOM_UTF32_BE):
        found = decode(mark + head)
        assert found is None or isinstance(found.content, str)


@pytest.mark.parametrize("text", ['{"a": ', "[" * 50_000, "", "NaN oops"])
def test_broken_json_stays_as_it_is(text):
    assert laid_out(text) == text


def test_json_is_laid_out_with_one_value_a_line():
    assert laid_out('{"é": [1, 2]}').splitlines() == ["{", '  "é": [', "    1,", "    2", "  ]", "}"]
