"""``models card``: shown, written to files, edited and reviewed."""

from __future__ import annotations

import html.parser
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from card_builders import make_described
from registry_builders import make_version
from terminal import Terminal

from mlops_store import audit, card_texts
from mlops_store.store import Store
from mlops_tui.cards import differences
from mlops_tui.cli import model_cards, model_difference
from mlops_tui.registry import card_texts as rules

HOSTILE = "<script>alert(1)</script> [x](javascript:y) **bold** \x1b[31mred"


class _Page(html.parser.HTMLParser):
    def __init__(self) -> None:
        super().__init__()
        self.tags: list[str] = []
        self.links: list[str] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append(tag)
        self.links += [value or "" for name, value in attrs if name in ("src", "href", "srcset", "data")]


def test_the_words_of_the_command_are_those_of_the_rules() -> None:
    assert tuple(rules.SECTIONS) == model_cards.SECTIONS
    assert tuple(state.replace("-", " ") for state in model_cards.STATES) == rules.STATES


def test_a_card_tells_everything_that_is_known_and_measured(store: Store, cli: Callable[..., Any]) -> None:
    make_described(store)
    rules.edit(store, "churn", 1, "limits", f"Weak for:\n- minors\n- {HOSTILE}\n\nAsk ana.")
    found = cli("models", "card", "churn", "1", "--json").json
    assert found["texts"]["limits"]["version"] == 1
    assert found["missing"][:2] == ["intended_use", "out_of_scope"]
    assert found["datasets"][0]["path"] == "data/train.csv"
    assert found["energy_wh"] == {"all": 1.5}
    assert found["profile"]["columns"]["age"]["kind"] == "numerical"
    assert found["measured"]["scores"]["body"]["sets"][0]["slices"][-1]["column"] == "region"
    assert found["measured"]["importances"]["body"]["features"][0]["name"] == "age"
    shown = cli("models", "card", "churn", "1").stdout
    for said in ("Limits (by", "- minors", "ROC AUC", "fall of ROC AUC", "Drift baseline (200 rows", "1.5 Wh", "p95"):
        assert said in shown
    assert "\x1b" not in shown


def test_files_hold_nothing_that_runs_or_loads_and_no_markup_of_others(
    store: Store, cli: Callable[..., Any], project: Path
) -> None:
    make_version(store, name=HOSTILE, params={HOSTILE: HOSTILE})
    rules.edit(store, "churn", 1, "limits", f"- {HOSTILE}\n\n# no heading\n\n{HOSTILE}")
    assert cli("models", "card", "churn", "1", "-o", "card.html").exit_code == 0
    page = _Page()
    text = (project / "card.html").read_text()
    page.feed(text)
    assert page.links == []
    assert not {"script", "link", "img", "iframe", "a"} & {*page.tags}
    assert "Content-Security-Policy" in text
    assert "&lt;script&gt;" in text
    assert "<li>" in text
    markdown = cli("models", "card", "churn", "1", "--format", "md").stdout
    assert "<script" not in markdown
    assert "](javascript" not in markdown
    assert "\\# no heading" in markdown
    assert "\n- " in markdown
    assert "\x1b" not in markdown + text
    refused = cli("models", "card", "churn", "1", "-o", "card.pdf")
    assert (refused.exit_code, "format" in refused.stderr) == (2, True)


def test_a_section_is_written_inherited_and_tried(store: Store, cli: Callable[..., Any], project: Path) -> None:
    make_version(store)
    make_version(store)
    (project / "limits.md").write_text("from a file\n")
    assert cli("models", "card", "churn", "1", "--edit", "limits", "--file", "limits.md").exit_code == 0
    assert cli("models", "card", "churn", "2", "--edit", "limits", "--text", "x", "--dry-run", "--json").json["dry_run"]
    assert card_texts.of_version(store.read(), "churn", 2)["limits"].body == "from a file"
    answer = cli("models", "card", "churn", "2", "--edit", "limits", "--text", "mine", "--json").json
    assert (answer["text"]["body"], answer["text"]["version"]) == ("mine", 2)
    assert cli("models", "card", "churn", "2", "--edit", "limits", "--inherit", "--json").json["text"]["version"] == 1


def test_a_review_is_asked_for_given_and_kept(store: Store, cli: Callable[..., Any]) -> None:
    make_version(store)
    assert cli("models", "card", "churn", "1", "--review", "in-review").exit_code == 1
    rules.edit(store, "churn", 1, "owners", "ana")
    assert "would be in review" in cli("models", "card", "churn", "1", "--review", "in-review", "--dry-run").stdout
    assert cli("models", "card", "churn", "1", "--review", "reviewed", "--reason", "read it").exit_code == 0
    assert "reviewed by" in cli("models", "card", "churn", "1").stdout
    newest = audit.newest(store.read(), 1)[0]
    assert (newest.action, newest.reason) == ("card.review", "read it")


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (("--text", "x"), "which section"),
        (("--edit", "limits", "--text", "x", "--inherit"), "twice"),
        (("--edit", "limits", "--review", "draft", "--text", "x"), "one thing at a time"),
        (("--edit", "limitz", "--text", "x"), "no section"),
        (("--json", "--format", "md"), "contradict"),
        (("--dry-run",), "changes nothing"),
    ],
)
def test_what_contradicts_itself_is_refused(
    store: Store, cli: Callable[..., Any], words: tuple[str, ...], said: str
) -> None:
    make_version(store)
    outcome = cli("models", "card", "churn", "1", *words)
    assert outcome.exit_code == 2
    assert said in outcome.stderr


def test_without_a_terminal_no_editor_is_opened(store: Store, program: Callable[..., Any]) -> None:
    make_version(store)
    outcome = program("models", "card", "churn", "1", "--edit", "limits", EDITOR="false")
    assert outcome.exit_code == 1
    assert "--text" in outcome.stderr


@pytest.mark.terminal
def test_an_editor_is_given_the_text_and_what_is_wanted(store: Store, project: Path) -> None:
    script = project / "editor.sh"
    script.write_text('#!/bin/sh\ncp "$1" seen.md\nprintf "written by hand\\n" | cat - "$1" > new && mv new "$1"\n')
    script.chmod(0o755)
    make_version(store)
    rules.edit(store, "churn", 1, "limits", "old words")
    words = [sys.executable, "-m", "mlops_tui", "models", "card", "churn", "1", "--edit", "limits"]
    with Terminal(words, (80, 24), cwd=project, env={"VISUAL": str(script)}) as terminal:
        assert terminal.wait_exit(60) == 0
    assert "Where it is weak" in (project / "seen.md").read_text()
    assert card_texts.of_version(store.read(), "churn", 1)["limits"].body == "written by hand\nold words"


def test_two_versions_are_compared_for_people_and_for_programs(store: Store, cli: Callable[..., Any]) -> None:
    assert model_difference.PARTS == differences.PARTS
    make_version(store, values={"auc": 0.9}, params={"depth": 3})
    make_version(store, values={"auc": 0.8}, params={"depth": 3})
    found = cli("models", "diff", "churn", "1", "v2", "--json").json
    assert (found["first"], found["second"], list(found["parts"])) == (1, 2, list(differences.PARTS))
    assert found["parts"]["metrics"][0]["deltas"] == [None, pytest.approx(-0.1)]
    shown = cli("models", "diff", "churn", "1", "2", "--part", "metrics", "--part", "params").stdout
    assert "auc" in shown
    assert "depth" not in shown
    assert "depth" in cli("models", "diff", "churn", "1", "2", "--part", "params", "--all").stdout
    assert cli("models", "diff", "churn", "1", "1").exit_code == 2
    assert "<h2>Metrics" in cli("models", "diff", "churn", "1", "2", "--format", "html").stdout


def test_a_pickle_is_marked_on_its_card(store: Store, cli: Callable[..., Any]) -> None:
    make_version(store)
    with store.write() as db:
        db.execute("UPDATE model_versions SET flavor = 'pickle'")
    assert cli("models", "card", "churn", "1", "--json").json["runs"] == "pickle"
    assert "runs its author's code" in cli("models", "card", "churn", "1").stdout
    for form in ("md", "html"):
        assert "runs its author" in cli("models", "card", "churn", "1", "--format", form).stdout
