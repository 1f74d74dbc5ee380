import math

import pytest

from mlops_store import datasets, metrics, runs
from mlops_store.records import Dataset
from mlops_store.store import Store
from mlops_tui.compare.condition import condition


@pytest.fixture
def store(tmp_path):
    with Store(str(tmp_path / "store.db")) as opened:
        yield opened


def add(store: Store, run_id: str, name: str = "run", *, experiment="exp", params=None, values=None, tags=None, **more):
    started_at = more.pop("started_at", 1000.0)
    status, ended_at = more.pop("status", "FINISHED"), more.pop("ended_at", started_at + 10)
    data = more.pop("data", ())
    with store.write() as db:
        runs.create(db, run_id=run_id, name=name, experiment=experiment, status=status, started_at=started_at, **more)
        if ended_at:
            runs.update(db, run_id, ended_at=ended_at)
        runs.set_params(db, run_id, params or {})
        runs.set_tags(db, run_id, tags or {})
        metrics.write(db, run_id, [(key, 0, started_at, value) for key, value in (values or {}).items()])
        for dataset, digest, context in data:
            datasets.use(db, run_id, Dataset(dataset, digest), context)


def found(store: Store, text: str) -> set[str]:
    db = store.read()
    return {run.run_id for run in runs.by_ids(db, runs.ids(db, condition=condition(text)))}


def test_an_empty_filter_matches_every_run(store):
    add(store, "a")
    assert found(store, "  ") == {"a"}


def test_conditions_must_all_hold(store):
    add(store, "a", params={"lr": "0.1"}, values={"auc": 0.9})
    add(store, "b", params={"lr": "0.1"}, values={"auc": 0.5})
    assert found(store, "params.lr = '0.1' AND metrics.auc > 0.8") == {"a"}


def test_a_run_without_the_key_never_matches_a_comparison(store):
    add(store, "a", params={"lr": "1"})
    add(store, "b")
    assert found(store, "params.lr != '2'") == {"a"}
    assert found(store, "metrics.auc != 5") == set()


def test_is_null_means_that_the_key_is_absent(store):
    add(store, "a", params={"lr": ""}, tags={"team": "x"})
    add(store, "b")
    assert found(store, "params.lr IS NULL") == {"b"}
    assert found(store, "tags.team IS NOT NULL") == {"a"}


def test_nan_differs_from_every_number_and_compares_with_none(store):
    add(store, "a", values={"loss": math.nan})
    add(store, "b", values={"loss": math.inf})
    assert found(store, "metrics.loss != 0") == {"a", "b"}
    assert found(store, "metrics.loss > 0") == {"b"}
    assert found(store, "metrics.loss <= 0") == set()


def test_like_minds_case_and_ilike_does_not(store):
    add(store, "a", name="Forest-1")
    add(store, "b", name="forest-2")
    assert found(store, "run_name LIKE 'forest%'") == {"b"}
    assert found(store, "run_name ILIKE 'forest__'") == {"a", "b"}


@pytest.mark.parametrize("name", ["a*b", "a?b", "a[b]c", "[bold]x[/]", "50%", "it's", 'say "hi"', "x\\y", "new\nline"])
def test_a_pattern_knows_only_its_own_two_wildcards(store, name):
    add(store, "a", name=name)
    add(store, "b", name="aXb aXXb abc 50 xy")
    quote = '"' if "'" in name else "'"
    assert found(store, f"run_name LIKE {quote}{name}{quote}") == {"a"}


def test_a_list_of_ids_can_be_long(store):
    add(store, "a")
    add(store, "b")
    listed = ", ".join(f"'{number}'" for number in range(2000))
    assert found(store, f"run_id IN ({listed}, 'a')") == {"a"}
    assert found(store, f"run_id NOT IN ({listed}, 'a')") == {"b"}


def test_times_are_milliseconds_and_durations_seconds(store):
    add(store, "a", started_at=1000.5, ended_at=1010.0)
    add(store, "b", started_at=2000.0, ended_at=None, status="RUNNING")
    assert found(store, "start_time = 1000500") == {"a"}
    assert found(store, "created > 1000500") == {"b"}
    assert found(store, "end_time <= 1010000") == {"a"}
    assert found(store, "duration_s < 60") == {"a"}
    assert found(store, "duration_s > 60") == {"b"}


def test_experiment_kind_and_user_are_attributes_here(store):
    add(store, "a", experiment="churn", user="ada", kind="stage")
    add(store, "b", experiment="other", user="bob")
    assert found(store, "experiment = 'churn'") == {"a"}
    assert found(store, "kind = 'run'") == {"b"}
    assert found(store, "user LIKE 'a%'") == found(store, "user_id = 'ada'") == {"a"}


def test_data_sets_are_matched_by_name_digest_and_context(store):
    add(store, "a", data=[("train", "d1", "training")])
    add(store, "b", data=[("train", "d2", "training"), ("other", "d3", "test")])
    assert found(store, "dataset.digest = 'd1'") == {"a"}
    assert found(store, "dataset.name IN ('other')") == {"b"}
    assert found(store, "datasets.context LIKE 'tr%'") == {"a", "b"}


def test_a_word_is_looked_for_where_a_person_would(store):
    add(store, "0199aaaabbbb", name="Forest 100%")
    add(store, "0199cccc", name="x", experiment="forestry")
    add(store, "0199dddd", name="y", tags={"note": "a forest", "mlflow.source.git.diff": "tree"})
    add(store, "0199eeee", name="z", tags={"baseline": ""}, status="FAILED")
    assert found(store, "forest") == {"0199aaaabbbb", "0199cccc", "0199dddd"}
    assert found(store, "100%") == {"0199aaaabbbb"}
    assert found(store, "tree") == set()
    assert found(store, "baseline") == found(store, "failed") == {"0199eeee"}
    assert found(store, "0199AAAA") == {"0199aaaabbbb"}
    assert found(store, "0199") == set()


def test_nothing_typed_becomes_part_of_the_statement(store):
    add(store, "a", params={"x'); DROP TABLE runs; --": "1"})
    assert found(store, "params.\"x'); DROP TABLE runs; --\" = '1'") == {"a"}
    assert found(store, '"\'; DROP TABLE runs; --"') == set()
    made = condition("tags.`DROP` = 'DROP' AND DROP AND run_id IN ('DROP')")
    assert "DROP" not in made.sets + made.probes
