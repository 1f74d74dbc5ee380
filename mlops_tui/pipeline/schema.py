"""DVC's schemas of ``dvc.yaml`` and ``.dvc`` files, over nodes, so that every mistake has its place.

They hold before interpolation: ``frozen: ${x}`` is a mistake whatever ``x`` is.
"""

from __future__ import annotations

from collections.abc import Callable

from yaml.nodes import MappingNode, Node, ScalarNode, SequenceNode

from mlops_tui.pipeline.nodes import Page

_Check = Callable[[Page, Node, str], object]

PLOT_FIELDS = ("template", "x", "y", "x_label", "y_label", "title", "header")


def check_pipeline(page: Page, node: Node) -> None:
    """Refuses what DVC's schema of ``dvc.yaml`` refuses.

    Raises:
        SpecError: Points at the node.
    """
    _TOP(page, node, page.file)


def check_data(page: Page, node: Node) -> None:
    """Refuses what DVC's schema of ``.dvc`` files refuses.

    Raises:
        SpecError: Points at the node.
    """
    _DATA(page, node, page.file)


def _text(page: Page, node: Node, what: str) -> None:
    page.string(node, what)


def _flag(page: Page, node: Node, what: str) -> None:
    page.flag(node, what)


def _any(page: Page, node: Node, what: str) -> None:
    page.value(node)


def _meta(page: Page, node: Node, what: str) -> None:
    page.remarks(node)


def _whole(page: Page, node: Node, what: str) -> None:
    if not isinstance(page.value(node), int):
        raise page.wrong(node, f"{what} must be a whole number, not {page.kind(node)}")


def _hash(page: Page, node: Node, what: str) -> None:
    value = page.value(node)
    is_hash = value is None or value == "" or (isinstance(value, str | int) and len(str(value)) > 2)
    if not is_hash:
        raise page.wrong(node, f"{what} must be a hash")


def _list(check: _Check, item: str = "an item") -> _Check:
    def checked(page: Page, node: Node, what: str) -> None:
        for one in page.items(node, what):
            check(page, one, f"{what}: {item}")

    return checked


def _map(check: _Check, key: str = "a key") -> _Check:
    def checked(page: Page, node: Node, what: str) -> None:
        for name, item in page.pairs(node, what):
            check(page, item, f"{what}: {page.string(name, f'{what}: {key}')!r}")

    return checked


def _fields(known: dict[str, _Check], required: tuple[str, ...] = ()) -> _Check:
    def checked(page: Page, node: Node, what: str) -> None:
        body = page.fields(node, what, known)
        for name in required:
            if name not in body:
                raise page.wrong(node, f"{what} has no {name!r}")
        for name, item in body.items():
            known[name](page, item, repr(name) if what == page.file else f"{what}: {name!r}")

    return checked


def _either(scalar: _Check, sequence: _Check | None = None, mapping: _Check | None = None) -> _Check:
    """By the kind of the node; a kind that has no check is what the scalar's check says it is not."""

    def checked(page: Page, node: Node, what: str) -> None:
        by_kind = {ScalarNode: scalar, SequenceNode: sequence, MappingNode: mapping}
        (by_kind.get(type(node)) or scalar)(page, node, what)

    return checked


def _or_nothing(check: _Check) -> _Check:
    def checked(page: Page, node: Node, what: str) -> None:
        if not page.is_null(node):
            check(page, node, what)

    return checked


def _filled(check: _Check) -> _Check:
    def checked(page: Page, node: Node, what: str) -> None:
        if not page.pairs(node, what):
            raise page.wrong(node, f"{what} is an empty mapping")
        check(page, node, what)

    return checked


def _stages(page: Page, node: Node, what: str) -> None:
    for key, item in page.pairs(node, "'stages'"):
        name = page.string(key, "a stage's name")
        place = f"stage {name!r}"
        is_foreach = False
        if isinstance(item, MappingNode):
            is_foreach = any(page.value(one) in ("foreach", "do") for one, _ in page.pairs(item, place))
        body = page.fields(item, place, _FOREACH if is_foreach else _STAGE)
        for needed in ("foreach", "do") if is_foreach else ("cmd",):
            if needed not in body:
                raise page.wrong(key, f"{place} has no {needed!r}")
        for field, value in body.items():
            (_FOREACH if is_foreach else _STAGE)[field](page, value, f"{place}: {field!r}")


def _artifacts(page: Page, node: Node, what: str) -> None:
    for key, item in page.pairs(node, "'artifacts'"):
        place = f"artifact {page.string(key, 'the name of an artifact')!r}"
        body = page.fields(item, place, _ARTIFACT)
        if "path" not in body:
            raise page.wrong(key, f"{place} has no 'path'")
        for name, value in body.items():
            _ARTIFACT[name](page, value, f"{place}: {name!r}")


_ANNOTATIONS: dict[str, _Check] = {"desc": _text, "type": _text, "labels": _list(_text), "meta": _meta}
_ARTIFACT: dict[str, _Check] = {"path": _text, **_ANNOTATIONS}
_OUT: dict[str, _Check] = {
    **_ANNOTATIONS, "cache": _flag, "persist": _flag, "checkpoint": _flag, "remote": _text, "push": _flag,
}  # fmt: skip
_PLOT: dict[str, _Check] = {**_OUT, **dict.fromkeys(PLOT_FIELDS, _text), "header": _flag}
_TEXTS = _list(_text)
_VARS = _list(_either(_text, mapping=_any))
_OUTS = _list(_either(_text, mapping=_map(_fields(_OUT))), "output")
_STAGE: dict[str, _Check] = {
    "cmd": _either(_text, _any),
    "matrix": _map(_either(_text, _any)),
    "wdir": _text,
    "deps": _TEXTS,
    "params": _list(_either(_text, mapping=_any)),
    "vars": _VARS,
    "frozen": _flag,
    "meta": _meta,
    "desc": _text,
    "always_changed": _flag,
    "outs": _OUTS,
    "metrics": _OUTS,
    "plots": _list(_either(_text, mapping=_map(_fields(_PLOT))), "plot"),
}
_FOREACH: dict[str, _Check] = {"foreach": _either(_text, _any, _any), "do": _fields(_STAGE, ("cmd",))}
_AXIS = _either(_text, _TEXTS, _map(_either(_text, _TEXTS)))
_PLOT_VIEW = _fields(
    {
        "x": _either(_text, mapping=_map(_text)),
        "y": _AXIS,
        **dict.fromkeys(("x_label", "y_label", "title", "template"), _text),
    }
)
_TOP = _fields(
    {
        "stages": _stages,
        "vars": _VARS,
        "metrics": _TEXTS,
        "params": _TEXTS,
        "plots": _list(_either(_text, mapping=_filled(_map(_or_nothing(_PLOT_VIEW)))), "plot"),
        "artifacts": _artifacts,
        "datasets": _any,
    }
)

_HASHES: dict[str, _Check] = {"md5": _hash, "checksum": _hash, "etag": _hash}
_META: dict[str, _Check] = {"size": _whole, "nfiles": _whole, "isexec": _flag, "version_id": _text}
_CLOUD = _map(_fields({**_META, **_HASHES}))
_ITEM: dict[str, _Check] = {
    **_HASHES, **_META, "path": _text, "persist": _flag, "cloud": _CLOUD, "hash": _text, "fs_config": _map(_any),
    "files": _list(_fields({**_HASHES, **_META, "relpath": _text, "cloud": _CLOUD}, ("relpath",))),
}  # fmt: skip
_TEXT_OR_MAP = _either(_text, mapping=_any)
_REPO = _fields(
    {"url": _text, "rev": _text, "rev_lock": _text, "config": _TEXT_OR_MAP, "remote": _TEXT_OR_MAP}, ("url",)
)
_DB = _fields(dict.fromkeys(("query", "connection", "file_format", "table"), _text))
_DATA = _fields(
    {
        "md5": _hash,
        "wdir": _or_nothing(_text),
        "deps": _or_nothing(_list(_fields({**_ITEM, "repo": _REPO, "db": _DB}))),
        "outs": _or_nothing(
            _list(_fields({**_ITEM, **_ANNOTATIONS, "cache": _flag, "remote": _text, "push": _flag}, ("path",)))
        ),
        "locked": _flag,
        "frozen": _flag,
        "meta": _meta,
        "always_changed": _flag,
        "desc": _text,
    }
)
