"""The audit log: written once, chained, and any change to it found."""

from __future__ import annotations

import hashlib
import json
import multiprocessing
import os
import pwd
import sqlite3
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from registry_builders import make_store

from mlops_store import audit, audit_chain, model_versions, processes
from mlops_store.store import Store


@pytest.fixture
def store(tmp_path: Path) -> Store:
    return make_store(tmp_path)


def fill(store: Store, count: int = 5) -> None:
    with store.write() as db:
        for number in range(1, count + 1):
            audit.append(
                db,
                action="model.promote",
                subject=f"model:churn/{number}",
                before={"stage": "dev"},
                after={"stage": "staging", "score": number / 3},
                reason=f"number {number}",
            )


def tamper(store: Store, *statements: str) -> None:
    """What somebody does who has the file and knows SQL."""
    with sqlite3.connect(store.path) as db:
        for act in ("update", "delete"):
            db.execute(f"DROP TRIGGER IF EXISTS audit_no_{act}")
        for statement in statements:
            db.execute(statement)
    db.close()


def broken_at(store: Store) -> int | None:
    """The first bad entry."""
    broken = audit_chain.verify(store.read()).broken
    return broken.entry_id if broken else None


def test_an_entry_says_who_did_what_from_where(store: Store, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SSH_CONNECTION", "192.0.2.7 50022 192.0.2.1 22")
    with store.write() as db:
        entry = audit.append(db, action="model.promote", subject="model:churn/3", reason="better")
    assert entry.actor == pwd.getpwuid(os.getuid()).pw_name
    assert entry.host == os.uname().nodename
    assert entry.origin == "192.0.2.7"
    assert audit.newest(store.read()) == [entry]


def test_without_ssh_the_origin_is_local(store: Store, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("SSH_CONNECTION", raising=False)
    with store.write() as db:
        assert audit.append(db, action="a", subject="s").origin == "local"


def test_the_user_is_not_taken_from_the_environment(store: Store, monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("USER", "LOGNAME", "USERNAME"):
        monkeypatch.setenv(name, "somebody-else")
    assert processes.user() == pwd.getpwuid(os.getuid()).pw_name


def test_the_hash_is_that_of_the_canonical_json_of_all_other_fields(store: Store) -> None:
    with store.write() as db:
        first = audit.append(db, action="a", subject="s", after={"x": [1, 2.5, None, "é\x1b"], "b": True})
        second = audit.append(db, action="b", subject='s"\\', before={"y": 1}, reason="ä\n")
    for entry in (first, second):
        fields = {name: getattr(entry, name) for name in entry.__dataclass_fields__ if name != "hash"}
        text = json.dumps(fields, sort_keys=True, separators=(",", ":"))
        assert entry.hash == hashlib.sha256(text.encode()).hexdigest()
    assert first.previous_hash == audit_chain.GENESIS
    assert second.previous_hash == first.hash


def test_an_untouched_log_is_intact(store: Store) -> None:
    assert audit_chain.verify(store.read()).broken is None
    fill(store)
    assert audit_chain.verify(store.read()).broken is None


@pytest.mark.parametrize("act", ["UPDATE audit SET reason = ''", "DELETE FROM audit"])
def test_the_database_refuses_to_change_an_entry(store: Store, act: str) -> None:
    fill(store)
    with pytest.raises(sqlite3.IntegrityError, match="append-only"):
        store.read().execute(act)


@pytest.mark.parametrize(
    "edit",
    [
        "at = at + 0.001",
        "actor = 'mallory'",
        "host = 'x'",
        "origin = 'x'",
        "action = 'model.demote'",
        "subject = 'model:churn/9'",
        """before = '{"stage":"staging"}'""",
        """after = '{"stage":"production"}'""",
        """after = '{"score":1.0,"stage":"staging"} '""",
        "after = 'no json'",
        "reason = 'because'",
        "hash = 'abc'",
        "previous_hash = NULL",
        "reason = CAST(x'ff' AS TEXT)",
        "after = CAST(x'ff' AS TEXT)",
    ],
)
def test_an_edited_entry_is_named(store: Store, edit: str) -> None:
    fill(store)
    tamper(store, f"UPDATE audit SET {edit} WHERE id = 3")
    assert broken_at(store) == 3


def test_an_entry_that_was_edited_and_hashed_again_breaks_the_next(store: Store) -> None:
    fill(store)
    third = audit.find(store.read(), 3)
    assert third is not None
    fields = {name: getattr(third, name) for name in third.__dataclass_fields__ if name != "hash"}
    text = json.dumps({**fields, "reason": "forged"}, sort_keys=True, separators=(",", ":"))
    digest = hashlib.sha256(text.encode()).hexdigest()
    tamper(store, f"UPDATE audit SET reason = 'forged', hash = '{digest}' WHERE id = 3")
    assert broken_at(store) == 4


@pytest.mark.parametrize("removed", [1, 2, 4])
def test_a_removed_entry_is_named(store: Store, removed: int) -> None:
    fill(store)
    tamper(store, f"DELETE FROM audit WHERE id = {removed}")
    assert broken_at(store) == removed


def test_a_removed_entry_is_named_after_the_rest_was_renumbered(store: Store) -> None:
    fill(store)
    tamper(
        store, "DELETE FROM audit WHERE id = 2", *(f"UPDATE audit SET id = {n - 1} WHERE id = {n}" for n in (3, 4, 5))
    )
    assert broken_at(store) == 2


def test_two_entries_that_changed_places_are_found(store: Store) -> None:
    fill(store)
    tamper(store, *(f"UPDATE audit SET id = {new} WHERE id = {old}" for old, new in ((2, 99), (3, 2), (99, 3))))
    assert broken_at(store) == 2


def test_an_inserted_entry_is_found(store: Store) -> None:
    fill(store)
    columns = "at, actor, host, origin, action, subject, before, after, reason, previous_hash, hash"
    tamper(store, f"INSERT INTO audit ({columns}) SELECT {columns} FROM audit WHERE id = 5")
    assert broken_at(store) == 6


def test_a_log_cut_at_its_end_is_found_by_the_stage_changes(store: Store) -> None:
    with store.write() as db:
        model_versions.add(db, "churn", stage="dev", source="", flavor="", digest="", size_bytes=0, created_at=0.0)
        for stage in ("staging", "production"):
            entry = audit.append(db, action="model.promote", subject="model:churn/1")
            model_versions.move(db, "churn", 1, "dev", stage, kind="promote", audit_id=entry.id, at=0.0)
    tamper(store, "DELETE FROM audit WHERE id = 2")
    assert broken_at(store) == 2


def test_a_tampered_entry_can_still_be_listed(store: Store) -> None:
    fill(store)
    tamper(store, "UPDATE audit SET after = 'no json' WHERE id = 5")
    assert audit.newest(store.read(), 1)[0].after == {"unreadable": "no json"}


def test_entries_on_a_model_are_found_without_those_of_a_namesake(store: Store) -> None:
    with store.write() as db:
        for subject in ("model:churn/1", "model:churn", "model:churn2/1", "model:churn/2"):
            audit.append(db, action="a", subject=subject)
    found = [entry.subject for entry in audit.newest(store.read(), 10, "model:churn")]
    assert found == ["model:churn/2", "model:churn", "model:churn/1"]
    assert len(audit.newest(store.read(), 1, "model:churn")) == 1


def test_the_record_and_the_act_stand_or_fall_together(store: Store) -> None:
    def fail_after_recording() -> None:
        with store.write() as db:
            audit.append(db, action="a", subject="s")
            raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        fail_after_recording()
    assert audit.newest(store.read()) == []


json_values: Any = st.recursive(
    st.none() | st.booleans() | st.integers(-(2**53), 2**53) | st.floats() | st.text(),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(), inner, max_size=3),
    max_leaves=8,
)


@settings(max_examples=60, deadline=None)
@given(st.lists(st.tuples(st.text(), st.text(), st.dictionaries(st.text(), json_values, max_size=3)), min_size=1))
def test_whatever_is_recorded_the_chain_is_intact(
    tmp_path_factory: pytest.TempPathFactory, acts: list[tuple[str, str, dict[str, Any]]]
) -> None:
    with make_store(tmp_path_factory.mktemp("store")) as store:
        with store.write() as db:
            for subject, reason, state in acts:
                audit.append(db, action="a", subject=subject, reason=reason, after=state)
        assert audit_chain.verify(store.read()).broken is None
        assert [entry.reason for entry in audit.newest(store.read())][::-1] == [act[1] for act in acts][-100:]


def append_many(path: str, count: int) -> None:
    with Store(path) as store:
        for number in range(count):
            with store.write() as db:
                audit.append(db, action="a", subject=f"model:m/{os.getpid()}", reason=str(number))


def test_processes_that_write_at_once_make_one_chain(store: Store) -> None:
    context = multiprocessing.get_context("spawn")
    processes = [context.Process(target=append_many, args=(store.path, 25)) for _ in range(6)]
    for process in processes:
        process.start()
    for process in processes:
        process.join(120)
        assert process.exitcode == 0
    assert len(audit.newest(store.read(), 1000)) == 150
    assert audit_chain.verify(store.read()).broken is None
