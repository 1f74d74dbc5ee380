"""Persistence of mlops-tui: one SQLite file and the journals that feed it.

Owns the schema, every SQL statement and the journal format. Knows no Textual, no pandas and no domain
rule beyond what keeps the data consistent. Import the module of the noun that is needed
(``from mlops_store import runs``): this package loads nothing by itself, so that a training script
pays only for what it uses.
"""
