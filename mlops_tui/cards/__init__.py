"""Model cards and differences between versions: gathered from the registry, measured where that is needed, as pages."""
