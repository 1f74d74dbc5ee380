import subprocess
import sys

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from hypothesis import given
from hypothesis import strategies as st

from mlops_tui.prediction_files import Texts, decode, encode, name_of, path_of

labels = st.text(st.characters(exclude_categories=["Cs"]), max_size=20) | st.none()


def values(column) -> list:
    if isinstance(column, Texts):
        return [None if code < 0 else column.texts[code] for code in column.codes]
    return column.tolist()


@given(st.lists(st.tuples(labels, labels), min_size=1, max_size=30))
def test_texts_read_back_unchanged(pairs):
    truth, predicted = map(list, zip(*pairs, strict=True))
    if not any(isinstance(value, str) for value in truth) or not any(isinstance(value, str) for value in predicted):
        return
    found = decode(encode(truth, predicted, ids=list(range(len(pairs)))))
    assert (values(found.truth), values(found.predicted)) == (truth, predicted)
    assert found.task == "classification"


@given(st.lists(st.integers(-(2**63), 2**63 - 1), min_size=1, max_size=30))
def test_whole_numbers_read_back_unchanged(numbers):
    found = decode(encode(numbers, numbers, ids=numbers))
    assert values(found.truth) == values(found.ids) == numbers


@pytest.mark.parametrize(
    "make",
    [list, tuple, np.array, pd.Series, lambda column: np.array(column).reshape(-1, 1), lambda column: iter(column)],
    ids=["list", "tuple", "array", "series", "one column", "iterator"],
)
@pytest.mark.parametrize("column", [[1, 0, 1], [0.5, 1.5, 2.0], ["a", "b", "a"], [True, False, True]])
def test_whatever_holds_a_column_is_taken(make, column):
    found = decode(encode(make(column), make(column)))
    assert values(found.truth) == [int(value) if isinstance(value, bool) else value for value in column]


def test_missing_values_stay_missing():
    frame = pd.DataFrame({"n": pd.array([1, None, 3], dtype="Int64"), "t": ["a", None, "c"]})
    found = decode(encode(frame["n"], frame["t"], slices=frame))
    assert np.isnan(found.truth[1])
    assert values(found.predicted) == ["a", None, "c"]
    assert set(found.slices) == {"n", "t"}


def test_a_column_of_categories_is_texts():
    found = decode(encode(pd.Series(["x", "y"], dtype="category"), ["x", "x"]))
    assert values(found.truth) == ["x", "y"]


@pytest.mark.parametrize(
    ("truth", "predicted", "task"),
    [
        ([0, 1], [1, 1], "classification"),
        ([0.0, 1.0], [1.0, 1.0], "classification"),
        ([1, 2], [1.5, 2.0], "regression"),
        ([0.5, float("nan")], [1, 2], "regression"),
        (["a"], ["b"], "classification"),
        ([float("nan")], [float("inf")], "classification"),
    ],
)
def test_numbers_with_fractions_make_a_regression_as_in_scikit_learn(truth, predicted, task):
    assert decode(encode(truth, predicted)).task == task


def test_the_task_can_be_given():
    assert decode(encode([1, 2], [1, 3], task="regression")).task == "regression"


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ({"truth": [1, 2], "predicted": [1]}, "y_pred has 1 rows, y_true 2"),
        ({"truth": [1], "predicted": [1], "ids": [1, 2]}, "y_true has 1 rows|id has 2 rows"),
        ({"truth": [[1, 2]], "predicted": [[1, 2]]}, "one dimension"),
        ({"truth": np.ones((2, 2)), "predicted": [1, 2]}, "one dimension"),
        ({"truth": ["a"], "predicted": ["a"], "task": "regression"}, "must be numbers"),
        ({"truth": [1], "predicted": [1], "task": "ranking"}, "not classification or regression"),
        ({"truth": [1, 2], "predicted": [1, 2], "scores": [0.5]}, "y_score has the shape"),
    ],
)
def test_what_is_no_column_is_refused(arguments, message):
    with pytest.raises(ValueError, match=message):
        encode(**arguments)


def test_scores_of_several_labels_keep_their_shape():
    scores = np.array([[0.25, 0.75], [0.5, 0.5], [1.0, 0.0]])
    found = decode(encode([0, 1, 0], [1, 1, 0], scores=scores, labels=["no", "yes"]))
    assert (found.scores == scores).all()
    assert found.labels == ("no", "yes")
    assert decode(encode([0], [1], scores=[0.75])).scores.tolist() == [0.75]


@pytest.mark.parametrize(
    ("ids", "read"),
    [
        ([1.0, 2.0], [1, 2]),
        ([1.5, float("nan")], ["1.5", None]),
        (["a", 2], ["a", "2"]),
        ([1, None], ["1", None]),
        (pd.Series([1, None]), ["1", None]),
        ([2**60 + 1, None], [str(2**60 + 1), None]),
        ([2**63 + 5, 2**63 + 6], [str(2**63 + 5), str(2**63 + 6)]),
        ([2.0, float("inf")], ["2.0", "inf"]),
        ([None, float("nan")], [None, None]),
    ],
)
def test_ids_are_names(ids, read):
    assert values(decode(encode([1, 2], [1, 2], ids=ids)).ids) == read


def test_hostile_texts_are_kept_and_bounded():
    found = decode(encode(["\x1b[31m" + "x" * 10_000, "\ud800"], ["[bold]", "\n"]))
    assert values(found.truth)[0].startswith("\x1b[31mxxx")
    assert len(values(found.truth)[0]) == 500
    assert values(found.truth)[1] == "?"


@pytest.mark.parametrize("data", [b"", b"PAR1", b"\0" * 100])
def test_other_files_are_refused(data):
    with pytest.raises(ValueError, match="not a file of predictions"):
        decode(data)


def test_parquet_of_other_programs_is_refused():
    sink = pa.BufferOutputStream()
    pq.write_table(pa.table({"y_true": [1], "y_pred": [1]}), sink)
    with pytest.raises(ValueError, match="not a file of predictions"):
        decode(sink.getvalue().to_pybytes())


def test_the_file_is_ordinary_parquet(tmp_path):
    path = tmp_path / "p.parquet"
    path.write_bytes(encode(["a", "b"], ["a", "a"], ids=[7, 8], slices={"age": [1.5, None]}))
    frame = pd.read_parquet(path)
    assert list(frame.columns) == ["id", "y_true", "y_pred", "slice:age"]
    assert frame["y_pred"].tolist() == ["a", "a"]


def test_equal_predictions_are_equal_bytes():
    assert encode([1, 2], ["a", "b"], ids=[1, 2]) == encode((1, 2), np.array(["a", "b"]), ids=pd.Series([1, 2]))


def test_writing_loads_no_pandas():
    code = (
        "import sys; from mlops_tui.prediction_files import encode; encode([1, 2], ['a', None], ids=['x', 'y']); "
        "sys.exit('pandas' in sys.modules)"
    )
    assert subprocess.run([sys.executable, "-c", code], timeout=60).returncode == 0


def test_names_and_paths_go_both_ways():
    assert name_of(path_of("validation")) == "validation"
    assert name_of("model/predictions.parquet") == ""
