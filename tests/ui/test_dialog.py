"""Dialogs and prompts: what is asked, what is answered, and that text stays text."""

from __future__ import annotations

from typing import Any

from run_screens import sees, until
from screens import rendered
from textual.screen import Screen

from mlops_tui.project import Project
from mlops_tui.ui.app import MlopsApp
from mlops_tui.ui.text import Cell
from mlops_tui.ui.widgets.dialog import Ask, Choose, Confirm, Option
from mlops_tui.ui.widgets.prompt import Completion, Prompt


class AskingApp(MlopsApp):
    """Shows one dialog and keeps the answer."""

    def __init__(self) -> None:
        super().__init__(Project("/nowhere"))
        self.answers: list[Any] = []
        self.said: list[object] = []

    def ask(self, dialog: Screen[Any]) -> None:
        self.push_screen(dialog, self.answers.append)

    def on_prompt_changed(self, message: Prompt.Changed) -> None:
        self.said.append(("changed", message.value))

    def on_prompt_submitted(self, message: Prompt.Submitted) -> None:
        self.said.append(("submitted", message.value))

    def on_prompt_cancelled(self, message: Prompt.Cancelled) -> None:
        self.said.append("cancelled")


async def test_a_question_shows_what_will_change_and_enter_says_yes() -> None:
    app = AskingApp()
    async with app.run_test(size=(80, 24)) as pilot:
        app.ask(Confirm("Promote churn 3?", ["staging → production", Cell("replaces 2", "warning")], yes="promote"))
        await sees(pilot, "Promote churn 3?", "replaces 2", "enter promote")
        await pilot.press("enter")
        assert app.answers == [True]


async def test_escape_answers_nothing() -> None:
    app = AskingApp()
    async with app.run_test(size=(80, 24)) as pilot:
        for dialog in (Confirm("Sure?"), Choose("Which?", [Option("a", "a")]), Ask("What?")):
            app.ask(dialog)
            await sees(pilot, "esc cancel")
            await pilot.press("escape")
        assert app.answers == [None, None, None]


async def test_a_choice_answers_with_its_key() -> None:
    app = AskingApp()
    async with app.run_test(size=(80, 24)) as pilot:
        options = [Option(str(number), f"option {number}", "note") for number in range(30)]
        app.ask(Choose("Which?", options, chosen="20"))
        await sees(pilot, "option 20")
        await pilot.press("j", "enter")
        assert app.answers == ["21"]


async def test_a_text_is_checked_as_it_is_typed_and_accepted_only_when_right() -> None:
    def check(text: str) -> str:
        return "no spaces, please" if " " in text else ""

    app = AskingApp()
    async with app.run_test(size=(80, 24)) as pilot:
        app.ask(Ask("Name?", check=check))
        await pilot.press(*"a b")
        await sees(pilot, "no spaces, please")
        await pilot.press("enter")
        assert app.answers == []
        await pilot.press("backspace", "backspace", "enter")
        assert app.answers == ["a"]


async def test_hostile_text_in_a_dialog_is_text() -> None:
    app = AskingApp()
    async with app.run_test(size=(80, 24)) as pilot:
        app.ask(Choose("[/] \x1b[31m?", [Option("a", "[bold]x[/] [/]")], lines=["[link=x]y \x07"]))
        text = await sees(pilot, "[bold]x[/] [/]", "[/] ␛[31m?", "[link=x]y ␇")
        assert "\x1b" not in text


async def test_a_dialog_fits_a_small_terminal() -> None:
    app = AskingApp()
    async with app.run_test(size=(40, 10)) as pilot:
        app.ask(Choose("Which?", [Option(str(number), f"option {number}") for number in range(30)]))
        await sees(pilot, "option 0")
        await until(pilot, lambda: len(rendered(app).splitlines()) == 10)
        await pilot.press("G", "enter")
        assert app.answers == ["29"]


async def test_tab_and_arrows_take_no_completion_of_what_stood_there_before() -> None:
    app = AskingApp()
    async with app.run_test(size=(80, 24)) as pilot:
        await app.screen.mount(prompt := Prompt("/"))
        await pilot.press(*"pa")
        prompt.offer([Completion("params."), Completion("params.seed")])
        await pilot.press(*"rams.mo", "tab", "down")
        assert prompt.value == "params.mo", "what was offered was for another text"
        prompt.offer([Completion("params.model")])
        assert prompt.value == "params.model", "tab takes what fits as soon as that is known"


async def test_a_prompt_tells_each_change_and_the_end() -> None:
    app = AskingApp()
    async with app.run_test(size=(80, 24)) as pilot:
        await app.screen.mount(Prompt("/", "", "a filter"))
        await sees(pilot, "a filter")
        await pilot.press("a", "b", "enter", "escape")
        assert app.said == [("changed", "a"), ("changed", "ab"), ("submitted", "ab"), "cancelled"]


async def test_a_prompt_shows_what_is_wrong_and_hides_it_again() -> None:
    app = AskingApp()
    async with app.run_test(size=(80, 24)) as pilot:
        await app.screen.mount(prompt := Prompt("/"))
        prompt.say("unknown key 'acu' [/]\ndid you mean 'auc'?")
        await sees(pilot, "unknown key 'acu' [/]", "did you mean 'auc'?")
        prompt.say("")
        await pilot.pause()
        assert "unknown" not in rendered(app)


async def test_of_long_completions_the_ends_are_seen_in_which_they_differ() -> None:
    app = AskingApp()
    async with app.run_test(size=(60, 24)) as pilot:
        await app.screen.mount(prompt := Prompt("/"))
        await pilot.pause()
        begun = "metrics.validation_auc > 0.5 AND " * 3
        prompt.offer([Completion(f"{begun}params.{key}", "param") for key in ("depth", "rate")])
        await sees(pilot, "AND params.depth  param", "AND params.rate  param", "…")


async def test_completions_are_taken_by_tab_and_chosen_by_arrows() -> None:
    app = AskingApp()
    async with app.run_test(size=(80, 24)) as pilot:
        await app.screen.mount(prompt := Prompt(":"))
        prompt.offer([Completion(f"word{number}", f"note [/] {number}") for number in range(12)])
        await sees(pilot, "word0", "note [/] 7", "4 more")
        await pilot.press("tab")
        assert prompt.value == "word0"
        await pilot.press("down", "down")
        assert prompt.value == "word1"
        await pilot.press("up", "up")
        assert prompt.value == "word11"
        await sees(pilot, "word11")
