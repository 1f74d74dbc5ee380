"""``python -m mlops_tui``: the same program as the ``mlops-tui`` command."""

import sys

from mlops_tui.cli import main

if __name__ == "__main__":
    sys.exit(main())
