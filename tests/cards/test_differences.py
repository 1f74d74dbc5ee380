"""How two versions differ: what was recorded, written and measured."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from card_builders import make_data, make_described
from registry_builders import CONFIG, make_store, make_version
from scipy.stats import ks_2samp

from mlops_store.errors import NotFound, UsageError
from mlops_store.store import Store
from mlops_tui.cards import difference_page, differences
from mlops_tui.cards.differences import Difference
from mlops_tui.compare.export import markdown
from mlops_tui.registry import card_texts


@pytest.fixture(scope="module")
def store(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Store]:
    """Version 2 has other data and another signature of its run; version 3 is nothing but files; 4 is like 1."""
    with make_store(tmp_path_factory.mktemp("store")) as store:
        make_described(store)
        make_described(store, shift=20.0, git_commit="beef", python_version="3.12.1", target="churned")
        make_version(store, signature={"inputs": [{"name": "age", "type": "long"}]})
        make_described(store)
        card_texts.edit(store, "churn", 1, "limits", "weak\nsmall")
        card_texts.edit(store, "churn", 2, "limits", "weak\nlarge")
        yield store


@pytest.fixture(scope="module")
def found(store: Store) -> Difference:
    return differences.measure(store, CONFIG, "churn", 1, 2)


def test_recorded_parts_are_compared_as_runs_are(found: Difference) -> None:
    code = {row.key: row.values for row in found.tables["code"]}
    assert code["commit"] == ("c0ffee", "beef")
    assert [row.key for row in found.tables["environment"] if not row.is_same] == ["python"]
    assert all(row.is_same for row in found.tables["params"])
    assert [row.values for row in found.tables["datasets"]] == [("d0.0d0.0d0.0", "d20.0d20.0d2")]
    assert found.metrics[0].is_same


def test_columns_of_the_data_are_compared_by_drifts_tests(found: Difference) -> None:
    assert found.data is not None
    columns = {one["column"]: one for one in found.data.body["columns"]}
    before, after = make_data()[0]["age"], make_data(shift=20.0)[0]["age"]
    wanted = ks_2samp(before, after)
    assert columns["age"]["change"] == "changed"
    assert columns["age"]["effect"] == pytest.approx(wanted.statistic)
    assert columns["noise"]["change"] == "same"
    assert columns["churned"]["change"] == "added"


def test_predictions_importances_and_latency_are_measured_once(store: Store, found: Difference) -> None:
    asked: list[str] = []
    again = differences.measure(store, CONFIG, "churn", 1, 2, report=asked.append)
    assert asked == []
    assert again.is_measured
    assert again.data == found.data
    assert found.predictions is not None
    assert found.predictions.body["name"] == "test"
    assert "accuracy" in found.predictions.body["said"]
    assert [row[0] for row in found.importances] != []
    assert found.tables["latency"][0].values[1].endswith("ms")


def test_texts_are_compared_line_by_line(found: Difference) -> None:
    (limits,) = found.texts
    assert limits.lines == ("  weak", "< small", "> large")
    page = markdown.render(difference_page.document(found, ("card",)))
    assert "1 of 1 sections differ" in page


def test_equal_rows_are_hidden_until_they_are_asked_for(store: Store) -> None:
    twin = differences.measure(store, CONFIG, "churn", 1, 4)
    hidden = markdown.render(difference_page.document(twin, ("params", "data", "signature")))
    assert hidden.splitlines()[-1] == "the same in both, or not known: params, signature, columns of the data"
    shown = markdown.render(difference_page.document(twin, ("params",), with_equal=True))
    assert "| C | 1.0 | 1.0 |" in shown


def test_a_version_of_nothing_but_files_is_compared_as_far_as_it_goes(store: Store) -> None:
    found = differences.measure(store, CONFIG, "churn", 1, 3)
    assert [row.values for row in found.tables["signature"] if row.key == "takes age"] == [("double", "long")]
    assert found.data is not None
    assert "without a reference" in found.data.body["problem"]
    assert found.importances == ()
    assert "without a reference" in markdown.render(difference_page.document(found))


def test_a_version_that_is_none_and_one_with_itself_are_refused(store: Store) -> None:
    with pytest.raises(NotFound):
        differences.gather(store, CONFIG, "churn", 1, 9)
    with pytest.raises(UsageError):
        differences.gather(store, CONFIG, "churn", 2, 2)
