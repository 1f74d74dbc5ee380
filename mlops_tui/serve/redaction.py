"""What the log of requests must not hold: columns that are left out, hashed or rounded before anything is written."""

from __future__ import annotations

import hashlib
import hmac
import json
import os
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from mlops_store.errors import Refused, UsageError, nearest
from mlops_tui.config.serving import ServeConfig
from mlops_tui.serve.answers import plain_value
from mlops_tui.serve.redacted import HASH_DIGITS, Redacted
from mlops_tui.serve.schemas import Schema

_KEY_BYTES = 32


class Redaction:
    """The rules for one model's requests.

    Args:
        rules: Columns and what becomes of them.
        key: What values are hashed with: without it nobody can try which value gives a hash.
    """

    def __init__(self, rules: ServeConfig, key: bytes = b"") -> None:
        self._rules = rules
        self._key = key

    def answer(self, columns: Mapping[str, Any], outputs: Sequence[str] = ()) -> dict[str, Any]:
        """What was answered as it may be written down: ``prediction`` and ``probabilities``, values or columns of them.

        The prediction is read off probabilities, also off hashed ones: they go where it goes. Where a model says what
        it gives is named, and gives it without the name, the rule for its only output is that for the prediction; of
        several with a rule for one, nothing is kept.

        Args:
            columns: What was answered.
            outputs: What the model's signature calls it.
        """
        rules, found = self._rules, dict(columns)
        ruled = {name for name in outputs if name in rules.columns}
        given = found.get("prediction")
        if ruled and not (isinstance(given, dict) and ruled <= given.keys()):
            if len(outputs) > 1 or "prediction" in rules.columns:
                return {}
            return Redaction(_renamed(rules, outputs[0], "prediction"), self._key).answer(found)
        if "prediction" in (*rules.drop, *rules.hash):
            found.pop("probabilities", None)
        elif "prediction" in rules.round and "probabilities" in found and "probabilities" not in rules.columns:
            digits = rules.round["prediction"]
            found["probabilities"] = {
                name: [_rounded(value, digits) for value in values] for name, values in found["probabilities"].items()
            }
        kept: dict[str, Any] = {}
        for name, values in found.items():
            if not isinstance(values, dict):
                kept |= self.apply({name: values})
            elif name not in rules.drop:
                kept[name] = self.apply({column: self.apply({name: part})[name] for column, part in values.items()})
        return kept

    def taken(self, inputs: Iterable[str]) -> Redacted:
        """Those inputs that are not written down as they were asked; what is rounded can be asked again."""
        found = frozenset(inputs)
        return Redacted(found & set(self._rules.drop), found & set(self._rules.hash))

    def apply(self, columns: Mapping[str, list[Any]]) -> dict[str, list[Any]]:
        """Columns as they may be written down."""
        rules = self._rules
        found = {name: values for name, values in columns.items() if name not in rules.drop}
        for name in rules.hash:
            if name in found:
                found[name] = [self._hashed(name, value) for value in found[name]]
        for name, digits in rules.round.items():
            if name in found:
                found[name] = [_rounded(value, digits) for value in found[name]]
        return found

    def _hashed(self, name: str, value: Any) -> str | None:
        """The hash of a value in its column: the same value elsewhere has another one."""
        if value is None or value != value:
            return None
        text = json.dumps([name, value], default=plain_value)
        return hmac.new(self._key, text.encode(), hashlib.sha256).hexdigest()[:HASH_DIGITS]


def _renamed(rules: ServeConfig, name: str, to: str) -> ServeConfig:
    """The rules with that for one column about another."""
    drop, hashed = (tuple(to if one == name else one for one in some) for some in (rules.drop, rules.hash))
    return ServeConfig(drop, hashed, {to if one == name else one: digits for one, digits in rules.round.items()})


def _rounded(value: Any, digits: int) -> float | int | None:
    """A number rounded; nothing is kept of what is none."""
    if isinstance(value, bool) or not isinstance(value, int | float):
        return None
    return round(value, digits)


def require_known(rules: ServeConfig, schema: Schema, name: str) -> None:
    """Sees to it that a misspelt rule does not write down what it was to keep out.

    Raises:
        UsageError: A rule is about a column that the model neither takes nor gives.
    """
    known = {*schema.names, *schema.outputs, "prediction", "probabilities"}
    for column in rules.columns if schema.names else ():
        if column not in known:
            raise UsageError(
                f"mlops.toml: serve.{name} has a rule for {column!r}, which {name} neither takes nor gives",
                nearest(column, known),
            )


def key(path: str) -> bytes:
    """The key of a project's hashes, made when it is asked for first.

    Raises:
        Refused: It can be neither read nor made.
    """
    try:
        os.makedirs(os.path.dirname(path), exist_ok=True)
        try:
            descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
        except FileExistsError:
            with open(path, "rb") as file:
                found = file.read()
        else:
            found = os.urandom(_KEY_BYTES)
            with os.fdopen(descriptor, "wb") as file:
                file.write(found)
    except OSError as error:
        raise Refused(f"the key for hashes cannot be had ({error.strerror}): {path}") from error
    if len(found) != _KEY_BYTES:
        raise Refused(f"the key for hashes in {path} is damaged", "delete it: a new one is made, and hashes change")
    return found
