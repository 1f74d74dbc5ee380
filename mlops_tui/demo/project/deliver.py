"""Deliver the next batch: copy it from incoming/ to production/, as a nightly job would.

    python deliver.py

The monitor in mlops.toml checks every file that appears in production/.
"""

import os
import shutil
from pathlib import Path


def main() -> None:
    Path("production").mkdir(exist_ok=True)
    waiting = [path for path in sorted(Path("incoming").glob("*.csv")) if not Path("production", path.name).exists()]
    if not waiting:
        print("nothing left to deliver")
        return
    batch = waiting[0]
    # the monitor shall never see half a file: write beside it, then rename
    part = Path("production", f".{batch.name}.part")
    shutil.copyfile(batch, part)
    os.replace(part, Path("production", batch.name))
    print(f"delivered {batch.name}, {len(waiting) - 1} left")


if __name__ == "__main__":
    main()
