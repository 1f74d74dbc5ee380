"""How far a window is from its reference when all columns are looked at together."""
