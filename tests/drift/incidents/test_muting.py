from pathlib import Path

import pytest

from mlops_store.errors import SpecError, UsageError
from mlops_tui.config import editing, parse
from mlops_tui.config.alerting import AlertRule, MuteRule

TEXT = """# the project's file
[monitors.web] # of the shop
watch = "in/*.csv"   # all of them
alert = "1 of 1"

[ui]
theme = "nord"
"""


def test_a_value_is_changed_and_the_rest_stays_as_it_was() -> None:
    made = editing.changed(TEXT, {("monitors", "web", "alert"): "2 of 3"})
    assert made == TEXT.replace("1 of 1", "2 of 3")
    assert parse(made).monitors["web"].alert == AlertRule(2, 3)


def test_tables_are_made_and_keys_removed() -> None:
    made = editing.changed("", {("monitors", "a.b", "thresholds", "psi"): 0.2})
    assert parse(made).monitors["a.b"].thresholds == {"psi": 0.2}
    assert "alert" not in editing.changed(TEXT, {("monitors", "web", "alert"): None})
    rules = [{"kind": "quality"}, {"column": "x_*"}]
    made = editing.changed(TEXT, {("monitors", "web", "mute"): rules})
    assert parse(made).monitors["web"].mute == (MuteRule("quality"), MuteRule(column="x_*"))


def test_what_would_not_be_understood_is_refused(tmp_path: Path) -> None:
    with pytest.raises(SpecError, match="alert"):
        editing.changed(TEXT, {("monitors", "web", "alert"): "often"})
    with pytest.raises(SpecError):
        editing.changed("[monitors\n", {("monitors", "web", "alert"): "1 of 1"})
    with pytest.raises(UsageError, match="no table"):
        editing.changed("ui = 3\n", {("ui", "theme"): "nord"})


@pytest.mark.parametrize(
    ("line", "message"),
    [
        ('alert = "3 of 2"', "must be from 1 of 1"),
        ('alert = "two of three"', "2 of 3"),
        ("alert = 2", "must be a string"),
        ('mute = "age"', "must be a list of tables"),
        ("mute = [{}]", "without kind and column"),
        ('mute = [{ colum = "age" }]', "column"),
    ],
)
def test_rules_that_mean_nothing_are_refused(line: str, message: str) -> None:
    with pytest.raises(SpecError) as refused:
        parse(f"[monitors.web]\n{line}\n")
    assert message in f"{refused.value} {refused.value.hint}"
