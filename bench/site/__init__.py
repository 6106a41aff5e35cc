"""Static pages from recorded runs and the project's documents, for any server of files."""
