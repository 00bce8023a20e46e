"""The per-event path: clock, sockets, HTTP framing, SSE, decoding, records. Imports nothing else from aisbench."""
