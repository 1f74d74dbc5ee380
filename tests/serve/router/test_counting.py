"""What the router counts, and which of it guard rules look at."""

from __future__ import annotations

import time
from pathlib import Path

from registry_builders import make_store, make_version

from mlops_store import traffic_counts
from mlops_store.store import Store
from mlops_tui.serve.router.counting import Comparison, Counting


def test_after_a_split_was_changed_back_a_period_begins(tmp_path: Path) -> None:
    with make_store(tmp_path) as store:
        make_version(store)
        counting = Counting("churn", 60.0)
        changes = [count(store, counting, share) for share in (0.1, 0.2, 0.1)]
        found = traffic_counts.periods(store.read(), "churn", 1, 2, 1)
        assert [period.share for period in found] == [0.1, 0.2, 0.1]
        assert all(period.began_at >= changed_at for period, changed_at in zip(found, changes, strict=True))


def count(store: Store, counting: Counting, share: float) -> float:
    """Counts a request of a split that is changed now; returns when that is."""
    changed_at = time.time()
    counting.compare([Comparison(1, 2, 1, share, changed_at)], 2, 0.01, is_error=False)
    counting.take()
    counting.write(store)
    return changed_at
