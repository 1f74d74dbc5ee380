"""``models keygen``, ``sign`` and ``verify``, and promotions that sign."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest
from registry_builders import make_store, make_version

from mlops_store import artifacts
from mlops_tui.registry import keys


@pytest.fixture
def versions(project: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Two versions, and a policy that trusts the key ``release``."""
    monkeypatch.delenv(keys.KEY_VARIABLE, raising=False)
    monkeypatch.delenv(keys.PASSPHRASE_VARIABLE, raising=False)
    (project / "mlops.toml").write_text('[signing]\npolicy = "enforce"\npublic_keys = ["release.pub"]\n')
    with make_store(project) as store:
        make_version(store)
        make_version(store)


def test_a_version_is_signed_and_verified(cli: Callable, project: Path, versions: None) -> None:
    made = cli("models", "keygen", "release", "--json").json
    assert (project / "release").stat().st_mode & 0o777 == 0o600
    assert "keep it out of Git" in cli("models", "keygen", "other").stderr

    assert cli("models", "sign", "churn", "1").exit_code == 2
    assert cli("models", "sign", "churn", "1", "--key", "release", "--dry-run").stdout.startswith("would sign churn")
    assert cli("models", "verify", "churn", "1").exit_code == 1
    assert cli("models", "sign", "churn", "1", "--key", "release").exit_code == 0
    done = cli("models", "verify", "churn", "1", "--json")
    assert (done.exit_code, done.json[0]["state"], done.json[0]["key"]) == (0, "valid", made["fingerprint"])
    done = cli("models", "verify", "churn", "1", "--public-key", "other.pub", "--json")
    assert (done.exit_code, done.json[0]["state"]) == (1, "untrusted")

    listed = cli("models", "list", "--json").json[0]["versions"]
    assert [one["signed_with"] for one in listed] == [None, made["fingerprint"]]
    assert cli("models", "show", "churn", "1", "--json").json["signature"]["state"] == "valid"
    assert "valid: signed with the key release" in cli("models", "show", "churn", "1").stdout


def test_an_unsigned_version_with_other_files_than_were_registered_is_told_of(
    cli: Callable, project: Path, versions: None
) -> None:
    with make_store(project) as store:
        found = cli("models", "show", "churn", "1", "--json").json["lineage"]["files"]["model.skops"]["digest"]
        Path(artifacts.object_path(store.objects_dir, found)).unlink()
    done = cli("models", "verify", "--all", "--json")
    assert done.exit_code == 1
    assert [(one["state"], one["message"]) for one in done.json if one["version"] == 1] == [
        ("changed", "nobody has signed it, and 'model.skops' was removed")
    ]


def test_verifying_all_fails_for_what_is_wrong_or_missing_where_it_is_asked_for(
    cli: Callable, project: Path, versions: None
) -> None:
    cli("models", "keygen", "release")
    assert cli("models", "verify", "--all").exit_code == 0, "nobody asks for a signature in dev"
    refused = cli("models", "promote", "churn", "1", "--to", "production", "--dry-run")
    assert (refused.exit_code, "nobody has signed it" in refused.stderr) == (1, True)
    assert cli("models", "promote", "churn", "1", "--to", "production", "--key", "release").exit_code == 0
    assert cli("models", "verify", "--all").exit_code == 0
    with make_store(project) as store:
        found = cli("models", "show", "churn", "1", "--json").json["lineage"]["files"]["model.skops"]["digest"]
        path = Path(artifacts.object_path(store.objects_dir, found))
    (project / "mlops.toml").write_text('[signing]\npolicy = "warn"\npublic_keys = ["release.pub"]\n')
    done = cli("models", "promote", "churn", "2")
    assert (done.exit_code, "that of the version is unsigned" in done.stderr) == (0, True)
    path.unlink()
    done = cli("models", "verify", "--all")
    assert (done.exit_code, "'model.skops' was removed" in done.stdout) == (1, True)
    assert cli("models", "verify").exit_code == 2
    assert cli("models", "verify", "churn", "--all").exit_code == 2
    assert cli("models", "verify", "nosuch").exit_code == 2
