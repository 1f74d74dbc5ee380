import pytest
from hypothesis import given
from hypothesis import strategies as st

from mlops_tui import quantities


@pytest.mark.parametrize(
    ("written", "seconds"),
    [(90, 90), (1.5, 1.5), ("90", 90), ("500ms", 0.5), ("10m", 600), ("1h30m", 5400), ("1h 30m", 5400), ("2d", 172800)],
)
def test_times_are_read(written: object, seconds: float) -> None:
    assert quantities.seconds(written) == seconds


@pytest.mark.parametrize("written", ["", "ten", "-1s", -1, True, None, "5 parsecs", "1m?", float("nan"), 1e99, "inf"])
def test_what_is_no_time_is_refused(written: object) -> None:
    with pytest.raises(ValueError, match="is no length of time"):
        quantities.seconds(written)


@pytest.mark.parametrize(
    ("written", "size"), [(5, 5), ("512MB", 512 * 10**6), ("4 GB", 4 * 10**9), ("16GiB", 16 * 2**30), ("1.5k", 1500)]
)
def test_sizes_are_read(written: object, size: int) -> None:
    assert quantities.size_bytes(written) == size


@pytest.mark.parametrize("written", ["", "much", -1, True, None, "4 XB", 1.5])
def test_what_is_no_size_is_refused(written: object) -> None:
    with pytest.raises(ValueError, match="is no size"):
        quantities.size_bytes(written)


@given(st.integers(1, 10**8))
def test_a_time_reads_back_as_it_was_shown(seconds: int) -> None:
    assert quantities.seconds(quantities.time_text(seconds)) == seconds


@given(st.text())
def test_any_text_is_read_or_refused(text: str) -> None:
    for read in (quantities.seconds, quantities.size_bytes):
        try:
            assert read(text) >= 0
        except ValueError as error:
            assert "is no" in str(error)
