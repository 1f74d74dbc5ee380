"""Approvals: who may say yes, what expires, what a round is, and that a gate asks for them."""

from __future__ import annotations

import multiprocessing
import os
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path

import pytest
from registry_builders import make_store, make_version
from sqlite_utils import Database

from mlops_store import approval_rounds, audit, audit_chain, models, schema
from mlops_store.errors import NotFound, Refused, UsageError
from mlops_store.records import AuditEntry
from mlops_store.store import Store
from mlops_tui import config
from mlops_tui.config import Config
from mlops_tui.registry import approvals, keys, stages
from mlops_tui.registry.approvals import Round, Rules

CONFIG = config.parse('[gates.people]\nkind = "approval"\nstage = ["staging", "production"]\n')


@pytest.fixture
def store(tmp_path: Path) -> Iterator[Store]:
    with make_store(tmp_path) as store:
        make_version(store)
        yield store


def done_by(
    store: Store, actor: str, what: str, stage: str = "production", *, reason: str = "", ago_s: float = 0
) -> None:
    """What another person did: the record is all that there is of it."""
    with store.write() as db:
        audit.append(
            db,
            action=f"approval.{what}",
            subject="model:churn/1",
            after={"stage": stage},
            actor=actor,
            reason=reason,
            at=time.time() - ago_s,
        )


def stands(store: Store, rules: Rules = Rules(), stage: str = "production") -> Round:  # noqa: B008
    return approvals.standing(store.read(), rules, models.version(store.read(), "churn", 1), stage)


def test_nobody_has_asked_at_first(store: Store) -> None:
    assert stands(store).state == "none"
    assert approvals.queue(store.read(), CONFIG) == []


def test_one_asks_and_another_approves(store: Store) -> None:
    done_by(store, "bob", "request", reason="better on new data")
    assert (stands(store).state, stands(store).message) == ("waiting", "asked for by bob, 0 of 1 approved")
    done_by(store, "ann", "approve")
    assert (stands(store).state, stands(store).approved_by) == ("approved", ("ann",))
    assert stands(store, stage="staging").state == "none"


def test_who_asked_or_registered_cannot_approve_unless_two_eyes_are_enough(store: Store) -> None:
    done_by(store, "bob", "request")
    done_by(store, "bob", "approve")
    done_by(store, models.version(store.read(), "churn", 1).created_by, "approve")
    assert stands(store).state == "waiting"
    assert stands(store, Rules(four_eyes=False)).state == "approved"


def test_several_have_to_approve_and_each_counts_once(store: Store) -> None:
    done_by(store, "bob", "request")
    for _ in range(3):
        done_by(store, "ann", "approve")
    assert stands(store, Rules(count=2)).message == "asked for by bob, 1 of 2 approved"
    done_by(store, "eve", "approve")
    assert stands(store, Rules(count=2)).state == "approved"
    assert stands(store, Rules(count=2, approvers=("ann", "zoe"))).state == "waiting"


def test_a_rejection_takes_back_what_was_approved_before(store: Store) -> None:
    done_by(store, "bob", "request")
    done_by(store, "ann", "approve")
    done_by(store, "eve", "reject", reason="leaks the target")
    assert (stands(store).state, stands(store).message) == ("rejected", "rejected by eve: leaks the target")
    done_by(store, "ann", "approve")
    assert stands(store).state == "approved"


def test_requests_and_approvals_expire(store: Store) -> None:
    done_by(store, "bob", "request", ago_s=7200)
    assert stands(store, Rules(expires_s=3600)).state == "expired"
    done_by(store, "ann", "approve", ago_s=7100)
    assert stands(store, Rules(expires_s=3600)).state == "expired"
    assert stands(store, Rules(expires_s=86400)).state == "approved"


def test_an_approval_is_used_up_by_going_there(store: Store) -> None:
    done_by(store, "bob", "request")
    done_by(store, "ann", "approve")
    stages.promote(store, CONFIG, "churn", 1, "production")
    assert stands(store).state == "done"
    stages.promote(store, CONFIG, "churn", 1, "dev")
    with pytest.raises(Refused, match="went to production since"):
        stages.promote(store, CONFIG, "churn", 1, "production")
    done_by(store, "bob", "request")
    done_by(store, "ann", "approve")
    stages.promote(store, CONFIG, "churn", 1, "production")


def test_the_gate_refuses_until_somebody_has_approved(store: Store) -> None:
    with pytest.raises(Refused, match="people: nobody has asked for an approval"):
        stages.promote(store, CONFIG, "churn", 1, "production")
    approvals.act(store, CONFIG, "churn", 1, "production", "request", comment="please")
    with pytest.raises(Refused, match="0 of 1 approved"):
        stages.promote(store, CONFIG, "churn", 1, "production")
    done_by(store, "ann", "approve")
    stages.promote(store, CONFIG, "churn", 1, "production")
    assert audit_chain.verify(store.read()).broken is None


def test_an_approval_that_would_not_count_is_refused_at_once(store: Store) -> None:
    with pytest.raises(Refused, match="cannot approve it"):
        approvals.act(store, CONFIG, "churn", 1, "production", "approve")
    only = config.parse('[gates.p]\nkind = "approval"\napprovers = ["nobody-here"]')
    with pytest.raises(Refused, match="only nobody-here may approve"):
        approvals.act(store, only, "churn", 1, "production", "approve")
    assert [entry.action for entry in audit.newest(store.read())] == ["model.register"]


def test_bad_acts_are_refused(store: Store) -> None:
    with pytest.raises(UsageError, match="needs a reason"):
        approvals.act(store, CONFIG, "churn", 1, "production", "reject")
    with pytest.raises(NotFound):
        approvals.act(store, CONFIG, "churn", 9, "production", "request")
    with pytest.raises(NotFound, match="no stage"):
        approvals.act(store, CONFIG, "churn", 1, "prod", "request")
    with pytest.raises(Refused, match="in 'dev' already"):
        approvals.act(store, CONFIG, "churn", 1, "dev", "request")


def test_the_queue_lists_what_waits_the_oldest_first(store: Store) -> None:
    make_version(store, "fraud")
    done_by(store, "bob", "request", ago_s=10)
    approvals.act(store, CONFIG, "fraud", 1, None, "request")
    done_by(store, "bob", "request", "staging", ago_s=20)
    waiting = approvals.queue(store.read(), CONFIG)
    assert [(one.model, one.stage) for one in waiting] == [
        ("churn", "staging"),
        ("churn", "production"),
        ("fraud", "staging"),
    ]
    done_by(store, "ann", "reject", reason="no")
    assert ("churn", "production") not in {(one.model, one.stage) for one in approvals.queue(store.read(), CONFIG)}
    assert len(approvals.queue(store.read(), CONFIG, everything=True)) == 3


def test_rounds_kept_by_triggers_are_those_that_the_log_and_the_moves_tell_of(store: Store) -> None:
    make_version(store)
    done_by(store, "bob", "request", ago_s=30)
    done_by(store, "ann", "approve", ago_s=20)
    approvals.act(store, CONFIG, "churn", 2, "staging", "request")
    stages.promote(store, CONFIG, "churn", 1, "production")
    stages.promote(store, CONFIG, "churn", 2, "production", override="in haste")
    done_by(store, "bob", "reject", "staging", reason="no")
    kept = "SELECT version_id, stage, state, opened_at FROM approval_rounds ORDER BY version_id, stage"
    before = store.read().execute(kept).fetchall()
    assert [row[:3] for row in before] == [
        (1, "production", "done"),
        (1, "staging", "rejected"),
        (2, "staging", "open"),
    ]
    # as a store is that had all of this before it had rounds
    with store.write() as db:
        for kind, name in (
            ("TRIGGER", "audit_opens_rounds"),
            ("TRIGGER", "stage_changes_end_rounds"),
            ("TABLE", "approval_rounds"),
            ("INDEX", "model_versions_of_stages"),
        ):
            db.execute(f"DROP {kind} {name}")
        db.execute("CREATE INDEX idx_model_versions_model_id_stage ON model_versions(model_id, stage)")
        schema.m027_approval_rounds(Database(db))
    assert store.read().execute(kept).fetchall() == before


def test_of_all_rounds_those_that_are_asked_for_are_read(store: Store) -> None:
    make_version(store, "fraud")
    done_by(store, "bob", "request", ago_s=10)
    approvals.act(store, CONFIG, "fraud", 1, None, "request")
    stages.promote(store, CONFIG, "churn", 1, "production", override="in haste")
    numbers = approval_rounds.numbers(store.read(), everything=True)
    found = approvals.rounds(store.read(), CONFIG, numbers[1:])
    assert [(one.model, one.state) for one in found.values()] == [("fraud", "waiting")]
    assert approvals.rounds(store.read(), CONFIG, numbers[:1])[numbers[0]].state == "done"


def approve_as(path: str, uid: int) -> None:
    os.setuid(uid)
    with Store(path) as store:
        approvals.act(store, CONFIG, "churn", 1, "production", "approve", comment="looks right")


@pytest.mark.skipif(os.getuid() != 0, reason="only root can become another user")
def test_another_user_of_the_machine_approves() -> None:
    # not below pytest's directory, which another run of pytest closes to others
    with tempfile.TemporaryDirectory(prefix="two-users-") as directory, make_store(Path(directory)) as store:
        make_version(store)
        approvals.act(store, CONFIG, "churn", 1, "production", "request")
        for folder, _, names in os.walk(directory):
            for path in (folder, *(os.path.join(folder, name) for name in names)):
                os.chmod(path, 0o777)
        process = multiprocessing.get_context("spawn").Process(target=approve_as, args=(store.path, 65534))
        process.start()
        process.join(60)
        assert process.exitcode == 0
        found = stands(store)
        assert (found.state, len(found.approved_by)) == ("approved", 1)
        assert found.approved_by[0] != models.version(store.read(), "churn", 1).created_by


# by key


@pytest.fixture(scope="module")
def people(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The keys of ann, bob and eve."""
    directory = tmp_path_factory.mktemp("people")
    for name in ("ann", "bob", "eve"):
        keys.make(str(directory / name))
    return directory


def by_key(people: Path, options: str = "") -> Config:
    text = f'[gates.p]\nkind = "approval"\nkeys = ["ann.pub", "bob.pub"]\n{options}\n'
    return config.parse(text, str(people))


def act(store: Store, rules: Config, what: str, key: Path | None = None, **words: str) -> Round:
    return approvals.act(store, rules, "churn", 1, "production", what, key=str(key or ""), **words)


def counted(store: Store, rules: Config) -> Round:
    return stands(store, approvals.rules(rules, "production"))


def append_copy(store: Store, entry: AuditEntry, **changes: object) -> None:
    """What somebody does who can write the log: the chain of hashes is intact."""
    with store.write() as db:
        fields = {"at": entry.at, "reason": entry.reason, "actor": entry.actor, "after": entry.after, **changes}
        audit.append(db, action="approval.approve", subject=entry.subject, **fields)  # type: ignore[arg-type]


def test_people_on_one_account_are_told_apart_by_their_keys(store: Store, people: Path) -> None:
    rules = by_key(people)
    act(store, rules, "request", people / "bob")
    with pytest.raises(Refused, match="who asked for it"):
        act(store, rules, "approve", people / "bob")
    with pytest.raises(Refused, match="it is not signed with a key"):
        act(store, rules, "approve")
    with pytest.raises(Refused, match="not among those that may approve"):
        act(store, rules, "approve", people / "eve")
    found = act(store, rules, "approve", people / "ann", comment="looks right")
    assert found.state == "approved"
    assert found.message.endswith("with the key ann")
    stages.promote(store, rules, "churn", 1, "production")
    assert audit_chain.verify(store.read()).broken is None


def test_a_request_without_a_key_still_binds_its_user(store: Store, people: Path) -> None:
    act(store, by_key(people), "request")
    with pytest.raises(Refused, match="who asked for it"):
        act(store, by_key(people), "approve", people / "ann")
    assert act(store, by_key(people, "four_eyes = false"), "approve", people / "ann").state == "approved"


def test_a_key_counts_once_whoever_uses_it(store: Store, people: Path) -> None:
    rules = by_key(people, "count = 2\nfour_eyes = false")
    act(store, rules, "approve", people / "ann")
    assert act(store, rules, "approve", people / "ann").message.endswith("1 of 2 approved")
    assert act(store, rules, "approve", people / "bob").state == "approved"


@pytest.mark.parametrize("forgery", ["replayed", "later", "edited", "garbage", "unsigned", "named"])
def test_a_forged_approval_does_not_count(store: Store, people: Path, forgery: str) -> None:
    rules = by_key(people)
    act(store, rules, "request", people / "bob")
    act(store, rules, "approve", people / "ann", comment="looks right")
    signed = audit.newest(store.read(), 1)[0]
    act(store, rules, "reject", comment="no")
    assert counted(store, rules).state == "rejected"
    after = dict(signed.after)
    changes = {
        "replayed": {},
        "later": {"at": time.time()},
        "edited": {"reason": "looks wrong"},
        "garbage": {"after": {**after, "signature": "no base 64"}},
        "unsigned": {"after": {"stage": "production"}, "actor": "zoe"},
        "named": {"after": {**after, "key": keys.public(str(people / "bob.pub")).fingerprint}},
    }[forgery]
    append_copy(store, signed, **changes)
    assert audit_chain.verify(store.read()).broken is None
    found = counted(store, rules)
    assert (found.state, found.approved_by) == ("waiting", ())
    assert "one does not count" in found.message


def test_an_approval_is_for_the_files_that_the_version_had(store: Store, people: Path) -> None:
    rules = by_key(people, "four_eyes = false")
    assert act(store, rules, "approve", people / "ann").state == "approved"
    with store.write() as db:
        db.execute("UPDATE model_versions SET digest = 'another' WHERE version = 1")
    assert "for other files" in counted(store, rules).message


def test_keys_that_cannot_be_looked_at_let_nothing_pass(store: Store, people: Path, tmp_path: Path) -> None:
    act(store, by_key(people, "four_eyes = false"), "approve", people / "ann")
    gone = config.parse('[gates.p]\nkind = "approval"\nkeys = ["gone.pub"]\n', str(tmp_path))
    assert "there is no public key" in counted(store, gone).message
    with pytest.raises(Refused, match="lists keys"):
        act(store, CONFIG, "request", people / "ann")
