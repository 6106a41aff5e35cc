"""The way between a saver and its server: a process of its own that passes on what both send."""
