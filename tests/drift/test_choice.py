import pytest

from mlops_tui.drift.choice import default


@pytest.mark.parametrize(
    ("kind", "count", "distinct", "method"),
    [
        ("numerical", 1000, 6, "ks"),
        ("numerical", 1000, 5, "chisquare"),
        ("numerical", 1000, 3, "chisquare"),
        ("numerical", 1000, 2, "z"),
        ("numerical", 1000, 1, "z"),
        ("numerical", 1001, 6, "wasserstein"),
        ("numerical", 1001, 5, "jensenshannon"),
        ("numerical", 1001, 2, "jensenshannon"),
        ("categorical", 1000, 3, "chisquare"),
        ("categorical", 1000, 500, "chisquare"),
        ("categorical", 1000, 2, "z"),
        ("categorical", 1001, 2, "jensenshannon"),
        ("categorical", 1001, 500, "jensenshannon"),
    ],
)
def test_the_method_follows_kind_size_and_distinct_values(kind: str, count: int, distinct: int, method: str) -> None:
    assert default(kind, count, distinct) == method  # type: ignore[arg-type]
