"""Names of models and aliases, and references to versions."""

from __future__ import annotations

import contextlib

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from mlops_store.errors import UsageError
from mlops_store.model_names import Reference, check_alias, check_name, parse

names = st.text(st.characters(exclude_categories=("C", "Zl", "Zp"), exclude_characters="/:@"), min_size=1, max_size=255)
good_names = names.filter(lambda name: name == name.strip() and name not in (".", ".."))
aliases = st.from_regex(r"[\w\-]{1,255}", fullmatch=True).filter(
    lambda alias: alias.lower() != "latest" and not alias.lstrip("vV").isdigit()
)


@settings(deadline=None)
@given(good_names)
def test_a_printable_name_without_separators_is_allowed(name: str) -> None:
    assert check_name(name) == name


@pytest.mark.parametrize(
    ("name", "word"),
    [
        ("", "empty"),
        ("   ", "empty"),
        ("a/b", "'/'"),
        ("a:b", "':'"),
        ("a@b", "'@'"),
        ("a\nb", "U+000A"),
        ("a\x1b[31m", "U+001B"),
        ("a\u202eb", "U+202E"),
        ("a\u200bb", "U+200B"),
        ("a\udc80", "U+DC80"),
        (" a", "space"),
        ("..", "'..'"),
        ("x" * 256, "256"),
    ],
)
def test_a_name_that_would_be_misread_is_refused_with_the_reason(name: str, word: str) -> None:
    with pytest.raises(UsageError) as raised:
        check_name(name)
    assert word in raised.value.message
    assert "\x1b" not in str(raised.value)


def test_an_emoji_joined_of_several_characters_is_allowed_in_a_name() -> None:
    assert check_name("churn 👩‍🔬")


@settings(deadline=None)
@given(aliases)
def test_an_alias_of_letters_digits_underscores_and_hyphens_is_allowed(alias: str) -> None:
    assert check_alias(alias) == alias


@pytest.mark.parametrize("alias", ["", "latest", "LATEST", "v1", "V23", "a b", "a.b", "a/b", "a\n", "x" * 256])
def test_an_alias_against_the_rules_of_mlflow_is_refused(alias: str) -> None:
    with pytest.raises(UsageError):
        check_alias(alias)


@settings(deadline=None)
@given(st.text(max_size=300) | st.from_regex(r"[vV]?[0-9]{1,3}[\w\-]?|(?i:latest)\w?|[\w\-]{0,260}\n?", fullmatch=True))
def test_aliases_are_judged_as_mlflow_judges_them(alias: str) -> None:
    validation = pytest.importorskip("mlflow.utils.validation")
    exceptions = pytest.importorskip("mlflow.exceptions")
    # its regular expression ends in $, which lets a line break at the end pass
    try:
        validation._validate_model_alias_name(alias)
        validation._validate_model_alias_name_reserved(alias)
        is_allowed = not alias.endswith("\n")
    except exceptions.MlflowException:
        is_allowed = False
    try:
        check_alias(alias)
        assert is_allowed
    except UsageError:
        assert not is_allowed


@settings(deadline=None)
@given(good_names, st.integers(0, 10**17))
def test_every_name_with_a_version_reads_back(name: str, version: int) -> None:
    for text in (f"{name}/{version}", f"models:/{name}/{version}", f"{name}@v{version}"):
        assert parse(text) == Reference(name, version=version)


@settings(deadline=None)
@given(good_names, aliases)
def test_every_name_with_an_alias_reads_back(name: str, alias: str) -> None:
    assert parse(f"{name}@{alias}") == Reference(name, alias=alias)


@settings(deadline=None)
@given(good_names)
def test_a_bare_name_and_latest_mean_the_newest(name: str) -> None:
    assert parse(name) == parse(f"models:/{name}/latest") == parse(f"{name}@latest") == Reference(name)


def test_a_word_after_the_slash_is_a_stage() -> None:
    assert parse("models:/churn/Production") == Reference("churn", stage="Production")


@pytest.mark.parametrize("text", ["", "/", "a/", "@b", "a/b/c", "models:/", "runs:/x/y", "a@"])
def test_a_text_of_no_known_form_is_refused_with_the_forms(text: str) -> None:
    with pytest.raises(UsageError) as raised:
        parse(text)
    assert "NAME/3" in raised.value.hint


@settings(deadline=None)
@given(st.text())
def test_no_text_ends_in_another_error(text: str) -> None:
    with contextlib.suppress(UsageError):
        parse(text)
