import pytest
from hypothesis import given
from hypothesis import strategies as st

from mlops_store import datasets, metrics, runs
from mlops_store.records import Dataset
from mlops_store.store import Store
from mlops_tui.compare.completion import LIMIT, suggestions
from mlops_tui.compare.filter import parse
from mlops_tui.compare.tokens import FilterError


@pytest.fixture(scope="module")
def store(tmp_path_factory):
    with Store(str(tmp_path_factory.mktemp("completion") / "store.db")) as store:
        with store.write() as db:
            for place, family in enumerate(["forest", "linear", "it's", 'a"b', "new\nline", "forest"]):
                run_id = f"0199{place}"
                runs.create(db, run_id=run_id, name=f"run {place}", experiment="churn", started_at=1.0, user="ann")
                runs.set_params(db, run_id, {"family": family, "lr": "0.1", "long": "x" * 100_000 + str(place)})
                runs.set_tags(db, run_id, {"team": "vision", "mlflow.user": "ann"})
                metrics.write(db, run_id, [("auc", 0, 1.0, 0.5), ("val auc", 0, 1.0, 0.5), ("a`b", 0, 1.0, 1.0)])
                datasets.use(db, run_id, Dataset("train.csv", "d1"), "training")
            runs.set_params(db, "01990", {f"p{number:05}": "1" for number in range(2000)})
        yield store


def offered(store: Store, text: str) -> list[str]:
    return [one.text for one in suggestions(store.read(), text)]


@pytest.mark.parametrize(
    ("text", "first"),
    [
        ("sta", ["status ", "start_time "]),
        ("me", ["metrics.", "mean("]),
        ("metrics.", ['metrics."a`b" ', "metrics.auc ", "metrics.`val auc` "]),
        ("metrics.au", ["metrics.auc ", "metrics.`val auc` "]),
        ("auc", ["metrics.auc ", "metrics.`val auc` "]),
        ("best(a", ['best("a`b") ', "best(auc) "]),
        ("best(", ['best("a`b") ', "best(auc) "]),
        ("x OR params.fam", ["x OR params.family "]),
        ("metrics.`val", ["metrics.`val auc` "]),
        ("params.family = ", ['params.family = "it\'s" ', "params.family = 'a\"b' "]),
        ("params.family = 'f", ["params.family = 'forest' "]),
        ("params.family='", ['params.family="it\'s" ']),
        ("params.family != l", ["params.family != 'linear' "]),
        ("NOT params.family IN ('forest', 'l", ["NOT params.family IN ('forest', 'linear' "]),
        ("params.family NOT IN (", ['params.family NOT IN ("it\'s" ']),
        ("status = ", ["status = 'SCHEDULED' "]),
        ("status = 'FAI", ["status = 'FAILED' "]),
        ("start_time > ", ["start_time > -1h ", "start_time > -1d "]),
        ("experiment = '", ["experiment = 'churn' "]),
        ("user = ", ["user = 'ann' "]),
        ("name = 'run", ["name = 'run 0' ", "name = 'run 1' "]),
        ("dataset.na", ["dataset.name "]),
        ("dataset.name = ", ["dataset.name = 'train.csv' "]),
        ("dataset.context = ", ["dataset.context = 'training' "]),
        ("metrics.auc ", ["metrics.auc > "]),
        ("best(auc) ", ["best(auc) > "]),
        ("status ", ["status = "]),
        ("tags.t", ["tags.team "]),
    ],
)
def test_what_may_follow_is_offered(store, text, first):
    found = offered(store, text)
    assert [one for one in first if one in found] == first, found


@pytest.mark.parametrize(
    "text", ["", "metrics.auc > ", "metrics.auc > 0.5", "params.long = ", "zzz", "'", "a AND ", "("]
)
def test_nothing_is_offered_where_anything_may_follow(store, text):
    assert offered(store, text) == []


def test_there_are_never_more_than_can_be_looked_through(store):
    assert len(offered(store, "params.p")) == LIMIT


def test_values_that_no_line_can_hold_are_left_out(store):
    assert not any("new" in one for one in offered(store, "params.family = "))


def test_what_is_offered_for_a_key_is_understood_with_an_operator(store):
    for text in ("metrics.", "best(", "params.f", "tags."):
        for one in offered(store, text):
            value = "> 1" if text[0] in "mb" else "= 'x'"
            parse(f"{one}{value}")


def test_looking_for_values_reads_the_index_and_not_the_runs(store):
    statements: list[str] = []
    db = store.read()
    db.set_trace_callback(statements.append)
    offered(store, "params.family = 'f")
    db.set_trace_callback(None)
    plans = [row[3] for one in statements for row in db.execute(f"EXPLAIN QUERY PLAN {one}")]
    assert sum("SEARCH params USING COVERING INDEX" in step for step in plans) == 2
    assert not any("SCAN params" in step for step in plans)


pieces = st.sampled_from(
    ["metrics.", "params.family", "best(", "auc", "=", " ", "'", '"', "`", "IN", "(", ",", "\ud800"]
)


@given(st.lists(pieces, max_size=8).map("".join) | st.text(max_size=20))
def test_any_text_is_gone_on_with_or_not(store, text):
    for one in suggestions(store.read(), text):
        try:
            parse(one.text)
        except FilterError as error:
            assert error.message
