"""DVC's configuration as DVC itself reads it."""

import os
from pathlib import Path

import pytest
from pipeline_builders import dvc

from mlops_store.errors import SpecError
from mlops_tui.pipeline import dvc_config

FILES = {
    "default": "",
    "cache": "[cache]\n    dir = ../elsewhere\n    type = hardlink,symlink\n    shared = group\n",
    "quoted": '[cache]\ntype = "reflink, copy"\ndir = "../a b"  # beside\n',
    "list": "[cache]\ntype = symlink, copy\n",
    "capitals": "[Core]\nNO_SCM = True\n[parsing]\nbool = Boolean_Optional\nlist = append\n",
    "others": "# a comment\n[core]\n    remote = mine\n['remote \"mine\"']\n    url = /tmp/x\n    type = copy\n",
    "absolute": "[cache]\ndir = /tmp/some/cache\n",
    "home": "[cache]\ndir = ~/cache\n",
    "twice": "[cache]\n    type = copy\n[core]\n    no_scm = false\n",
}


@pytest.fixture(autouse=True)
def _own_directories(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("DVC_GLOBAL_CONFIG_DIR", str(tmp_path / "global"))
    monkeypatch.setenv("DVC_SYSTEM_CONFIG_DIR", str(tmp_path / "system"))


def write(path: Path, text: str) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text)


def theirs(root: Path) -> dvc_config.DvcConfig:
    with dvc(root) as repo:
        config = repo.config
        return dvc_config.DvcConfig(
            cache_dir=repo.cache.local_cache_dir,
            link_types=tuple(repo.cache.local.cache_types),
            uses_git=not config["core"].get("no_scm"),
            is_shared=config["cache"].get("shared") == "group",
            parsing_bool=config["parsing"].get("bool", "store_true"),
            parsing_list=config["parsing"].get("list", "nargs"),
        )


@pytest.fixture(scope="module")
def repository(tmp_path_factory: pytest.TempPathFactory) -> Path:
    root = tmp_path_factory.mktemp("repository")
    with dvc(root, init=True):
        pass
    return root


@pytest.mark.parametrize("what", FILES)
def test_a_file_is_read_as_dvc_reads_it(repository: Path, what: str) -> None:
    write(repository / ".dvc" / "config", "[core]\nno_scm = true\n" + FILES[what].replace("[core]", "").lstrip("\n"))
    if "[core]" in FILES[what] or "[Core]" in FILES[what]:
        write(repository / ".dvc" / "config", FILES[what])
        write(repository / ".dvc" / "config.local", "[core]\nno_scm = true\n")
    assert dvc_config.load(str(repository)) == theirs(repository)
    (repository / ".dvc" / "config.local").unlink(missing_ok=True)


def test_the_nearer_file_counts(repository: Path, tmp_path: Path) -> None:
    write(tmp_path / "system" / "config", "[cache]\ntype = symlink\nshared = group\ndir = sys\n")
    write(tmp_path / "global" / "config", "[cache]\ntype = hardlink\ndir = here\n[parsing]\nlist = append\n")
    write(repository / ".dvc" / "config", "[core]\nno_scm = true\n[cache]\ntype = copy\n")
    write(repository / ".dvc" / "config.local", "[cache]\ntype = reflink\n")
    found = dvc_config.load(str(repository))
    assert found == theirs(repository)
    assert (found.link_types, found.cache_dir) == (("reflink",), str(tmp_path / "global" / "here"))
    (repository / ".dvc" / "config.local").unlink()


def test_a_project_without_dvc_has_no_such_cache(tmp_path: Path) -> None:
    write(tmp_path / "global" / "config", "[cache]\ntype = hardlink\n")
    assert dvc_config.load(str(tmp_path)) == dvc_config.DvcConfig()


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("[cache]\ntype = softlink\n", r"\.dvc/config:2:0: cache\.type 'softlink' is not known"),
        ("[core]\nno_scm = perhaps\n", r"core\.no_scm cannot be 'perhaps'"),
        ("nonsense\n", "neither a"),
        ("[parsing]\nbool = maybe\n", r"parsing\.bool cannot be 'maybe'"),
        (b"[cache]\ndir = \xff\n", "not UTF-8"),
    ],
)
def test_what_is_not_understood_is_named(tmp_path: Path, text: str | bytes, message: str) -> None:
    os.makedirs(tmp_path / ".dvc")
    (tmp_path / ".dvc" / "config").write_bytes(text if isinstance(text, bytes) else text.encode())
    with pytest.raises(SpecError, match=message):
        dvc_config.load(str(tmp_path))
