import pytest
from hypothesis import given
from hypothesis import strategies as st

from mlops_tui.compare.filter import MAX_DEPTH, MAX_TERMS, parse
from mlops_tui.compare.grammars import RUNS
from mlops_tui.compare.terms import Ago, AllOf, AnyOf, Comparison, Entity, Not, Word
from mlops_tui.compare.tokens import FilterError


def only(text: str) -> Comparison:
    term = parse(text)
    assert isinstance(term, Comparison)
    return term


@pytest.mark.parametrize("text", ["", "   ", "\t\n"])
def test_a_blank_filter_has_no_conditions(text):
    assert parse(text) == AllOf(())


@pytest.mark.parametrize(
    ("alias", "entity"),
    [
        *((name, Entity.METRIC) for name in ("metric", "metrics")),
        *((name, Entity.PARAM) for name in ("parameter", "parameters", "param", "params")),
        *((name, Entity.TAG) for name in ("tag", "tags")),
        *((name, Entity.DATASET) for name in ("dataset", "datasets")),
    ],
)
def test_every_alias_of_an_entity_is_understood(alias, entity):
    value = "1" if entity is Entity.METRIC else "'1'"
    assert only(f"{alias}.name = {value}").entity is entity


@pytest.mark.parametrize("alias", ["attribute", "attributes", "attr", "run"])
def test_an_attribute_needs_no_entity_but_may_have_one(alias):
    assert only(f"{alias}.status = 'FAILED'") == only("status = 'FAILED'")


@pytest.mark.parametrize("text", ["created > 5", "Created > 5", "attributes.start_time > 5"])
def test_aliases_of_the_start_time_are_one_attribute(text):
    assert only(text) == Comparison(Entity.ATTRIBUTE, "start_time", ">", 5.0)


@pytest.mark.parametrize("name", ["`run name`", '"Run Name"', "run_name", "attributes.`Run name`"])
def test_aliases_of_the_run_name_are_one_attribute(name):
    assert only(f"{name} = 'x'") == Comparison(Entity.ATTRIBUTE, "run_name", "=", "x")


@pytest.mark.parametrize("quoted", ["'a b.c'", '"a b.c"', "`a b.c`"])
def test_a_key_in_quotes_may_hold_anything(quoted):
    assert only(f"metrics.{quoted} > 1").key == "a b.c"


@pytest.mark.parametrize("key", ["val/loss", "val-loss", "a:b", "mlflow.user", "学", "1", "in"])
def test_an_unquoted_key_may_hold_what_names_often_hold(key):
    assert only(f"params.{key} = 'x'").key == key


def test_keywords_are_understood_in_any_case():
    assert only("params.x iLiKe 'A%'").operator == "ILIKE"
    assert only("params.x is Not null").operator == "IS NOT NULL"
    assert only("run_id not in ('a', \"b\",)") == Comparison(Entity.ATTRIBUTE, "run_id", "NOT IN", ("a", "b"))


@pytest.mark.parametrize("number", ["1", "-1", "1.", ".5", "-.5", "1e-3", "2E+5"])
def test_numbers_are_read_as_python_reads_them(number):
    assert only(f"metrics.a>={number}").value == float(number)


def test_what_stands_in_quotes_is_taken_as_it_is():
    assert only("params.x = 'it''s'").value == "it''s"
    assert only('params.x = "it\'s"').value == "it's"
    assert only("params.x = 'a AND b'").value == "a AND b"


def test_conditions_are_joined_by_and_or_by_nothing():
    found = parse("metrics.a > 1 and metrics.b < 2 params.x IS NULL")
    assert isinstance(found, AllOf)
    assert len(found.terms) == 3


def test_bare_words_stand_beside_comparisons():
    assert parse('forest metrics.auc > 0.9 AND "two words"') == AllOf(
        (Word("forest"), Comparison(Entity.METRIC, "auc", ">", 0.9), Word("two words"))
    )


def test_a_word_with_a_dot_is_a_word():
    assert parse("train.py v1.2") == AllOf((Word("train.py"), Word("v1.2")))


@pytest.mark.parametrize(
    ("text", "position", "length", "part"),
    [
        ("metrics.auc", 11, 0, "compared with nothing"),
        ("metrics.auc >", 13, 0, "a number is missing after >"),
        ("metrics.auc > high", 14, 4, "compared with a number"),
        ("metrics.auc > '1'", 14, 3, "compared with a number"),
        ("metrics.auc LIKE 'x'", 12, 4, "not compared by LIKE"),
        ("tags.lr = 0.1", 10, 3, "text in quotes"),
        ("params.lr = ", 12, 0, "text in quotes is missing"),
        ("params.lr > '1'", 12, 3, "compared with a number"),
        ("tags.lr > '1'", 8, 1, "not compared by >"),
        ("params.lr NOT  LIKE '1'", 10, 9, "not compared by NOT LIKE"),
        ("params.lr = 'x", 12, 1, "not closed"),
        ("accuracy > 0.9", 0, 8, "no attribute of a run"),
        ("metrisc.auc > 0.9", 0, 7, "no entity"),
        ("metrics.a == 1", 10, 2, "not compared by =="),
        ("metrics.a <> 1", 10, 2, "not compared by <>"),
        ("a OR", 4, 0, "missing after OR"),
        ("OR a", 0, 2, "missing before OR"),
        ("a OR AND b", 5, 3, "missing after OR"),
        ("NOT", 3, 0, "missing after NOT"),
        ("a NOT", 5, 0, "missing after NOT"),
        ("(a", 0, 1, "not closed"),
        ("a)", 1, 1, "closes nothing"),
        (")", 0, 1, "closes nothing"),
        ("()", 1, 1, "missing after ("),
        ("a AND (", 7, 0, "missing after ("),
        ("(OR a)", 1, 2, "missing after ("),
        ("(a OR )", 6, 1, "missing after OR"),
        ("best(auc)", 9, 0, "compared with nothing"),
        ("best( > 1", 6, 1, "the name of a metric is missing"),
        ("best() > 1", 5, 1, "the name of a metric is missing"),
        ("best(auc > 1", 4, 1, "not closed"),
        ("beste(auc) > 1", 0, 5, "of what?"),
        ("best(auc) LIKE 'x'", 10, 4, "not compared by LIKE"),
        ("best(auc) > 'x'", 12, 3, "compared with a number"),
        ("params.a ~ 'a(b'", 11, 5, "no regular expression"),
        ("metrics.a ~ 'x'", 10, 1, "not compared by ~"),
        ("start_time > -7y", 13, 3, "compared with a number"),
        ("start_time > '2026-13-01'", 13, 12, "is no date"),
        ("metrics.a > 7d", 12, 2, "compared with a number"),
        ("metrics.a IN (1, 'b')", 17, 3, "a list of numbers"),
        ("params.a IN ('x', 1)", 18, 1, "a list holds text"),
        ("params.a IN (1, 'x')", 16, 3, "a list of numbers"),
        ("> 1", 0, 1, "nothing on its left"),
        ("AND a", 0, 3, "missing before AND"),
        ("a AND AND b", 6, 3, "missing after AND"),
        ("a AND", 5, 0, "missing after AND"),
        ("run_id IN 'a'", 10, 3, "a list is missing"),
        ("run_id IN ()", 11, 1, "the list is empty"),
        ("run_id IN ('a' 'b')", 15, 3, "a comma is missing"),
        ("run_id IN ('a', 5)", 16, 1, "a list holds text"),
        ("run_id IN ('a'", 14, 0, "not closed"),
        ("dataset.size = 'a'", 0, 12, "a data set has no"),
        ("metrics. > 1", 8, 0, "the key is missing"),
        ("'status' = 'x'", 0, 8, "without ''"),
        ("a \ud800", 2, 1, "not valid text"),
    ],
)
def test_an_error_points_at_what_is_wrong(text, position, length, part):
    with pytest.raises(FilterError) as caught:
        parse(text)
    assert part in caught.value.message
    assert (caught.value.position, caught.value.length) == (position, length)


def test_an_error_suggests_the_nearest_name():
    with pytest.raises(FilterError) as caught:
        parse("statsu = 'x'")
    assert caught.value.hint == "did you mean 'status'?"
    with pytest.raises(FilterError) as caught:
        parse("auc > 1")
    assert "metrics.auc" in caught.value.hint


def test_the_message_stays_short_when_the_filter_is_long():
    with pytest.raises(FilterError) as caught:
        parse("metrics.a > " + "x" * 10_000)
    assert len(caught.value.message) < 120


def test_more_conditions_than_anybody_types_are_refused():
    found = parse("a " * MAX_TERMS)
    assert isinstance(found, AllOf)
    assert len(found.terms) == MAX_TERMS
    with pytest.raises(FilterError):
        parse("a " * (MAX_TERMS + 1))


@pytest.mark.parametrize("before", ["(", "NOT "])
def test_more_depth_than_anybody_types_is_refused(before):
    after = ")" if before == "(" else ""
    parse(before * MAX_DEPTH + "a" + after * MAX_DEPTH)
    with pytest.raises(FilterError, match="inside each other"):
        parse(before * 5000 + "a" + after * 5000)


def test_or_binds_weaker_than_and_and_not_binds_strongest():
    a, b, c = Word("a"), Word("b"), Word("c")
    assert parse("a OR b c") == parse("a or b AND c") == parse("(a) OR (b AND c)") == AnyOf((a, AllOf((b, c))))
    assert parse("(a OR b) c") == AllOf((AnyOf((a, b)), c))
    assert parse("NOT a b") == AllOf((Not(a), b))
    assert parse("not (a b)") == Not(AllOf((a, b)))
    assert parse("NOT NOT a") == Not(Not(a))
    assert parse('"OR" "not"') == AllOf((Word("OR"), Word("not")))


@pytest.mark.parametrize(
    "written", ["best(auc)", "best(metrics.auc)", "BEST(metric.`auc`)", 'best("auc")', "best( auc )"]
)
def test_what_is_kept_of_a_metric_is_compared(written):
    assert only(f"{written} >= 0.9") == Comparison(Entity.METRIC, "auc", ">=", 0.9, "best")


@pytest.mark.parametrize("part", ["last", "min", "max", "mean", "step", "count"])
def test_each_of_its_parts_has_a_word(part):
    assert only(f"{part}(val/loss) < 1").part == part


def test_a_word_before_a_space_and_a_parenthesis_is_a_word():
    assert parse("best (auc)") == AllOf((Word("best"), Word("auc")))


@pytest.mark.parametrize(
    ("span", "seconds"),
    [("-7d", 604800), ("-1.5h", 5400), ("-30m", 1800), ("-2w", 1209600), ("-5s", 5), ("+1d", -86400)],
)
def test_times_are_compared_with_what_is_so_long_ago(span, seconds):
    assert only(f"start_time > {span}").value == Ago(seconds)


def test_times_are_compared_with_dates_and_durations_with_spans():
    assert only("end_time < '2026-03-01T00:00:00Z'").value == 1772323200000
    assert only("created >= '2026-03-01 12:00+01:00'").value == 1772362800000
    assert only("duration_s > 5m").value == 300


def test_lists_and_patterns_go_with_all_that_has_text():
    assert only("status IN ('FAILED', 'KILLED')").value == ("FAILED", "KILLED")
    assert only("params.depth NOT IN (3, 4.5)").value == (3.0, 4.5)
    assert only("metrics.auc IN (1)").value == (1.0,)
    assert only("name ~ '^a.*b$'") == Comparison(Entity.ATTRIBUTE, "run_name", "~", "^a.*b$")
    assert only("tags.team!~'x'") == Comparison(Entity.TAG, "team", "!~", "x")


def test_params_are_compared_as_text_in_quotes_and_as_numbers_without():
    assert only("params.depth > 3").value == 3.0
    assert only("params.depth = '3'").value == "3"
    assert only("params.depth = 3").value == 3.0


def test_what_is_no_number_is_compared_too():
    assert only("metrics.loss = inf").value == float("inf")
    assert only("metrics.loss = NaN").value != only("metrics.loss = NaN").value


@pytest.mark.parametrize(
    "text",
    [
        *("word", "experiment = 'x'", "duration_s > 5", "metrics.a/b > 1", "name = 'x'", "status IN ('FAILED')"),
        *(
            "start_time > -7d",
            "best(a) > 1",
            "params.a > 1",
            "params.a ~ 'x'",
            "NOT params.a = '1'",
            "(params.a = '1')",
        ),
        *("params.a = '1' OR params.a = '2'", "metrics.a IN (1)", "metrics.a = nan", "metrics.a IS NULL"),
    ],
)
def test_strict_mode_refuses_what_mlflow_has_not(text):
    parse(text)
    with pytest.raises(FilterError):
        parse(text, strict=RUNS)


pieces = st.sampled_from(
    [
        *[
            "metrics.",
            "params",
            ".",
            "a",
            "`",
            '"',
            "'",
            "=",
            "!",
            ">",
            "<",
            "(",
            ")",
            ",",
            "AND",
            "IN",
            "NOT",
            "IS",
            "NULL",
            "OR ",
            "best(",
            "~",
            "-7d",
            "LIKE",
            "1",
            "-",
            "e",
            "%",
            "status",
            "run_id",
            "\\",
            "é",
            "[bold]",
        ],
        " ",
        "\n",
        "\x00",
        "\ud800",
    ]
)


@given(st.lists(pieces, max_size=14).map("".join) | st.text(max_size=30))
def test_any_text_is_parsed_or_refused_with_a_position_inside_it(text):
    try:
        parse(text)
    except FilterError as error:
        assert 0 <= error.position <= len(text)
        assert error.position + error.length <= len(text)
        assert error.message


@given(
    st.text(st.characters(exclude_characters="`", exclude_categories=["Cs"]), min_size=1),
    st.floats(allow_nan=False, allow_infinity=False),
)
def test_any_metric_and_number_can_be_written(key, number):
    term = only(f"metrics.`{key}` <= {number!r}")
    assert (term.key, term.value) == (key, number)
