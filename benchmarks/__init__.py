"""What measuring costs: run by ``nox -s overhead``, not part of the package or of its tests."""
