"""The sample project that ``mlops-tui demo`` copies."""
