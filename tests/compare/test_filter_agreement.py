"""The filter language against MLflow's own parser and its own matching of runs."""

import pytest

from mlops_tui.compare.filter import parse
from mlops_tui.compare.grammars import RUNS
from mlops_tui.compare.terms import AllOf, Comparison
from mlops_tui.compare.tokens import FilterError

search_utils = pytest.importorskip("mlflow.utils.search_utils")
SearchUtils = search_utils.SearchUtils
MlflowException = pytest.importorskip("mlflow.exceptions").MlflowException


def theirs(text: str) -> list[tuple] | None:
    """What MLflow understands, or None when it refuses (while parsing or when matching a run)."""
    try:
        understood = []
        for clause in SearchUtils.parse_search_filter(text):
            kind, operator = clause["type"], clause["comparator"].upper()
            key = SearchUtils.translate_key_alias(clause["key"])
            value = clause["value"]
            if SearchUtils.is_metric(kind, operator):
                value = float(value)
            elif not (SearchUtils.is_param(kind, operator) or SearchUtils.is_tag(kind, operator)):
                assert SearchUtils.is_dataset(kind, operator) or SearchUtils.is_attribute(kind, key, operator)
            understood.append((kind, key, operator, value))
    except MlflowException:
        return None
    return understood


def ours(text: str) -> list[tuple] | None:
    try:
        found = parse(text, strict=RUNS)
    except FilterError:
        return None
    assert isinstance(found, AllOf)
    terms = found.terms
    assert all(isinstance(term, Comparison) for term in terms)
    return [(term.entity.value, term.key, term.operator, term.value) for term in terms]


LEFT = ["metrics.a", "metric.a", 'metrics."a b"', "metrics.`a b`", "metrics.a.b", "`metrics`.a", '"metrics".a']
LEFT += ["Metrics.a", "metrics.a/b", "metrics.a-b", "metrics.a:b", '"metrics.a"', "params.x", "param.x", "parameter.x"]
LEFT += ["parameters.select", "tags.mlflow.user", "tag.`mlflow.user`", 'tags."a\'b"', "run_id", "attributes.run_id"]
LEFT += ["run_name", "`run name`", '"Run Name"', "status", "attr.status", "run.status", "user_id", "artifact_uri"]
LEFT += ["start_time", "created", "Created", "end_time", "experiment_id", "name", "foo", "attributes.foo"]
LEFT += ["dataset.name", "datasets.digest", "dataset.context", "dataset.foo", "foo.bar", "学.é", "params.学"]
RIGHT = ["> 1", ">= -1", "< 1e-3", "<=.5", "= 5.", "!= 0", "> +1", "> 0x10", "> nan", "> inf", "> '1'", "== 1", "<> 1"]
RIGHT += ["= 'y'", '= "y"', "= y", "= `y`", "= ''", "= 'it''s'", '= "it\'s"', "!= 'a\"b'", "LIKE 'a%'", "like 'a%'"]
RIGHT += ["ILIKE 'A_'", "NOT LIKE 'a'", "> 'a'", "IN ('a', 'b')", "IN ('a')", "IN ()", "IN ('a',)", 'in ("a", "b")']
RIGHT += ["NOT IN ('a')", "not in ('a','b')", "IN ('a', 5)", "IN 'a'", "IS NULL", "is null", "IS NOT NULL", "IS 'a'"]
RIGHT += [
    "= NULL",
    "BETWEEN 1 AND 2",
    "RLIKE 'a'",
    "",
    ">",
    "=",
    "> metrics.b",
    "= = 1",
    "= 'x",
    "> 1)",
    "> 1;",
    "~ 'a'",
]
WHOLE = ["", "metrics.a > 1 AND", "AND metrics.a > 1", "metrics.a > 1 AND AND metrics.b < 2", "foo", "foo bar"]
WHOLE += ["metrics.a > 1 metrics.b < 2", "metrics.a > 1 and params.x = 'AND'", "metrics.a > 1 OR metrics.b < 2"]
WHOLE += ["NOT metrics.a > 1", "(metrics.a > 1)", "1 < metrics.a", "> 1", "metrics.a > 1 -- c", "metrics.a > 1 AND foo"]
WHOLE += ["params.x IS NULL AND run_id IN ('a') AND metrics.a<3", "metrics.a>1\tAND\nmetrics.b<2", "metrics.a > 1_000"]


@pytest.mark.parametrize("text", WHOLE)
def test_strict_mode_reads_a_whole_filter_as_mlflow_does(text):
    assert ours(text) == theirs(text)


@pytest.mark.parametrize("left", LEFT)
def test_strict_mode_reads_every_comparison_as_mlflow_does(left):
    texts = [f"{left} {right}" for right in RIGHT]
    assert {text: ours(text) for text in texts} == {text: theirs(text) for text in texts}


def test_the_corpus_holds_enough_of_both_kinds():
    read = [theirs(f"{left} {right}") for left in LEFT for right in RIGHT]
    assert sum(terms is not None for terms in read) > 200
    assert sum(terms is None for terms in read) > 1000
