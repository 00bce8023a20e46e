"""The contract of summary.json: its types say units and meanings, from which its JSON Schema and its documentation are made."""
