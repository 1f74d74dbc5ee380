"""Pictures on a real terminal: by kitty's protocol where it is answered for, with characters everywhere else."""

from __future__ import annotations

import io
import shlex
import signal
import sys
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

import pytest
from kitty import Kitty
from PIL import Image, ImageDraw
from projects import dashboard
from run_screens import add_run, make_store
from ssh import SshServer
from terminal import Terminal

from mlops_tui.ui.placeholders import PLACEHOLDER, marks

pytestmark = pytest.mark.terminal


def png(colour: str, size: tuple[int, int] = (600, 300)) -> bytes:
    buffer = io.BytesIO()
    image = Image.new("RGB", size, colour)
    ImageDraw.Draw(image).ellipse((20, 20, size[0] - 20, size[1] - 20), fill="black")
    image.save(buffer, "PNG")
    return buffer.getvalue()


def has_blocks(text: str) -> bool:
    return any(sign in text for sign in "▛▜▙▟▞▚▌▐▀▄")


@contextmanager
def looking(root: Path, kitty: Kitty | None, command: Sequence[str] = (), **env: str | None) -> Iterator[Terminal]:
    """The dashboard, looking at the artifacts of a run; the first is a picture."""
    with make_store(root) as store:
        add_run(store, "one", files={"a.png": png("red"), "b.txt": b"hello", "c.png": png("blue", (300, 300))})
    with Terminal(
        [*command, str(root)] if command else dashboard(root), size=(120, 40), env=env, graphics=kitty
    ) as terminal:
        terminal.wait("q quit")
        terminal.quiet(0.3)
        terminal.send("enter")
        terminal.wait("1 overview")
        terminal.send("5")
        terminal.wait("PNG 600 × 300")
        yield terminal


def pictured(terminal: Terminal) -> set[int]:
    """The numbers of the pictures that cells of the screen name; none while a cell is not that of the right part."""
    numbers = set()
    first: dict[int, tuple[int, int]] = {}
    with terminal._changed:
        for y, line in terminal._screen.buffer.items():
            for x, cell in line.items():
                if cell.data.startswith(PLACEHOLDER):
                    if len(cell.data) < 4:
                        return set()  # its marks are still on their way
                    row, column = marks().index(cell.data[1]), marks().index(cell.data[2])
                    number = marks().index(cell.data[3])
                    top, left = first.setdefault(number, (y - row, x - column))
                    if (y - row, x - column) != (top, left):
                        return set()
                    numbers.add(number)
    return numbers


def test_a_picture_stays_when_so_many_looks_were_met_that_they_are_given_up(tmp_path: Path) -> None:
    few = "import sys; from mlops_tui.ui import cells; from mlops_tui import cli; cells.MOST = 8; sys.exit(cli.main())"
    kitty = Kitty()
    with looking(tmp_path, kitty, (sys.executable, "-c", few)) as terminal:
        terminal.wait(lambda _: kitty.pictures and pictured(terminal))
        terminal.send("y")
        terminal.wait("copied")  # which changes a line, and no more
        terminal.quiet(0.5)
        terminal.wait(lambda _: kitty.pictures and pictured(terminal))
        terminal.send("q")
        assert terminal.wait_exit() == 0
    assert kitty.faults == []


def test_kitty_is_sent_pictures_while_their_cells_are_shown_and_nothing_else(tmp_path: Path) -> None:
    kitty = Kitty()
    with looking(tmp_path, kitty) as terminal:
        terminal.wait(lambda _: kitty.pictures and pictured(terminal))
        (number,) = kitty.pictures
        assert pictured(terminal) == {number >> 24}
        with Image.open(io.BytesIO(kitty.pictures[number])) as image:
            columns, rows = kitty.sizes[number]
            assert image.getpixel((5, 5)) == (255, 0, 0)
            assert abs(columns * 9 / (rows * 18) - 2) < 0.1  # by the size of a cell that it told
            assert image.width <= columns * 9
        assert terminal.text.count(PLACEHOLDER) == columns * rows
        assert f"38;5;{number & 255}".encode() in terminal.output
        assert terminal.quiet(0.5) == terminal.quiet(0.5)
        # covered by a dialog in part, it stays; what covers it is not drawn through
        terminal.send("n")
        terminal.wait("Note")
        assert not kitty.deleted
        terminal.send("esc")
        terminal.wait(lambda text: text.count(PLACEHOLDER) == columns * rows)
        # another artifact, back again, and another screen
        terminal.send("j")
        terminal.wait("hello")
        terminal.wait(lambda _: kitty.deleted == [number] and not kitty.pictures)
        terminal.send("j")
        terminal.wait(lambda _: len(kitty.pictures) == 1 and pictured(terminal))
        second = next(iter(kitty.pictures))
        terminal.send("esc")
        terminal.wait(lambda _: not kitty.pictures)
        terminal.send("]")
        terminal.wait(lambda _: second in kitty.pictures and pictured(terminal))
        terminal.send("q")
        assert terminal.wait_exit() == 0
        terminal.wait(lambda _: not kitty.pictures)
        written = bytes(terminal.output)
        assert written.rindex(b"\x1b_Ga=d") < written.rindex(b"\x1b[?1049l")
    assert kitty.faults == []
    assert kitty.questions == 1


@pytest.mark.slow
@pytest.mark.parametrize("code", [signal.SIGTERM, signal.SIGHUP])
def test_pictures_are_deleted_when_a_signal_ends_it(tmp_path: Path, code: signal.Signals) -> None:
    kitty = Kitty()
    with looking(tmp_path, kitty) as terminal:
        terminal.wait(lambda _: kitty.pictures)
        terminal.process.send_signal(code)
        assert terminal.wait_exit() == 128 + code
        if code == signal.SIGTERM:  # after the other one nobody is there
            terminal.wait(lambda _: not kitty.pictures)


@pytest.mark.slow
def test_a_terminal_that_answers_nothing_gets_blocks_and_a_late_answer_is_no_key(tmp_path: Path) -> None:
    kitty = Kitty()
    kitty.is_silent = True
    with looking(tmp_path, kitty) as terminal:
        terminal.wait(has_blocks)
        assert not kitty.pictures
        terminal.send("j")
        terminal.wait("hello")
        terminal.send("k")
        terminal.wait(has_blocks)
        terminal.answer()
        terminal.wait(lambda text: kitty.pictures and PLACEHOLDER in text and not has_blocks(text))
        assert "PNG 600 × 300" in terminal.text  # of the answers no key was made
        assert kitty.questions == 1
    assert kitty.faults == []


@pytest.mark.slow
@pytest.mark.parametrize(
    "kitty", [Kitty("WezTerm 20240203"), Kitty("kitty(0.26.5)"), Kitty("XTerm(390)", knows_graphics=False)]
)
def test_a_terminal_without_placeholders_gets_blocks(tmp_path: Path, kitty: Kitty) -> None:
    with looking(tmp_path, kitty) as terminal:
        terminal.wait(has_blocks)
        assert kitty.questions == 1
        assert not kitty.pictures
        terminal.send("j")
        terminal.wait("hello")


@pytest.mark.slow
def test_a_terminal_with_sixels_is_painted_on_where_nothing_covers_the_picture(tmp_path: Path) -> None:
    terminal_graphics = Kitty("XTerm(398)", knows_graphics=False, attributes="63;1;2;4")
    painted = terminal_graphics.painted
    with looking(tmp_path, terminal_graphics) as terminal:
        terminal.wait(lambda _: sum(height for *_, height in painted) == 300)
        (left,) = {x for _, x, _, _ in painted}
        (wide,) = {width for _, _, width, _ in painted}
        top, high = painted[0][0], sum(height for *_, height in painted)
        assert abs(wide / high - 2) < 0.05
        assert [y for y, *_ in painted] == list(range(top, top + 4 * len(painted), 4))
        assert all(height % 6 == 0 for *_, height in painted)
        before = terminal.quiet(0.5)
        terminal.send("n")  # a dialog over a part of it
        terminal.wait("Note")
        terminal.quiet(0.5)
        assert b"\x1bP" not in terminal.output[before:]
        count = len(painted)
        terminal.send("esc")
        terminal.wait(lambda text: "Note" not in text and len(painted) > count)
        terminal.quiet(0.5)
        assert len(painted) < 2 * count  # only what was covered
        assert {x for _, x, _, _ in painted} == {left}
        terminal.send("q")
        assert terminal.wait_exit() == 0
        written = bytes(terminal.output)
        assert written.rindex(b"\x1b[2J") < written.rindex(b"\x1b[?1049l")


@pytest.mark.slow
@pytest.mark.parametrize("env", [{"NO_COLOR": "1"}, {"TERM": "linux"}, {"MLOPS_IMAGES": "blocks"}, {"STY": "1.tty"}])
def test_nothing_is_asked_where_it_is_clear(tmp_path: Path, env: dict[str, str]) -> None:
    kitty = Kitty()
    with looking(tmp_path, kitty, **env) as terminal:
        terminal.quiet(0.7)
        assert not kitty.questions
        assert not kitty.pictures
        assert PLACEHOLDER not in terminal.text


@pytest.mark.slow
def test_a_picture_follows_the_size_of_the_terminal_a_redraw_and_the_configuration(tmp_path: Path) -> None:
    kitty = Kitty()
    with looking(tmp_path, kitty) as terminal:
        terminal.wait(lambda _: kitty.pictures)
        (first,) = kitty.pictures
        terminal.resize(90, 30)
        terminal.wait(lambda _: kitty.pictures and first not in kitty.pictures and pictured(terminal))
        terminal.quiet(0.7)  # the size of the picture may change twice
        terminal.send("\x0c")
        terminal.wait(lambda _: any(number in kitty.deleted for number in kitty.pictures))
        (tmp_path / "mlops.toml").write_text("[ui]\nimages = 'blocks'\n")
        terminal.wait(lambda text: has_blocks(text) and PLACEHOLDER not in text and not kitty.pictures)
    assert kitty.faults == []


@pytest.mark.slow
@pytest.mark.needs("tmux")
@pytest.mark.parametrize("passes", ["on", "off"])
def test_inside_tmux_pictures_go_to_the_terminal_around_if_it_lets_them_through(tmp_path: Path, passes: str) -> None:
    with make_store(tmp_path) as store:
        add_run(store, "one", files={"a.png": png("red")})
    (tmp_path / "tmux.conf").write_text(f"set -g allow-passthrough {passes}\n")
    tmux = ["tmux", "-S", str(tmp_path / "socket"), "-f", str(tmp_path / "tmux.conf")]
    kitty = Kitty()
    with Terminal([*tmux, "new-session", *dashboard(tmp_path)], size=(120, 40), graphics=kitty) as terminal:
        terminal.wait("q quit")
        terminal.quiet(0.3)
        terminal.send("enter")
        terminal.wait("1 overview")
        terminal.send("5")
        if passes == "on":
            terminal.wait(lambda _: kitty.pictures and pictured(terminal))
            terminal.send("q")
            terminal.wait(lambda _: not kitty.pictures)
        else:
            terminal.wait(has_blocks)
            terminal.send("q")
        assert terminal.wait_exit() == 0
    assert kitty.faults == []
    assert kitty.questions == 0


@pytest.mark.slow
@pytest.mark.needs("sshd", "ssh")
def test_over_ssh_pictures_reach_the_terminal_at_the_other_end(tmp_path: Path) -> None:
    kitty, root = Kitty("ghostty 1.2.0"), tmp_path / "project"
    root.mkdir()
    with make_store(root) as store:
        add_run(store, "one", files={"a.png": png("red")})
    with SshServer(tmp_path / "ssh") as server:
        remote = "LANG=C.UTF-8 " + shlex.join(dashboard(root))
        with Terminal(server.command(remote), size=(100, 30), graphics=kitty) as terminal:
            terminal.wait("q quit")
            terminal.quiet(0.3)
            terminal.send("enter")
            terminal.wait("1 overview")
            terminal.send("5")
            terminal.wait(lambda _: kitty.pictures and pictured(terminal))
            terminal.send("q")
            assert terminal.wait_exit() == 0
            assert not kitty.pictures
    assert kitty.faults == []


@pytest.mark.slow
def test_a_word_of_the_environment_that_is_none_is_refused(tmp_path: Path) -> None:
    with Terminal(dashboard(tmp_path), env={"MLOPS_IMAGES": "kity"}) as terminal:
        assert terminal.wait_exit() == 2
        terminal.wait("did you mean 'kitty'?")
