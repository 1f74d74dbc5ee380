"""Writes nannyml.json: the reconstruction errors that NannyML computes.

NannyML does not install with pandas 3, so this runs in an environment of its own and the figures are kept::

    python -m venv nannyml && nannyml/bin/pip install "nannyml==0.13.1"
    NML_DISABLE_USAGE_LOGGING=1 nannyml/bin/python tests/drift/reference/make_nannyml.py
"""

import json
from pathlib import Path

import nannyml
from nannyml_cases import REFERENCE, WINDOWS, frame


def main() -> None:
    reference = frame(REFERENCE[0], REFERENCE[1], flip=REFERENCE[2])
    calculator = nannyml.DataReconstructionDriftCalculator(column_names=list(reference.columns), chunk_number=1)
    calculator.fit(reference)
    found = {"reference": one(calculator.result)}
    for name, (rows, seed, flip) in WINDOWS.items():
        found[name] = one(calculator.calculate(frame(rows, seed, flip=flip)).filter(period="analysis"))
    out = {"nannyml": nannyml.__version__, "reconstruction_error": found}
    Path(__file__).with_name("nannyml.json").write_text(json.dumps(out, indent=1) + "\n")


def one(result) -> float:
    (value,) = result.to_df()[("reconstruction_error", "value")]
    return float(value)


if __name__ == "__main__":
    main()
