"""Numbers from records: metrics, series, verdict."""
