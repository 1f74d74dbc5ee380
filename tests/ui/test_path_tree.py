from hypothesis import given
from hypothesis import strategies as st

from mlops_tui.ui.screens.path_tree import all_toggled, nodes, toggled


def shape(found) -> list[str]:
    return ["  " * node.depth + node.label for node in found]


def test_folders_stand_before_what_they_hold():
    assert shape(nodes(["b.txt", "a/x", "a/y/z"], "/")) == ["a/", "  x", "  y/", "    z", "b.txt"]


def test_a_closed_folder_hides_all_levels_below_and_says_how_many():
    found = nodes(["a/x", "a/y/z", "b"], "/", {"a/"})
    assert shape(found) == ["a/", "b"]
    assert (found[0].is_open, found[0].count) == (False, 2)


def test_a_folder_of_fewer_names_than_asked_for_has_no_line():
    assert shape(nodes(["model.depth", "model.kind", "data.path"], ".", least=2)) == [
        "data.path",
        "model.",
        "  depth",
        "  kind",
    ]


def test_all_folders_close_and_open_again():
    names = ["a/b/c", "d"]
    closed = all_toggled(names, "/", frozenset())
    assert closed == {"a/", "a/b/"}
    assert all_toggled(names, "/", closed) == frozenset()
    assert toggled(closed, "a/") == {"a/b/"}


@given(st.lists(st.text(alphabet="ab/", min_size=1, max_size=12), unique=True, max_size=20))
def test_every_name_has_one_line_whatever_it_looks_like(names):
    found = nodes(names, "/")
    lines = [node.name for node in found]
    assert sorted(set(names) & set(lines)) == sorted(names)
    assert len(set(lines)) == len(lines)
    assert all(node.is_folder or node.name in names for node in found)
