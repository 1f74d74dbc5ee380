"""Shows what the sampler of system metrics records on a machine with GPUs.

Run it there: ``PYTHONPATH=.:store python tests/support/gpu_check.py``. It needs psutil and, for GPUs, nvidia-ml-py;
torch or cupy, where one is installed, give a GPU something to do. Fails where GPUs are there and not recorded.
"""

from __future__ import annotations

import os
import sys
import tempfile
import time
from collections.abc import Callable

_SECONDS = 8.0


def _work() -> tuple[str, Callable[[], object]]:
    """Something to compute on a GPU, else on the processor, and its name."""
    try:
        import torch

        if torch.cuda.is_available():
            square = torch.rand(8192, 8192, device="cuda")

            def multiply() -> None:
                (square @ square).sum().item()

            return f"torch on {torch.cuda.get_device_name()}", multiply
    except ImportError:
        pass
    try:
        import cupy

        matrix = cupy.random.rand(8192, 8192, dtype=cupy.float32)
        return "cupy", lambda: float((matrix @ matrix).sum())
    except ImportError:
        return "the processor", lambda: sum(range(100_000))


def main() -> int:
    """Records a run of some seconds and prints its system metrics."""
    name, compute = _work()
    with tempfile.TemporaryDirectory(prefix="mlops-gpu-") as directory:
        os.environ["MLOPS_PROJECT"] = directory
        import mlops_tui as mlops
        from mlops_store import metrics
        from mlops_tui.tracking import stored
        from mlops_tui.usage.gpus import Gpus

        begun = time.perf_counter()
        gpus = Gpus()
        print(f"{len(gpus.numbers)} GPUs found in {(time.perf_counter() - begun) * 1e3:.0f} ms; computing with {name}")
        begun = time.perf_counter()
        for _ in range(20):
            gpus.read()
        print(f"reading them takes {(time.perf_counter() - begun) / 20 * 1e3:.2f} ms")
        for reading in gpus.read():
            print(reading)
        mlops.set_system_metrics_sampling_interval(1)
        with mlops.start_run(run_name="gpu check", log_system_metrics=True) as run:
            end, count = time.monotonic() + _SECONDS, 0
            while time.monotonic() < end:
                compute()
                count += 1
            is_seen = any(reading.is_used_by([os.getpid()]) for reading in gpus.read())
        print(f"{count} rounds; the driver {'names' if is_seen else 'does not name'} this process")
        with stored.opened(run.project) as store:
            db = store.read()
            found = metrics.summaries(db, run.run_id)
            for one in found:
                points = " ".join(f"{value:g}" for _, _, value in metrics.points(db, run.run_id, one.key))
                print(f"{one.key:<46} {points}")
    wanted = {f"system/gpu_{number}_utilization_percentage" for number in gpus.numbers}
    missing = wanted - {one.key for one in found}
    print(f"not recorded: {', '.join(sorted(missing))}" if missing else "everything was recorded")
    return 1 if missing else 0


if __name__ == "__main__":
    sys.exit(main())
