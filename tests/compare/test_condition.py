import math
import time

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from mlops_store import datasets, metrics, runs
from mlops_store.records import Dataset
from mlops_store.run_columns import order
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


def test_alternatives_opposites_and_parentheses_mean_what_they_say(store):
    add(store, "a", params={"model": "forest"}, values={"auc": 0.9})
    add(store, "b", params={"model": "linear"}, values={"auc": 0.7})
    add(store, "c", status="FAILED", ended_at=None)
    assert found(store, "params.model = 'linear' OR status = 'FAILED'") == {"b", "c"}
    assert found(store, "NOT params.model = 'linear'") == {"a", "c"}
    assert found(store, "NOT metrics.auc > 0.8") == {"b", "c"}
    assert found(store, "(params.model = 'forest' OR status = 'FAILED') AND NOT metrics.auc > 0.8") == {"c"}
    assert found(store, "NOT end_time > 0") == {"c"}
    assert found(store, "NOT (NOT forest)") == found(store, "forest")


def test_what_is_kept_of_a_metric_is_compared(store):
    add(store, "a")
    add(store, "b", values={"auc": 0.9, "loss": 0.2})
    with store.write() as db:
        for step, value in ((0, 0.95), (7, 0.5)):
            metrics.write(db, "a", [("auc", step, 1.0, value), ("loss", step, 1.0, value)])
    assert found(store, "best(auc) > 0.9") == {"a"}
    assert found(store, "best(loss) < 0.3") == {"b"}
    assert found(store, "best(loss) >= 0.5 AND last(loss) = 0.5") == {"a"}
    assert found(store, "metrics.auc > 0.8") == found(store, "last(auc) > 0.8") == {"b"}
    assert found(store, "step(auc) >= 7") == found(store, "count(auc) = 2") == {"a"}
    assert found(store, "mean(auc) > 0.72 AND mean(auc) < 0.73") == {"a"}
    assert condition("best(x) = 1", goal=lambda _: "min") == condition("min(x) = 1")


def test_a_range_of_one_key_is_asked_at_once(store):
    for run_id, auc in {"a": 0.1, "b": 0.5, "c": 0.9}.items():
        add(store, run_id, values={"auc": auc}, params={"depth": str(auc * 10), "opt": "adam"})
    assert found(store, "metrics.auc > 0.2 AND metrics.auc < 0.8 AND best(auc) != 0.1") == {"b"}
    assert found(store, "metrics.auc > 0.5 AND metrics.auc < 0.5") == set()
    assert found(store, "params.depth >= 5 AND params.depth LIKE '9%' AND params.opt = 'adam'") == {"c"}
    assert found(store, "metrics.auc > 0.2 AND NOT metrics.auc > 0.8") == {"b"}
    assert condition("metrics.a > 1 AND metrics.a < 2").sets.count("SELECT v.run_id") == 1


def test_params_are_compared_by_number_where_none_is_quoted(store):
    for run_id, depth in {"a": "3", "b": "10", "c": "3.0", "d": "auto"}.items():
        add(store, run_id, params={"depth": depth})
    add(store, "e")
    assert found(store, "params.depth > 3") == {"b"}
    assert found(store, "params.depth = 3") == {"a", "c"}
    assert found(store, "params.depth = '3'") == {"a"}
    assert found(store, "params.depth != 3") == {"b", "d"}
    assert found(store, "params.depth IN (3, 10)") == {"a", "b", "c"}
    assert found(store, "params.depth NOT IN (3)") == {"b", "d"}
    assert found(store, "params.depth IN ('3', 'auto')") == {"a", "d"}
    assert found(store, "params.depth IS NULL") == {"e"}


def test_numbers_that_are_none_are_found(store):
    add(store, "a", values={"loss": math.nan})
    add(store, "b", values={"loss": math.inf})
    add(store, "c", values={"loss": 1.0})
    add(store, "d")
    assert found(store, "metrics.loss = nan") == {"a"}
    assert found(store, "metrics.loss != nan") == {"b", "c"}
    assert found(store, "metrics.loss > nan") == set()
    assert found(store, "metrics.loss = inf") == {"b"}
    assert found(store, "metrics.loss IN (1, 1e999)") == {"b", "c"}
    assert found(store, "metrics.loss NOT IN (1)") == {"a", "b"}
    assert found(store, "metrics.loss IS NULL") == {"d"}


def test_regular_expressions_search_all_that_has_text(store):
    add(store, "a", "resnet18", params={"opt": "Adam"}, tags={"team": "vision\nx"}, experiment="churn")
    add(store, "b", "resnet180", params={"opt": "sgd"})
    assert found(store, "name ~ 'resnet18$'") == {"a"}
    assert found(store, "params.opt ~ '(?i)^ADAM'") == {"a"}
    assert found(store, "params.opt !~ 'd$'") == {"a"}
    assert found(store, "tags.team ~ 'n.x'") == set()
    assert found(store, "experiment ~ 'ch|ex' AND NOT name ~ '0'") == {"a"}


def test_no_regular_expression_takes_long(store):
    add(store, "a", params={"x": "a" * 1_000_000})
    assert found(store, "params.x ~ '(a+)+b'") == set()
    assert found(store, "params.x ~ '^(a|aa)*$'") == {"a"}


def test_times_are_also_counted_from_now_and_written_as_dates(store):
    now = time.time()
    add(store, "a", started_at=now - 3600)
    add(store, "b", started_at=now - 86400 * 10)
    assert found(store, "start_time > -7d") == found(store, "NOT start_time < -1w") == {"a"}
    assert found(store, "start_time < '2026-01-01'") == set()
    assert found(store, "start_time >= '1999-12-31T00:00Z' AND duration_s <= 1m") == {"a", "b"}
    assert found(store, "start_time > +1d") == set()


@pytest.mark.parametrize("key", ["a b", "x'y", "[red]", "%", "\x07", "new\nline", "k" * 300, "学", '"', "metrics.a"])
def test_keys_of_any_kind_can_be_asked_for(store, key):
    add(store, "a", params={key: "1"}, values={key: 1.0})
    assert found(store, f"params.`{key}` = '1' AND metrics.`{key}` = 1 AND best(`{key}`) = 1") == {"a"}


def test_a_run_with_ten_thousand_params_and_megabytes_of_text_is_found(store):
    add(store, "a", params={f"p{number}": str(number) for number in range(10_000)} | {"long": "x" * 1_000_000})
    assert found(store, "params.p9999 > 9998 AND params.long LIKE 'x%' AND params.long ~ 'x$'") == {"a"}
    text = " OR ".join(f"params.p{number} = '0'" for number in range(200))
    assert found(store, text) == {"a"}


BASE = [
    "params.a = '1'",
    "params.a != '1'",
    "metrics.m > 0.5",
    "best(m) < 0.9",
    "status = 'FAILED'",
    "word",
    "tags.t ~ 'x'",
]
BASE += [
    "end_time > 0",
    "params.a IN (1, 2)",
    "tags.t IS NULL",
    "metrics.m != 0.5",
    "dataset.name = 'd'",
    "user = 'ann'",
    "max(m) > 0.5",
    "min(m) <= 0.3",
    "max(m) >= 0.4 AND max(m) < 0.9",
]
trees = st.recursive(
    st.sampled_from(BASE),
    lambda inner: st.one_of(
        inner.map(lambda one: ("NOT", one)),
        st.tuples(st.just("AND"), inner, inner),
        st.tuples(st.just("OR"), inner, inner),
    ),
    max_leaves=8,
)


def written(tree) -> str:
    if isinstance(tree, str):
        return tree
    if tree[0] == "NOT":
        return f"NOT ({written(tree[1])})"
    return f"({written(tree[1])}) {tree[0]} ({written(tree[2])})"


@pytest.fixture(scope="module")
def mixed(tmp_path_factory):
    """Runs of many kinds, and which of them each simple condition finds."""
    with Store(str(tmp_path_factory.mktemp("mixed") / "store.db")) as store:
        for place in range(24):
            add(
                store,
                f"r{place:02}",
                "a word" if place % 5 == 0 else "n",
                params={"a": str(place % 3)} if place % 2 else {},
                values={"m": (place % 7) / 6 if place % 6 else math.nan} if place % 4 else {},
                tags={"t": "xyz"[place % 3]} if place % 3 else {},
                status="FAILED" if place % 5 == 1 else "FINISHED",
                ended_at=None if place % 7 == 0 else 5.0,
                user="ann" if place % 2 else None,
                data=[("d", "1", "t")] if place % 8 == 0 else (),
            )
            if place % 4 == 1:
                with store.write() as db:
                    metrics.write(db, f"r{place:02}", [("m", -1, 1.0, (place % 5) / 4), ("m", -2, 1.0, math.nan)])
        yield store, {text: found(store, text) for text in BASE}


@settings(max_examples=200, deadline=None)
@given(trees, st.sampled_from(["-started_at", "-metrics.m", "name", "-max(m)"]), st.sampled_from([None, 30]))
def test_joined_conditions_find_what_joined_sets_hold(mixed, tree, sort, limit):
    store, known = mixed
    everything = {f"r{place:02}" for place in range(24)}

    def expected(tree) -> set[str]:
        if isinstance(tree, str):
            return known[tree]
        if tree[0] == "NOT":
            return everything - expected(tree[1])
        left, right = expected(tree[1]), expected(tree[2])
        return left & right if tree[0] == "AND" else left | right

    db = store.read()
    numbers = runs.ids(db, condition=condition(written(tree)), order=[order(sort)], limit=limit)
    assert {run.run_id for run in runs.by_ids(db, numbers)} == expected(tree)
    assert len(numbers) == len(set(numbers))
