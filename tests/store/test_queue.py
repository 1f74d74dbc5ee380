from pathlib import Path

import pytest

from mlops_store import queue
from mlops_store.errors import NotFound, UsageError
from mlops_store.store import Store


@pytest.fixture
def store(tmp_path: Path) -> Store:
    return Store(str(tmp_path / "store.db"))


def add(store: Store, *names: str, priority: int = 0) -> None:
    with store.write() as db:
        for name in names:
            queue.add(db, f"{name}-0123456789", name=name, priority=priority, request={"n": name}, by="ann", at=1.0)


def order(store: Store) -> list[str]:
    return [one.name for one in queue.all(store.read())]


def test_the_highest_priority_goes_first_then_the_oldest(store: Store) -> None:
    assert queue.is_empty(store.read())
    add(store, "a", "b")
    add(store, "urgent", priority=5)
    add(store, "c")
    add(store, "idle", priority=-1)
    assert order(store) == ["urgent", "a", "b", "c", "idle"]
    assert not queue.is_empty(store.read())


def test_a_moved_run_keeps_its_age(store: Store) -> None:
    add(store, "a", "b", "c")
    with store.write() as db:
        queue.set_priority(db, "b-0123456789", 1)
    assert order(store) == ["b", "a", "c"]
    with store.write() as db:
        queue.set_priority(db, "b-0123456789", 0)
    assert order(store) == ["a", "b", "c"]


def test_a_run_leaves_once(store: Store) -> None:
    add(store, "a")
    with store.write() as db:
        assert queue.remove(db, "a-0123456789")
        assert not queue.remove(db, "a-0123456789")
    assert queue.find(store.read(), "a-0123456789") is None


def test_a_request_reads_back(store: Store) -> None:
    add(store, "a")
    found = queue.find(store.read(), "a-0123456789")
    assert found is not None
    assert (found.request, found.queued_by, found.queued_at) == ({"n": "a"}, "ann", 1.0)


def test_a_run_is_named_by_id_name_or_a_few_digits(store: Store) -> None:
    add(store, "one", "two")
    for word in ("one", "one-0123456789", "one-0"):
        assert queue.resolve(store.read(), word).name == "one"
    with pytest.raises(UsageError, match="2 waiting runs fit '456789'"):
        queue.resolve(store.read(), "456789")
    with pytest.raises(NotFound) as caught:
        queue.resolve(store.read(), "oen")
    assert "did you mean 'one'?" in caught.value.hint
