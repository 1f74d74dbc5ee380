"""Opening the store when all is well, and when the file, the directory, the disk or another process is in the way."""

from __future__ import annotations

import errno
import os
import shutil
import sqlite3
import subprocess
import sys
import threading
import time
import traceback
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from mlops_store import runs, shared_texts
from mlops_store.database import explained
from mlops_store.errors import NotFound, StoreBusy, StoreDamaged, StoreError, StoreFull, StoreReadOnly
from mlops_store.ids import new_id
from mlops_store.store import SCHEMA_VERSION, Store


def filled(path: Path, count: int = 20) -> Path:
    with Store(str(path)) as store, store.write() as db:
        for number in range(count):
            runs.create(db, run_id=new_id(), name=f"run {number}", experiment="default", started_at=float(number))
    return path


def as_nobody(act: Callable[[], None]) -> None:
    """Runs an act in a child process that may not override permissions, and fails when it fails."""
    pid = os.fork()
    if pid == 0:
        code = 1
        try:
            if os.getuid() == 0:
                os.setgid(65534)
                os.setuid(65534)
            act()
            code = 0
        except BaseException:
            traceback.print_exc()
        finally:
            os._exit(code)
    assert os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1]) == 0


@contextmanager
def open_to_all(tmp_path: Path) -> Iterator[None]:
    """Lets other users reach a temporary directory, which pytest makes for its own user only."""
    folders = [folder for folder in (tmp_path, *tmp_path.parents) if folder.stat().st_uid == os.getuid()]
    modes = [folder.stat().st_mode for folder in folders]
    for folder, mode in zip(folders, modes, strict=True):
        if not mode & 0o001 and folder != Path("/"):
            folder.chmod(mode | 0o055)
    try:
        yield
    finally:
        for folder, mode in zip(folders, modes, strict=True):
            folder.chmod(mode)


def fill(path: Path) -> None:
    """Writes until the disk is full."""
    with path.open("wb", buffering=0) as file:
        try:
            while True:
                file.write(b"x" * 4096)
        except OSError as error:
            assert error.errno == errno.ENOSPC


def delete_all(store: Store) -> None:
    with store.write() as db:
        db.execute("DELETE FROM runs")
        raise InterruptedError


def delete_all_within(store: Store) -> None:
    with store.write() as outer:
        with store.write() as inner:
            inner.execute("DELETE FROM runs")
        assert runs.count(outer) == 0
        raise InterruptedError


def test_a_missing_store_is_not_found_unless_it_may_be_made(tmp_path: Path) -> None:
    with pytest.raises(NotFound, match="mlops-tui init"):
        Store(str(tmp_path / "none.db"), create=False)
    assert list(tmp_path.iterdir()) == []


def test_an_empty_file_is_a_new_store(tmp_path: Path) -> None:
    path = tmp_path / "store.db"
    path.touch()
    with Store(str(path), create=False) as store:
        assert runs.count(store.read()) == 0


def test_an_empty_file_beside_logs_of_runs_is_no_new_store_until_it_is_deleted(tmp_path: Path) -> None:
    path = tmp_path / "store.db"
    path.touch()
    (tmp_path / "logs" / "run").mkdir(parents=True)
    for _ in range(2):
        with pytest.raises(StoreDamaged, match="what it held is lost"):
            Store(str(path))
    for file in tmp_path.glob("store.db*"):
        file.unlink()
    with Store(str(path)) as store:
        assert runs.count(store.read()) == 0


def test_a_trial_shows_what_would_come_of_it_and_changes_nothing(tmp_path: Path) -> None:
    with Store(str(tmp_path / "store.db")) as store:
        with store.trial(), store.write() as db:
            runs.create(db, run_id=new_id(), name="tried", experiment="default", started_at=1.0)
            assert runs.count(db) == 1
        assert runs.count(store.read()) == 0
        with pytest.raises(ValueError, match="told"), store.trial():
            raise ValueError("told")


def test_the_state_directory_is_never_committed(tmp_path: Path) -> None:
    Store(str(tmp_path / ".mlops" / "store.db")).close()
    assert (tmp_path / ".mlops" / ".gitignore").read_text() == "*\n"


def test_fifty_processes_can_make_the_store_at_once(tmp_path: Path) -> None:
    path = tmp_path / ".mlops" / "store.db"
    code = (
        "import sys\nfrom mlops_store.store import Store\n"
        "from mlops_store import runs\nfrom mlops_store.ids import new_id\n"
        "sys.stdin.read()\n"
        "with Store(sys.argv[1]) as store, store.write() as db:\n"
        "    runs.create(db, run_id=new_id(), name='x', experiment='default', started_at=1.0)\n"
    )
    processes = [
        subprocess.Popen([sys.executable, "-c", code, str(path)], stdin=subprocess.PIPE, stderr=subprocess.PIPE)
        for _ in range(50)
    ]
    for process in processes:
        assert process.stdin is not None
        process.stdin.close()
    errors = [process.stderr.read().decode() for process in processes if process.stderr]
    assert [process.wait() for process in processes] == [0] * 50, errors
    with Store(str(path), create=False) as store:
        assert runs.count(store.read()) == 50


@pytest.mark.parametrize(
    "content", [b"not a database at all" * 100, b"\0" * 4096, b"SQLite format 3\0" + b"\xff" * 4000]
)
def test_garbage_is_reported_as_damage(tmp_path: Path, content: bytes) -> None:
    path = tmp_path / "store.db"
    path.write_bytes(content)
    with pytest.raises(StoreDamaged):
        Store(str(path))
    assert path.read_bytes() == content


@pytest.mark.parametrize("part", [0.02, 0.3, 0.5, 0.9, 0.999])
def test_a_file_that_was_cut_short_is_reported_as_damage(tmp_path: Path, part: float) -> None:
    path = filled(tmp_path / "store.db")
    size = path.stat().st_size
    os.truncate(path, int(size * part))
    with pytest.raises(StoreDamaged, match=r"recover|damaged"):
        Store(str(path), create=False)


def test_bytes_that_are_no_text_are_reported_as_damage(tmp_path: Path) -> None:
    path = filled(tmp_path / "store.db")
    with Store(str(path)) as store:
        with store.write() as db:
            db.execute("UPDATE runs SET name = CAST(x'ff' AS TEXT)")
            db.execute("INSERT INTO texts(digest, body) VALUES ('d', x'00')")
        with pytest.raises(StoreDamaged), explained(str(path)):
            runs.by_ids(store.read(), runs.ids(store.read()))
        with pytest.raises(StoreDamaged):
            shared_texts.get(store.read(), "d")
    path.write_bytes(path.read_bytes().replace(b"CREATE TABLE", b"CR\x9fATE TABLE"))
    with pytest.raises(StoreDamaged), Store(str(path), create=False) as store:
        store.read().execute("SELECT * FROM runs")


def test_damage_within_the_file_is_reported_when_it_is_read(tmp_path: Path) -> None:
    path = filled(tmp_path / "store.db", 500)
    with Store(str(path)) as store:
        root = store.read().execute("SELECT rootpage FROM sqlite_master WHERE name = 'runs'").fetchone()[0]
    with path.open("r+b") as file:
        file.seek((root - 1) * 4096)
        file.write(b"\xa5" * 4096)
    with Store(str(path)) as store, pytest.raises(StoreDamaged):
        runs.by_ids(store.read(), range(1, 20))


def test_a_directory_in_the_place_of_the_file_is_reported(tmp_path: Path) -> None:
    (tmp_path / "store.db").mkdir()
    with pytest.raises(StoreError, match="is a directory"):
        Store(str(tmp_path / "store.db"))


@pytest.mark.parametrize("file_mode", [0o444, 0o644])
def test_a_store_in_a_directory_that_cannot_be_written_is_open_for_reading(tmp_path: Path, file_mode: int) -> None:
    folder = tmp_path / "project"
    path = filled(folder / "store.db", 3)
    path.chmod(file_mode)
    folder.chmod(0o555)

    def act() -> None:
        with Store(str(path)) as store:
            assert store.is_read_only
            assert runs.count(store.read()) == 3
            with pytest.raises(StoreReadOnly, match="cannot be written"), store.write():
                pass

    with open_to_all(tmp_path):
        as_nobody(act)
    folder.chmod(0o755)


def test_commits_that_only_the_owner_can_read_are_not_passed_over(tmp_path: Path) -> None:
    folder = tmp_path / "copy"
    folder.mkdir()
    with Store(str(filled(tmp_path / "store.db", 3))) as store:
        with store.write() as db:
            db.execute("UPDATE runs SET name = 'in the log only'")
        for name in ("store.db", "store.db-wal"):
            shutil.copy(tmp_path / name, folder / name)
    folder.chmod(0o555)

    def act() -> None:
        with pytest.raises(StoreReadOnly, match="as its owner"):
            Store(str(folder / "store.db"))

    with open_to_all(tmp_path):
        as_nobody(act)
    folder.chmod(0o755)


def test_a_file_that_cannot_be_written_is_open_for_reading(tmp_path: Path) -> None:
    path = filled(tmp_path / "store.db", 3)
    path.chmod(0o444)

    def act() -> None:
        with Store(str(path)) as store:
            assert runs.count(store.read()) == 3
            with pytest.raises(StoreReadOnly), store.write():
                pass

    tmp_path.chmod(0o777)
    with open_to_all(tmp_path):
        as_nobody(act)


def test_a_directory_that_cannot_be_written_gets_no_store(tmp_path: Path) -> None:
    folder = tmp_path / "project"
    folder.mkdir(mode=0o555)

    def act() -> None:
        for path in (folder / "store.db", folder / ".mlops" / "store.db"):
            with pytest.raises(StoreReadOnly):
                Store(str(path))

    with open_to_all(tmp_path):
        as_nobody(act)


def test_a_writer_that_stays_too_long_is_reported_as_busy(tmp_path: Path) -> None:
    path = filled(tmp_path / "store.db")
    other = sqlite3.connect(path, isolation_level=None)
    other.execute("BEGIN IMMEDIATE")
    with Store(str(path), busy_timeout_s=0.05) as store:
        assert runs.count(store.read()) == 20
        with pytest.raises(StoreBusy, match="locked"), store.write():
            pass
        other.execute("ROLLBACK")
        with store.write() as db:
            db.execute("UPDATE runs SET name = 'free'")
    other.close()


def test_a_write_waits_for_another_one_to_end(tmp_path: Path) -> None:
    path = filled(tmp_path / "store.db")
    begun = threading.Event()

    def hold() -> None:
        with Store(str(path)) as mine, mine.write() as db:
            db.execute("UPDATE runs SET name = 'first'")
            begun.set()
            time.sleep(0.2)

    thread = threading.Thread(target=hold)
    thread.start()
    begun.wait()
    with Store(str(path)) as store, store.write() as db:
        assert db.execute("SELECT DISTINCT name FROM runs").fetchall() == [("first",)]
    thread.join()


def test_a_full_disk_is_reported_and_what_was_there_stays(tmp_path: Path) -> None:
    path = filled(tmp_path / "store.db")
    with Store(str(path)) as store:
        pages = store.read().execute("PRAGMA page_count").fetchone()[0]
        store.read().execute(f"PRAGMA max_page_count = {pages + 2}")
        with pytest.raises(StoreFull, match="full"), store.write() as db:
            db.execute("UPDATE runs SET error = ?", ("x" * 100_000,))
        assert runs.count(store.read()) == 20
        assert store.read().execute("SELECT count(*) FROM runs WHERE error IS NOT NULL").fetchone()[0] == 0


def test_a_full_file_system_is_reported_and_the_store_goes_on_when_there_is_room_again(tmp_path: Path) -> None:
    disk = tmp_path / "disk"
    disk.mkdir()
    if subprocess.run(["mount", "-t", "tmpfs", "-o", "size=2m", "tmpfs", str(disk)], capture_output=True).returncode:
        pytest.skip("may not mount a small file system")
    try:
        path = filled(disk / "store.db")
        ballast = disk / "ballast"
        fill(ballast)
        with pytest.raises(StoreFull), Store(str(path)) as store, store.write() as db:
            db.execute("UPDATE runs SET error = ?", ("x" * 100_000,))
        ballast.unlink()
        with Store(str(path)) as store, store.write() as db:
            assert runs.count(db) == 20
            db.execute("UPDATE runs SET name = 'goes on'")
    finally:
        subprocess.run(["umount", str(disk)], check=True)


def test_an_error_inside_a_write_takes_everything_back(tmp_path: Path) -> None:
    with Store(str(filled(tmp_path / "store.db"))) as store:
        with pytest.raises(InterruptedError):
            delete_all(store)
        assert runs.count(store.read()) == 20


def test_a_write_within_a_write_joins_it(tmp_path: Path) -> None:
    with Store(str(filled(tmp_path / "store.db"))) as store:
        with pytest.raises(InterruptedError):
            delete_all_within(store)
        assert runs.count(store.read()) == 20


def test_a_snapshot_sees_one_moment(tmp_path: Path) -> None:
    path = str(filled(tmp_path / "store.db"))
    with Store(path) as store, Store(path) as other, store.snapshot() as db:
        before = runs.count(db)
        with other.write() as writing:
            runs.create(writing, run_id=new_id(), name="late", experiment="default", started_at=9.0)
        assert runs.count(db) == before


def test_the_data_version_moves_when_another_connection_commits(tmp_path: Path) -> None:
    path = str(filled(tmp_path / "store.db"))
    with Store(path) as store, Store(path) as other:
        before = store.data_version()
        assert store.data_version() == before
        with other.write() as db:
            db.execute("UPDATE runs SET name = 'moved'")
        assert store.data_version() != before


def test_each_thread_has_a_connection_of_its_own(tmp_path: Path) -> None:
    with Store(str(tmp_path / "store.db")) as store:
        found: list[int] = []

        def read() -> None:
            found.append(id(store.read()))
            store.close_thread()

        thread = threading.Thread(target=read)
        thread.start()
        thread.join()
        assert found != [id(store.read())]


def test_opening_a_store_that_is_up_to_date_does_not_load_sqlite_utils(tmp_path: Path) -> None:
    path = str(filled(tmp_path / "store.db"))
    code = (
        "import sys\nfrom mlops_store.store import Store\n"
        "Store(sys.argv[1]).close()\nStore(sys.argv[1] + '.new').close()\n"
        "print('sqlite_utils' in sys.modules, 'pandas' in sys.modules)"
    )
    done = subprocess.run([sys.executable, "-c", code, path], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "False False"
    assert SCHEMA_VERSION
