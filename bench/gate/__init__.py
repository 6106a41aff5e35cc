"""The gate: which arms, by which rule, what came out, how it is told."""
