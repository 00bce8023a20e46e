"""aisbench beside other clients under the same load: `python -m bench.peers`."""
