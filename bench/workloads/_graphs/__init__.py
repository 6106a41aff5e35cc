"""The graphs of ``run_graph``, one file each, found by name.

A file has ``SIZES``, the names of the options that it uses, and ``build(sizes, payload)``, which
returns a :class:`~bench.workloads._shapes.shape.Shape`.
"""
