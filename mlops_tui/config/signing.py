"""``[signing]``: which key signs model versions, which keys are trusted, and what a stage asks of a signature."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from mlops_store.errors import nearest
from mlops_tui.config.reader import Reader

#: What a stage asks: nothing, a remark where the signature is not valid, or a valid signature.
POLICIES = ("off", "warn", "enforce")


@dataclass(frozen=True, slots=True)
class SigningConfig:
    """How versions are signed.

    Attributes:
        policy: What the stages between the first one and the archive ask, one of ``POLICIES``.
        key: The private key that promotions sign with, a path; "" for the one that MLOPS_SIGNING_KEY names, if any.
        public_keys: The keys whose signatures count, as paths.
        stages: Stage -> policy, where a stage asks for something else than ``policy``.
    """

    policy: str = "off"
    key: str = ""
    public_keys: tuple[str, ...] = ()
    stages: Mapping[str, str] = field(default_factory=dict)


def read(reader: Reader, body: object, stages: Sequence[str]) -> SigningConfig:
    """The table ``[signing]``.

    Raises:
        SpecError: A key or value is not understood, or a policy has no keys to trust.
    """
    table = reader.table(body, "signing", ("policy", "key", "public_keys", "stages"))
    policies = {
        name: reader.choice(value, f"signing.stages.{name}", POLICIES)
        for name, value in reader.table(table.get("stages", {}), "signing.stages", None).items()
    }
    for name in policies:
        if name not in stages:
            raise reader.error(f"signing.stages.{name}", "is no stage", nearest(name, stages))
    policy = reader.choice(table.get("policy", "off"), "signing.policy", POLICIES)
    public_keys = reader.paths(table.get("public_keys", []), "signing.public_keys")
    if not public_keys and {policy, *policies.values()} != {"off"}:
        raise reader.error(
            "signing.policy" if policy != "off" else "signing.stages",
            "needs keys to trust",
            'add: public_keys = ["release.pub"]; mlops-tui models keygen makes a pair',
        )
    key = next(iter(reader.paths(table.get("key", []), "signing.key")), "")
    return SigningConfig(policy, key, public_keys, policies)
