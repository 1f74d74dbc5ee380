import pytest

from mlops_store import run_views
from mlops_store.errors import NotFound
from mlops_store.store import Store


@pytest.fixture
def store(tmp_path):
    with Store(str(tmp_path / "store.db")) as opened:
        yield opened


def test_a_view_is_saved_replaced_and_removed_and_each_time_the_one_before_is_returned(store):
    with store.write() as db:
        assert run_views.save(db, "best", "{}", "ann") is None
        first = run_views.get(db, "best")
        assert run_views.save(db, "best", '{"filter": "x"}', "bob") == first
        assert run_views.get(db, "best").author == "bob"
        assert run_views.delete(db, "best").body == '{"filter": "x"}'
        run_views.put(db, first)
    assert run_views.every(store.read()) == [first]


def test_a_view_that_is_not_there_is_named_with_the_nearest_one(store):
    with store.write() as db:
        with pytest.raises(NotFound) as none:
            run_views.get(db, "best")
        run_views.save(db, "seeds", "{}", "ann")
        with pytest.raises(NotFound) as other:
            run_views.delete(db, "seed")
    assert "runs views save" in none.value.hint
    assert "seeds" in other.value.hint
