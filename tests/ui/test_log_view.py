"""The window on a log: the newest lines stay in sight until one scrolls up."""

from __future__ import annotations

from pathlib import Path

from run_screens import sees
from screens import rendered, settled
from textual.app import App, ComposeResult

from mlops_tui.ui.widgets.log_view import LogView


class LogApp(App[None]):
    """A log alone."""

    def compose(self) -> ComposeResult:
        yield LogView()

    @property
    def log_view(self) -> LogView:
        return self.query_one(LogView)


def written(path: Path, count: int) -> Path:
    path.write_text("".join(f"line {number}\n" for number in range(count)))
    return path


async def test_the_end_of_a_log_is_shown_and_what_is_appended_follows(tmp_path: Path) -> None:
    path = written(tmp_path / "log", 500)
    app = LogApp()
    async with app.run_test(size=(40, 10)) as pilot:
        app.log_view.show(str(path))
        await sees(pilot, "line 499")
        with path.open("a") as log:
            log.write("appended\n")
        await sees(pilot, "appended")


async def test_who_scrolled_up_is_left_there_and_f_follows_again(tmp_path: Path) -> None:
    path = written(tmp_path / "log", 500)
    app = LogApp()
    async with app.run_test(size=(40, 10)) as pilot:
        app.log_view.show(str(path))
        app.log_view.text.focus()
        await sees(pilot, "line 499")
        await pilot.press("g")
        await sees(pilot, "line 0")
        with path.open("a") as log:
            log.write("appended\n")
        await settled(pilot)
        assert "line 0" in rendered(app)
        await pilot.press("f")
        await sees(pilot, "appended")


async def test_a_log_that_does_not_exist_yet_appears_when_it_does(tmp_path: Path) -> None:
    app = LogApp()
    async with app.run_test(size=(40, 10)) as pilot:
        app.log_view.show(str(tmp_path / "later"))
        await sees(pilot, "nothing written yet")
        (tmp_path / "later").write_bytes(b"\x1b[31mfirst\x1b[0m \xff\n")
        await sees(pilot, "first \ufffd")


async def test_lines_further_right_are_reached(tmp_path: Path) -> None:
    (tmp_path / "log").write_text("0123456789" * 20 + "END\n")
    app = LogApp()
    async with app.run_test(size=(40, 10)) as pilot:
        app.log_view.show(str(tmp_path / "log"))
        app.log_view.text.focus()
        await sees(pilot, "0123456789")
        for _ in range(23):
            await pilot.press("l")
        await sees(pilot, "END")


async def test_another_log_replaces_the_first(tmp_path: Path) -> None:
    first, second = written(tmp_path / "a", 50), tmp_path / "b"
    second.write_text("of the second\n")
    app = LogApp()
    async with app.run_test(size=(40, 10)) as pilot:
        app.log_view.show(str(first))
        await sees(pilot, "line 49")
        app.log_view.show(str(second))
        await sees(pilot, "of the second")
        assert "line 49" not in rendered(app)
