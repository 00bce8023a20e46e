"""Saturation of a server: what a step of load showed, which load is tried next, and the answer."""
