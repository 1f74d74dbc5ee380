"""Templates with generated values, vars and texts: the values are DVC's, and so is what is refused."""

import json
import os
from collections.abc import Iterator
from pathlib import Path
from typing import Any
from unittest.mock import MagicMock

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from mlops_store.errors import SpecError
from mlops_tui.pipeline.context import Unresolved
from mlops_tui.pipeline.expansion import Expansion
from mlops_tui.pipeline.interpolation import to_text
from mlops_tui.pipeline.nodes import Page
from mlops_tui.pipeline.readings import Readings

KEYS = st.sampled_from(["a", "b", "c", "lr", "x y", "é", "0", "item", "key"])
SCALARS = st.one_of(
    st.none(),
    st.booleans(),
    st.integers(-(10**20), 10**20),
    st.floats(allow_nan=False, allow_infinity=False),  # what JSON makes of these is a word to YAML
    st.sampled_from(["", "x", "two words", "it's", "${a}", "\\${a}", "$a", "--k", "é\n", "true", "1e-4"]),
)
VALUES = st.recursive(
    SCALARS, lambda inner: st.lists(inner, max_size=3) | st.dictionaries(KEYS, inner, max_size=3), max_leaves=8
)
MAPPINGS = st.dictionaries(KEYS, VALUES, max_size=4)
PATHS = st.lists(
    st.one_of(
        KEYS,
        KEYS.map(lambda key: f".{key}"),
        st.integers(-2, 3).map(lambda index: f"[{index}]"),
        st.sampled_from([".", "[", "]", " ", "[x]", ".0", "..", "\t", "$", "{"]),
    ),
    min_size=1,
    max_size=4,
).map("".join)
TEXTS = st.lists(
    st.one_of(
        PATHS.map(lambda path: f"${{{path}}}"),
        KEYS.map(lambda key: f"${{{key}}}"),
        st.sampled_from(["x", " ", "\\", "$", "{", "}", "${", "\\${", "\\${a}", "\n", "'", "${}"]),
    ),
    min_size=1,
    max_size=4,
).map("".join)
STAGES = st.fixed_dictionaries(
    {"cmd": TEXTS | st.lists(TEXTS, max_size=2)},
    optional={
        "deps": st.lists(TEXTS, max_size=2),
        "desc": TEXTS,
        "meta": st.dictionaries(TEXTS, TEXTS | st.integers() | st.lists(TEXTS, max_size=2), max_size=2),
        "outs": st.lists(
            TEXTS | st.dictionaries(TEXTS, st.fixed_dictionaries({"desc": TEXTS}), max_size=1), max_size=2
        ),
        "vars": st.lists(MAPPINGS | st.sampled_from(["o.json", "o.json:a", "o.json:b,c", "params.yaml"]), max_size=2),
    },
)
FOREACH = st.fixed_dictionaries(
    {"foreach": VALUES.filter(lambda value: isinstance(value, list | dict)) | TEXTS, "do": STAGES}
)
MATRIX = st.builds(
    lambda stage, matrix: {**stage, "matrix": matrix},
    STAGES,
    st.dictionaries(KEYS, st.lists(VALUES, max_size=2) | KEYS.map(lambda key: f"${{{key}}}"), min_size=1, max_size=2),
)
GROUPS = st.dictionaries(st.sampled_from(["s", "t", "u"]), STAGES | FOREACH | MATRIX, min_size=1, max_size=2)
PARSING = st.fixed_dictionaries(
    {},
    optional={
        "bool": st.sampled_from(["store_true", "boolean_optional"]),
        "list": st.sampled_from(["nargs", "append"]),
    },
)


@pytest.fixture(scope="module")
def directory(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("templates")


def theirs(directory: Path, content: dict[str, Any], parsing: dict[str, str]) -> Any:
    """What DVC makes of it; None when it refuses or crashes."""
    from dvc.fs import localfs
    from dvc.parsing import DataResolver

    repo = MagicMock(fs=localfs, config={"parsing": parsing})
    before = os.getcwd()
    os.chdir(directory)
    try:
        resolver = DataResolver(repo, str(directory), content)
        return {name: resolver.resolve_one(name)[name] for name in resolver.get_keys()}
    except Exception:
        return None
    finally:
        os.chdir(before)


def ours(directory: Path, content: dict[str, Any], parsing: dict[str, str]) -> Any:
    page = Page("dvc.yaml", json.dumps(content).encode())
    try:
        expansion = Expansion(page, Readings(str(directory)), parsing)
        return {
            stage.key: {key: page.value(node) for key, node in stage.fields.items()} for stage in expansion.stages()
        }
    except SpecError:
        return None


def paths(value: Any, prefix: str = "") -> Iterator[str]:
    """The ways to name what a value holds."""
    yield prefix
    if isinstance(value, dict):
        for key, item in value.items():
            yield from paths(item, f"{prefix}.{key}")
    elif isinstance(value, list):
        for index, item in enumerate(value):
            yield from paths(item, f"{prefix}[{index}]")


@st.composite
def understood(draw: st.DrawFn) -> tuple[dict[str, Any], dict[str, Any]]:
    """Values, and stages whose templates name them."""
    letters = st.sampled_from("abcd")
    values = st.recursive(
        SCALARS, lambda inner: st.lists(inner, max_size=3) | st.dictionaries(letters, inner, max_size=3), max_leaves=6
    )
    params = draw(st.dictionaries(letters, values, min_size=1, max_size=4))
    named = [path.removeprefix(".") for path in paths(params) if path]
    scalars = [path for path in named if not isinstance(at(params, path), list | dict)] or ["a"]
    scalar = st.sampled_from(scalars).map(lambda path: f"${{{path}}}")
    anything = st.sampled_from(named).map(lambda path: f"${{{path}}}")
    is_dict = [path for path in named if isinstance(at(params, path), dict)]
    options = st.sampled_from(is_dict).map(lambda path: f" ${{{path}}}") if is_dict else scalar
    text = st.lists(scalar | st.sampled_from(["x", " ", "\\${", "'"]), min_size=1, max_size=3).map("".join)
    stage = st.fixed_dictionaries(
        {"cmd": text | options.map("run{}".format)},
        optional={"desc": text, "meta": st.dictionaries(st.sampled_from(["k", "l"]), text, max_size=2)},
    )
    item = st.sampled_from(["${item}", "${key}", "x${item}", "${item.a}", "${item.x}"])
    generated = st.fixed_dictionaries({"cmd": text | item})
    over = anything | st.lists(values | scalar, max_size=3) | st.dictionaries(letters | scalar, values, max_size=3)
    foreach = st.fixed_dictionaries({"foreach": over, "do": generated})
    axes = st.dictionaries(
        st.sampled_from("xyz"), anything | st.lists(values | scalar, max_size=2), min_size=1, max_size=2
    )
    matrix = st.fixed_dictionaries({"matrix": axes, "cmd": text | item})
    return params, draw(st.dictionaries(st.sampled_from("st"), stage | foreach | matrix, min_size=1, max_size=2))


def at(value: Any, path: str) -> Any:
    for part in path.replace("[", ".").replace("]", "").split("."):
        value = value[int(part)] if isinstance(value, list) else value[part]
    return value


@settings(max_examples=200)
@given(scene=understood(), parsing=PARSING)
def test_what_templates_name_is_put_in_their_place_as_dvc_does(
    directory: Path, scene: tuple[dict[str, Any], dict[str, Any]], parsing: dict[str, str]
) -> None:
    params, stages = scene
    (directory / "params.yaml").write_text(json.dumps(params))
    content = {"stages": stages}
    expected = theirs(directory, json.loads(json.dumps(content)), parsing)
    assert ours(directory, content, parsing) == expected


@settings(max_examples=150)
@given(params=MAPPINGS, other=MAPPINGS, top=st.lists(MAPPINGS, max_size=2), stages=GROUPS, parsing=PARSING)
@example(params={"a": [True]}, other={}, top=[], stages={"s": {"foreach": "${a}", "do": {"cmd": "x"}}}, parsing={})
@example(params={"a": "\\${b}"}, other={}, top=[], stages={"s": {"cmd": "${a} x${a}"}}, parsing={})
def test_stages_are_resolved_as_dvc_resolves_them(
    directory: Path,
    params: dict[str, Any],
    other: dict[str, Any],
    top: list[Any],
    stages: dict[str, Any],
    parsing: dict[str, str],
) -> None:
    (directory / "params.yaml").write_text(json.dumps(params))
    (directory / "o.json").write_text(json.dumps(other))
    content = {"vars": top, "stages": stages}
    expected = theirs(directory, json.loads(json.dumps(content)), parsing)
    assert ours(directory, content, parsing) == expected


@given(value=st.dictionaries(KEYS, VALUES, max_size=4), parsing=PARSING)
def test_a_dict_becomes_the_options_that_dvc_makes_of_it(value: dict[str, Any], parsing: dict[str, str]) -> None:
    from dvc.parsing.interpolate import ParseError
    from dvc.parsing.interpolate import to_str as dvc_text

    try:
        expected = dvc_text(value, config=parsing)
    except ParseError:
        with pytest.raises(Unresolved):
            to_text(value, parsing)
        return
    assert to_text(value, parsing) == expected


def test_aliases_in_aliases_do_not_explode() -> None:
    lines = ["vars: [{v: 1}]", "stages:", "  s:", "    cmd: x", "    meta:", "      a0: &a0 ['${v}']"]
    lines += [f"      a{index}: &a{index} [*a{index - 1}, *a{index - 1}]" for index in range(1, 60)]
    page = Page("dvc.yaml", "\n".join(lines).encode())
    (stage,) = Expansion(page, Readings(os.curdir), {}).stages()
    assert page.value(stage.fields["meta"])["a2"] == [[[1], [1]], [[1], [1]]]
