"""aisbench: a load engine for LLM inference servers whose numbers can be believed."""

__version__ = "0.1.0"
