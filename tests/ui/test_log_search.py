"""Searching in a log on the screen: as one types, from match to match, to the first error, in files of any size."""

from __future__ import annotations

from pathlib import Path

from run_screens import sees, until
from screens import rendered, settled
from textual.app import App, ComposeResult

from mlops_tui.ui.widgets.log_view import LogView


class LogApp(App[None]):
    """A log alone, with a file in it."""

    def __init__(self, path: Path) -> None:
        super().__init__()
        self.path = path

    def compose(self) -> ComposeResult:
        yield LogView()

    def on_mount(self) -> None:
        self.log_view.show(str(self.path))
        self.log_view.text.focus()

    @property
    def log_view(self) -> LogView:
        return self.query_one(LogView)


def numbered(path: Path, count: int = 500, **special: str) -> Path:
    """A log of numbered lines, some of which are others: ``line40="text"``."""
    lines = [special.get(f"line{number}", f"line {number}") for number in range(count)]
    path.write_text("\n".join(lines) + "\n")
    return path


async def test_matches_are_found_while_one_types_and_counted(tmp_path: Path) -> None:
    app = LogApp(numbered(tmp_path / "log", line40="Needle one", line300="a needle two"))
    async with app.run_test(size=(60, 12)) as pilot:
        await sees(pilot, "line 499")
        await pilot.press("g", "slash", *"needl")
        await sees(pilot, "Needle one", "1 of 2")
        await pilot.press("enter", "n")
        await sees(pilot, "a needle two", "2 of 2")
        await pilot.press("n")
        await sees(pilot, "Needle one", "1 of 2")
        await pilot.press("N")
        await sees(pilot, "a needle two", "2 of 2")
        await pilot.press("escape")
        await until(pilot, lambda: "of 2" not in rendered(app))
        assert "a needle two" in rendered(app)


async def test_upper_case_makes_case_matter(tmp_path: Path) -> None:
    app = LogApp(numbered(tmp_path / "log", line40="Needle one", line300="a needle two"))
    async with app.run_test(size=(60, 12)) as pilot:
        await sees(pilot, "line 499")
        await pilot.press("slash", *"Needle", "enter")
        await sees(pilot, "1 of 1", "Needle one")


async def test_what_is_not_there_is_said_and_escape_goes_back_to_the_text(tmp_path: Path) -> None:
    app = LogApp(numbered(tmp_path / "log"))
    async with app.run_test(size=(60, 12)) as pilot:
        await sees(pilot, "line 499")
        await pilot.press("slash", *"nowhere")
        await sees(pilot, "no line")
        await pilot.press("escape")
        await until(pilot, lambda: "no line" not in rendered(app))
        assert app.focused is app.log_view.text
        assert "line 499" in rendered(app)


async def test_e_goes_to_the_first_error_however_far_up(tmp_path: Path) -> None:
    log = numbered(
        tmp_path / "log",
        line7="validation error: 0.25",
        line100="Traceback (most recent call last):",
        line102="ValueError: no",
        line400="RuntimeError: later",
    )
    app = LogApp(log)
    async with app.run_test(size=(60, 12)) as pilot:
        await sees(pilot, "line 499")
        await pilot.press("e")
        await sees(pilot, "Traceback", "1 of 3")
        await pilot.press("n", "n")
        await sees(pilot, "RuntimeError: later", "3 of 3")


async def test_what_is_appended_while_searching_is_found_too(tmp_path: Path) -> None:
    log = numbered(tmp_path / "log", line40="needle")
    app = LogApp(log)
    async with app.run_test(size=(60, 12)) as pilot:
        await sees(pilot, "line 499")
        await pilot.press("slash", *"needle", "enter")
        await sees(pilot, "1 of 1")
        with log.open("a") as file:
            file.write("another needle\n")
        await sees(pilot, "1 of 2")


async def test_n_means_something_else_without_a_search(tmp_path: Path) -> None:
    app = LogApp(numbered(tmp_path / "log"))
    async with app.run_test(size=(60, 12)) as pilot:
        await sees(pilot, "line 499")
        await pilot.press("n", "N")
        await settled(pilot)
        assert "line 499" in rendered(app)


async def test_another_log_ends_the_search(tmp_path: Path) -> None:
    app = LogApp(numbered(tmp_path / "log", line40="needle"))
    async with app.run_test(size=(60, 12)) as pilot:
        await sees(pilot, "line 499")
        await pilot.press("slash", *"needle", "enter")
        await sees(pilot, "1 of 1")
        app.log_view.show(str(numbered(tmp_path / "other", 20)))
        await sees(pilot, "line 19")
        assert "of 1" not in rendered(app)


async def test_keys_are_answered_while_a_large_log_is_searched(tmp_path: Path) -> None:
    log = tmp_path / "log"
    with log.open("wb") as file:
        for _ in range(400):
            file.write(b"an ordinary line of a log that is rather long\n" * 2000)
        file.write(b"the needle\n")
    app = LogApp(log)
    async with app.run_test(size=(60, 12)) as pilot:
        await sees(pilot, "the needle")
        await pilot.press("g", "slash", *"needle")
        assert "needle" in rendered(app)
        await sees(pilot, "the needle", "1 of 1")
