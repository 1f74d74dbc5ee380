"""From the stages as written to the stages that run: ``vars``, ``foreach``, ``matrix`` and ``${…}`` resolved.

Gives each stage's nodes as if somebody had written them out; what they mean is the reader's business.
"""

from __future__ import annotations

import os
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from itertools import product
from typing import Any

from yaml.nodes import MappingNode, Node, SequenceNode

from mlops_store.errors import SpecError
from mlops_tui.pipeline.context import Context, Unresolved
from mlops_tui.pipeline.interpolation import ITERATED, Interpolation, is_template, to_text
from mlops_tui.pipeline.nodes import Page
from mlops_tui.pipeline.readings import Readings


@dataclass(frozen=True, slots=True)
class Written:
    """A stage written out.

    Attributes:
        key: Its name within its file.
        place: Where it stands: the key of the stage, or of its group.
        fields: Its values by key; none holds a template.
    """

    key: str
    place: Node
    fields: Mapping[str, Node]


class Expansion:
    """Writes out the stages of a ``dvc.yaml`` that its schema has been checked of.

    Args:
        page: The file.
        readings: Reads params.yaml and the files that ``vars`` name.
        parsing: ``parsing`` of DVC's configuration.

    Raises:
        SpecError: ``vars`` cannot be had.
    """

    def __init__(self, page: Page, readings: Readings, parsing: Mapping[str, str]) -> None:
        self._page = page
        self._readings = readings
        self._directory = os.path.dirname(page.file)
        self._interpolation = Interpolation(page, parsing)
        self._top = page.fields(page.root, page.file) if page.root is not None else {}
        self._context = self._with_vars(Context({}), self._top.get("vars"), self._directory, "vars", with_default=True)

    def top(self, key: str) -> Node | None:
        """A top-level value with its templates resolved; None when there is none.

        Raises:
            SpecError: A template cannot be resolved.
        """
        return self._interpolation.resolve(self._top[key], self._context) if key in self._top else None

    def stages(self) -> Iterator[Written]:
        """The stages in DVC's order.

        Raises:
            SpecError: A template cannot be resolved, or a list of ``foreach`` or ``matrix`` is none.
        """
        for key, node in self._page.pairs(self._top["stages"], "'stages'") if "stages" in self._top else ():
            name = self._page.string(key, "a stage's name")
            fields = self._page.fields(node, f"stage {name!r}")
            if "foreach" in fields:
                template = self._page.fields(fields["do"], f"stage {name!r}: 'do'")
                yield from self._generated(name, key, template, self._foreach(name, fields["foreach"]))
            elif "matrix" in fields:
                axes = fields.pop("matrix")
                yield from self._generated(name, key, fields, self._matrix(name, axes))
            elif "@" in name:
                raise self._page.wrong(
                    key, f"stage {name!r} has '@' in its name, which only generated stages have", "rename it"
                )
            else:
                yield self._written(name, key, fields, self._context)

    def _generated(
        self, group: str, key: Node, template: Mapping[str, Node], items: Iterable[tuple[str, dict[str, Any]]]
    ) -> Iterator[Written]:
        for label, values in items:
            if not label or "@" in label:
                what = f"{label!r} cannot be the name of a stage" if label else "an item without a name"
                raise self._page.wrong(key, f"stage {group!r} is generated from {what}", "name the item otherwise")
            try:
                context = self._context.extended(values)
            except Unresolved as problem:
                raise self._page.wrong(key, problem.message, problem.hint) from None
            yield self._written(f"{group}@{label}", key, template, context)

    def _written(self, name: str, key: Node, fields: Mapping[str, Node], context: Context) -> Written:
        resolve = self._interpolation.resolve
        inner = context
        directory = self._directory
        if "wdir" in fields:
            wdir = self._page.string(resolve(fields["wdir"], context, "wdir"), f"stage {name!r}: 'wdir'")
            directory = os.path.join(self._directory, wdir)
        if "vars" in fields:
            inner = self._with_vars(context, fields["vars"], directory, f"vars of stage {name!r}")
        return Written(
            name, key, {field: resolve(node, inner, field) for field, node in fields.items() if field != "vars"}
        )

    def _with_vars(
        self, context: Context, node: Node | None, directory: str, what: str, *, with_default: bool = False
    ) -> Context:
        place = node
        try:
            if with_default:
                context = context.with_default(self._readings, directory)
            if node is None:
                return context
            self._interpolation.refuse(node, "'vars'")
            for index, place in enumerate(self._page.items(node, what)):
                value = self._page.value(place)
                if isinstance(value, str):
                    context = context.with_file(self._readings, directory, value)
                else:
                    context = context.merged(f"{what}[{index}]", value)
        except Unresolved as problem:
            if place is None:  # params.yaml alone: no other place is known
                raise SpecError(problem.message, file=self._page.file, hint=problem.hint) from None
            raise self._page.wrong(place, problem.message, problem.hint) from None
        return context

    def _foreach(self, name: str, node: Node) -> list[tuple[str, dict[str, Any]]]:
        resolved = self._interpolation.resolve(node, self._context, ITERATED)
        if isinstance(resolved, MappingNode):
            named = {to_text(key): value for key, value in self._page.value(resolved).items()}
            return [(label, {"item": value, "key": label}) for label, value in named.items()]
        if not isinstance(resolved, SequenceNode):
            raise self._page.wrong(
                node, f"stage {name!r}: 'foreach' must be a list or a mapping, not {self._page.kind(resolved)}"
            )
        items = self._values(node, resolved)
        if any(isinstance(value, list | dict) for value, _ in items):
            return [(str(index), {"item": value}) for index, (value, _) in enumerate(items)]
        named = {_label(value, is_given=is_given): value for value, is_given in items}
        return [(label, {"item": value}) for label, value in named.items()]

    def _values(self, node: Node, resolved: Node) -> list[tuple[Any, bool]]:
        """The items of a resolved list, each with whether a template has given it."""
        values = self._page.value(resolved)
        if not isinstance(node, SequenceNode):
            return [(value, True) for value in values]
        return [(value, is_template(item)) for value, item in zip(values, node.value, strict=True)]

    def _matrix(self, name: str, node: Node) -> list[tuple[str, dict[str, Any]]]:
        self._interpolation.resolve(node, self._context, ITERATED)  # refuses what cannot be a key
        axes: dict[str, list[tuple[str, Any]]] = {}
        for key, written in self._page.pairs(node, f"stage {name!r}: 'matrix'"):
            resolved_key = self._interpolation.resolve(key, self._context, ITERATED)
            axis = self._page.string(resolved_key, f"stage {name!r}: 'matrix': a key")
            resolved = self._interpolation.resolve(written, self._context, ITERATED)
            if isinstance(resolved, MappingNode):  # DVC goes over its keys
                items = [(value, False) for value in self._page.value(resolved)]
            else:
                self._page.items(resolved, f"stage {name!r}: 'matrix': {axis!r}")
                items = self._values(written, resolved)
            axes[axis] = [
                (f"{axis}{index}" if isinstance(value, list | dict) else _label(value, is_given=is_given), value)
                for index, (value, is_given) in enumerate(items)
            ]
        combined = {}
        for combination in product(*axes.values()):
            label = "-".join(label for label, _ in combination)
            combined[label] = {axis: value for axis, (_, value) in zip(axes, combination, strict=True)}
        return [(label, {"item": item, "key": label}) for label, item in combined.items()]


def _label(value: Any, *, is_given: bool) -> str:
    """What names a stage after a value; DVC shows one that a template has given as Python does."""
    return str(value) if is_given else to_text(value)
