"""Signatures of versions: what a trusted key vouches for, and everything that does not pass for it."""

from __future__ import annotations

import base64
import json
import os
from collections.abc import Iterator
from pathlib import Path

import pytest
from registry_builders import log_model, make_run, make_store, make_version, stages_of

from mlops_store import artifacts, audit, audit_chain, events, model_signatures, models
from mlops_store.errors import NotFound, Refused, SpecError, UsageError
from mlops_store.model_signatures import ModelSignature
from mlops_store.records import ModelVersion
from mlops_store.store import Store
from mlops_tui import config as configuration
from mlops_tui.config import Config
from mlops_tui.registry import files, formats, keys, signing, stages, versions
from mlops_tui.registry.files import model_digest
from mlops_tui.registry.gates import check

PASSPHRASE = "open sesame"


@pytest.fixture(scope="module")
def ours(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A directory with the pairs ``release`` and ``stranger``."""
    directory = tmp_path_factory.mktemp("keys")
    for name in ("release", "stranger"):
        keys.make(str(directory / name))
    keys.make(str(directory / "locked"), PASSPHRASE)
    return directory


@pytest.fixture(autouse=True)
def _no_key_around(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in (keys.KEY_VARIABLE, keys.PASSPHRASE_VARIABLE):
        monkeypatch.delenv(name, raising=False)


@pytest.fixture
def store(tmp_path: Path) -> Iterator[Store]:
    with make_store(tmp_path) as store:
        make_version(store)
        yield store


def configured(ours: Path, text: str = 'policy = "enforce"') -> Config:
    return configuration.parse(f'[signing]\npublic_keys = ["release.pub"]\n{text}\n', str(ours))


def version_of(store: Store, number: int = 1) -> ModelVersion:
    return models.version(store.read(), "churn", number)


def sign(store: Store, ours: Path, number: int = 1, key: str = "release") -> ModelSignature:
    return signing.sign(store, version_of(store, number), keys.private(str(ours / key)))


def state(store: Store, ours: Path, number: int = 1) -> tuple[str, str]:
    config = configured(ours)
    found = signing.state(store.read(), config, version_of(store, number), objects_dir=store.objects_dir)
    return found.state, found.message


def put(store: Store, number: int, signature: ModelSignature) -> None:
    """What somebody does who can write the database."""
    with store.write() as db:
        model_signatures.add(db, "churn", number, signature)


def rewrite(store: Store, listed: dict[str, dict[str, object]]) -> None:
    """The same to the list of files, with the digest that fits."""
    version = version_of(store)
    digest = model_digest({path: str(entry["digest"]) for path, entry in listed.items()})
    with store.write() as db:
        db.execute(
            "UPDATE model_versions SET lineage = ?, digest = ? WHERE version = 1",
            (json.dumps({**version.lineage, "files": listed}), digest),
        )


def object_of(store: Store, path: str = "model.skops") -> Path:
    return Path(artifacts.object_path(store.objects_dir, version_of(store).lineage["files"][path]["digest"]))


def test_what_a_trusted_key_signed_is_valid_and_told_in_the_audit_log(store: Store, ours: Path) -> None:
    assert state(store, ours) == ("unsigned", "nobody has signed it")
    made = sign(store, ours)
    assert state(store, ours)[0] == "valid"
    entry = audit.newest(store.read(), 1)[0]
    assert (entry.action, entry.subject, entry.after["key"]) == ("signature.add", "model:churn/1", made.key)
    assert model_signatures.signed(store.read()) == {("churn", 1): made.key}


@pytest.mark.parametrize("damage", ["changed", "removed"])
def test_a_file_that_is_not_as_it_was_signed_is_named(store: Store, ours: Path, damage: str) -> None:
    sign(store, ours)
    path = object_of(store)
    path.unlink()
    if damage == "changed":
        path.write_bytes(b"harm")
    assert state(store, ours) == ("changed", f"it is not what was signed: 'model.skops' was {damage}")


def test_a_list_of_files_that_was_written_anew_with_its_digest_is_found_out(store: Store, ours: Path) -> None:
    sign(store, ours)
    listed = dict(version_of(store).lineage["files"])
    digest, size_bytes = artifacts.put_bytes(store.objects_dir, b"more")
    rewrite(store, {**listed, "more.py": {"digest": digest, "size_bytes": size_bytes}})
    assert state(store, ours) == ("changed", "it is not what was signed: 'more.py' was added")
    rewrite(store, {"model.skops": listed["model.skops"]})
    assert state(store, ours) == ("changed", "it is not what was signed: 'mlops.json' was removed")
    rewrite(store, {**listed, "model.skops": {"digest": digest, "size_bytes": size_bytes}})
    assert state(store, ours) == ("changed", "it is not what was signed: 'model.skops' was changed")


def test_the_signature_of_another_version_does_not_count_even_for_the_same_files(store: Store, ours: Path) -> None:
    run_id = make_run(store)
    same = {path: artifacts.open_object(store.objects_dir, entry["digest"]).read()
            for path, entry in version_of(store).lineage["files"].items()}  # fmt: skip
    log_model(store, run_id, files=same)
    again = versions.register(store, Config(), "churn", run_id=run_id)
    assert again.digest == version_of(store).digest
    put(store, 2, sign(store, ours))
    assert state(store, ours, 2) == ("other", "its signature is that of churn/1")


def test_a_key_that_is_not_trusted_is_named(store: Store, ours: Path) -> None:
    made = sign(store, ours, key="stranger")
    found, message = state(store, ours)
    assert found == "untrusted"
    assert made.key[:12] in message
    sign(store, ours)
    assert state(store, ours)[0] == "valid", "another key has signed too"


def test_what_says_to_be_made_with_a_trusted_key_and_is_not_is_forged(store: Store, ours: Path) -> None:
    made, strange = sign(store, ours), sign(store, ours, key="stranger")
    bundle = json.loads(strange.bundle)
    bundle["verificationMaterial"]["publicKey"]["hint"] = made.key
    put(store, 1, made._replace(bundle=json.dumps(bundle)))
    with store.write() as db:
        db.execute("DELETE FROM model_signatures WHERE key = ?", (strange.key,))
    assert state(store, ours)[0] == "forged"

    bundle = json.loads(made.bundle)
    statement = json.loads(base64.b64decode(bundle["dsseEnvelope"]["payload"]))
    statement["subject"][0]["name"] = "churn/9"
    bundle["dsseEnvelope"]["payload"] = base64.b64encode(json.dumps(statement).encode()).decode()
    put(store, 1, made._replace(bundle=json.dumps(bundle)))
    assert state(store, ours)[0] == "forged"


@pytest.mark.parametrize(
    "bundle", ["", "{}", "[1]", "no json", '{"verificationMaterial": {"publicKey": {}}}', "[" * 9999]
)
def test_what_is_no_signature_is_refused_without_a_traceback(store: Store, ours: Path, bundle: str) -> None:
    put(store, 1, sign(store, ours)._replace(bundle=bundle))
    assert state(store, ours) == ("forged", "what is kept as its signature is none")


def test_a_bundle_cut_short_is_forged(store: Store, ours: Path) -> None:
    made = sign(store, ours)
    bundle = json.loads(made.bundle)
    for part in ("dsseEnvelope", "mediaType"):
        put(store, 1, made._replace(bundle=json.dumps({key: value for key, value in bundle.items() if key != part})))
        assert state(store, ours)[0] == "forged"


def test_a_second_payload_under_another_name_of_the_field_is_not_believed(store: Store, ours: Path) -> None:
    make_version(store)
    made, other = sign(store, ours), sign(store, ours, 2)
    bundle = json.loads(made.bundle)
    statement = json.loads(base64.b64decode(bundle["dsseEnvelope"]["payload"]))
    statement["subject"][0]["name"] = "churn/2"
    listed = version_of(store, 2).lineage["files"]
    for resource in statement["predicate"]["resources"]:
        resource["digest"] = listed[resource["name"]]["digest"]
    forged = {**bundle["dsseEnvelope"], "payload": base64.b64encode(json.dumps(statement).encode()).decode()}
    for first, second in ((forged, bundle["dsseEnvelope"]), (bundle["dsseEnvelope"], forged)):
        bundle = {**bundle, "dsseEnvelope": first, "dsse_envelope": second}
        put(store, 2, other._replace(bundle=json.dumps(bundle)))
        assert state(store, ours, 2)[0] in ("forged", "other")


def test_files_that_changed_before_are_not_signed(store: Store, ours: Path) -> None:
    path = object_of(store)
    path.unlink()
    path.write_bytes(b"harm")
    with pytest.raises(Refused, match=r"'model\.skops' of churn/1 was changed"):
        sign(store, ours)
    assert state(store, ours) == ("changed", "nobody has signed it, and 'model.skops' was changed")


# promotions


def test_a_stage_that_enforces_signatures_refuses_a_version_that_has_none(store: Store, ours: Path) -> None:
    for act in (
        lambda: stages.promote(store, configured(ours), "churn", 1, "production", override="really"),
        lambda: stages.preview(store.read(), configured(ours), "churn", 1, "production"),
    ):
        with pytest.raises(Refused, match="nobody has signed it"):
            act()
    assert stages_of(store) == {1: "dev"}


def test_a_promotion_signs_with_the_key_in_the_same_transaction(store: Store, ours: Path) -> None:
    config = configured(ours, f'policy = "enforce"\nkey = "{ours}/release"')
    shown = stages.preview(store.read(), config, "churn", 1, "production")
    assert any("is signed on its way" in line for line in shown.consequences)
    stages.promote(store, config, "churn", 1, "production", reason="ready")
    assert state(store, ours)[0] == "valid"
    promoted, signed = audit.newest(store.read(), 2)
    assert (signed.action, signed.reason, promoted.after["signature"]) == ("signature.add", "ready", "valid")
    assert audit_chain.verify(store.read()).broken is None


def test_a_promotion_with_a_key_that_is_not_trusted_is_refused(store: Store, ours: Path) -> None:
    with pytest.raises(Refused, match="not among those that are trusted"):
        stages.promote(store, configured(ours), "churn", 1, "production", key=str(ours / "stranger"))
    assert stages_of(store) == {1: "dev"}
    assert state(store, ours)[0] == "unsigned"


def test_a_promotion_never_signs_anew_what_is_not_what_was_signed(store: Store, ours: Path) -> None:
    sign(store, ours)
    listed = dict(version_of(store).lineage["files"])
    rewrite(store, {"model.skops": listed["model.skops"]})
    with pytest.raises(Refused, match=r"'mlops\.json' was removed"):
        stages.promote(store, configured(ours), "churn", 1, "production", key=str(ours / "release"))
    assert state(store, ours)[0] == "changed"


def test_a_stage_that_warns_lets_it_pass_and_keeps_that(store: Store, ours: Path) -> None:
    config = configured(ours, 'stages = {staging = "warn"}')
    assert (
        "its signature is not valid: nobody has signed it" in stages.preview(store.read(), config, "churn", 1).warnings
    )
    stages.promote(store, config, "churn", 1)
    assert audit.newest(store.read(), 1)[0].after["signature"] == "unsigned"
    stages.promote(store, config, "churn", 1, "production")


def test_a_rollback_asks_for_the_signature_too(store: Store, ours: Path) -> None:
    make_version(store)
    for number in (1, 2):
        stages.promote(store, Config(), "churn", number, "production")
    with pytest.raises(Refused, match="nobody has signed it"):
        stages.rollback(store, configured(ours), "churn")
    stages.rollback(store, configured(ours), "churn", key=str(ours / "release"))
    assert stages_of(store)[1] == "production"
    assert state(store, ours)[0] == "valid"


def test_what_a_stage_that_enforces_holds_is_loaded_only_with_a_signature(
    store: Store, ours: Path, tmp_path: Path
) -> None:
    stages.promote(store, Config(), "churn", 1, "production")
    text = f'[signing]\npublic_keys = ["{ours}/release.pub"]\npolicy = "{{}}"\n'
    (tmp_path / "mlops.toml").write_text(text.format("enforce"))
    with pytest.raises(Refused, match="nobody has signed it"):
        formats.load_version(store, version_of(store))
    with pytest.raises(Refused, match="nobody has signed it"):
        files.materialize(store, version_of(store), str(tmp_path / "out"))
    assert not (tmp_path / "out").exists()
    (tmp_path / "mlops.toml").write_text(text.format("warn"))
    signing.admit(store, version_of(store))
    assert events.newest(store.read(), 1)[0].message == "churn/1 was loaded though nobody has signed it"
    (tmp_path / "mlops.toml").write_text(text.format("enforce"))
    sign(store, ours)
    signing.admit(store, version_of(store))


def test_the_two_kinds_of_signature_are_two_kinds_of_gates(store: Store, ours: Path) -> None:
    config = configuration.parse(
        '[gates.schema]\nkind = "signature"\n[gates.vouched]\nkind = "signed"\nkeys = "stranger.pub"\n', str(ours)
    )

    def found() -> dict[str, tuple[str, str]]:
        verdicts = check.check(store, config, "churn", 1, "production")
        return {one.gate: (one.state, one.message) for one in verdicts}

    assert found() == {
        "schema": ("failed", "has no signature of both inputs and outputs"),
        "vouched": ("failed", "nobody has signed it"),
    }
    sign(store, ours)
    assert "is not trusted (stranger)" in found()["vouched"][1], "the gate names its own keys"
    sign(store, ours, key="stranger")
    assert found()["vouched"][0] == "passed"


# keys


def test_a_private_key_that_others_can_read_is_refused(ours: Path, tmp_path: Path) -> None:
    path = tmp_path / "key"
    path.write_bytes((ours / "release").read_bytes())
    for mode in (0o640, 0o604, 0o660):
        path.chmod(mode)
        with pytest.raises(Refused, match=f"mode {mode:04o}"):
            keys.private(str(path))
    path.chmod(0o400)
    assert keys.private(str(path)).fingerprint == keys.public(str(ours / "release.pub")).fingerprint


def test_new_keys_can_be_read_by_their_owner_alone_and_replace_nothing(tmp_path: Path) -> None:
    before = os.umask(0)
    try:
        keys.make(str(tmp_path / "key"))
    finally:
        os.umask(before)
    assert (tmp_path / "key").stat().st_mode & 0o777 == 0o600
    with pytest.raises(UsageError, match="exists already"):
        keys.make(str(tmp_path / "key"))
    with pytest.raises(Refused, match="cannot be written"):
        keys.make(str(tmp_path / "nowhere" / "key"))


def test_a_passphrase_comes_from_the_environment_or_a_person(ours: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = str(ours / "locked")
    with pytest.raises(Refused, match="has a passphrase"):
        keys.private(path)
    with pytest.raises(Refused, match="cannot be opened with that passphrase") as wrong:
        keys.private(path, lambda _: "wrong")
    assert wrong.value.__suppress_context__
    assert keys.private(path, lambda _: PASSPHRASE).passphrase == PASSPHRASE.encode()
    monkeypatch.setenv(keys.PASSPHRASE_VARIABLE, PASSPHRASE)
    assert keys.private(path).passphrase == PASSPHRASE.encode()


def test_neither_key_nor_passphrase_is_ever_written_down(
    store: Store, ours: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("TMPDIR", str(tmp_path))
    key = keys.private(str(ours / "locked"), lambda _: PASSPHRASE)
    signing.sign(store, version_of(store), key)
    assert PASSPHRASE not in repr(key)
    secret = (ours / "locked").read_bytes().splitlines()[1]
    written = b"".join(path.read_bytes() for path in tmp_path.rglob("*") if path.is_file())
    assert model_signatures.of_version(store.read(), "churn", 1)[0].key.encode() in written
    assert secret not in written
    assert PASSPHRASE.encode() not in written


@pytest.mark.parametrize(
    "content", [b"", b"not a key", b"-----BEGIN PUBLIC KEY-----\nAAAA\n-----END PUBLIC KEY-----\n"]
)
def test_what_is_no_key_is_refused(tmp_path: Path, content: bytes) -> None:
    path = tmp_path / "key"
    path.write_bytes(content)
    path.chmod(0o600)
    for read in (keys.private, keys.public):
        with pytest.raises(Refused, match="in PEM"):
            read(str(path))
        with pytest.raises(NotFound):
            read(str(tmp_path / "none"))


def test_a_private_key_is_no_public_key(ours: Path) -> None:
    with pytest.raises(Refused, match="has no place among public keys"):
        keys.public(str(ours / "release"))


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ('[signing]\npolicy = "enforce"\n', "needs keys to trust"),
        ('[signing]\npolicy = "always"\n', "cannot be 'always'"),
        ('[signing]\npublic_keys = [""]\n', "without a name"),
        ('[signing]\npublic_keys = ["a"]\nstages = {prod = "warn"}\n', "is no stage"),
        ('[gates.x]\nkind = "signed"\nkeys = 3\n', "must be a list of strings"),
    ],
)
def test_a_configuration_that_cannot_work_is_told_at_once(text: str, says: str) -> None:
    with pytest.raises(SpecError, match=says):
        configuration.parse(text)


def test_the_first_stage_and_the_archive_ask_for_nothing_by_themselves(ours: Path) -> None:
    config = configured(ours)
    assert [config.signing_policy(stage) for stage in config.registry.stages] == ["off", "enforce", "enforce", "off"]
    config = configured(ours, 'stages = {dev = "warn", production = "off"}\npolicy = "enforce"')
    assert [config.signing_policy(stage) for stage in config.registry.stages] == ["warn", "enforce", "off", "off"]
