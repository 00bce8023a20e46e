"""The built-in inference server: continuous batching with known costs."""
