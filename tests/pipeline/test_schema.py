"""The schemas of ``dvc.yaml`` and ``.dvc`` files accept and refuse what DVC's do."""

import json
from typing import Any

from hypothesis import assume, example, given, settings
from hypothesis import strategies as st

from mlops_store.errors import SpecError
from mlops_tui.pipeline import schema
from mlops_tui.pipeline.nodes import Page

ODD = st.sampled_from([None, True, 3, 2.5, "", "x", [], ["x"], [3], {}, {"k": "v"}, {"k": None}, {"k": ["v"]}, [{}]])


def some(**fields: st.SearchStrategy[Any]) -> st.SearchStrategy[dict[str, Any]]:
    """Mappings with some of the fields, each usually as it should be; sometimes with one that is unknown."""
    mostly = {name: right | right | right | ODD for name, right in fields.items()}
    return st.one_of(
        st.fixed_dictionaries({}, optional=mostly),
        st.fixed_dictionaries({}, optional={**mostly, "unknown": ODD}),
    )


TEXT = st.sampled_from(["", "a", "b c", "${x}"])
TEXTS = st.lists(TEXT, max_size=2)
FLAG = st.booleans()
ANNOTATIONS = {"desc": TEXT, "type": TEXT, "labels": TEXTS, "meta": ODD}
OUT = {**ANNOTATIONS, "cache": FLAG, "persist": FLAG, "remote": TEXT, "push": FLAG, "checkpoint": FLAG}
OUTS = st.lists(TEXT | st.dictionaries(TEXT, some(**OUT), max_size=2), max_size=2)
PLOT = some(**OUT, x=TEXT, y=TEXT, title=TEXT, template=TEXT, x_label=TEXT, y_label=TEXT, header=FLAG)
STAGE_FIELDS = {
    "wdir": TEXT, "deps": TEXTS, "outs": OUTS, "metrics": OUTS, "frozen": FLAG, "always_changed": FLAG, "desc": TEXT,
    "plots": st.lists(TEXT | st.dictionaries(TEXT, PLOT, max_size=2), max_size=2), "meta": ODD, "vars": ODD,
    "params": st.lists(TEXT | st.dictionaries(TEXT, TEXTS, max_size=1), max_size=2),
    "matrix": st.dictionaries(TEXT, TEXT | st.lists(ODD, max_size=2), max_size=2),
}  # fmt: skip
STAGE = st.builds(lambda stage, cmd: {"cmd": cmd, **stage}, some(**STAGE_FIELDS), TEXT | TEXTS | ODD)
GROUP = st.builds(lambda group, over: {"foreach": over, **group}, some(do=STAGE), ODD)
AXIS = TEXT | TEXTS | st.dictionaries(TEXT, TEXT | TEXTS, max_size=2)
VIEW = some(x=TEXT | st.dictionaries(TEXT, TEXT, max_size=1), y=AXIS, title=TEXT, template=TEXT, x_label=TEXT)
PIPELINE = some(
    stages=st.dictionaries(TEXT, STAGE | GROUP | ODD, max_size=2),
    vars=st.lists(TEXT | st.dictionaries(TEXT, ODD, max_size=1), max_size=2),
    metrics=TEXTS,
    params=TEXTS,
    plots=st.lists(TEXT | st.dictionaries(TEXT, VIEW | st.none(), max_size=2), max_size=2),
    artifacts=st.dictionaries(TEXT, some(path=TEXT, **ANNOTATIONS), max_size=2),
    datasets=ODD,
)
HASH = st.sampled_from([None, "", "ab", "abc", 12, 123, 1.5])
FILE = {"md5": HASH, "etag": HASH, "checksum": HASH, "size": st.integers(), "nfiles": st.integers(), "isexec": FLAG}
CLOUD = st.dictionaries(TEXT, some(**FILE, version_id=TEXT), max_size=1)
ITEM = {**FILE, "version_id": TEXT, "path": TEXT, "persist": FLAG, "hash": TEXT, "cloud": CLOUD}
ITEM["files"] = st.lists(some(relpath=TEXT, **FILE), max_size=2)
REPO = some(url=TEXT, rev=TEXT, rev_lock=TEXT, config=TEXT, remote=TEXT)
DATA = some(
    md5=HASH,
    wdir=TEXT | st.none(),
    deps=st.lists(some(**ITEM, repo=REPO, db=some(query=TEXT, table=TEXT)), max_size=2) | st.none(),
    outs=st.lists(
        some(**ITEM, **ANNOTATIONS, cache=FLAG, push=FLAG, remote=TEXT).map(lambda out: {"path": "p", **out}),
        max_size=2,
    )
    | st.none(),
    frozen=FLAG,
    locked=FLAG,
    meta=ODD,
    desc=TEXT,
    always_changed=FLAG,
)


def accepts(check: Any, content: Any) -> bool:
    page = Page("f", json.dumps(content).encode())
    assert page.root is not None
    try:
        check(page, page.root)
    except SpecError as error:
        assert error.line == 1
        assert error.column > 0
        return False
    return True


def dvc_accepts(compiled: Any, content: Any) -> bool:
    from voluptuous import MultipleInvalid

    try:
        compiled(content)
    except MultipleInvalid:
        return False
    return True


@settings(max_examples=200)
@given(PIPELINE)
def test_a_dvc_yaml_is_accepted_as_dvc_does(content: dict[str, Any]) -> None:
    from dvc.schema import COMPILED_MULTI_STAGE_SCHEMA

    assert accepts(schema.check_pipeline, content) == dvc_accepts(COMPILED_MULTI_STAGE_SCHEMA, content)


@example({"deps": [{"repo": {}}]})
@settings(max_examples=200)
@given(DATA)
def test_a_dvc_file_is_accepted_as_dvc_does(content: dict[str, Any]) -> None:
    from dvc.schema import COMPILED_SINGLE_STAGE_SCHEMA

    assume(content.get("outs") != [{}])  # passes DVC's schema and then makes DVC crash
    assert accepts(schema.check_data, content) == dvc_accepts(COMPILED_SINGLE_STAGE_SCHEMA, content)
