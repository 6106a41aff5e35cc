"""The systems of the source documents, each usable on its own, one file or folder each."""
