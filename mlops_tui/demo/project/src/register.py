"""Put the best model into the registry, where it can be promoted: dev, staging, production."""

import json
from pathlib import Path

import mlops_tui as mlops

MODEL = "breast-cancer"


def main() -> None:
    best = json.loads(Path("best.json").read_text())
    version = mlops.register_model(best["model_uri"], MODEL)
    Path("registered.json").write_text(json.dumps({"model": MODEL, "version": version.version}, indent=2))
    print(f"{MODEL} version {version.version}: {best['family']}")


if __name__ == "__main__":
    main()
