"""Is all that was acknowledged in the store? Read back by a process that did not write it."""
