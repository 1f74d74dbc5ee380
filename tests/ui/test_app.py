"""What is the same on every screen: going places, help, the command log, undo, copying, the user's keys."""

from __future__ import annotations

import gc
import threading
from pathlib import Path

import pytest
from projects import project_with_runs
from run_screens import sees, until
from screens import rendered, settled
from textual.app import App
from textual.widgets import Input, OptionList

from mlops_store.errors import Busy, MlopsError, Refused, SpecError, StoreBusy
from mlops_tui.config import Config, UiConfig
from mlops_tui.project import Project
from mlops_tui.ui import messages
from mlops_tui.ui.app import MlopsApp
from mlops_tui.ui.places import Place
from mlops_tui.ui.screens.acts import perform
from mlops_tui.ui.screens.base import ProjectScreen
from mlops_tui.ui.session import AT_WORK
from mlops_tui.ui.widgets.key_bar import KeyBar

WIDE = (120, 40)


def dashboard(root: Path, start: str = "overview", config: Config | None = None) -> MlopsApp:
    return MlopsApp(Project(str(root)), config, start=start)


def place(app: MlopsApp) -> str:
    return str(app.screen.place) if isinstance(app.screen, ProjectScreen) else ""


def _options(app: MlopsApp) -> list[str]:
    """What the palette offers, without the remarks."""
    return [str(option.prompt).split("\n")[0] for option in app.screen.query_one(OptionList).options]


async def test_a_jump_goes_to_a_screen_and_escape_comes_back(tmp_path: Path) -> None:
    project_with_runs(tmp_path)
    app = dashboard(tmp_path)
    async with app.run_test(size=WIDE) as pilot:
        await pilot.press(":", *"runs", "enter")
        await until(pilot, lambda: place(app) == "runs")
        await pilot.press(":", *"events", "enter")
        await until(pilot, lambda: place(app) == "events")
        await pilot.press("escape")
        await until(pilot, lambda: place(app) == "runs")
        await pilot.press("escape")
        await until(pilot, lambda: place(app) == "overview")
        await pilot.press("escape")
        assert place(app) == "overview"


async def test_brackets_go_back_and_forward_through_the_history(tmp_path: Path) -> None:
    project_with_runs(tmp_path)
    app = dashboard(tmp_path)
    async with app.run_test(size=WIDE) as pilot:
        for name in ("runs", "events", "commands"):
            app.go(Place(name))
            await until(pilot, lambda name=name: place(app) == name)  # type: ignore[misc]
        for key, expected in [("[", "events"), ("[", "runs"), ("]", "events"), ("]", "commands"), ("]", "commands")]:
            await pilot.press(key)
            await until(pilot, lambda expected=expected: place(app) == expected)  # type: ignore[misc]


async def test_a_screen_that_was_left_is_found_as_it_was(tmp_path: Path) -> None:
    project_with_runs(tmp_path)
    app = dashboard(tmp_path, "events")
    async with app.run_test(size=WIDE) as pilot:
        await settled(pilot)
        screen = app.screen
        app.go(Place("runs"))
        await until(pilot, lambda: place(app) == "runs")
        await pilot.press("[")
        await until(pilot, lambda: app.screen is screen)


async def test_many_places_keep_few_screens_and_all_can_be_gone_back_to(tmp_path: Path) -> None:
    project_with_runs(tmp_path)
    app = dashboard(tmp_path)
    async with app.run_test(size=WIDE) as pilot:
        for number in range(14):
            app.go(Place("events", f"word{number}"))
            await settled(pilot)
        assert len(app.kept_screens) <= 10
        for number in range(12, -1, -1):
            await pilot.press("[")
            await until(pilot, lambda number=number: place(app) == f"events /word{number}")  # type: ignore[misc]


async def test_a_jump_completes_names_of_the_store(tmp_path: Path) -> None:
    project_with_runs(tmp_path, ["alpha-otter", "beta-lynx"])
    app = dashboard(tmp_path)
    async with app.run_test(size=WIDE) as pilot:
        await pilot.press(":", *"run lynx")
        await sees(pilot, "beta-lynx  finished")
        await pilot.press("tab", "enter")
        await until(pilot, lambda: place(app).startswith("run "))
        await sees(pilot, "beta-lynx")


async def test_a_jump_that_is_not_understood_says_why_and_stays_open(tmp_path: Path) -> None:
    app = dashboard(tmp_path)
    async with app.run_test(size=WIDE) as pilot:
        await pilot.press(":", *"rnus", "enter")
        await sees(pilot, "no screen is called 'rnus'", "did you mean 'runs'")
        await pilot.press("escape")
        await pilot.press(":", *"compare")
        await sees(pilot, "Two or more runs side by side")
        await pilot.press("enter")
        await sees(pilot, "type its name after a space")
        await pilot.press("escape")
        await until(pilot, lambda: place(app) == "overview")


async def test_letters_typed_into_a_prompt_are_no_commands(tmp_path: Path) -> None:
    app = dashboard(tmp_path)
    async with app.run_test(size=WIDE) as pilot:
        await pilot.press(":", *"q?u@")
        assert app.screen.query_one(Input).value == "q?u@"


async def test_help_names_the_keys_of_this_screen_with_the_users_own(tmp_path: Path) -> None:
    config = Config(ui=UiConfig(keys={"app.undo": "ctrl+y"}))
    app = dashboard(tmp_path, config=config)
    async with app.run_test(size=WIDE) as pilot:
        await settled(pilot)
        await pilot.press("?")
        text = await sees(pilot, "Everywhere", "Overview", "Quit; runs go on")
        assert "Compare the marked runs" not in text
        await pilot.press("G")
        assert "^y" in rendered(app)
        await pilot.press("escape")
        await until(pilot, lambda: place(app) == "overview")


async def test_the_users_own_key_works_and_the_default_does_not(tmp_path: Path) -> None:
    config = Config(ui=UiConfig(keys={"app.commands": "ctrl+g"}))
    app = dashboard(tmp_path, config=config)
    async with app.run_test(size=WIDE) as pilot:
        await pilot.press("@")
        await settled(pilot)
        assert place(app) == "overview"
        await pilot.press("ctrl+g")
        await until(pilot, lambda: place(app) == "commands")


async def test_an_act_is_in_the_command_log_and_can_be_undone(tmp_path: Path) -> None:
    app = dashboard(tmp_path)
    undone: list[str] = []
    async with app.run_test(size=WIDE) as pilot:
        app.screen.post_message(
            messages.Did("mlops-tui runs delete abc", lambda: undone.append("abc"), "deleted abc · u undoes")
        )
        await sees(pilot, "deleted abc")
        await pilot.press("@")
        await sees(pilot, "mlops-tui runs delete abc")
        await pilot.press("u")
        await until(pilot, lambda: undone == ["abc"])
        await sees(pilot, "undone: deleted abc")
        assert [command.line for command in app.session.commands] == [
            "mlops-tui runs delete abc",
            "# undone: mlops-tui runs delete abc",
        ]
        await pilot.press("u")
        await sees(pilot, "nothing to undo")


async def test_an_undo_that_is_refused_says_why(tmp_path: Path) -> None:
    def refuse() -> None:
        raise Refused("it is too late", "nothing helps")

    app = dashboard(tmp_path)
    async with app.run_test(size=WIDE) as pilot:
        app.screen.post_message(messages.Did("x", refuse))
        await settled(pilot)
        await pilot.press("u")
        await sees(pilot, "it is too late — nothing helps")


async def test_an_undo_that_could_work_later_is_kept(tmp_path: Path) -> None:
    failures: list[MlopsError] = [StoreBusy("locked"), Busy("later")]
    undone: list[str] = []

    def undo() -> None:
        if failures:
            raise failures.pop(0)
        undone.append("x")

    app = dashboard(tmp_path)
    async with app.run_test(size=WIDE) as pilot:
        app.screen.post_message(messages.Did("x", undo))
        await settled(pilot)
        for word in ("locked", "later", "undone: x", "nothing to undo"):
            await pilot.press("u")
            await sees(pilot, word)
    assert undone == ["x"]


async def test_an_undo_waits_for_the_act_that_is_at_work_and_takes_that_back(tmp_path: Path) -> None:
    app = dashboard(tmp_path)
    may_end = threading.Event()
    undone: list[str] = []

    def act() -> messages.Did:
        may_end.wait(30)
        return messages.Did("second", lambda: undone.append("second"))

    async with app.run_test(size=WIDE) as pilot:
        assert isinstance(app.screen, ProjectScreen)
        app.screen.post_message(messages.Did("first", lambda: undone.append("first")))
        await until(pilot, lambda: app.session.undos)
        perform(app.screen, act)
        await sees(pilot, AT_WORK)
        await pilot.press("u", "u")
        await sees(pilot, AT_WORK)
        assert undone == []
        may_end.set()
        await until(pilot, lambda: undone == ["second", "first"])
        assert [command.line for command in app.session.commands] == [
            "first",
            "second",
            "# undone: second",
            "# undone: first",
        ]
        assert app.session.acting == []


async def test_a_failure_is_told_until_the_next_key(tmp_path: Path) -> None:
    app = dashboard(tmp_path)
    async with app.run_test(size=WIDE) as pilot:
        await settled(pilot)
        app.screen.post_message(messages.Failed(MlopsError("it [/] broke \x1b[31m", "try again")))
        await sees(pilot, "it [/] broke ␛[31m — try again")
        await pilot.press("j")
        await until(pilot, lambda: app.screen.query_one(KeyBar).notice == "")


async def test_y_copies_what_is_under_the_cursor(tmp_path: Path) -> None:
    project_with_runs(tmp_path)
    app = dashboard(tmp_path)
    async with app.run_test(size=WIDE) as pilot:
        await sees(pilot, "third")
        await pilot.press("y")
        await sees(pilot, "copied")
        assert len(app.clipboard) == 32


async def test_the_palette_finds_screens_acts_and_names(tmp_path: Path) -> None:
    project_with_runs(tmp_path, ["[/] hostile-lynx"])
    app = dashboard(tmp_path)
    async with app.run_test(size=WIDE) as pilot:
        await sees(pilot, "lynx")
        await pilot.press("ctrl+p")
        await sees(pilot, "Go to runs")
        await pilot.press(*"lynx")
        await sees(pilot, "[/] hostile-lynx  finished")
        await until(pilot, lambda: len(_options(app)) == 1)
        await pilot.press("enter")
        await until(pilot, lambda: place(app).startswith("run "))


async def test_the_palette_opens_again_however_soon(tmp_path: Path) -> None:
    app = dashboard(tmp_path)
    async with app.run_test(size=WIDE) as pilot:
        await pilot.press("ctrl+p")
        await until(pilot, lambda: app.screen.id == "--command-palette")
        with app.batch_update():  # no frame is painted between closing and opening
            await pilot.press("escape", "ctrl+p")
        await until(pilot, lambda: app.screen.id == "--command-palette")


async def test_the_palette_changes_the_theme(tmp_path: Path) -> None:
    app = dashboard(tmp_path)
    async with app.run_test(size=WIDE) as pilot:
        await pilot.press("ctrl+p")
        await pilot.press(*"mlops-light")
        await until(pilot, lambda: _options(app) == ["Theme: mlops-light"])
        await pilot.press("enter")
        await until(pilot, lambda: app.theme == "mlops-light")


@pytest.mark.parametrize("name", sorted(App().available_themes))
async def test_every_theme_of_textual_can_be_worn(tmp_path: Path, name: str) -> None:
    project_with_runs(tmp_path)
    app = dashboard(tmp_path, config=Config(ui=UiConfig(theme=name)))
    async with app.run_test(size=(80, 24)) as pilot:
        await sees(pilot, "1 Experiments", "first")


def test_an_unknown_theme_names_the_nearest(tmp_path: Path) -> None:
    with pytest.raises(SpecError, match="mlops-drak") as failure:
        dashboard(tmp_path, config=Config(ui=UiConfig(theme="mlops-drak")))
    assert "mlops-dark" in failure.value.hint


async def test_a_click_on_a_row_moves_the_cursor_and_on_a_pane_focuses_it(tmp_path: Path) -> None:
    project_with_runs(tmp_path)
    app = dashboard(tmp_path)
    async with app.run_test(size=WIDE) as pilot:
        text = await sees(pilot, "first", "4 Drift")
        y = next(y for y, line in enumerate(text.splitlines()) if "first" in line)
        await pilot.click(offset=(6, y))
        assert app.screen.panes[0].table.cursor == 2  # type: ignore[attr-defined]
        await pilot.click(offset=(90, 30))
        await until(pilot, lambda: app.screen.panes[3].has_focus_within)  # type: ignore[attr-defined]


async def test_a_changed_configuration_is_taken_up_and_a_broken_one_told_of(tmp_path: Path) -> None:
    app = dashboard(tmp_path)
    async with app.run_test(size=WIDE) as pilot:
        await sees(pilot, "No runs yet")
        await settled(pilot)
        (tmp_path / "mlops.toml").write_text('[ui]\ntheme = "mlops-light"\n')
        await until(pilot, lambda: app.theme == "mlops-light")
        (tmp_path / "mlops.toml").write_text('[ui]\ntheme = "mlops-ligth"\n')
        await sees(pilot, "no theme is called 'mlops-ligth'", "mlops-light")
        assert app.theme == "mlops-light"


async def test_keys_do_nothing_where_the_terminal_is_too_small_to_show_it(tmp_path: Path) -> None:
    app = MlopsApp(project_with_runs(tmp_path))
    async with app.run_test(size=(20, 5)) as pilot:
        await sees(pilot, "terminal too")
        await pilot.press("colon", "r", "u", "n", "s", "enter")
        await pilot.resize_terminal(80, 24)
        await sees(pilot, "Experiments")
        assert app.screen.heading() != "runs"  # type: ignore[attr-defined]
        await pilot.resize_terminal(20, 5)
        await sees(pilot, "terminal too")
        await pilot.press("q")
    assert app.return_code == 0


async def test_garbage_is_collected_again_once_the_first_screen_is_there(tmp_path: Path) -> None:
    threshold = gc.get_threshold()
    gc.disable()
    try:
        app = dashboard(tmp_path)
        async with app.run_test(size=WIDE) as pilot:
            await until(pilot, gc.isenabled)
    finally:
        gc.enable()
        gc.set_threshold(*threshold)
        gc.unfreeze()
