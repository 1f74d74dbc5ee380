import pytest
from hypothesis import given
from hypothesis import strategies as st

from mlops_tui.compare.filter import MAX_TERMS, Comparison, Entity, FilterError, Word, parse


def only(text: str) -> Comparison:
    (term,) = parse(text)
    assert isinstance(term, Comparison)
    return term


@pytest.mark.parametrize("text", ["", "   ", "\t\n"])
def test_a_blank_filter_has_no_conditions(text):
    assert parse(text) == ()


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
    assert len(parse("metrics.a > 1 and metrics.b < 2 params.x IS NULL")) == 3


def test_bare_words_stand_beside_comparisons():
    assert parse('forest metrics.auc > 0.9 AND "two words"') == (
        Word("forest"),
        Comparison(Entity.METRIC, "auc", ">", 0.9),
        Word("two words"),
    )


def test_a_word_with_a_dot_is_a_word():
    assert parse("train.py v1.2") == (Word("train.py"), Word("v1.2"))


@pytest.mark.parametrize(
    ("text", "position", "length", "part"),
    [
        ("metrics.auc", 11, 0, "compared with nothing"),
        ("metrics.auc >", 13, 0, "a number is missing after >"),
        ("metrics.auc > high", 14, 4, "compared with a number"),
        ("metrics.auc > '1'", 14, 3, "compared with a number"),
        ("metrics.auc LIKE 'x'", 12, 4, "not compared by LIKE"),
        ("params.lr = 0.1", 12, 3, "text in quotes"),
        ("params.lr = ", 12, 0, "text in quotes is missing"),
        ("params.lr > '1'", 10, 1, "not compared by >"),
        ("params.lr NOT  LIKE '1'", 10, 9, "not compared by NOT LIKE"),
        ("params.lr = 'x", 12, 1, "not closed"),
        ("accuracy > 0.9", 0, 8, "no attribute of a run"),
        ("metrisc.auc > 0.9", 0, 7, "no entity"),
        ("metrics.a == 1", 10, 2, "not compared by =="),
        ("metrics.a <> 1", 10, 2, "not compared by <>"),
        ("a OR b", 2, 2, "OR is not understood"),
        ("NOT a", 0, 3, "NOT is not understood"),
        ("(a)", 0, 1, "( is not understood"),
        ("> 1", 0, 1, "nothing on its left"),
        ("AND a", 0, 3, "missing before AND"),
        ("a AND AND b", 6, 3, "missing before AND"),
        ("a AND", 5, 0, "missing after AND"),
        ("run_id IN 'a'", 10, 3, "a list is missing"),
        ("run_id IN ()", 11, 1, "the list is empty"),
        ("run_id IN ('a' 'b')", 15, 3, "a comma is missing"),
        ("run_id IN ('a', 5)", 16, 1, "a list holds text"),
        ("run_id IN ('a'", 14, 0, "not closed"),
        ("status IN ('a')", 7, 2, "not compared by IN"),
        ("dataset.size = 'a'", 0, 12, "a data set has no"),
        ("metrics. > 1", 8, 0, "the key is missing"),
        ("'status' = 'x'", 0, 8, "without ''"),
        ("metrics.a IS NULL", 10, 7, "not compared by IS NULL"),
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
    assert len(parse("a " * MAX_TERMS)) == MAX_TERMS
    with pytest.raises(FilterError):
        parse("a " * (MAX_TERMS + 1))


@pytest.mark.parametrize("text", ["word", "experiment = 'x'", "duration_s > 5", "metrics.a/b > 1", "name = 'x'"])
def test_strict_mode_refuses_what_mlflow_has_not(text):
    parse(text)
    with pytest.raises(FilterError):
        parse(text, strict=True)


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
