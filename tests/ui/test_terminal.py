"""The dashboard on a real terminal: what it writes, what it survives, and how it leaves."""

from __future__ import annotations

import os
import pty
import re
import signal
import subprocess
import time
from pathlib import Path

import pytest
from projects import add_runs, dashboard, project_with_runs
from run_screens import add_run, make_store
from terminal import Terminal

from mlops_store.store import Store
from mlops_tui import pipeline
from mlops_tui.project import Project

pytestmark = pytest.mark.terminal

MANY = [f"run-{number:02d}" for number in range(60)]
MOST_BYTES_OF_A_CURSOR_MOVE = 700


def opened(root: Path, *, size: tuple[int, int] = (120, 40), env: dict[str, str | None] | None = None) -> Terminal:
    """The dashboard with everything drawn."""
    terminal = Terminal(dashboard(root), size=size, env=env)
    terminal.wait("q quit")
    terminal.quiet(0.7)
    return terminal


def test_a_cursor_move_writes_few_bytes_and_idle_writes_none(tmp_path: Path) -> None:
    project_with_runs(tmp_path, MANY)
    with opened(tmp_path) as terminal:
        before = terminal.quiet(1.5)
        for key in ("down", "down", "up"):
            terminal.send(key)
            time.sleep(0.2)  # the move is on its way; quiet() alone could see the silence before it
            after = terminal.quiet(0.4)
            assert 0 < after - before <= MOST_BYTES_OF_A_CURSOR_MOVE
            before = after
        time.sleep(3.0)
        assert terminal.quiet(0.5) == before


@pytest.mark.parametrize("number", [signal.SIGHUP, signal.SIGTERM])
def test_a_signal_to_leave_ends_it_with_the_signals_code(tmp_path: Path, number: signal.Signals) -> None:
    project_with_runs(tmp_path)
    with opened(tmp_path) as terminal:
        terminal.process.send_signal(number)
        assert terminal.wait_exit() == 128 + number


def test_the_terminal_is_given_back_as_it_was(tmp_path: Path) -> None:
    project_with_runs(tmp_path)
    with opened(tmp_path) as terminal:
        terminal.send("q")
        assert terminal.wait_exit() == 0
        written = bytes(terminal.output)
        for sequence in (b"\x1b[?1049l", b"\x1b[?25h", b"\x1b[?1000l", b"\x1b[?2004l", b"\x1b[?7h"):
            assert sequence in written


def test_it_ends_when_its_terminal_is_gone(tmp_path: Path) -> None:
    project_with_runs(tmp_path)
    master, slave = pty.openpty()
    # without a controlling terminal there is no SIGHUP: only reading and looking tell
    process = subprocess.Popen(
        dashboard(tmp_path), stdin=slave, stdout=slave, stderr=slave, start_new_session=True,
        env=dict(os.environ, TERM="xterm-256color"),
    )  # fmt: skip
    os.close(slave)
    assert os.read(master, 65536)
    os.close(master)
    try:
        assert process.wait(timeout=30) == 128 + signal.SIGHUP
    finally:
        process.kill()


def test_it_leaves_although_the_terminal_takes_no_more_bytes(tmp_path: Path) -> None:
    project_with_runs(tmp_path, MANY)
    master, slave = pty.openpty()
    process = subprocess.Popen(
        dashboard(tmp_path), stdin=slave, stdout=slave, stderr=slave, start_new_session=True,
        env=dict(os.environ, TERM="xterm-256color", COLUMNS="200", LINES="60"),
    )  # fmt: skip
    os.close(slave)
    try:
        written = b""
        while b"run-59" not in written:
            written += os.read(master, 65536)
        for _ in range(15):  # nobody reads what this draws
            os.write(master, b"G")
            os.write(master, b"g")
            os.write(master, b"?")
            time.sleep(0.02)
            os.write(master, b"\x1b")
            time.sleep(0.15)
        os.write(master, b"q")
        assert process.wait(timeout=30) == 0
    finally:
        process.kill()
        os.close(master)


def test_a_terminal_that_was_stuck_shows_the_newest_state_when_it_goes_on(tmp_path: Path) -> None:
    project_with_runs(tmp_path, MANY)
    with opened(tmp_path) as terminal:
        terminal.send("G")
        terminal.wait("run-00")
        terminal.send("g")
        assert "run-59" in terminal.wait("run-59")


def test_a_byte_that_is_no_utf8_is_no_end(tmp_path: Path) -> None:
    project_with_runs(tmp_path)
    with opened(tmp_path) as terminal:
        os.write(terminal.master, b"\xff\xfe\x80")
        terminal.send("?")
        terminal.wait("Everywhere")
        assert terminal.process.poll() is None


def test_everything_is_drawn_again_after_stop_and_continue(tmp_path: Path) -> None:
    project_with_runs(tmp_path)
    with opened(tmp_path) as terminal:
        before = terminal.quiet(0.5)
        terminal.process.send_signal(signal.SIGSTOP)
        terminal.process.send_signal(signal.SIGCONT)
        terminal.wait(lambda _: b"third" in terminal.output[before:])
        terminal.send("?")
        terminal.wait("Everywhere")


def test_suspending_gives_the_terminal_back_and_continuing_takes_it_again(tmp_path: Path) -> None:
    project_with_runs(tmp_path)
    with opened(tmp_path) as terminal:
        before = terminal.quiet(0.5)
        terminal.send("\x1a")
        terminal.wait(lambda _: b"\x1b[?1049l" in terminal.output[before:])
        while os.waitpid(terminal.process.pid, os.WUNTRACED | os.WNOHANG) == (0, 0):
            time.sleep(0.01)
        before = len(terminal.output)
        terminal.process.send_signal(signal.SIGCONT)
        terminal.wait(lambda _: b"third" in terminal.output[before:])
        terminal.send("?")
        terminal.wait("Everywhere")


def test_a_terminal_of_20_by_5_says_that_it_is_too_small_and_a_larger_one_shows_all(tmp_path: Path) -> None:
    project_with_runs(tmp_path)
    terminal = Terminal(dashboard(tmp_path), size=(20, 5))
    with terminal:
        terminal.wait("too")
        for key in ("down", "?", "esc", ":", "esc", "tab"):
            terminal.send(key)
            time.sleep(0.2)  # an escape followed at once by a key would be alt and that key
        assert terminal.process.poll() is None
        terminal.resize(100, 30)
        terminal.wait("third")
        terminal.send("q")
        assert terminal.wait_exit() == 0


@pytest.mark.parametrize("size", [(80, 24), (200, 60), (37, 10)])
def test_every_pane_is_named_at_any_size(tmp_path: Path, size: tuple[int, int]) -> None:
    project_with_runs(tmp_path)
    with opened(tmp_path, size=size) as terminal:
        assert all(title in terminal.text for title in ("1 Experiments",))
        terminal.send("4")
        terminal.wait("4 Drift")


def test_a_line_that_goes_with_a_filter_leaves_nothing_behind(tmp_path: Path) -> None:
    with make_store(tmp_path) as store:
        for number in range(30):
            add_run(store, f"run-{number}", values={"auc": number / 30}, curves={"loss": [1.0, 0.5, number]})
    with opened(tmp_path, size=(200, 60)) as terminal:
        terminal.wait("run-29")
        terminal.send(":", "runs", "enter")
        terminal.wait("Runs 30")
        terminal.quiet(0.3)
        for _ in range(3):
            terminal.send("/", "metrics.auc > 0.5 AND " * 9 + "params.x")
            terminal.wait("AND params.x")
            terminal.quiet(0.3)
            terminal.send("esc")
            terminal.wait(lambda text: "AND" not in text and "Runs 30" in text)
            terminal.quiet(0.5)
            shown = terminal.text
            terminal.send("ctrl+l")
            terminal.quiet(0.3)
            assert terminal.text == shown


def test_a_smaller_terminal_shows_no_rest_of_the_larger_one(tmp_path: Path) -> None:
    project_with_runs(tmp_path)
    with opened(tmp_path, size=(120, 40)) as terminal:
        terminal.resize(80, 24)
        terminal.wait(lambda text: text.splitlines()[-1].strip().endswith("quit"))
        terminal.quiet(0.5)
        assert all(len(line) <= 80 for line in terminal.text.splitlines())
        assert terminal.text.count("1 Experiments") == 1


HOSTILE = [
    "\x1b[31mred\x1b]0;title\x07",
    "[bold]markup[/] [/]",
    "new\nline",
    "right\u202eleft",
    "x" * 10_000,
    "\x9b31m",
]


def test_hostile_names_reach_the_terminal_only_as_text(tmp_path: Path) -> None:
    project_with_runs(tmp_path, HOSTILE)
    with opened(tmp_path) as terminal:
        terminal.wait("[bold]markup[/]")
        written = bytes(terminal.output).decode("utf-8", "replace")
        assert "\x1b[31mred" not in written
        assert "\x1b]0;title" not in written
        assert "\u202e" not in written
        assert "\x9b31m" not in written


def test_what_another_process_commits_appears(tmp_path: Path) -> None:
    project_with_runs(tmp_path)
    with opened(tmp_path) as terminal, Store(str(tmp_path / ".mlops" / "store.db")) as store:
        add_runs(store, ["from-elsewhere"], at=1_700_100_000.0)
        terminal.wait("from-elsewhere")


def test_an_empty_directory_stays_empty_and_shows_what_to_do(tmp_path: Path) -> None:
    with opened(tmp_path) as terminal:
        for words in ("mlops-tui demo", "mlops-tui init", "import mlops_tui", "mlops-tui run"):
            assert words in terminal.text
        terminal.send("q")
        assert terminal.wait_exit() == 0
    assert os.listdir(tmp_path) == []


def test_a_store_that_is_made_meanwhile_appears(tmp_path: Path) -> None:
    with opened(tmp_path) as terminal:
        project_with_runs(tmp_path, ["just-made"])
        terminal.wait("just-made")


def test_the_size_is_the_terminals_whatever_the_environment_says(tmp_path: Path) -> None:
    project_with_runs(tmp_path)
    with opened(tmp_path, size=(100, 30), env={"COLUMNS": "200", "LINES": "60"}) as terminal:
        assert terminal.quiet(1.5) > 0  # it is not laid out for the one and the other size in turn
        assert "q quit" in terminal.text.splitlines()[29]
        assert max(map(len, terminal.text.splitlines())) == 100


def test_a_log_is_shown_whole_although_its_pane_had_no_room_when_it_was_loaded(tmp_path: Path) -> None:
    (tmp_path / "dvc.yaml").write_text(
        "stages:\n  a:\n    cmd: printf one\n  b:\n    cmd: printf 'begin\\n1\\n2\\n3\\nlast\\n'\n"
    )
    Store(str(tmp_path / ".mlops" / "store.db")).close()
    pipeline.wait(Project(str(tmp_path)), pipeline.start(Project(str(tmp_path)), targets=["b"]))
    with opened(tmp_path, size=(80, 24)) as terminal:
        terminal.send(":pipeline", "enter")
        terminal.wait("has not run here")
        terminal.quiet(0.5)  # with the layout of the remark settled, the pane of the log has no height
        terminal.send("j")
        terminal.wait("begin")
        terminal.wait(lambda text: re.search(r"^│last", text, re.MULTILINE), timeout_s=10)


def test_no_color_writes_no_colours_and_shows_the_same_text(tmp_path: Path) -> None:
    project_with_runs(tmp_path)
    with opened(tmp_path, env={"NO_COLOR": "1"}) as terminal:
        assert "✓" in terminal.text
        codes = {code for codes in re.findall(rb"\x1b\[([\d;]*)m", terminal.output) for code in codes.split(b";")}
        assert codes <= {b"", b"0", b"1", b"2", b"3", b"4", b"7"}


@pytest.mark.parametrize(("term", "sign"), [("linux", "+"), ("screen-256color", "✓"), ("xterm", "✓")])
def test_states_are_told_by_signs_on_any_terminal(tmp_path: Path, term: str, sign: str) -> None:
    project_with_runs(tmp_path)
    with opened(tmp_path, env={"TERM": term, "COLORTERM": None}) as terminal:
        line = next(line for line in terminal.text.splitlines() if "third" in line)
        assert f"{sign} " in line
        assert b"38;2;" not in terminal.output


def test_without_a_terminal_it_says_so_and_ends_with_two(tmp_path: Path) -> None:
    done = subprocess.run(dashboard(tmp_path), stdin=subprocess.DEVNULL, capture_output=True, text=True, timeout=60)
    assert "terminal" in done.stderr
    assert "Traceback" not in done.stderr
    assert done.returncode == 2


def test_a_dumb_terminal_is_refused_with_what_helps(tmp_path: Path) -> None:
    with Terminal(dashboard(tmp_path), env={"TERM": "dumb"}) as terminal:
        assert terminal.wait_exit() == 2
        assert "TERM" in terminal.text


def test_the_interpreter_is_not_taken_down_around_the_threads_of_a_dashboard_that_is_left(tmp_path: Path) -> None:
    project_with_runs(tmp_path)
    hooks = tmp_path / "hooks"
    hooks.mkdir()
    hooks.joinpath("sitecustomize.py").write_text(
        f"import atexit, pathlib\natexit.register(pathlib.Path({str(tmp_path / 'taken_down')!r}).touch)\n"
    )
    with Terminal(dashboard(tmp_path), size=(100, 30), env={"PYTHONPATH": str(hooks)}) as terminal:
        terminal.wait("Experiments")
        terminal.send("q")
        assert terminal.wait_exit() == 0
    assert not (tmp_path / "taken_down").exists()


def test_what_is_pasted_is_text_whatever_is_in_it(tmp_path: Path) -> None:
    with opened(tmp_path) as terminal:
        terminal.send(":")
        terminal.wait("jump")
        terminal.send("\x1b[200~ab\x1b[31mc\x1bq\x1b[201~d")
        terminal.wait("ab[31mcqd")
        terminal.send("esc")
        terminal.wait(lambda text: "ab[31m" not in text)
        terminal.send("q")
        assert terminal.wait_exit() == 0
