"""System metrics of runs: what the machine and this process use, sampled by one thread for all runs that want it.

The functions have MLflow's names, and its environment variables hold the settings, so that a process that this one
starts has them too. psutil and NVML are loaded in the thread that starts a run: imports of packages in a second thread
can fail in either (see ``background``).
"""

from __future__ import annotations

import os
import time
from _thread import allocate_lock, start_new_thread
from dataclasses import dataclass, field
from typing import Any

from mlops_tui.tracking import remarks
from mlops_tui.tracking.run import ActiveRun
from mlops_tui.usage import PREFIX, Figure, machine
from mlops_tui.usage.machine import Machine, Reading

_ENABLED = "MLFLOW_ENABLE_SYSTEM_METRICS_LOGGING"
_INTERVAL = "MLFLOW_SYSTEM_METRICS_SAMPLING_INTERVAL"
_SAMPLES = "MLFLOW_SYSTEM_METRICS_SAMPLES_BEFORE_LOGGING"
_NODE = "MLFLOW_SYSTEM_METRICS_NODE_ID"

_INTERVAL_S = 10.0
_LEAST_INTERVAL_S = 0.05

#: A reading is taken for now for so long; and a run that was shorter since its last sample gets no further one.
_FRESH_S = 0.2


def enable_system_metrics_logging() -> None:
    """Later runs of this process, and of those that it starts, are sampled unless they say otherwise."""
    os.environ[_ENABLED] = "true"


def disable_system_metrics_logging() -> None:
    """Later runs are sampled only where ``start_run(log_system_metrics=True)`` asks for it."""
    os.environ[_ENABLED] = "false"


def set_system_metrics_sampling_interval(interval: float | None) -> None:
    """Sets the seconds from one sample to the next; None means 10."""
    _set(_INTERVAL, interval)
    _interval_s()  # says so where it is none


def set_system_metrics_samples_before_logging(samples: int | None) -> None:
    """Sets how many samples are logged as one, their mean; None means 1."""
    _set(_SAMPLES, samples)
    _samples_before_logging()  # the same


def set_system_metrics_node_id(node_id: str | None) -> None:
    """Sets a word for this machine, which then stands in all names: ``system/<node>/…``; None for no word."""
    _set(_NODE, node_id)


def is_enabled() -> bool:
    """Whether runs are sampled that do not say otherwise."""
    return os.environ.get(_ENABLED, "").strip().lower() in ("true", "1")


@dataclass(slots=True)
class _Course:
    """How far the sampling of one run is."""

    run: ActiveRun
    first: Reading
    before: Reading
    step: int = 0
    samples: list[list[Figure]] = field(default_factory=list)


_lock = allocate_lock()
_wake = allocate_lock()
_courses: list[_Course] = []
_machine: Machine | None = None
_is_running = False


def attend(run: ActiveRun, *, is_resumed: bool) -> None:
    """Samples a run until it ends; one that is resumed goes on behind its last step. Never raises."""
    global _machine, _is_running
    if not run.is_owner:
        return  # a stage's run, which the pipeline samples
    try:
        with _lock:
            if _machine is None:
                _machine = Machine(run.project.root)
            reading = _reading(_machine)
            _courses.append(_Course(run, reading, reading, _next_step(run) if is_resumed else 0))
            run.before_end = lambda: _end(run)
            if not _is_running:
                _is_running = True
                _wake.acquire(blocking=False)
                start_new_thread(_work, ())
    except Exception as error:  # whatever psutil or a driver raises must not end the training
        remarks.once("system metrics", f"system metrics are not logged: {error}")


def _work() -> None:
    """Samples at each interval while there are runs to sample."""
    global _is_running
    while True:
        was_woken = _wake.acquire(timeout=_interval_s())
        with _lock:
            if not _courses:
                _is_running = False
                return
            if was_woken:
                continue  # the last run has ended, and another one has begun at once
            try:
                assert _machine is not None
                now = _machine.read()
                for course in _courses:
                    _sample(course, now)
            except Exception as error:  # the same
                remarks.once("system metrics", f"system metrics are not logged any more: {error}")
                _courses.clear()


def _end(run: ActiveRun) -> None:
    """Logs what is known of a run that ends."""
    with _lock:
        mine = [course for course in _courses if course.run is run]
        for course in mine:
            _courses.remove(course)
            try:
                assert _machine is not None
                if time.monotonic() - course.before.at_s > _FRESH_S:
                    _sample(course, _machine.read(), is_last=True)
                elif course.samples:
                    _log(course)
            except Exception as error:  # the same
                remarks.once("system metrics", f"system metrics are not logged any more: {error}")
        if not _courses and _wake.locked():
            _wake.release()


def _reading(asked: Machine) -> Reading:
    is_fresh = time.monotonic() - asked.last.at_s < _FRESH_S
    return asked.last if is_fresh else asked.read()


def _sample(course: _Course, now: Reading, *, is_last: bool = False) -> None:
    course.samples.append(machine.figures(course.first, course.before, now))
    course.before = now
    if is_last or len(course.samples) >= _samples_before_logging():
        _log(course)


def _log(course: _Course) -> None:
    node = os.environ.get(_NODE, "")
    prefix = f"{PREFIX}{node}/" if node else PREFIX
    gathered: dict[str, list[float]] = {}
    for sample in course.samples:
        for name, value in sample:
            gathered.setdefault(prefix + name, []).append(value)
    course.samples = []
    course.run.log_metrics({name: _mean(name, values) for name, values in gathered.items()}, course.step)
    course.step += 1


def _mean(name: str, values: list[float]) -> float:
    # what only grows is told as of its last sample
    is_total = "_receive_" in name or "_transmit_" in name or "energy" in name or "_read_" in name or "_write_" in name
    return values[-1] if is_total or len(values) == 1 else round(sum(values) / len(values), 1)


def _next_step(run: ActiveRun) -> int:
    from mlops_tui.tracking import stored

    return stored.next_step(run, PREFIX)


def _interval_s() -> float:
    return max(_LEAST_INTERVAL_S, _number(_INTERVAL, _INTERVAL_S))


def _samples_before_logging() -> int:
    return max(1, int(_number(_SAMPLES, 1)))


def _number(variable: str, otherwise: float) -> float:
    given = os.environ.get(variable)
    if not given:
        return otherwise
    try:
        value = float(given)
    except ValueError:
        value = -1.0
    if 0 < value < 1e6:
        return value
    remarks.once(variable, f"{variable} must be a positive number, not {given!r}; {otherwise:g} is taken instead")
    return otherwise


def _set(variable: str, value: Any) -> None:
    if value is None:
        os.environ.pop(variable, None)
        return
    try:
        os.environ[variable] = str(value)
    except ValueError:  # a zero byte
        remarks.once(variable, f"{variable} cannot be {str(value)!r}")


def _after_fork() -> None:
    # the child has no such thread, and the runs are its parent's
    global _lock, _wake, _is_running
    _lock, _wake, _is_running = allocate_lock(), allocate_lock(), False
    _courses.clear()


os.register_at_fork(after_in_child=_after_fork)
