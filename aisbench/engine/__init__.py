"""Running it: configuration, preflight, coordinator, workers."""
