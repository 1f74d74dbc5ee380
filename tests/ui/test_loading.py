"""Loads run in threads, the newest wins, equal records draw nothing, and errors are shown."""

from __future__ import annotations

import sqlite3
import threading
from pathlib import Path

import pytest
from projects import project_with_runs
from run_screens import until
from screens import settled
from textual.app import App, ComposeResult
from textual.pilot import Pilot

from mlops_store.errors import MlopsError, NotFound
from mlops_store.store import Store
from mlops_tui.config import Config
from mlops_tui.project import Project
from mlops_tui.ui import loading
from mlops_tui.ui.loading import LOOK_STEPS, Loader, Reading, reload_all
from mlops_tui.ui.session import Session


class Counter(Loader[int]):
    """Shows a number that the test sets."""

    def __init__(self) -> None:
        super().__init__()
        self.value = 0
        self.shown: list[int] = []
        self.problems: list[str] = []
        self.loads = 0
        self.gate = threading.Event()
        self.gate.set()
        self.error: Exception | None = None
        self.threads: set[int] = set()

    def load(self, session: Session) -> int:
        self.loads += 1
        self.threads.add(threading.get_ident())
        value = self.value
        self.gate.wait(20)
        if self.error is not None:
            raise self.error
        return value

    def show(self, records: int) -> None:
        self.shown.append(records)

    def show_problem(self, error: MlopsError) -> None:
        self.problems.append(error.message)

    def is_live(self, records: int) -> bool:
        return records < 0


class LoaderApp(App[None]):
    """A loader alone."""

    def __init__(self, root: str) -> None:
        super().__init__()
        self.session = Session(Project(root), Config())
        self.counter = Counter()

    def compose(self) -> ComposeResult:
        yield self.counter


@pytest.fixture
def app(tmp_path: Path) -> LoaderApp:
    return LoaderApp(str(tmp_path))


async def load(pilot: Pilot[None], counter: Counter, value: int) -> None:
    counter.value = value
    counter.reload()
    await settled(pilot)


async def test_records_are_loaded_in_a_thread_and_shown_on_the_loop(app: LoaderApp) -> None:
    async with app.run_test() as pilot:
        await load(pilot, app.counter, 1)
        assert app.counter.shown == [1]
        assert threading.get_ident() not in app.counter.threads


async def test_equal_records_are_not_shown_again(app: LoaderApp) -> None:
    async with app.run_test() as pilot:
        for value in (1, 1, 2, 2):
            await load(pilot, app.counter, value)
        assert app.counter.shown == [1, 2]


async def test_requests_during_a_load_become_one_more(app: LoaderApp) -> None:
    async with app.run_test() as pilot:
        counter = app.counter
        counter.gate.clear()
        counter.reload()
        await until(pilot, lambda: counter.loads == 1)
        for value in (2, 3, 4):
            counter.value = value
            counter.reload()
        counter.gate.set()
        await settled(pilot)
        assert counter.loads == 2
        assert counter.shown[-1] == 4


async def test_a_restart_drops_what_is_under_way(app: LoaderApp) -> None:
    async with app.run_test() as pilot:
        counter = app.counter
        counter.gate.clear()
        counter.value = 1
        counter.reload()
        await until(pilot, lambda: counter.loads == 1)
        counter.value = 2
        counter.reload(restart=True)
        await until(pilot, lambda: counter.loads == 2)
        counter.gate.set()
        await settled(pilot)
        assert counter.shown == [2]


async def test_an_error_is_shown_once_and_records_after_it_again(app: LoaderApp) -> None:
    async with app.run_test() as pilot:
        counter = app.counter
        await load(pilot, counter, 1)
        counter.error = NotFound("gone")
        await load(pilot, counter, 1)
        await load(pilot, counter, 1)
        counter.error = None
        await load(pilot, counter, 1)
        assert counter.problems == ["gone"]
        assert counter.shown == [1, 1]


async def test_a_locked_store_is_an_error_a_person_can_read(app: LoaderApp) -> None:
    async with app.run_test() as pilot:
        error = sqlite3.OperationalError("database is locked")
        error.sqlite_errorcode = sqlite3.SQLITE_BUSY
        app.counter.error = error
        await load(pilot, app.counter, 1)
        assert "locked by another process" in app.counter.problems[0]


async def test_a_programming_error_is_not_hidden(app: LoaderApp) -> None:
    app.counter.error = KeyError("oops")

    async def run() -> None:
        async with app.run_test() as pilot:
            await load(pilot, app.counter, 1)
            await pilot.pause(0.1)

    with pytest.raises(KeyError, match="oops"):
        await run()


async def test_a_problem_with_the_store_is_shown_instead_of_loading(app: LoaderApp) -> None:
    async with app.run_test() as pilot:
        app.session.problem = MlopsError("the store is newer")
        await load(pilot, app.counter, 1)
        assert app.counter.loads == 0
        assert app.counter.problems == ["the store is newer"]


async def test_time_passes_only_while_something_is_live(app: LoaderApp) -> None:
    async with app.run_test() as pilot:
        await load(pilot, app.counter, -1)
        assert app.counter._ticker is not None
        await load(pilot, app.counter, 1)
        assert app.counter._ticker is None


async def test_only_loaders_that_follow_the_project_load_when_its_files_change(app: LoaderApp) -> None:
    async with app.run_test() as pilot:
        reload_all(app.screen, store=False, project=True)
        await settled(pilot)
        assert app.counter.loads == 0
        app.counter.FOLLOWS_PROJECT = True  # type: ignore[misc]
        reload_all(app.screen, store=False, project=True)
        await settled(pilot)
        assert app.counter.loads == 1


def test_a_store_is_opened_when_it_appears_and_never_made(tmp_path: Path) -> None:
    session = Session(Project(str(tmp_path)), Config())
    assert not session.open_store()
    assert list(tmp_path.iterdir()) == []
    project_with_runs(tmp_path)
    assert session.open_store()
    assert session.store is not None
    session.close_store()
    assert session.store is None


def test_only_the_last_acts_are_kept(tmp_path: Path) -> None:
    session = Session(Project(str(tmp_path)), Config())
    for number in range(600):
        session.record(f"command {number}")
    assert len(session.commands) == 500
    assert session.commands[-1].line == "command 599"


def test_a_reading_that_nobody_waits_for_ends_at_once_and_leaves_the_connection_free(tmp_path: Path) -> None:
    begun = threading.Event()
    ended: list[bool] = []
    with Store(str(tmp_path / "store.db")) as store:
        reading = Reading()

        def read() -> None:
            reading.begin(store)
            try:
                with store.snapshot() as db:
                    db.create_function("begun", 0, begun.set)
                    db.execute(
                        "WITH RECURSIVE n(i) AS (SELECT begun() UNION ALL SELECT 1 FROM n) SELECT count(*) FROM n"
                    )
            except sqlite3.OperationalError:
                pass
            finally:
                reading.end()
            ended.append(store.read().in_transaction)

        thread = threading.Thread(target=read)
        thread.start()
        assert begun.wait(20)
        reading.stop()
        thread.join(20)
        assert ended == [False]


def test_what_can_wait_gives_way_and_begins_again_when_nothing_else_comes_first(tmp_path: Path) -> None:
    begun: list[bool] = []
    left = iter([0.001, 0.0])
    with Store(str(tmp_path / "store.db")) as store:
        reading = Reading()
        reading.begin(store)

        def read() -> int:
            begun.append(True)
            steps = 100 * LOOK_STEPS if len(begun) == 1 else 10
            with store.snapshot() as db:
                found: int = db.execute(
                    "WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < ?) "
                    "SELECT count(*) FROM n",
                    (steps,),
                ).fetchone()[0]
                return found

        def left_s() -> float:
            # something comes first, nothing does, then something while it reads, and nothing from there on
            return next(left, 0.001 if len(begun) == 1 and store.read().in_transaction else 0.0)

        assert reading.at_rest(left_s, read) == 10
        assert len(begun) == 2
        assert not store.read().in_transaction
        reading.stop()
        assert reading.at_rest(lambda: 0.0, read) is None
        assert len(begun) == 2
        reading.end()


def test_what_goes_wrong_while_it_could_give_way_is_told(tmp_path: Path) -> None:
    with Store(str(tmp_path / "store.db")) as store:
        reading = Reading()
        reading.begin(store)
        with pytest.raises(sqlite3.OperationalError, match="no such table"):
            reading.at_rest(lambda: 0.0, lambda: store.read().execute("SELECT 1 FROM absent"))
        reading.end()


def test_what_can_wait_is_read_in_the_end_however_many_keys_come(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(loading, "MOST_REST_S", 0.05)
    with Store(str(tmp_path / "store.db")) as store:
        reading = Reading()
        reading.begin(store)
        assert reading.at_rest(lambda: 0.15, lambda: "read") == "read"
        reading.end()
