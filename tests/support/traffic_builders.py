"""Traffic of a model for tests and pictures: a split, a router that is alive, ten minutes of counts, comparisons."""

from __future__ import annotations

import math
import random
import time

from registry_builders import CONFIG, make_version

from mlops_store import traffic_counts, traffic_routers
from mlops_store.records import ShadowCount, Tally, TrafficCount
from mlops_store.store import Store
from mlops_tui.registry import stages
from mlops_tui.traffic import lengths, splits


def make_traffic(store: Store, model: str = "churn", *, now: float | None = None, seconds: int = 600) -> None:
    """Three versions: 1 in production, 2 a candidate at 10%, 3 a shadow; what they did in the last minutes."""
    now = time.time() if now is None else now
    for _ in range(3):
        make_version(store, model)
    stages.promote(store, CONFIG, model, 1, "production")
    split = splits.share_out(store, model, {"2": 10})
    splits.shadow(store, model, "3")
    chance = random.Random(1)
    counts = []
    for at in range(int(now) - seconds, int(now)):
        wave = 40 + 30 * math.sin(at / 90)
        for version, share, slow, wrong in ((1, 0.9, 1.0, 0.004), (2, 0.1, 1.3, 0.03), (3, 0.9, 0.8, 0.0)):
            requests = round(chance.gauss(wave * share, 2))
            if requests > 0:
                taken = lengths.merged(
                    [{lengths.bucket(chance.lognormvariate(-5.6, 0.5) * slow): 1} for _ in range(requests)]
                )
                errors = sum(chance.random() < wrong for _ in range(requests))
                counts.append(TrafficCount(version, version == 3, at, 1, requests, errors, 0, taken))
    with store.write() as db:
        traffic_counts.add(db, model, counts)
        period = traffic_counts.begin_period(
            db, model, trial=split.trial, candidate=2, stable=1, share=0.1, at=now - seconds
        )
        for is_candidate, tally in ((True, Tally(2_412, 71)), (False, Tally(21_630, 88))):
            traffic_counts.add_tally(db, period, is_candidate=is_candidate, tally=tally)
        traffic_counts.add_shadow(db, model, int(now), ShadowCount(3, 1, 20_004, 19_412, 3, 0, 20_004, 214.2))
        states = {"1": "ready", "2": "ready", "3 shadow": "ready"}
        traffic_routers.put(db, model, "http://127.0.0.1:5000", now - seconds, states)
