"""Running the load: preparation, coordinator, workers, and samplers beside them."""
