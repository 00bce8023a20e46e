"""Where a server saturates: what a step of load showed, which load is tried next, what it all comes to."""
