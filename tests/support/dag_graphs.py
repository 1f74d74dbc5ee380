"""Graphs of stages for property tests."""

from __future__ import annotations

from hypothesis import strategies as st

Needs = dict[str, tuple[str, ...]]


@st.composite
def graphs(draw: st.DrawFn) -> Needs:
    """Graphs without cycles, in any order of their names."""
    count = draw(st.integers(1, 24))
    names = [f"stage{number}" for number in range(count)]
    needs = {
        name: tuple(draw(st.lists(st.sampled_from(names[:place]), max_size=4, unique=True))) if place else ()
        for place, name in enumerate(names)
    }
    return {name: needs[name] for name in draw(st.permutations(names))}
