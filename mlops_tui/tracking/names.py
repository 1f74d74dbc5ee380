"""Names for runs that were given none."""

from __future__ import annotations

import os

_QUALITIES = (
    "able amber bold brave bright brisk calm clean clear clever cool crisp eager early fair fast fine firm free fresh "
    "gentle glad golden grand keen kind light lively lucid merry mild neat noble quick quiet ready sharp silver sleek "
    "smart smooth solid sound steady still strong sunny swift tidy true vivid warm wise"
)
_ANIMALS = (
    "badger bear beaver bison crane crow deer dingo dove eagle egret elk falcon ferret finch fox frog gecko goose "
    "grouse gull hare hawk heron horse ibex ibis jay kestrel koala lark lemur lion lynx magpie marten mole moose newt "
    "otter owl panda puffin quail raven robin seal shrew stork swan tapir tern tiger toad trout turtle vole wolf wren"
)


def made_up() -> str:
    """A name such as ``brisk-heron-417``; not unique, only easy to say."""
    random = int.from_bytes(os.urandom(6), "big")
    quality = _pick(_QUALITIES, random)
    animal = _pick(_ANIMALS, random >> 16)
    return f"{quality}-{animal}-{(random >> 32) % 900 + 100}"


def _pick(words: str, number: int) -> str:
    choices = words.split()
    return choices[number % len(choices)]
