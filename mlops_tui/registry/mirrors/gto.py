"""GTO's registry: annotated tags in the project's Git repository. Knows the grammar, not the package.

Our version 3 is GTO's ``v3.0.0``: ``churn@v3.0.0`` registers it on the commit that it was trained from, and
``churn#production#7`` assigns a stage to the version of a commit, ``churn#production!#8`` takes it away. The number at
the end counts the tags of the artifact; the time of a tag decides what came last.

Source:
    GTO 1.10, ``gto/constants.py`` and ``gto/tag.py``.
"""

from __future__ import annotations

import os
import re
import subprocess
import time
from collections.abc import Mapping
from typing import NamedTuple

from mlops_store import processes
from mlops_store.errors import Refused
from mlops_store.records import ModelVersion, RegisteredModel
from mlops_tui.config import RegistryConfig

_NAME = r"[a-zA-Z0-9]([a-zA-Z0-9\-/_]*[a-zA-Z0-9])?"
_ALLOWED = re.compile(f"{_NAME}")
_TAG = re.compile(
    rf"(?P<artifact>([a-zA-Z0-9\-_./]+=)?{_NAME})"
    rf"(#(?P<stage>{_NAME})|@v(?P<version>(0|[1-9]\d*)\.(0|[1-9]\d*)\.(0|[1-9]\d*)))(?P<cancel>!?)(#(?P<counter>\d+))?"
)
_FORMAT = "%(refname:strip=2)%00%(objecttype)%00%(*objectname)%00%(taggerdate:unix)"
_TIMEOUT_S = 20


class _Tag(NamedTuple):
    at: int
    name: str
    commit: str
    stage: str
    version: str
    is_cancelled: bool
    counter: int


class Gto:
    """The tags of the repository that a project is in.

    Args:
        registry: Our stages.
        root: The project's directory.
    """

    name = "gto"

    def __init__(self, registry: RegistryConfig, root: str) -> None:
        self._registry = registry
        self._root = root

    def ours(self, model: RegisteredModel) -> Mapping[str, str]:
        """The stage of each version; none in the first stage and in the archive."""
        ends = (self._registry.first, self._registry.archive)
        return {f"v{one.version}": one.stage for one in model.versions if one.stage not in ends}

    def theirs(self, model: RegisteredModel) -> Mapping[str, str]:
        """The stages assigned to each version that we know too, joined by commas."""
        tags = self._tags(self._artifact(model.name))
        known = {f"{one.version}.0.0": f"v{one.version}" for one in model.versions}
        registered = _registered(tags)
        assigned: dict[str, dict[str, None]] = {}
        for tag in tags:
            if tag.stage:
                stages = assigned.setdefault(tag.commit, {})
                stages.pop(tag.stage, None)
                if not tag.is_cancelled:
                    stages[tag.stage] = None
        return {
            known[number]: ",".join(sorted(assigned.get(commit, ())))
            for commit, number in registered.items()
            if number in known
        }

    def write(self, model: RegisteredModel, mark: str, value: str, *, is_trial: bool = False) -> None:
        """Assigns a stage to a version, after registering it, and takes others away; a trial only says if it could.

        Raises:
            Refused: GTO allows no such name, the version's commit is not known, or another version has it.
        """
        artifact, number = self._artifact(model.name), int(mark[1:])
        version = next(one for one in model.versions if one.version == number)
        if value and not _ALLOWED.fullmatch(value):
            raise Refused(f"GTO allows no stage named {value!r}", "letters, digits, - and _")
        tags = self._tags(artifact)
        registered, semver = _registered(tags), f"{number}.0.0"
        commit = next((commit for commit, known in registered.items() if known == semver), "")
        is_new = not commit
        if is_new:
            commit = self._commit(version)
            if commit in registered:
                raise Refused(
                    f"GTO holds one version a commit, and {commit[:10]} is that of {artifact}@v{registered[commit]}",
                    "train from a commit of its own",
                )
        if is_trial:
            return
        if is_new:
            self._tag(tags, f"{artifact}@v{semver}", commit, f"Registering artifact {model.name} version v{semver}")
        for stage in self.theirs(model).get(mark, "").split(","):
            if stage and stage != value:
                what = f"Unassigning stage {stage} from artifact {model.name} version v{semver}"
                self._counted(artifact, f"{artifact}#{stage}!", commit, what)
        if value and value not in self.theirs(model).get(mark, "").split(","):
            what = f"Assigning stage {value} to artifact {model.name} version v{semver}"
            self._counted(artifact, f"{artifact}#{value}", commit, what)

    def move(self, mark: str, value: str) -> tuple[int, str] | None:
        """The version and its stage; of none or several stages it cannot be said which."""
        return (int(mark[1:]), value) if value in self._registry.stages else None

    def _artifact(self, model: str) -> str:
        """The model's name in tags, with the project's directory where that is not the repository's."""
        if not _ALLOWED.fullmatch(model):
            raise Refused(f"GTO allows no artifact named {model!r}", "letters, digits, - and _")
        prefix = self._git("rev-parse", "--show-prefix").strip().rstrip("/")
        return f"{prefix}={model}" if prefix else model

    def _commit(self, version: ModelVersion) -> str:
        label, commit = f"{version.model}/{version.version}", str(version.lineage.get("git_commit") or "")
        if not re.fullmatch(r"[0-9a-f]{4,64}", commit):
            raise Refused(f"{label} was trained outside of a Git commit, which a tag of GTO stands on")
        try:
            return self._git("rev-parse", "--verify", "--quiet", "--end-of-options", f"{commit}^{{commit}}").strip()
        except Refused as error:
            raise Refused(f"the commit {commit[:10]} of {label} is not in this repository", "git fetch") from error

    def _counted(self, artifact: str, name: str, commit: str, message: str) -> None:
        tags = self._tags(artifact)
        self._tag(tags, f"{name}#{max((tag.counter for tag in tags), default=0) + 1}", commit, message)

    def _tag(self, tags: list[_Tag], name: str, commit: str, message: str) -> None:
        # GTO orders by seconds, and within one by names, where an end comes before its beginning
        at = max(int(time.time()), max((tag.at for tag in tags), default=0) + 1)
        dated = {"GIT_COMMITTER_DATE": f"@{at} +0000"}
        try:
            self._git("var", "GIT_COMMITTER_IDENT")
        except Refused:
            user = processes.user()
            dated |= {"GIT_COMMITTER_NAME": user, "GIT_COMMITTER_EMAIL": f"{user}@{os.uname().nodename}"}
        self._git("tag", "--annotate", "--no-sign", "--message", message, name, commit, environment=dated)

    def _tags(self, artifact: str) -> list[_Tag]:
        """The annotated tags of an artifact, the oldest first, as GTO orders them."""
        found = []
        for line in self._git("for-each-ref", "refs/tags", f"--format={_FORMAT}").splitlines():
            name, kind, commit, at = line.split("\0")
            match = _TAG.fullmatch(name)
            if kind == "tag" and match and match["artifact"] == artifact:
                found.append(
                    _Tag(
                        *(int(at or 0), name, commit, match["stage"] or "", match["version"] or ""),
                        bool(match["cancel"]),
                        int(match["counter"] or 0),
                    )
                )
        return sorted(found)

    def _git(self, *words: str, environment: Mapping[str, str] | None = None) -> str:
        """What git prints; it runs no hooks, asks for nothing and reaches no other machine.

        Raises:
            Refused: It fails, is not installed, or the project is in no repository.
        """
        try:
            done = subprocess.run(
                ["git", "-c", "core.hooksPath=/dev/null", *words],
                cwd=self._root,
                env={**os.environ, "GIT_TERMINAL_PROMPT": "0", "LC_ALL": "C", **(environment or {})},
                capture_output=True,
                text=True,
                errors="replace",
                timeout=_TIMEOUT_S,
                stdin=subprocess.DEVNULL,
            )
        except FileNotFoundError as error:
            raise Refused("git is not installed, and GTO's tags are made with it") from error
        except subprocess.TimeoutExpired as error:
            raise Refused(f"git took longer than {_TIMEOUT_S} s") from error
        if done.returncode:
            raise Refused(f"git {words[0]}: {' '.join(done.stderr.split())[:300] or 'failed'}")
        return done.stdout


def _registered(tags: list[_Tag]) -> dict[str, str]:
    """Commit -> the version that is registered there, without its v."""
    found: dict[str, str] = {}
    for tag in tags:
        if tag.version and tag.is_cancelled:
            found.pop(tag.commit, None)
        elif tag.version:
            found[tag.commit] = tag.version
    return found
