"""Writing the folder that serves a version elsewhere; it is made aside, so that what fails leaves nothing behind."""

from __future__ import annotations

import os
import shutil
import tempfile
from dataclasses import dataclass

from mlops_store import runs
from mlops_store.errors import NotFound, Refused, StoreError, StoreFull
from mlops_store.records import ModelVersion
from mlops_store.store import Store
from mlops_tui.project import Project
from mlops_tui.registry import formats, signing
from mlops_tui.registry.files import materialize
from mlops_tui.registry.formats import ModelInfo, kinds
from mlops_tui.serve.export import archive, requirements, texts
from mlops_tui.serve.export import code as codes
from mlops_tui.serve.export.code import Code

MODEL_FOLDER, CODE_FOLDER = "model", "code"
#: The modes of files: whoever runs the folder, in a container another user, can read it.
_RUNNABLE, _READABLE = 0o755, 0o644


@dataclass(frozen=True, slots=True)
class Exported:
    """A folder that was written, or would be.

    ``files`` are (path, size in bytes) by path; ``packages`` names and versions in ``requirements.txt``.
    """

    model: str
    version: int
    digest: str
    directory: str
    files: tuple[tuple[str, int], ...]
    packages: dict[str, str]
    code: Code


def export(
    store: Store,
    project: Project,
    version: ModelVersion,
    directory: str,
    *,
    is_forced: bool = False,
    is_trial: bool = False,
) -> Exported:
    """Writes a folder that serves a version anywhere where Python and its requirements are.

    Args:
        store: The store that has the version.
        project: Whose repository has the code.
        version: A version whose files are a model.
        directory: The folder; made when missing.
        is_forced: Write into a folder that holds something. Files of the same names are replaced, and an earlier
            export's model and code as a whole.
        is_trial: Only say what would be written.

    Raises:
        NotFound: The version's files are no model.
        Refused: The folder holds something, the version's files are gone or changed, or its stage enforces signatures
            and it has none that is valid, or nothing in it predicts.
        StoreError: The folder cannot be written.
    """
    signing.admit(store, version)
    place = os.path.abspath(directory)
    require_free(place, is_forced=is_forced)
    try:
        with tempfile.TemporaryDirectory(prefix="mlops-export-") as made:
            exported = _make(store, project, version, made, directory)
            if not is_trial:
                _move(made, place)
            return exported
    except OSError as error:
        if error.errno == 28:
            raise StoreFull("the disk is full", "free some space, or give another folder") from error
        raise StoreError(f"{directory} cannot be written ({error.strerror})", "give another folder") from error


def require_free(directory: str, *, is_forced: bool = False) -> None:
    """Refuses a folder that must not be written to.

    Raises:
        Refused: It is no folder, or holds something that would be mixed with what is written.
    """
    if not os.path.lexists(directory):
        return
    if not os.path.isdir(directory):
        raise Refused(f"{directory} is no folder", "give another name")
    held = os.listdir(directory)
    if held and not is_forced:
        raise Refused(f"{directory} is not empty", "give another folder, or --force to replace an export in it")
    foreign = {MODEL_FOLDER, CODE_FOLDER} & set(held) if texts.PROGRAM_FILE not in held else set()
    foreign |= {name for name in texts.FILES if os.path.isdir(os.path.join(directory, name))}
    if foreign:
        raise Refused(
            f"{directory} holds a {sorted(foreign)[0]!r} that no export wrote", "give another folder, or remove that"
        )


def _make(store: Store, project: Project, version: ModelVersion, made: str, directory: str) -> Exported:
    model = os.path.join(made, MODEL_FOLDER)
    os.mkdir(model)
    materialize(store, version, model)
    info = formats.describe(model)
    if not kinds.get(info.flavor).predicts:
        raise kinds.not_served(info.flavor)
    python_version = info.python_version or str(version.lineage.get("python_version") or "")
    try:
        of_run, diff = _run(store, version)
    except NotFound:  # the run was removed for good; the version keeps what it knows itself
        of_run, diff = {}, ""
    packages = requirements.locked(info.packages, of_run)
    code = codes.write(
        project.main_root,
        str(version.lineage.get("git_commit") or ""),
        diff,
        bool(version.lineage.get("git_dirty")),
        os.path.join(made, CODE_FOLDER),
    )
    contents: tuple[str | bytes, ...] = (
        archive.packed(),
        texts.start(version),
        texts.requirements(packages, python_version),
        texts.dockerfile(python_version),
        texts.readme(version, code, info.input_example, _warnings(info)),
    )
    for name, content in zip(texts.FILES, contents, strict=True):
        with open(os.path.join(made, name), "wb") as file:
            file.write(content if isinstance(content, bytes) else content.encode())
    os.chmod(os.path.join(made, "start"), _RUNNABLE)
    return Exported(version.model, version.version, version.digest, directory, _listed(made), packages, code)


def _run(store: Store, version: ModelVersion) -> tuple[dict[str, str], str]:
    """The packages of the version's run, and what was not committed."""
    if version.run_id is None:
        return {}, ""
    found = runs.detail(store.read(), version.run_id)
    return dict(found.packages), found.git_diff


def _warnings(info: ModelInfo) -> list[str]:
    """What whoever starts it has to allow."""
    found = [f"holds {name}, which must be trusted: ./start --trust {name}" for name in info.untrusted_types]
    runs = kinds.runs(info.flavor)
    if runs:
        what = "is a pickle" if runs == kinds.PICKLE else "is source code"
        found.append(f"{what}, which runs when it is loaded: ./start --allow-{runs}")
    return found


def _listed(made: str) -> tuple[tuple[str, int], ...]:
    """The files with their sizes, all of them readable from here on."""
    found = []
    for folder, _, names in os.walk(made):
        for name in names:
            path = os.path.join(folder, name)
            is_runnable = os.stat(path).st_mode & 0o100
            os.chmod(path, _RUNNABLE if is_runnable else _READABLE)
            found.append((os.path.relpath(path, made).replace(os.sep, "/"), os.path.getsize(path)))
    return tuple(sorted(found))


def _move(made: str, place: str) -> None:
    os.makedirs(place, exist_ok=True)
    for name in (MODEL_FOLDER, CODE_FOLDER):
        if os.path.isdir(os.path.join(place, name)):
            shutil.rmtree(os.path.join(place, name))
    for name in sorted(os.listdir(made)):
        target = os.path.join(place, name)
        if os.path.isfile(target) or os.path.islink(target):
            os.unlink(target)  # not written through a link
        shutil.move(os.path.join(made, name), target)
