"""How it is measured: the only package that runs an event loop."""
