"""The keys of `vllm bench serve`."""
