"""The contract of summary.json: types with units and meanings, and the JSON Schema and documentation made from them."""
