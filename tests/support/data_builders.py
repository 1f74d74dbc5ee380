"""Projects with versions of data in a cache, for tests: files, objects and uses, without running anything."""

from __future__ import annotations

import os
from pathlib import Path

from mlops_store import datasets, ids, runs
from mlops_store.records import Dataset
from mlops_store.store import Store
from mlops_tui.data import catalogue, versions
from mlops_tui.data.catalogue import Item
from mlops_tui.pipeline import cache, hashing
from mlops_tui.pipeline.state import Inputs
from mlops_tui.project import Project

Files = dict[str, str | bytes]


class DataProject:
    """A DVC project in which versions of data are put into the work tree, the cache and the store."""

    def __init__(self, root: Path, dvc_yaml: str = "") -> None:
        self.root = root
        (root / ".dvc").mkdir(parents=True)
        (root / "dvc.yaml").write_text(dvc_yaml or "stages: {}\n")
        self.project = Project(str(root))

    @property
    def inputs(self) -> Inputs:
        return Inputs(self.project)

    def store(self) -> Store:
        return Store(self.project.store_path)

    def put(self, path: str, content: str | bytes | Files) -> str:
        """Puts a file or directory into the work tree, in the place of what was there; returns its digest."""
        full = self.root / path
        if isinstance(content, dict):
            for directory, _, names in os.walk(full):
                for name in names:
                    os.unlink(os.path.join(directory, name))
            full.mkdir(parents=True, exist_ok=True)
            for name, part in content.items():
                self._write(full / name, part)
            return hashing.directory_md5({name: hashing.hash_file(str(full / name)) for name in content})
        self._write(full, content)
        return hashing.hash_file(str(full))

    @staticmethod
    def _write(full: Path, content: str | bytes) -> None:
        full.parent.mkdir(parents=True, exist_ok=True)
        full.write_bytes(content if isinstance(content, bytes) else content.encode())

    def keep(self, path: str, content: str | bytes | Files) -> str:
        """Does the same and puts it into the cache as well."""
        digest = self.put(path, content)
        if isinstance(content, dict):
            files = {name: self.object(self.root / path / name) for name in content}
            self._object(digest, hashing.directory_object(files))
            return digest
        return self.object(self.root / path)

    def object(self, full: Path) -> str:
        """Puts a file's bytes into the cache."""
        digest = hashing.hash_file(str(full))
        self._object(digest, full.read_bytes())
        return digest

    def object_path(self, digest: str) -> Path:
        return Path(cache.find(self.project).path(digest))

    def _object(self, digest: str, data: bytes) -> None:
        target = self.object_path(digest)
        if not target.exists():
            target.parent.mkdir(parents=True, exist_ok=True)
            target.write_bytes(data)
            target.chmod(0o444)

    def track(self, path: str) -> None:
        """Writes the ``.dvc`` file for what lies at a path now."""
        found = self.inputs.fingerprints.find(path)
        assert found is not None
        files = f"\n  nfiles: {found.files}" if found.files is not None else ""
        (self.root / f"{path}.dvc").write_text(
            f"outs:\n- md5: {found.md5}\n  size: {found.size_bytes}{files}\n  hash: md5\n  path: {Path(path).name}\n"
        )

    def use(self, path: str, digest: str, at: float, context: str = "input", name: str = "train") -> str:
        """Records a run that used a version; returns its id."""
        run_id = ids.new_id()
        with self.store() as store, store.write() as db:
            runs.create(db, run_id=run_id, name=name, experiment="e", kind="stage", started_at=at, status="FINISHED")
            datasets.use(db, run_id, Dataset(path, digest, path, 10, created_at=at), context)
        return run_id

    def item(self, path: str) -> Item:
        """The data at a path as it stands now."""
        store = self.store() if self.project.has_store else None
        return versions.choose(catalogue.read(self.project, store), path)

    def listing(self, path: str = "") -> dict[str, str]:
        """What the work tree holds below a path."""
        full = self.root / path
        return {
            os.path.relpath(os.path.join(directory, name), full): Path(directory, name).read_text()
            for directory, _, names in os.walk(full)
            for name in names
        }
