"""Sequential tests: their intervals against other computations, and their false alarms when one looks all the time."""

from __future__ import annotations

import math
import random
from collections.abc import Sequence

import numpy as np
import pytest
from scipy import integrate, optimize, stats

from mlops_store.records import Period, Tally
from mlops_tui.config.traffic import TrafficConfig
from mlops_tui.traffic import guards, sequential, verdicts
from mlops_tui.traffic.sequential import Events, Sums, Values

ALPHA = 0.05


def period(share: float, ours: Tally, theirs: Tally) -> Period:
    return Period(1, 1, 2, 1, share, 0.0, ours, theirs)


def failures(share: float, ours: int, theirs: int) -> Period:
    return period(share, Tally(10_000, ours), Tally(10_000, theirs))


def sums(values: Sequence[float]) -> Sums:
    return Sums(len(values), float(np.sum(values)), float(np.sum(np.square(values))))


def timed(share: float, ours: Sequence[float], theirs: Sequence[float]) -> Period:
    return period(
        share,
        *(Tally(len(one), 0, len(one), float(np.sum(one)), float(np.sum(np.square(one)))) for one in (ours, theirs)),
    )


@pytest.mark.parametrize(
    "periods",
    [
        [Events(0.5, 3, 12)],
        [Events(0.1, 20, 60)],
        [Events(0.5, 0, 9)],
        [Events(0.1, 4, 30), Events(0.5, 25, 31)],
        [Events(0.5, 5_000, 5_400)],
    ],
)
def test_the_interval_of_rates_is_that_of_the_mixture_martingale(periods: list[Events]) -> None:
    def log_likelihood(log_ratio: float) -> float:
        total = 0.0
        for one in periods:
            p = one.share * math.exp(log_ratio) / (one.share * math.exp(log_ratio) + 1 - one.share)
            total += float(stats.binom.logpmf(one.ours, one.ours + one.theirs, p))
        return total

    top = max(log_likelihood(place) for place in np.linspace(-8, 8, 4001))
    mixture, _ = integrate.quad(
        lambda place: math.exp(log_likelihood(place) - top) * stats.norm.pdf(place),
        -8,
        8,
        points=[-1, -0.1, 0, 1],
        limit=500,
    )
    bound = top + math.log(mixture) + math.log(ALPHA)
    found = sequential.rate_ratio(periods, 1 - ALPHA)
    best = optimize.minimize_scalar(lambda place: -log_likelihood(place), bounds=(-20, 20), method="bounded").x
    if found.low > 0:
        low = optimize.brentq(lambda place: log_likelihood(place) - bound, -30, best)
        assert math.log(found.low) == pytest.approx(low, abs=1e-4)
    high = optimize.brentq(lambda place: log_likelihood(place) - bound, best, 30)
    assert math.log(found.high) == pytest.approx(high, abs=1e-4)


def test_the_interval_of_times_is_that_of_the_published_sequence() -> None:
    generator = np.random.default_rng(1)
    share, count = 0.3, 4_000
    is_ours = generator.random(count) < share
    values = generator.normal(-5, 0.4, count) + 0.05 * is_ours
    ours, theirs = values[is_ours], values[~is_ours]
    found = sequential.geometric_ratio([Values(share, sums(ours), sums(theirs))], 1 - ALPHA)
    # influence functions of the difference of means, with the means known
    influence = (
        ours.mean()
        - theirs.mean()
        + np.where(is_ours, (values - ours.mean()) / share, -(values - theirs.mean()) / (1 - share))
    )
    rho = math.sqrt((-2 * math.log(ALPHA) + math.log(-2 * math.log(ALPHA) + 1)) / 1_000)
    width = influence.std() * math.sqrt(
        2 * (count * rho**2 + 1) / (count**2 * rho**2) * math.log(math.sqrt(count * rho**2 + 1) / ALPHA)
    )
    assert math.log(found.ratio or 0) == pytest.approx(influence.mean(), abs=1e-9)
    assert math.log(found.high) - math.log(found.low) == pytest.approx(2 * width, rel=0.02)


def ever_wrong_rates(seed: int, errors: int, ratio: float = 1.0) -> bool:
    """Whether the interval ever leaves out the ratio, looked at after each failure, while shares and rates change."""
    chance = random.Random(seed)
    counts = {0.1: [0, 0], 0.5: [0, 0]}
    for number in range(errors):
        share = 0.1 if number < errors // 2 else 0.5
        is_ours = chance.random() < share * ratio / (share * ratio + 1 - share)
        counts[share][not is_ours] += 1
        found = sequential.rate_ratio([Events(one, *both) for one, both in counts.items()], 1 - ALPHA)
        if not found.low <= ratio <= found.high:
            return True
    return False


def ever_wrong_times(seed: int, looks: int, share: float) -> bool:
    generator = np.random.default_rng(seed)
    is_ours = generator.random(looks * 20) < share
    logs = generator.exponential(0.5, looks * 20) - 5 + np.linspace(0, 1, looks * 20)
    for look in range(1, looks + 1):
        seen, ours = logs[: look * 20], is_ours[: look * 20]
        found = sequential.geometric_ratio([Values(share, sums(seen[ours]), sums(seen[~ours]))], 1 - ALPHA)
        if not found.low <= 1 <= found.high:
            return True
    return False


def allowed(runs: int) -> int:
    """Failures of so many runs that a test at this level exceeds once in ten thousand times."""
    return int(stats.binom.ppf(1 - 1e-4, runs, ALPHA))


def test_looking_after_each_failure_raises_no_more_false_alarms() -> None:
    assert sum(ever_wrong_rates(seed, 30) for seed in range(40)) <= allowed(40)


def test_looking_at_times_all_the_time_raises_no_more_false_alarms() -> None:
    assert sum(ever_wrong_times(seed, 100, 0.2) for seed in range(60)) <= allowed(60)


@pytest.mark.slow
@pytest.mark.parametrize("ratio", [1.0, 3.0])
def test_looking_after_each_failure_for_long_raises_no_more_false_alarms(ratio: float) -> None:
    assert sum(ever_wrong_rates(seed, 150, ratio) for seed in range(200)) <= allowed(200)


@pytest.mark.slow
@pytest.mark.parametrize("share", [0.05, 0.5])
def test_looking_at_times_for_long_raises_no_more_false_alarms(share: float) -> None:
    assert sum(ever_wrong_times(seed, 500, share) for seed in range(400)) <= allowed(400)


def test_verdicts_say_what_the_intervals_do() -> None:
    rules = TrafficConfig(test="errors", margin=0.25)

    def state(*periods: Period) -> str:
        return verdicts.judged(periods, rules, "2", 2, 1).state

    assert state() == verdicts.NOT_YET
    assert state(failures(0.5, 3, 2)) == verdicts.NOT_YET
    assert state(failures(0.5, 5, 60)) == verdicts.CANDIDATE
    assert state(failures(0.5, 60, 5)) == verdicts.STABLE
    assert state(failures(0.5, 2_000, 2_010)) == verdicts.SAME
    slow = verdicts.judged(
        [timed(0.5, [-4.0, -4.2] * 500, [-5.0, -5.2] * 500)], TrafficConfig(test="latency"), "2", 2, 1
    )
    assert (slow.state, slow.requests) == (verdicts.STABLE, 1_000)
    assert slow.ratio == pytest.approx(math.e)
    assert slow.sentence == "version 1 is better than version 2"


def test_few_times_say_nothing() -> None:
    few = Values(0.5, sums([-5.0] * 49), sums([-4.0] * 500))
    assert sequential.geometric_ratio([few], 0.95) == sequential.mean_ratio([few], 0.95) == sequential.NOTHING
    many = Values(0.5, sums([-5.0] * 90), sums([-5.0] * 90))
    assert sequential.geometric_ratio([many], 0.95).ratio == pytest.approx(1.0)


def test_a_ratio_of_means_is_ruled_out_where_the_difference_to_it_is() -> None:
    generator = np.random.default_rng(2)
    ours, theirs = generator.exponential(1.2, 3_000), generator.exponential(1.0, 9_000)
    found = sequential.mean_ratio([Values(0.25, sums(ours), sums(theirs))], 1 - ALPHA)
    count = len(ours) + len(theirs)
    rho = math.sqrt((-2 * math.log(ALPHA) + math.log(-2 * math.log(ALPHA) + 1)) / 1_000)
    boundary = math.sqrt(
        2 * (count * rho**2 + 1) / (count**2 * rho**2) * math.log(math.sqrt(count * rho**2 + 1) / ALPHA)
    )

    def excess(ratio: float) -> float:
        spread = ours.var(ddof=1) / 0.25 + ratio**2 * theirs.var(ddof=1) / 0.75
        return abs(ours.mean() - ratio * theirs.mean()) - math.sqrt(spread) * boundary

    assert found.low == pytest.approx(optimize.brentq(excess, 0.1, found.ratio), rel=1e-6)
    assert found.high == pytest.approx(optimize.brentq(excess, found.ratio, 10), rel=1e-6)
    noise = Values(0.5, sums(generator.exponential(1, 50) ** 4), sums(generator.exponential(1, 50) ** 4))
    assert sequential.mean_ratio([noise], 1 - ALPHA).high == math.inf


def test_labels_decide_verdicts_and_guard_rules() -> None:
    def labelled(wrong: int, distance: float) -> Tally:
        return Tally(
            labelled=400, wrong=wrong, measured=400, distance_sum=400 * distance, distance_squares=800 * distance**2
        )

    periods = [period(0.5, labelled(120, 2.0), labelled(20, 1.0))]
    wrong = verdicts.judged(periods, TrafficConfig(test="wrong"), "2", 2, 1)
    assert (wrong.state, wrong.value, wrong.against_value, wrong.requests) == (verdicts.STABLE, 0.3, 0.05, 400)
    far = verdicts.judged(periods, TrafficConfig(test="distance"), "2", 2, 1)
    assert (far.state, far.value, far.ratio) == (verdicts.STABLE, 2.0, 2.0)
    assert guards.mistaken(TrafficConfig(max_wrong=0.2), periods).startswith(
        "120 of 400 labelled predictions are wrong"
    )
    assert guards.mistaken(TrafficConfig(max_distance_ratio=1.5), periods).startswith("predictions are off by 2")
    assert guards.mistaken(TrafficConfig(max_wrong=0.4, max_distance_ratio=3.0), periods) == ""
    assert guards.mistaken(TrafficConfig(max_wrong=0.2, min_requests=500), periods) == ""


def test_a_ratio_of_means_does_not_hang_on_their_unit_and_says_nothing_of_what_is_beyond_numbers() -> None:
    rng = np.random.default_rng(0)
    ours, theirs = rng.exponential(1.0, 200), rng.exponential(2.0, 200)
    found = sequential.mean_ratio([Values(0.5, sums(ours), sums(theirs))], 0.95)
    for power in (-300, 300):
        scaled = Values(0.5, sums(np.ldexp(ours, power)), sums(np.ldexp(theirs, power)))
        assert sequential.mean_ratio([scaled], 0.95) == pytest.approx(found)
    for lost in (Sums(200, 1e-160, 0.0), Sums(200, 1e300, math.inf)):
        assert sequential.mean_ratio([Values(0.5, lost, sums(theirs))], 0.95) == sequential.NOTHING
