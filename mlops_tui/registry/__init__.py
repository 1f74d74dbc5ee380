"""Model versions: formats, stages, aliases and the record of every change."""
