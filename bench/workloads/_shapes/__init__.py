"""What workloads put: the checkpoint of a step, and what `run_graph` must know of a graph."""
