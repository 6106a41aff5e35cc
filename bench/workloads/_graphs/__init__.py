"""The graphs of ``run_graph``, each a function with the decorator ``graph``."""

from bench.workloads._graphs import fans, react_agent, rows, wide  # noqa: F401 - they are known then
from bench.workloads._shapes.shape import GRAPHS as GRAPHS
