"""What `run_graph` must know of a graph, and graphs of the user's own."""
