"""Hashing and caching beside the least that any program must do: plain md5, a walk, a copy.

Run it: ``python tests/benchmarks/bench_cache.py [LARGE_MB]``. Prints one line a measure, the two sides interleaved.
"""

from __future__ import annotations

import hashlib
import os
import shutil
import sys
import tempfile
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

from mlops_tui.pipeline.cache import Cache
from mlops_tui.pipeline.fingerprints import Fingerprints
from mlops_tui.pipeline.ignore import Ignores

ROUNDS = 9
LARGE_ROUNDS = 5


def seconds(act: Callable[[], object]) -> float:
    begun = time.perf_counter()
    act()
    return time.perf_counter() - begun


def compare(
    name: str, ours: Callable[[], object], floor: Callable[[], object], what: str, rounds: int = ROUNDS
) -> None:
    """Interleaves the two sides and prints the best of each with their ratios, by the clock and in processor time.

    Other work on the machine only adds to the clock; the processor time is what is left of a busy one.
    """
    tell(name, [(*_timed(ours), *_timed(floor)) for _ in range(rounds)], what)


def tell(name: str, rounds: list[tuple[float, float, float, float]], what: str) -> None:
    """Prints the best of ours and of the floor, each by the clock and in processor time."""
    here, here_cpu, there, there_cpu = (min(side) for side in zip(*rounds, strict=True))
    ratios = f"{here / there:5.2f} {here_cpu / there_cpu:5.2f}"
    print(f"{name:38} {here * 1e3:9.1f} ms {there * 1e3:9.1f} ms   {ratios}   ({what})")


def _timed(act: Callable[[], object]) -> tuple[float, float]:
    begun, cpu = time.perf_counter(), time.process_time()
    act()
    return time.perf_counter() - begun, time.process_time() - cpu


def fill(directory: Path, count: int) -> list[str]:
    """Writes files of 2 kB, a hundred a directory; returns their paths."""
    for number in range(count):
        folder = directory / str(number // 100)
        folder.mkdir(parents=True, exist_ok=True)
        (folder / str(number)).write_bytes(os.urandom(2000))
    return [str(path) for path in directory.rglob("*") if path.is_file()]


def plain(path: str) -> str:
    with open(path, "rb") as file:
        return hashlib.file_digest(file, "md5").hexdigest()


def plain_small(path: str) -> str:
    with open(path, "rb") as file:
        return hashlib.md5(file.read(), usedforsecurity=False).hexdigest()


def walk(directory: str) -> int:
    """What ``os.scandir`` and ``stat`` alone take."""
    count = 0
    pending = [directory]
    while pending:
        with os.scandir(pending.pop()) as entries:
            for entry in entries:
                if entry.is_dir(follow_symlinks=False):
                    pending.append(entry.path)
                else:
                    entry.stat(follow_symlinks=False)
                    count += 1
    return count


def directories(root: Path) -> None:
    paths = fill(root / "data", 10_000)
    time.sleep(0.1)
    known = Fingerprints(str(root), ignores=Ignores(str(root)))
    known.find("data")
    fresh = lambda: Fingerprints(str(root), ignores=Ignores(str(root)))  # noqa: E731
    compare(
        "10,000 files, first",
        lambda: fresh().find("data"),
        lambda: [plain_small(path) for path in paths],
        "plain md5; bar ≤ 1.2",
    )
    at_rest = "scandir + stat; bar ≤ 2"
    compare("10,000 files, again", lambda: known.find("data"), lambda: walk(str(root / "data")), at_rest)
    memory = str(root / "memory.db")
    one = Fingerprints(str(root), memory)
    one.find("data")
    one.flush()
    compare(
        "10,000 files, again, new process",
        lambda: Fingerprints(str(root), memory).find("data"),
        lambda: walk(str(root / "data")),
        at_rest,
    )
    fill(root / "many", 100_000)
    time.sleep(0.1)
    known.find("many")
    compare(
        "100,000 files, again",
        lambda: known.find("many"),
        lambda: walk(str(root / "many")),
        "scandir + stat; bar < 1000 ms",
    )


def large(root: Path, size: int) -> None:
    names = ["one", "two", "three"]
    for name in names:
        with open(root / name, "wb") as file:
            for _ in range(size >> 20):
                file.write(os.urandom(1 << 20))
    time.sleep(0.1)
    mb = size >> 20
    one = str(root / "one")
    first = lambda: Fingerprints(str(root)).find("one")  # noqa: E731
    compare(f"{mb} MB, first", first, lambda: plain(one), "plain md5; bar ≤ 1.05", LARGE_ROUNDS)
    known = Fingerprints(str(root))
    known.find("one")
    again = min(seconds(lambda: known.find("one")) for _ in range(ROUNDS))
    print(f"{f'{mb} MB, again':38} {again * 1e3:9.3f} ms   (bar < 1 ms)")
    paths = [str(root / name) for name in names]

    def at_once() -> None:
        with ThreadPoolExecutor(os.cpu_count()) as pool:
            list(pool.map(plain, paths))

    compare(
        f"3 × {mb} MB, first",
        lambda: Fingerprints(str(root)).prepare(names),
        at_once,
        f"md5, {os.cpu_count()} threads; bar ≤ 1.05",
        LARGE_ROUNDS,
    )


def commits(root: Path, size: int) -> None:
    """Committing an output: bytes read, and time against the least: hashing, and copying where that must be."""
    mb = size >> 20
    for types, needs in ((("reflink", "copy"), "md5 and a copy"), (("hardlink", "copy"), "md5")):
        rounds, read = [], 0
        for number in range(3):
            cache, target = root / f"cache{number}", root / "copied"
            (root / "out").unlink(missing_ok=True)
            shutil.copyfile(root / "one", root / "out")
            with open(root / "out", "rb") as file:
                os.fsync(file.fileno())  # else both sides wait for the disk
            prints = Fingerprints(str(root))
            store = Cache(str(cache), link_types=types, uses_git=False)
            before = _read_bytes()
            ours = _timed(lambda: store.save("out", prints, root=str(root)))  # noqa: B023
            read = max(read, _read_bytes() - before)

            def least() -> None:
                plain(str(root / "one"))
                if "reflink" in types:  # noqa: B023
                    shutil.copyfile(root / "one", target)  # noqa: B023

            rounds.append((*ours, *_timed(least)))
            shutil.rmtree(cache)
            target.unlink(missing_ok=True)
        tell(f"committing {mb} MB, {','.join(types)}", rounds, f"{needs}; read {read / size:.2f}×")


def _read_bytes() -> int:
    return int(Path("/proc/self/io").read_text().split("rchar: ")[1].split()[0])


def main(large_mb: int) -> None:
    """Measures and prints."""
    scratch = Path(tempfile.mkdtemp(prefix="bench-cache-"))
    try:
        print(f"{'':38} {'ours':>12} {'floor':>12}   clock   cpu")
        directories(scratch)
        large(scratch, large_mb << 20)
        commits(scratch, large_mb << 20)
    finally:
        shutil.rmtree(scratch, ignore_errors=True)


if __name__ == "__main__":
    main(int(sys.argv[1]) if len(sys.argv) > 1 else 1024)
